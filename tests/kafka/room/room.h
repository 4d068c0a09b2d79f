/*
 * What the tests of the Kafka room on a real broker share. Each is a function that runs to its end or ends the program with a
 * line that says what was expected. Topics and groups are new for each run: the broker is shared with other tests.
 */
#ifndef PAWL_TESTS_KAFKA_ROOM_H
#define PAWL_TESTS_KAFKA_ROOM_H

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "kafka/admin.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "unit/kafka/turn.h"

#define CHECK(condition, ...)                                                                                          \
        do {                                                                                                           \
                if (!(condition)) {                                                                                    \
                        fprintf(stderr, "%s:%d: not so: %s: ", __FILE__, __LINE__, #condition);                        \
                        fprintf(stderr, __VA_ARGS__);                                                                  \
                        fprintf(stderr, "\n");                                                                         \
                        exit(1);                                                                                       \
                }                                                                                                      \
        } while (0)

/* Turns one or two consumers until the condition holds, at most 20 s. `b` may be NULL. */
#define UNTIL(a, a_seen, b, b_seen, condition)                                                                         \
        do {                                                                                                           \
                int64_t end_ = clock_now() + 20 * CLOCK_S;                                                             \
                while (!(condition) && clock_now() < end_) {                                                           \
                        turn(a, a_seen);                                                                               \
                        if ((b) != NULL)                                                                               \
                                turn(b, b_seen);                                                                       \
                }                                                                                                      \
                CHECK(condition, "not within 20 s (last text: %s)", (a_seen)->text);                                   \
        } while (0)

struct room_test {
        const char *name;
        void (*run)(void);
};

/* Runs the tests whose names contain `filter`, in order. Returns main()'s status. */
int room_run(const struct room_test *tests, size_t count, const char *filter);

/* The broker's address, from PAWL_TEST_BOOTSTRAP. */
const char *room_brokers(void);

/* "NAME-<run>", for ever. */
const char *room_name(const char *name);

/* Creates a topic with those settings (NULL: none). */
void room_topic(const char *topic, int partitions, const char *setting, const char *value);

/* Writes `count` numbered messages to one partition. */
void room_produce(const char *topic, int32_t partition, int first, int count, size_t size);

/* Runs `count` messages through a transaction, then commits or aborts it. */
void room_transaction(const char *topic, int count, bool commit);

/* Removes all before `offset`, as retention does. */
void room_delete_before(const char *topic, int32_t partition, int64_t offset);

struct consumer *room_consumer(const char *group, const char *topic, const char *instance, enum consumer_reset on_gap);
void room_close(struct consumer **consumer, struct seen *seen, bool leave);

struct client_options room_options(void);

#endif
