/*
 * Assignments: how a partition comes, and how it goes. A revocation and a drain are the same farewell: nothing more is begun,
 * what runs returns (until a deadline), one last commit tells it. Private to core/engine.
 */
#ifndef PAWL_ENGINE_PARTITIONS_H
#define PAWL_ENGINE_PARTITIONS_H

#include "engine/state.h"

void partitions_map(struct engine *engine, const struct engine_input *in);
void partitions_assign(struct engine *engine, const struct engine_input *in);
void partitions_rewind(struct engine *engine, const struct engine_input *in);
void partitions_position(struct engine *engine, const struct engine_input *in);
void partitions_lost(struct engine *engine, const struct engine_input *in);
void partitions_revoke(struct engine *engine, const struct engine_input *in);
void partitions_drain(struct engine *engine, const struct engine_input *in);

/* Goes on with a revocation or a drain that is under way. */
void partitions_leave(struct engine *engine);

/* When partitions_leave() must be called at the latest. */
int64_t partitions_next(const struct engine *engine);

/* The partition, or NULL if it was never assigned. */
const struct partition *partitions_find(const struct engine *engine, uint32_t partition);

#endif
