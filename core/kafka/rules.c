#include "kafka/client_private.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"

/* A property that a configuration may not set freely: the only list of them, asked by every client and by every check of a
 * configuration. A name that ends in `*` stands for all that begin so. */
struct rule {
        const char *name;
        const char *allowed; /* the values that are accepted, each between commas; NULL: none */
        const char *why;
};

#define RUNS_CODE  "it lets a configuration value run code"
#define OFFSETS    "offsets are committed when the events before them are done, and by nothing else"
#define NO_LOSS    "an event counts as delivered when all in-sync replicas have it, once"
#define EAGER_ONLY ",range,roundrobin,range;roundrobin,roundrobin;range,"

static const struct rule rules[] = {
    /* kafka-facts: "Security of the pass-through" */
    {"plugin.library.paths", NULL, RUNS_CODE},
    {"sasl.kerberos.kinit.cmd", NULL, RUNS_CODE},
    {"ssl.engine.location", NULL, RUNS_CODE},
    {"ssl.engine.id", NULL, RUNS_CODE},
    {"ssl.providers", NULL, RUNS_CODE},
    {"test.mock.*", NULL, "it puts a made-up cluster in the place of the real one"},
    {"ut_handle_ProduceResponse", NULL, "it is a test hook of librdkafka"},
    /* what has a setting of its own */
    {"bootstrap.servers", NULL, "set kafka.brokers instead"},
    {"metadata.broker.list", NULL, "set kafka.brokers instead"},
    {"client.id", NULL, "Pawl names its clients by plugin and instance"},
    {"group.id", NULL, "set the plugin's group instead"},
    {"group.instance.id", NULL, "it is made of the host's id, plugin and instance; see kafka.static_membership"},
    {"group.protocol", ",classic,", "the consumer protocol of KIP-848 is not supported yet"},
    {"group.remote.assignor", NULL, "the consumer protocol of KIP-848 is not supported yet"},
    {"partition.assignment.strategy", EAGER_ONLY,
     "cooperative rebalancing has known defects below librdkafka 2.10; with static members eager is enough"},
    {"auto.offset.reset", NULL,
     "set kafka.start and kafka.on_gap instead, which tell a new group from a gap in the log"},
    /* what the promises stand on */
    {"enable.auto.commit", ",false,", OFFSETS},
    {"auto.commit.enable", ",false,", OFFSETS},
    {"auto.commit.interval.ms", NULL, OFFSETS},
    {"enable.auto.offset.store", ",false,", OFFSETS},
    {"offset.store.method", ",broker,", OFFSETS},
    {"enable.partition.eof", ",false,", "Pawl reads the end of a partition from its position"},
    {"enable.idempotence", ",true,", NO_LOSS},
    {"acks", ",all,-1,", NO_LOSS},
    {"request.required.acks", ",all,-1,", NO_LOSS},
    {"retries", NULL, "deliveries are retried until message.timeout.ms"},
    {"message.send.max.retries", NULL, "deliveries are retried until message.timeout.ms"},
    {"enable.gapless.guarantee", ",false,", "it is experimental and ends the client at the first lost message"},
    {"transactional.id", NULL, "transactions are Pawl's to make"},
    {"partitioner", ",murmur2_random,", "keys must go where Java's and Python's producers put them"},
    {"delivery.report.only.error", ",false,", "an event is complete only when its deliveries have been reported"},
    {"allow.auto.create.topics", ",false,", "a mistyped name must not become a topic; use pawlctl topics create"},
    {"enabled_events", NULL, "Pawl serves librdkafka's events itself"},
    {"log.queue", ",true,", "Pawl serves librdkafka's log itself"},
    {"internal.termination.signal", NULL, "Pawl handles signals itself"},
};

static bool matches(const char *pattern, const char *name)
{
        size_t len = strlen(pattern);

        if (len > 0 && pattern[len - 1] == '*')
                return strncasecmp(pattern, name, len - 1) == 0;
        return strcasecmp(pattern, name) == 0;
}

/* Whether `value` stands in ",a,b,". Spaces in it are ignored and its own commas written as semicolons there. */
static bool among(const char *allowed, const char *value)
{
        char wanted[64] = ",";
        size_t len = 1;

        for (const char *p = value; *p != '\0'; p++) {
                if (*p == ' ')
                        continue;
                if (len + 3 > sizeof wanted)
                        return false;
                wanted[len++] = *p == ',' ? ';' : *p;
        }
        wanted[len++] = ',';
        wanted[len] = '\0';
        return len > 2 && strcasestr(allowed, wanted) != NULL;
}

static void write_allowed(const char *allowed, char *out, size_t size)
{
        size_t len = 0;

        for (const char *p = allowed + 1; *p != '\0' && p[1] != '\0' && len + 6 < size; p++) {
                const char *piece = *p == ',' ? " or " : *p == ';' ? "," : NULL;
                if (piece != NULL)
                        len += (size_t)snprintf(out + len, size - len, "%s", piece);
                else
                        out[len++] = *p;
        }
        out[len] = '\0';
}

