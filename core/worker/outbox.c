/*
 * What goes out: emits and dead letters by the engine's order, and what the plugin publishes. Each is one `send`; the producer
 * gives its number back in the report. What a topic's limit holds back waits in a queue of that topic, so that a slow
 * destination holds up no other.
 */
#include "base/memory.h"
#include "worker/deadletter.h"
#include "worker/worker_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NO_SEND       UINT32_MAX
#define PUBLISH_AGAIN CLOCK_S /* before a publication that the broker cannot take now is tried again */

enum send_kind { SEND_FREE, SEND_EMIT, SEND_DEAD_LETTER, SEND_PUBLICATION };

struct send {
        uint8_t kind;
        uint32_t slot; /* EMIT, DEAD_LETTER: whose */
        uint32_t tag;
        uint32_t next; /* in its destination's queue, or of the free ones */
        uint32_t destination;
        int64_t since;
        struct emit *emit;              /* EMIT: of the slot's list */
        struct publish *publish;        /* PUBLICATION */
        struct message_header *headers; /* DEAD_LETTER: made for it */
        size_t header_count;
};

struct destination {
        char *topic;
        uint32_t first, last; /* what waits for room, oldest first */
        int64_t retry_at;     /* nothing is tried before; 0: now */
};

/* ---- sends and destinations ---- */

static uint32_t destination_of(struct outbox *p, const char *topic)
{
        uint32_t i;

        for (i = 0; i < p->destination_count; i++) {
                if (strcmp(p->destinations[i].topic, topic) == 0)
                        return i;
        }
        p->destinations = memory_resize(p->destinations, i + 1, sizeof *p->destinations);
        p->destinations[i] = (struct destination){memory_string(topic), NO_SEND, NO_SEND, 0};
        p->destination_count = i + 1;
        return i;
}

static uint32_t send_new(struct worker *w, enum send_kind kind, const char *topic)
{
        struct outbox *p = &w->outbox;
        uint32_t id = p->free_first;

        if (id == NO_SEND) {
                if (p->send_count == p->send_cap) {
                        p->send_cap = p->send_cap != 0 ? p->send_cap * 2 : 256;
                        p->sends = memory_resize(p->sends, p->send_cap, sizeof *p->sends);
                }
                id = p->send_count++;
        } else {
                p->free_first = p->sends[id].next;
        }
        p->sends[id] = (struct send){.kind = (uint8_t)kind, .next = NO_SEND, .since = w->now};
        p->sends[id].destination = destination_of(p, topic);
        return id;
}

static void send_free(struct outbox *p, uint32_t id)
{
        free(p->sends[id].headers);
        p->sends[id] = (struct send){.kind = SEND_FREE, .next = p->free_first};
        p->free_first = id;
}

static void enqueue(struct outbox *p, uint32_t id)
{
        struct destination *to = &p->destinations[p->sends[id].destination];

        p->sends[id].next = NO_SEND;
        if (to->first == NO_SEND)
                to->first = id;
        else
                p->sends[to->last].next = id;
        to->last = id;
}

/* ---- what became of one ---- */

static void tell_engine(struct worker *w, const struct send *s, enum engine_delivery outcome)
{
        struct engine_input *in = worker_input(w, s->kind == SEND_EMIT ? ENGINE_DELIVERY : ENGINE_DEAD_LETTER);

        in->slot = s->slot;
        in->tag = s->tag;
        in->report.outcome = (uint16_t)outcome;
        if (s->kind == SEND_EMIT && outcome == ENGINE_DELIVERED)
                s->emit->delivered = true;
}

/* Callbacks of publications that are over; on a pool thread, when a run is to be had. */
static void run_callbacks(struct worker *w)
{
        struct pool_run *run = pool_take(w->pool);

        w->outbox.callbacks_due = run == NULL;
        if (run == NULL)
                return;
        run->kind = RUN_CALLBACKS;
        run->owner = NULL;
        pool_push(w->pool, run);
        pool_flush(w->pool);
}

static void published(struct worker *w, uint32_t id, int32_t status)
{
        struct publish *p = w->outbox.sends[id].publish;

        w->outbox.publishing--;
        send_free(&w->outbox, id);
        if (publish_answer(w->api->publish, p, status))
                run_callbacks(w);
}

static void say_refused(struct worker *w, const struct send *s, const char *why)
{
        const char *topic = w->outbox.destinations[s->destination].topic;
        struct log_event about;

        if (s->kind == SEND_PUBLICATION) {
                log_error("a message published to %s was refused: %s", topic, why);
                return;
        }
        handling_describe(w, s->slot, &about);
        log_about(LOG_LEVEL_ERROR, LOG_MARK_FAILED, &about, "%s to %s was refused: %s",
                  s->kind == SEND_EMIT ? "an emit" : "the dead letter", topic, why);
        if (s->kind == SEND_EMIT) { /* becomes the dead letter's text */
                struct held *held = held_at(w->held, s->slot);

                free(held->text);
                held->text = memory_printf("emit to %s refused: %s", topic, why);
        }
}

