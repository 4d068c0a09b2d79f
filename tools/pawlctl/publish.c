/*
 * pawlctl publish: one event, or one a line of a file of any length. Memory is bounded by what is not acknowledged yet.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "cluster.h"
#include "common/event_text.h"
#include "kafka/producer.h"
#include "pawlctl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVENT_MAX       (10 * 1024 * 1024)
#define IN_FLIGHT_MAX   8192
#define IN_FLIGHT_BYTES (32 * 1024 * 1024)
#define SHOWN_FAILURES  20

/* An event that is not acknowledged yet; kept so that it can be pushed again. */
struct pending {
        bool used;
        bool again; /* to be pushed again */
        struct event_text text;
        size_t number; /* of its first line in the input, from 1 */
        int64_t since; /* clock_now() */
};

struct publisher {
        struct producer *producer;
        struct event_text_options options;
        struct pending *pending; /* IN_FLIGHT_MAX; the tag is the index */
        size_t next;             /* where to look for a free one */
        size_t in_flight;
        size_t bytes;
        size_t again_count;
        size_t number; /* of the line that is being read */
        size_t delivered;
        size_t failed;
        int64_t timeout;
        int64_t last_report; /* clock_now() */
        int64_t last_progress;
        bool terminal;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
        (void)number;
        interrupted = 1;
}

__attribute__((format(printf, 3, 4))) static void fail(struct publisher *p, size_t number, const char *fmt, ...)
{
        va_list ap;

        if (++p->failed <= SHOWN_FAILURES) {
                fprintf(stderr, "%sline %zu: ", p->terminal ? "\r\033[K" : "", number);
                va_start(ap, fmt);
                vfprintf(stderr, fmt, ap);
                va_end(ap);
                fputc('\n', stderr);
        } else if (p->failed == SHOWN_FAILURES + 1) {
                fputs("further failures are only counted\n", stderr);
        }
}

static void show_progress(struct publisher *p, int64_t now)
{
        if (!p->terminal || now - p->last_progress < 200 * CLOCK_MS)
                return;
        p->last_progress = now;
        fprintf(stderr, "\r\033[K📤 %zu delivered, %zu failed, %zu under way", p->delivered, p->failed, p->in_flight);
}

static void release(struct publisher *p, struct pending *event)
{
        p->bytes -= event->text.len;
        p->in_flight--;
        p->again_count -= event->again;
        event_text_clear(&event->text);
        *event = (struct pending){0};
}

static void take_report(struct publisher *p, const struct producer_report *report, int64_t now)
{
        struct pending *event = &p->pending[report->tag];

        p->last_report = now;
        if (report->outcome == REPORT_DELIVERED) {
                p->delivered++;
        } else if (report->outcome == REPORT_AGAIN && now - event->since < p->timeout) {
                event->again = true;
                p->again_count++;
                return;
        } else {
                fail(p, event->number, "not delivered to %s: %s", event->text.topic, report->text);
        }
        release(p, event);
}

static void push(struct publisher *p, struct pending *event, int64_t now)
{
        const struct producer_record record = {.topic = event->text.topic,
                                               .key = event->text.key,
                                               .key_len = strlen(event->text.key),
                                               .value = event->text.value,
                                               .value_len = event->text.len,
                                               .tag = (uint64_t)(event - p->pending)};
        struct pawl_error err = {0};
        enum producer_push pushed = producer_push(p->producer, &record, &err);

        if (pushed == PUSH_TAKEN) {
                p->again_count -= event->again;
                event->again = false;
        } else if (pushed == PUSH_REFUSED || now - event->since >= p->timeout) {
                fail(p, event->number, "not delivered to %s: %s", event->text.topic,
                     err.text[0] != '\0' ? err.text : "the producer has no room");
                release(p, event);
        } else if (!event->again) {
                event->again = true;
                p->again_count++;
        }
}

static void push_again(struct publisher *p, int64_t now)
{
        for (size_t i = 0; i < IN_FLIGHT_MAX && p->again_count > 0; i++)
                if (p->pending[i].used && p->pending[i].again)
                        push(p, &p->pending[i], now);
}