bool rules_refuse(const char *name, const char *value, bool secret, struct pawl_error *why)
{
        char allowed[128];

        for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
                if (!matches(rules[i].name, name))
                        continue;
                if (rules[i].allowed == NULL) {
                        error_set(why, "property \"%s\" may not be set: %s", name, rules[i].why);
                        return true;
                }
                if (!among(rules[i].allowed, value)) {
                        write_allowed(rules[i].allowed, allowed, sizeof allowed);
                        error_set(why, "property \"%s\": expected %s, found %s%.60s%s: %s", name, allowed,
                                  secret ? "" : "\"", secret ? "a secret" : value, secret ? "" : "\"", rules[i].why);
                        return true;
                }
        }
        return false;
}

/* ---- defaults ---- */

struct fallback {
        const char *name;
        const char *value;
        int since; /* librdkafka's first version that has it; 0: all that Pawl supports */
        bool consumer;
        bool producer;
};

static const struct fallback fallbacks[] = {
    {"log.connection.close", "false", 0, true, true}, /* brokers close idle connections: no news */
    {"socket.keepalive.enable", "true", 0, true, true},
    {"reconnect.backoff.max.ms", "2000", 0, true, true}, /* 10 s is long for a broker that is back */
    {"enable.metrics.push", "false", 0x020500ff, true, true},
    {"session.timeout.ms", "30000", 0, true, false}, /* domain.md */
    {"heartbeat.interval.ms", "10000", 0, true, false},
    {"max.poll.interval.ms", "300000", 0, true, false},
    /* A topic that is created, or grows, is seen within this time (librdkafka: 5 minutes). */
    {"topic.metadata.refresh.interval.ms", "10000", 0, true, false},
    /* For each partition, since each has a queue of its own: small, and the fetcher is woken (consumer_read.c).
     * queued.max.messages.kbytes is shared out by consumer.c. */
    {"queued.min.messages", "5000", 0, true, false},
    {"fetch.queue.backoff.ms", "5", 0x020200ff, true, false},
    /* One request is in flight to each broker. While it waits for partitions that are at their end, the others' queues, which were full
     * when it went out, may run empty: measured, the last tenth of a catch-up took as long as all before it at 500 ms. */
    {"fetch.wait.max.ms", "50", 0, true, false},
    {"linger.ms", "10", 0, false, true}, /* domain.md */
    {"batch.size", "16384", 0, false, true},
    {"compression.codec", "snappy", 0, false, true},
    {"message.max.bytes", "11534336", 0, false, true},
    /* So soon a missing topic is said, not after 30 s. A false alarm does no harm: what waits for the topic is sent again. */
    {"topic.metadata.propagation.max.ms", "5000", 0, false, true},
};

void rules_defaults(enum client_kind kind, int version, void (*set)(void *ctx, const char *name, const char *value),
                    void *ctx)
{
        for (size_t i = 0; i < sizeof fallbacks / sizeof *fallbacks; i++) {
                const struct fallback *f = &fallbacks[i];
                if (version >= f->since && (kind == CLIENT_CONSUMER ? f->consumer : f->producer))
                        set(ctx, f->name, f->value);
        }
}

/* ---- what librdkafka knows: read from its own list, so that it is right for every version ---- */

struct known {
        char name[64];
        bool consumer;
        bool producer;
};

static struct known *known;
static size_t known_count;
static pthread_once_t known_once = PTHREAD_ONCE_INIT;

/* One row of the Markdown table that rd_kafka_conf_properties_show() prints: "name | C/P | range | default | …". */
static void read_row(const char *row)
{
        struct known k;
        char scope[4];

        if (sscanf(row, "%63[^ |] | %3[CP/*] |", k.name, scope) != 2 || strcmp(scope, "C/P") == 0)
                return;
        k.consumer = scope[0] != 'P';
        k.producer = scope[0] != 'C';
        known = memory_resize(known, known_count + 1, sizeof *known);
        known[known_count++] = k;
}

static void read_known(void)
{
        char *text = NULL;
        size_t len = 0;
        FILE *f = open_memstream(&text, &len);

        if (f == NULL)
                return;
        rd_kafka_conf_properties_show(f);
        fclose(f);
        for (char *save = NULL, *row = strtok_r(text, "\n", &save); row != NULL; row = strtok_r(NULL, "\n", &save))
                read_row(row);
        free(text);
}

bool rules_known(const char *name, bool *consumer, bool *producer, const char **nearest)
{
        pthread_once(&known_once, read_known);
        *consumer = *producer = false;
        *nearest = NULL;
        for (size_t i = 0; i < known_count; i++) {
                /* A global property may stand in the topics' table again: both rows count. */
                if (strcmp(known[i].name, name) == 0) {
                        *consumer |= known[i].consumer;
                        *producer |= known[i].producer;
                } else {
                        *nearest = text_nearest(name, *nearest, known[i].name);
                }
        }
        return *consumer || *producer;
}
