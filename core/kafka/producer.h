/*
 * One idempotent producer for a main loop that must never block: acks from all in-sync replicas, keys placed as Java's
 * clients place them (murmur2), no topic made by accident.
 *
 * All functions: from the thread that opened it. Every record taken (PUSH_TAKEN) comes back exactly once as a report with
 * its tag, before producer_destroy(). A fatal error of the idempotent producer makes a new client inside; what was
 * unacknowledged is reported as REPORT_AGAIN, and the caller pushes it again (it may then stand in the log twice, under the
 * same event id).
 */
#ifndef PAWL_KAFKA_PRODUCER_H
#define PAWL_KAFKA_PRODUCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kafka/client.h"
#include "kafka/message.h"

struct producer;

struct producer_options {
        struct client_options client;
        size_t max_unacked_bytes; /* for each topic; 0: 16 MiB */
};

struct producer_record {
        const char *topic;
        const void *key; /* NULL: none */
        size_t key_len;
        const void *value; /* NULL: a tombstone */
        size_t value_len;
        const struct message_header *headers; /* copied */
        size_t header_count;
        int64_t timestamp_ms; /* 0: now */
        uint64_t tag;         /* given back in the report */
};

enum producer_push {
        PUSH_TAKEN,   /* everything was copied */
        PUSH_FULL,    /* the topic's or the client's limit is reached: again after some reports */
        PUSH_REFUSED, /* will never be accepted (larger than message.max.bytes, …): *err says why. No report comes. */
        PUSH_AGAIN /* not now (the topic is not known yet, the client is being made anew): *err says why. No report. */
};

enum producer_outcome {
        REPORT_DELIVERED, /* in the log of all in-sync replicas */
        REPORT_REFUSED,   /* the broker will never take it (too large, invalid record): dead letter */
        REPORT_AGAIN /* not known to be in the log, can be repaired (topic missing, not authorised, timed out): again */
};

struct producer_report {
        uint64_t tag;
        enum producer_outcome outcome;
        enum client_trouble trouble;
        int32_t partition; /* DELIVERED */
        int64_t offset;    /* DELIVERED */
        const char *text;  /* never NULL, lives for ever: librdkafka's words for the error, "" when delivered */
};

/* A condition worth a log line and an alarm. Trouble NONE: it is over. */
struct producer_notice {
        enum client_trouble trouble;
        char text[512];
};

/* NULL: *err names the property or defect. Does not wait for a broker. */
struct producer *producer_open(const struct producer_options *options, struct pawl_error *err);

/* Becomes readable when there are reports or notices. Owned by the producer; level-triggered. */
int producer_fd(const struct producer *producer);

/* Takes in what has happened. Returns the clock_now() time at which it wants to be called at the latest. */
int64_t producer_serve(struct producer *producer, int64_t now);

/* Copies and queues one record. */
enum producer_push producer_push(struct producer *producer, const struct producer_record *record,
                                 struct pawl_error *err);

/* Up to `max` reports, oldest first; 0: none left. */
size_t producer_reports(struct producer *producer, struct producer_report *reports, size_t max);

/* The next notice; false: none. Equal troubles come at growing intervals. */
bool producer_notice(struct producer *producer, struct producer_notice *notice);

/* Records taken and not reported yet; and bytes of them for one topic. */
size_t producer_unacked(const struct producer *producer);
size_t producer_unacked_bytes(const struct producer *producer, const char *topic);

/* Asks for what lingers to be sent before linger.ms is over. Does not wait: reports tell when it is done. */
void producer_flush(struct producer *producer);

/*
 * Gives up what is unacknowledged: all of it is reported REPORT_AGAIN soon. Before destroying at a deadline. What was sent
 * may be in the log all the same.
 */
void producer_abandon(struct producer *producer);

/* Waits until nothing is unacknowledged, at most until `deadline` (clock_now()); for command-line tools. */
bool producer_drain(struct producer *producer, int64_t deadline);

/* Frees all; NULL and half-opened ones are accepted. What was not reported is dropped. */
void producer_destroy(struct producer **producer);

#endif
