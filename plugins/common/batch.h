/*
 * A batch of events as one transaction of the plugin's database, because what makes a transaction durable costs the same for one event as for a
 * hundred. Each event is a part of it that can be undone by itself: those before the first that cannot be handled are kept, and that one's
 * result is told. A handler's thread.
 */
#ifndef PLUGINS_COMMON_BATCH_H
#define PLUGINS_COMMON_BATCH_H

#include "common/db.h"

struct batch {
        const char *path;
        const struct db_design *design;
        struct db **db; /* opened by the first batch: create must leave alone what another instance may be using */
        pawl_result (*handle)(struct pawl_ctx *ctx, const struct pawl_event *ev, void *arg); /* one event */
        void *arg;
};

/* For a pawl_batch_fn: returns how many events are handled, and stand in the file; *rest is the result of the next one. */
uint32_t batch_handle(const struct batch *batch, struct pawl_ctx *ctx, const struct pawl_event *const *events,
                      uint32_t count, pawl_result *rest);

#endif
