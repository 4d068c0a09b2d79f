#include "events.h"

#include "deadlines.h"
#include "emitted.h"
#include "handling.h"
#include "history.h"
#include "schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- An event that was handled before ---- */

/* An id that two different events carry would make one of them disappear without a word. */
static pawl_result repeat(struct handling *h, const struct happening *before, int64_t number)
{
        struct pawl_str type = pawl_event_type(h->ev);

        if (before->request_id != h->request.id || before->event_type.len != type.len ||
            memcmp(before->event_type.ptr, type.ptr, type.len) != 0)
                return pawl_reject(h->ctx,
                                   "event_id %.*s: expected %.*s of request %" PRId64
                                   ", which was handled under this id, found %.*s of request %" PRId64,
                                   (int)before->source.len, before->source.ptr, (int)before->event_type.len,
                                   before->event_type.ptr, before->request_id, (int)type.len, type.ptr, h->request.id);
        return emissions_repeat(h->db, EMISSIONS, h->ctx, number);
}

/* ---- One that is new ---- */

/* Keeps what is emitted with its event's line of the history, and emits it. */
static pawl_result emit_new(struct handling *h, int64_t number)
{
        char *body = json_dumps(h->emit, JSON_COMPACT);
        struct emission emission = {.topic = pawl_text(WORKFLOW_TOPIC), .event_type = pawl_text(h->emit_type)};
        pawl_result result;
        char key[24];

        snprintf(key, sizeof key, "%" PRId64, h->request.id);
        emission.key = pawl_text(key);
        emission.body = pawl_text(body);
        if (body == NULL)
                return pawl_retry(h->ctx, "out of memory");
        result = emissions_emit(h->db, EMISSIONS, h->ctx, number, 0, &emission);
        free(body);
        return result;
}

/* "manager 101", "user 7"; absent where the event does not say. */
static struct pawl_str who_text(const struct handling *h, const char *member, char *out, size_t size)
{
        if (pawl_event_kind(h->ev, member) != PAWL_KIND_INT)
                return pawl_text(NULL);
        if (strcmp(member + strlen(member) - 3, "_id") == 0)
                snprintf(out, size, "%.*s %" PRId64, (int)strlen(member) - 3, member, field_int(h->ev, member));
        else
                snprintf(out, size, "user %" PRId64, field_int(h->ev, member));
        return pawl_text(out);
}

/* The request leaves one state and comes to another. */
static bool change_state(struct handling *h)
{
        const struct deadline_start start = {
            .request_id = h->request.id,
            .state = h->to,
            .entered = h->time,
            .now = pawl_now(h->ctx->instance),
            .correlation_id = pawl_event_correlation_id(h->ev),
        };

        return deadlines_end(h->db, h->request.id, h->time) &&
               requests_set_state(h->db, h->request.id, h->to, h->time) && deadlines_start(h->db, h->rules, &start);
}

static pawl_result write_down(struct handling *h, const struct event_rule *rule)
{
        bool moved = h->to != h->request.state;
        char who[48];
        struct happening happening = {
            .source = h->source,
            .request_id = h->request.id,
            .event_type = pawl_event_type(h->ev),
            .from = h->request.state,
            .to = h->to,
            .note = h->note,
            .time = pawl_event_timestamp(h->ev),
            .who = who_text(h, rule->who, who, sizeof who),
        };
        int64_t number;

        if (moved && !change_state(h))
                return db_outcome(h->db, h->ctx);
        if (!history_add(h->db, &happening, &number))
                return db_outcome(h->db, h->ctx);
        if (moved && rule->announced != NULL) {
                h->emit_type = "workflow.status_changed";
                h->emit = emitted_status(h, rule->who, rule->announced);
                if (h->emit == NULL)
                        return pawl_retry(h->ctx, "out of memory");
        }
        return h->emit != NULL ? emit_new(h, number) : PAWL_OK;
}

static pawl_result handle_new(struct handling *h, const struct event_rule *rule)
{
        pawl_result result;

        if (!requests_load(h->db, h->request.id, &h->request))
                return db_outcome(h->db, h->ctx);
        if (rule->note != NULL)
                h->note = field_string(h->ev, rule->note);
        result = rule->handle != NULL ? rule->handle(h) : handling_move(h, rule->to);
        if (result == PAWL_OK)
                result = write_down(h, rule);
        json_decref(h->emit);
        return result;
}

static int64_t time_of(struct pawl_ctx *ctx, const struct pawl_event *ev)
{
        int64_t time = pawl_event_timestamp(ev);

        return time >= 0 ? time : pawl_now(ctx->instance);
}

pawl_result events_handle(struct pawl_ctx *ctx, const struct pawl_event *ev, struct db *db, const struct rules *rules,
                          enum outcome *outcome)
{
        const struct event_rule *rule = event_rule_find(pawl_event_type(ev));
        struct handling h = {.ctx = ctx, .ev = ev, .db = db, .rules = rules, .time = time_of(ctx, ev)};
        struct happening before;
        char position[EMISSIONS_SOURCE_SIZE];
        pawl_result result;
        int64_t number;
        int found;

        if (rule == NULL)
                return pawl_reject(ctx, "no rule for this type of event");
        result = fields_check(ctx, ev);
        if (result != PAWL_OK)
                return result;
        h.request.id = field_int(ev, "request_id");
        h.source = emissions_source(ev, position);
        found = history_find(db, h.source, &before, &number);
        if (found < 0) {
                result = db_outcome(db, ctx);
        } else if (found > 0) {
                *outcome = OUTCOME_REPEATED;
                result = repeat(&h, &before, number);
        } else {
                result = handle_new(&h, rule);
                *outcome = h.to != h.request.state ? OUTCOME_MOVED : OUTCOME_NOTED;
        }
        requests_end(db);
        history_end(db);
        return result;
}