/* Takes in what has happened, waiting for it a moment if asked. */
static void pump(struct publisher *p, bool wait)
{
        struct pollfd fd = {.fd = producer_fd(p->producer), .events = POLLIN};
        struct producer_report reports[256];
        struct producer_notice notice;
        int64_t now;
        size_t count;

        if (wait)
                poll(&fd, 1, 20);
        now = clock_now();
        producer_serve(p->producer, now);
        while ((count = producer_reports(p->producer, reports, 256)) > 0)
                for (size_t i = 0; i < count; i++)
                        take_report(p, &reports[i], now);
        while (producer_notice(p->producer, &notice))
                if (notice.trouble != TROUBLE_NONE)
                        fprintf(stderr, "%spawlctl: %s\n", p->terminal ? "\r\033[K" : "", notice.text);
        if (p->again_count > 0 && wait)
                push_again(p, now);
        show_progress(p, now);
}

/* Nothing was acknowledged for the whole time-out: what is under way is given up. */
static bool stalled(struct publisher *p)
{
        return p->in_flight > 0 && clock_now() - p->last_report >= p->timeout;
}

static void give_up(struct publisher *p, const char *why)
{
        for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
                if (!p->pending[i].used)
                        continue;
                fail(p, p->pending[i].number, "not acknowledged: %s", why);
                release(p, &p->pending[i]);
        }
}

/* False: the cluster does not answer. */
static bool make_room(struct publisher *p)
{
        while (!interrupted && (p->in_flight >= IN_FLIGHT_MAX || p->bytes >= IN_FLIGHT_BYTES || p->again_count > 0)) {
                if (stalled(p))
                        return false;
                pump(p, true);
        }
        return true;
}

/* False: it has faults, and they have been said. */
static bool make_event(struct publisher *p, struct event_text *made, const char *text, size_t len)
{
        json_t *faults = json_array(), *fault;
        bool ok = event_text_make(made, text, len, &p->options, faults);
        struct buf all = {0};
        size_t i;

        json_array_foreach(faults, i, fault)
        {
                const char *field = json_string_value(json_object_get(fault, "field"));

                buf_printf(&all, "%s%s%sexpected %s, found %s", i > 0 ? "; " : "", field != NULL ? field : "",
                           field != NULL ? ": " : "", json_string_value(json_object_get(fault, "expected")),
                           json_string_value(json_object_get(fault, "found")));
        }
        if (!ok)
                fail(p, p->number, "%s", all.data);
        buf_free(&all);
        json_decref(faults);
        return ok;
}

/* One event of the input. False: no more can be sent. */
static bool publish_text(struct publisher *p, const char *text, size_t len)
{
        struct event_text made;
        struct pending *event;
        int64_t now = clock_now();

        p->options.now = clock_wall();
        if (!make_event(p, &made, text, len))
                return true;
        if (p->in_flight == 0)
                p->last_report = now;
        while (p->pending[p->next].used)
                p->next = (p->next + 1) % IN_FLIGHT_MAX;
        event = &p->pending[p->next];
        *event = (struct pending){.used = true, .text = made, .number = p->number, .since = now};
        p->in_flight++;
        p->bytes += made.len;
        push(p, event, now);
        if (p->number % 64 == 0)
                pump(p, false);
        return make_room(p);
}

/* -- input */

static bool is_blank(const struct buf *line)
{
        return line->len == 0 || strspn(line->data, " \t\r\n") == line->len;
}

/* Reads up to the next line end, or a whole document (`delimiter` EOF), EVENT_MAX bytes at most; what is longer is read over. False:
 * nothing is left. */
static bool read_until(FILE *in, int delimiter, struct buf *text, bool *too_long)
{
        int c;

        *too_long = false;
        while ((c = getc(in)) != EOF && c != delimiter) {
                if (text->len < EVENT_MAX)
                        buf_add_char(text, (char)c);
                else
                        *too_long = true;
        }
        return text->len > 0 || c != EOF;
}

/* Whether the first line ends within an object: then the file is one event written over several lines. */
static bool is_document(const struct buf *line)
{
        json_error_t why;
        json_t *json;

        if (!text_json_depth_ok(line->data, line->len, EVENT_TEXT_DEPTH))
                return false;
        json = json_loadb(line->data, line->len, 0, &why);
        json_decref(json);
        return json == NULL && json_error_code(&why) == json_error_premature_end_of_input;
}

