/*
 * pawlctl consume: shows events. No group, nothing is committed.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "cluster.h"
#include "common/event_text.h"
#include "kafka/reader.h"
#include "pawlctl.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPEN_TIMEOUT (15 * CLOCK_S)
#define TURN         (200 * CLOCK_MS)
#define TOPICS_MAX   64

struct consume {
        const char *topics[TOPICS_MAX];
        size_t topic_count;
        const char *type; /* exact, or with a * at its end; NULL: any */
        const char *key;
        const char *from; /* "beginning", "end"; NULL: end with --follow, else beginning */
        int64_t count;    /* 0: no limit */
        bool follow;
        bool json;
        struct reader *reader;
        int64_t shown;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
        (void)number;
        interrupted = 1;
}

/* The value as JSON; NULL when it is none. */
static json_t *parse_value(const struct message *m)
{
        if (m->value == NULL || !text_json_depth_ok(m->value, m->value_len, EVENT_TEXT_DEPTH))
                return NULL;
        return json_loadb(m->value, m->value_len, JSON_DECODE_ANY, NULL);
}

/* The event's type, from the header of CloudEvents' binary mode or from the value. */
static void type_of(const struct message *m, const json_t *value, char out[static 128])
{
        struct message_header header;
        const char *text = json_string_value(json_object_get(value, "event_type"));

        if (message_header_last(m, "ce_type", &header) && header.value != NULL)
                snprintf(out, 128, "%.*s", (int)(header.value_len < 127 ? header.value_len : 127),
                         (const char *)header.value);
        else
                snprintf(out, 128, "%s", text != NULL ? text : "");
}

static bool type_matches(const char *pattern, const char *type)
{
        size_t len = strlen(pattern);

        if (len > 0 && pattern[len - 1] == '*')
                return strncmp(pattern, type, len - 1) == 0;
        return strcmp(pattern, type) == 0;
}

static bool wanted(const struct consume *c, const struct message *m, const char *type)
{
        if (c->type != NULL && !type_matches(c->type, type))
                return false;
        return c->key == NULL ||
               (m->key != NULL && m->key_len == strlen(c->key) && memcmp(m->key, c->key, m->key_len) == 0);
}

/* Any bytes as a JSON string; what is not UTF-8 becomes U+FFFD. NULL: null. */
static void add_json_bytes(struct buf *out, const void *bytes, size_t len)
{
        if (bytes == NULL)
                buf_add_text(out, "null");
        else
                buf_add_json_string(out, bytes, len);
}

/* The value stays as it was written, byte for byte, where that is one line of JSON. */
static void add_json_value(struct buf *out, const struct message *m, const json_t *value)
{
        char *text;

        if (value == NULL) {
                add_json_bytes(out, m->value, m->value_len);
        } else if (memchr(m->value, '\n', m->value_len) == NULL && memchr(m->value, '\r', m->value_len) == NULL) {
                buf_add(out, m->value, m->value_len);
        } else {
                text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
                buf_add_text(out, text != NULL ? text : "null");
                free(text);
        }
}

static void print_json(const struct consume *c, const struct message *m, const json_t *value)
{
        struct buf line = {0};
        struct message_header header;
        char time[CLOCK_TEXT_MAX];

        buf_add_text(&line, "{\"topic\":");
        add_json_bytes(&line, reader_topic(c->reader, m->partition), strlen(reader_topic(c->reader, m->partition)));
        buf_printf(&line, ",\"partition\":%" PRId32 ",\"offset\":%" PRId64 ",\"timestamp\":",
                   reader_partition_number(c->reader, m->partition), m->offset);
        if (m->timestamp_ms >= 0)
                buf_printf(&line, "\"%s\"", clock_format(m->timestamp_ms * CLOCK_MS, time));
        else
                buf_add_text(&line, "null");
        buf_add_text(&line, ",\"key\":");
        add_json_bytes(&line, m->key, m->key_len);
        buf_add_text(&line, ",\"headers\":[");
        for (size_t i = 0; message_header_at(m, i, &header); i++) {
                buf_add_text(&line, i > 0 ? ",[" : "[");
                buf_add_json_string(&line, header.name, strlen(header.name));
                buf_add_char(&line, ',');
                add_json_bytes(&line, header.value, header.value_len);
                buf_add_char(&line, ']');
        }
        buf_add_text(&line, value != NULL || m->value == NULL ? "],\"value\":" : "],\"text\":");
        add_json_value(&line, m, value);
        buf_add_text(&line, "}\n");
        fwrite(line.data, 1, line.len, stdout);
        buf_free(&line);
}

/* Bytes for a terminal: its control characters would be obeyed. */
static void print_safe(const void *bytes, size_t len)
{
        struct buf text = {0};

        buf_add_json_string(&text, bytes, len);
        fwrite(text.data + 1, 1, text.len - 2, stdout);
        buf_free(&text);
}

static void print_pretty(const struct consume *c, const struct message *m, const json_t *value, const char *type)
{
        struct message_header header;
        char time[CLOCK_TEXT_MAX], *text;

        printf("📥 %s/%" PRId32 "@%" PRId64 "  %s  ", reader_topic(c->reader, m->partition),
               reader_partition_number(c->reader, m->partition), m->offset,
               m->timestamp_ms >= 0 ? clock_format(m->timestamp_ms * CLOCK_MS, time) : "no time");
        print_safe(type, strlen(type));
        fputs("  key ", stdout);
        if (m->key != NULL)
                print_safe(m->key, m->key_len);
        else
                fputs("(none)", stdout);
        putchar('\n');
        for (size_t i = 0; message_header_at(m, i, &header); i++) {
                printf("   %s: ", header.name);
                if (header.value != NULL)
                        print_safe(header.value, header.value_len);
                putchar('\n');
        }
        if (value != NULL) {
                text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
                puts(text != NULL ? text : "");
                free(text);
        } else if (m->value == NULL) {
                puts("(tombstone)");
        } else {
                fputs("(no JSON) ", stdout);
                print_safe(m->value, m->value_len);
                putchar('\n');
        }
}

