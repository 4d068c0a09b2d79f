/*
 * From the text that somebody wrote to the event that is published: every fault found, what the envelope lacks filled in, the topic and the
 * key chosen. For the gateway and pawlctl. Pure but for the time and the ids, which are passed in; any thread.
 */
#ifndef PLUGINS_COMMON_EVENT_TEXT_H
#define PLUGINS_COMMON_EVENT_TEXT_H

#include <jansson.h>
#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVENT_KEY_MAX    256
#define EVENT_TEXT_DEPTH 64 /* how deep its JSON may be nested */

struct event_text {
        char *
            value; /* the text as it was given, byte for byte, what was missing of the envelope added at its end; NUL-terminated */
        size_t len;
        const char *topic;
        char key[EVENT_KEY_MAX];
        char type[64];
        char event_id[37];
        char correlation_id[37]; /* "" where it is null, or no UUID */
};

struct event_text_options {
        const char *topic;    /* NULL: by the type's first word */
        bool any;             /* types that are not in the catalogue, and events that lack its members, are taken too */
        int64_t now;          /* nanoseconds since 1970 */
        const char *event_id; /* where the text has none; NULL: a random one */
        const char *correlation_id; /* the same */
        void (*uuid)(char out[37]); /* event_text_uuid, or a test's */
};

/*
 * Parses, checks and completes one event. False: `faults`, an array of the caller's, has got an object for each fault: "field" (absent where it is the
 * whole text), "expected", "found". Free with event_text_clear.
 */
bool event_text_make(struct event_text *event, const char *text, size_t len, const struct event_text_options *options,
                     json_t *faults);
void event_text_clear(struct event_text *event);

/* A random UUID, version 4. */
void event_text_uuid(char out[37]);

#endif
