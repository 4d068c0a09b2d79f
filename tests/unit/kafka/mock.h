/*
 * A mock cluster for the tests of the Kafka room. It proves nothing about static membership, aborted transactions or
 * deduplication: the mock has none of them (tests/kafka has).
 */
#ifndef PAWL_TESTS_MOCK_H
#define PAWL_TESTS_MOCK_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "turn.h"

struct mock {
        rd_kafka_t *rk; /* owns the cluster; also a plain producer */
        rd_kafka_mock_cluster_t *cluster;
        char brokers[256];
};

void mock_start(struct mock *mock, int brokers);
void mock_topic(struct mock *mock, const char *topic, int partitions);
void mock_stop(struct mock *mock);

/* Writes `count` messages with key and value "N" for N = first …, to one partition, and waits until they are there. */
void mock_produce(struct mock *mock, const char *topic, int32_t partition, int first, int count);

struct consumer_options mock_consumer_options(const struct mock *mock, const char *group, const char *const *topics,
                                              size_t count);
struct client_options mock_client_options(const struct mock *mock);

/* Turns until `condition` holds; fails the test after 15 s. */
#define MOCK_UNTIL(consumer, seen, condition)                                                                          \
        do {                                                                                                           \
                int64_t end_ = clock_now() + 15 * CLOCK_S;                                                             \
                while (!(condition) && clock_now() < end_)                                                             \
                        turn(consumer, seen);                                                                          \
                cr_assert(condition, "not within 15 s: %s (last text: %s)", #condition, (seen)->text);                 \
        } while (0)

#endif
