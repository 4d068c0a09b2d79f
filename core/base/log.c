#include "base/log.h"

#include "base/clock.h"
#include "base/log_room.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Guards all below but the level, and the state of log_fold.c and log_write.c: lines leave one after the other. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static enum log_format format = LOG_FORMAT_LOGFMT;
static bool colour;
static char process_name[64] = "pawld";
static struct log_out out;
static char message[LOG_MESSAGE_MAX];

static _Atomic int threshold = LOG_LEVEL_INFO;

static void choose_format(enum log_format wanted)
{
        bool terminal = log_output_is_terminal();

        if (wanted == LOG_FORMAT_AUTO)
                wanted = terminal ? LOG_FORMAT_PRETTY : LOG_FORMAT_LOGFMT;
        format = wanted;
        colour = terminal && wanted == LOG_FORMAT_PRETTY && getenv("NO_COLOR") == NULL;
}

void log_open(enum log_format wanted, enum log_level level)
{
        pthread_mutex_lock(&lock);
        signal(SIGPIPE, SIG_IGN);
        log_output_open();
        choose_format(wanted);
        pthread_mutex_unlock(&lock);
        log_set_level(level);
}

void log_set_plugin(const char *name)
{
        pthread_mutex_lock(&lock);
        snprintf(process_name, sizeof process_name, "%s", name);
        pthread_mutex_unlock(&lock);
}

void log_set_level(enum log_level level)
{
        atomic_store_explicit(&threshold, (int)level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
        return (enum log_level)atomic_load_explicit(&threshold, memory_order_relaxed);
}

void log_set_format(enum log_format wanted)
{
        pthread_mutex_lock(&lock);
        choose_format(wanted);
        pthread_mutex_unlock(&lock);
}

bool log_enabled(enum log_level level)
{
        return (int)level >= atomic_load_explicit(&threshold, memory_order_relaxed);
}

static void say_folded(const struct log_folded *due)
{
        const struct log_field fields[] = {{.key = "folded", .number = (int64_t)due->count}};
        const struct log_line line = {
            .level = due->level, .mark = due->mark, .plugin = due->plugin, .fields = fields, .field_count = 1};
        char text[320];
        int n = snprintf(text, sizeof text, "%" PRIu64 " more like this within %.1f s, not shown: %s", due->count,
                         (double)due->span / (double)CLOCK_S, due->sample);

        log_render(&out, format, colour, clock_wall(), &line, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
        log_output(&out);
}

static void say_dropped(void)
{
        uint64_t dropped = log_output_dropped();
        const struct log_line line = {.level = LOG_LEVEL_WARN, .plugin = process_name};
        char text[96];
        int n;

        if (dropped == 0 || !log_output_ready())
                return;
        n = snprintf(text, sizeof text, "%" PRIu64 " log lines were dropped: nobody read stderr", dropped);
        log_render(&out, format, colour, clock_wall(), &line, text, (size_t)n);
        log_output(&out);
        if (log_output_dropped() == dropped)
                log_output_said(dropped);
}

static size_t format_message(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

static size_t format_message(const char *fmt, va_list ap)
{
        int n = vsnprintf(message, sizeof message, fmt, ap);

        if (n < 0)
                return (size_t)snprintf(message, sizeof message, "(a log line that cannot be formatted: %.200s)", fmt);
        if ((size_t)n < sizeof message)
                return (size_t)n;
        memcpy(message + sizeof message - 4, "...", 4);
        return sizeof message - 1;
}

void log_vwrite(const struct log_line *given, const char *fmt, va_list ap)
{
        struct log_line line = *given;
        struct log_folded due;
        bool whole, many;
        uint64_t key;
        size_t len = 0;

        if (!log_enabled(line.level))
                return;
        pthread_mutex_lock(&lock);
        if (line.plugin == NULL)
                line.plugin = process_name;
        /* A text that was formatted elsewhere says nothing by its format: then the text itself, without its figures, decides. */
        whole = strcmp(fmt, "%s") == 0 || strcmp(fmt, "%.*s") == 0;
        if (whole)
                len = format_message(fmt, ap);
        key = log_fold_key(&line, whole ? message : fmt, whole);
        many = log_fold(key, clock_now(), &due);
        if (due.count > 0)
                say_folded(&due);
        if (!many) {
                if (!whole)
                        len = format_message(fmt, ap);
                say_dropped();
                log_fold_sample(key, &line, message, len);
                log_render(&out, format, colour, clock_wall(), &line, message, len);
                log_output(&out);
        }
        pthread_mutex_unlock(&lock);
}

void log_write(const struct log_line *line, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        log_vwrite(line, fmt, ap);
        va_end(ap);
}

static void say_all(bool all)
{
        struct log_folded due;

        pthread_mutex_lock(&lock);
        while (log_fold_due(clock_now(), all, &due))
                say_folded(&due);
        say_dropped();
        pthread_mutex_unlock(&lock);
}

void log_tick(void)
{
        say_all(false);
}

void log_close(void)
{
        say_all(true);
}

static const char *const level_names[] = {"debug", "info", "warn", "error"};

const char *log_level_name(enum log_level level)
{
        return level_names[level];
}

bool log_level_parse(const char *text, enum log_level *level)
{
        /* The names that Python's logging knows, which existing deployments use, beside ours. */
        static const struct {
                const char *name;
                enum log_level level;
        } names[] = {
            {"debug", LOG_LEVEL_DEBUG},    {"trace", LOG_LEVEL_DEBUG},  {"info", LOG_LEVEL_INFO},
            {"warn", LOG_LEVEL_WARN},      {"warning", LOG_LEVEL_WARN}, {"error", LOG_LEVEL_ERROR},
            {"critical", LOG_LEVEL_ERROR}, {"fatal", LOG_LEVEL_ERROR},
        };

        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                if (strcasecmp(text, names[i].name) == 0) {
                        *level = names[i].level;
                        return true;
                }
        return false;
}

bool log_format_parse(const char *text, enum log_format *wanted)
{
        static const char *const names[] = {"auto", "pretty", "logfmt", "json"};

        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                if (strcmp(text, names[i]) == 0) {
                        *wanted = (enum log_format)i;
                        return true;
                }
        return false;
}
