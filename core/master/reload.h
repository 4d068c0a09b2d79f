/*
 * Reload: the new stands before the old goes. Read and validate everything, try each changed plugin in a throw-away process, and only
 * then swap; whatever fails before leaves all as it was. One at a time, the others wait. The start of the master is a reload from
 * nothing. Main thread.
 */
#ifndef PAWL_MASTER_RELOAD_H
#define PAWL_MASTER_RELOAD_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>

struct master;
struct generation;
struct reloads;

/* The outcome is borrowed. README.md describes it. */
typedef void reload_done_fn(void *arg, const json_t *outcome);

struct reloads *reloads_new(struct master *m);

/* Breaks off what is under way; every request gets its outcome. */
void reloads_free(struct reloads **reloads);

/* The master's start, with a configuration that was read already (taken over). Settings and builds are checked, nothing is created by
 * way of trial: what a plugin depends on may be away when a machine starts. */
void reload_start(struct reloads *reloads, struct generation *generation, reload_done_fn *done, void *arg);

/* `only`: this plugin alone; NULL: all. */
void reload_request(struct reloads *reloads, const char *only, reload_done_fn *done, void *arg);

/* While the master stops: what has not been accepted yet never will be. */
void reload_break_off(struct reloads *reloads);

bool reload_under_way(const struct reloads *reloads);

/* The newest outcome; NULL before the first one. Borrowed. */
const json_t *reload_last(const struct reloads *reloads);

#endif
