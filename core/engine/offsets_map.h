/*
 * The map of what is complete beyond the committed offset, as text for the commit's metadata. Pure functions.
 *
 * Format, before base64 (RFC 4648, padded): byte 0 the version, 1; byte 1 the encoding; then
 *   encoding 1  bitmap: bit i (least significant first) of the rest stands for committed offset + i; 1: complete
 *   encoding 2  runs: pairs of variable-length integers (LEB128, seven bits a byte, low first): how many are not complete,
 *               then how many (at least one) are complete
 * The encoder takes the shorter. No map at all is the empty text.
 */
#ifndef PAWL_ENGINE_OFFSETS_MAP_H
#define PAWL_ENGINE_OFFSETS_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pawl_error;

struct offsets_range {
        int64_t first;
        int64_t end; /* exclusive */
};

/* A growing list. Zero it before first use. */
struct offsets_ranges {
        struct offsets_range *items;
        size_t count;
        size_t capacity;
};

void offsets_ranges_add(struct offsets_ranges *ranges, int64_t first, int64_t end);
void offsets_ranges_clear(struct offsets_ranges *ranges);

/* Frees the items, leaves an empty list. */
void offsets_ranges_free(struct offsets_ranges *ranges);

/*
 * Writes the map of `ranges` (ascending, apart, not below `committed`) to `text` as at most `budget` characters and a NUL; text
 * must hold budget + 1. Returns how many characters. What does not fit is left out from the far end, and `*cut` says so: a map
 * with less in it is still true, only more is handled again after a crash.
 */
size_t offsets_map_encode(int64_t committed, const struct offsets_range *ranges, size_t count, size_t budget,
                          char *text, bool *cut);

/*
 * Reads what encode wrote, or anything else: the text comes from outside. Appends the ranges, ascending and apart, to `ranges`.
 * False, with `ranges` as it was and the reason in `err` (may be NULL), if the text is no map. Empty text is an empty map.
 */
bool offsets_map_decode(int64_t committed, const char *text, size_t len, struct offsets_ranges *ranges,
                        struct pawl_error *err);

/*
 * Whether a map of `span` offsets among which at most `gaps` separate stretches are not complete is sure to fit `budget`
 * characters, whatever completes in which order.
 */
bool offsets_map_fits(int64_t span, uint64_t gaps, size_t budget);

#endif
