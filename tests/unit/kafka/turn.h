/*
 * Serves a consumer as a main loop does, and keeps what it said, for the tests on the mock cluster and on a real one.
 */
#ifndef PAWL_TESTS_TURN_H
#define PAWL_TESTS_TURN_H

#include <stdbool.h>

#include "kafka/consumer.h"

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

/* One turn: waits up to 20 ms, serves, takes events and messages into `seen`. */
void turn(struct consumer *consumer, struct seen *seen);

#endif