static void publish_stream(struct publisher *p, FILE *in)
{
        struct buf text = {0};
        bool too_long, going = true, first = true;

        while (going && !interrupted && read_until(in, '\n', &text, &too_long)) {
                p->number++;
                if (!is_blank(&text) || too_long) {
                        if (first && !too_long && is_document(&text)) {
                                buf_add_char(&text, '\n');
                                read_until(in, EOF, &text, &too_long);
                        }
                        first = false;
                        if (too_long)
                                fail(p, p->number, "expected an event of at most %d MiB, found a larger one",
                                     EVENT_MAX / 1024 / 1024);
                        else
                                going = publish_text(p, text.data, text.len);
                }
                buf_clear(&text);
        }
        buf_free(&text);
}

/* Waits for all acknowledgements and says how it went. */
static int conclude(struct publisher *p)
{
        char limit[32];

        producer_flush(p->producer);
        while (p->in_flight > 0 && !stalled(p) && interrupted < 2)
                pump(p, true);
        if (p->in_flight > 0) {
                text_format_duration(p->timeout, limit);
                fprintf(stderr, "pawlctl: the cluster has acknowledged nothing for %s\n", limit);
                give_up(p, "the cluster does not answer");
        }
        if (p->terminal)
                fputs("\r\033[K", stderr);
        if (interrupted)
                fputs("pawlctl: interrupted; the rest of the input was not read\n", stderr);
        printf("📤 %zu delivered, %zu failed\n", p->delivered, p->failed);
        return p->failed == 0 && !interrupted ? CTL_DONE : CTL_FAILED;
}

static int publish(struct ctl *ctl, struct publisher *p, const char *file, const char *text)
{
        FILE *in = text != NULL || strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
        struct producer_options options = {0};
        struct pawl_error err = {0};
        struct cluster cluster;
        int status = CTL_FAILED;

        if (in == NULL)
                return ctl_fail(CTL_FAILED, "%s: %s", file, strerror(errno));
        if (!cluster_of(ctl, CONFIG_SCOPE_PRODUCER, &cluster))
                goto out;
        options.client = cluster.options;
        p->producer = producer_open(&options, &err);
        if (p->producer == NULL) {
                ctl_fail(0, "%s", err.text);
                goto out;
        }
        p->pending = memory_zero(IN_FLIGHT_MAX, sizeof *p->pending);
        p->last_report = clock_now();
        p->number = text != NULL;
        if (text != NULL)
                publish_text(p, text, strlen(text));
        else
                publish_stream(p, in);
        status = conclude(p);
        if (text == NULL && ferror(in))
                status = ctl_fail(CTL_FAILED, "%s: reading failed", file);
out:
        if (p->producer != NULL)
                producer_destroy(&p->producer);
        free(p->pending);
        cluster_clear(&cluster);
        if (in != stdin)
                fclose(in);
        return status;
}

int cmd_publish(struct ctl *ctl, int argc, char **argv)
{
        enum { OPTION_TOPIC = 1, OPTION_JSON, OPTION_ANY, OPTION_TIMEOUT };
        static const struct option options[] = {{"topic", required_argument, NULL, OPTION_TOPIC},
                                                {"json", required_argument, NULL, OPTION_JSON},
                                                {"any", no_argument, NULL, OPTION_ANY},
                                                {"timeout", required_argument, NULL, OPTION_TIMEOUT},
                                                CTL_OPTIONS};
        const struct sigaction action = {.sa_handler = on_interrupt};
        struct publisher p = {.timeout = 30 * CLOCK_S,
                              .terminal = isatty(STDERR_FILENO) == 1,
                              .options.uuid = event_text_uuid};
        const char *text = NULL;
        struct pawl_error err = {0};
        int option;

        while ((option = ctl_getopt(ctl, argc, argv, options)) != -1) {
                if (option == '?')
                        return CTL_USAGE;
                if (option == OPTION_TOPIC)
                        p.options.topic = optarg;
                else if (option == OPTION_JSON)
                        text = optarg;
                else if (option == OPTION_ANY)
                        p.options.any = true;
                else if (option == OPTION_TIMEOUT && !text_duration(optarg, &p.timeout, &err))
                        return ctl_fail(CTL_USAGE, "--timeout: %s", err.text);
        }
        if (argc - optind > 1 || (text != NULL && optind < argc))
                return ctl_fail(CTL_USAGE, "expected one FILE, or - for stdin, or --json TEXT");
        if (text == NULL && optind == argc && isatty(STDIN_FILENO) == 1)
                fputs("pawlctl: reads events from the terminal, one a line, until Ctrl-D\n", stderr);
        sigaction(SIGINT, &action, NULL);
        return publish(ctl, &p, optind < argc ? argv[optind] : "-", text);
}
