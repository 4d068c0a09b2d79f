/*
 * The inside of an event, for the files that it is made of.
 */
#ifndef PAWL_WORKER_EVENT_INDEX_H
#define PAWL_WORKER_EVENT_INDEX_H

#include "worker/event.h"

#include <assert.h>

#define EVENT_MAGIC 0x6576656eu

/* Bits of event.known: what has been looked up; and of an attribute, that it came from a header. */
#define KNOWN_ATTRIBUTE(a) (1u << (a))
#define KNOWN_HEADER(a)    (1u << (4 + (a)))
#define KNOWN_INDEX        (1u << 8)
#define KNOWN_TREE         (1u << 9)

/* What a plugin hands back is what it was given: the views are const for it, not for the host. */
static inline struct event *event_of(const struct pawl_event *public)
{
        struct event *ev = (struct event *)public;

        assert(ev->magic == EVENT_MAGIC);
        return ev;
}

/* Indexes on the first call. False: malformed (ev->fault), or a tombstone. */
bool event_index(struct event *ev);

/* The top-level member of that name; NULL: none. */
const struct scan_member *event_find(struct event *ev, struct pawl_str name);

/* A NUL-terminated copy in the arena; of a member with kind STRING, made once. */
struct pawl_str event_text(struct event *ev, const char *raw, size_t len, bool escaped);
struct pawl_str event_member_text(struct event *ev, const struct scan_member *m);

#endif
