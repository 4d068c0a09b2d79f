/*
 * The accessors behind <pawl/plugin.h>. Whatever looks at the value marks the event as asked for: if it is malformed, it becomes
 * a dead letter.
 */
#include "worker/event_index.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct pawl_str event_attribute(const struct pawl_event *public, uint32_t attribute)
{
        struct event *ev = event_of(public);
        struct pawl_str text;

        switch (attribute) {
        case PAWL_EV_TYPE:
                return event_peek(ev, attribute);
        case PAWL_EV_ID:
        case PAWL_EV_CORRELATION_ID:
        case PAWL_EV_SOURCE:
                text = event_peek(ev, attribute);
                if ((ev->known & KNOWN_HEADER(attribute)) == 0)
                        ev->asked = true;
                return text;
        case PAWL_EV_TOPIC:
                return pawl_text(ev->place.topic);
        case PAWL_EV_KEY:
                return pawl_bytes(ev->message->key, ev->message->key_len);
        case PAWL_EV_VALUE:
                return pawl_bytes(ev->message->value, ev->message->value_len);
        default:
                return pawl_text(NULL);
        }
}

int64_t event_number(const struct pawl_event *public, uint32_t attribute)
{
        const struct event *ev = event_of(public);

        switch (attribute) {
        case PAWL_EV_PARTITION:
                return ev->place.partition;
        case PAWL_EV_OFFSET:
                return ev->message->offset;
        case PAWL_EV_TIMESTAMP:
                return ev->message->timestamp_ms < 0 ? -1 : PAWL_MS(ev->message->timestamp_ms);
        case PAWL_EV_ATTEMPT:
                return ev->place.attempt;
        case PAWL_EV_REDRIVE:
                return ev->place.redrive;
        case PAWL_EV_HEADERS:
                return (int64_t)(ev->message->handle != NULL ? message_header_count(ev->message) : ev->header_count);
        default:
                return 0;
        }
}

bool event_header(const struct pawl_event *public, uint32_t index, struct pawl_str *name, struct pawl_str *value)
{
        const struct event *ev = event_of(public);
        struct message_header header;

        if (ev->message->handle != NULL) {
                if (!message_header_at(ev->message, index, &header))
                        return false;
        } else {
                if (index >= ev->header_count)
                        return false;
                header = ev->headers[index];
        }
        *name = pawl_text(header.name);
        *value = pawl_bytes(header.value, header.value_len);
        return true;
}

static const struct scan_member *asked(struct event *ev, struct pawl_str name)
{
        ev->asked = true;
        return event_find(ev, name);
}

uint32_t event_kind(const struct pawl_event *public, struct pawl_str name)
{
        const struct scan_member *m = asked(event_of(public), name);

        return m != NULL ? m->kind : PAWL_KIND_MISSING;
}

bool event_int(const struct pawl_event *public, struct pawl_str name, int64_t *value)
{
        const struct scan_member *m = asked(event_of(public), name);

        if (m == NULL || m->kind != PAWL_KIND_INT)
                return false;
        *value = scan_int(m->value, m->value_len);
        return true;
}

bool event_double(const struct pawl_event *public, struct pawl_str name, double *value)
{
        const struct scan_member *m = asked(event_of(public), name);
        double number;

        if (m == NULL || (m->kind != PAWL_KIND_INT && m->kind != PAWL_KIND_NUMBER))
                return false;
        number = scan_double(m->value, m->value_len);
        if (!isfinite(number)) /* 1e999 is a number of JSON, but none of C */
                return false;
        *value = number;
        return true;
}

bool event_bool(const struct pawl_event *public, struct pawl_str name, bool *value)
{
        const struct scan_member *m = asked(event_of(public), name);

        if (m == NULL || m->kind != PAWL_KIND_BOOL)
                return false;
        *value = *m->value == 't';
        return true;
}

bool event_string(const struct pawl_event *public, struct pawl_str name, struct pawl_str *value)
{
        struct event *ev = event_of(public);
        const struct scan_member *m = asked(ev, name);

        if (m == NULL || m->kind != PAWL_KIND_STRING)
                return false;
        *value = event_member_text(ev, m);
        return true;
}

bool event_raw(const struct pawl_event *public, struct pawl_str name, struct pawl_str *json)
{
        const struct scan_member *m = asked(event_of(public), name);

        if (m == NULL)
                return false;
        *json = pawl_bytes(m->value, m->value_len);
        return true;
}

#define SHOWN_MAX 64 /* bytes of a value in a text for people */

void event_describe_member(struct event *ev, struct pawl_str name, char *out, size_t size)
{
        static const char *const words[] = {
            [PAWL_KIND_MISSING] = "nothing", [PAWL_KIND_NULL] = "null",        [PAWL_KIND_BOOL] = "boolean",
            [PAWL_KIND_INT] = "integer",     [PAWL_KIND_NUMBER] = "number",    [PAWL_KIND_STRING] = "string",
            [PAWL_KIND_ARRAY] = "an array",  [PAWL_KIND_OBJECT] = "an object",
        };
        const struct scan_member *m = event_find(ev, name);
        unsigned kind = m != NULL ? m->kind : PAWL_KIND_MISSING;
        size_t len = m != NULL ? m->value_len : 0;

        if (m == NULL && ev->fault.reason != NULL) {
                snprintf(out, size, "an event that is malformed");
        } else if (kind < PAWL_KIND_BOOL || kind > PAWL_KIND_STRING) {
                snprintf(out, size, "%s", words[kind]);
        } else if (len <= SHOWN_MAX) {
                snprintf(out, size, "%s %.*s", words[kind], (int)len, m->value);
        } else {
                len = text_utf8_prefix(m->value, SHOWN_MAX);
                snprintf(out, size, "%s %.*s… (%u bytes)", words[kind], (int)len, m->value, m->value_len);
        }
}
