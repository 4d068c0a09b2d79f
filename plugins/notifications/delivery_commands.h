/*
 * `pawlctl notifications deliveries|channels|retry`: what operators see of the deliveries, and can do about them. The host's thread for
 * commands.
 */
#ifndef NOTIFICATIONS_DELIVERY_COMMANDS_H
#define NOTIFICATIONS_DELIVERY_COMMANDS_H

#include "sender.h"

#include <pawl/plugin.h>

int32_t command_deliveries(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, const char *store_path);
int32_t command_channels(struct pawl_ctx *ctx, struct sender *sender);
int32_t command_retry(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, const char *store_path,
                      struct sender *sender);

#define COMMAND_DELIVERIES_USAGE "[--request N] [--state queued|open|sent|failed]"

#endif
