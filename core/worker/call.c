#include "worker/call.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "worker/api.h"
#include "worker/call_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void call_open(struct call *call, size_t max_event, const _Atomic bool *stopping)
{
        memset(call, 0, sizeof *call);
        call->public.host = api_host();
        call->magic = CALL_MAGIC;
        call->max_event = max_event;
        call->stopping = stopping;
        call->current = ENGINE_NONE;
}

void call_close(struct call *call)
{
        uint32_t i;

        for (i = 0; i < call->cap; i++)
                emit_list_free(&call->emits[i]);
        event_arena_free(&call->arena);
        free(call->events);
        free(call->views);
        free(call->emits);
        memset(call, 0, sizeof *call);
}

static void grow(struct call *call, uint32_t count)
{
        uint32_t i;

        if (count <= call->cap)
                return;
        call->events = memory_resize(call->events, count, sizeof *call->events);
        call->views = memory_resize(call->views, count, sizeof(void *));
        call->emits = memory_resize(call->emits, count, sizeof *call->emits);
        memset(call->emits + call->cap, 0, (count - call->cap) * sizeof *call->emits);
        for (i = 0; i < count; i++)
                call->views[i] = &call->events[i].public;
        call->cap = count;
}

static void begin(struct call *call, enum call_kind kind, struct plugin_instance *in, int64_t deadline)
{
        assert(call->magic == CALL_MAGIC && call->kind == CALL_IDLE);
        call->kind = kind;
        call->public.instance = &in->public;
        call->count = 0;
        call->current = ENGINE_NONE;
        call->handler = NULL;
        call->deadline = deadline;
        call->delay = -1;
        call->said = PAWL_OK;
        call->text_len = 0;
        call->ticket = 0;
        call->reply = NULL;
}

static void begin_events(struct call *call, const struct call_input *inputs, uint32_t count)
{
        uint32_t i;

        grow(call, count);
        call->inputs = inputs;
        call->count = count;
        for (i = 0; i < count; i++) {
                event_open(&call->events[i], call->public.host, inputs[i].message, &inputs[i].place, &call->arena,
                           call->max_event);
                event_set_headers(&call->events[i], inputs[i].headers, inputs[i].header_count);
        }
}

static void end(struct call *call)
{
        uint32_t i;

        for (i = 0; i < call->count; i++) {
                event_close(&call->events[i]);
                if (call->emits[i].first != NULL)
                        emit_list_free(&call->emits[i]);
        }
        event_arena_reset(&call->arena);
        call->count = 0;
        call->kind = CALL_IDLE;
}

/* ---- what the handler returned, and what becomes of it ---- */

uint16_t call_result(pawl_result result)
{
        static const uint16_t results[] = {
            [PAWL_OK] = ENGINE_OK,         [PAWL_RETRY] = ENGINE_RETRY,
            [PAWL_WAIT] = ENGINE_WAIT,     [PAWL_UNAVAILABLE] = ENGINE_UNAVAILABLE,
            [PAWL_REJECT] = ENGINE_REJECT, [PAWL_PENDING] = ENGINE_PENDING,
            [PAWL_FATAL] = ENGINE_FATAL,
        };

        return result >= PAWL_OK && result <= PAWL_FATAL ? results[result] : CALL_RESULT_BAD;
}

static void outcome_init(struct call_outcome *outcome, uint16_t result)
{
        memset(outcome, 0, sizeof *outcome);
        outcome->result = result;
        outcome->delay = -1;
}

void call_outcome_clear(struct call_outcome *outcome)
{
        free(outcome->text);
        emit_list_free(&outcome->emits);
        memset(outcome, 0, sizeof *outcome);
}

static bool wants_malformed(const struct call *call)
{
        return (call->handler->flags & PAWL_WANTS_MALFORMED) != 0;
}

/* An event of which somebody read what is malformed is a dead letter, whatever else was made of it. */
static bool judge_malformed(const struct call *call, uint32_t i, struct call_outcome *outcome)
{
        const struct scan_fault *fault = event_fault(&call->events[i]);

        if (fault == NULL || wants_malformed(call))
                return false;
        outcome_init(outcome, ENGINE_REJECT);
        outcome->reason = CALL_REASON_MALFORMED;
        outcome->text = memory_printf("malformed event: %s, at byte %zu", fault->reason, fault->offset);
        return true;
}

/* A result other than OK, with the words and the delay that belong to it. */
static void take_words(const struct call *call, pawl_result result, struct call_outcome *outcome)
{
        outcome_init(outcome, call_result(result));
        if (outcome->result == CALL_RESULT_BAD) {
                outcome->text = memory_printf("the handler returned %d, which is no result", (int)result);
        } else if (call->said == result) {
                outcome->text = memory_copy(call->text, call->text_len);
                outcome->delay = call->delay;
        }
}

