#include "handling.h"
#include "history.h"

#include "deadlines.h"
#include "emitted.h"
#include "managers.h"

#include "common/cut.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- The state machine ---- */

/* The event needs a request in one of these states: is it, can it come to be, or can it never again? */
static pawl_result require(struct handling *h, state_set needed)
{
        struct pawl_str type = pawl_event_type(h->ev);
        enum state known = h->request.state;
        char states[STATES_TEXT_SIZE];

        if (needed & STATE_SET(known))
                return PAWL_OK;
        states_text(needed, states, sizeof states);
        if (states_ahead(known, needed))
                return pawl_wait(h->ctx, "request %" PRId64 " is %s; %.*s waits until it is %s", h->request.id,
                                 state_name(known), (int)type.len, type.ptr, states);
        return pawl_reject(h->ctx, "request %" PRId64 " is %s; %.*s is possible only while it is %s", h->request.id,
                           state_name(known), (int)type.len, type.ptr, states);
}

pawl_result handling_move(struct handling *h, enum state to)
{
        h->to = to;
        return require(h, states_before(to));
}

/* The event leaves the state as it is. */
static pawl_result stay(struct handling *h)
{
        h->to = h->request.state;
        return PAWL_OK;
}

static pawl_result written(struct handling *h, bool ok)
{
        return ok ? PAWL_OK : db_outcome(h->db, h->ctx);
}

/* A member that must be a state's name; the reject names those that there are. */
static pawl_result read_state(struct handling *h, const char *member, enum state *state)
{
        char expected[STATES_TEXT_SIZE];

        if (state_parse(field_string(h->ev, member), state))
                return PAWL_OK;
        states_text(~STATE_SET(STATE_UNKNOWN), expected, sizeof expected);
        return pawl_reject_field(h->ctx, h->ev, member, expected);
}

/* ---- request.* ---- */

/* The request becomes new, and a manager is chosen; he has it when the event that says so comes back from its topic. */
static pawl_result on_created(struct handling *h)
{
        struct request request = {
            .id = h->request.id,
            .state = STATE_NEW,
            .customer_id = field_int(h->ev, "customer_id"),
            .title = field_string(h->ev, "title"),
            .region = field_string(h->ev, "region"),
            .urgency = field_string(h->ev, "urgency"),
            .equipment = field_string(h->ev, "equipment_type"),
            .own_priority = field_string(h->ev, "priority"),
        };
        pawl_result result = handling_move(h, STATE_NEW);
        struct choice choice;

        if (result != PAWL_OK)
                return result;
        if (!managers_choose(h->db, h->rules, request.region, h->time, &choice) ||
            !managers_given(h->db, choice.manager_id))
                return db_outcome(h->db, h->ctx);
        request.chosen_manager_id = choice.manager_id;
        request.priority = rules_priority(h->rules, request.urgency, request.equipment, request.own_priority);
        h->emit_type = "workflow.manager_assigned";
        h->emit = emitted_assignment(h, &request, choice.reason);
        if (h->emit == NULL)
                return pawl_retry(h->ctx, "out of memory");
        return written(h, requests_insert(h->db, &request));
}

static pawl_result reject_detail(struct handling *h, const char *path, const json_t *value)
{
        char *found = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        struct pawl_str shown = cut(pawl_text(found != NULL ? found : ""), 80);
        pawl_result result = pawl_reject(h->ctx, "%s: expected a string, found %.*s", path, (int)shown.len, shown.ptr);

        free(found);
        return result;
}

/* The details that a request.updated may change; each is a string, and null says nothing. */
static pawl_result read_details(struct handling *h, const json_t *changed, struct request *request)
{
        const struct {
                const char *name;
                const char *path;
                struct pawl_str *to;
        } details[] = {
            {"title", "updated_fields.title", &request->title},
            {"urgency", "updated_fields.urgency", &request->urgency},
            {"equipment_type", "updated_fields.equipment_type", &request->equipment},
            {"priority", "updated_fields.priority", &request->own_priority},
        };

        for (size_t i = 0; i < sizeof details / sizeof details[0]; i++) {
                const json_t *value = json_object_get(changed, details[i].name);

                if (value == NULL || json_is_null(value))
                        continue;
                if (!json_is_string(value))
                        return reject_detail(h, details[i].path, value);
                *details[i].to = pawl_bytes(json_string_value(value), json_string_length(value));
        }
        return PAWL_OK;
}

/* What the customer says while he is asked is the answer. A changed urgency or equipment changes the priority. */
static pawl_result on_updated(struct handling *h)
{
        pawl_result result = require(h, ~STATE_SET(STATE_UNKNOWN));
        struct request request = h->request;
        const json_t *event;

        h->to = h->request.state;
        if (result != PAWL_OK)
                return result;
        event = pawl_event_json(h->ev);
        /* The host makes a dead letter of it, whatever it is called here; so it must do nothing. */
        result = event != NULL ? read_details(h, json_object_get(event, "updated_fields"), &request)
                               : pawl_reject(h->ctx, "expected an event that can be read in full");
        if (result != PAWL_OK)
                return result;
        if (h->request.state == STATE_CLARIFICATION && field_int(h->ev, "updated_by") == h->request.customer_id)
                h->to = STATE_MANAGER_REVIEW;
        if (request.urgency.ptr != h->request.urgency.ptr || request.equipment.ptr != h->request.equipment.ptr ||
            request.own_priority.ptr != h->request.own_priority.ptr)
                request.priority = rules_priority(h->rules, request.urgency, request.equipment, request.own_priority);
        return written(h, requests_set_details(h->db, &request));
}

