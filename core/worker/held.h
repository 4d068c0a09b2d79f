/*
 * The messages in hand: from their reading until the engine orders their release. A message's place in the table is its slot,
 * the name under which engine and pool know it. Places never move, so a pool thread may use the one it was handed while the
 * main thread adds others. Taking and releasing: the main thread.
 */
#ifndef PAWL_WORKER_HELD_H
#define PAWL_WORKER_HELD_H

#include "kafka/message.h"
#include "worker/emit.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HELD_NO_TAG UINT32_MAX

/* Belongs to the main thread; while `running`, `emits` and `text` belong to the pool thread that has the run. */
struct held {
        struct message message;
        const struct message_header *headers; /* of a message that was copied: its handle is NULL then */
        size_t header_count;
        void *copy;                         /* the block that a copied message lies in */
        struct emit_list emits;             /* of the last attempt that was OK, not all acknowledged yet */
        const struct pawl_handler *handler; /* of the latest dispatch; NULL: none yet */
        char *text;                         /* the plugin's words on the last attempt that was not OK; NULL: none */
        int64_t since;                      /* when it was read, or last looked at by held_copy_old */
        uint32_t tag;                       /* of the latest dispatch */
        uint32_t next_free;
        uint32_t unwritten; /* how often its emits or its dead letter could not be written; for the log */
        bool used;
        bool running;
};

struct held_table;

struct held_table *held_table_new(void);

/* Releases what is left. Before the consumer that the messages came from is destroyed. */
void held_table_free(struct held_table **table);

/* A place for a message, which it takes over. The smallest free ones are used again first. */
uint32_t held_take(struct held_table *table, const struct message *message, int64_t now);

/* Any thread, for a slot that it was handed. */
struct held *held_at(const struct held_table *table, uint32_t slot);

void held_release(struct held_table *table, uint32_t slot);

/* Slots in use, and the largest ever used plus one. */
uint32_t held_count(const struct held_table *table);
uint32_t held_end(const struct held_table *table);

/* The slot of the message from that place; false: it is not in hand. Goes through all of them. */
bool held_find(const struct held_table *table, uint32_t partition, int64_t offset, uint32_t *slot);

/* Copies the message out of its fetch buffer, which it would keep alive as a whole. Not while it runs. */
void held_copy(struct held *held);

/* The same for all that were read before `before` and do not run: who waits for long must not hold a megabyte for a line of
 * text. Looks at no more than `max` slots and goes on from there the next time. */
void held_copy_old(struct held_table *table, int64_t before, uint32_t max);

#endif
