#include "mock.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

void mock_start(struct mock *mock, int brokers)
{
        char reason[256];
        rd_kafka_conf_t *conf = rd_kafka_conf_new();

        memset(mock, 0, sizeof *mock);
        rd_kafka_conf_set(conf, "log_level", "0", NULL, 0);
        rd_kafka_conf_set(conf, "client.id", "mock", NULL, 0);
        mock->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
        cr_assert_not_null(mock->rk, "%s", reason);
        mock->cluster = rd_kafka_mock_cluster_new(mock->rk, brokers);
        cr_assert_not_null(mock->cluster);
        snprintf(mock->brokers, sizeof mock->brokers, "%s", rd_kafka_mock_cluster_bootstraps(mock->cluster));
        rd_kafka_brokers_add(mock->rk, mock->brokers);
}

void mock_topic(struct mock *mock, const char *topic, int partitions)
{
        cr_assert_eq(rd_kafka_mock_topic_create(mock->cluster, topic, partitions, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
}

void mock_stop(struct mock *mock)
{
        rd_kafka_mock_cluster_destroy(mock->cluster);
        rd_kafka_destroy(mock->rk);
}

void mock_produce(struct mock *mock, const char *topic, int32_t partition, int first, int count)
{
        for (int i = first; i < first + count; i++) {
                char text[32];
                int len = snprintf(text, sizeof text, "%d", i);
                rd_kafka_resp_err_t code =
                    rd_kafka_producev(mock->rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                                      RD_KAFKA_V_KEY(text, (size_t)len), RD_KAFKA_V_VALUE(text, (size_t)len),
                                      RD_KAFKA_V_HEADER("n", text, len), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                      RD_KAFKA_V_END);
                cr_assert_eq(code, RD_KAFKA_RESP_ERR_NO_ERROR, "%s", rd_kafka_err2str(code));
        }
        cr_assert_eq(rd_kafka_flush(mock->rk, 10000), RD_KAFKA_RESP_ERR_NO_ERROR);
}

static void print_line(void *ctx, enum client_severity severity, const char *line)
{
        (void)ctx;
        if (severity <= CLIENT_WARNING)
                fprintf(stderr, "log: %s\n", line);
}

struct client_options mock_client_options(const struct mock *mock)
{
        return (struct client_options){.brokers = mock->brokers, .log = print_line};
}

struct consumer_options mock_consumer_options(const struct mock *mock, const char *group, const char *const *topics,
                                              size_t count)
{
        /* An empty fetch from the mock waits fetch.wait.max.ms whatever arrives meanwhile; a join after a member has left
         * waits for the session time-out less a second. */
        static const struct client_property quick[] = {{"fetch.wait.max.ms", "10"},
                                                       {"session.timeout.ms", "2500"},
                                                       {"heartbeat.interval.ms", "300"}};
        struct consumer_options options = {.client = mock_client_options(mock),
                                           .group = group,
                                           .topics = topics,
                                           .topic_count = count,
                                           .start = RESET_EARLIEST,
                                           .on_gap = RESET_STOP};

        options.client.properties = quick;
        options.client.property_count = 3;
        return options;
}

static void keep_partitions(struct seen *seen, const struct consumer_event *event)
{
        seen->epoch = event->epoch;
        seen->partition_count = event->partition_count;
        for (size_t i = 0; i < event->partition_count && i < 16; i++) {
                seen->partitions[i] = event->partitions[i];
                snprintf(seen->metadata[i], sizeof seen->metadata[i], "%s", event->partitions[i].metadata);
                seen->partitions[i].metadata = seen->metadata[i];
        }
}

static void take_event(struct consumer *consumer, struct seen *seen, const struct consumer_event *event)
{
        if (event->text[0] != '\0')
                snprintf(seen->text, sizeof seen->text, "%s", event->text);
        switch (event->type) {
        case CONSUMER_ASSIGN:
        case CONSUMER_GAP:
                keep_partitions(seen, event);
                for (size_t i = 0; !seen->hold_go && i < event->partition_count; i++)
                        consumer_go(consumer, event->partitions[i].index);
                event->type == CONSUMER_ASSIGN ? seen->assigns++ : seen->gaps++;
                break;
        case CONSUMER_REVOKE:
                seen->revokes++;
                if (!seen->hold_revoke)
                        consumer_unassign(consumer);
                break;
        case CONSUMER_LOST:
                seen->losts++;
                break;
        case CONSUMER_COMMITTED:
                seen->commits++;
                seen->commit_id = event->commit_id;
                seen->commit_result = event->result;
                break;
        case CONSUMER_TROUBLE:
                seen->troubles++;
                seen->trouble = event->trouble;
                break;
        case CONSUMER_RECOVERED:
                seen->recovered++;
                break;
        case CONSUMER_CLOSED:
                seen->closed++;
                break;
        }
}

void mock_turn(struct consumer *consumer, struct seen *seen)
{
        struct pollfd wait = {.fd = consumer_fd(consumer), .events = POLLIN};
        struct message messages[256];
        struct consumer_event event;
        size_t count;

        if (!consumer_ready(consumer))
                poll(&wait, 1, 20);
        consumer_serve(consumer, clock_now());
        while (consumer_next(consumer, &event))
                take_event(consumer, seen, &event);
        count = consumer_read(consumer, messages, 256);
        for (size_t i = 0; i < count; i++) {
                seen->messages++;
                seen->last_offset[messages[i].partition % 16] = messages[i].offset;
                snprintf(seen->last_value, sizeof seen->last_value, "%.*s", (int)messages[i].value_len,
                         (const char *)messages[i].value);
                message_release(&messages[i]);
        }
}
