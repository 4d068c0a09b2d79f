#include "common/catalogue.h"

#include "common/nearest.h"

#include <stdio.h>
#include <string.h>

/* Members that must be there, that may be, that may be and have a default, and that are one of some words. */
/* clang-format off */
#define R(name, kind)          {#name, KIND_##kind, true, NULL, NULL}
#define O(name, kind)          {#name, KIND_##kind, false, NULL, NULL}
#define D(name, kind, text)    {#name, KIND_##kind, false, text, NULL}
#define C(name, choices)       {#name, KIND_CHOICE, true, NULL, choices}

static const struct catalogue_type types[] = {
        {"request.created", "a customer filed a request", {R(request_id, ID), R(customer_id, ID), R(title, STRING), R(description, STRING),
                R(urgency, STRING), R(region, STRING), R(city, STRING), R(address, STRING), O(equipment_type, STRING),
                D(priority, STRING, "\"normal\"")}},
        {"request.updated", "a request was changed", {R(request_id, ID), R(customer_id, ID), R(updated_fields, OBJECT), R(updated_by, ID),
                O(update_reason, STRING)}},
        {"request.cancelled", "a request was called off", {R(request_id, ID), R(customer_id, ID), R(cancelled_by, ID),
                R(cancellation_reason, STRING)}},
        {"request.clarification_needed", "a manager has a question to the customer", {R(request_id, ID), R(customer_id, ID), R(manager_id, ID), R(question, STRING)}},
        {"workflow.manager_assigned", "a manager takes care of a request", {R(request_id, ID), R(manager_id, ID), R(assigned_by, ID),
                O(assignment_reason, STRING)}},
        {"workflow.sent_to_contractors", "a manager offered a request to contractors", {R(request_id, ID), R(manager_id, ID), R(contractor_ids, IDS)}},
        {"workflow.contractor_assigned", "a contractor was chosen for a request", {R(request_id, ID), R(contractor_id, ID), R(manager_id, ID),
                R(previous_status, STRING), D(new_status, STRING, "\"assigned\""), O(assignment_reason, STRING)}},
        {"workflow.work_started", "the contractor began", {R(request_id, ID), R(contractor_id, ID)}},
        {"workflow.work_completed", "the contractor is done", {R(request_id, ID), R(contractor_id, ID), R(completion_data, OBJECT),
                O(completion_notes, STRING)}},
        {"workflow.status_changed", "a request went from one state to another", {R(request_id, ID), R(previous_status, STRING), R(new_status, STRING),
                O(changed_by, ID), O(reason, STRING)}},
        {"notification.email.sent", "a mail server accepted a message", {R(recipient_email, STRING), O(recipient_id, ID), R(message_type, STRING),
                O(request_id, ID), R(subject, STRING), D(delivery_status, STRING, "\"sent\"")}},
        {"notification.telegram.sent", "Telegram accepted a message", {R(recipient_id, ID), R(recipient_telegram_username, STRING),
                R(message_type, STRING), O(request_id, ID), R(message_content, STRING), D(delivery_status, STRING, "\"sent\""),
                O(telegram_message_id, ID)}},
        {"notification.sms.sent", "the SMS gateway accepted a message", {R(recipient_id, ID), R(recipient_phone, STRING), R(message_type, STRING),
                O(request_id, ID), R(message_content, STRING), D(delivery_status, STRING, "\"sent\"")}},
        {"notification.failed", "a message was given up", {C(channel, "email|telegram|sms"), O(recipient_id, ID), R(message_type, STRING), O(request_id, ID),
                R(error_message, STRING), O(attempts, ID)}},
        {"security.contractor_verified", "one verification of a contractor has a result", {R(contractor_id, ID), C(verification_type, "identity|documents|background_check"),
                C(verification_result, "approved|rejected|pending"), R(verified_by, ID), O(verification_notes, STRING),
                D(documents_verified, STRINGS, "[]")}},
        {"security.contractor_rejected", "one verification of a contractor failed", {R(contractor_id, ID), C(verification_type, "identity|documents|background_check"), R(rejected_by, ID),
                R(rejection_reason, STRING)}},
        {"security.access_granted", "a contractor may access a request", {R(contractor_id, ID), R(request_id, ID), O(granted_by, ID), O(reason, STRING)}},
        {"security.access_revoked", "a contractor may not access a request, or no longer", {R(contractor_id, ID), R(request_id, ID), O(revoked_by, ID), R(reason, STRING)}},
        {"hr.document_created", "a document was made", {R(document_id, STRING), R(contractor_id, ID), O(request_id, ID),
                R(document_type, STRING), O(document_path, STRING)}},
        {"hr.document_signed", "a document was signed", {R(document_id, STRING), R(contractor_id, ID), R(signed_by, ID), O(signed_at, STRING)}},
        {"hr.contract_generated", "a contractor's contract was made", {R(document_id, STRING), R(contractor_id, ID), O(generated_by, ID),
                O(document_path, STRING)}},
        {"hr.payment_processed", "a contractor was paid", {R(contractor_id, ID), R(request_id, ID), O(document_id, STRING), R(amount, NUMBER),
                O(payment_reference, STRING)}},
        {"audit.user_action", "somebody did something", {R(user_id, ID), R(user_role, STRING), R(action, STRING), R(resource_type, STRING),
                O(resource_id, ID), R(ip_address, STRING), R(user_agent, STRING), R(success, BOOL),
                O(error_message, STRING), D(additional_data, OBJECT, "{}")}},
        {"audit.system_event", "a component did something by itself", {R(component, STRING), R(action, STRING), O(details, OBJECT)}},
        {"audit.error_occurred", "a component could not do something", {R(component, STRING), R(error_message, STRING), O(failed_event_id, STRING),
                O(details, OBJECT)}},
        {"audit.performance_metric", "a component measured something", {R(component, STRING), R(metric, STRING), R(value, NUMBER), O(unit, STRING)}},
};
/* clang-format on */