static void refused(struct worker *w, uint32_t id, const char *why)
{
        struct send *s = &w->outbox.sends[id];

        scoreboard_add(w->scoreboard, 0, SCOREBOARD_DELIVERY_FAILED, 1);
        say_refused(w, s, why);
        if (s->kind == SEND_PUBLICATION) {
                published(w, id, PAWL_E_REFUSED);
                return;
        }
        tell_engine(w, s, ENGINE_REFUSED);
        send_free(&w->outbox, id);
}

/* Not now. The engine orders its own again; publications are ours to try again. */
static void unreachable(struct worker *w, uint32_t id)
{
        struct send *s = &w->outbox.sends[id];

        scoreboard_add(w->scoreboard, 0, SCOREBOARD_DELIVERY_FAILED, 1);
        if (s->kind != SEND_PUBLICATION) {
                tell_engine(w, s, ENGINE_UNREACHABLE);
                send_free(&w->outbox, id);
        } else if (w->phase >= PHASE_CLOSING || w->outbox.abandoned) {
                published(w, id, PAWL_E_CANCELLED);
        } else {
                w->outbox.destinations[s->destination].retry_at = w->now + PUBLISH_AGAIN;
                enqueue(&w->outbox, id);
        }
}

static void delivered(struct worker *w, uint32_t id)
{
        struct send *s = &w->outbox.sends[id];
        struct log_event about;

        scoreboard_add(w->scoreboard, 0, SCOREBOARD_DELIVERED, 1);
        scoreboard_observe(w->scoreboard, 0, SCOREBOARD_HISTOGRAM_DELIVERY, w->now - s->since);
        if (s->kind == SEND_PUBLICATION) {
                published(w, id, 0);
                return;
        }
        if (s->kind == SEND_DEAD_LETTER) {
                const char *text = held_at(w->held, s->slot)->text;

                handling_describe(w, s->slot, &about);
                log_about(LOG_LEVEL_WARN, LOG_MARK_DEAD, &about, "dead letter written to %s%s%s",
                          w->outbox.destinations[s->destination].topic, text != NULL ? ": " : "",
                          text != NULL ? text : "");
        }
        tell_engine(w, s, ENGINE_DELIVERED);
        send_free(&w->outbox, id);
}

/* ---- pushing ---- */

static void fill_record(const struct worker *w, const struct send *s, struct producer_record *record)
{
        const struct emit *emit = s->kind == SEND_PUBLICATION ? s->publish->message : s->emit;

        record->topic = w->outbox.destinations[s->destination].topic;
        if (s->kind == SEND_DEAD_LETTER) {
                const struct message *m = &held_at(w->held, s->slot)->message;

                record->key = m->key;
                record->key_len = m->key_len;
                record->value = m->value;
                record->value_len = m->value_len;
                record->headers = s->headers;
                record->header_count = s->header_count;
                return;
        }
        record->key = emit->key;
        record->key_len = emit->key_len;
        record->value = emit->value;
        record->value_len = emit->value_len;
        record->headers = emit->headers;
        record->header_count = emit->header_count;
}

/* False: the destination has no room, the send stays the caller's. */
static bool push(struct worker *w, uint32_t id)
{
        struct send *s = &w->outbox.sends[id];
        struct producer_record record = {.tag = id};
        struct pawl_error err;

        fill_record(w, s, &record);
        switch (producer_push(w->outbox.producer, &record, &err)) {
        case PUSH_TAKEN:
                free(s->headers); /* everything was copied */
                s->headers = NULL;
                return true;
        case PUSH_FULL:
                return false;
        case PUSH_REFUSED:
                refused(w, id, err.text);
                return true;
        case PUSH_AGAIN:
        default:
                unreachable(w, id);
                return true;
        }
}

static void submit(struct worker *w, uint32_t id)
{
        const struct destination *to = &w->outbox.destinations[w->outbox.sends[id].destination];

        if (to->first != NO_SEND || !push(w, id))
                enqueue(&w->outbox, id);
}

static void push_waiting(struct worker *w, uint32_t index)
{
        struct outbox *p = &w->outbox;

        while (p->destinations[index].first != NO_SEND && p->destinations[index].retry_at <= w->now) {
                struct destination *to = &p->destinations[index];
                uint32_t id = to->first;

                to->retry_at = 0;
                to->first = p->sends[id].next;
                if (push(w, id))
                        continue;
                p->sends[id].next = to->first; /* back to the front */
                if (to->first == NO_SEND)
                        to->last = id;
                to->first = id;
                return;
        }
}

/* ---- orders ---- */

void outbox_emits(struct worker *w, uint32_t slot, uint32_t tag)
{
        struct held *held = held_at(w->held, slot);
        struct emit *emit;

        for (emit = held->emits.first; emit != NULL; emit = emit->next) {
                uint32_t id;

                if (emit->delivered)
                        continue;
                id = send_new(w, SEND_EMIT, emit->topic);
                w->outbox.sends[id].slot = slot;
                w->outbox.sends[id].tag = tag;
                w->outbox.sends[id].emit = emit;
                submit(w, id);
        }
}

