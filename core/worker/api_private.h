/*
 * The inside of the host's api, for its files.
 */
#ifndef PAWL_WORKER_API_PRIVATE_H
#define PAWL_WORKER_API_PRIVATE_H

#include "worker/api.h"
#include "worker/call_private.h"

/* What an instance's host_data points to. */
struct api_instance {
        struct api *api;
        struct api_metric {
                uint32_t kind;  /* PAWL_COUNTER … */
                uint32_t index; /* in the scoreboard */
        } * metrics;            /* by the place in the descriptor's table */
        uint32_t metric_count;
};

static inline struct api_instance *api_data(struct pawl_instance *instance)
{
        return plugin_instance_of(instance)->host_data;
}

/* The part of the table that has a context or a ticket (api_call.c). */
void api_outcome(struct pawl_ctx *ctx, pawl_result result, int64_t delay, const char *fmt, va_list ap)
    __attribute__((format(printf, 4, 0)));
void api_outcome_field(struct pawl_ctx *ctx, const struct pawl_event *ev, struct pawl_str name,
                       struct pawl_str expected);
void api_log(struct pawl_instance *instance, struct pawl_ctx *ctx, uint32_t level, const char *fmt, va_list ap)
    __attribute__((format(printf, 4, 0)));
bool api_cancelled(struct pawl_ctx *ctx);
bool api_batch_at(struct pawl_ctx *ctx, uint32_t index);
int32_t api_emit(struct pawl_ctx *ctx, const struct pawl_message *message);
bool api_reply(struct pawl_ctx *ctx, struct pawl_str text);
pawl_ticket api_defer(struct pawl_ctx *ctx);
const struct pawl_event *api_ticket_event(struct pawl_instance *instance, pawl_ticket ticket);
int32_t api_ticket_emit(struct pawl_instance *instance, pawl_ticket ticket, const struct pawl_message *message);
int32_t api_complete(struct pawl_instance *instance, pawl_ticket ticket, pawl_result result, int64_t delay,
                     struct pawl_str reason);

#endif