#define TYPE_COUNT (sizeof types / sizeof types[0])

static const struct {
        const char *prefix;
        const char *topic;
} topics[] = {
    {"request.", "request-events"},
    {"workflow.", "workflow-events"},
    {"notification.", "notification-events"},
    {"security.", "security-events"},
    {"hr.", "hr-events"},
    {"audit.", "audit-events"},
};

const struct catalogue_type *catalogue_at(size_t index)
{
        return index < TYPE_COUNT ? &types[index] : NULL;
}

const struct catalogue_type *catalogue_find(struct pawl_str type)
{
        for (size_t i = 0; i < TYPE_COUNT; i++) {
                if (strlen(types[i].name) == type.len && memcmp(types[i].name, type.ptr, type.len) == 0)
                        return &types[i];
        }
        return NULL;
}

const char *catalogue_nearest(const char *type)
{
        const char *best = NULL;

        for (size_t i = 0; i < TYPE_COUNT; i++)
                best = nearest(type, best, types[i].name);
        return best;
}

const char *catalogue_topic(struct pawl_str type)
{
        for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
                size_t len = strlen(topics[i].prefix);

                if (type.len > len && memcmp(type.ptr, topics[i].prefix, len) == 0)
                        return topics[i].topic;
        }
        return NULL;
}

const char *catalogue_expected(const struct catalogue_field *field, char *out, size_t size)
{
        static const char *const names[] = {
            [KIND_ID] = "an integer of 0 or more",
            [KIND_NUMBER] = "a number",
            [KIND_STRING] = "a string",
            [KIND_BOOL] = "true or false",
            [KIND_OBJECT] = "an object",
            [KIND_IDS] = "an array of integers of 0 or more",
            [KIND_STRINGS] = "an array of strings",
        };
        size_t used;

        if (field->kind != KIND_CHOICE) {
                snprintf(out, size, "%s", names[field->kind]);
                return out;
        }
        used = (size_t)snprintf(out, size, "one of ");
        for (const char *c = field->choices; *c != '\0' && used + 3 < size; c++) {
                out[used++] = *c == '|' ? ',' : *c;
                if (*c == '|')
                        out[used++] = ' ';
        }
        out[used] = '\0';
        return out;
}

bool catalogue_is_choice(const char *choices, struct pawl_str text)
{
        for (const char *c = choices; *c != '\0';) {
                size_t len = strcspn(c, "|");

                if (len == text.len && memcmp(c, text.ptr, len) == 0)
                        return true;
                c += len + (c[len] == '|');
        }
        return false;
}
