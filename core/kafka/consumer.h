/*
 * One membership in a consumer group, for a main loop that must never block.
 *
 * All functions: from the one thread that opened it (the worker's main thread). A helper thread inside asks for committed
 * offsets, whose call blocks; nothing of it is seen outside. The loop:
 *
 *     poll consumer_fd() until consumer_serve()'s time
 *     consumer_serve()                               rebalances, commit results, log lines, wake-ups
 *     while consumer_next(&event)                    what has happened, in order
 *     while (n = consumer_read(messages, 256))       messages of one partition, in offset order
 *
 * serve, next and read must go on being called while everything is stopped: they keep the membership alive
 * (max.poll.interval.ms).
 *
 * An assignment is eager: ASSIGN gives all partitions of a new epoch, REVOKE or LOST takes all of them away. Nothing is read
 * before the ASSIGN event was taken from consumer_next(), nor after REVOKE or LOST has been queued.
 */
#ifndef PAWL_KAFKA_CONSUMER_H
#define PAWL_KAFKA_CONSUMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kafka/client.h"
#include "kafka/message.h"

struct consumer;

enum consumer_reset { RESET_STOP, RESET_EARLIEST, RESET_LATEST };

struct consumer_options {
        struct client_options client;
        const char *group;
        const char *instance_id; /* group.instance.id; NULL: dynamic membership (the mock broker knows no other) */
        const char *const *topics;
        size_t topic_count;
        enum consumer_reset start;  /* a partition that never had a commit: RESET_EARLIEST or RESET_LATEST */
        enum consumer_reset on_gap; /* the position is not in the log any more (retention, a topic made anew) */
        bool hold;                  /* connect, but join the group only on consumer_join() */
};

#define CONSUMER_NO_OFFSET INT64_C(-1)

struct consumer_partition {
        const char *topic; /* lives as long as the consumer */
        int32_t partition;
        uint32_t index;       /* of (topic, partition), 0 …, never changes or is reused while the consumer lives */
        int64_t committed;    /* CONSUMER_NO_OFFSET: the group never committed here */
        int64_t start;        /* first offset that will be read; always ≥ 0 */
        const char *metadata; /* the commit's metadata, never NULL; valid until the next consumer_next() */
};

enum consumer_event_type {
        CONSUMER_ASSIGN,    /* partitions: all that this member now has, in `epoch` */
        CONSUMER_REVOKE,    /* all of `epoch` go: finish what is in hand, commit, then consumer_unassign() */
        CONSUMER_LOST,      /* all of `epoch` are gone already: no commit, nothing to call */
        CONSUMER_COMMITTED, /* answer to consumer_commit(): `commit_id`, `result`, `text` */
        CONSUMER_GAP, /* partitions[0] fell out of the log; goes on at `start` in the new `epoch` of that partition, with no
                         map; start == CONSUMER_NO_OFFSET: it stands still (RESET_STOP) until an operator decides */
        CONSUMER_TROUBLE, /* `trouble`, `text`: for the log, the scoreboard and the alarm; said again at growing intervals */
        CONSUMER_RECOVERED, /* the last trouble is over */
        CONSUMER_CLOSED     /* the close asked for has ended */
};

enum consumer_commit_result {
        COMMIT_DONE,
        COMMIT_AGAIN,          /* nothing stored, may be sent again (timed out, coordinator away) */
        COMMIT_METADATA_LARGE, /* the broker's offset.metadata.max.bytes is lower than what was sent */
        COMMIT_NOT_OWNER       /* the generation is over: never send these again */
};

struct consumer_event {
        enum consumer_event_type type;
        uint32_t epoch; /* ASSIGN, REVOKE, LOST, GAP: counts up over the consumer's life, from 1 */
        const struct consumer_partition *partitions; /* valid until the next consumer_next() */
        size_t partition_count;
        uint64_t commit_id;
        enum consumer_commit_result result;
        enum client_trouble trouble;
        const char *text; /* never NULL; valid until the next consumer_next() */
};

