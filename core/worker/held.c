#include "worker/held.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SLOTS 1024u
#define CHUNKS_MAX  16384u
#define NO_SLOT     UINT32_MAX

struct held_table {
        struct held *chunks[CHUNKS_MAX];
        uint32_t end;
        uint32_t free_first;
        uint32_t count;
        uint32_t swept; /* where held_copy_old goes on */
};

struct held_table *held_table_new(void)
{
        struct held_table *table = memory_zero(1, sizeof *table);

        table->free_first = NO_SLOT;
        return table;
}

struct held *held_at(const struct held_table *table, uint32_t slot)
{
        return &table->chunks[slot / CHUNK_SLOTS][slot % CHUNK_SLOTS];
}

static uint32_t new_slot(struct held_table *table)
{
        uint32_t slot = table->end;

        assert(slot / CHUNK_SLOTS < CHUNKS_MAX);
        if (slot % CHUNK_SLOTS == 0)
                table->chunks[slot / CHUNK_SLOTS] = memory_zero(CHUNK_SLOTS, sizeof(struct held));
        table->end++;
        return slot;
}

uint32_t held_take(struct held_table *table, const struct message *message, int64_t now)
{
        uint32_t slot = table->free_first;
        struct held *held;

        if (slot == NO_SLOT)
                slot = new_slot(table);
        held = held_at(table, slot);
        if (slot == table->free_first)
                table->free_first = held->next_free;
        held->message = *message;
        held->since = now;
        held->tag = HELD_NO_TAG;
        held->unwritten = 0;
        held->handler = NULL;
        held->used = true;
        table->count++;
        return slot;
}

void held_release(struct held_table *table, uint32_t slot)
{
        struct held *held = held_at(table, slot);

        assert(held->used && !held->running);
        message_release(&held->message);
        if (held->copy != NULL) {
                free(held->copy);
                held->copy = NULL;
                held->headers = NULL;
                held->header_count = 0;
        }
        if (held->emits.count > 0)
                emit_list_free(&held->emits);
        if (held->text != NULL) {
                free(held->text);
                held->text = NULL;
        }
        held->used = false;
        held->next_free = table->free_first;
        table->free_first = slot;
        table->count--;
}

void held_table_free(struct held_table **tablep)
{
        struct held_table *table = *tablep;
        uint32_t slot;

        if (table == NULL)
                return;
        for (slot = 0; slot < table->end; slot++) {
                struct held *held = held_at(table, slot);

                held->running = false;
                if (held->used)
                        held_release(table, slot);
        }
        for (slot = 0; slot < table->end; slot += CHUNK_SLOTS)
                free(table->chunks[slot / CHUNK_SLOTS]);
        free(table);
        *tablep = NULL;
}

uint32_t held_count(const struct held_table *table)
{
        return table->count;
}

uint32_t held_end(const struct held_table *table)
{
        return table->end;
}

bool held_find(const struct held_table *table, uint32_t partition, int64_t offset, uint32_t *slot)
{
        uint32_t i, end = held_end(table);

        for (i = 0; i < end; i++) {
                const struct held *held = held_at(table, i);

                if (held->used && held->message.partition == partition && held->message.offset == offset) {
                        *slot = i;
                        return true;
                }
        }
        return false;
}

/* ---- copies ---- */

static size_t copy_size(const struct message *m, size_t header_count)
{
        size_t size = header_count * sizeof(struct message_header) + m->key_len + 1 + m->value_len + 1;
        struct message_header header;
        size_t i;

        for (i = 0; message_header_at(m, i, &header); i++)
                size += strlen(header.name) + 1 + header.value_len + 1;
        return size;
}

/* Puts the bytes and a NUL at *to and moves it on; absent ones stay absent. */
static const void *put(char **to, const void *bytes, size_t len)
{
        char *at = *to;

        if (bytes == NULL)
                return NULL;
        memcpy(at, bytes, len);
        at[len] = '\0';
        *to = at + len + 1;
        return at;
}

void held_copy(struct held *held)
{
        struct message *m = &held->message;
        struct message_header *headers, header;
        size_t count, i;
        char *to;

        assert(held->used && !held->running);
        if (m->handle == NULL)
                return;
        count = message_header_count(m);
        held->copy = memory_zero(1, copy_size(m, count));
        headers = held->copy;
        to = (char *)(headers + count);
        for (i = 0; i < count && message_header_at(m, i, &header); i++) {
                headers[i].name = put(&to, header.name, strlen(header.name));
                headers[i].value = put(&to, header.value, header.value_len);
                headers[i].value_len = header.value_len;
        }
        m->key = put(&to, m->key, m->key_len);
        m->value = put(&to, m->value, m->value_len);
        message_release(m);
        held->headers = headers;
        held->header_count = count;
}

void held_copy_old(struct held_table *table, int64_t before, uint32_t max)
{
        uint32_t n;

        for (n = 0; n < max && n < table->end; n++) {
                struct held *held;

                if (table->swept >= table->end)
                        table->swept = 0;
                held = held_at(table, table->swept++);
                if (held->used && !held->running && held->message.handle != NULL && held->since < before)
                        held_copy(held);
        }
}
