#include "base/log_room.h"

#include "base/clock.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Rendered bytes that one value may take, so that all of an event's fit beside the longest message. */
enum { VALUE_MAX = 256, MESSAGE_RENDERED_MAX = 2048, END_ROOM = 8 };

static const struct {
        const char *emoji;
        const char *name;
} marks[] = {
    [LOG_MARK_NONE] = {"", ""},
    [LOG_MARK_PUBLISHED] = {"📤", "published"},
    [LOG_MARK_RECEIVED] = {"📥", "received"},
    [LOG_MARK_HANDLED] = {"✅", "handled"},
    [LOG_MARK_RETRY] = {"🔁", "retry"},
    [LOG_MARK_FAILED] = {"❌", "failed"},
    [LOG_MARK_DEAD] = {"☠️", "dead_letter"},
    [LOG_MARK_RELOAD] = {"♻️", "reload"},
};

static void put(struct log_out *out, const char *text, size_t len)
{
        if (len > sizeof out->data - END_ROOM - out->len)
                return;
        memcpy(out->data + out->len, text, len);
        out->len += len;
}

static void put_text(struct log_out *out, const char *text)
{
        put(out, text, strlen(text));
}

static size_t room(const struct log_out *out)
{
        return sizeof out->data - END_ROOM - out->len;
}

