#include "sending.h"

#include "gateway.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_SOON 1 /* Retry-After, seconds */
#define AGAIN_AWAY 2

/* ---- What came before ---- */

#define KEPT_BODY (256 * 1024) /* a longer answer is not kept */

static void say_again(struct exchange *ex, const struct journal_row *row)
{
        answer_text(&ex->answer, row->status, "application/json", pawl_text(row->body));
        answer_header(&ex->answer, "Idempotent-Replayed", "true");
        if (row->request_id >= 0)
                answer_header(&ex->answer, "Location", "/v1/requests/%" PRId64, row->request_id);
        pawl_metric_add(ex->gateway->instance, METRIC_REPLAYED, 1);
}

int sending_known(struct exchange *ex, const struct replay_key *key, int64_t *request_id)
{
        struct journal_row row;
        int known = SENDING_ANSWERED;

        *request_id = -1;
        switch (replay_look(ex->gateway->replay, key, &row)) {
        case REPLAY_SAME:
                if (row.body != NULL)
                        say_again(ex, &row);
                else
                        known = SENDING_REPEATED;
                break;
        case REPLAY_TAKEN:
                *request_id = row.request_id;
                known = SENDING_NEW;
                break;
        case REPLAY_RUNNING:
                exchange_problem(ex, 409,
                                 "an event with this event_id, or a request with this Idempotency-Key, is on its "
                                 "way and not answered yet");
                answer_header(&ex->answer, "Retry-After", "%d", AGAIN_SOON);
                break;
        case REPLAY_OTHER:
                exchange_problem(ex, 409,
                                 "this event_id or Idempotency-Key was used for something else within 24 hours");
                break;
        case REPLAY_UNKNOWN:
                exchange_problem(ex, 503, "whether this came before cannot be looked up now");
                answer_header(&ex->answer, "Retry-After", "%d", AGAIN_SOON);
                break;
        default:
                known = SENDING_NEW;
                break;
        }
        free(row.body);
        return known;
}

bool sending_key(const struct exchange *ex, struct pawl_str asked, struct replay_key *key)
{
        if (ex->idempotency_key.ptr == NULL)
                return false;
        *key = replay_key_of("key", ex->caller.name, ex->idempotency_key, asked, ex->path);
        return true;
}

/* ---- Answers ---- */

static const char *outcome_name(const struct outgoing *o)
{
        return o->repeated                     ? "repeated"
               : o->status == 0                ? "published"
               : o->status == PAWL_E_CANCELLED ? "unknown"
               : o->status == BUS_ON_ITS_WAY   ? "unknown"
               : o->status == PAWL_E_REFUSED   ? "refused"
                                               : "not published";
}

/* Written by hand: ids are UUIDs, and a batch has many. */
static void list_events(const struct submission *s, struct text *to)
{
        text_printf(to, "\"events\":[");
        for (size_t i = 0; i < s->count; i++)
                text_printf(to, "%s{\"line\":%" PRIu32 ",\"event_id\":\"%s\",\"status\":\"%s\"}", i > 0 ? "," : "",
                            s->items[i].line, s->items[i].event_id, outcome_name(&s->items[i]));
        text_printf(to, "]");
}

static char *batch_accepted(const struct submission *s)
{
        struct text body = {0};
        size_t repeated = 0;

        for (size_t i = 0; i < s->count; i++)
                repeated += s->items[i].repeated;
        text_printf(&body, "{\"published\":%zu,\"repeated\":%zu,", s->count - repeated, repeated);
        list_events(s, &body);
        text_printf(&body, "}");
        return body.data;
}

static char *single_accepted(const struct submission *s)
{
        const struct outgoing *o = &s->items[0];
        json_t *document = json_pack("{ss, ss, ss}", "event_id", o->event_id, "topic", o->topic, "key", o->key);
        char *body;

        if (o->correlation_id[0] != '\0')
                json_object_set_new(document, "correlation_id", json_string(o->correlation_id));
        if (s->request_id >= 0)
                json_object_set_new(document, "request_id", json_integer(s->request_id));
        body = json_dumps(document, JSON_COMPACT);
        json_decref(document);
        return body;
}

