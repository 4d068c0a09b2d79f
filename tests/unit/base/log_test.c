#include "base/clock.h"
#include "base/log_room.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(s)                                                                                                        \
        {                                                                                                              \
                (s), sizeof(s) - 1                                                                                     \
        }

static const struct log_event event = {
    .id = TEXT("6f1f"),
    .type = TEXT("request.created"),
    .topic = TEXT("request-events"),
    .correlation_id = TEXT("c-1"),
    .handler = TEXT("on_created"),
    .partition = 3,
    .offset = 4711,
};
static const int64_t wall = INT64_C(1795341600123456789); /* 2026-11-22T10:00:00.123456Z */

static const char *render(enum log_format format, const struct log_line *line, const char *text)
{
        static struct log_out out;
        static char copy[sizeof out.data + 1];

        log_render(&out, format, false, wall, line, text, strlen(text));
        memcpy(copy, out.data, out.len);
        copy[out.len] = '\0';
        return copy;
}

Test(log_render, logfmt_has_every_field_of_the_event)
{
        const struct log_field fields[] = {{.key = "attempt", .number = 2}, {.key = "why", .text = TEXT("a \"b\"")}};
        const struct log_line line = {.level = LOG_LEVEL_WARN,
                                      .mark = LOG_MARK_RETRY,
                                      .plugin = "audit",
                                      .event = &event,
                                      .fields = fields,
                                      .field_count = 2};

        cr_assert_str_eq(
            render(LOG_FORMAT_LOGFMT, &line, "database away"),
            "ts=2026-11-22T10:00:00.123456Z level=warn plugin=audit mark=retry msg=\"database away\" attempt=2 "
            "why=\"a \\\"b\\\"\" event_id=6f1f event_type=request.created topic=request-events partition=3 offset=4711 "
            "correlation_id=c-1 handler=on_created\n");
}

Test(log_render, json_has_the_same)
{
        const struct log_line line = {.level = LOG_LEVEL_INFO, .mark = LOG_MARK_DEAD, .plugin = "hr", .event = &event};
        json_t *o = json_loads(render(LOG_FORMAT_JSON, &line, "рефьюз \"x\""), 0, NULL);

        cr_assert_not_null(o);
        cr_assert_str_eq(json_string_value(json_object_get(o, "msg")), "рефьюз \"x\"");
        cr_assert_str_eq(json_string_value(json_object_get(o, "mark")), "dead_letter");
        cr_assert_str_eq(json_string_value(json_object_get(o, "event_type")), "request.created");
        cr_assert_eq(json_integer_value(json_object_get(o, "offset")), 4711);
        json_decref(o);
}

Test(log_render, pretty_shows_level_plugin_emoji_and_message)
{
        static const char *const emoji[] = {"📤", "📥", "✅", "🔁", "❌", "☠️", "♻️"};

        for (int mark = LOG_MARK_PUBLISHED; mark <= LOG_MARK_RELOAD; mark++) {
                const struct log_line line = {.level = LOG_LEVEL_INFO,
                                              .mark = (enum log_mark)mark,
                                              .plugin = "workflow"};
                const char *text = render(LOG_FORMAT_PRETTY, &line, "done");

                cr_assert_not_null(strstr(text, "INFO  workflow"));
                cr_assert_not_null(strstr(text, emoji[mark - 1]));
                cr_assert_not_null(strstr(text, " done\n"));
        }
}

/* What an event may hold must not break a line, a terminal, or JSON. */
Test(log_render, hostile_bytes_stay_one_valid_line)
{
        enum log_format formats[] = {LOG_FORMAT_PRETTY, LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON};
        unsigned seed = 7;

        for (int round = 0; round < 3000; round++) {
                static struct log_out out;
                char bytes[3000];
                size_t len = (size_t)rand_r(&seed) % sizeof bytes;
                struct log_text t = {bytes, len};
                struct log_event hostile = {t, t, t, t, t, 0, 0};
                const struct log_field fields[] = {{.key = "a", .text = t},
                                                   {.key = "b", .text = t},
                                                   {.key = "c", .number = 1}};
                struct log_line line = {.plugin = "p", .event = &hostile, .fields = fields, .field_count = 3};
                enum log_format format = formats[round % 3];

                for (size_t i = 0; i < len; i++)
                        bytes[i] = (char)(rand_r(&seed) >> 5);
                if (round % 7 == 0)
                        memset(bytes, round % 2 ? 1 : '"', len);
                log_render(&out, format, round % 2 == 0, wall, &line, bytes,
                           len < LOG_MESSAGE_MAX ? len : LOG_MESSAGE_MAX);
                cr_assert_leq(out.len, sizeof out.data);
                cr_assert_eq(memchr(out.data, '\n', out.len), out.data + out.len - 1);
                cr_assert_eq(text_utf8_prefix(out.data, out.len), out.len);
                if (format == LOG_FORMAT_JSON) {
                        json_error_t why;
                        json_t *o = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);

                        cr_assert_not_null(o, "%s: %.*s", why.text, (int)out.len, out.data);
                        json_decref(o);
                }
        }
}

