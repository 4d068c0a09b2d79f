/*
 * Topics as an administrator sees them: creating the missing ones from a table, listing and describing.
 *
 * Each function blocks until its time-out; command-line tools call them as they are. A main loop starts a topics_job, which
 * runs topics_create() on a thread of its own and tells by a descriptor when it is done.
 */
#ifndef PAWL_KAFKA_TOPICS_H
#define PAWL_KAFKA_TOPICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kafka/admin.h"
#include "kafka/client.h"

struct topic_spec {
        const char *name;
        int32_t partitions;
        int16_t replication;                  /* falls to 1 on a cluster of one broker; 0: the broker's default */
        const struct client_property *config; /* min.insync.replicas among them falls to 1 likewise */
        size_t config_count;
};

enum topic_outcome { TOPIC_CREATED, TOPIC_EXISTED, TOPIC_DIFFERS, TOPIC_FAILED };

struct topic_result {
        const char *name; /* the spec's */
        enum topic_outcome outcome;
        char text[256]; /* what was made; or how the existing one differs (it is left as it is); or why it failed */
};

/*
 * Creates those of `specs` that are missing; `results` has room for `count`. True: every topic exists now (a difference is
 * not a failure). False: *err says what failed first; the results tell all.
 */
bool topics_create(struct admin *admin, const struct topic_spec *specs, size_t count, int64_t timeout_ns,
                   struct topic_result *results, struct pawl_error *err);

struct topic_partition {
        int32_t partition;
        int32_t leader;   /* broker id; -1: none */
        int32_t replicas; /* how many */
        int32_t in_sync;
        int64_t low; /* -1: not asked or not known */
        int64_t high;
};

struct topic_description {
        char *name;
        char *error; /* NULL: none */
        struct topic_partition *partitions;
        size_t partition_count;
        struct client_property
            *config; /* topics_describe_config(): values that differ from the broker's default; else none */
        size_t config_count;
};

struct topic_list {
        struct topic_description *topics; /* by name */
        size_t count;
        int brokers;
};

/* All topics (internal ones, `__…`, only when asked). With `marks`, low and high watermarks too. NULL: *err. */
struct topic_list *topics_list(struct admin *admin, bool internal, bool marks, int64_t timeout_ns,
                               struct pawl_error *err);
void topics_list_free(struct topic_list **list);

/* Asks for the settings of one topic of a list and puts those that are not defaults into it. */
bool topics_describe_config(struct admin *admin, struct topic_description *topic, int64_t timeout_ns,
                            struct pawl_error *err);

struct topics_job;

/* Copies what it needs; opens its own client. */
struct topics_job *topics_job_start(const struct client_options *options, const struct topic_spec *specs, size_t count,
                                    int64_t timeout_ns, struct pawl_error *err);

/* Readable when it has ended. */
int topics_job_fd(const struct topics_job *job);

/* The results, once ended (NULL before); they live as long as the job. *ok, *err as from topics_create(). */
const struct topic_result *topics_job_results(struct topics_job *job, size_t *count, bool *ok, struct pawl_error *err);

/* Waits for the thread (at most its time-out) and frees. A process that ends need not call it. */
void topics_job_destroy(struct topics_job **job);

#endif
