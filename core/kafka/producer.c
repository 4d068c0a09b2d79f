#include "kafka/producer_private.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

#define LOOK_AGAIN        CLOCK_S
#define DEFAULT_MAX_BYTES (16u * 1024 * 1024)

/* ---- one librdkafka client ---- */

static bool open_client(struct producer *p, const struct client_options *options, struct pawl_error *err)
{
        static const struct client_property own[] = {{"enable.idempotence", "true"},
                                                     {"acks", "all"},
                                                     {"partitioner", "murmur2_random"},
                                                     {"delivery.report.only.error", "false"}};
        uint64_t one = 1;

        if (!client_init(&p->client, CLIENT_PRODUCER, options, own, sizeof own / sizeof *own, RD_KAFKA_EVENT_DR, err)) {
                client_fini(&p->client, 0);
                return false;
        }
        p->events = rd_kafka_queue_get_main(p->client.rk);
        rd_kafka_queue_io_event_enable(p->events, p->fd, &one, sizeof one);
        rd_kafka_set_log_queue(p->client.rk, p->events);
        return true;
}

static void close_client(struct producer *p)
{
        for (size_t i = 0; i < p->topic_count; i++) {
                if (p->topics[i].rkt != NULL)
                        rd_kafka_topic_destroy(p->topics[i].rkt);
                p->topics[i].rkt = NULL;
        }
        if (p->events != NULL) {
                rd_kafka_queue_io_event_enable(p->events, -1, NULL, 0);
                rd_kafka_queue_destroy(p->events);
        }
        p->events = NULL;
        client_fini(&p->client, 0);
}

/*
 * After a fatal error the idempotent producer takes nothing more, and what it holds has been purged. Its reports are taken in
 * first; then a new client takes its place. This waits for librdkafka's threads, some ten milliseconds: it is as rare as a
 * broker that has lost acknowledged records.
 */
static void make_anew(struct producer *p)
{
        struct pawl_error err;

        if (p->unacked > 0 || p->now < p->anew_at)
                return;
        client_log(&p->client, CLIENT_WARNING, "the producer's client failed for good; making a new one");
        close_client(p);
        if (open_client(p, &p->options, &err)) {
                p->failed = false;
                return;
        }
        p->anew_at = p->now + LOOK_AGAIN;
        trouble_raise(&p->troubles, TROUBLE_FATAL, "", err.text, p->now);
}

/* ---- topics: the bytes that are unacknowledged in each ---- */

static struct dest *find_dest(const struct producer *p, const char *topic)
{
        for (size_t i = 0; i < p->topic_count; i++) {
                if (strcmp(p->topics[i].name, topic) == 0)
                        return &p->topics[i];
        }
        return NULL;
}

static struct dest *dest_of(struct producer *p, const char *topic)
{
        struct dest *dest = find_dest(p, topic);

        if (dest == NULL) {
                p->topics = memory_resize(p->topics, p->topic_count + 1, sizeof *p->topics);
                dest = &p->topics[p->topic_count++];
                memset(dest, 0, sizeof *dest);
                dest->name = memory_string(topic);
        }
        if (dest->rkt == NULL)
                dest->rkt = rd_kafka_topic_new(p->client.rk, topic, NULL);
        return dest;
}

/* ---- pushing ---- */

static rd_kafka_headers_t *make_headers(const struct producer_record *record)
{
        rd_kafka_headers_t *headers;

        if (record->header_count == 0)
                return NULL;
        headers = rd_kafka_headers_new(record->header_count);
        for (size_t i = 0; i < record->header_count; i++) {
                const struct message_header *h = &record->headers[i];
                rd_kafka_header_add(headers, h->name, -1, h->value, (ssize_t)h->value_len);
        }
        return headers;
}

static enum producer_push refusal(struct producer *p, rd_kafka_resp_err_t code, const struct producer_record *record,
                                  struct pawl_error *err)
{
        if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
                return PUSH_FULL;
        error_set(err, "topic \"%s\": %s (%zu bytes of value, %zu headers)", record->topic, rd_kafka_err2str(code),
                  record->value_len, record->header_count);
        if (code == RD_KAFKA_RESP_ERR__FATAL)
                p->failed = true;
        return report_outcome(code) == REPORT_REFUSED ? PUSH_REFUSED : PUSH_AGAIN;
}

