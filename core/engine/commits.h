/*
 * Commits: one in flight, never two, since two can go backwards when the first is retried after the second. Each says for every
 * partition that has news how far everything is complete, and in its metadata what is complete beyond. Private to core/engine.
 */
#ifndef PAWL_ENGINE_COMMITS_H
#define PAWL_ENGINE_COMMITS_H

#include "engine/state.h"

/* Orders a commit if there is something to say, it is time, and none is in flight. */
void commits_send(struct engine *engine);

/* The answer to one. */
void commits_answered(struct engine *engine, const struct engine_input *in);

/* When commits_send() has something to do, if nothing else happens. */
int64_t commits_next(const struct engine *engine);

void commits_free(struct commits *commits);

#endif
