/*
 * The work of a pool thread, and its way back: handlers are called here, ticks and callbacks too. The upper half runs on the
 * pool's threads and touches nothing of the worker but what is said to be for any thread, the run it was handed, and the
 * messages in that run; the lower half is the main thread's.
 */
#include "base/memory.h"
#include "worker/crash.h"
#include "worker/worker_private.h"

#include <stdlib.h>

/* A run of several events gives back what it has not begun after this long, so that what is done is not kept waiting for it. */
#define RUN_TIME (50 * CLOCK_MS)

#define CALLBACKS_AT_ONCE 64

/* ---- pool threads ---- */

void handling_begin(void *arg, unsigned thread)
{
        struct worker *w = arg;

        crash_thread(thread);
        api_thread_writer(thread);
        call_open(&w->threads[thread].call, (size_t)w->plugin->max_event, &w->stopping);
}

static void make_room(struct handling_thread *t, uint32_t count)
{
        if (count <= t->cap)
                return;
        t->cap = count * 2;
        t->inputs = memory_resize(t->inputs, t->cap, sizeof *t->inputs);
        t->outcomes = memory_resize(t->outcomes, t->cap, sizeof *t->outcomes);
        t->places = memory_resize(t->places, t->cap, sizeof *t->places);
}

static const struct worker_partition *make_input(struct worker *w, const struct pool_event *event,
                                                 struct call_input *input)
{
        const struct held *held = held_at(w->held, event->slot);
        const struct worker_partition *p = worker_partition(w, held->message.partition);

        input->message = &held->message;
        input->headers = held->headers;
        input->header_count = held->header_count;
        input->place.topic = p->topic;
        input->place.partition = p->number;
        input->place.attempt = event->attempt;
        input->place.redrive = 0;
        input->row = p->row;
        input->slot = event->slot;
        input->tag = event->tag;
        return p;
}

/* Moves the outcome to where the main thread finds it. After PENDING the main thread may have the ticket's outcome already: then
 * nothing of the message is touched. */
static void settle(struct worker *w, struct pool_event *event, struct call_outcome *outcome)
{
        struct held *held = held_at(w->held, event->slot);

        event->result = outcome->result;
        event->reason = outcome->reason;
        event->delay = outcome->delay;
        event->emits = outcome->emits.count;
        event->emit_bytes = outcome->emits.bytes;
        if (outcome->result == ENGINE_PENDING)
                return;
        if (outcome->emits.count > 0) {
                emit_list_free(&held->emits);
                held->emits = outcome->emits;
        }
        if (outcome->text != NULL || held->text != NULL) {
                free(held->text);
                held->text = outcome->text;
        }
}

/* For OK: how old the event was when it was done. */
static void observe_age(struct worker *w, unsigned thread, const struct held *held, int64_t now)
{
        int64_t offset = atomic_load_explicit(&w->wall_offset, memory_order_relaxed);

        if (held->message.timestamp_ms >= 0)
                scoreboard_observe(w->scoreboard, thread, SCOREBOARD_HISTOGRAM_AGE,
                                   now + offset - held->message.timestamp_ms * CLOCK_MS);
}

static int64_t run_events(struct worker *w, unsigned thread, struct handling_thread *t, struct pool_run *run,
                          int64_t now)
{
        const struct generation *g = run->owner;
        int64_t deadline = g->deadlines[run->handler], began = now;
        bool ended = false;
        uint32_t i;

        for (i = 0; i < run->count; i++) {
                struct pool_event *event = &run->events[i];
                const struct worker_partition *p;
                struct call_input input;
                struct call_outcome outcome;
                int64_t start = now;

                if (ended || pool_recalled(w->pool, run) || (i > 0 && now - began > RUN_TIME)) {
                        event->result = ENGINE_UNRUN;
                        continue;
                }
                p = make_input(w, event, &input);
                scoreboard_note_event(w->scoreboard, thread,
                                      (struct scoreboard_position){p->row, input.message->offset}, run->handler, start);
                call_event(&t->call, g->instance, run->handler, &input, start + deadline, &outcome);
                now = clock_now();
                scoreboard_observe(w->scoreboard, thread, SCOREBOARD_HISTOGRAM_HANDLER, now - start);
                if (outcome.result == ENGINE_OK)
                        observe_age(w, thread, held_at(w->held, event->slot), now);
                settle(w, event, &outcome);
                ended = event->result != ENGINE_OK;
        }
        scoreboard_note_idle(w->scoreboard, thread);
        return now;
}

