#include "mock.h"

#include <criterion/criterion.h>
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
                                                       {"session.timeout.ms", "4000"},
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
