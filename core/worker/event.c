#include "worker/event.h"

#include "worker/event_index.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define ATTRIBUTES 4

/* ---- routing ---- */

static bool type_header(const struct message *message, const struct message_header *headers, size_t count,
                        struct message_header *header)
{
        if (message->handle != NULL)
                return message_header_last(message, "ce_type", header);
        while (count-- > 0) {
                *header = headers[count];
                if (strcmp(header->name, "ce_type") == 0)
                        return true;
        }
        return false;
}

enum event_routing event_route(const struct message *message, const struct message_header *headers, size_t header_count,
                               struct event_route *route)
{
        struct message_header header;
        bool escaped;

        route->fault.reason = NULL;
        if (type_header(message, headers, header_count, &header) && header.value != NULL) {
                route->type = pawl_bytes(header.value, header.value_len);
                return message->value != NULL ? EVENT_TYPED : EVENT_TOMBSTONE;
        }
        if (message->value == NULL)
                return EVENT_TOMBSTONE;
        if (!scan_type(message->value, message->value_len, &route->type, &escaped, &route->fault))
                return EVENT_MALFORMED;
        if (!escaped)
                return EVENT_TYPED;
        if (route->type.len > sizeof route->unescaped) {
                route->fault.reason = "event_type: expected at most 256 bytes";
                route->fault.offset = (size_t)(route->type.ptr - (const char *)message->value);
                return EVENT_MALFORMED;
        }
        route->type = pawl_bytes(route->unescaped, scan_unescape(route->type.ptr, route->type.len, route->unescaped));
        return EVENT_TYPED;
}

/* ---- opening and closing ---- */

void event_open(struct event *ev, const struct pawl_host *host, const struct message *message,
                const struct event_place *place, struct event_arena *arena, size_t max_bytes)
{
        ev->public.host = host;
        ev->magic = EVENT_MAGIC;
        ev->known = 0;
        ev->message = message;
        ev->headers = NULL;
        ev->header_count = 0;
        ev->place = *place;
        ev->arena = arena;
        ev->members = NULL;
        ev->strings = NULL;
        ev->member_count = 0;
        ev->cursor = 0;
        ev->fault.reason = NULL;
        ev->asked = false;
        ev->max_bytes = max_bytes;
        ev->tree = NULL;
}

void event_set_headers(struct event *ev, const struct message_header *headers, size_t count)
{
        ev->headers = headers;
        ev->header_count = count;
}

void event_close(struct event *ev)
{
        if (ev->tree != NULL)
                json_decref(ev->tree);
        ev->tree = NULL;
        ev->magic = 0;
}

const struct scan_fault *event_fault(const struct event *ev)
{
        return ev->asked && ev->fault.reason != NULL ? &ev->fault : NULL;
}

/* ---- the index ---- */

bool event_index(struct event *ev)
{
        const struct message *m = ev->message;
        struct scan_members *found = &ev->arena->members;
        struct scan_member *members;

        if ((ev->known & KNOWN_INDEX) != 0)
                return ev->members != NULL;
        ev->known |= KNOWN_INDEX;
        if (m->value == NULL || !scan_index(m->value, m->value_len, found, &ev->fault))
                return false;
        members = event_arena_take(ev->arena, (found->count + 1) * sizeof *members);
        if (found->count > 0)
                memcpy(members, found->items, found->count * sizeof *members);
        ev->members = members;
        ev->member_count = found->count;
        return true;
}

static bool name_is(const struct scan_member *m, struct pawl_str name)
{
        char plain[256];

        if (!m->name_escaped)
                return m->name_len == name.len && memcmp(m->name, name.ptr, name.len) == 0;
        return m->name_len <= sizeof plain && scan_unescape(m->name, m->name_len, plain) == name.len &&
               memcmp(plain, name.ptr, name.len) == 0;
}

const struct scan_member *event_find(struct event *ev, struct pawl_str name)
{
        uint32_t i, n = ev->member_count;

        if (name.ptr == NULL || !event_index(ev))
                return NULL;
        n = ev->member_count;
        for (i = ev->cursor; i < n; i++)
                if (name_is(&ev->members[i], name))
                        goto found;
        for (i = 0; i < ev->cursor; i++)
                if (name_is(&ev->members[i], name))
                        goto found;
        return NULL;
found:
        ev->cursor = i + 1;
        return &ev->members[i];
}

struct pawl_str event_text(struct event *ev, const char *raw, size_t len, bool escaped)
{
        char *copy = event_arena_take(ev->arena, len + 1);

        if (escaped)
                len = scan_unescape(raw, len, copy);
        else
                memcpy(copy, raw, len);
        copy[len] = '\0';
        return pawl_bytes(copy, len);
}

struct pawl_str event_member_text(struct event *ev, const struct scan_member *m)
{
        struct pawl_str *text;

        if (ev->strings == NULL) {
                ev->strings = event_arena_take(ev->arena, ev->member_count * sizeof *ev->strings);
                memset(ev->strings, 0, ev->member_count * sizeof *ev->strings);
        }
        text = &ev->strings[m - ev->members];
        if (text->ptr == NULL)
                *text = event_text(ev, m->value + 1, m->value_len - 2, m->value_escaped);
        return *text;
}

/* ---- headers ---- */

