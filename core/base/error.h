/*
 * An error that a person reads: what was expected, what was found, and where.
 *
 * Functions that can fail for such a reason take a `struct pawl_error *`, return false (or NULL) and fill it. Only the
 * edge (main, control channel, admin) logs it and decides. Any thread; the object belongs to the caller.
 */
#ifndef PAWL_BASE_ERROR_H
#define PAWL_BASE_ERROR_H

#include <stdbool.h>

struct pawl_error {
        char text[1024]; /* NUL-terminated, cut at the end if longer; empty: no error was set */
};

/* Sets the text, whatever stood there. `err` may be NULL. Always returns false, so that `return error_set(…)` reads well. */
bool error_set(struct pawl_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts "PREFIX: " before the text that is there, to say where a deeper error happened. Always returns false. */
bool error_prefix(struct pawl_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
