/*
 * Approvals whose time is over: each is written down as expired once, whichever instance finds it, and revokes what the contractor
 * has access to. The tick's thread; a db of its own.
 */
#ifndef SECURITY_EXPIRY_H
#define SECURITY_EXPIRY_H

#include "occasion.h"
#include "policy.h"

#include <pawl/plugin.h>

/*
 * All that are due, until `ctx` is cancelled; some at a time in a transaction. What happened is added to `tally`. False: db_error says why;
 * what was done before stands, the rest is due still.
 */
bool expiry_run(struct pawl_ctx *ctx, struct db *db, const struct policy *policy, uint64_t tally[TALLIES]);

#endif
