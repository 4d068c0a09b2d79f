/*
 * What each event does to its request.
 */
#ifndef WORKFLOW_EVENTS_H
#define WORKFLOW_EVENTS_H

#include "rules.h"

#include "common/db.h"

#include <pawl/plugin.h>
#include <stdint.h>

#define WORKFLOW_TOPIC "workflow-events"
#define AUDIT_TOPIC    "audit-events"

/* What became of an event that was handled. */
enum outcome { OUTCOME_MOVED, OUTCOME_NOTED, OUTCOME_REPEATED, OUTCOMES };

/*
 * Handles the current event inside a transaction of `db`, which the caller undoes unless the result is PAWL_OK. An event that
 * was handled before changes nothing, and emits what it emitted then.
 */
pawl_result events_handle(struct pawl_ctx *ctx, const struct pawl_event *ev, struct db *db, const struct rules *rules,
                          enum outcome *outcome);

#endif
