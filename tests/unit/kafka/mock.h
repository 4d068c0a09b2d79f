/*
 * A mock cluster for the tests of the Kafka room, and a loop that serves a consumer until something has happened. It proves
 * nothing about static membership, aborted transactions or deduplication: the mock has none of them (tests/kafka has).
 */
#ifndef PAWL_TESTS_MOCK_H
#define PAWL_TESTS_MOCK_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "kafka/consumer.h"
#include "kafka/producer.h"

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

/* What a consumer said, kept. */
struct seen {
        int assigns;
        int revokes;
        int losts;
        int commits;
        int gaps;
        int troubles;
        int recovered;
        int closed;
        uint32_t epoch;
        size_t partition_count;
        struct consumer_partition partitions[16]; /* of the last ASSIGN or GAP; metadata is copied to: */
        char metadata[16][4200];
        uint64_t commit_id;
        enum consumer_commit_result commit_result;
        enum client_trouble trouble;
        char text[1024];
        size_t messages;
        int64_t last_offset[16];
        char last_value[64];
        bool hold_revoke; /* do not unassign by yourself */
        bool hold_go;     /* do not start partitions by yourself */
};

struct consumer_options mock_consumer_options(const struct mock *mock, const char *group, const char *const *topics,
                                              size_t count);
struct client_options mock_client_options(const struct mock *mock);

/* One turn: waits up to 20 ms, serves, takes events and messages into `seen`. */
void mock_turn(struct consumer *consumer, struct seen *seen);

/* Turns until `condition` holds; fails the test after 15 s. */
#define MOCK_UNTIL(consumer, seen, condition)                                                                          \
        do {                                                                                                           \
                int64_t end_ = clock_now() + 15 * CLOCK_S;                                                             \
                while (!(condition) && clock_now() < end_)                                                             \
                        mock_turn(consumer, seen);                                                                     \
                cr_assert(condition, "not within 15 s: %s (last text: %s)", #condition, (seen)->text);                 \
        } while (0)

#endif
