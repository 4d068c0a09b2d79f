/*
 * POST /v1/requests and what is done to one: the events of the three scenarios, made of what the caller gives, what his token says and what the read
 * model knows. The caller's text goes into the event as he wrote it (an amount keeps every digit); what it lacks is put in front.
 */
#include "gateway.h"
#include "intake.h"
#include "numbers.h"
#include "roles.h"
#include "routes.h"
#include "sending.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct command {
        struct exchange *ex;
        json_t *given; /* the body */
        json_t *faults;
        struct text lead; /* members to be put in front of the caller's */
        struct known_request request;
        struct submission *submission;
        int64_t taken; /* the number that was taken for it before; -1: none */
};

/* ---- The body ---- */

static void fault(struct command *c, const char *field, const char *expected, const char *found)
{
        json_array_append_new(c->faults,
                              json_pack("{s:s*, s:s, s:s}", "field", field, "expected", expected, "found", found));
}

static bool read_body(struct command *c)
{
        struct pawl_str body = text_view(&c->ex->body);
        json_error_t why;

        c->given = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, &why);
        if (json_is_object(c->given))
                return true;
        fault(c, NULL, "a JSON object", c->given != NULL ? "another JSON value" : why.text);
        return false;
}

static bool has(const struct command *c, const char *name)
{
        return json_object_get(c->given, name) != NULL;
}

/* The member's number; -1 where it is no integer of 0 or more. */
static int64_t given_id(const struct command *c, const char *name)
{
        const json_t *value = json_object_get(c->given, name);

        return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value) : -1;
}

static void lead_id(struct command *c, const char *name, int64_t value)
{
        if (!has(c, name) && value >= 0)
                text_printf(&c->lead, ",\"%s\":%" PRId64, name, value);
}

/* {"event_type":…, what was missing, what was given}: routing finds the type first. */
static void write_event(struct command *c, struct text *event)
{
        const char *body = c->ex->body.data;
        size_t len = c->ex->body.len;

        text_printf(event, "{\"event_type\":\"%s\"", c->ex->route->event_type);
        text_add(event, text_view(&c->lead).ptr, c->lead.len);
        body = memchr(body, '{', len);
        len -= (size_t)(body - c->ex->body.data) + 1;
        if (json_object_size(c->given) > 0)
                text_add(event, ",", 1);
        text_add(event, body + 1, len);
}

/* ---- What came before ---- */

/* False: the answer is set. The keys are in the submission, not claimed yet. */
static bool look_up(struct command *c)
{
        struct exchange *ex = c->ex;
        struct pawl_str asked = text_view(&ex->body);
        const char *id = json_string_value(json_object_get(c->given, "event_id"));
        struct replay_key key;
        int64_t taken;

        if (sending_key(ex, asked, &key)) {
                if (sending_known(ex, &key, &c->taken) == SENDING_ANSWERED)
                        return false;
                c->submission->keyed = true;
                c->submission->replay = key;
        }
        if (id != NULL) {
                key = replay_key_of("event", ex->caller.name, pawl_text(id), asked, ex->path);
                if (sending_known(ex, &key, &taken) == SENDING_ANSWERED)
                        return false;
                c->taken = c->taken >= 0 ? c->taken : taken;
        }
        return true;
}

/* ---- What is known ---- */

static bool unknown(struct exchange *ex)
{
        exchange_problem(ex, 404, "request %" PRId64 " is not known here", ex->id);
        return false;
}

static bool find_request(struct command *c)
{
        struct exchange *ex = c->ex;
        int found = model_find(ex->gateway->reader, ex->id, &c->request);

        if (found < 0) {
                exchange_problem(ex, 503, "what is known of requests cannot be read now");
                answer_header(&ex->answer, "Retry-After", "1");
                return false;
        }
        if (found == 0 || !caller_may_see(&ex->caller, &c->request))
                return unknown(ex);
        return true;
}

static bool check_state(struct command *c, enum state to)
{
        state_set needed = states_before(to);
        char states[200];

        if (needed & STATE_SET(c->request.state))
                return true;
        exchange_problem(c->ex, 409, "request %" PRId64 " is %s; %s is possible only while it is %s", c->request.id,
                         state_name(c->request.state), c->ex->route->event_type,
                         states_text(needed, states, sizeof states));
        return false;
}

/* Whoever is not an admin speaks for himself. */
static bool check_self(struct command *c, const char *name)
{
        const struct caller *caller = &c->ex->caller;

        if (!has(c, name) || given_id(c, name) == caller->user_id || caller->role == ROLE_ADMIN)
                return true;
        exchange_problem(c->ex, 403, "%s: expected the token's own user %" PRId64, name, caller->user_id);
        return false;
}

/* ---- The four ---- */

static bool use_path(struct command *c)
{
        char expected[64], *found;

        if (!has(c, "request_id")) {
                lead_id(c, "request_id", c->ex->id);
        } else if (given_id(c, "request_id") != c->ex->id) {
                snprintf(expected, sizeof expected, "%" PRId64 ", as in the path", c->ex->id);
                found = json_dumps(json_object_get(c->given, "request_id"), JSON_COMPACT | JSON_ENCODE_ANY);
                fault(c, "request_id", expected, found);
                free(found);
        }
        c->submission->request_id = c->ex->id;
        return true;
}