static void show(struct consume *c, const struct message *m)
{
        json_t *value = parse_value(m);
        char type[128];

        type_of(m, value, type);
        if (wanted(c, m, type)) {
                if (c->json)
                        print_json(c, m, value);
                else
                        print_pretty(c, m, value, type);
                c->shown++;
        }
        json_decref(value);
}

/* Until the end, the count, Ctrl-C, or the reader of our output goes away. */
static int read_all(struct consume *c)
{
        struct pawl_error err = {0};
        struct message message;

        while (!interrupted && (c->count == 0 || c->shown < c->count)) {
                enum reader_result result = reader_next(c->reader, TURN, &message, &err);

                if (result == READER_FAILED)
                        return ctl_fail(CTL_FAILED, "%s", err.text);
                if (result == READER_MESSAGE) {
                        show(c, &message);
                        message_release(&message);
                        if (ferror(stdout))
                                break;
                        continue;
                }
                if (fflush(stdout) != 0 || (result == READER_END && !c->follow))
                        break;
        }
        return CTL_DONE;
}

static int consume(struct ctl *ctl, struct consume *c)
{
        /* The end of a partition is told only after an empty fetch: a person waits for it. */
        static const struct client_property prompt = {"fetch.wait.max.ms", "100"};
        struct reader_options options = {.partition = -1,
                                         .offset = -1,
                                         .topic_count = c->topic_count,
                                         .topics = c->topics};
        struct pawl_error err = {0};
        struct cluster cluster;
        int status = CTL_FAILED;

        if (!cluster_of(ctl, CONFIG_SCOPE_CONSUMER, &cluster))
                goto out;
        options.client = cluster.options;
        options.client.more_properties = &prompt;
        options.client.more_property_count = 1;
        options.from_earliest = c->from != NULL ? strcmp(c->from, "beginning") == 0 : !c->follow;
        if (c->follow && !options.from_earliest && isatty(STDERR_FILENO))
                fputs("pawlctl: waiting for new events (--from beginning shows those that are there, too)\n", stderr);
        c->reader = reader_open(&options, OPEN_TIMEOUT, &err);
        if (c->reader != NULL)
                status = read_all(c);
        else
                ctl_fail(0, "%s", err.text);
out:
        if (c->reader != NULL)
                reader_destroy(&c->reader);
        cluster_clear(&cluster);
        return status;
}

/* Without --topic: every topic of topics.conf that is no dead-letter topic. */
static bool default_topics(struct ctl *ctl, struct consume *c)
{
        const struct config *cfg = ctl_config(ctl);

        for (size_t i = 0; cfg != NULL && i < cfg->topics.count && c->topic_count < TOPICS_MAX; i++)
                if (cfg->topics.items[i].source == NULL)
                        c->topics[c->topic_count++] = cfg->topics.items[i].name;
        return c->topic_count > 0;
}

enum { OPTION_TOPIC = 1, OPTION_TYPE, OPTION_KEY, OPTION_FROM, OPTION_COUNT, OPTION_FOLLOW, OPTION_JSON };

/* False: the option's value makes no sense. */
static bool take_option(struct consume *c, int option)
{
        char *end;

        switch (option) {
        case OPTION_TOPIC:
                if (c->topic_count == TOPICS_MAX)
                        return false;
                c->topics[c->topic_count++] = optarg;
                return true;
        case OPTION_TYPE:
                c->type = optarg;
                return true;
        case OPTION_KEY:
                c->key = optarg;
                return true;
        case OPTION_FROM:
                c->from = optarg;
                return strcmp(optarg, "beginning") == 0 || strcmp(optarg, "end") == 0;
        case OPTION_COUNT:
                errno = 0;
                c->count = strtoll(optarg, &end, 10);
                return errno == 0 && *end == '\0' && c->count > 0;
        case OPTION_FOLLOW:
                c->follow = true;
                return true;
        case OPTION_JSON:
                c->json = true;
                return true;
        default:
                return false;
        }
}

int cmd_consume(struct ctl *ctl, int argc, char **argv)
{
        static const struct option options[] = {
            {"topic", required_argument, NULL, OPTION_TOPIC}, {"type", required_argument, NULL, OPTION_TYPE},
            {"key", required_argument, NULL, OPTION_KEY},     {"from", required_argument, NULL, OPTION_FROM},
            {"count", required_argument, NULL, OPTION_COUNT}, {"follow", no_argument, NULL, OPTION_FOLLOW},
            {"json", no_argument, NULL, OPTION_JSON},         CTL_OPTIONS};
        const struct sigaction action = {.sa_handler = on_interrupt};
        struct consume c = {0};
        int option;

        while ((option = ctl_getopt(ctl, argc, argv, options)) != -1) {
                if (option == '?')
                        return CTL_USAGE;
                if (!take_option(&c, option))
                        return ctl_fail(CTL_USAGE,
                                        "consume: an option has the wrong value %s; see pawlctl help consume", optarg);
        }
        if (optind < argc)
                return ctl_fail(CTL_USAGE, "consume takes no argument, found %s; a topic is named with --topic",
                                argv[optind]);
        if (c.topic_count == 0 && !default_topics(ctl, &c))
                return ctl_fail(CTL_USAGE, "name a topic with --topic");
        sigaction(SIGINT, &action, NULL);
        return consume(ctl, &c);
}
