/*
 * What a type of event must look like, as a table: which members it has, of which kind. Each handler checks its event against
 * it before it does anything, so that the code behind can take the members for granted.
 */
#ifndef PLUGINS_COMMON_FIELDS_H
#define PLUGINS_COMMON_FIELDS_H

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIELD_ID      1 /* an integer of 0 or more */
#define FIELD_INT     2
#define FIELD_STRING  3
#define FIELD_OBJECT  4
#define FIELD_ID_LIST 5 /* an array of integers of 0 or more */

#define FIELD_OPTIONAL 0x1u /* may be missing or null: existing producers write null for what they do not know */

struct field {
        const char *name;
        uint32_t kind;  /* FIELD_… */
        uint32_t flags; /* FIELD_OPTIONAL */
};

/* PAWL_OK, or the reject that names the first member that does not fit, what was expected and what was found. */
pawl_result fields_check(struct pawl_ctx *ctx, const struct pawl_event *ev, const struct field *fields, size_t count);

/* The member as it was checked; 0, or absent, where an optional one is not there. */
int64_t field_int(const struct pawl_event *ev, const char *name);
struct pawl_str field_string(const struct pawl_event *ev, const char *name);

#endif
