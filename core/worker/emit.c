#include "worker/emit_make.h"

#include "base/buf.h"
#include "base/memory.h"
#include "worker/emit_envelope.h"

#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#define TOPIC_MAX   249 /* Kafka's own limit */
#define HEADERS_MAX 128

/* ---- lists ---- */

void emit_list_add(struct emit_list *list, struct emit *e)
{
        e->next = NULL;
        if (list->last != NULL)
                list->last->next = e;
        else
                list->first = e;
        list->last = e;
        list->count++;
        list->bytes += e->bytes;
}

void emit_list_move(struct emit_list *to, struct emit_list *from)
{
        if (from->first == NULL)
                return;
        if (to->last != NULL)
                to->last->next = from->first;
        else
                to->first = from->first;
        to->last = from->last;
        to->count += from->count;
        to->bytes += from->bytes;
        memset(from, 0, sizeof *from);
}

void emit_list_free(struct emit_list *list)
{
        struct emit *e, *next;

        for (e = list->first; e != NULL; e = next) {
                next = e->next;
                free(e);
        }
        memset(list, 0, sizeof *list);
}

/* ---- checks of what a plugin passes in ---- */

static bool topic_valid(struct pawl_str topic)
{
        size_t i;

        if (topic.ptr == NULL || topic.len == 0 || topic.len > TOPIC_MAX)
                return false;
        for (i = 0; i < topic.len; i++) {
                char c = topic.ptr[i];

                if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                      c == '_' || c == '-'))
                        return false;
        }
        return true;
}

static bool uuid_valid(struct pawl_str id)
{
        char text[37];
        uuid_t parsed;

        if (id.len != 36)
                return false;
        memcpy(text, id.ptr, 36);
        text[36] = '\0';
        return uuid_parse(text, parsed) == 0;
}

static bool headers_valid(const struct pawl_array *headers)
{
        struct pawl_header h;
        uint32_t i;

        if (headers->count == 0)
                return true;
        if (headers->items == NULL || headers->count > HEADERS_MAX || headers->stride < sizeof h)
                return false;
        for (i = 0; i < headers->count; i++) {
                memcpy(&h, (const char *)headers->items + (size_t)i * headers->stride, sizeof h);
                if (h.size < sizeof h || h.name.ptr == NULL || h.name.len == 0 ||
                    memchr(h.name.ptr, '\0', h.name.len) != NULL)
                        return false;
        }
        return true;
}

static bool message_valid(const struct emit_source *s, const struct pawl_message *m)
{
        const uint32_t known = PAWL_MESSAGE_RAW | PAWL_MESSAGE_TOMBSTONE | PAWL_MESSAGE_NO_KEY;
        bool tombstone = (m->flags & PAWL_MESSAGE_TOMBSTONE) != 0, raw = (m->flags & PAWL_MESSAGE_RAW) != 0;

        if ((m->flags & ~known) != 0 || !topic_valid(m->topic) || !headers_valid(&m->headers))
                return false;
        if ((m->flags & PAWL_MESSAGE_NO_KEY) != 0 && m->key.ptr != NULL)
                return false;
        if (tombstone)
                return !raw && m->body.ptr == NULL && m->event_type.ptr == NULL && m->event_id.ptr == NULL;
        if (m->body.ptr == NULL)
                return false;
        if (raw)
                return m->event_id.ptr == NULL;
        if (m->event_type.ptr == NULL || m->event_type.len == 0 || m->event_type.len > 255)
                return false;
        return m->event_id.ptr == NULL || (s->event == NULL && uuid_valid(m->event_id));
}

/* ---- ids ---- */

