#include "handling.h"

#include "common/iso_time.h"

#include <inttypes.h>
#include <string.h>

/* ---- The state machine ---- */

/* The event needs a request in one of these states: is it, can it come to be, or can it never again? */
static pawl_result require(struct handling *h, state_set needed)
{
        struct pawl_str type = pawl_event_type(h->ev);
        enum state known = h->request.state;
        char states[160];

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

static pawl_result written(struct handling *h, bool ok)
{
        return ok ? PAWL_OK : db_outcome(h->db, h->ctx);
}

/* ---- request.* ---- */

/* The settings' for that urgency, else `otherwise`. */
static struct pawl_str priority_for(const struct handling *h, struct pawl_str urgency, struct pawl_str otherwise)
{
        struct pawl_str priority = rules_priority(h->rules, urgency);

        return priority.ptr != NULL ? priority : otherwise;
}

/* The event that tells of the choice. Its time is written once and kept, so that a repeat is the same byte for byte. */
static json_t *assignment_json(const struct handling *h, const struct request *request, bool by_region)
{
        char time[ISO_TIME_SIZE];
        json_t *reason =
            by_region ? json_pack("s+%", "region ", request->region.ptr, request->region.len)
                      : json_pack("s+%", "default, no manager for region ", request->region.ptr, request->region.len);

        return json_pack("{sI sI sI so ss}", "request_id", (json_int_t)request->id, "manager_id",
                         (json_int_t)request->chosen_manager_id, "assigned_by", (json_int_t)request->chosen_by,
                         "assignment_reason", reason, "timestamp", iso_time_format(pawl_now(h->ctx->instance), time));
}

/* The request becomes new, and a manager is chosen; he has it when the event that says so comes back from its topic. */
static pawl_result on_created(struct handling *h)
{
        struct pawl_str own = field_string(h->ev, "priority");
        struct request request = {
            .id = h->request.id,
            .state = STATE_NEW,
            .customer_id = field_int(h->ev, "customer_id"),
            .chosen_by = rules_assigned_by(h->rules),
            .title = field_string(h->ev, "title"),
            .region = field_string(h->ev, "region"),
            .urgency = field_string(h->ev, "urgency"),
        };
        pawl_result result = handling_move(h, STATE_NEW);
        bool by_region;

        if (result != PAWL_OK)
                return result;
        request.chosen_manager_id = rules_manager(h->rules, request.region, request.id, &by_region);
        request.priority = priority_for(h, request.urgency, own.ptr != NULL ? own : pawl_text("normal"));
        h->assignment = assignment_json(h, &request, by_region);
        if (h->assignment == NULL)
                return pawl_retry(h->ctx, "out of memory");
        return written(h, requests_insert(h->db, &request));
}

/* No transition. A changed urgency changes the priority. */
static pawl_result on_updated(struct handling *h)
{
        json_t *changed = json_object_get(pawl_event_json(h->ev), "updated_fields");
        json_t *urgency = json_object_get(changed, "urgency");
        pawl_result result = require(h, ~STATE_SET(STATE_UNKNOWN));
        struct pawl_str text;

        h->to = h->request.state;
        if (result != PAWL_OK || urgency == NULL || json_is_null(urgency))
                return result;
        if (!json_is_string(urgency))
                return pawl_reject(h->ctx, "updated_fields.urgency: expected a string");
        text = pawl_bytes(json_string_value(urgency), json_string_length(urgency));
        return written(h, requests_set_urgency(h->db, h->request.id, text, priority_for(h, text, pawl_text("normal"))));
}

/* ---- workflow.* ---- */

/*
 * This plugin's own choice comes back here, like anybody's. Others act meanwhile: they cancel the request, or assign a manager by
 * themselves. Then the choice is overtaken and changes nothing; it is no impossible event.
 */
static pawl_result on_manager_assigned(struct handling *h)
{
        const struct request *request = &h->request;
        int64_t manager = field_int(h->ev, "manager_id");
        bool own = request->state != STATE_UNKNOWN && manager == request->chosen_manager_id &&
                   field_int(h->ev, "assigned_by") == request->chosen_by;
        pawl_result result;

        if (own && request->state != STATE_NEW) {
                h->to = request->state;
                return PAWL_OK;
        }
        h->to = STATE_MANAGER_REVIEW;
        result = require(h, STATE_SET(STATE_NEW) | STATE_SET(STATE_MANAGER_REVIEW));
        return result == PAWL_OK ? written(h, requests_set_manager(h->db, request->id, manager)) : result;
}

/* previous_status is what its producer saw, and is not relied upon: what is known here decides. */
static pawl_result on_contractor_assigned(struct handling *h)
{
        struct pawl_str new_status = field_string(h->ev, "new_status");
        enum state to = STATE_ASSIGNED;
        pawl_result result;

        if (new_status.ptr != NULL && (!state_parse(new_status, &to) || to != STATE_ASSIGNED))
                return pawl_reject_field(h->ctx, h->ev, "new_status", "\"assigned\"");
        result = handling_move(h, STATE_ASSIGNED);
        if (result != PAWL_OK)
                return result;
        return written(h, requests_set_contractor(h->db, h->request.id, field_int(h->ev, "contractor_id")));
}

/* The transitions that have no event of their own; one that another event brought about already is only noted. */
static pawl_result on_status_changed(struct handling *h)
{
        enum state from = STATE_UNKNOWN;
        enum state to = STATE_UNKNOWN;

        if (!state_parse(field_string(h->ev, "previous_status"), &from))
                return pawl_reject_field(h->ctx, h->ev, "previous_status", "a state of a request");
        if (!state_parse(field_string(h->ev, "new_status"), &to))
                return pawl_reject_field(h->ctx, h->ev, "new_status", "a state of a request");
        if (!(states_after(from) & STATE_SET(to)))
                return pawl_reject(h->ctx, "a request cannot go from %s to %s", state_name(from), state_name(to));
        h->to = to;
        if (h->request.state == to)
                return PAWL_OK;
        return require(h, STATE_SET(from));
}

/* ---- The table ---- */

/* clang-format off */
static const struct event_rule event_rules[] = {
    {"request.created",              NULL,                  STATE_UNKNOWN,        on_created},
    {"request.updated",              "update_reason",       STATE_UNKNOWN,        on_updated},
    {"request.cancelled",            "cancellation_reason", STATE_CANCELLED,      NULL},
    {"request.clarification_needed", "question",            STATE_CLARIFICATION,  NULL},
    {"workflow.manager_assigned",    "assignment_reason",   STATE_UNKNOWN,        on_manager_assigned},
    {"workflow.sent_to_contractors", NULL,                  STATE_SENT_TO_CONTRACTORS, NULL},
    {"workflow.contractor_assigned", "assignment_reason",   STATE_UNKNOWN,        on_contractor_assigned},
    {"workflow.work_started",        NULL,                  STATE_IN_PROGRESS,    NULL},
    {"workflow.work_completed",      "completion_notes",    STATE_COMPLETED,      NULL},
    {"workflow.status_changed",      "reason",              STATE_UNKNOWN,        on_status_changed},
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
