#include "worker/emit_envelope.h"

#include "base/clock.h"
#include "base/text.h"
#include "worker/scan.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Which members of the envelope the body brings. */
struct brought {
        bool timestamp;
        bool version;
        bool source;
        bool correlation_id;
};

/* The envelope's members as a body may have them; `has` NULL: only the host writes it. */
static bool judge_member(const struct scan_member *m, struct brought *b)
{
        const struct {
                const char *name;
                bool *has;
                bool may_be_null;
        } rows[] = {
            {"event_type", NULL, false},         {"event_id", NULL, false},
            {"timestamp", &b->timestamp, false}, {"version", &b->version, false},
            {"source", &b->source, false},       {"correlation_id", &b->correlation_id, true},
        };
        char plain[64];
        const char *name = m->name;
        size_t len = m->name_len, i;

        if (m->name_escaped) {
                if (len > sizeof plain)
                        return true;
                len = scan_unescape(name, len, plain);
                name = plain;
        }
        for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                if (strlen(rows[i].name) != len || memcmp(rows[i].name, name, len) != 0)
                        continue;
                if (rows[i].has == NULL)
                        return false;
                *rows[i].has = true;
                return m->kind == PAWL_KIND_STRING || (rows[i].may_be_null && m->kind == PAWL_KIND_NULL);
        }
        return true;
}

static bool judge_body(struct pawl_str body, struct brought *b, bool *empty)
{
        struct scan_members members = {.items = NULL};
        struct scan_fault fault;
        bool ok = scan_index(body.ptr, body.len, &members, &fault);
        uint32_t i;

        *empty = members.count == 0;
        for (i = 0; ok && i < members.count; i++)
                ok = judge_member(&members.items[i], b);
        scan_members_free(&members);
        return ok;
}

/* With an offset and not with "Z", which older readers in Python refuse. */
static void add_timestamp(struct buf *out)
{
        int64_t now = clock_wall();
        time_t seconds = (time_t)(now / CLOCK_S);
        char text[32];
        struct tm tm;

        gmtime_r(&seconds, &tm);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
        buf_printf(out, ",\"timestamp\":\"%s.%06d+00:00\"", text, (int)(now % CLOCK_S / CLOCK_US));
}

bool emit_envelope(struct buf *out, const struct pawl_message *message, const char *event_id,
                   struct pawl_str correlation_id)
{
        struct pawl_str body = message->body;
        struct brought b = {.timestamp = false};
        const char *open;
        bool empty;

        if (text_utf8_prefix(message->event_type.ptr, message->event_type.len) != message->event_type.len ||
            !judge_body(body, &b, &empty))
                return false;
        buf_reserve(out, body.len + 512);
        buf_add_text(out, "{\"event_type\":");
        buf_add_json_string(out, message->event_type.ptr, message->event_type.len);
        buf_printf(out, ",\"event_id\":\"%s\"", event_id);
        if (!b.timestamp)
                add_timestamp(out);
        if (!b.version)
                buf_add_text(out, ",\"version\":\"" EMIT_DEFAULT_VERSION "\"");
        if (!b.source)
                buf_add_text(out, ",\"source\":\"" EMIT_DEFAULT_SOURCE "\"");
        if (!b.correlation_id) {
                buf_add_text(out, ",\"correlation_id\":");
                buf_add_json_string(out, correlation_id.ptr, correlation_id.len);
        }
        if (empty) {
                buf_add_char(out, '}');
                return true;
        }
        open = memchr(body.ptr, '{', body.len);
        buf_add_char(out, ',');
        buf_add(out, open + 1, body.len - (size_t)(open + 1 - body.ptr));
        return true;
}