/* Absent and empty are two things. */
static bool same(struct pawl_str a, struct pawl_str b)
{
        if (a.ptr == NULL || b.ptr == NULL)
                return a.ptr == b.ptr;
        return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

/* Which of several emits of one type and key this is: it counts those before it. */
static unsigned ordinal(const struct emit_list *before, struct pawl_str type, struct pawl_str key)
{
        const struct emit *e;
        unsigned n = 0;

        for (e = before != NULL ? before->first : NULL; e != NULL; e = e->next)
                n += same(e->event_type, type) && same(pawl_bytes(e->key, e->key_len), key);
        return n;
}

/* The same event handled again gives the same id. Lengths in front keep different parts from running together. */
static void derive_id(const struct emit_source *s, const struct pawl_message *m, struct pawl_str key, char id[37])
{
        struct pawl_str source = event_source_id(s->event);
        struct buf name = {.data = NULL};
        uuid_t uuid;

        buf_printf(&name, "%zu:%zu:%zu:%s:%u:", source.len, m->event_type.len, key.len, s->ticket ? "t" : "h",
                   ordinal(s->before, m->event_type, key));
        buf_add(&name, source.ptr, source.len);
        buf_add(&name, m->event_type.ptr, m->event_type.len);
        if (key.len > 0)
                buf_add(&name, key.ptr, key.len);
        uuid_generate_sha1(uuid, s->name_space, name.data, name.len);
        uuid_unparse_lower(uuid, id);
        buf_free(&name);
}

/* Where nobody gave one: for all that is emitted in reaction to one event the same. */
static struct pawl_str correlation_of(const struct emit_source *s, const struct pawl_message *m, char made[37])
{
        struct pawl_str given = m->correlation_id, id;
        uuid_t uuid;

        if (given.ptr == NULL && s->event != NULL)
                given = event_peek(s->event, PAWL_EV_CORRELATION_ID);
        if (given.ptr != NULL)
                return given;
        if (s->event != NULL) {
                id = event_source_id(s->event);
                uuid_generate_sha1(uuid, s->name_space, id.ptr, id.len);
        } else {
                uuid_generate_random(uuid);
        }
        uuid_unparse_lower(uuid, made);
        return pawl_text(made);
}

/* ---- the block ---- */

/* Everything that goes into one, before it is one. */
struct parts {
        struct pawl_str key;
        struct pawl_str value; /* absent: a tombstone */
        struct pawl_header headers[HEADERS_MAX + 2];
        size_t header_count;
        size_t header_bytes;
};

static bool has_header(const struct parts *p, size_t count, const char *name)
{
        size_t i;

        for (i = 0; i < count; i++)
                if (p->headers[i].name.len == strlen(name) &&
                    memcmp(p->headers[i].name.ptr, name, p->headers[i].name.len) == 0)
                        return true;
        return false;
}

/* The plugin's headers, and the trace context (W3C) of the event that is reacted to. */
static void collect_headers(const struct emit_source *s, const struct pawl_message *m, struct parts *p)
{
        static const char *const carried[] = {"traceparent", "tracestate"};
        size_t i, own = m->headers.count;
        struct pawl_str value;

        for (i = 0; i < own; i++)
                memcpy(&p->headers[i], (const char *)m->headers.items + i * m->headers.stride, sizeof p->headers[i]);
        p->header_count = own;
        for (i = 0; s->event != NULL && i < 2; i++)
                if (!has_header(p, own, carried[i]) && event_header_last(s->event, carried[i], &value))
                        p->headers[p->header_count++] =
                            (struct pawl_header){.name = pawl_text(carried[i]), .value = value};
        p->header_bytes = 0;
        for (i = 0; i < p->header_count; i++)
                p->header_bytes += p->headers[i].name.len + 1 + p->headers[i].value.len;
}

static const void *put(char **at, struct pawl_str s)
{
        char *to = *at;

        if (s.ptr == NULL)
                return NULL;
        memcpy(to, s.ptr, s.len);
        to[s.len] = '\0';
        *at += s.len + 1;
        return to;
}

static struct emit *make_block(const struct pawl_message *m, const struct parts *p, const char *id)
{
        size_t headers = p->header_count * sizeof(struct message_header), i;
        struct message_header *h;
        struct emit *e;
        char *at;

        e = memory_zero(1, sizeof *e + headers + m->topic.len + m->event_type.len + p->key.len + p->value.len + 4 +
                               p->header_bytes + p->header_count);
        h = (struct message_header *)(void *)(e + 1);
        at = (char *)(h + p->header_count);
        for (i = 0; i < p->header_count; i++) {
                h[i].name = put(&at, p->headers[i].name);
                h[i].value = put(&at, p->headers[i].value);
                h[i].value_len = p->headers[i].value.len;
        }
        e->topic = put(&at, m->topic);
        e->event_type = pawl_bytes(put(&at, m->event_type), m->event_type.len);
        e->key = put(&at, p->key);
        e->key_len = p->key.len;
        e->value = put(&at, p->value);
        e->value_len = p->value.len;
        e->headers = h;
        e->header_count = p->header_count;
        e->bytes = p->key.len + p->value.len + p->header_bytes;
        memcpy(e->event_id, id, sizeof e->event_id);
        return e;
}

static struct pawl_str key_of(const struct emit_source *s, const struct pawl_message *m)
{
        if ((m->flags & PAWL_MESSAGE_NO_KEY) != 0 || (m->key.ptr == NULL && s->event == NULL))
                return pawl_text(NULL);
        if (m->key.ptr != NULL)
                return m->key;
        return pawl_bytes(s->event->message->key, s->event->message->key_len);
}

/* The id of what gets an envelope. */
static void choose_id(const struct emit_source *s, const struct pawl_message *m, struct pawl_str key, char id[37])
{
        uuid_t uuid;

        if (s->event != NULL) {
                derive_id(s, m, key, id);
        } else if (m->event_id.ptr != NULL) {
                memcpy(id, m->event_id.ptr, 36);
                id[36] = '\0';
        } else {
                uuid_generate_random(uuid);
                uuid_unparse_lower(uuid, id);
        }
}

int32_t emit_make(const struct emit_source *source, const struct pawl_message *given, struct emit **out)
{
        struct buf value = {.data = NULL};
        char id[37] = "", correlation[37];
        struct pawl_message m;
        struct parts p;
        int32_t status = 0;

        if (given->size < sizeof m) /* version 1.0's is the smallest */
                return PAWL_E_INVALID;
        memcpy(&m, given, sizeof m);
        if (!message_valid(source, &m))
                return PAWL_E_INVALID;
        if (m.body.len > source->max_event)
                return PAWL_E_TOO_LARGE;
        p.key = key_of(source, &m);
        p.value = m.body;
        collect_headers(source, &m, &p);
        if ((m.flags & (PAWL_MESSAGE_RAW | PAWL_MESSAGE_TOMBSTONE)) == 0) {
                choose_id(source, &m, p.key, id);
                if (!emit_envelope(&value, &m, id, correlation_of(source, &m, correlation)))
                        status = PAWL_E_INVALID;
                p.value = pawl_bytes(value.data, value.len);
        }
        if (status == 0 && p.key.len + p.value.len + p.header_bytes > source->max_event)
                status = PAWL_E_TOO_LARGE;
        if (status == 0)
                *out = make_block(&m, &p, id);
        buf_free(&value);
        return status;
}
