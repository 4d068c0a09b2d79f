#include "testhost_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/scoreboard_read.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- events ---- */

/* A message as the consumer would give it, in one's own memory. */
struct fed {
        struct message message;
        struct message_header *headers;
        struct call_input input;
};

static void prepare(struct testhost *h, const struct testhost_event *e, struct fed *f)
{
        size_t i;

        memset(f, 0, sizeof *f);
        f->message.key = e->key;
        f->message.key_len = e->key != NULL ? strlen(e->key) : 0;
        f->message.value = e->json;
        f->message.value_len = e->json_len != 0 ? e->json_len : e->json != NULL ? strlen(e->json) : 0;
        f->message.offset = e->offset != 0 ? e->offset : h->next_offset;
        if (f->message.offset >= h->next_offset)
                h->next_offset = f->message.offset + 1;
        f->message.timestamp_ms = (e->timestamp != 0 ? e->timestamp : clock_wall()) / CLOCK_MS;
        f->headers = memory_zero(e->header_count, sizeof *f->headers);
        for (i = 0; i < e->header_count; i++) {
                f->headers[i].name = e->headers[i].name;
                f->headers[i].value = e->headers[i].value;
                f->headers[i].value_len = e->headers[i].value != NULL ? strlen(e->headers[i].value) : 0;
        }
        f->input = (struct call_input){.message = &f->message,
                                       .headers = f->headers,
                                       .header_count = e->header_count,
                                       .place = {.topic = e->topic,
                                                 .partition = e->partition,
                                                 .attempt = e->attempt != 0 ? e->attempt : 1},
                                       .row = SCOREBOARD_NO_ROW,
                                       .slot = ++h->slot,
                                       .tag = 1};
}

/* As the worker's main thread routes. */
static uint16_t route(const struct testhost *h, const struct fed *f, struct testhost_result *r)
{
        const struct plugin_routes *routes = h->instance->routes;
        struct event_route found;

        switch (event_route(&f->message, f->input.headers, f->input.header_count, &found)) {
        case EVENT_TYPED:
                return plugin_route(routes, found.type.ptr, found.type.len);
        case EVENT_TOMBSTONE:
                return plugin_route_tombstone(routes);
        default:
                if (plugin_route_malformed(routes) != PLUGIN_NO_HANDLER)
                        return plugin_route_malformed(routes);
                r->malformed = true;
                r->result = PAWL_REJECT;
                snprintf(r->reason, sizeof r->reason, "malformed event: %s, at byte %zu", found.fault.reason,
                         found.fault.offset);
                return PLUGIN_NO_HANDLER;
        }
}

static void take_outcome(struct call_outcome *o, struct testhost_result *r)
{
        static const pawl_result results[] = {[ENGINE_OK] = PAWL_OK,         [ENGINE_RETRY] = PAWL_RETRY,
                                              [ENGINE_WAIT] = PAWL_WAIT,     [ENGINE_UNAVAILABLE] = PAWL_UNAVAILABLE,
                                              [ENGINE_REJECT] = PAWL_REJECT, [ENGINE_PENDING] = PAWL_PENDING,
                                              [ENGINE_FATAL] = PAWL_FATAL,   [ENGINE_UNRUN] = PAWL_RETRY};

        r->result = o->result < sizeof results / sizeof results[0] ? results[o->result] : -1;
        r->unrun = o->result == ENGINE_UNRUN;
        r->malformed = o->reason == CALL_REASON_MALFORMED;
        r->delay = o->delay;
        r->emits = o->emits;
        memset(&o->emits, 0, sizeof o->emits);
        snprintf(r->reason, sizeof r->reason, "%s", o->text != NULL ? o->text : "");
        call_outcome_clear(o);
}

static int64_t call_deadline(const struct plugin_instance *in, uint16_t handler)
{
        int64_t deadline = in->handlers[handler].deadline;

        return clock_now() + (deadline > 0 ? deadline : 30 * CLOCK_S);
}

void testhost_feed(struct testhost *h, const struct testhost_event *event, struct testhost_result *r)
{
        struct plugin_instance *in = h->instance;
        struct call_outcome outcome;
        uint16_t handler;
        struct fed f;

        memset(r, 0, sizeof *r);
        r->delay = -1;
        prepare(h, event, &f);
        r->offset = f.message.offset;
        handler = route(h, &f, r);
        if (handler == PLUGIN_NO_HANDLER) {
                r->skipped = !r->malformed;
        } else {
                if (in->handlers[handler].on_batch != NULL)
                        call_batch(&h->call, in, handler, &f.input, 1, call_deadline(in, handler), &outcome);
                else
                        call_event(&h->call, in, handler, &f.input, call_deadline(in, handler), &outcome);
                take_outcome(&outcome, r);
        }
        free(f.headers);
}

void testhost_feed_batch(struct testhost *h, const struct testhost_event *events, uint32_t count,
                         struct testhost_result *results)
{
        struct call_outcome *outcomes = memory_zero(count, sizeof *outcomes);
        struct call_input *inputs = memory_zero(count, sizeof *inputs);
        struct fed *fed = memory_zero(count, sizeof *fed);
        uint16_t handler = PLUGIN_NO_HANDLER;
        uint32_t i;