static int64_t run_batch(struct worker *w, unsigned thread, struct handling_thread *t, struct pool_run *run,
                         int64_t began)
{
        const struct generation *g = run->owner;
        int64_t now;
        uint32_t i;

        if (pool_recalled(w->pool, run)) {
                for (i = 0; i < run->count; i++)
                        run->events[i].result = ENGINE_UNRUN;
                return began;
        }
        make_room(t, run->count);
        for (i = 0; i < run->count; i++) {
                const struct worker_partition *p = make_input(w, &run->events[i], &t->inputs[i]);

                t->places[i] = (struct scoreboard_position){p->row, t->inputs[i].message->offset};
        }
        scoreboard_note_batch(w->scoreboard, thread, t->places, run->count, run->handler, began);
        call_batch(&t->call, g->instance, run->handler, t->inputs, run->count, began + g->deadlines[run->handler],
                   t->outcomes);
        now = clock_now();
        scoreboard_note_idle(w->scoreboard, thread);
        scoreboard_observe(w->scoreboard, thread, SCOREBOARD_HISTOGRAM_HANDLER, now - began);
        for (i = 0; i < run->count; i++) {
                if (t->outcomes[i].result == ENGINE_OK)
                        observe_age(w, thread, held_at(w->held, run->events[i].slot), now);
                settle(w, &run->events[i], &t->outcomes[i]);
        }
        return now;
}

int64_t handling_execute(void *arg, unsigned thread, struct pool_run *run, int64_t now)
{
        struct worker *w = arg;
        struct handling_thread *t = &w->threads[thread];
        const struct generation *g = run->owner;

        switch (run->kind) {
        case RUN_EVENTS:
                return run_events(w, thread, t, run, now);
        case RUN_BATCH:
                return run_batch(w, thread, t, run, now);
        case RUN_TICK:
                call_tick(&t->call, g->instance);
                break;
        case RUN_CALLBACKS:
                while (publish_call(w->api->publish, CALLBACKS_AT_ONCE) == CALLBACKS_AT_ONCE)
                        ;
                break;
        default:
                break;
        }
        return clock_now();
}

/* ---- the main thread: what has come back ---- */

void handling_describe(struct worker *w, uint32_t slot, struct log_event *about)
{
        struct held *held = held_at(w->held, slot);
        const struct worker_partition *p = worker_partition(w, held->message.partition);
        struct event_place place = {.topic = p->topic, .partition = p->number, .attempt = 1};

        event_close(&w->described);
        event_arena_reset(&w->scratch);
        event_open(&w->described, api_host(), &held->message, &place, &w->scratch, (size_t)w->plugin->max_event);
        if (held->message.handle == NULL)
                event_set_headers(&w->described, held->headers, held->header_count);
        event_describe(&w->described, about);
        if (held->handler != NULL)
                about->handler = (struct log_text){held->handler->name.ptr, held->handler->name.len};
}

