#include "base/buf.h"

#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_free(struct buf *b)
{
        free(b->data);
        *b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
        b->len = 0;
        if (b->data != NULL)
                b->data[0] = '\0';
}

char *buf_reserve(struct buf *b, size_t more)
{
        size_t need;

        if (__builtin_add_overflow(b->len, more, &need) || __builtin_add_overflow(need, 1, &need))
                need = SIZE_MAX; /* which is not to be had: memory_resize ends the process */
        if (need > b->cap) {
                size_t cap = b->cap < 32 ? 64 : b->cap + b->cap / 2;

                if (cap < need)
                        cap = need;
                b->data = memory_resize(b->data, cap, 1);
                b->cap = cap;
                b->data[b->len] = '\0';
        }
        return b->data + b->len;
}

void buf_end(struct buf *b, size_t written)
{
        assert(b->data != NULL && b->len + written < b->cap);
        b->len += written;
        b->data[b->len] = '\0';
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
        char *to = buf_reserve(b, len);

        if (len > 0)
                memcpy(to, bytes, len);
        buf_end(b, len);
}

void buf_add_text(struct buf *b, const char *text)
{
        buf_add(b, text, strlen(text));
}

void buf_add_char(struct buf *b, char c)
{
        buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        buf_vprintf(b, fmt, ap);
        va_end(ap);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
        va_list again;
        int n;

        buf_reserve(b, 128);
        va_copy(again, ap);
        n = vsnprintf(b->data + b->len, b->cap - b->len, fmt, ap);
        assert(n >= 0);
        if ((size_t)n >= b->cap - b->len) {
                buf_reserve(b, (size_t)n);
                vsnprintf(b->data + b->len, b->cap - b->len, fmt, again);
        }
        va_end(again);
        b->len += (size_t)n;
}

char *buf_take(struct buf *b, size_t *len)
{
        char *data;

        buf_reserve(b, 0);
        data = b->data;
        if (len != NULL)
                *len = b->len;
        *b = (struct buf){0};
        return data;
}

static void add_json_char(struct buf *b, unsigned char c)
{
        static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";

        for (const char *s = shorts; *s != '\0'; s += 2)
                if ((unsigned char)*s == c) {
                        buf_add(b, (const char[]){'\\', s[1]}, 2);
                        return;
                }
        if (c < 0x20 || c == 0x7f)
                buf_printf(b, "\\u%04x", c);
        else
                buf_add_char(b, (char)c);
}

void buf_add_json_string(struct buf *b, const char *text, size_t len)
{
        buf_add_char(b, '"');
        while (len > 0) {
                size_t good = text_utf8_prefix(text, len);

                for (size_t i = 0; i < good; i++)
                        add_json_char(b, (unsigned char)text[i]);
                text += good;
                len -= good;
                if (len > 0) {
                        buf_add_text(b, "\xef\xbf\xbd"); /* U+FFFD for the byte that is none */
                        text++;
                        len--;
                }
        }
        buf_add_char(b, '"');
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void buf_add_base64(struct buf *b, const void *bytes, size_t len)
{
        const unsigned char *in = bytes;
        char *out = buf_reserve(b, (len + 2) / 3 * 4);
        size_t at = 0;

        for (size_t i = 0; i < len; i += 3) {
                unsigned long v = (unsigned long)in[i] << 16;

                if (i + 1 < len)
                        v |= (unsigned long)in[i + 1] << 8;
                if (i + 2 < len)
                        v |= in[i + 2];
                out[at++] = base64_digits[v >> 18 & 63];
                out[at++] = base64_digits[v >> 12 & 63];
                out[at++] = i + 1 < len ? base64_digits[v >> 6 & 63] : '=';
                out[at++] = i + 2 < len ? base64_digits[v & 63] : '=';
        }
        buf_end(b, at);
}

static int base64_value(char c)
{
        const char *p = c == '\0' ? NULL : strchr(base64_digits, c);

        return p == NULL ? -1 : (int)(p - base64_digits);
}

bool buf_add_base64_decoded(struct buf *b, const char *text, size_t len)
{
        size_t at = 0, padding = 0;
        char *out;

        if (len % 4 != 0)
                return false;
        if (len > 0)
                padding = text[len - 1] != '=' ? 0 : text[len - 2] != '=' ? 1 : 2;
        out = buf_reserve(b, len / 4 * 3);
        for (size_t i = 0; i < len; i += 4) {
                size_t digits = i + 4 == len ? 4 - padding : 4;
                unsigned long v = 0;

                for (size_t k = 0; k < 4; k++) {
                        int d = k < digits ? base64_value(text[i + k]) : 0;

                        if (d < 0)
                                return false;
                        v = v << 6 | (unsigned long)d;
                }
                /* Bits behind the last byte must be zero, or two texts would mean the same bytes. */
                if ((digits == 2 && (v & 0xffff)) || (digits == 3 && (v & 0xff)))
                        return false;
                for (size_t k = 0; k + 1 < digits; k++)
                        out[at++] = (char)(v >> (16 - 8 * k));
        }
        buf_end(b, at);
        return true;
}