        memset(results, 0, count * sizeof *results);
        for (i = 0; i < count; i++) {
                prepare(h, &events[i], &fed[i]);
                inputs[i] = fed[i].input;
                results[i].offset = fed[i].message.offset;
                handler = route(h, &fed[i], &results[i]);
                assert(handler != PLUGIN_NO_HANDLER && h->instance->handlers[handler].on_batch != NULL);
        }
        call_batch(&h->call, h->instance, handler, inputs, count, call_deadline(h->instance, handler), outcomes);
        for (i = 0; i < count; i++) {
                take_outcome(&outcomes[i], &results[i]);
                free(fed[i].headers);
        }
        free(fed);
        free(inputs);
        free(outcomes);
}

void testhost_result_clear(struct testhost_result *result)
{
        emit_list_free(&result->emits);
        memset(result, 0, sizeof *result);
}

/* ---- what comes later ---- */

/* Collects until `ready` has something or the time is over. */
static bool wait_for(struct testhost *h, int64_t timeout, bool (*ready)(const struct testhost *h))
{
        int64_t end = clock_now() + timeout, left;
        struct pollfd p = {.fd = h->wake_fd, .events = POLLIN};
        uint64_t count;

        for (;;) {
                testhost_collect(h);
                left = end - clock_now();
                if (ready(h) || left <= 0)
                        return ready(h);
                poll(&p, 1, (int)(left / CLOCK_MS) + 1);
                if (read(h->wake_fd, &count, sizeof count) < 0)
                        continue; /* nothing yet */
        }
}

static bool has_completion(const struct testhost *h)
{
        return h->completions != NULL;
}

static bool has_published(const struct testhost *h)
{
        return h->published != NULL;
}

bool testhost_ticket(struct testhost *h, int64_t timeout, struct testhost_result *result)
{
        struct ticket_completion *c;

        memset(result, 0, sizeof *result);
        if (!wait_for(h, timeout, has_completion))
                return false;
        c = h->completions;
        h->completions = c->next;
        take_outcome(&c->outcome, result);
        ticket_completion_free(&c);
        return true;
}

void testhost_expire(struct testhost *h)
{
        tickets_expire(h->api->tickets, h->slot, 1);
}

void testhost_stopping(struct testhost *h, bool stopping)
{
        atomic_store(&h->stopping, stopping);
}

struct publish *testhost_published(struct testhost *h, int64_t timeout)
{
        struct publish *p;

        if (!wait_for(h, timeout, has_published))
                return NULL;
        p = h->published;
        h->published = p->next;
        return p;
}

const struct emit *testhost_message(const struct publish *p)
{
        return p->message;
}

void testhost_answer(struct testhost *h, struct publish *p, int32_t status)
{
        if (publish_answer(h->api->publish, p, status))
                publish_call(h->api->publish, SIZE_MAX);
}

/* ---- the rest ---- */

void testhost_tick(struct testhost *h)
{
        call_tick(&h->call, h->instance);
}

static bool add_reply(void *arg, struct pawl_str text)
{
        struct buf *reply = arg;

        if (reply != NULL)
                buf_add(reply, text.ptr, text.len);
        return true;
}

int32_t testhost_command(struct testhost *h, const char *const *argv, uint32_t argc, struct buf *reply)
{
        struct pawl_str *views = memory_zero(argc, sizeof *views);
        int32_t status = -1;
        uint32_t i, command;

        assert(argc > 0);
        for (i = 0; i < argc; i++)
                views[i] = pawl_text(argv[i]);
        if (call_find_command(h->instance, views[0], &command))
                status = call_command(&h->call, h->instance, command, views + 1, argc - 1, add_reply, reply);
        free(views);
        return status;
}

const char *testhost_health(struct testhost *h)
{
        struct scoreboard_reader *reader = scoreboard_reader_of(h->scoreboard);

        scoreboard_read_text(reader, SCOREBOARD_TEXT_HEALTH, h->health);
        scoreboard_reader_free(&reader);
        return h->health;
}

double testhost_metric(struct testhost *h, const char *name)
{
        struct scoreboard_reader *reader = scoreboard_reader_of(h->scoreboard);
        struct scoreboard_totals *t = memory_zero(1, sizeof *t);
        double value = 0;
        uint32_t i;

        scoreboard_read(reader, t);
        for (i = 0; i < t->metric_count; i++)
                if (strcmp(t->metrics[i].name, name) == 0)
                        value = t->metrics[i].type == SCOREBOARD_METRIC_COUNTER ? (double)t->metrics[i].counter
                                : t->metrics[i].type == SCOREBOARD_METRIC_GAUGE ? t->metrics[i].gauge
                                                                                : (double)t->metrics[i].histogram.count;
        scoreboard_reader_free(&reader);
        free(t);
        return value;
}