static const char *dead_letter_topic(struct worker *w, struct worker_partition *p)
{
        if (p->dead_letter_topic == NULL)
                p->dead_letter_topic = config_dead_letter_topic(&w->cfg->topics, p->topic);
        return p->dead_letter_topic;
}

/* What no handler was called for (it is no event) failed now. */
static int64_t failed_at(const struct worker *w, int64_t then)
{
        return (then == 0 ? w->now : then) + atomic_load_explicit(&w->wall_offset, memory_order_relaxed);
}

void outbox_dead_letter(struct worker *w, const struct engine_dead *dead)
{
        struct held *held = held_at(w->held, dead->slot);
        struct worker_partition *p = worker_partition(w, held->message.partition);
        uint32_t id = send_new(w, SEND_DEAD_LETTER, dead_letter_topic(w, p));
        struct send *s = &w->outbox.sends[id];
        struct deadletter_facts facts = {
            .plugin = w->plugin->name,
            .version = w->current->instance->build->descriptor.plugin.version,
            .group = w->plugin->group,
            .reason = dead->reason,
            .error = held->text,
            .topic = p->topic,
            .partition = p->number,
            .attempts = dead->attempts,
            .first_failure = failed_at(w, dead->first_failure),
            .last_failure = failed_at(w, dead->last_failure),
        };

        if (held->handler != NULL)
                facts.handler = held->handler->name;
        s->slot = dead->slot;
        s->tag = dead->tag;
        s->headers = deadletter_headers(held, &facts, &s->header_count);
        submit(w, id);
}

void outbox_published(struct worker *w)
{
        struct publish *p = publish_take(w->api->publish), *next;

        for (; p != NULL; p = next) {
                uint32_t id = send_new(w, SEND_PUBLICATION, p->message->topic);

                next = p->next;
                w->outbox.sends[id].publish = p;
                w->outbox.publishing++;
                submit(w, id);
        }
}

/* ---- serving ---- */

static void take_reports(struct worker *w)
{
        struct producer_report reports[128];
        size_t count, i;

        while ((count = producer_reports(w->outbox.producer, reports, 128)) > 0) {
                for (i = 0; i < count; i++) {
                        uint32_t id = (uint32_t)reports[i].tag;

                        assert(id < w->outbox.send_count && w->outbox.sends[id].kind != SEND_FREE);
                        if (reports[i].outcome == REPORT_DELIVERED)
                                delivered(w, id);
                        else if (reports[i].outcome == REPORT_REFUSED)
                                refused(w, id, reports[i].text);
                        else
                                unreachable(w, id);
                }
        }
}

static void take_notices(struct worker *w)
{
        struct producer_notice notice;

        while (producer_notice(w->outbox.producer, &notice)) {
                w->outbox.in_trouble = notice.trouble != TROUBLE_NONE;
                scoreboard_add(w->scoreboard, 0, SCOREBOARD_KAFKA_ERRORS, notice.trouble != TROUBLE_NONE);
                if (notice.trouble == TROUBLE_NONE)
                        log_info("Kafka, producing: %s", notice.text[0] != '\0' ? notice.text : "the trouble is over");
                control_alarm(w, ALARM_PRODUCER, "%s", notice.trouble == TROUBLE_NONE ? "" : notice.text);
        }
}

void outbox_serve(struct worker *w)
{
        struct outbox *p = &w->outbox;
        uint32_t i;

        p->serve_at = producer_serve(p->producer, w->now);
        w->producer_due = false;
        if (p->callbacks_due)
                run_callbacks(w);
        take_reports(w);
        take_notices(w);
        for (i = 0; i < p->destination_count; i++) {
                push_waiting(w, i);
                if (p->destinations[i].first != NO_SEND && p->destinations[i].retry_at > 0 &&
                    p->destinations[i].retry_at < p->serve_at)
                        p->serve_at = p->destinations[i].retry_at;
        }
}

void outbox_abandon(struct worker *w)
{
        struct outbox *p = &w->outbox;
        uint32_t i;

        p->abandoned = true;
        for (i = 0; i < p->destination_count; i++) {
                while (p->destinations[i].first != NO_SEND) {
                        uint32_t id = p->destinations[i].first;

                        p->destinations[i].first = p->sends[id].next;
                        unreachable(w, id);
                }
        }
        producer_abandon(p->producer);
        p->serve_at = 0;
}

bool outbox_idle(const struct worker *w)
{
        return w->outbox.publishing == 0 && producer_unacked(w->outbox.producer) == 0;
}

/* ---- opening and closing ---- */

bool outbox_open(struct worker *w, const struct client_options *client, struct pawl_error *err)
{
        struct producer_options options = {.client = *client};

        w->outbox.free_first = NO_SEND;
        w->outbox.producer = producer_open(&options, err);
        return w->outbox.producer != NULL;
}

void outbox_close(struct worker *w)
{
        struct outbox *p = &w->outbox;
        uint32_t i;

        producer_destroy(&p->producer);
        for (i = 0; i < p->send_count; i++)
                free(p->sends[i].headers);
        for (i = 0; i < p->destination_count; i++)
                free(p->destinations[i].topic);
        free(p->destinations);
        free(p->sends);
        *p = (struct outbox){.free_first = NO_SEND};
}
