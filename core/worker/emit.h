/*
 * Messages on their way out: what a handler emits, and what a plugin publishes. Each is one block of memory that owns all it
 * points to; whoever has it frees it. An emit list belongs to one thread at a time.
 */
#ifndef PAWL_WORKER_EMIT_H
#define PAWL_WORKER_EMIT_H

#include "kafka/message.h"

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct emit {
        struct emit *next;
        const char *topic; /* NUL-terminated */
        const void *key;   /* NULL: none */
        size_t key_len;
        const void *value; /* NULL: a tombstone */
        size_t value_len;
        const struct message_header *headers;
        size_t header_count;
        size_t bytes;               /* key, value and headers: what it costs to keep */
        struct pawl_str event_type; /* absent: raw or a tombstone */
        char event_id[37];          /* "" for raw messages and tombstones */
        bool delivered;             /* the worker's note: acknowledged by the broker */
};

struct emit_list {
        struct emit *first;
        struct emit *last;
        uint32_t count;
        uint64_t bytes;
};

void emit_list_add(struct emit_list *list, struct emit *e);

/* Moves all of `from` behind what is in `to`. */
void emit_list_move(struct emit_list *to, struct emit_list *from);
void emit_list_free(struct emit_list *list);

#endif