static bool prepare_create(struct command *c)
{
        struct exchange *ex = c->ex;
        int64_t id = given_id(c, "request_id");

        if (ex->caller.role == ROLE_CUSTOMER) {
                if (!check_self(c, "customer_id"))
                        return false;
                lead_id(c, "customer_id", ex->caller.user_id);
        }
        if (!has(c, "request_id")) {
                id = c->taken;
                if (id < 0 && !numbers_peek(ex, &id))
                        return false;
                lead_id(c, "request_id", id);
        } else if (id >= 0 && model_find(ex->gateway->reader, id, &c->request) == 1 &&
                   c->request.state != STATE_UNKNOWN) {
                exchange_problem(ex, 409, "request %" PRId64 " is there already", id);
                return false;
        }
        c->submission->request_id = id;
        return true;
}

static bool prepare_assign(struct command *c)
{
        const struct caller *caller = &c->ex->caller;
        int64_t manager = caller->role == ROLE_MANAGER ? caller->user_id : c->request.manager_id;

        if (!check_state(c, STATE_ASSIGNED))
                return false;
        lead_id(c, "manager_id", manager >= 0 ? manager : caller->user_id);
        if (!has(c, "previous_status"))
                text_printf(&c->lead, ",\"previous_status\":\"%s\"", state_name(c->request.state));
        return true;
}

static bool prepare_complete(struct command *c)
{
        const struct caller *caller = &c->ex->caller;

        if (!check_state(c, STATE_COMPLETED))
                return false;
        if (caller->role == ROLE_CONTRACTOR && !check_self(c, "contractor_id"))
                return false;
        lead_id(c, "contractor_id", c->request.contractor_id);
        return true;
}

static bool prepare_cancel(struct command *c)
{
        if (!check_state(c, STATE_CANCELLED) || !check_self(c, "cancelled_by"))
                return false;
        if (c->ex->caller.role == ROLE_CUSTOMER && !check_self(c, "customer_id"))
                return false;
        lead_id(c, "customer_id", c->request.customer_id);
        lead_id(c, "cancelled_by", c->ex->caller.user_id);
        return true;
}

/* ---- The way of each ---- */

/* The event as it will be, or its faults. */
static bool complete_event(struct command *c)
{
        struct exchange *ex = c->ex;
        struct text event = {0};
        char id[37], *found;
        bool own, good;

        if (has(c, "event_type")) {
                found = json_dumps(json_object_get(c->given, "event_type"), JSON_COMPACT | JSON_ENCODE_ANY);
                fault(c, "event_type", "nothing: the path says it", found);
                free(found);
                return false;
        }
        write_event(c, &event);
        intake_id(ex, 0, id);
        good = intake_add(ex, c->submission, text_view(&event), id, 0, c->faults, &own);
        text_free(&event);
        if (!good || json_array_size(c->faults) > 0)
                return false;
        if (own) {
                struct outgoing *o = &c->submission->items[0];

                o->replay =
                    replay_key_of("event", ex->caller.name, pawl_text(o->event_id), text_view(&ex->body), ex->path);
                o->keyed = true;
        }
        return true;
}

static void send_event(struct command *c)
{
        struct exchange *ex = c->ex;
        struct submission *s = c->submission;
        bool numbered = ex->route->run == requests_create && !has(c, "request_id") && c->taken < 0;

        c->submission = NULL;
        if (s->keyed)
                sending_claim(ex->gateway, &s->replay);
        if (s->items[0].keyed)
                sending_claim(ex->gateway, &s->items[0].replay);
        if (numbered)
                numbers_use(ex->gateway);
        if (numbered && (s->keyed || s->items[0].keyed))
                sending_reserve(ex, s);
        else
                sending_begin(ex, s);
}

static void carry_out(struct exchange *ex, bool (*prepare)(struct command *c), bool existing)
{
        struct command c = {.ex = ex, .faults = json_array(), .submission = submission_new(), .taken = -1};
        bool good = read_body(&c);

        if (good && look_up(&c) && (!existing || (find_request(&c) && use_path(&c))) && prepare(&c)) {
                if (complete_event(&c)) {
                        if (!sending_impossible(ex))
                                send_event(&c);
                } else {
                        good = false;
                }
        }
        if (!good)
                intake_refuse(ex, json_incref(c.faults));
        free(c.request.details);
        submission_free(&c.submission);
        text_free(&c.lead);
        json_decref(c.given);
        json_decref(c.faults);
}

void requests_create(struct exchange *ex)
{
        carry_out(ex, prepare_create, false);
}

void requests_assign(struct exchange *ex)
{
        carry_out(ex, prepare_assign, true);
}

void requests_complete(struct exchange *ex)
{
        carry_out(ex, prepare_complete, true);
}

void requests_cancel(struct exchange *ex)
{
        carry_out(ex, prepare_cancel, true);
}