static void judge_event(struct call *call, pawl_result result, struct call_outcome *outcome)
{
        struct api *api = api_of(plugin_instance_of(call->public.instance));

        if (call->ticket != 0 && result != PAWL_PENDING) {
                tickets_void(api->tickets, call->ticket);
                call->ticket = 0;
        }
        if (event_fault(&call->events[0]) != NULL && call->ticket != 0 && !wants_malformed(call))
                tickets_void(api->tickets, call->ticket);
        if (judge_malformed(call, 0, outcome))
                return;
        if (result == PAWL_OK) {
                outcome_init(outcome, ENGINE_OK);
                outcome->emits = call->emits[0];
                memset(&call->emits[0], 0, sizeof call->emits[0]);
        } else if (result == PAWL_PENDING && call->ticket == 0) {
                outcome_init(outcome, ENGINE_RETRY);
                outcome->text = memory_string("the handler returned PENDING, but took no ticket");
        } else if (result == PAWL_PENDING) {
                outcome_init(outcome, ENGINE_PENDING);
                tickets_pend(api->tickets, call->ticket, &call->emits[0]);
        } else {
                take_words(call, result, outcome);
        }
}

void call_event(struct call *call, struct plugin_instance *in, uint32_t handler, const struct call_input *input,
                int64_t deadline, struct call_outcome *outcome)
{
        pawl_result result;

        assert(handler < in->handler_count && in->handlers[handler].on_event != NULL);
        begin(call, CALL_EVENT, in, deadline);
        call->handler = &in->handlers[handler];
        begin_events(call, input, 1);
        call->current = 0;
        result = call->handler->on_event(&call->public, &call->events[0].public, in->self);
        judge_event(call, result, outcome);
        end(call);
}

static void judge_batch(struct call *call, uint32_t handled, pawl_result rest, struct call_outcome *outcomes)
{
        uint32_t i, n = call->count;

        for (i = 0; i < handled; i++) {
                if (judge_malformed(call, i, &outcomes[i]))
                        continue; /* what was handled behind it stays handled */
                outcome_init(&outcomes[i], ENGINE_OK);
                outcomes[i].emits = call->emits[i];
                memset(&call->emits[i], 0, sizeof call->emits[i]);
        }
        if (i < n && !judge_malformed(call, i, &outcomes[i])) {
                if (rest == PAWL_PENDING || rest == PAWL_OK) {
                        outcome_init(&outcomes[i], CALL_RESULT_BAD);
                        outcomes[i].text = memory_printf("the batch handler stopped before this event with %s",
                                                         rest == PAWL_OK ? "OK" : "PENDING");
                } else {
                        take_words(call, rest, &outcomes[i]);
                }
        }
        for (i++; i < n; i++)
                outcome_init(&outcomes[i], ENGINE_UNRUN);
}

void call_batch(struct call *call, struct plugin_instance *in, uint32_t handler, const struct call_input *inputs,
                uint32_t count, int64_t deadline, struct call_outcome *outcomes)
{
        pawl_result rest = PAWL_RETRY;
        uint32_t handled;

        assert(handler < in->handler_count && in->handlers[handler].on_batch != NULL && count > 0);
        begin(call, CALL_BATCH, in, deadline);
        call->handler = &in->handlers[handler];
        begin_events(call, inputs, count);
        handled = call->handler->on_batch(&call->public, call->views, count, &rest, in->self);
        if (handled > count) { /* a bug of the plugin's: what it did is unknown, as after a crash on the first event */
                handled = 0;
                rest = (pawl_result)INT32_MIN;
        }
        judge_batch(call, handled, rest, outcomes);
        end(call);
}

/* ---- ticks and commands ---- */

void call_tick(struct call *call, struct plugin_instance *in)
{
        const struct pawl_plugin *plugin = &in->build->descriptor.plugin;

        if (plugin->tick == NULL)
                return;
        begin(call, CALL_TICK, in, INT64_MAX);
        plugin->tick(&call->public, in->self);
        end(call);
}

bool call_find_command(const struct plugin_instance *in, struct pawl_str name, uint32_t *command)
{
        const struct pawl_array *commands = &in->build->descriptor.plugin.commands;
        struct pawl_command c;
        uint32_t i;

        for (i = 0; i < commands->count; i++) {
                plugin_item(commands, i, &c, sizeof c);
                if (c.name.len == name.len && memcmp(c.name.ptr, name.ptr, name.len) == 0) {
                        *command = i;
                        return true;
                }
        }
        return false;
}

int32_t call_command(struct call *call, struct plugin_instance *in, uint32_t command, const struct pawl_str *argv,
                     uint32_t argc, bool (*reply)(void *arg, struct pawl_str text), void *reply_arg)
{
        const struct pawl_array *commands = &in->build->descriptor.plugin.commands;
        struct pawl_command c;
        int32_t status;

        assert(command < commands->count);
        plugin_item(commands, command, &c, sizeof c);
        begin(call, CALL_COMMAND, in, INT64_MAX);
        call->reply = reply;
        call->reply_arg = reply_arg;
        status = c.run(&call->public, argv, argc, in->self);
        end(call);
        return status >= 0 && status <= 125 ? status : 1;
}