enum producer_push producer_push(struct producer *p, const struct producer_record *record, struct pawl_error *err)
{
        struct dest *dest;
        rd_kafka_headers_t *headers;
        rd_kafka_resp_err_t code;
        size_t bytes = record->key_len + record->value_len;

        assert(p->magic == PRODUCER_MAGIC);
        if (p->failed || p->client.rk == NULL) {
                error_set(err, "the producer's client is being made anew");
                return PUSH_AGAIN;
        }
        dest = dest_of(p, record->topic);
        if (dest->rkt == NULL)
                return refusal(p, rd_kafka_last_error(), record, err);
        /* One record larger than the limit goes alone. */
        if (dest->unacked_bytes > 0 && dest->unacked_bytes + bytes > p->max_unacked_bytes)
                return PUSH_FULL;
        headers = make_headers(record);
        code = rd_kafka_producev(p->client.rk, RD_KAFKA_V_RKT(dest->rkt), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                 RD_KAFKA_V_KEY(record->key, record->key_len),
                                 RD_KAFKA_V_VALUE((void *)record->value, record->value_len),
                                 RD_KAFKA_V_TIMESTAMP(record->timestamp_ms), RD_KAFKA_V_HEADERS(headers),
                                 RD_KAFKA_V_OPAQUE((void *)(uintptr_t)record->tag), RD_KAFKA_V_END);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
                if (headers != NULL) /* still ours */
                        rd_kafka_headers_destroy(headers);
                return refusal(p, code, record, err);
        }
        dest->unacked_bytes += bytes;
        p->unacked++;
        return PUSH_TAKEN;
}

size_t producer_unacked(const struct producer *p)
{
        return p->unacked;
}

size_t producer_unacked_bytes(const struct producer *p, const char *topic)
{
        const struct dest *dest = find_dest(p, topic);

        return dest == NULL ? 0 : dest->unacked_bytes;
}

void producer_flush(struct producer *p)
{
        /* With a time-out of 0 it wakes the broker threads without waiting; the reports come as events. */
        if (p->client.rk != NULL)
                (void)rd_kafka_flush(p->client.rk, 0);
}

void producer_abandon(struct producer *p)
{
        if (p->client.rk != NULL)
                (void)rd_kafka_purge(p->client.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                                       RD_KAFKA_PURGE_F_NON_BLOCKING);
}

/* ---- serving ---- */

static void serve_error(struct producer *p, rd_kafka_event_t *event)
{
        rd_kafka_resp_err_t code = rd_kafka_event_error(event);
        const char *detail = rd_kafka_event_error_string(event);
        char reason[512];

        if (code == RD_KAFKA_RESP_ERR__FATAL || rd_kafka_event_error_is_fatal(event)) {
                p->failed = true;
                if (rd_kafka_fatal_error(p->client.rk, reason, sizeof reason) != RD_KAFKA_RESP_ERR_NO_ERROR)
                        detail = reason;
                client_log(&p->client, CLIENT_ERROR, "fatal error of the producer: %s", detail);
                producer_abandon(p);
                return;
        }
        if (p->unacked == 0 && trouble_of(code) == TROUBLE_UNREACHABLE)
                return; /* nobody waits for it */
        producer_trouble(p, code, detail, NULL);
}

static void serve_event(struct producer *p, rd_kafka_event_t *event)
{
        switch (rd_kafka_event_type(event)) {
        case RD_KAFKA_EVENT_LOG:
                client_log_event(&p->client, event);
                break;
        case RD_KAFKA_EVENT_ERROR:
                serve_error(p, event);
                break;
        case RD_KAFKA_EVENT_DR:
                producer_take_reports(p, event);
                break;
        default:
                break;
        }
        rd_kafka_event_destroy(event);
}

static void say_troubles(struct producer *p)
{
        enum client_trouble kind;
        char text[832];

        /* Nothing is asked of an idle producer's brokers, so it could not tell that they are back. */
        if (p->unacked == 0)
                producer_clear(p, TROUBLE_UNREACHABLE, NULL);
        while (trouble_say(&p->troubles, p->now, &kind, text, sizeof text))
                producer_queue_notice(p, kind, text);
}

