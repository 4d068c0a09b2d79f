/*
 * The log: lines to stderr, for people (`pretty`) or machines (`logfmt`, `json`). Any thread.
 *
 * A line is one write of at most PIPE_BUF bytes, so that lines of several processes on one pipe never mix. It never blocks for
 * long: when nobody reads stderr, lines are dropped and counted, and the count is said when writing works again. A flood of
 * equal lines (same format, level and plugin) is folded: the first few of each second are written, the others counted.
 * Whatever bytes an event holds, a line stays one line and valid UTF-8, and a json line valid JSON.
 */
#ifndef PAWL_BASE_LOG_H
#define PAWL_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_PRETTY, LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

/* What a line is about, for the eye: an emoji in `pretty`, mark=received in the others. */
enum log_mark {
        LOG_MARK_NONE,
        LOG_MARK_PUBLISHED, /* 📤 */
        LOG_MARK_RECEIVED,  /* 📥 */
        LOG_MARK_HANDLED,   /* ✅ */
        LOG_MARK_RETRY,     /* 🔁 */
        LOG_MARK_FAILED,    /* ❌ */
        LOG_MARK_DEAD,      /* ☠️ */
        LOG_MARK_RELOAD,    /* ♻️ */
};

/* Borrowed bytes; ptr NULL: not known, left out of the line. */
struct log_text {
        const char *ptr;
        size_t len;
};

/* The event that a line is about. */
struct log_event {
        struct log_text id;
        struct log_text type;
        struct log_text topic;
        struct log_text correlation_id;
        struct log_text handler;
        int32_t partition; /* partition and offset are shown if topic is */
        int64_t offset;
};

/* A further key and value. `text.ptr` NULL: the number is the value. */
struct log_field {
        const char *key; /* lower case, a-z 0-9 _ */
        struct log_text text;
        int64_t number;
};

struct log_line {
        enum log_level level;
        enum log_mark mark;
        const char *plugin;            /* NULL: the process's name, log_set_plugin */
        const struct log_event *event; /* NULL: none */
        const struct log_field *fields;
        size_t field_count;
};

/* Once, before other threads start. AUTO becomes pretty if stderr is a terminal, else logfmt. Before it, lines are logfmt. */
void log_open(enum log_format format, enum log_level level);

/* The name that every line of this process carries ("pawld" before); copied. Before other threads start. */
void log_set_plugin(const char *name);

/* At any time. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
void log_set_format(enum log_format format);

/* Whether a line of that level would be written: ask before costly preparation. */
bool log_enabled(enum log_level level);

void log_write(const struct log_line *line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_vwrite(const struct log_line *line, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

#define log_at(level_, mark_, ...)                                                                                     \
        do {                                                                                                           \
                if (log_enabled(level_))                                                                               \
                        log_write(&(const struct log_line){.level = (level_), .mark = (mark_)}, __VA_ARGS__);          \
        } while (0)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, LOG_MARK_NONE, __VA_ARGS__)
#define log_info(...)  log_at(LOG_LEVEL_INFO, LOG_MARK_NONE, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_LEVEL_WARN, LOG_MARK_NONE, __VA_ARGS__)
#define log_error(...) log_at(LOG_LEVEL_ERROR, LOG_MARK_NONE, __VA_ARGS__)

/* The same about an event: log_about(LOG_LEVEL_WARN, LOG_MARK_RETRY, &event, "…", …) */
#define log_about(level_, mark_, event_, ...)                                                                          \
        do {                                                                                                           \
                if (log_enabled(level_))                                                                               \
                        log_write(&(const struct log_line){.level = (level_), .mark = (mark_), .event = (event_)},     \
                                  __VA_ARGS__);                                                                        \
        } while (0)

/* Says counts that are due (folded, dropped). Called about once a second from the main loop. */
void log_tick(void);

/* Says all that was folded or dropped; before the process ends. Lines may follow all the same. */
void log_close(void);

/* "debug", "info", "warn", "error"; reading also takes "warning", "critical", "trace" and upper case. */
const char *log_level_name(enum log_level level);
bool log_level_parse(const char *text, enum log_level *level);
bool log_format_parse(const char *text, enum log_format *format);

#endif
