/*
 * The text of a value inside a JSON text, as it was written: a number there is exact, and one in a tree may be not. For texts that were
 * checked already (pawl_event_raw of an event that has a tree): whole JSON, no member twice. Pure; any thread.
 */
#ifndef HR_RAW_JSON_H
#define HR_RAW_JSON_H

#include <pawl/plugin.h>
#include <stddef.h>

/* The member of that name of the object at the text's beginning; absent where there is none, or no object. */
struct pawl_str raw_member(struct pawl_str json, const char *name);

/* The items of the array at the text's beginning, for raw_next; absent where there is no array. */
struct pawl_str raw_items(struct pawl_str json);

/* The next item; absent after the last one. */
struct pawl_str raw_next(struct pawl_str *items);

#endif
