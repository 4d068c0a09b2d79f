/*
 * Reads topics without a group, for the tools that show messages: nothing is committed and no consumer group is disturbed.
 * One thread; blocks up to the time-out that each call is given.
 */
#ifndef PAWL_KAFKA_READER_H
#define PAWL_KAFKA_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kafka/client.h"
#include "kafka/message.h"

struct reader;

struct reader_options {
        struct client_options client;
        const char *const *topics;
        size_t topic_count;
        int32_t partition;  /* only this one; -1: all */
        bool from_earliest; /* else only what comes from now on */
        int64_t last;       /* > 0: begin that many before the end of each partition */
        int64_t offset;     /* ≥ 0: begin there (with `partition`); -1: not used */
        int64_t since_ms;   /* > 0: begin at this wall time */
};

/* Asks the cluster for the partitions, so it needs a broker. NULL: *err (a missing topic is named, with the remedy). */
struct reader *reader_open(const struct reader_options *options, int64_t timeout_ns, struct pawl_error *err);

enum reader_result {
        READER_MESSAGE, /* *message is the caller's */
        READER_IDLE,    /* nothing within the time-out */
        READER_END,     /* every partition has reached the end that its log had; said once each time it becomes true */
        READER_FAILED   /* *err */
};

enum reader_result reader_next(struct reader *reader, int64_t timeout_ns, struct message *message,
                               struct pawl_error *err);

const char *reader_topic(const struct reader *reader, uint32_t index);
int32_t reader_partition_number(const struct reader *reader, uint32_t index);

void reader_destroy(struct reader **reader);

#endif
