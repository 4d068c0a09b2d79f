/*
 * `pawlctl workflow show REQUEST` and `pawlctl workflow list`: what stands in the database, read by a connection of their own.
 */
#ifndef WORKFLOW_SHOW_H
#define WORKFLOW_SHOW_H

#include <pawl/plugin.h>

/* Each writes its answer and returns the command's exit status. */
int32_t show_request(struct pawl_ctx *ctx, const char *database, const struct pawl_str *argv, uint32_t argc);
int32_t list_requests(struct pawl_ctx *ctx, const char *database, const struct pawl_str *argv, uint32_t argc);

#endif