/* One character (`len` bytes of valid UTF-8, or one byte that is none) as it may stand in a line; returns its length. */
static size_t escape(char to[16], const char *at, size_t len, bool quoted)
{
        unsigned char c = (unsigned char)at[0];

        if (len == 0)
                return (size_t)sprintf(to, "\xef\xbf\xbd"); /* U+FFFD */
        if (c == '\n' || c == '\r' || c == '\t')
                return (size_t)sprintf(to, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
        if (c < 0x20 || c == 0x7f)
                return (size_t)sprintf(to, "\\u%04x", c);
        if (len == 2 && c == 0xc2 && (unsigned char)at[1] < 0xa0) /* C1: terminals obey these too */
                return (size_t)sprintf(to, "\\u%04x", (unsigned char)at[1]);
        if (quoted && (c == '"' || c == '\\'))
                return (size_t)sprintf(to, "\\%c", c);
        memcpy(to, at, len);
        return len;
}

static size_t character(const char *text, size_t len)
{
        for (size_t n = 1; n <= 4 && n <= len; n++)
                if (text_utf8_prefix(text, n) == n)
                        return n;
        return 0;
}

/* The text, escaped, in at most `max` rendered bytes; cut with an ellipsis. */
static void put_escaped(struct log_out *out, const char *text, size_t len, size_t max, bool quoted)
{
        size_t end;

        if (max > room(out))
                max = room(out);
        if (max < 3)
                return;
        end = out->len + max - 3; /* 3: the ellipsis */
        for (size_t i = 0; i < len;) {
                char piece[16];
                size_t step = character(text + i, len - i);
                size_t n = escape(piece, text + i, step, quoted);

                if (out->len + n > end) {
                        put_text(out, "…");
                        return;
                }
                put(out, piece, n);
                i += step ? step : 1;
        }
}

static bool needs_quotes(const char *text, size_t len)
{
        if (len == 0 || text_utf8_prefix(text, len) != len)
                return true;
        for (size_t i = 0; i < len; i++)
                if ((unsigned char)text[i] <= ' ' || strchr("\"=\\\x7f", text[i]) != NULL || text[i] == '\xc2')
                        return true;
        return false;
}

/* A key and a value, whole or not at all (but a long value is cut). */
static void put_field(struct log_out *out, enum log_format format, const char *key, const char *text, size_t len,
                      size_t max)
{
        bool json = format == LOG_FORMAT_JSON, quotes = json || needs_quotes(text, len);

        if (room(out) < strlen(key) + 16)
                return;
        put_text(out, json ? ",\"" : " ");
        put_text(out, key);
        put_text(out, json ? "\":" : "=");
        if (quotes)
                put_text(out, "\"");
        put_escaped(out, text, len, max < room(out) - 1 ? max : room(out) - 1, quotes);
        if (quotes)
                put_text(out, "\"");
}

static void put_number(struct log_out *out, enum log_format format, const char *key, int64_t number)
{
        char text[128];
        int n = snprintf(text, sizeof text, format == LOG_FORMAT_JSON ? ",\"%.64s\":%" PRId64 : " %.64s=%" PRId64, key,
                         number);

        put(out, text, (size_t)n);
}

static void put_known(struct log_out *out, enum log_format format, const char *key, struct log_text text)
{
        if (text.ptr != NULL)
                put_field(out, format, key, text.ptr, text.len, VALUE_MAX);
}

static void put_event(struct log_out *out, enum log_format format, const struct log_event *ev)
{
        put_known(out, format, "event_id", ev->id);
        put_known(out, format, "event_type", ev->type);
        put_known(out, format, "topic", ev->topic);
        if (ev->topic.ptr != NULL) {
                put_number(out, format, "partition", ev->partition);
                put_number(out, format, "offset", ev->offset);
        }
        put_known(out, format, "correlation_id", ev->correlation_id);
        put_known(out, format, "handler", ev->handler);
}

static void put_time(struct log_out *out, bool pretty, int64_t wall)
{
        time_t seconds = (time_t)(wall / CLOCK_S);
        char text[64];
        struct tm tm;
        size_t n;

        if (pretty) {
                localtime_r(&seconds, &tm);
                n = strftime(text, sizeof text, "%H:%M:%S", &tm);
                n += (size_t)snprintf(text + n, sizeof text - n, ".%03d", (int)(wall % CLOCK_S / CLOCK_MS));
        } else {
                gmtime_r(&seconds, &tm);
                n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
                n += (size_t)snprintf(text + n, sizeof text - n, ".%06dZ", (int)(wall % CLOCK_S / CLOCK_US));
        }
        put(out, text, n);
}

static void put_pretty_head(struct log_out *out, bool colour, int64_t wall, const struct log_line *line)
{
        static const char *const levels[] = {"DEBUG", "INFO ", "WARN ", "ERROR"};
        static const char *const colours[] = {"\x1b[2m", "\x1b[32m", "\x1b[33m", "\x1b[31m"};

        put_time(out, true, wall);
        put_text(out, " ");
        if (colour)
                put_text(out, colours[line->level]);
        put_text(out, levels[line->level]);
        if (colour)
                put_text(out, "\x1b[0m");
        put_text(out, " ");
        put_escaped(out, line->plugin, strlen(line->plugin), 64, false);
        for (size_t n = strlen(line->plugin); n < 13; n++)
                put_text(out, " ");
        put_text(out, " ");
        if (line->mark != LOG_MARK_NONE) {
                put_text(out, marks[line->mark].emoji);
                put_text(out, " ");
        }
}

static void put_head(struct log_out *out, enum log_format format, int64_t wall, const struct log_line *line)
{
        put_text(out, format == LOG_FORMAT_JSON ? "{\"ts\":\"" : "ts=");
        put_time(out, false, wall);
        put_text(out, format == LOG_FORMAT_JSON ? "\"" : "");
        put_field(out, format, "level", log_level_name(line->level), strlen(log_level_name(line->level)), VALUE_MAX);
        put_field(out, format, "plugin", line->plugin, strlen(line->plugin), 64);
        if (line->mark != LOG_MARK_NONE)
                put_field(out, format, "mark", marks[line->mark].name, strlen(marks[line->mark].name), VALUE_MAX);
}

void log_render(struct log_out *out, enum log_format format, bool colour, int64_t wall, const struct log_line *line,
                const char *message, size_t len)
{
        out->len = 0;
        if (format == LOG_FORMAT_PRETTY) {
                put_pretty_head(out, colour, wall, line);
                put_escaped(out, message, len, MESSAGE_RENDERED_MAX, false);
                if (colour && (line->event != NULL || line->field_count > 0))
                        put_text(out, "\x1b[2m");
        } else {
                put_head(out, format, wall, line);
                put_field(out, format, "msg", message, len, MESSAGE_RENDERED_MAX);
        }
        for (size_t i = 0; i < line->field_count; i++) {
                const struct log_field *f = &line->fields[i];

                if (f->text.ptr != NULL)
                        put_field(out, format, f->key, f->text.ptr, f->text.len, VALUE_MAX);
                else
                        put_number(out, format, f->key, f->number);
        }
        if (line->event != NULL)
                put_event(out, format, line->event);
        /* END_ROOM was kept free for this. */
        const char *end = format == LOG_FORMAT_JSON               ? "}\n"
                          : format == LOG_FORMAT_PRETTY && colour ? "\x1b[0m\n"
                                                                  : "\n";
        memcpy(out->data + out->len, end, strlen(end));
        out->len += strlen(end);
}