static void add_events(json_t *problem, const struct submission *s)
{
        struct text list = {0};
        json_t *events;

        if (!s->batch)
                return;
        text_printf(&list, "{");
        list_events(s, &list);
        text_printf(&list, "}");
        events = json_loadb(list.data, list.len, 0, NULL);
        json_object_update(problem, events);
        json_decref(events);
        text_free(&list);
}

/* It is not known, or known not, to be on the bus; never a yes. */
static void say_failed(struct exchange *ex, const struct submission *s, int32_t status)
{
        json_t *problem;

        if (status == PAWL_E_REFUSED)
                problem = problem_new(502, ex->path, "the bus refuses it for good; it is not published");
        else if (status == PAWL_E_TOO_LARGE)
                problem = problem_new(413, ex->path, "an event is larger than the bus takes; it is not published");
        else if (status == PAWL_E_STATE)
                problem = problem_new(503, ex->path,
                                      "the gateway is being replaced; what is not published must be sent again");
        else
                problem = problem_new(503, ex->path,
                                      "no acknowledgement came from the bus: it is not known whether it is published. "
                                      "Repeat with the same event_id or Idempotency-Key");
        add_events(problem, s);
        problem_answer(&ex->answer, problem);
        if (ex->answer.status == 503)
                answer_header(&ex->answer, "Retry-After", "%d", status == PAWL_E_STATE ? AGAIN_SOON : AGAIN_AWAY);
}

/* The first thing that went wrong; 0: nothing did. */
static int32_t status_of(const struct submission *s)
{
        int32_t status = 0;

        for (size_t i = 0; i < s->count && status == 0; i++)
                status = s->items[i].status;
        return status;
}

static void remember_one(struct gateway *gw, const struct submission *s, const struct replay_key *key, bool good,
                         const char *body)
{
        if (good)
                replay_end(gw->replay, key, s->request_id, 202, body);
        else
                replay_drop(gw->replay, key);
}

/* Each event that is on the bus, and the whole if all are. */
static void remember(struct gateway *gw, const struct submission *s, bool good, const char *body)
{
        if (s->keyed)
                remember_one(gw, s, &s->replay, good, body != NULL && strlen(body) <= KEPT_BODY ? body : NULL);
        for (size_t i = 0; i < s->count; i++)
                if (s->items[i].keyed)
                        remember_one(gw, s, &s->items[i].replay, s->items[i].status == 0, s->batch ? NULL : body);
}

static void say_accepted(struct exchange *ex, const struct submission *s, const char *body)
{
        answer_text(&ex->answer, 202, "application/json", pawl_text(body));
        if (s->request_id >= 0)
                answer_header(&ex->answer, "Location", "/v1/requests/%" PRId64, s->request_id);
}

static char *accepted(const struct submission *s)
{
        return s->batch ? batch_accepted(s) : single_accepted(s);
}

void sending_again(struct exchange *ex, struct submission *s)
{
        char *body;

        for (size_t i = 0; i < s->count; i++)
                s->items[i].status = 0;
        body = accepted(s);
        say_accepted(ex, s, body);
        answer_header(&ex->answer, "Idempotent-Replayed", "true");
        pawl_metric_add(ex->gateway->instance, METRIC_REPLAYED, 1);
        free(body);
        sending_release(ex->gateway, s);
        submission_free(&s);
}

void sending_concluded(void *arg, struct submission *s)
{
        struct gateway *gw = arg;
        struct exchange *ex = s->exchange;
        int32_t status = status_of(s);
        char *body = status == 0 ? accepted(s) : NULL;

        remember(gw, s, status == 0, body);
        pawl_metric_add(gw->instance, METRIC_EVENTS, status == 0 ? s->count : 0);
        if (ex != NULL) {
                ex->submission = NULL;
                if (status == 0)
                        say_accepted(ex, s, body);
                else
                        say_failed(ex, s, status);
                exchange_done(ex);
        }
        free(body);
}

