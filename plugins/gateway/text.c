#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *there(void *memory)
{
        if (memory == NULL)
                abort();
        return memory;
}

void *memory_new(size_t count, size_t size)
{
        return there(calloc(count > 0 ? count : 1, size));
}

char *memory_text(const char *bytes, size_t len)
{
        char *copy = memory_new(len + 1, 1);

        if (len > 0)
                memcpy(copy, bytes, len);
        return copy;
}

static void reserve(struct text *text, size_t more)
{
        size_t cap = text->cap > 0 ? text->cap : 256;

        while (cap < text->len + more + 1)
                cap *= 2;
        if (cap > text->cap)
                text->data = there(realloc(text->data, cap));
        text->cap = cap;
}

void text_add(struct text *text, const void *bytes, size_t len)
{
        reserve(text, len);
        if (len > 0)
                memcpy(text->data + text->len, bytes, len);
        text->len += len;
        text->data[text->len] = '\0';
}

void text_printf(struct text *text, const char *fmt, ...)
{
        va_list ap, again;
        int len;

        va_start(ap, fmt);
        va_copy(again, ap);
        len = vsnprintf(NULL, 0, fmt, ap);
        va_end(ap);
        if (len > 0) {
                reserve(text, (size_t)len);
                vsnprintf(text->data + text->len, (size_t)len + 1, fmt, again);
                text->len += (size_t)len;
        }
        va_end(again);
}

void text_free(struct text *text)
{
        free(text->data);
        *text = (struct text){0};
}
