/*
 * From what a person wrote to the event that is published: the envelope's missing members filled in, everything checked, the
 * topic and the key chosen. Pure but for random UUIDs and the time, which are passed in. One thread.
 */
#ifndef PAWL_TOOLS_ENVELOPE_H
#define PAWL_TOOLS_ENVELOPE_H

#include "base/buf.h"
#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define ENVELOPE_KEY_MAX 256
#define ENVELOPE_DEPTH   64

struct envelope {
        struct buf value; /* the text as it was given, what was missing of the envelope added at its end */
        const char *topic;
        char key[ENVELOPE_KEY_MAX];
};

struct envelope_options {
        const char *topic; /* NULL: by the type's first word */
        bool any;          /* types that are not in the catalogue, and events that lack its members, are taken too */
        int64_t now;       /* clock_wall() */
        void (*uuid)(char out[static 37]);
};

/* Parses and completes one event. False: err says which member, what was expected and found. */
bool envelope_make(struct envelope *envelope, const char *text, size_t len, const struct envelope_options *options,
                   struct pawl_error *err);
void envelope_clear(struct envelope *envelope);

/* A random UUID, version 4. */
void envelope_uuid(char out[static 37]);

/* The message key of a complete event: request_id, else user_id, contractor_id, event_id. */
bool envelope_key(const json_t *event, char key[static ENVELOPE_KEY_MAX], struct pawl_error *err);

#endif
