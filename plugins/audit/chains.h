/*
 * The chains of this host: one an instance, all in the plugin's state directory. For commands, on their thread.
 */
#ifndef AUDIT_CHAINS_H
#define AUDIT_CHAINS_H

#include <pawl/plugin.h>

/* Does something with one chain's file; returns an exit status. */
typedef int32_t chains_each_fn(struct pawl_ctx *ctx, const char *path, void *arg);

/* Calls `each` for every chain's file, in the order of their names, and returns the worst of its exit statuses. */
int32_t chains_each(struct pawl_ctx *ctx, chains_each_fn *each, void *arg);

#endif
