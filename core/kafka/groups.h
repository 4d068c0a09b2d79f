/*
 * A consumer group as an operator sees it: state, members, and how far each partition is behind. Blocks until the time-out;
 * one thread at a time.
 */
#ifndef PAWL_KAFKA_GROUPS_H
#define PAWL_KAFKA_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kafka/admin.h"

struct group_member {
        char *member_id;
        char *instance_id; /* NULL: dynamic */
        char *client_id;
        char *host;
        size_t partitions; /* how many are assigned to it */
};

struct group_lag {
        char *topic;
        int32_t partition;
        int64_t committed; /* -1: none */
        int64_t low;
        int64_t high;
        int64_t lag;  /* high - committed (- low when nothing was committed); -1: not known */
        char *member; /* instance id, or member id, of its owner; NULL: none */
        char *metadata;
};

struct group_description {
        char *group;
        char *state;       /* "Stable", "PreparingRebalance", "Empty", "Dead" … */
        char *coordinator; /* "host:port (id)" */
        struct group_member *members;
        size_t member_count;
        struct group_lag *lags; /* every partition that has a commit or an owner, by topic and number */
        size_t lag_count;
        int64_t total_lag; /* of those known */
};

/* NULL: *err. A group that nobody ever used is described as "Dead" without members. */
struct group_description *groups_describe(struct admin *admin, const char *group, int64_t timeout_ns,
                                          struct pawl_error *err);
void groups_free(struct group_description **description);

#endif
