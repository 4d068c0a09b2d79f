/*
 * Bytes that grow: bodies as they arrive, documents as they are written. Out of memory ends the process, as everywhere in Pawl. One thread at a time.
 */
#ifndef GATEWAY_TEXT_H
#define GATEWAY_TEXT_H

#include <pawl/plugin.h>
#include <stddef.h>

struct text {
        char *data; /* NULL while empty, else NUL-terminated */
        size_t len;
        size_t cap;
};

void text_add(struct text *text, const void *bytes, size_t len);
PAWL_PRINTF(2, 3) void text_printf(struct text *text, const char *fmt, ...);
void text_free(struct text *text);

static inline struct pawl_str text_view(const struct text *text)
{
        struct pawl_str s = {text->data != NULL ? text->data : "", text->len};

        return s;
}

/* Memory that is there, zeroed. */
void *memory_new(size_t count, size_t size);
char *memory_text(const char *bytes, size_t len);

#endif