Test(log_render, control_characters_cannot_reach_a_terminal)
{
        const struct log_line line = {.plugin = "p"};
        const char *text = render(LOG_FORMAT_PRETTY, &line,
                                  "a\x1b[2J\xc2\x9b"
                                  "b\r\n\x7f");

        cr_assert_not_null(strstr(text, "a\\u001b[2J\\u009bb\\r\\n\\u007f\n"), "%s", text);
}

Test(log_fold, equal_lines_are_folded_with_a_count)
{
        const struct log_line line = {.level = LOG_LEVEL_WARN, .plugin = "audit"};
        uint64_t key = log_fold_key(&line, "cannot reach %s", false);
        struct log_folded due;
        int64_t now = CLOCK_S;
        int written = 0;

        for (int i = 0; i < 1000; i++) {
                bool folded = log_fold(key, now + i, &due);

                cr_assert_eq(due.count, 0u);
                if (!folded) {
                        written++;
                        log_fold_sample(key, &line, "cannot reach x", 14);
                }
        }
        cr_assert_eq(written, 10);
        cr_assert_not(log_fold_due(now + CLOCK_S / 2, false, &due), "the second is not over");
        cr_assert(log_fold_due(now + CLOCK_S, false, &due));
        cr_assert_eq(due.count, 990u);
        cr_assert_str_eq(due.sample, "cannot reach x");
        cr_assert_str_eq(due.plugin, "audit");
        cr_assert_not(log_fold_due(now + 3 * CLOCK_S, true, &due), "it is said once");
        cr_assert_not(log_fold(key, now + 4 * CLOCK_S, &due), "a new second begins anew");
}

Test(log_fold, the_next_line_says_what_was_folded)
{
        const struct log_line line = {.level = LOG_LEVEL_INFO, .plugin = "audit"};
        uint64_t key = log_fold_key(&line, "x", false);
        struct log_folded due;

        for (int i = 0; i < 15; i++)
                log_fold(key, CLOCK_S, &due);
        cr_assert_not(log_fold(key, 2 * CLOCK_S, &due));
        cr_assert_eq(due.count, 5u);
}

Test(log_fold, other_lines_are_not_held_back)
{
        struct log_folded due;

        for (int i = 0; i < 5000; i++) {
                const struct log_line line = {.level = LOG_LEVEL_INFO, .plugin = "audit"};
                char text[2] = {(char)('a' + i % 26), '\0'};

                cr_assert_eq(log_fold(log_fold_key(&line, text, false), CLOCK_S + i * CLOCK_S / 100, &due), false);
        }
}

Test(log_fold, ids_and_figures_do_not_make_a_line_another)
{
        const struct log_line line = {.level = LOG_LEVEL_INFO, .plugin = "audit"};
        uint64_t one = log_fold_key(&line, "event 6f1f-22 took 13 ms", true);

        cr_assert_eq(one, log_fold_key(&line, "event 0a0b-99 took 7 ms", true));
        cr_assert_neq(one, log_fold_key(&line, "event 0a0b-99 spent 7 ms", true));
}

Test(log_levels, are_read_in_the_spelling_of_existing_deployments)
{
        enum log_level level;

        cr_assert(log_level_parse("WARNING", &level));
        cr_assert_eq(level, LOG_LEVEL_WARN);
        cr_assert(log_level_parse("debug", &level));
        cr_assert_eq(level, LOG_LEVEL_DEBUG);
        cr_assert_not(log_level_parse("loud", &level));
        log_set_level(LOG_LEVEL_ERROR);
        cr_assert_not(log_enabled(LOG_LEVEL_WARN));
        log_set_level(LOG_LEVEL_DEBUG);
        cr_assert(log_enabled(LOG_LEVEL_DEBUG));
}
