#include "kafka/consumer_private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

#define KEEP_ALIVE  CLOCK_S        /* max.poll.interval.ms is kept by serving at least this often */
#define CLOSE_LOOK  (5 * CLOCK_MS) /* librdkafka tells the end of a leave and of a close by no event */
#define ALIVE_PAUSE (2 * CLOCK_S)

#define QUEUE_KB       ((size_t)24 * 1024)
#define QUEUE_KB_LEAST ((size_t)512)

/* ---- events for the caller ---- */

struct pending_event *consumer_queue_event(struct consumer *c, enum consumer_event_type type)
{
        if (c->pending_head + c->pending_count == c->pending_cap) {
                if (c->pending_head > 0)
                        memmove(c->pending, c->pending + c->pending_head, c->pending_count * sizeof *c->pending);
                c->pending_head = 0;
                if (c->pending_count * 2 >= c->pending_cap) {
                        c->pending_cap = c->pending_cap ? c->pending_cap * 2 : 8;
                        c->pending = memory_resize(c->pending, c->pending_cap, sizeof *c->pending);
                }
        }
        struct pending_event *pending = &c->pending[c->pending_head + c->pending_count++];
        memset(pending, 0, sizeof *pending);
        pending->event.type = type;
        pending->event.text = "";
        return pending;
}

void consumer_queue_text(struct pending_event *pending, const char *text)
{
        pending->text = memory_string(text);
        pending->event.text = pending->text;
}

static void pending_free(struct pending_event *pending)
{
        for (size_t i = 0; i < pending->event.partition_count; i++)
                free((char *)pending->partitions[i].metadata);
        free(pending->partitions);
        free(pending->text);
        memset(pending, 0, sizeof *pending);
}

bool consumer_next(struct consumer *c, struct consumer_event *event)
{
        assert(c->magic == CONSUMER_MAGIC);
        pending_free(&c->taken);
        if (c->pending_count == 0)
                return false;
        c->taken = c->pending[c->pending_head++];
        c->pending_count--;
        *event = c->taken.event;
        return true;
}

/* ---- troubles ---- */

/* librdkafka names the topic of such an error in its text only; the longest subscribed name that stands there is meant. */
static const char *topic_in(const struct consumer *c, const char *detail)
{
        const char *best = NULL;

        for (size_t i = 0; i < c->topic_count; i++) {
                if (strstr(detail, c->topics[i]) != NULL && (best == NULL || strlen(c->topics[i]) > strlen(best)))
                        best = c->topics[i];
        }
        return best;
}

void consumer_trouble(struct consumer *c, rd_kafka_resp_err_t code, const char *detail, const char *topic)
{
        enum client_trouble kind = trouble_of(code);
        char text[768];

        if (kind == TROUBLE_NONE)
                return;
        if (code == RD_KAFKA_RESP_ERR__FATAL) {
                char reason[512];
                rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(c->client.rk, reason, sizeof reason);
                if (trouble_of(fatal) == TROUBLE_FENCED) {
                        code = fatal;
                        kind = TROUBLE_FENCED;
                }
        }
        /* A broker that refuses us is reported as one that is down, too. */
        if (kind == TROUBLE_UNREACHABLE && trouble_has(&c->troubles, TROUBLE_AUTHENTICATION))
                return;
        if (kind == TROUBLE_AUTHENTICATION)
                (void)trouble_clear(&c->troubles, TROUBLE_UNREACHABLE, NULL, text, sizeof text);
        if (topic == NULL && (kind == TROUBLE_TOPIC_MISSING || code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED))
                topic = topic_in(c, detail);
        trouble_words(&c->client, code, detail, "Read", topic, c->group, text, sizeof text);
        trouble_raise(&c->troubles, kind, topic ? topic : "", text, c->now);
}

void consumer_clear_trouble(struct consumer *c, enum client_trouble kind, const char *subject)
{
        struct pending_event *pending;
        char text[768];

        if (c->troubles.count == 0 || !trouble_clear(&c->troubles, kind, subject, text, sizeof text))
                return;
        pending = consumer_queue_event(c, CONSUMER_RECOVERED);
        pending->event.trouble = kind;
        consumer_queue_text(pending, text);
}

