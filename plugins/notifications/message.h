/*
 * What a message can tell: the fields that a template may name, and their values for one event and one recipient. They come from the event
 * itself (its members, by the catalogue), from what is remembered of its request, and from the directory.
 */
#ifndef NOTIFICATIONS_MESSAGE_H
#define NOTIFICATIONS_MESSAGE_H

#include "facts.h"

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>

#define MESSAGE_FIELDS_MAX 64

struct message_value {
        const char *name; /* as written between the braces */
        char *value;      /* NULL: nothing is known */
};

struct message_values {
        struct message_value list[MESSAGE_FIELDS_MAX];
        size_t count;
};

/* Adds the names that a message about such an event may use to `names`, none twice. `event_type` NULL: all names that any event gives. */
void message_names(const char *event_type, const char *names[MESSAGE_FIELDS_MAX], size_t *count);

/* The values of the event and its request, all names of its type; the people's are to be set. Memory that is short leaves one out. */
void message_values(const struct pawl_event *ev, const struct request_facts *facts, struct message_values *values);

/* Values for whoever wants to see what a message looks like. */
void message_samples(const char *const *names, size_t count, struct message_values *values);

/* Sets one of the values that are there to a copy; false: there is none of that name. */
bool message_set(struct message_values *values, const char *name, struct pawl_str value);
const char *message_value(const struct message_values *values, const char *name);

void message_values_clear(struct message_values *values);

#endif
