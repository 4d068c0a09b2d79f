/*
 * The inside of an admin client: only for the files of this room.
 */
#ifndef PAWL_KAFKA_ADMIN_PRIVATE_H
#define PAWL_KAFKA_ADMIN_PRIVATE_H

#include "kafka/admin.h"
#include "kafka/client_private.h"

#define ADMIN_MAGIC 0xad3100c1u

struct admin {
        unsigned magic;
        struct client client;
        rd_kafka_queue_t *logs;
        rd_kafka_queue_t *answers;
        /* A question timed out. librdkafka 2.0.2 then never returns from rd_kafka_destroy (its main thread waits for a lock of its
         * own; seen with DescribeConsumerGroups on a broker that does not answer it), so the client is left to the process's end. */
        bool unanswered;
};

/* Hands what librdkafka has logged to the caller's function. */
void admin_serve_logs(struct admin *admin);

/* Options of a call that must be answered within `timeout_ns`. Destroy after the call. */
rd_kafka_AdminOptions_t *admin_call_options(struct admin *admin, rd_kafka_admin_op_t op, int64_t timeout_ns);

/* Waits for the answer of the one call under way. NULL: *err (names what was asked of whom). Destroy it. */
rd_kafka_event_t *admin_answer(struct admin *admin, const char *question, int64_t timeout_ns, rd_kafka_resp_err_t *code,
                               struct pawl_error *err);

/* Words for a failed question: unreachable brokers, refused rights, … */
bool admin_failed(struct admin *admin, rd_kafka_resp_err_t code, const char *question, const char *detail,
                  const char *operation, const char *topic, const char *group, struct pawl_error *err);

/* The cluster's metadata, all topics; rd_kafka_metadata_destroy() it. */
const struct rd_kafka_metadata *admin_metadata(struct admin *admin, int64_t timeout_ns, struct pawl_error *err);

/* Low and high watermark of one partition; both -1 where they cannot be had until `deadline` (clock_now()). */
bool admin_marks(struct admin *admin, const char *topic, int32_t partition, int64_t deadline, int64_t *low,
                 int64_t *high);

/* A time-out for librdkafka's calls; 1 at least. */
int admin_ms(int64_t timeout_ns);

/* What is left until `deadline` (clock_now()). */
int64_t admin_left(int64_t deadline);

#endif
