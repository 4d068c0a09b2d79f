/*
 * Small questions about text that several rooms ask: is it UTF-8, which known name is nearest, how long is "30s", how much is
 * "10MiB". Pure functions; any thread.
 */
#ifndef PAWL_BASE_TEXT_H
#define PAWL_BASE_TEXT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many bytes from the front are valid UTF-8 (no overlong forms, no surrogates, nothing beyond U+10FFFF): `len` if all are. */
size_t text_utf8_prefix(const char *text, size_t len);

/* Whether arrays and objects of a JSON text are nested at most `depth` deep, seen without recursion: to be asked before jansson (which
 * allows 2048) is let near a stranger's bytes. */
bool text_json_depth_ok(const char *text, size_t len, unsigned depth);

/* The edit distance of two names (insert, delete, replace, swap neighbours: 1 each), letters' case ignored. */
unsigned text_distance(const char *a, const char *b);

/* Keeps the nearest of several names: start with NULL and call once a name. A name further away than a third of the length of
 * `wanted` (2 at least) is no suggestion. Returns the better one of `best` and `name`, or NULL. */
const char *text_nearest(const char *wanted, const char *best, const char *name);

/* "200ms", "30s", "5min", "4h", "1d" (also "us", "ns") to nanoseconds; a whole number and a unit, "0" without one. Not negative. */
bool text_duration(const char *text, int64_t *ns, struct pawl_error *err);

/* "64KiB", "10MiB", "1GB" (B; KiB, MiB, GiB, TiB of 1024; kB or KB, MB, GB, TB of 1000) or a number of bytes. Not negative. */
bool text_size(const char *text, int64_t *bytes, struct pawl_error *err);

/* The reverse, in the largest unit that divides the value. `out` takes at least 32 bytes; returned. */
const char *text_format_duration(int64_t ns, char out[static 32]);
const char *text_format_size(int64_t bytes, char out[static 32]);

#endif
