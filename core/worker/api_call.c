/*
 * The host's functions for one call and for tickets.
 */
#include "worker/api_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "worker/emit_make.h"
#include "worker/event_index.h"

#include <stdio.h>
#include <string.h>

/* ---- results with a reason ---- */

static void keep_words(struct call *call, pawl_result result, int64_t delay, int printed)
{
        size_t len = printed < 0 ? 0 : (size_t)printed;

        if (len >= sizeof call->text)
                len = sizeof call->text - 1;
        call->text_len = text_utf8_prefix(call->text, len);
        call->text[call->text_len] = '\0';
        call->said = result;
        call->delay = delay > 0 ? delay : -1;
}

void api_outcome(struct pawl_ctx *ctx, pawl_result result, int64_t delay, const char *fmt, va_list ap)
{
        struct call *call = call_of(ctx);

        keep_words(call, result, delay, vsnprintf(call->text, sizeof call->text, fmt, ap));
}

void api_outcome_field(struct pawl_ctx *ctx, const struct pawl_event *ev, struct pawl_str name,
                       struct pawl_str expected)
{
        struct call *call = call_of(ctx);
        char found[256];

        event_describe_member(event_of(ev), name, found, sizeof found);
        keep_words(call, PAWL_REJECT, 0,
                   snprintf(call->text, sizeof call->text, "%.*s: expected %.*s, found %s", (int)name.len, name.ptr,
                            (int)expected.len, expected.ptr, found));
}

/* ---- log ---- */

static enum log_level log_level_of(uint32_t level)
{
        static const enum log_level levels[] = {
            [PAWL_LOG_ERROR] = LOG_LEVEL_ERROR,
            [PAWL_LOG_WARN] = LOG_LEVEL_WARN,
            [PAWL_LOG_INFO] = LOG_LEVEL_INFO,
            [PAWL_LOG_DEBUG] = LOG_LEVEL_DEBUG,
        };

        return level <= PAWL_LOG_DEBUG ? levels[level] : LOG_LEVEL_DEBUG;
}

void api_log(struct pawl_instance *instance, struct pawl_ctx *ctx, uint32_t level, const char *fmt, va_list ap)
{
        struct log_line line = {.level = log_level_of(level), .plugin = api_data(instance)->api->plugin};
        struct log_event about;
        struct call *call;

        if (!log_enabled(line.level))
                return;
        if (ctx != NULL) {
                call = call_of(ctx);
                if (call->current != ENGINE_NONE) {
                        event_describe(&call->events[call->current], &about);
                        about.handler =
                            (struct log_text){.ptr = call->handler->name.ptr, .len = call->handler->name.len};
                        line.event = &about;
                }
        }
        log_vwrite(&line, fmt, ap);
}

/* ---- the call ---- */

bool api_cancelled(struct pawl_ctx *ctx)
{
        const struct call *call = call_of(ctx);

        if (call->stopping != NULL && atomic_load_explicit(call->stopping, memory_order_relaxed))
                return true;
        return call->deadline != INT64_MAX && clock_now() > call->deadline;
}

bool api_batch_at(struct pawl_ctx *ctx, uint32_t index)
{
        struct call *call = call_of(ctx);

        if (call->kind != CALL_BATCH || index >= call->count)
                return false;
        call->current = index;
        return true;
}

int32_t api_emit(struct pawl_ctx *ctx, const struct pawl_message *message)
{
        struct call *call = call_of(ctx);
        struct emit_source source;
        struct emit *e;
        int32_t status;

        if (call->current == ENGINE_NONE)
                return PAWL_E_STATE;
        source = (struct emit_source){.event = &call->events[call->current],
                                      .before = &call->emits[call->current],
                                      .name_space = api_data(ctx->instance)->api->emit_space,
                                      .max_event = call->max_event};
        status = emit_make(&source, message, &e);
        if (status == 0)
                emit_list_add(&call->emits[call->current], e);
        return status;
}

bool api_reply(struct pawl_ctx *ctx, struct pawl_str text)
{
        const struct call *call = call_of(ctx);

        return call->kind == CALL_COMMAND && call->reply != NULL && call->reply(call->reply_arg, text);
}

/* ---- tickets ---- */

pawl_ticket api_defer(struct pawl_ctx *ctx)
{
        struct call *call = call_of(ctx);
        struct plugin_instance *in = plugin_instance_of(ctx->instance);
        struct ticket_request request;

        if (call->kind != CALL_EVENT || call->ticket != 0)
                return 0;
        request = (struct ticket_request){.instance = in,
                                          .event = &call->events[0],
                                          .input = &call->inputs[0],
                                          .handler = (uint32_t)(call->handler - in->handlers),
                                          .wants_malformed = (call->handler->flags & PAWL_WANTS_MALFORMED) != 0};
        call->ticket = tickets_take(api_of(in)->tickets, &request);
        return call->ticket;
}

const struct pawl_event *api_ticket_event(struct pawl_instance *instance, pawl_ticket ticket)
{
        return tickets_event(api_data(instance)->api->tickets, plugin_instance_of(instance), ticket);
}

int32_t api_ticket_emit(struct pawl_instance *instance, pawl_ticket ticket, const struct pawl_message *message)
{
        struct api *api = api_data(instance)->api;

        return tickets_emit(api->tickets, plugin_instance_of(instance), ticket, message, api->emit_space);
}

int32_t api_complete(struct pawl_instance *instance, pawl_ticket ticket, pawl_result result, int64_t delay,
                     struct pawl_str reason)
{
        return tickets_complete(api_data(instance)->api->tickets, plugin_instance_of(instance), ticket, result, delay,
                                reason);
}
