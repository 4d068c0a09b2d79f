/*
 * A byte buffer that grows. Zero-initialised it is empty and valid; it belongs to one thread at a time. It does not fail
 * (memory.h). The bytes may hold anything; a NUL stands behind them (uncounted) as soon as `data` is not NULL.
 */
#ifndef PAWL_BASE_BUF_H
#define PAWL_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
        char *data; /* NULL until the first byte */
        size_t len;
        size_t cap;
};

/* Gives the memory back; the buffer is empty and usable again. */
void buf_free(struct buf *b);

/* Forgets the bytes and keeps the memory. */
void buf_clear(struct buf *b);

/* Room for `more` further bytes; returns where they go. The caller adds what it wrote to `len` and calls buf_end. */
char *buf_reserve(struct buf *b, size_t more);
void buf_end(struct buf *b, size_t written);

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_add_text(struct buf *b, const char *text);
void buf_add_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Hands the bytes (NUL-terminated, never NULL) over to the caller, who frees them; the buffer is empty again. */
char *buf_take(struct buf *b, size_t *len);

/* The text with JSON's quotes and escapes; invalid UTF-8 becomes U+FFFD, so that the result is always valid JSON. */
void buf_add_json_string(struct buf *b, const char *text, size_t len);

/* Base64 (RFC 4648, with padding). Decoding is strict: no spaces, no missing padding, no stray bits. On false, `b` is as before. */
void buf_add_base64(struct buf *b, const void *bytes, size_t len);
bool buf_add_base64_decoded(struct buf *b, const char *text, size_t len);

#endif
