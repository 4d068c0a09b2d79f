/*
 * The offset tracker of one partition: takes completions in any order, and knows up to where everything is complete.
 *
 * What it remembers is what is *not* complete: the delivered and unfinished offsets, in a list in order of delivery. So its
 * memory is bounded by the events in hand however far the others run ahead of the first gap, and holes in the log (markers,
 * compaction) need no thought: between two neighbours of the list, everything is complete.
 *
 * The nodes lie in one array, shared by all partitions of an engine and indexed by slot. Pure.
 */
#ifndef PAWL_ENGINE_OFFSETS_H
#define PAWL_ENGINE_OFFSETS_H

#include "engine/offsets_map.h"

struct offsets_node {
        int64_t offset;
        uint32_t next, previous;
};

struct offsets {
        uint32_t head, tail; /* unfinished; UINT32_MAX: none */
        uint64_t count;
        int64_t next;                /* everything below was delivered, or never will be */
        struct offsets_ranges known; /* complete before we came: the map read at assignment */
        size_t known_at;             /* the first range that `next` has not passed */
};

/* Starts at `next` with an empty list and an empty map. The object is zeroed or was reset before. */
void offsets_reset(struct offsets *offsets, int64_t next);

void offsets_free(struct offsets *offsets);

/* A completed range of the map that was read with the committed offset; ascending, before the first message. */
void offsets_known(struct offsets *offsets, int64_t first, int64_t end);

/* Whether this offset, not below `next`, is complete by the map. Offsets are asked in ascending order. */
bool offsets_is_known(struct offsets *offsets, int64_t offset);

/* Delivered, not complete. `offset` is not below offsets->next. */
void offsets_add(struct offsets *offsets, struct offsets_node *nodes, uint32_t slot, int64_t offset);

/* All below `next` is delivered or will never be. Never goes back. */
void offsets_pass(struct offsets *offsets, int64_t next);

/* This one is complete, or is given up. */
void offsets_remove(struct offsets *offsets, struct offsets_node *nodes, uint32_t slot);

/* Everything below is complete. */
int64_t offsets_committable(const struct offsets *offsets, const struct offsets_node *nodes);

/* Appends to `ranges` what is complete from the committable offset on. */
void offsets_complete(const struct offsets *offsets, const struct offsets_node *nodes, struct offsets_ranges *ranges);

/* Whether the map, whatever completes next, surely fits `budget` characters when `ahead` more events have been delivered. */
bool offsets_fit(const struct offsets *offsets, const struct offsets_node *nodes, uint32_t ahead, size_t budget);

#endif
