/*
 * Names the lanes: which lane index an event belongs to. Exact keys in a table of those in hand, never buckets, so that one
 * slow key never holds up another one. Knows nothing of what the lanes do. Owned by the thread that owns the engine.
 *
 * Each call of the three that give a lane takes one reference; each release of a slot gives one back. A lane without references
 * is forgotten and its index is used again. So a lane lives exactly as long as the engine knows a slot in it, across a
 * revocation and reassignment too.
 */
#ifndef PAWL_ENGINE_LANE_TABLE_H
#define PAWL_ENGINE_LANE_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct lane_table;

struct lane_table *lane_table_new(void);

/* Accepts NULL; sets the caller's pointer to NULL. */
void lane_table_free(struct lane_table **table);

/*
 * The lane of this key of this partition (the shell's dense number). The key is copied. `hash` is the caller's, of the key
 * alone, and seeded if keys may be hostile; equal keys must have equal hashes. For ordering "partition" give an empty key.
 */
uint32_t lane_table_key(struct lane_table *table, uint32_t partition, const void *key, size_t len, uint64_t hash);

/* A lane of its own: for ordering "none", and for a message without a key. */
uint32_t lane_table_own(struct lane_table *table);

/* Gives one reference back. ENGINE_NONE (UINT32_MAX) is ignored. */
void lane_table_release(struct lane_table *table, uint32_t lane);

/* Lanes that have references. */
size_t lane_table_count(const struct lane_table *table);

#endif
