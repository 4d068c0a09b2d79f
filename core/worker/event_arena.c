#include "worker/event.h"

#include "base/memory.h"

#include <stdlib.h>

#define CHUNK_SIZE 16384

struct event_chunk {
        struct event_chunk *next;
        size_t used;
        size_t size;
        max_align_t bytes[];
};

static struct event_chunk *add_chunk(struct event_arena *arena, size_t size)
{
        struct event_chunk *c = malloc(sizeof *c + size);

        if (c == NULL)
                c = memory_zero(1, sizeof *c + size); /* says how much was missing */
        c->used = 0;
        c->size = size;
        c->next = arena->chunks;
        arena->chunks = c;
        return c;
}

void *event_arena_take(struct event_arena *arena, size_t size)
{
        struct event_chunk *c = arena->chunks;
        void *p;

        size = (size + 15) & ~(size_t)15;
        if (c == NULL || c->size - c->used < size)
                c = add_chunk(arena, size > CHUNK_SIZE ? size : CHUNK_SIZE);
        p = (char *)c->bytes + c->used;
        c->used += size;
        return p;
}

void event_arena_reset(struct event_arena *arena)
{
        struct event_chunk *c = arena->chunks, *kept = NULL;

        if (c == NULL)
                return;
        if (c->next == NULL && c->size == CHUNK_SIZE) {
                c->used = 0;
                return;
        }
        while (c != NULL) {
                struct event_chunk *next = c->next;

                if (kept == NULL && c->size == CHUNK_SIZE)
                        kept = c;
                else
                        free(c);
                c = next;
        }
        if (kept != NULL) {
                kept->next = NULL;
                kept->used = 0;
        }
        arena->chunks = kept;
}

void event_arena_free(struct event_arena *arena)
{
        struct event_chunk *c = arena->chunks, *next;

        for (; c != NULL; c = next) {
                next = c->next;
                free(c);
        }
        arena->chunks = NULL;
        scan_members_free(&arena->members);
}
