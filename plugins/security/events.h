/*
 * Handles one event, once: its line of the history says that it was handled.
 */
#ifndef SECURITY_EVENTS_H
#define SECURITY_EVENTS_H

#include "occasion.h"
#include "policy.h"

/*
 * Inside a transaction of `db`, which the caller undoes unless the result is PAWL_OK. An event that was handled before changes nothing,
 * and emits what it emitted then. What happened is added to `tally`.
 */
pawl_result events_handle(struct pawl_ctx *ctx, const struct pawl_event *ev, struct db *db, const struct policy *policy,
                          uint64_t tally[TALLIES]);

#endif