/* ---- workflow.* ---- */

/* Who has it already, or was chosen to, has had his turn. */
static pawl_result take_manager(struct handling *h, int64_t manager)
{
        const struct request *r = &h->request;
        int64_t holder = r->manager_id >= 0 ? r->manager_id : r->chosen_manager_id;
        pawl_result result;

        h->to = STATE_MANAGER_REVIEW;
        result = require(h, STATE_SET(STATE_NEW) | STATE_SET(STATE_MANAGER_REVIEW));
        if (result != PAWL_OK)
                return result;
        if (manager != holder && !managers_given(h->db, manager))
                return db_outcome(h->db, h->ctx);
        return written(h, requests_set_manager(h->db, r->id, manager));
}

/*
 * This plugin's own decisions come back here, like anybody's. Others act meanwhile: they cancel the request, assign a manager by
 * themselves, send it to contractors. Then the decision is overtaken and changes nothing; it is no impossible event.
 */
static pawl_result on_manager_assigned(struct handling *h)
{
        bool current = false;
        int own = deadlines_escalation(h->db, pawl_event_id(h->ev), h->request.id, &current);

        if (own == 0) {
                own = emitted_own(h);
                current = h->request.state == STATE_NEW;
        }
        if (own < 0)
                return db_outcome(h->db, h->ctx);
        return own > 0 && !current ? stay(h) : take_manager(h, field_int(h->ev, "manager_id"));
}

/* previous_status is what its producer saw, and is not relied upon: what is known here decides. */
static pawl_result on_contractor_assigned(struct handling *h)
{
        enum state to = STATE_ASSIGNED;
        pawl_result result = PAWL_OK;

        if (field_string(h->ev, "new_status").ptr != NULL)
                result = read_state(h, "new_status", &to);
        if (result == PAWL_OK && to != STATE_ASSIGNED)
                result = pawl_reject_field(h->ctx, h->ev, "new_status", "\"assigned\"");
        if (result == PAWL_OK)
                result = handling_move(h, STATE_ASSIGNED);
        if (result != PAWL_OK)
                return result;
        return written(h, requests_set_contractor(h->db, h->request.id, field_int(h->ev, "contractor_id")));
}

/*
 * The transitions that have no event of their own; one that another event brought about already is only noted. So is one that this plugin
 * told of itself: by the time it comes back the request may have gone on, and even come to previous_status again.
 */
static pawl_result on_status_changed(struct handling *h)
{
        enum state from = STATE_UNKNOWN;
        enum state to = STATE_UNKNOWN;
        pawl_result result = read_state(h, "previous_status", &from);
        int own;

        if (result == PAWL_OK)
                result = read_state(h, "new_status", &to);
        if (result != PAWL_OK)
                return result;
        if (!(states_after(from) & STATE_SET(to)))
                return pawl_reject(h->ctx, "a request cannot go from %s to %s", state_name(from), state_name(to));
        own = emitted_own(h);
        if (own < 0)
                return db_outcome(h->db, h->ctx);
        if (own > 0 || h->request.state == to)
                return stay(h);
        h->to = to;
        return require(h, STATE_SET(from));
}

/* ---- The table ---- */

/* clang-format off */
static const struct event_rule event_rules[] = {
    /* type                          note                   who              announced                 to                         handle */
    {"request.created",              NULL,                  "customer_id",   NULL,                     STATE_UNKNOWN,             on_created},
    {"request.updated",              "update_reason",       "updated_by",    "clarification answered", STATE_UNKNOWN,             on_updated},
    {"request.cancelled",            "cancellation_reason", "cancelled_by",  "cancelled",              STATE_CANCELLED,           NULL},
    {"request.clarification_needed", "question",            "manager_id",    "clarification needed",   STATE_CLARIFICATION,       NULL},
    {"workflow.manager_assigned",    "assignment_reason",   "assigned_by",   NULL,                     STATE_UNKNOWN,             on_manager_assigned},
    {"workflow.sent_to_contractors", NULL,                  "manager_id",    NULL,                     STATE_SENT_TO_CONTRACTORS, NULL},
    {"workflow.contractor_assigned", "assignment_reason",   "manager_id",    NULL,                     STATE_UNKNOWN,             on_contractor_assigned},
    {"workflow.work_started",        NULL,                  "contractor_id", NULL,                     STATE_IN_PROGRESS,         NULL},
    {"workflow.work_completed",      "completion_notes",    "contractor_id", NULL,                     STATE_COMPLETED,           NULL},
    {"workflow.status_changed",      "reason",              "changed_by",    NULL,                     STATE_UNKNOWN,             on_status_changed},
};
/* clang-format on */

const struct event_rule *event_rule_find(struct pawl_str type)
{
        for (size_t i = 0; i < sizeof event_rules / sizeof event_rules[0]; i++) {
                const struct event_rule *rule = &event_rules[i];

                if (strlen(rule->event_type) == type.len && memcmp(rule->event_type, type.ptr, type.len) == 0)
                        return rule;
        }
        return NULL;
}
