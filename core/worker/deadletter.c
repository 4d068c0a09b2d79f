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
#define TEXT_ROOM   512 /* for numbers and times */

static const struct {
        uint16_t reason;
        const char *code;
} reasons[] = {
    {ENGINE_REASON_REJECTED, "rejected"},         {ENGINE_REASON_ATTEMPTS, "attempts"},
    {ENGINE_REASON_WAIT_LIMIT, "wait-limit"},     {ENGINE_REASON_TICKET, "ticket"},
    {ENGINE_REASON_EMIT_REFUSED, "emit-refused"}, {CALL_REASON_MALFORMED, "malformed"},
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

static const char *copy(struct writer *to, const void *bytes, size_t len)
{
        char *at = to->at;

        if (len > 0)
                memcpy(at, bytes, len);
        at[len] = '\0';
        to->at += len + 1;
        return at;
}

static size_t room_of(const char *text)
{
        return text == NULL ? 0 : strlen(text) + 1;
}

static void add_text(struct writer *to, const char *name, const char *value)
{
        if (value != NULL)
                add(to, name, copy(to, value, strlen(value)), strlen(value));
}

/* Not cut within a character. */
static size_t error_length(const char *error)
{
        size_t len = error == NULL ? 0 : strlen(error);

        return len > DEADLETTER_ERROR_MAX ? text_utf8_prefix(error, DEADLETTER_ERROR_MAX) : len;
}

static void add_error(struct writer *to, const char *name, const char *error)
{
        size_t len = error_length(error);

        if (error != NULL)
                add(to, name, copy(to, error, len), len);
}

/* The message's own header at `index`, wherever it is now: held_copy() moves them. */
static bool original_at(const struct held *held, size_t index, struct message_header *header)
{
        if (held->message.handle != NULL)
                return message_header_at(&held->message, index, header);
        if (index >= held->header_count)
                return false;
        *header = held->headers[index];
        return true;
}

static size_t original_size(const struct held *held, size_t *count)
{
        struct message_header header;
        size_t size = 0;

        for (*count = 0; original_at(held, *count, &header); ++*count)
                size += strlen(header.name) + 1 + header.value_len + 1;
        return size;
}

static void add_original(struct writer *to, const struct held *held)
{
        struct message_header header;
        size_t i;

        for (i = 0; original_at(held, i, &header); i++) {
                const char *name = copy(to, header.name, strlen(header.name));

                add(to, name, header.value == NULL ? NULL : copy(to, header.value, header.value_len), header.value_len);
        }
}

struct message_header *deadletter_headers(const struct held *held, const struct deadletter_facts *facts, size_t *count)
{
        size_t original, texts = original_size(held, &original) + room_of(facts->plugin) + room_of(facts->group) +
                                 room_of(facts->topic) + error_length(facts->error) + 1 + TEXT_ROOM;
        size_t table = (original + OWN_HEADERS) * sizeof(struct message_header);
        struct writer to = {.headers = memory_zero(1, table + texts)};
        const char *reason = deadletter_reason(facts->reason);

        to.at = (char *)to.headers + table;
        to.end = to.at + texts;
        add_original(&to, held);
        add_text(&to, "pawl-dlq-plugin", facts->plugin);
        add(&to, "pawl-dlq-version", facts->version.ptr, facts->version.len);
        if (facts->handler.ptr != NULL)
                add(&to, "pawl-dlq-handler", facts->handler.ptr, facts->handler.len);
        add_text(&to, "pawl-dlq-group", facts->group);
        add(&to, "pawl-dlq-reason", reason, strlen(reason));
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
