/*
 * One pass over the JSON text of an event: either just far enough to know its type, or over all of it, checking the structure
 * (RFC 8259, UTF-8, depth, nothing behind the end) and noting where each top-level member stands. Copies nothing. Pure; any thread.
 */
#ifndef PAWL_WORKER_SCAN_H
#define PAWL_WORKER_SCAN_H

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCAN_DEPTH_MAX 64 /* nested objects and arrays, the outermost one counted */

/* What is wrong, and at which byte. reason NULL: nothing. A static text, so that it outlives everything. */
struct scan_fault {
        const char *reason;
        size_t offset;
};

struct scan_member {
        const char *name;  /* raw, between the quotes */
        const char *value; /* raw, first byte of the value (the quote of a string) */
        uint32_t name_len;
        uint32_t value_len; /* with the quotes of a string */
        uint8_t kind;       /* PAWL_KIND_… */
        bool name_escaped;
        bool value_escaped; /* a string with backslashes */
};

/* The members of one object: an array that grows and is reused. Zero-initialised it is empty and valid. */
struct scan_members {
        struct scan_member *items;
        uint32_t count;
        uint32_t cap;
};
void scan_members_free(struct scan_members *members);

/* The whole text, which must be one object, in which no member is repeated (at the top level; deeper is not looked at). */
bool scan_index(const char *text, size_t len, struct scan_members *members, struct scan_fault *fault);

/*
 * Looks for the member `event_type` and stops as soon as it has it. The value is raw, between the quotes; *escaped says that it has
 * backslashes. False when there is none, when it is no string, or when what stands before it is malformed.
 */
bool scan_type(const char *text, size_t len, struct pawl_str *type, bool *escaped, struct scan_fault *fault);

/* Unescapes a checked string (the bytes between the quotes) to `out`, which has room for `len` bytes; returns how many it wrote. */
size_t scan_unescape(const char *text, size_t len, char *out);

/* The number of a checked value. PAWL_KIND_INT only, and PAWL_KIND_INT or NUMBER. */
int64_t scan_int(const char *text, size_t len);
double scan_double(const char *text, size_t len);

#endif