int64_t producer_serve(struct producer *p, int64_t now)
{
        rd_kafka_event_t *event;
        uint64_t edges;
        int64_t next;

        assert(p->magic == PRODUCER_MAGIC);
        p->now = now;
        if (read(p->fd, &edges, sizeof edges) < 0) {
                /* No edge: served by the clock. */
        }
        while (p->events != NULL && (event = rd_kafka_queue_poll(p->events, 0)) != NULL)
                serve_event(p, event);
        if (p->failed || p->client.rk == NULL)
                make_anew(p);
        say_troubles(p);
        next = trouble_next(&p->troubles);
        if (p->failed || p->client.rk == NULL)
                next = now + 10 * CLOCK_MS;
        return next < now + LOOK_AGAIN ? next : now + LOOK_AGAIN;
}

bool producer_drain(struct producer *p, int64_t deadline)
{
        struct pollfd wait = {.fd = p->fd, .events = POLLIN};

        producer_flush(p);
        for (;;) {
                int64_t now = clock_now();
                int64_t next = producer_serve(p, now);

                if (p->unacked == 0)
                        return true;
                if (now >= deadline)
                        return false;
                next = next < deadline ? next : deadline;
                poll(&wait, 1, (int)((next - now) / CLOCK_MS) + 1);
        }
}

int producer_fd(const struct producer *p)
{
        return p->fd;
}

/* ---- opening and closing ---- */

static const struct client_property *copy_properties(const struct client_property *from, size_t count)
{
        struct client_property *copy = memory_zero(count, sizeof *copy);

        for (size_t i = 0; i < count; i++)
                copy[i] = (struct client_property){memory_string(from[i].name), memory_string(from[i].value)};
        return copy;
}

static const char *const *copy_secrets(const char *const *from)
{
        const char **copy;
        size_t count = 0;

        while (from != NULL && from[count] != NULL)
                count++;
        copy = memory_zero(count + 1, sizeof *copy);
        for (size_t i = 0; i < count; i++)
                copy[i] = memory_string(from[i]);
        return copy;
}

static void free_secrets(const char *const *secrets)
{
        for (size_t i = 0; secrets != NULL && secrets[i] != NULL; i++)
                free((char *)secrets[i]);
        free((void *)secrets);
}

static void free_properties(const struct client_property *properties, size_t count)
{
        for (size_t i = 0; properties != NULL && i < count; i++) {
                free((char *)properties[i].name);
                free((char *)properties[i].value);
        }
        free((void *)properties);
}

struct producer *producer_open(const struct producer_options *options, struct pawl_error *err)
{
        struct producer *p = memory_zero(1, sizeof *p);

        p->magic = PRODUCER_MAGIC;
        p->now = clock_now();
        p->max_unacked_bytes = options->max_unacked_bytes ? options->max_unacked_bytes : DEFAULT_MAX_BYTES;
        /* Kept for the day when a new client must be made. */
        p->options = options->client;
        p->options.brokers = memory_string(options->client.brokers);
        p->options.client_id = memory_string(options->client.client_id);
        p->options.properties = copy_properties(options->client.properties, options->client.property_count);
        p->options.more_properties =
            copy_properties(options->client.more_properties, options->client.more_property_count);
        p->options.secrets = copy_secrets(options->client.secrets);
        p->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (p->fd >= 0 && open_client(p, &p->options, err))
                return p;
        if (p->fd < 0)
                error_set(err, "eventfd: %s", strerror(errno));
        producer_destroy(&p);
        return NULL;
}

void producer_destroy(struct producer **producer)
{
        struct producer *p = *producer;

        *producer = NULL;
        if (p == NULL)
                return;
        assert(p->magic == PRODUCER_MAGIC);
        if (p->unacked > 0)
                producer_abandon(p);
        producer_free_reports(p);
        close_client(p);
        if (p->fd >= 0)
                close(p->fd);
        for (size_t i = 0; i < p->topic_count; i++)
                free(p->topics[i].name);
        free(p->topics);
        free_properties(p->options.properties, p->options.property_count);
        free_properties(p->options.more_properties, p->options.more_property_count);
        free_secrets(p->options.secrets);
        free((char *)p->options.brokers);
        free((char *)p->options.client_id);
        p->magic = 0;
        free(p);
}
