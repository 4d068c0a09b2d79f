/*
 * Back-pressure: which partitions are read. Private to core/engine.
 *
 * Half of the budget (in events, and likewise in bytes) is shared out, so that no partition can starve another one; the other
 * half is common. A partition is read while its own share, or the common half, has room; while what is parked in it is below
 * twice its share (beyond that, its waiting events would eat what others need); and while the map of what it may come to hold
 * fits the commit's metadata. A stopped one goes on when a quarter of each is free again.
 *
 * When a partition is added, it gets its share at once: until what the others hold of a larger one is finished, the whole may be
 * above the limit, by less than half of it.
 */
#ifndef PAWL_ENGINE_BUDGET_H
#define PAWL_ENGINE_BUDGET_H

#include "engine/state.h"

/* Orders STOP and GO where they have changed. */
void budget_apply(struct engine *engine);

#endif
