#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void out_of_memory(size_t count, size_t size) __attribute__((noreturn));

static void out_of_memory(size_t count, size_t size)
{
        /* Not through the log: that one may be what could not allocate. */
        fprintf(stderr, "out of memory: %zu times %zu bytes were not to be had\n", count, size);
        abort();
}

void *memory_zero(size_t count, size_t size)
{
        void *p = calloc(count ? count : 1, size ? size : 1);

        if (p == NULL)
                out_of_memory(count, size);
        return p;
}

void *memory_resize(void *old, size_t count, size_t size)
{
        void *p = reallocarray(old, count ? count : 1, size ? size : 1);

        if (p == NULL)
                out_of_memory(count, size);
        return p;
}

char *memory_copy(const char *text, size_t len)
{
        char *p = memory_zero(len + 1, 1);

        if (len > 0)
                memcpy(p, text, len);
        return p;
}

char *memory_string(const char *text)
{
        return text == NULL ? NULL : memory_copy(text, strlen(text));
}

char *memory_printf(const char *fmt, ...)
{
        char *p = NULL;
        va_list ap;

        va_start(ap, fmt);
        if (vasprintf(&p, fmt, ap) < 0)
                p = NULL;
        va_end(ap);
        if (p == NULL)
                out_of_memory(1, strlen(fmt));
        return p;
}