struct consumer_offset {
        uint32_t index;
        int64_t offset;       /* the next one to be read */
        const char *metadata; /* text, NUL-terminated; NULL: none */
};

struct consumer_marks {
        int64_t low;      /* cached from the last fetches; -1: not known yet */
        int64_t high;     /* end of the log */
        int64_t position; /* everything below it was given out, or is a marker or a hole; -1: not assigned */
};

/* Creates the client and (unless `hold`) subscribes. Does not wait for a broker. NULL: *err names the property or defect. */
struct consumer *consumer_open(const struct consumer_options *options, struct pawl_error *err);

/* Joins the group, after `hold`. */
bool consumer_join(struct consumer *consumer, struct pawl_error *err);

/* Becomes readable when there is something to do. Owned by the consumer; poll it for reading, level-triggered. */
int consumer_fd(const struct consumer *consumer);

/* Does what is due and queues events. Returns the clock_now() time at which it wants to be called at the latest. */
int64_t consumer_serve(struct consumer *consumer, int64_t now);

/* The next event; false: none left. What an event points to is valid until the next call. */
bool consumer_next(struct consumer *consumer, struct consumer_event *event);

/*
 * Messages of one partition that has some and is not stopped; at most `max`, and at most 256, so that no partition holds
 * up the others: each call takes the next ready partition in turn. 0: nothing is ready. The messages are the caller's.
 */
size_t consumer_read(struct consumer *consumer, struct message *messages, size_t max);

/* True while consumer_read() would find something to try: poll with time-out 0 then. */
bool consumer_ready(const struct consumer *consumer);

/* Back-pressure: a stopped partition keeps what it has fetched and fetches no more than its limits. Assigned ones start
 * stopped: nothing is read before the first go. */
void consumer_stop(struct consumer *consumer, uint32_t index);
void consumer_go(struct consumer *consumer, uint32_t index);

/*
 * Reads partition `index` again from `offset`, for rewinds by an operator. What was read of it before is void. As after an
 * assignment, and after a GAP, it is stopped until the next go.
 */
bool consumer_seek(struct consumer *consumer, uint32_t index, int64_t offset, struct pawl_error *err);

/*
 * Sends one commit; its answer is a CONSUMER_COMMITTED with this id. One in flight, never two: returns false, having done
 * nothing, while consumer_committing(). Partitions outside the current assignment are left out. The answer may take as long
 * as the session time-out: whoever waits no longer must not send another before it.
 */
bool consumer_commit(struct consumer *consumer, uint64_t commit_id, const struct consumer_offset *offsets,
                     size_t count);
bool consumer_committing(const struct consumer *consumer);

/* Answers CONSUMER_REVOKE: gives the partitions up. */
void consumer_unassign(struct consumer *consumer);

/* Where a partition is. Does not block. */
struct consumer_marks consumer_marks(struct consumer *consumer, uint32_t index);

/* For the scoreboard: "joining", "fetching offsets", "assigned 6 partitions, epoch 3", "closed" … valid until the next call. */
const char *consumer_state(struct consumer *consumer);

/*
 * Begins to close. `leave`: leave the group, so that others take over at once (disable, scale down, host stopped); without,
 * a static member's place is kept for its successor (restart, hand-over). Revokes first, so that a last commit is possible:
 * expect REVOKE (if anything was assigned), answer it, then CONSUMER_CLOSED. Never waits; it may never come when the
 * cluster is away: the caller has a deadline and exits past it.
 */
void consumer_close(struct consumer *consumer, bool leave);

/*
 * Frees all; NULL and half-opened ones are accepted. After CONSUMER_CLOSED this takes milliseconds. Before, or with the
 * cluster away, librdkafka may take seconds, and between consumer_close() and CLOSED for ever: a process that ends need not call it.
 */
void consumer_destroy(struct consumer **consumer);

#endif
