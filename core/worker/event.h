/*
 * One message as handlers see it: a view without a copy. Nothing is looked at before somebody asks; the first accessor indexes
 * the whole object (scan.h). Strings are unescaped into an arena that is reset between events, so that the hot path allocates
 * nothing. An event belongs to one thread at a time.
 */
#ifndef PAWL_WORKER_EVENT_H
#define PAWL_WORKER_EVENT_H

#include "base/log.h"
#include "kafka/message.h"
#include "worker/scan.h"

#include <pawl/plugin.h>

/* ---- routing, by the main thread ---- */

enum event_routing {
        EVENT_TYPED,     /* `type` is its type */
        EVENT_TOMBSTONE, /* no value */
        EVENT_MALFORMED, /* `fault` says what, and where in the value */
};

struct event_route {
        struct pawl_str type; /* leads into the message, or into `unescaped` */
        struct scan_fault fault;
        char unescaped[256]; /* a longer type with escapes is taken for malformed */
};

/* The type, from the header ce_type where a producer set it, else from the value. `headers`: of a message that was copied, as
 * for event_set_headers(). */
enum event_routing event_route(const struct message *message, const struct message_header *headers, size_t header_count,
                               struct event_route *route);

/* ---- memory of the events of one call ---- */

struct event_arena {
        struct event_chunk *chunks;  /* the current one first */
        struct scan_members members; /* scratch of the scanner */
};

/* Forgets everything that was taken, and keeps one chunk. */
void event_arena_reset(struct event_arena *arena);
void event_arena_free(struct event_arena *arena);
void *event_arena_take(struct event_arena *arena, size_t size);

/* ---- one event ---- */

struct event_place {
        const char *topic; /* NUL-terminated, as long as the event */
        int32_t partition;
        uint32_t attempt; /* from 1 */
        uint32_t redrive;
};

struct event {
        struct pawl_event public; /* first: what the plugin holds is a pointer to this */
        uint32_t magic;
        uint32_t known; /* which of the lazy members below have been looked up */
        const struct message *message;
        const struct message_header *headers; /* those of a message without a handle (a copy, a test's) */
        size_t header_count;
        struct event_place place;
        struct event_arena *arena;
        const struct scan_member *members; /* the index, in the arena */
        struct pawl_str *strings;          /* those of the members asked for so far; NULL: none yet */
        uint32_t member_count;
        uint32_t cursor;               /* behind the member found last: handlers ask in the members' order */
        struct scan_fault fault;       /* what indexing or the tree found */
        bool asked;                    /* the plugin itself has asked for what is malformed */
        size_t max_bytes;              /* of a tree */
        struct pawl_str attributes[4]; /* type, id, correlation id, source */
        void *tree;                    /* json_t */
};

/* Makes `ev` a view of the message; what is passed must outlive it. `host`: for the plugin. Costs a few stores. */
void event_open(struct event *ev, const struct pawl_host *host, const struct message *message,
                const struct event_place *place, struct event_arena *arena, size_t max_bytes);

/* The same for a message whose handle is NULL, and which has these headers. */
void event_set_headers(struct event *ev, const struct message_header *headers, size_t count);

/* Gives the tree back. The arena is the caller's to reset. */
void event_close(struct event *ev);

/* The fault that makes the event a dead letter whatever the handler returns; NULL: none was come upon. */
const struct scan_fault *event_fault(const struct event *ev);

/* For the log; looks the attributes up, and blames no event for it. */
void event_describe(struct event *ev, struct log_event *out);

/* What the event's own id is, for what is derived from it: event_id, else "topic/partition/offset". In the arena. */
struct pawl_str event_source_id(struct event *ev);

/* The attribute (PAWL_EV_TYPE … PAWL_EV_SOURCE) without blame, for the host's own use. */
struct pawl_str event_peek(struct event *ev, uint32_t attribute);

/* The last header of that name; false: there is none. */
bool event_header_last(const struct event *ev, const char *name, struct pawl_str *value);

/* What was found in place of an expected value, for people: `string "abc"`, `nothing`, `an object`. */
void event_describe_member(struct event *ev, struct pawl_str name, char *out, size_t size);

/* -- the accessors of struct pawl_host, with its signatures */
struct pawl_str event_attribute(const struct pawl_event *ev, uint32_t attribute);
int64_t event_number(const struct pawl_event *ev, uint32_t attribute);
uint32_t event_kind(const struct pawl_event *ev, struct pawl_str name);
bool event_int(const struct pawl_event *ev, struct pawl_str name, int64_t *value);
bool event_double(const struct pawl_event *ev, struct pawl_str name, double *value);
bool event_bool(const struct pawl_event *ev, struct pawl_str name, bool *value);
bool event_string(const struct pawl_event *ev, struct pawl_str name, struct pawl_str *value);
bool event_raw(const struct pawl_event *ev, struct pawl_str name, struct pawl_str *json);
bool event_header(const struct pawl_event *ev, uint32_t index, struct pawl_str *name, struct pawl_str *value);
void *event_tree(const struct pawl_event *ev);

/* ---- a copy that outlives its message, for tickets ---- */

struct event_copy {
        struct event event;
        struct message message;
        struct event_arena arena;
        char *bytes; /* everything that the message points to */
};

/* Copies the message, not what was looked up in it. */
struct event_copy *event_copy_new(const struct event *ev);
void event_copy_free(struct event_copy **copy);

#endif
