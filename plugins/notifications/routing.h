/*
 * Who is told of what: the table `rules` of the settings. A rule takes a type of event to recipients, a template and the channels; an
 * event is told of by every rule that fits it. Read and checked at create, read only afterwards; any thread.
 */
#ifndef NOTIFICATIONS_ROUTING_H
#define NOTIFICATIONS_ROUTING_H

#include "address.h"
#include "facts.h"
#include "faults.h"
#include "message.h"
#include "template.h"

#include <pawl/plugin.h>
#include <stdbool.h>

enum rule_to {
        TO_CUSTOMER = PARTY_CUSTOMER,
        TO_MANAGER = PARTY_MANAGER,
        TO_CONTRACTOR = PARTY_CONTRACTOR,
        TO_REGION_MANAGERS = PARTY_COUNT, /* all of the request's region */
        TO_ADDRESS                        /* one that stands in the rule */
};

struct rule {
        const char *event_type;
        const char *message;
        enum rule_to to;
        const char *address; /* of TO_ADDRESS; its channel is channels[0] */
        int channels[ADDRESS_KINDS];
        size_t channel_count;
        bool all;      /* every channel that the recipient has, else the first */
        bool urgent;   /* in quiet hours too, and by the rule's order of channels, not by the recipient's */
        bool optional; /* not about something of the recipient's own: he may unsubscribe from it */
        bool if_any;   /* that the request has nobody of this kind is no failure */
        const struct pawl_value *when;
};

struct routing;

/* The setting's fields, for the descriptor. */
#define ROUTING_FIELD_COUNT 9
extern const struct pawl_setting routing_fields[ROUTING_FIELD_COUNT];

/* Every fault is added, with its rule's number. NULL: memory. The settings' strings must live as long. */
struct routing *routing_read(struct pawl_instance *instance, const struct template_set *templates,
                             struct faults *faults);
void routing_free(struct routing **routing);

/* The rule for the type behind `previous` (NULL: the first); NULL: no more. */
const struct rule *routing_next(const struct routing *routing, struct pawl_str event_type, const struct rule *previous);

/* Whether the values are as the rule's `when` wants them. */
bool routing_fits(struct pawl_instance *instance, const struct rule *rule, const struct message_values *values);

/* The names that a message's template may use: those of the events whose rules send it; of all when none does. A template_names_fn. */
size_t routing_names(void *routing, const char *message, const char *names[MESSAGE_FIELDS_MAX]);

#endif
