/*
 * Allocation that does not fail: whoever asks for a few bytes and gets none cannot go on, so the process says how much was
 * missing and aborts (a worker is restarted, and its events are handled again). What a stranger sizes (a message, a file) is
 * checked against its limit before it comes here. Any thread; freed with free().
 */
#ifndef PAWL_BASE_MEMORY_H
#define PAWL_BASE_MEMORY_H

#include <stddef.h>

/* `count` zeroed elements of `size` bytes, the product checked. Never NULL, also for no bytes. */
void *memory_zero(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* Grows or shrinks an array as realloc does, the product checked. What is new is not zeroed. */
void *memory_resize(void *old, size_t count, size_t size) __attribute__((returns_nonnull));

/* A NUL-terminated copy of `len` bytes. */
char *memory_copy(const char *text, size_t len) __attribute__((malloc, returns_nonnull));

/* A copy of a string; NULL gives NULL. */
char *memory_string(const char *text);

/* printf into a new string. */
char *memory_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

#endif
