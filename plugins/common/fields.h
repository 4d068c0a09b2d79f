/*
 * Whether an event looks as the catalogue says. Each handler checks its event before it does anything, so that the code behind can take
 * the members for granted.
 */
#ifndef PLUGINS_COMMON_FIELDS_H
#define PLUGINS_COMMON_FIELDS_H

#include <pawl/plugin.h>
#include <stdint.h>

/*
 * PAWL_OK, or a reject that lists every member that does not fit its type's entry in the catalogue (what was expected and what was found), and an
 * event of a type that is not in the catalogue. As a publisher's check does it takes no string with a NUL inside, nor such an event_id or correlation_id.
 */
pawl_result fields_check(struct pawl_ctx *ctx, const struct pawl_event *ev);

/* The member as it was checked; 0, or absent, where an optional one is not there. */
int64_t field_int(const struct pawl_event *ev, const char *name);
struct pawl_str field_string(const struct pawl_event *ev, const char *name);

#endif
