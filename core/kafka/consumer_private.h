/*
 * The inside of a consumer, shared by the files it is made of:
 *   consumer.c           opening, serving, events, closing
 *   consumer_assign.c    rebalances: assign, revoke, lost, gaps
 *   consumer_read.c      messages, back-pressure, waking the fetcher
 *   consumer_commit.c    commits and positions
 */
#ifndef PAWL_KAFKA_CONSUMER_PRIVATE_H
#define PAWL_KAFKA_CONSUMER_PRIVATE_H

#include "kafka/asker.h"
#include "kafka/consumer.h"
#include "kafka/trouble.h"

#define CONSUMER_MAGIC 0xc0de5afeu

/* What the membership is doing. Partitions are readable in ASSIGNED only. */
enum phase {
        PHASE_HELD,     /* not subscribed yet */
        PHASE_JOINING,  /* no assignment */
        PHASE_ASKING,   /* assigned by the group; committed offsets are being asked for */
        PHASE_ASSIGNED, /* reading */
        PHASE_REVOKING, /* the caller finishes its work, then consumer_unassign() */
        PHASE_CLOSED
};

/* How far a close has come. Each state waits for librdkafka; consumer_serve() looks. */
enum closing { CLOSING_NOT, CLOSING_LEAVING, CLOSING_CLOSING, CLOSING_DONE };

struct part {
        char *topic;
        int32_t number;
        rd_kafka_queue_t *queue; /* NULL: not assigned */
        uint32_t epoch;
        bool stopped;
        bool listed;          /* on the ready list */
        bool seen;            /* a message of this assignment was read */
        bool standing;        /* out of range, and on_gap says stop */
        int64_t next;         /* the offset to be read next, holes not known of included */
        int64_t old_position; /* librdkafka's before this assignment: it is overwritten some time after assigning */
        uint32_t gap_ticket;  /* != 0: its watermarks are being asked for, after it fell out of the log */
        /* Since the fetcher was last woken. */
        uint64_t read_messages;
        uint64_t read_bytes;
        bool left_at_wake; /* the queue was not empty then */
};

struct pending_event {
        struct consumer_event event;
        struct consumer_partition *partitions; /* owned, with their metadata */
        char *text;                            /* owned */
};

struct consumer {
        unsigned magic;
        struct client client;
        rd_kafka_queue_t *events;
        int fd; /* eventfd: written by librdkafka and by the asker */
        char *group;
        char *instance_id;
        char **topics;
        size_t topic_count;
        enum consumer_reset start;
        enum consumer_reset on_gap;

        enum phase phase;
        enum closing closing;
        bool leave;
        uint32_t epoch;
        uint32_t ticket; /* the last question's */
        uint32_t assign_ticket;
        struct asker *asker;
        bool alive_asked;
        int64_t alive_at;

        struct part *parts; /* by index; never shrinks */
        size_t part_count;
        size_t assigned;

        uint32_t *ready; /* ring of part indices, each at most once */
        size_t ready_cap;
        size_t ready_head;
        size_t ready_count;

        struct pending_event *pending; /* FIFO */
        size_t pending_head;
        size_t pending_count;
        size_t pending_cap;
        struct pending_event taken; /* what the last consumer_next() gave out */

        bool committing;
        uint64_t commit_id;

        /* Waking the fetcher, on versions without fetch.queue.backoff.ms. */
        bool wake_by_hand;
        bool wake_wanted;
        int64_t woken_at;
        uint64_t half_messages;
        uint64_t half_bytes;

        struct trouble_board troubles;
        int64_t now; /* of the last serve */
        char state[160];
};

/* ---- consumer.c ---- */

struct pending_event *consumer_queue_event(struct consumer *c, enum consumer_event_type type);
void consumer_queue_text(struct pending_event *pending, const char *text);
void consumer_trouble(struct consumer *c, rd_kafka_resp_err_t code, const char *detail, const char *topic);
/* Something arrived from the cluster: unreachable and unauthenticated are over. */
void consumer_good_sign(struct consumer *c);
void consumer_clear_trouble(struct consumer *c, enum client_trouble kind, const char *subject);

/* ---- consumer_assign.c ---- */

void consumer_rebalance(struct consumer *c, rd_kafka_event_t *event);
void consumer_answered(struct consumer *c, struct asker_answer *answer);
void consumer_fell_out(struct consumer *c, uint32_t index, const char *why);
/* Gives up an assignment that the caller has not been told of. */
void consumer_drop_asking(struct consumer *c);
void consumer_free_parts(struct consumer *c);

/* ---- consumer_read.c ---- */

void consumer_list_ready(struct consumer *c);
void consumer_wake_due(struct consumer *c);
int64_t consumer_wake_next(const struct consumer *c);

/* ---- consumer_commit.c ---- */

void consumer_committed(struct consumer *c, rd_kafka_event_t *event);
/* librdkafka's own idea of where a partition is; negative: it has none. */
int64_t consumer_position(struct consumer *c, const struct part *part);

#endif