static void say_result(struct worker *w, uint32_t slot, uint32_t attempt, uint16_t result)
{
        static const struct {
                enum log_level level;
                enum log_mark mark;
                const char *words;
        } lines[] = {
            [ENGINE_OK] = {LOG_LEVEL_DEBUG, LOG_MARK_HANDLED, "handled"},
            [ENGINE_RETRY] = {LOG_LEVEL_WARN, LOG_MARK_RETRY, "failed, to be tried again"},
            [ENGINE_WAIT] = {LOG_LEVEL_DEBUG, LOG_MARK_RETRY, "waits"},
            [ENGINE_UNAVAILABLE] = {LOG_LEVEL_DEBUG, LOG_MARK_RETRY, "a dependency is away"},
            [ENGINE_REJECT] = {LOG_LEVEL_WARN, LOG_MARK_FAILED, "rejected"},
            [ENGINE_PENDING] = {LOG_LEVEL_DEBUG, LOG_MARK_NONE, "has a ticket"},
            [ENGINE_FATAL] = {LOG_LEVEL_ERROR, LOG_MARK_FAILED, "the plugin cannot go on"},
        };
        const struct held *held = held_at(w->held, slot);
        struct log_event about;

        if (result == 0 || result >= sizeof lines / sizeof *lines || !log_enabled(lines[result].level))
                return;
        handling_describe(w, slot, &about);
        log_about(lines[result].level, lines[result].mark, &about, "%s (attempt %u)%s%s", lines[result].words, attempt,
                  held->text != NULL ? ": " : "", held->text != NULL ? held->text : "");
}

static void return_event(struct worker *w, const struct pool_event *event)
{
        struct engine_input *in = worker_input(w, ENGINE_RESULT);

        in->slot = event->slot;
        in->tag = event->tag;
        in->result.result = event->result;
        held_at(w->held, event->slot)->running = false;
        if (event->result == ENGINE_UNRUN)
                return;
        in->result.delay = event->delay;
        in->result.emits = event->emits;
        in->result.emit_bytes = event->emit_bytes;
        in->result.reason = event->reason;
        if (event->result != ENGINE_OK || log_enabled(LOG_LEVEL_DEBUG))
                say_result(w, event->slot, event->attempt, event->result);
}

static void return_run(struct worker *w, struct pool_run *run)
{
        struct generation *g = run->owner;
        uint32_t i;

        if (run->kind == RUN_EVENTS || run->kind == RUN_BATCH) {
                for (i = 0; i < run->count; i++)
                        return_event(w, &run->events[i]);
        } else if (run->kind == RUN_TICK) {
                g->ticking = false;
        }
        if (g != NULL)
                g->runs--;
        pool_give(w->pool, run);
}

size_t handling_collect(struct worker *w)
{
        struct pool_run *runs[256];
        size_t count = pool_collect(w->pool, runs, sizeof runs / sizeof *runs), i;

        for (i = 0; i < count; i++)
                return_run(w, runs[i]);
        return count;
}

/* A completion that came too late for its attempt is fed all the same: the engine counts it. */
static void return_ticket(struct worker *w, struct ticket_completion *c)
{
        struct held *held = c->slot < held_end(w->held) ? held_at(w->held, c->slot) : NULL;
        struct engine_input *in = worker_input(w, ENGINE_TICKET);

        in->slot = c->slot;
        in->tag = c->tag;
        in->result.result = c->outcome.result;
        in->result.delay = c->outcome.delay;
        in->result.reason = c->outcome.reason;
        in->result.emits = c->outcome.emits.count;
        in->result.emit_bytes = c->outcome.emits.bytes;
        if (held == NULL || !held->used || held->tag != c->tag)
                return;
        emit_list_free(&held->emits);
        emit_list_move(&held->emits, &c->outcome.emits);
        free(held->text);
        held->text = c->outcome.text;
        c->outcome.text = NULL;
        if (!held->running)
                say_result(w, c->slot, 0, c->outcome.result);
}

void handling_tickets(struct worker *w)
{
        struct ticket_completion *c = tickets_completions(w->api->tickets), *next;

        for (; c != NULL; c = next) {
                next = c->next;
                return_ticket(w, c);
                ticket_completion_free(&c);
        }
}