void consumer_good_sign(struct consumer *c)
{
        if (c->troubles.count == 0)
                return;
        consumer_clear_trouble(c, TROUBLE_UNREACHABLE, NULL);
        consumer_clear_trouble(c, TROUBLE_AUTHENTICATION, NULL);
}

static void say_troubles(struct consumer *c)
{
        enum client_trouble kind;
        char text[832];

        while (trouble_say(&c->troubles, c->now, &kind, text, sizeof text)) {
                struct pending_event *pending = consumer_queue_event(c, CONSUMER_TROUBLE);
                pending->event.trouble = kind;
                consumer_queue_text(pending, text);
        }
        /* An idle consumer has no other sign that the cluster is back. */
        if (!c->alive_asked && c->now >= c->alive_at && trouble_has(&c->troubles, TROUBLE_UNREACHABLE)) {
                c->alive_asked = true;
                asker_ask(c->asker, ASK_ALIVE, UINT32_MAX, NULL);
        }
}

/* ---- serving ---- */

static void serve_event(struct consumer *c, rd_kafka_event_t *event)
{
        switch (rd_kafka_event_type(event)) {
        case RD_KAFKA_EVENT_LOG:
                client_log_event(&c->client, event);
                break;
        case RD_KAFKA_EVENT_REBALANCE:
                consumer_rebalance(c, event);
                break;
        case RD_KAFKA_EVENT_OFFSET_COMMIT:
                consumer_committed(c, event);
                break;
        case RD_KAFKA_EVENT_ERROR:
                consumer_trouble(c, rd_kafka_event_error(event), rd_kafka_event_error_string(event), NULL);
                break;
        default:
                break;
        }
        rd_kafka_event_destroy(event);
}

static void serve_answers(struct consumer *c)
{
        struct asker_answer answer;

        while (asker_take(c->asker, &answer)) {
                if (answer.question == ASK_ALIVE) {
                        c->alive_asked = false;
                        c->alive_at = c->now + ALIVE_PAUSE;
                        if (answer.last)
                                consumer_good_sign(c);
                } else {
                        consumer_answered(c, &answer);
                }
                asker_answer_free(&answer);
        }
}

static void finish_close(struct consumer *c)
{
        c->closing = CLOSING_DONE;
        c->phase = PHASE_CLOSED;
        consumer_queue_event(c, CONSUMER_CLOSED);
}

