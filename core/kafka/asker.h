/*
 * The helper thread of a consumer: asks the cluster the questions whose calls block, one after the other, and asks again
 * until it has an answer. Its owner polls a descriptor for answers. Only for the files of this room.
 *
 * (rd_kafka_ListConsumerGroupOffsets() would need no thread, but takes 0.5 to 1 s on 2.0.2; rd_kafka_committed() takes 0.3 ms
 * but blocks while the coordinator is away.)
 */
#ifndef PAWL_KAFKA_ASKER_H
#define PAWL_KAFKA_ASKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kafka/client_private.h"
#include "kafka/consumer.h"

struct asker;

enum asker_question {
        ASK_COMMITTED, /* committed offset, metadata and start of each partition */
        ASK_MARKS,     /* low and high watermark of one partition */
        ASK_ALIVE      /* does any broker answer? */
};

struct asker_answer {
        enum asker_question question;
        uint32_t ticket;
        bool last;                /* false: it failed and goes on; only `code` and `text` are set */
        rd_kafka_resp_err_t code; /* last: NO_ERROR */
        char text[256];
        rd_kafka_topic_partition_list_t *list; /* COMMITTED: offset (or INVALID: none) and metadata. The taker's */
        int64_t *low;                          /* for each of `list`; -1: not asked. The taker's */
        int64_t *high;
};

/* `wake_fd`: an eventfd that is written when there is an answer. `rk` must outlive the asker. */
struct asker *asker_start(rd_kafka_t *rk, int wake_fd);

/* Any of these is numbered by `ticket`, which only counts up; the list is copied. */
void asker_ask(struct asker *asker, enum asker_question question, uint32_t ticket,
               const rd_kafka_topic_partition_list_t *list);

/* Forgets questions with a ticket of at most this one. An answer that is there already may still come. */
void asker_cancel(struct asker *asker, uint32_t ticket);

/* The next answer; false: none. */
bool asker_take(struct asker *asker, struct asker_answer *answer);
void asker_answer_free(struct asker_answer *answer);

/* Ends the thread; waits for the call under way (1 s at most). NULL is accepted. */
void asker_stop(struct asker **asker);

#endif