void sending_late(void *arg, struct submission *s)
{
        (void)arg;
        s->exchange->submission = NULL;
        say_failed(s->exchange, s, PAWL_E_CANCELLED);
        exchange_done(s->exchange);
}

/* ---- On their way ---- */

bool sending_impossible(struct exchange *ex)
{
        char trouble[256];

        if (server_closing(ex->gateway->server)) {
                exchange_problem(ex, 503, "the gateway is being replaced; nothing is published, send it again");
                answer_header(&ex->answer, "Retry-After", "%d", AGAIN_SOON);
                return true;
        }
        if (bus_away(ex->gateway->bus)) {
                exchange_problem(ex, 503, "nothing is published: %s",
                                 gateway_trouble(ex->gateway, trouble, sizeof trouble));
                answer_header(&ex->answer, "Retry-After", "%d", AGAIN_AWAY);
                return true;
        }
        return false;
}

static void refuse(struct exchange *ex, const struct submission *s, int32_t status)
{
        if (status == PAWL_E_FULL) {
                exchange_problem(ex, 429, "more is on its way to the bus than may be; nothing is published");
                answer_header(&ex->answer, "Retry-After", "%d", AGAIN_SOON);
        } else if (status == PAWL_E_INVALID) {
                exchange_problem(ex, 500, "the host takes no such event");
        } else {
                say_failed(ex, s, status);
        }
}

void sending_claim(struct gateway *gw, const struct replay_key *key)
{
        replay_begin(gw->replay, key);
}

void sending_release(struct gateway *gw, const struct submission *s)
{
        if (s->keyed)
                replay_drop(gw->replay, &s->replay);
        for (size_t i = 0; i < s->count; i++)
                if (s->items[i].keyed)
                        replay_drop(gw->replay, &s->items[i].replay);
}

/* The keys are taken: out with it. */
static void send_out(struct gateway *gw, struct submission *s)
{
        struct exchange *ex = s->exchange;
        int32_t status = bus_send(gw->bus, s);

        if (status == 0)
                return;
        for (size_t i = 0; i < s->count; i++)
                s->items[i].status = PAWL_E_STATE; /* for the answer: not published */
        sending_release(gw, s);
        if (ex != NULL) {
                ex->submission = NULL;
                refuse(ex, s, status);
                exchange_done(ex);
        }
        submission_free(&s);
}

static void attach(struct exchange *ex, struct submission *s)
{
        s->exchange = ex;
        ex->submission = s;
}

void sending_begin(struct exchange *ex, struct submission *s)
{
        attach(ex, s);
        send_out(ex->gateway, s);
}

void sending_reserve(struct exchange *ex, struct submission *s)
{
        struct gateway *gw = ex->gateway;

        attach(ex, s);
        s->next = gw->reserving;
        s->previous = NULL;
        if (gw->reserving != NULL)
                gw->reserving->previous = s;
        gw->reserving = s;
        s->deadline = pawl_monotonic(gw->instance) + pawl_setting_int(gw->instance, "ack_timeout");
        replay_reserve(gw->replay, s->keyed ? &s->replay : &s->items[0].replay, s->request_id, s);
}

void sending_reserved(void *arg, void *waiter)
{
        struct gateway *gw = arg;
        struct submission *s = waiter;

        if (s->previous != NULL)
                s->previous->next = s->next;
        else
                gw->reserving = s->next;
        if (s->next != NULL)
                s->next->previous = s->previous;
        if (s->exchange != NULL) {
                send_out(gw, s);
                return;
        }
        /* The caller was told that nothing is published; when he comes again, the same number is found in the file. */
        sending_release(gw, s);
        submission_free(&s);
}

void sending_give_up(struct gateway *gw, int64_t now)
{
        for (struct submission *s = gw->reserving; s != NULL; s = s->next) {
                struct exchange *ex = s->exchange;

                if (ex == NULL || s->deadline > now)
                        continue;
                s->exchange = NULL;
                ex->submission = NULL;
                exchange_problem(ex, 503,
                                 "the request's number cannot be written now; nothing is published, send it again");
                answer_header(&ex->answer, "Retry-After", "%d", AGAIN_AWAY);
                exchange_done(ex);
        }
}