/* Begins librdkafka's own close, whose revoke comes as an event like any other. */
static void begin_close(struct consumer *c)
{
        rd_kafka_error_t *error = rd_kafka_consumer_close_queue(c->client.rk, c->events);

        c->closing = CLOSING_CLOSING;
        if (error == NULL)
                return;
        /* A fenced client is closed by its fatal error already. */
        client_log(&c->client, CLIENT_DEBUG, "closing: %s", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        finish_close(c);
}

/* rd_kafka_unsubscribe() sends LeaveGroup when all is unassigned, and forgets the member id at that moment. */
static bool has_left(struct consumer *c)
{
        char *id = rd_kafka_memberid(c->client.rk);
        bool left = id == NULL || id[0] == '\0';

        if (id != NULL)
                rd_kafka_mem_free(c->client.rk, id);
        return left;
}

static void serve_closing(struct consumer *c)
{
        if (c->closing == CLOSING_LEAVING && c->phase != PHASE_REVOKING && c->assigned == 0 && has_left(c))
                begin_close(c);
        if (c->closing == CLOSING_CLOSING && rd_kafka_consumer_closed(c->client.rk))
                finish_close(c);
}

static int64_t earlier(int64_t a, int64_t b)
{
        return a < b ? a : b;
}

int64_t consumer_serve(struct consumer *c, int64_t now)
{
        rd_kafka_event_t *event;
        uint64_t edges;
        int64_t next;

        assert(c->magic == CONSUMER_MAGIC);
        c->now = now;
        bool signalled = read(c->fd, &edges, sizeof edges) == sizeof edges;
        while ((event = rd_kafka_queue_poll(c->events, 0)) != NULL)
                serve_event(c, event);
        if (signalled)
                serve_answers(c);
        if (signalled && c->phase == PHASE_ASSIGNED)
                consumer_list_ready(c);
        if (c->closing != CLOSING_NOT)
                serve_closing(c);
        consumer_wake_due(c);
        say_troubles(c);

        next = earlier(now + KEEP_ALIVE, consumer_wake_next(c));
        next = earlier(next, trouble_next(&c->troubles));
        if (c->closing == CLOSING_LEAVING || c->closing == CLOSING_CLOSING)
                next = earlier(next, now + CLOSE_LOOK);
        return next;
}

int consumer_fd(const struct consumer *c)
{
        return c->fd;
}

const char *consumer_state(struct consumer *c)
{
        static const char *const names[] = {"held", "joining", "fetching offsets", "assigned", "revoking", "closed"};

        if (c->closing == CLOSING_LEAVING || c->closing == CLOSING_CLOSING)
                snprintf(c->state, sizeof c->state, "%s", c->closing == CLOSING_LEAVING ? "leaving" : "closing");
        else if (c->phase == PHASE_ASSIGNED || c->phase == PHASE_REVOKING)
                snprintf(c->state, sizeof c->state, "%s %zu partition%s, epoch %u", names[c->phase], c->assigned,
                         c->assigned == 1 ? "" : "s", c->epoch);
        else
                snprintf(c->state, sizeof c->state, "%s", names[c->phase]);
        const char *why = trouble_has(&c->troubles, TROUBLE_AUTHENTICATION)  ? "authentication refused"
                          : trouble_has(&c->troubles, TROUBLE_AUTHORIZATION) ? "not authorised"
                          : trouble_has(&c->troubles, TROUBLE_UNREACHABLE)   ? "brokers unreachable"
                                                                             : NULL;
        if (why != NULL)
                snprintf(c->state, sizeof c->state, "%s, %s", names[c->phase], why);
        return c->state;
}

/* ---- opening ---- */

/*
 * queued.max.messages.kbytes holds for each partition's queue, and how many there will be nobody knows before the first
 * assignment: QUEUE_KB in all, if a topic has six partitions. A property that is set wins.
 */
static struct client_options with_queue_limit(const struct consumer_options *options,
                                              struct client_property *properties, char *value, size_t size)
{
        struct client_options with = options->client;
        size_t kb = QUEUE_KB / (6 * options->topic_count);

        snprintf(value, size, "%zu", kb < QUEUE_KB_LEAST ? QUEUE_KB_LEAST : kb);
        properties[0] = (struct client_property){"queued.max.messages.kbytes", value};
        if (with.property_count > 0)
                memcpy(properties + 1, with.properties, with.property_count * sizeof *properties);
        with.properties = properties;
        with.property_count++;
        return with;
}

static bool open_client(struct consumer *c, const struct consumer_options *options, struct pawl_error *err)
{
        struct client_property *properties = memory_zero(options->client.property_count + 1, sizeof *properties);
        struct pawl_error defects;
        char limit[24];
        struct client_options with = with_queue_limit(options, properties, limit, sizeof limit);
        struct client_property own[8] = {{"group.id", options->group},
                                         {"enable.auto.commit", "false"},
                                         {"enable.auto.offset.store", "false"},
                                         {"auto.offset.reset", "error"},
                                         {"enable.partition.eof", "false"}};
        size_t count = 5;
        uint64_t one = 1;

        if (options->instance_id != NULL)
                own[count++] = (struct client_property){"group.instance.id", options->instance_id};
        bool opened = client_init(&c->client, CLIENT_CONSUMER, &with, own, count,
                                  RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT, err);
        free(properties);
        if (!opened)
                return false;
        if (client_judge_version(client_version(), &defects) == CLIENT_VERSION_WARN)
                client_log(&c->client, CLIENT_WARNING, "%s", defects.text);
        rd_kafka_poll_set_consumer(c->client.rk);
        c->events = rd_kafka_queue_new(c->client.rk);
        rd_kafka_queue_t *group_queue = rd_kafka_queue_get_consumer(c->client.rk);
        rd_kafka_queue_forward(group_queue, c->events);
        rd_kafka_queue_destroy(group_queue);
        rd_kafka_queue_io_event_enable(c->events, c->fd, &one, sizeof one);
        rd_kafka_set_log_queue(c->client.rk, c->events);
        return true;
}

/* A limit of librdkafka's as it is in force, whoever set it. */
static uint64_t limit_in_force(struct consumer *c, const char *name)
{
        char value[64];
        size_t size = sizeof value;

        if (rd_kafka_conf_get(rd_kafka_conf(c->client.rk), name, value, &size) != RD_KAFKA_CONF_OK)
                return 1;
        return strtoull(value, NULL, 10);
}

static bool check_options(const struct consumer_options *options, struct pawl_error *err)
{
        if (options->group == NULL || options->group[0] == '\0')
                return error_set(err, "the consumer group's name is empty");
        if (options->topic_count == 0)
                return error_set(err, "no topic to read for group \"%s\"", options->group);
        if (options->start == RESET_STOP)
                return error_set(err, "start must be earliest or latest for group \"%s\"", options->group);
        return true;
}

struct consumer *consumer_open(const struct consumer_options *options, struct pawl_error *err)
{
        if (!check_options(options, err))
                return NULL;

        struct consumer *c = memory_zero(1, sizeof *c);
        c->magic = CONSUMER_MAGIC;
        c->now = clock_now();
        c->start = options->start;
        c->on_gap = options->on_gap;
        c->group = memory_string(options->group);
        c->instance_id = memory_string(options->instance_id);
        c->topics = memory_zero(options->topic_count, sizeof *c->topics);
        for (; c->topic_count < options->topic_count; c->topic_count++)
                c->topics[c->topic_count] = memory_string(options->topics[c->topic_count]);
        c->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (c->fd < 0) {
                error_set(err, "eventfd: %s", strerror(errno));
                goto failed;
        }
        if (!open_client(c, options, err))
                goto failed;
        c->wake_by_hand = client_version() < 0x020200ff;
        c->half_messages = limit_in_force(c, "queued.min.messages") / 2;
        c->half_bytes = limit_in_force(c, "queued.max.messages.kbytes") * 1024 / 2;
        c->asker = asker_start(c->client.rk, c->fd);
        if (c->asker == NULL) {
                error_set(err, "no thread to ask for committed offsets");
                goto failed;
        }
        if (options->hold || consumer_join(c, err))
                return c;
failed:
        consumer_destroy(&c);
        return NULL;
}

bool consumer_join(struct consumer *c, struct pawl_error *err)
{
        rd_kafka_topic_partition_list_t *list;
        rd_kafka_resp_err_t code;

        assert(c->magic == CONSUMER_MAGIC);
        if (c->phase != PHASE_HELD || c->closing != CLOSING_NOT)
                return true;
        list = rd_kafka_topic_partition_list_new((int)c->topic_count);
        for (size_t i = 0; i < c->topic_count; i++)
                rd_kafka_topic_partition_list_add(list, c->topics[i], RD_KAFKA_PARTITION_UA);
        code = rd_kafka_subscribe(c->client.rk, list);
        rd_kafka_topic_partition_list_destroy(list);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
                return error_set(err, "subscribing to %zu topics (\"%s\", …): %s", c->topic_count, c->topics[0],
                                 rd_kafka_err2str(code));
        c->phase = PHASE_JOINING;
        return true;
}

/* ---- closing ---- */

void consumer_close(struct consumer *c, bool leave)
{
        assert(c->magic == CONSUMER_MAGIC);
        if (c->closing != CLOSING_NOT)
                return;
        consumer_drop_asking(c);
        /* A dynamic member leaves by closing. Not so a static one: it leaves by unsubscribing before. */
        if (leave && c->instance_id != NULL && c->phase != PHASE_HELD) {
                c->closing = CLOSING_LEAVING;
                (void)rd_kafka_unsubscribe(c->client.rk);
        } else {
                begin_close(c);
        }
}

void consumer_destroy(struct consumer **consumer)
{
        struct consumer *c = *consumer;

        *consumer = NULL;
        if (c == NULL)
                return;
        assert(c->magic == CONSUMER_MAGIC);
        asker_stop(&c->asker);
        consumer_free_parts(c);
        pending_free(&c->taken);
        while (c->pending_count-- > 0)
                pending_free(&c->pending[c->pending_head++]);
        free(c->pending);
        if (c->events != NULL) {
                rd_kafka_queue_io_event_enable(c->events, -1, NULL, 0);
                rd_kafka_queue_destroy(c->events);
        }
        /* Whoever wanted a clean close has had it: this one must not wait for the cluster. */
        client_fini(&c->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        if (c->fd > 0)
                close(c->fd);
        for (size_t i = 0; i < c->topic_count; i++)
                free(c->topics[i]);
        free(c->topics);
        free(c->ready);
        free(c->group);
        free(c->instance_id);
        c->magic = 0;
        free(c);
}