bool event_header_last(const struct event *ev, const char *name, struct pawl_str *value)
{
        struct message_header header;
        size_t i;

        if (ev->message->handle != NULL) {
                if (!message_header_last(ev->message, name, &header))
                        return false;
                *value = pawl_bytes(header.value, header.value_len);
                return true;
        }
        for (i = ev->header_count; i > 0; i--)
                if (strcmp(ev->headers[i - 1].name, name) == 0) {
                        *value = pawl_bytes(ev->headers[i - 1].value, ev->headers[i - 1].value_len);
                        return true;
                }
        return false;
}

/* ---- the envelope ---- */

struct attribute {
        const char *headers[2]; /* CloudEvents, binary mode; NULL: no further one */
        struct pawl_str member;
};

static const struct attribute attributes[ATTRIBUTES] = {
    [PAWL_EV_TYPE] = {{"ce_type", NULL}, PAWL_STR("event_type")},
    [PAWL_EV_ID] = {{"ce_id", NULL}, PAWL_STR("event_id")},
    [PAWL_EV_CORRELATION_ID] = {{"ce_correlationid", "correlation_id"}, PAWL_STR("correlation_id")},
    [PAWL_EV_SOURCE] = {{"ce_source", NULL}, PAWL_STR("source")},
};

static struct pawl_str from_headers(const struct event *ev, const struct attribute *a)
{
        struct pawl_str value;
        size_t i;

        for (i = 0; i < 2 && a->headers[i] != NULL; i++)
                if (event_header_last(ev, a->headers[i], &value) && value.ptr != NULL)
                        return value;
        return pawl_text(NULL);
}

static struct pawl_str from_value(struct event *ev, uint32_t attribute)
{
        const struct message *m = ev->message;
        const struct scan_member *member;
        struct scan_fault fault;
        struct pawl_str raw;
        bool escaped;

        /* The type alone is not worth an index, and may stand before what keeps the event from being indexed. */
        if (attribute == PAWL_EV_TYPE && ev->members == NULL) {
                if (m->value == NULL || !scan_type(m->value, m->value_len, &raw, &escaped, &fault))
                        return pawl_text(NULL);
                return event_text(ev, raw.ptr, raw.len, escaped);
        }
        member = event_find(ev, attributes[attribute].member);
        return member != NULL && member->kind == PAWL_KIND_STRING ? event_member_text(ev, member) : pawl_text(NULL);
}

struct pawl_str event_peek(struct event *ev, uint32_t attribute)
{
        struct pawl_str value;

        if (attribute >= ATTRIBUTES)
                return pawl_text(NULL);
        if ((ev->known & KNOWN_ATTRIBUTE(attribute)) == 0) {
                value = from_headers(ev, &attributes[attribute]);
                if (value.ptr != NULL) {
                        value = event_text(ev, value.ptr, value.len, false);
                        ev->known |= KNOWN_HEADER(attribute);
                } else {
                        value = from_value(ev, attribute);
                }
                ev->attributes[attribute] = value;
                ev->known |= KNOWN_ATTRIBUTE(attribute);
        }
        return ev->attributes[attribute];
}

static struct log_text log_text_of(struct pawl_str s)
{
        return (struct log_text){.ptr = s.ptr, .len = s.len};
}

void event_describe(struct event *ev, struct log_event *out)
{
        out->id = log_text_of(event_peek(ev, PAWL_EV_ID));
        out->type = log_text_of(event_peek(ev, PAWL_EV_TYPE));
        out->correlation_id = log_text_of(event_peek(ev, PAWL_EV_CORRELATION_ID));
        out->topic = (struct log_text){.ptr = ev->place.topic, .len = strlen(ev->place.topic)};
        out->handler = (struct log_text){.ptr = NULL, .len = 0};
        out->partition = ev->place.partition;
        out->offset = ev->message->offset;
}

struct pawl_str event_source_id(struct event *ev)
{
        struct pawl_str id = event_peek(ev, PAWL_EV_ID);
        size_t size;
        char *text;

        if (id.len > 0)
                return id;
        size = strlen(ev->place.topic) + 40;
        text = event_arena_take(ev->arena, size);
        snprintf(text, size, "%s/%d/%lld", ev->place.topic, (int)ev->place.partition, (long long)ev->message->offset);
        return pawl_text(text);
}

/* ---- the tree ---- */

static const char *tree_fault(const json_error_t *error)
{
        switch (json_error_code(error)) {
        case json_error_duplicate_key:
                return "a member is repeated";
        case json_error_null_character:
        case json_error_null_byte_in_key:
                return "a NUL in a string, which a tree cannot hold";
        case json_error_numeric_overflow:
                return "a number that is too large for a tree";
        default:
                return "refused by the JSON library";
        }
}

void *event_tree(const struct pawl_event *public)
{
        struct event *ev = event_of(public);
        const struct message *m = ev->message;
        json_error_t error;

        ev->asked = true;
        if ((ev->known & KNOWN_TREE) != 0)
                return ev->tree;
        ev->known |= KNOWN_TREE;
        if (m->value_len > ev->max_bytes) {
                ev->fault = (struct scan_fault){.reason = "larger than the largest event", .offset = ev->max_bytes};
                return NULL;
        }
        if (!event_index(ev)) /* also what keeps jansson from recursing deeper than 64 */
                return NULL;
        ev->tree = json_loadb(m->value, m->value_len, JSON_REJECT_DUPLICATES, &error);
        if (ev->tree == NULL)
                ev->fault = (struct scan_fault){.reason = tree_fault(&error),
                                                .offset = error.position > 0 ? (size_t)error.position : 0};
        return ev->tree;
}
