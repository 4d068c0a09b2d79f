#include "worker/deadletter.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "engine/engine.h"
#include "worker/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define OWN_HEADERS 13
#define TEXT_ROOM   512 /* for numbers and times; names and texts are pointed to */

static const struct {
        uint16_t reason;
        const char *code;
} reasons[] = {
    {ENGINE_REASON_REJECTED, "rejected"},
    {ENGINE_REASON_ATTEMPTS, "attempts"},
    {ENGINE_REASON_WAIT_LIMIT, "wait-limit"},
    {ENGINE_REASON_TICKET, "ticket"},
    {ENGINE_REASON_EMIT_REFUSED, "emit-refused"},
    {CALL_REASON_MALFORMED, "malformed"},
    {CALL_REASON_CRASH, "crash"},
    {CALL_REASON_REDRIVE, "redrive"},
};

const char *deadletter_reason(uint16_t reason)
{
        size_t i;

        for (i = 0; i < sizeof reasons / sizeof *reasons; i++) {
                if (reasons[i].reason == reason)
                        return reasons[i].code;
        }
        return "unknown";
}

struct writer {
        struct message_header *headers;
        size_t count;
        char *at;
        char *end;
};

static void add(struct writer *to, const char *name, const char *value, size_t len)
{
        to->headers[to->count++] = (struct message_header){name, value, len};
}

static void add_text(struct writer *to, const char *name, const char *value)
{
        if (value != NULL)
                add(to, name, value, strlen(value));
}

static void add_number(struct writer *to, const char *name, int64_t value)
{
        int len = snprintf(to->at, (size_t)(to->end - to->at), "%lld", (long long)value);

        add(to, name, to->at, (size_t)len);
        to->at += len + 1;
}

static void add_time(struct writer *to, const char *name, int64_t wall)
{
        time_t seconds = (time_t)(wall / CLOCK_S);
        struct tm tm;
        size_t len;

        if (wall == 0)
                return;
        gmtime_r(&seconds, &tm);
        len = strftime(to->at, 32, "%Y-%m-%dT%H:%M:%S", &tm);
        len += (size_t)snprintf(to->at + len, 8, ".%03dZ", (int)(wall % CLOCK_S / CLOCK_MS));
        add(to, name, to->at, len);
        to->at += len + 1;
}

/* Not cut within a character. */
static void add_error(struct writer *to, const char *name, const char *error)
{
        size_t len = error == NULL ? 0 : strlen(error);

        if (len > DEADLETTER_ERROR_MAX)
                len = text_utf8_prefix(error, DEADLETTER_ERROR_MAX);
        if (error != NULL)
                add(to, name, error, len);
}

static void add_original(struct writer *to, const struct held *held)
{
        struct message_header header;
        size_t i;

        if (held->message.handle == NULL) {
                if (held->header_count > 0)
                        memcpy(to->headers, held->headers, held->header_count * sizeof *held->headers);
                to->count = held->header_count;
                return;
        }
        for (i = 0; message_header_at(&held->message, i, &header); i++)
                to->headers[to->count++] = header;
}

struct message_header *deadletter_headers(const struct held *held, const struct deadletter_facts *facts, size_t *count)
{
        size_t original = held->message.handle == NULL ? held->header_count : message_header_count(&held->message);
        size_t table = (original + OWN_HEADERS) * sizeof(struct message_header);
        struct writer to = {.headers = memory_zero(1, table + TEXT_ROOM)};

        to.at = (char *)to.headers + table;
        to.end = to.at + TEXT_ROOM;
        add_original(&to, held);
        add_text(&to, "pawl-dlq-plugin", facts->plugin);
        add(&to, "pawl-dlq-version", facts->version.ptr, facts->version.len);
        if (facts->handler.ptr != NULL)
                add(&to, "pawl-dlq-handler", facts->handler.ptr, facts->handler.len);
        add_text(&to, "pawl-dlq-group", facts->group);
        add_text(&to, "pawl-dlq-reason", deadletter_reason(facts->reason));
        add_error(&to, "pawl-dlq-error", facts->error);
        add_text(&to, "pawl-dlq-topic", facts->topic);
        add_number(&to, "pawl-dlq-partition", facts->partition);
        add_number(&to, "pawl-dlq-offset", held->message.offset);
        add_number(&to, "pawl-dlq-timestamp", held->message.timestamp_ms);
        add_number(&to, "pawl-dlq-attempts", facts->attempts);
        add_time(&to, "pawl-dlq-first-failure", facts->first_failure);
        add_time(&to, "pawl-dlq-last-failure", facts->last_failure);
        *count = to.count;
        return to.headers;
}
