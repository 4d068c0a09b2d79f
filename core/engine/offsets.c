#include "engine/offsets.h"

#include <assert.h>

#define NONE UINT32_MAX

void offsets_reset(struct offsets *offsets, int64_t next)
{
        offsets->head = offsets->tail = NONE;
        offsets->count = 0;
        offsets->next = next;
        offsets_ranges_clear(&offsets->known);
        offsets->known_at = 0;
}

void offsets_free(struct offsets *offsets)
{
        offsets_ranges_free(&offsets->known);
}

void offsets_known(struct offsets *offsets, int64_t first, int64_t end)
{
        struct offsets_ranges *known = &offsets->known;

        if (first < offsets->next)
                first = offsets->next;
        if (first >= end)
                return;
        assert(known->count == 0 || first >= known->items[known->count - 1].end);
        offsets_ranges_add(known, first, end);
}

bool offsets_is_known(struct offsets *offsets, int64_t offset)
{
        const struct offsets_ranges *known = &offsets->known;

        while (offsets->known_at < known->count && known->items[offsets->known_at].end <= offset)
                offsets->known_at++;
        return offsets->known_at < known->count && known->items[offsets->known_at].first <= offset;
}

void offsets_add(struct offsets *offsets, struct offsets_node *nodes, uint32_t slot, int64_t offset)
{
        assert(offset >= offsets->next);
        nodes[slot] = (struct offsets_node){offset, NONE, offsets->tail};
        if (offsets->tail != NONE)
                nodes[offsets->tail].next = slot;
        else
                offsets->head = slot;
        offsets->tail = slot;
        offsets->count++;
        offsets->next = offset + 1;
}

void offsets_pass(struct offsets *offsets, int64_t next)
{
        if (next > offsets->next)
                offsets->next = next;
}

void offsets_remove(struct offsets *offsets, struct offsets_node *nodes, uint32_t slot)
{
        const struct offsets_node *node = &nodes[slot];

        assert(offsets->count > 0);
        if (node->previous != NONE)
                nodes[node->previous].next = node->next;
        else
                offsets->head = node->next;
        if (node->next != NONE)
                nodes[node->next].previous = node->previous;
        else
                offsets->tail = node->previous;
        offsets->count--;
}

int64_t offsets_committable(const struct offsets *offsets, const struct offsets_node *nodes)
{
        return offsets->head != NONE ? nodes[offsets->head].offset : offsets->next;
}

/* Neighbours are joined, so that the map has no two ranges that touch. */
static void add_joined(struct offsets_ranges *ranges, size_t start, int64_t first, int64_t end)
{
        if (first >= end)
                return;
        if (ranges->count > start && ranges->items[ranges->count - 1].end >= first)
                ranges->items[ranges->count - 1].end = end;
        else
                offsets_ranges_add(ranges, first, end);
}

void offsets_complete(const struct offsets *offsets, const struct offsets_node *nodes, struct offsets_ranges *ranges)
{
        size_t start = ranges->count;
        int64_t at = offsets_committable(offsets, nodes);

        for (uint32_t slot = offsets->head; slot != NONE; slot = nodes[slot].next) {
                add_joined(ranges, start, at, nodes[slot].offset);
                at = nodes[slot].offset + 1;
        }
        add_joined(ranges, start, at, offsets->next);
        for (size_t i = offsets->known_at; i < offsets->known.count; i++) {
                const struct offsets_range *known = &offsets->known.items[i];

                add_joined(ranges, start, known->first > offsets->next ? known->first : offsets->next, known->end);
        }
}

bool offsets_fit(const struct offsets *offsets, const struct offsets_node *nodes, uint32_t ahead, size_t budget)
{
        size_t known = offsets->known.count - offsets->known_at;
        int64_t end = offsets->next + (int64_t)ahead;

        if (known > 0 && offsets->known.items[offsets->known.count - 1].end > end)
                end = offsets->known.items[offsets->known.count - 1].end;
        return offsets_map_fits(end - offsets_committable(offsets, nodes), offsets->count + ahead + known, budget);
}
