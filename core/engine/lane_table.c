#include "engine/lane_table.h"

#include "base/memory.h"
#include "engine/list.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

enum { KEY_INLINE = 36 /* bytes: a UUID's text; longer keys are kept on the heap */ };

struct entry {
        uint64_t hash;
        uint32_t references; /* 0: free */
        uint32_t partition;
        uint32_t len;
        bool own; /* not in the buckets */
        union {
                unsigned char near[KEY_INLINE];
                unsigned char *far;
                uint32_t next_free;
        };
};

struct lane_table {
        struct entry *entries; /* by lane */
        size_t capacity;
        uint32_t *buckets; /* lane or NONE; open addressing, linear */
        size_t bucket_count;
        size_t keyed; /* lanes in the buckets */
        size_t count;
        uint32_t free; /* list through next_free */
};

static void buckets_new(struct lane_table *table, size_t count)
{
        table->buckets = memory_resize(table->buckets, count, sizeof *table->buckets);
        table->bucket_count = count;
        memset(table->buckets, 0xff, count * sizeof *table->buckets);
}

struct lane_table *lane_table_new(void)
{
        struct lane_table *table = memory_zero(1, sizeof *table);

        table->free = NONE;
        buckets_new(table, 1024);
        return table;
}

static const unsigned char *key_of(const struct entry *entry)
{
        return entry->len <= KEY_INLINE ? entry->near : entry->far;
}

void lane_table_free(struct lane_table **pointer)
{
        struct lane_table *table = *pointer;

        if (table == NULL)
                return;
        for (size_t i = 0; i < table->capacity; i++) {
                if (table->entries[i].references > 0 && table->entries[i].len > KEY_INLINE)
                        free(table->entries[i].far);
        }
        free(table->entries);
        free(table->buckets);
        free(table);
        *pointer = NULL;
}

static size_t home(const struct lane_table *table, uint64_t hash, uint32_t partition)
{
        return (size_t)((hash ^ partition * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd) >> 32) &
               (table->bucket_count - 1);
}

/* The key's bucket, or the empty one where it would go. */
static size_t find(const struct lane_table *table, uint32_t partition, const void *key, size_t len, uint64_t hash)
{
        size_t at = home(table, hash, partition);

        for (; table->buckets[at] != NONE; at = (at + 1) & (table->bucket_count - 1)) {
                const struct entry *entry = &table->entries[table->buckets[at]];

                if (entry->hash == hash && entry->partition == partition && entry->len == len &&
                    (len == 0 || memcmp(key_of(entry), key, len) == 0))
                        break;
        }
        return at;
}

static void rehash(struct lane_table *table)
{
        buckets_new(table, table->bucket_count * 2);
        for (size_t i = 0; i < table->capacity; i++) {
                const struct entry *entry = &table->entries[i];
                size_t at;

                if (entry->references == 0 || entry->own)
                        continue;
                at = home(table, entry->hash, entry->partition);
                while (table->buckets[at] != NONE)
                        at = (at + 1) & (table->bucket_count - 1);
                table->buckets[at] = (uint32_t)i;
        }
}

static uint32_t entry_new(struct lane_table *table)
{
        uint32_t lane = table->free;

        if (lane == NONE) {
                size_t before = table->capacity;

                table->entries = list_grow(table->entries, &table->capacity, before + 1, sizeof *table->entries);
                for (size_t i = table->capacity; i-- > before;) {
                        table->entries[i].next_free = table->free;
                        table->free = (uint32_t)i;
                }
                lane = table->free;
        }
        table->free = table->entries[lane].next_free;
        table->entries[lane].references = 1;
        table->entries[lane].len = 0;
        table->count++;
        return lane;
}

uint32_t lane_table_own(struct lane_table *table)
{
        uint32_t lane = entry_new(table);

        table->entries[lane].own = true;
        return lane;
}

uint32_t lane_table_key(struct lane_table *table, uint32_t partition, const void *key, size_t len, uint64_t hash)
{
        size_t at = find(table, partition, key, len, hash);
        struct entry *entry;
        uint32_t lane;

        assert(len < UINT32_MAX);
        if (table->buckets[at] != NONE) {
                table->entries[table->buckets[at]].references++;
                return table->buckets[at];
        }
        lane = entry_new(table);
        entry = &table->entries[lane];
        entry->own = false;
        entry->hash = hash;
        entry->partition = partition;
        entry->len = (uint32_t)len;
        if (len > KEY_INLINE)
                entry->far = memory_resize(NULL, len, 1);
        if (len > 0)
                memcpy(len > KEY_INLINE ? entry->far : entry->near, key, len);
        table->buckets[at] = lane;
        table->keyed++;
        if (table->keyed * 2 > table->bucket_count)
                rehash(table);
        return lane;
}

/* Empties a bucket, and moves up those behind it that would not be found any more across the gap. */
static void bucket_remove(struct lane_table *table, size_t gap)
{
        size_t mask = table->bucket_count - 1;

        for (size_t at = (gap + 1) & mask; table->buckets[at] != NONE; at = (at + 1) & mask) {
                const struct entry *entry = &table->entries[table->buckets[at]];

                if (((at - home(table, entry->hash, entry->partition)) & mask) < ((at - gap) & mask))
                        continue;
                table->buckets[gap] = table->buckets[at];
                gap = at;
        }
        table->buckets[gap] = NONE;
}

void lane_table_release(struct lane_table *table, uint32_t lane)
{
        struct entry *entry;

        if (lane == NONE)
                return;
        assert(lane < table->capacity && table->entries[lane].references > 0);
        entry = &table->entries[lane];
        if (--entry->references > 0)
                return;
        if (!entry->own) {
                size_t at = find(table, entry->partition, key_of(entry), entry->len, entry->hash);

                assert(table->buckets[at] == lane);
                bucket_remove(table, at);
                table->keyed--;
        }
        if (entry->len > KEY_INLINE)
                free(entry->far);
        entry->next_free = table->free;
        table->free = lane;
        table->count--;
}

size_t lane_table_count(const struct lane_table *table)
{
        return table->count;
}
