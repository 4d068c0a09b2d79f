/*
 * `pawlctl security …`: who is verified for what, and the officer's hand. The commands' thread; a db of their own.
 */
#ifndef SECURITY_COMMANDS_H
#define SECURITY_COMMANDS_H

#include "occasion.h"
#include "policy.h"

#include <pawl/plugin.h>

int32_t command_show(struct pawl_ctx *ctx, const char *database, const struct policy *policy,
                     const struct pawl_str *argv, uint32_t argc);

int32_t command_list(struct pawl_ctx *ctx, const char *database, const struct policy *policy,
                     const struct pawl_str *argv, uint32_t argc);

/* What it did is added to `tally`. */
int32_t command_revoke(struct pawl_ctx *ctx, const char *database, const struct policy *policy,
                       const struct pawl_str *argv, uint32_t argc, uint64_t tally[TALLIES]);

#endif
