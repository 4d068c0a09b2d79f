#include "catalogue.h"

#include "base/text.h"

#include <string.h>

/* Required and optional members. */
#define R(name, kind)                                                                                                  \
        {                                                                                                              \
#name, KIND_##kind, true                                                                               \
        }
#define O(name, kind)                                                                                                  \
        {                                                                                                              \
#name, KIND_##kind, false                                                                              \
        }

/* clang-format off */
static const struct catalogue_type types[] = {
        {"request.created", {R(request_id, INT), R(customer_id, INT), R(title, STRING), R(description, STRING),
                R(urgency, STRING), R(region, STRING), R(city, STRING), R(address, STRING), O(equipment_type, STRING),
                O(priority, STRING)}},
        {"request.updated", {R(request_id, INT), R(customer_id, INT), R(updated_fields, OBJECT), R(updated_by, INT),
                O(update_reason, STRING)}},
        {"request.cancelled", {R(request_id, INT), R(customer_id, INT), R(cancelled_by, INT),
                R(cancellation_reason, STRING)}},
        {"request.clarification_needed", {R(request_id, INT), R(customer_id, INT), R(manager_id, INT), R(question, STRING)}},
        {"workflow.manager_assigned", {R(request_id, INT), R(manager_id, INT), R(assigned_by, INT),
                O(assignment_reason, STRING)}},
        {"workflow.sent_to_contractors", {R(request_id, INT), R(manager_id, INT), R(contractor_ids, INTS)}},
        {"workflow.contractor_assigned", {R(request_id, INT), R(contractor_id, INT), R(manager_id, INT),
                R(previous_status, STRING), O(new_status, STRING), O(assignment_reason, STRING)}},
        {"workflow.work_started", {R(request_id, INT), R(contractor_id, INT)}},
        {"workflow.work_completed", {R(request_id, INT), R(contractor_id, INT), R(completion_data, OBJECT),
                O(completion_notes, STRING)}},
        {"workflow.status_changed", {R(request_id, INT), R(previous_status, STRING), R(new_status, STRING),
                O(changed_by, INT), O(reason, STRING)}},
        {"notification.email.sent", {R(recipient_email, STRING), O(recipient_id, INT), R(message_type, STRING),
                O(request_id, INT), R(subject, STRING), O(delivery_status, STRING)}},
        {"notification.telegram.sent", {R(recipient_id, INT), R(recipient_telegram_username, STRING),
                R(message_type, STRING), O(request_id, INT), R(message_content, STRING), O(delivery_status, STRING),
                O(telegram_message_id, INT)}},
        {"notification.sms.sent", {R(recipient_id, INT), R(recipient_phone, STRING), R(message_type, STRING),
                O(request_id, INT), R(message_content, STRING), O(delivery_status, STRING)}},
        {"notification.failed", {R(channel, STRING), O(recipient_id, INT), R(message_type, STRING), O(request_id, INT),
                R(error_message, STRING), O(attempts, INT)}},
        {"security.contractor_verified", {R(contractor_id, INT), R(verification_type, STRING),
                R(verification_result, STRING), R(verified_by, INT), O(verification_notes, STRING),
                O(documents_verified, STRINGS)}},
        {"security.contractor_rejected", {R(contractor_id, INT), R(verification_type, STRING), R(rejected_by, INT),
                R(rejection_reason, STRING)}},
        {"security.access_granted", {R(contractor_id, INT), R(request_id, INT), O(granted_by, INT), O(reason, STRING)}},
        {"security.access_revoked", {R(contractor_id, INT), R(request_id, INT), O(revoked_by, INT), R(reason, STRING)}},
        {"hr.document_created", {R(document_id, STRING), R(contractor_id, INT), O(request_id, INT),
                R(document_type, STRING), O(document_path, STRING)}},
        {"hr.document_signed", {R(document_id, STRING), R(contractor_id, INT), R(signed_by, INT), O(signed_at, STRING)}},
        {"hr.contract_generated", {R(document_id, STRING), R(contractor_id, INT), O(generated_by, INT),
                O(document_path, STRING)}},
        {"hr.payment_processed", {R(contractor_id, INT), R(request_id, INT), O(document_id, STRING), R(amount, NUMBER),
                O(payment_reference, STRING)}},
        {"audit.user_action", {R(user_id, INT), R(user_role, STRING), R(action, STRING), R(resource_type, STRING),
                O(resource_id, INT), R(ip_address, STRING), R(user_agent, STRING), R(success, BOOL),
                O(error_message, STRING), O(additional_data, OBJECT)}},
        {"audit.system_event", {R(component, STRING), R(action, STRING), O(details, OBJECT)}},
        {"audit.error_occurred", {R(component, STRING), R(error_message, STRING), O(failed_event_id, STRING),
                O(details, OBJECT)}},
        {"audit.performance_metric", {R(component, STRING), R(metric, STRING), R(value, NUMBER), O(unit, STRING)}},
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

const struct catalogue_type *catalogue_find(const char *type)
{
        for (size_t i = 0; i < TYPE_COUNT; i++)
                if (strcmp(types[i].name, type) == 0)
                        return &types[i];
        return NULL;
}

const char *catalogue_nearest(const char *type)
{
        const char *best = NULL;

        for (size_t i = 0; i < TYPE_COUNT; i++)
                best = text_nearest(type, best, types[i].name);
        return best;
}

const char *catalogue_topic(const char *type)
{
        for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
                if (strncmp(type, topics[i].prefix, strlen(topics[i].prefix)) == 0)
                        return topics[i].topic;
        return NULL;
}

const char *catalogue_kind_name(enum catalogue_kind kind)
{
        static const char *const names[] = {
            [KIND_INT] = "an integer",
            [KIND_NUMBER] = "a number",
            [KIND_STRING] = "a string",
            [KIND_BOOL] = "true or false",
            [KIND_OBJECT] = "an object",
            [KIND_INTS] = "an array of integers",
            [KIND_STRINGS] = "an array of strings",
        };

        return names[kind];
}
