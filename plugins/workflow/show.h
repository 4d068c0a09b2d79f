/*
 * `pawlctl workflow show REQUEST`: a request and its history, read by a connection of its own.
 */
#ifndef WORKFLOW_SHOW_H
#define WORKFLOW_SHOW_H

#include <pawl/plugin.h>

/* Writes the request's page. Returns the command's exit status. */
int32_t show_request(struct pawl_ctx *ctx, const char *database, const struct pawl_str *argv, uint32_t argc);

#endif
