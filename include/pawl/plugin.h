/*
 * The contract between Pawl and a plugin, version 1. This is the only header a plugin needs.
 *
 * A plugin is a shared object with one exported function, which returns a constant descriptor: what the plugin is
 * called, which events it takes, which settings it has, how it is created and destroyed. Pawl reads Kafka, calls the
 * plugin's handlers, and commits an offset only when everything before it is done. A complete plugin:
 *
 *     #include <inttypes.h>
 *     #include <pawl/plugin.h>
 *
 *     static pawl_result on_created(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
 *     {
 *             int64_t customer;
 *
 *             (void)self;
 *             if (!pawl_event_int(ev, "customer_id", &customer))
 *                     return pawl_reject_field(ctx, ev, "customer_id", "an integer");
 *             pawl_info(ctx, "welcome, customer %" PRId64, customer);
 *             return PAWL_OK;
 *     }
 *
 *     static const struct pawl_handler handlers[] = {PAWL_ON("request.created", on_created)};
 *
 *     PAWL_PLUGIN_BARE("greeter", "1.0.0", handlers);
 *
 * Build it with `cc -shared -fPIC -fvisibility=hidden`; it links to nothing of Pawl's.
 *
 * The laws:
 *  - Threads. Handlers, ticks and commands run on threads of the host, several at a time, each with a context of its own. Events
 *    with the same key are handled one at a time, in order. Every function below names its thread; "any" is any thread,
 *    the plugin's own included.
 *  - Ownership. Nobody frees the other's memory. A string or event that the host gives lives until the handler returns,
 *    unless its comment says otherwise; what the plugin passes in is copied before the call returns.
 *  - Units. Times and durations are int64_t nanoseconds, sizes are bytes, strings are pointer and length (those that the
 *    host gives are also followed by a NUL byte, except where a comment says "raw").
 *  - Errors. A function that can fail returns false, or a negative PAWL_E_… code. No exception crosses the line, either way.
 *  - ABI. A minor version only appends. A struct begins with its size, an array is pointer, count and stride, so that each
 *    side can be older than the other. What the plugin was built for stands in its head, and Pawl refuses what it cannot serve
 *    before it reads anything else.
 */
#ifndef PAWL_PLUGIN_H
#define PAWL_PLUGIN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PAWL_ABI_MAJOR 1
#define PAWL_ABI_MINOR 1

#define PAWL_US(n) ((int64_t)(n)*INT64_C(1000))
#define PAWL_MS(n) ((int64_t)(n)*INT64_C(1000000))
#define PAWL_S(n)  ((int64_t)(n)*INT64_C(1000000000))

#if defined(__GNUC__)
#define PAWL_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define PAWL_PRINTF(fmt, args)
#endif

/* ---- Strings and arrays: frozen for all versions, and therefore without a size of their own ---------------------- */

struct pawl_str {
        const char *ptr; /* NULL: absent. Not NULL with len 0: empty */
        size_t len;
};

struct pawl_array {
        const void *items;
        uint32_t count;
        uint32_t stride; /* bytes from one item to the next */
};

/* Initialisers, for descriptors. PAWL_STR takes a string literal; PAWL_ARRAY an array (not a pointer). */
/* clang-format off */
#define PAWL_STR(literal) { "" literal, sizeof(literal) - 1 }
#define PAWL_ABSENT       { NULL, 0 }
#define PAWL_ARRAY(array) { (array), (uint32_t)(sizeof(array) / sizeof((array)[0])), (uint32_t)sizeof((array)[0]) }
#define PAWL_NONE         { NULL, 0, 0 }
/* clang-format on */

/* A view of a NUL-terminated string; NULL gives an absent one. */
static inline struct pawl_str pawl_text(const char *text)
{
        struct pawl_str s = {text, 0};

        while (text != NULL && text[s.len] != '\0')
                s.len++;
        return s;
}

/* A view of `len` bytes at `ptr`. */
static inline struct pawl_str pawl_bytes(const void *ptr, size_t len)
{
        struct pawl_str s = {(const char *)ptr, len};

        return s;
}

/* ---- The four handles ------------------------------------------------------------------------------------------- */

struct pawl_host;

/* A running plugin. Valid from `create` until `destroy` returns; any thread. */
struct pawl_instance {
        const struct pawl_host *host; /* the host's own data follows */
};

/* One call of a handler, a tick or a command. Valid on that thread until the call returns. */
struct pawl_ctx {
        const struct pawl_host *host;
        struct pawl_instance *instance;
};

/* One message. Valid on the handler's thread until the handler returns; a ticket keeps it (see pawl_ticket_event). */
struct pawl_event {
        const struct pawl_host *host;
};

/* An event that the plugin will complete later. 0 is no ticket. A completed ticket's number is not used again. */
typedef uint64_t pawl_ticket;

/* ---- Results of a handler --------------------------------------------------------------------------------------- */

typedef int32_t pawl_result;

#define PAWL_OK    ((pawl_result)0) /* done */
#define PAWL_RETRY ((pawl_result)1) /* failed; again after a back-off; attempts exhausted: dead letter */
#define PAWL_WAIT                                                                                                      \
        ((pawl_result)2) /* its time has not come; again later, not counted, up to wait_limit; then as REJECT */
#define PAWL_UNAVAILABLE                                                                                               \
        ((pawl_result)3) /* a dependency is away: nothing is dispatched, one event probes until it is back */
#define PAWL_REJECT  ((pawl_result)4) /* will never succeed: dead letter now */
#define PAWL_PENDING ((pawl_result)5) /* pawl_defer was called; pawl_complete will be */
#define PAWL_FATAL   ((pawl_result)6) /* the plugin cannot go on: the worker restarts, nothing advances */
/* Any other value is a bug of the plugin and is treated as a crash on this event. */

/* ---- Error codes: what functions that can fail return; 0 is success ---------------------------------------------- */

#define PAWL_E_INVALID   (-1) /* not a JSON object, a name that does not exist, a member that the host writes itself */
#define PAWL_E_TOO_LARGE (-2) /* larger than the largest event */
#define PAWL_E_FULL      (-3) /* too much is unacknowledged; try again later */
#define PAWL_E_STATE     (-4) /* not now: the ticket is completed or past its deadline, no current event, after quiesce */
#define PAWL_E_REFUSED   (-5) /* the broker refuses it for good */
#define PAWL_E_CANCELLED (-6) /* the host stopped first; it is not known whether the broker has it */

/* ---- Kinds of a member of an event's JSON object ------------------------------------------------------------------ */

#define PAWL_KIND_MISSING 0
#define PAWL_KIND_NULL    1
#define PAWL_KIND_BOOL    2
#define PAWL_KIND_INT     3 /* a number without fraction or exponent that fits an int64_t */
#define PAWL_KIND_NUMBER  4 /* any other number */
#define PAWL_KIND_STRING  5
#define PAWL_KIND_ARRAY   6
#define PAWL_KIND_OBJECT  7

/* ---- Log levels and health ----------------------------------------------------------------------------------------- */

#define PAWL_LOG_ERROR 0
#define PAWL_LOG_WARN  1
#define PAWL_LOG_INFO  2
#define PAWL_LOG_DEBUG 3

#define PAWL_HEALTH_OK       0
#define PAWL_HEALTH_DEGRADED 1 /* works, but somebody should look */
#define PAWL_HEALTH_DOWN     2 /* does not do its work */

/* ---- A message to be emitted or published --------------------------------------------------------------------------- */

struct pawl_header {
        uint32_t size;
        uint32_t reserved; /* 0 */
        struct pawl_str name;
        struct pawl_str value; /* absent: a null header */
};

#define PAWL_MESSAGE_RAW       0x1u /* body is any bytes: written as it is, no envelope is added; event_type may be absent */
#define PAWL_MESSAGE_TOMBSTONE 0x2u /* a null value; body and event_type are absent */
#define PAWL_MESSAGE_NO_KEY    0x4u /* no key, although the source event has one */

struct pawl_message {
        uint32_t size;
        uint32_t flags; /* PAWL_MESSAGE_… */
        struct pawl_str topic;
        struct pawl_str event_type;
        struct pawl_str key;      /* absent: the source event's key (pawl_publish: no key) */
        struct pawl_str body;     /* a JSON object with the event's own members. The host adds the envelope: event_type,
                                           event_id, and timestamp, version, source, correlation_id where the body has none */
        struct pawl_str event_id; /* a UUID. pawl_publish: absent: a random one. pawl_emit: must be absent, the id is
                                           derived from the source event, so that a repeat carries the same one */
        struct pawl_str correlation_id; /* absent: the source event's (pawl_publish: a random UUID) */
        struct pawl_array headers;      /* of struct pawl_header */
};

/* ---- Functions that a plugin gives ---------------------------------------------------------------------------------- */

/*
 * Handles one event. A pool thread; for one key one at a time. `self` is what create made. Returns one of the results above.
 * The events it emitted go out only if the result is PAWL_OK.
 */
typedef pawl_result pawl_handler_fn(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self);

/*
 * Handles `count` (at least 1) events of many keys, in order within each. A pool thread. Returns how many it handled from the
 * front. When these are not all, *rest is the result of the event that follows them (the host presets PAWL_RETRY; never
 * PAWL_PENDING; PAWL_OK is not a reason to stop and counts as a bug), and the events behind it come again, uncounted.
 */
typedef uint32_t pawl_batch_fn(struct pawl_ctx *ctx, const struct pawl_event *const *events, uint32_t count,
                               pawl_result *rest, void *self);

/*
 * Makes the plugin ready to be used, from its settings, without side effects that another instance would notice (another build is
 * tried this way while this one serves). The worker's main thread. Sets *self. Returns false after pawl_fail, having undone
 * everything; destroy is not called then. `pawld --check` does not call it: what only it can refuse, a start or a reload refuses.
 */
typedef bool pawl_create_fn(struct pawl_instance *instance, void **self);

/* The other steps of life; they cannot fail. start, quiesce, stop, destroy: the worker's main thread. See struct pawl_plugin. */
typedef void pawl_life_fn(void *self);

/* Called every tick_interval, a pool thread, never twice at a time, from after start until before quiesce returns. */
typedef void pawl_tick_fn(struct pawl_ctx *ctx, void *self);

/*
 * Carries out `pawlctl PLUGIN COMMAND ARGUMENTS`; argv has the arguments alone, without the command. A thread of the host's kept
 * for commands, one at a time. Writes its answer with pawl_reply. Returns pawlctl's exit status, 0 to 125; 0 is success.
 */
typedef int32_t pawl_command_fn(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self);

/*
 * Tells what became of a pawl_publish. A pool thread, before destroy, once for each call that returned 0. `status` is 0 when
 * the broker has acknowledged it, else PAWL_E_REFUSED or PAWL_E_CANCELLED.
 */
typedef void pawl_published_fn(void *self, void *arg, int32_t status);

/* ---- The descriptor and its tables ------------------------------------------------------------------------------------ */

#define PAWL_WANTS_TOMBSTONES                                                                                          \
        0x1u /* events with a null value too; they have no type: only the handler of "*" can get them */
#define PAWL_WANTS_MALFORMED 0x2u /* what is not a valid event too, in place of a dead letter; of "*" only */
/* Never two calls of this handler at a time in this worker. A handler is a row of the table: two rows with one function are two. What all
 * handlers share (a database) is guarded by max_concurrency = 1 or by the plugin itself. */
#define PAWL_SERIAL 0x4u

struct pawl_handler {
        uint32_t size;
        uint32_t flags;             /* PAWL_WANTS_…, PAWL_SERIAL */
        struct pawl_str name;       /* of the function, for logs and dead letters */
        struct pawl_str event_type; /* "request.created", "request.*" or "*"; the most specific handler is called */
        pawl_handler_fn *on_event;  /* this */
        pawl_batch_fn *on_batch;    /* or this; the other is NULL */
        int64_t deadline;           /* of one call; 0: the configured one */
        int64_t wait_limit;         /* how long PAWL_WAIT may last; 0: the configured one */
        int64_t ticket_deadline;    /* 0: the configured one */
        int64_t max_wait;           /* batches: how long the first event may wait for others; 0: not at all */
        uint64_t max_bytes;         /* batches: of the events' values together; 0: no limit of its own */
        uint32_t max_events;        /* batches: at least 1 */
        uint32_t reserved;          /* 0 */
};

#define PAWL_TYPE_BOOL     1
#define PAWL_TYPE_INT      2
#define PAWL_TYPE_NUMBER   3
#define PAWL_TYPE_STRING   4
#define PAWL_TYPE_DURATION 5  /* "30s"; read as an integer, in nanoseconds */
#define PAWL_TYPE_SIZE     6  /* "10MiB"; read as an integer, in bytes */
#define PAWL_TYPE_PATH     7  /* a string; a relative path is made absolute from the configuration file's folder */
#define PAWL_TYPE_SECRET   8  /* a string, also "@file:PATH" or "@env:NAME"; never printed */
#define PAWL_TYPE_LIST     9  /* of item_type */
#define PAWL_TYPE_TABLE    10 /* of `fields`; without fields: of any names, each of item_type */

#define PAWL_REQUIRED 0x1u

/* One setting. Pawl checks the configuration against it before create, and names file and line of what does not fit. */
struct pawl_setting {
        uint32_t size;
        uint32_t type;                /* PAWL_TYPE_… */
        uint32_t flags;               /* PAWL_REQUIRED */
        uint32_t item_type;           /* lists, and tables without fields; else 0 */
        struct pawl_str name;         /* [a-z][a-z0-9_]* */
        struct pawl_str unit;         /* for people: "rows"; absent: none */
        struct pawl_str default_text; /* as one would write it in the file: "25", "30s", "true"; absent: none */
        struct pawl_str
            range; /* "1..65535", "1s..1h", "1.." (of lengths for strings and lists), or "a|b|c"; absent: any */
        struct pawl_str help;     /* one sentence */
        struct pawl_array fields; /* of struct pawl_setting: of a table, or of each table in a list */
};

#define PAWL_COUNTER   1 /* only grows */
#define PAWL_GAUGE     2 /* is set */
#define PAWL_HISTOGRAM 3 /* of observed values; durations in nanoseconds, shown in seconds, with unit "seconds" */

/*
 * One metric, named pawl_<plugin>_<name> outside; a counter's name gets _total there, so leave it off here. Its number is its place
 * in the table.
 */
struct pawl_metric {
        uint32_t size;
        uint32_t kind;
        struct pawl_str name; /* [a-z][a-z0-9_]* */
        struct pawl_str unit; /* "seconds", "bytes"; absent: a count */
        struct pawl_str help;
};

struct pawl_command {
        uint32_t size;
        uint32_t reserved; /* 0 */
        struct pawl_str name;
        struct pawl_str usage; /* the arguments, for people: "[--from TIME] FILE"; absent: none */
        struct pawl_str help;
        pawl_command_fn *run;
};

/* The plugin writes to this topic. It is not looked for at start: when it is missing, the first write to it raises an alarm, and waits. */
#define PAWL_NEED_TOPIC  1
#define PAWL_NEED_SOCKET 2 /* `listen` of the configuration must have this name */

struct pawl_need {
        uint32_t size;
        uint32_t kind;
        struct pawl_str name;
        struct pawl_str help;
};

/* The frozen head: nothing behind it is read before it has passed. It stands also in the ELF note "Pawl". */
struct pawl_head {
        char magic[8]; /* "PAWLPLUG", no NUL */
        uint16_t abi_major;
        uint16_t abi_minor; /* the minor that the plugin wants; the host's is the same or higher */
        uint32_t size;      /* of the struct pawl_plugin that the plugin was built with */
};

#define PAWL_SWAP_HANDOVER 0u /* a reload starts a successor process and hands over; right for every plugin */
#define PAWL_SWAP_BESIDE                                                                                               \
        1u /* two instances, of one build or two, can live in one process for a while: a reload swaps in place */

struct pawl_plugin {
        struct pawl_head head;
        struct pawl_str name; /* [a-z][a-z0-9_]* */
        struct pawl_str version;
        struct pawl_array handlers; /* of struct pawl_handler */
        struct pawl_array settings; /* of struct pawl_setting */
        struct pawl_array metrics;  /* of struct pawl_metric */
        struct pawl_array commands; /* of struct pawl_command */
        struct pawl_array needs;    /* of struct pawl_need */

        /* A life, in this order; each may be NULL. */
        pawl_create_fn *create; /* may fail. Without it self is NULL */
        pawl_life_fn *start;    /* the plugin may begin its own work (threads, sources); events come from now on */
        pawl_tick_fn *tick;     /* every tick_interval */
        pawl_life_fn
            *quiesce; /* end own sources and ticks, finish tickets; events in hand may still come on another thread */
        pawl_life_fn *stop;    /* no handler runs any more: end own threads */
        pawl_life_fn *destroy; /* free everything; nothing of the plugin is called after it */

        int64_t tick_interval;
        uint32_t swap;            /* PAWL_SWAP_… */
        uint32_t max_concurrency; /* handlers at a time, however many threads are configured; 0: no limit of its own */
};

/* ---- The host's functions: use the wrappers below --------------------------------------------------------------------------- */

struct pawl_value;

struct pawl_host {
        uint32_t size;
        uint16_t abi_major;
        uint16_t abi_minor;

        /* events */
        struct pawl_str (*event_attribute)(const struct pawl_event *ev, uint32_t attribute);
        int64_t (*event_number)(const struct pawl_event *ev, uint32_t attribute);
        uint32_t (*event_kind)(const struct pawl_event *ev, struct pawl_str name);
        bool (*event_int)(const struct pawl_event *ev, struct pawl_str name, int64_t *value);
        bool (*event_double)(const struct pawl_event *ev, struct pawl_str name, double *value);
        bool (*event_bool)(const struct pawl_event *ev, struct pawl_str name, bool *value);
        bool (*event_string)(const struct pawl_event *ev, struct pawl_str name, struct pawl_str *value);
        bool (*event_raw)(const struct pawl_event *ev, struct pawl_str name, struct pawl_str *json);
        bool (*event_header)(const struct pawl_event *ev, uint32_t index, struct pawl_str *name,
                             struct pawl_str *value);
        void *(*event_tree)(const struct pawl_event *ev);

        /* contexts */
        void (*outcome)(struct pawl_ctx *ctx, pawl_result result, int64_t delay, const char *fmt, va_list ap);
        void (*outcome_field)(struct pawl_ctx *ctx, const struct pawl_event *ev, struct pawl_str name,
                              struct pawl_str expected);
        void (*log)(struct pawl_instance *instance, struct pawl_ctx *ctx, uint32_t level, const char *fmt, va_list ap);
        bool (*cancelled)(struct pawl_ctx *ctx);
        bool (*batch_at)(struct pawl_ctx *ctx, uint32_t index);
        int32_t (*emit)(struct pawl_ctx *ctx, const struct pawl_message *message);
        bool (*reply)(struct pawl_ctx *ctx, struct pawl_str text);

        /* tickets */
        pawl_ticket (*defer)(struct pawl_ctx *ctx);
        const struct pawl_event *(*ticket_event)(struct pawl_instance *instance, pawl_ticket ticket);
        int32_t (*ticket_emit)(struct pawl_instance *instance, pawl_ticket ticket, const struct pawl_message *message);
        int32_t (*complete)(struct pawl_instance *instance, pawl_ticket ticket, pawl_result result, int64_t delay,
                            struct pawl_str reason);

        /* instances */
        void (*fail)(struct pawl_instance *instance, const char *fmt, va_list ap);
        struct pawl_str (*about)(struct pawl_instance *instance, uint32_t attribute);
        int64_t (*now)(struct pawl_instance *instance, uint32_t clock);
        int32_t (*publish)(struct pawl_instance *instance, const struct pawl_message *message, pawl_published_fn *done,
                           void *arg);
        void (*derive_id)(struct pawl_instance *instance, struct pawl_str name, char id[37]);
        void (*health)(struct pawl_instance *instance, uint32_t level, const char *fmt, va_list ap);
        int32_t (*listen)(struct pawl_instance *instance, struct pawl_str name);
        void (*metric_add)(struct pawl_instance *instance, uint32_t metric, uint64_t n);
        void (*metric_set)(struct pawl_instance *instance, uint32_t metric, int64_t value);
        void (*metric_observe)(struct pawl_instance *instance, uint32_t metric, int64_t value);

        /* settings */
        const struct pawl_value *(*setting)(struct pawl_instance *instance, struct pawl_str name);
        uint32_t (*value_type)(const struct pawl_value *value);
        int64_t (*value_int)(const struct pawl_value *value);
        double (*value_double)(const struct pawl_value *value);
        struct pawl_str (*value_string)(const struct pawl_value *value);
        uint32_t (*value_count)(const struct pawl_value *value);
        const struct pawl_value *(*value_at)(const struct pawl_value *value, uint32_t index, struct pawl_str *name);
        const struct pawl_value *(*value_member)(const struct pawl_value *value, struct pawl_str name);
};

/* Attributes of an event: strings (event_attribute) and numbers (event_number). */
#define PAWL_EV_TYPE           0
#define PAWL_EV_ID             1
#define PAWL_EV_CORRELATION_ID 2
#define PAWL_EV_SOURCE         3
#define PAWL_EV_TOPIC          4
#define PAWL_EV_KEY            5
#define PAWL_EV_VALUE          6
#define PAWL_EV_PARTITION      16
#define PAWL_EV_OFFSET         17
#define PAWL_EV_TIMESTAMP      18
#define PAWL_EV_ATTEMPT        19
#define PAWL_EV_REDRIVE        20
#define PAWL_EV_HEADERS        21

/* What an instance can be asked about. */
#define PAWL_ABOUT_NAME      0
#define PAWL_ABOUT_STATE_DIR 1
#define PAWL_ABOUT_HOST_ID   2
#define PAWL_ABOUT_INSTANCE  3
#define PAWL_ABOUT_KAFKA     4

#define PAWL_CLOCK_WALL      0
#define PAWL_CLOCK_MONOTONIC 1

/* ---- Events: the handler's thread (a ticket's event: whoever holds the ticket, one thread at a time) ------------------------ */

/* The event's type; absent in a tombstone or a malformed event. Everything here lives as long as the event. */
static inline struct pawl_str pawl_event_type(const struct pawl_event *ev)
{
        return ev->host->event_attribute(ev, PAWL_EV_TYPE);
}

/* The envelope's event_id; absent where the producer set none. */
static inline struct pawl_str pawl_event_id(const struct pawl_event *ev)
{
        return ev->host->event_attribute(ev, PAWL_EV_ID);
}

/* The envelope's correlation_id; absent where it is missing or null. */
static inline struct pawl_str pawl_event_correlation_id(const struct pawl_event *ev)
{
        return ev->host->event_attribute(ev, PAWL_EV_CORRELATION_ID);
}

/* The envelope's source; absent where it is missing. */
static inline struct pawl_str pawl_event_source(const struct pawl_event *ev)
{
        return ev->host->event_attribute(ev, PAWL_EV_SOURCE);
}

static inline struct pawl_str pawl_event_topic(const struct pawl_event *ev)
{
        return ev->host->event_attribute(ev, PAWL_EV_TOPIC);
}

/* The message's key, raw; absent where it has none. */
static inline struct pawl_str pawl_event_key(const struct pawl_event *ev)
{
        return ev->host->event_attribute(ev, PAWL_EV_KEY);
}

/* The message's value, raw, byte for byte; absent in a tombstone. */
static inline struct pawl_str pawl_event_value(const struct pawl_event *ev)
{
        return ev->host->event_attribute(ev, PAWL_EV_VALUE);
}

static inline int32_t pawl_event_partition(const struct pawl_event *ev)
{
        return (int32_t)ev->host->event_number(ev, PAWL_EV_PARTITION);
}

static inline int64_t pawl_event_offset(const struct pawl_event *ev)
{
        return ev->host->event_number(ev, PAWL_EV_OFFSET);
}

/* Kafka's timestamp of the message, nanoseconds since 1970 (of millisecond precision); -1 where it has none. */
static inline int64_t pawl_event_timestamp(const struct pawl_event *ev)
{
        return ev->host->event_number(ev, PAWL_EV_TIMESTAMP);
}

/* Which attempt this is, from 1. Counted anew after a worker's death or a hand-over. */
static inline uint32_t pawl_event_attempt(const struct pawl_event *ev)
{
        return (uint32_t)ev->host->event_number(ev, PAWL_EV_ATTEMPT);
}

/* How many times it was sent back from the dead letters; 0 the first time. */
static inline uint32_t pawl_event_redrive(const struct pawl_event *ev)
{
        return (uint32_t)ev->host->event_number(ev, PAWL_EV_REDRIVE);
}

/* How many headers the message has. */
static inline uint32_t pawl_event_header_count(const struct pawl_event *ev)
{
        return (uint32_t)ev->host->event_number(ev, PAWL_EV_HEADERS);
}

/* Header number `index`, from 0, in the message's order; value raw, absent if null. Returns false past the last one. */
static inline bool pawl_event_header_at(const struct pawl_event *ev, uint32_t index, struct pawl_str *name,
                                        struct pawl_str *value)
{
        return ev->host->event_header(ev, index, name, value);
}

/*
 * Members of the event's JSON object, at its top level. The first call indexes the whole object; when that finds the event
 * malformed, every call returns false, and the event becomes a dead letter whatever the handler returns (unless the
 * handler wants malformed events). Each returns false, and leaves *value alone, where the member is missing or of another kind.
 */
static inline uint32_t pawl_event_kind(const struct pawl_event *ev, const char *name)
{
        return ev->host->event_kind(ev, pawl_text(name));
}

static inline bool pawl_event_int(const struct pawl_event *ev, const char *name, int64_t *value)
{
        return ev->host->event_int(ev, pawl_text(name), value);
}

/* An integer is a number too. */
static inline bool pawl_event_double(const struct pawl_event *ev, const char *name, double *value)
{
        return ev->host->event_double(ev, pawl_text(name), value);
}

static inline bool pawl_event_bool(const struct pawl_event *ev, const char *name, bool *value)
{
        return ev->host->event_bool(ev, pawl_text(name), value);
}

/* Unescaped, UTF-8, NUL-terminated; an escaped NUL inside is possible: mind the length. Lives as long as the event. */
static inline bool pawl_event_string(const struct pawl_event *ev, const char *name, struct pawl_str *value)
{
        return ev->host->event_string(ev, pawl_text(name), value);
}

/* The member's JSON text as it stands in the message, raw; of any kind. */
static inline bool pawl_event_raw(const struct pawl_event *ev, const char *name, struct pawl_str *json)
{
        return ev->host->event_raw(ev, pawl_text(name), json);
}

/* ---- Results with a reason: the handler's thread; `return pawl_reject(ctx, "…");` ------------------------------------------ */

/* Each keeps the text (1 KiB at most) for the log and the dead letter, and returns its result. In a batch: `*rest = pawl_reject(…)`. */
PAWL_PRINTF(2, 3) static inline pawl_result pawl_reject(struct pawl_ctx *ctx, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        ctx->host->outcome(ctx, PAWL_REJECT, 0, fmt, ap);
        va_end(ap);
        return PAWL_REJECT;
}

/* "NAME: expected EXPECTED, found …", the last part from the event. */
static inline pawl_result pawl_reject_field(struct pawl_ctx *ctx, const struct pawl_event *ev, const char *name,
                                            const char *expected)
{
        ctx->host->outcome_field(ctx, ev, pawl_text(name), pawl_text(expected));
        return PAWL_REJECT;
}

PAWL_PRINTF(2, 3) static inline pawl_result pawl_retry(struct pawl_ctx *ctx, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        ctx->host->outcome(ctx, PAWL_RETRY, 0, fmt, ap);
        va_end(ap);
        return PAWL_RETRY;
}

/* Again after exactly `delay`, in place of the back-off; the attempt counts. */
PAWL_PRINTF(3, 4) static inline pawl_result pawl_retry_after(struct pawl_ctx *ctx, int64_t delay, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        ctx->host->outcome(ctx, PAWL_RETRY, delay, fmt, ap);
        va_end(ap);
        return PAWL_RETRY;
}

/* The text should name what is awaited: it becomes the dead letter's if it never comes. */
PAWL_PRINTF(2, 3) static inline pawl_result pawl_wait(struct pawl_ctx *ctx, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        ctx->host->outcome(ctx, PAWL_WAIT, 0, fmt, ap);
        va_end(ap);
        return PAWL_WAIT;
}

PAWL_PRINTF(2, 3) static inline pawl_result pawl_unavailable(struct pawl_ctx *ctx, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        ctx->host->outcome(ctx, PAWL_UNAVAILABLE, 0, fmt, ap);
        va_end(ap);
        return PAWL_UNAVAILABLE;
}

PAWL_PRINTF(2, 3) static inline pawl_result pawl_fatal(struct pawl_ctx *ctx, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        ctx->host->outcome(ctx, PAWL_FATAL, 0, fmt, ap);
        va_end(ap);
        return PAWL_FATAL;
}

/* ---- Log: with a context the line carries the event's id, type, topic, partition, offset and correlation id ----------------- */

PAWL_PRINTF(2, 3) static inline void pawl_error(struct pawl_ctx *ctx, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        ctx->host->log(ctx->instance, ctx, PAWL_LOG_ERROR, fmt, ap);
        va_end(ap);
}

PAWL_PRINTF(2, 3) static inline void pawl_warn(struct pawl_ctx *ctx, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        ctx->host->log(ctx->instance, ctx, PAWL_LOG_WARN, fmt, ap);
        va_end(ap);
}

PAWL_PRINTF(2, 3) static inline void pawl_info(struct pawl_ctx *ctx, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        ctx->host->log(ctx->instance, ctx, PAWL_LOG_INFO, fmt, ap);
        va_end(ap);
}

PAWL_PRINTF(2, 3) static inline void pawl_debug(struct pawl_ctx *ctx, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        ctx->host->log(ctx->instance, ctx, PAWL_LOG_DEBUG, fmt, ap);
        va_end(ap);
}

/* Without an event; any thread. `level`: PAWL_LOG_… */
PAWL_PRINTF(3, 4) static inline void pawl_log(struct pawl_instance *instance, uint32_t level, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        instance->host->log(instance, NULL, level, fmt, ap);
        va_end(ap);
}

/* ---- In a handler, a tick or a command: its thread ------------------------------------------------------------------------------ */

/* Should this call end soon? True once its deadline has passed or the worker is stopping. For loops and long waits. */
static inline bool pawl_cancelled(struct pawl_ctx *ctx)
{
        return ctx->host->cancelled(ctx);
}

/* In a batch: makes events[index] the current event, which the next emits and log lines belong to. False: no such event. */
static inline bool pawl_batch_at(struct pawl_ctx *ctx, uint32_t index)
{
        return ctx->host->batch_at(ctx, index);
}

/*
 * Emits an event in reaction to the current one. It is held until the handler returns PAWL_OK (or its ticket is completed so), and
 * dropped otherwise; the current event is complete only when the broker has acknowledged it. Its id is derived from the
 * current event, type, key and ordinal, so that a repeated handling emits the same one; correlation_id and traceparent are
 * carried on. Returns 0, PAWL_E_INVALID, PAWL_E_TOO_LARGE, or PAWL_E_STATE (a tick, a command, a batch before pawl_batch_at).
 * Events of one key reach their topic in the order in which they were emitted, except where the broker could not take one at first: it
 * goes again, behind what was emitted since.
 */
static inline int32_t pawl_emit_message(struct pawl_ctx *ctx, const struct pawl_message *message)
{
        return ctx->host->emit(ctx, message);
}

/* The message that most emits are: `body` is a JSON object with the event's own members; `key` absent: the source event's. */
static inline struct pawl_message pawl_message_make(const char *topic, const char *event_type, struct pawl_str key,
                                                    struct pawl_str body)
{
        struct pawl_message m;

        m.size = (uint32_t)sizeof m;
        m.flags = 0;
        m.topic = pawl_text(topic);
        m.event_type = pawl_text(event_type);
        m.key = key;
        m.body = body;
        m.event_id = pawl_text(NULL);
        m.correlation_id = pawl_text(NULL);
        m.headers.items = NULL;
        m.headers.count = 0;
        m.headers.stride = (uint32_t)sizeof(struct pawl_header);
        return m;
}

static inline int32_t pawl_emit(struct pawl_ctx *ctx, const char *topic, const char *event_type, struct pawl_str key,
                                struct pawl_str body)
{
        struct pawl_message m = pawl_message_make(topic, event_type, key, body);

        return ctx->host->emit(ctx, &m);
}

/* Adds to a command's answer, as it is. May wait for the reader; false: the reader is gone, the command may end. Commands only. */
static inline bool pawl_reply(struct pawl_ctx *ctx, struct pawl_str text)
{
        return ctx->host->reply(ctx, text);
}

/* ---- Tickets: complete an event after its handler has returned -------------------------------------------------------------------- */

/*
 * Takes a ticket for the event being handled; the handler then returns PAWL_PENDING (any other result voids the ticket). The
 * handler's thread, once a call, never in a batch. Returns 0 where no ticket can be had: treat it as a reason for PAWL_RETRY.
 */
static inline pawl_ticket pawl_defer(struct pawl_ctx *ctx)
{
        return ctx->host->defer(ctx);
}

/* The ticket's event, readable until the ticket is completed; NULL when it is completed or past its deadline. Any thread. */
static inline const struct pawl_event *pawl_ticket_event(struct pawl_instance *instance, pawl_ticket ticket)
{
        return instance->host->ticket_event(instance, ticket);
}

/* As pawl_emit_message, for the ticket's event. Any thread. */
static inline int32_t pawl_ticket_emit(struct pawl_instance *instance, pawl_ticket ticket,
                                       const struct pawl_message *message)
{
        return instance->host->ticket_emit(instance, ticket, message);
}

/*
 * Completes the ticket with any result but PAWL_PENDING. Any thread, even before the handler has returned; once. Returns 0, or
 * PAWL_E_STATE when it is completed already or came too late (past its deadline, or its partition was taken away), which is counted and otherwise harmless.
 */
static inline int32_t pawl_complete(struct pawl_instance *instance, pawl_ticket ticket, pawl_result result)
{
        return instance->host->complete(instance, ticket, result, 0, pawl_text(NULL));
}

/* The same with a reason, and for PAWL_RETRY a delay (0: the back-off). */
static inline int32_t pawl_complete_with(struct pawl_instance *instance, pawl_ticket ticket, pawl_result result,
                                         int64_t delay, const char *reason)
{
        return instance->host->complete(instance, ticket, result, delay, pawl_text(reason));
}

/* ---- The instance: any thread, from create until destroy returns -------------------------------------------------------------------- */

/* Says why create fails; `pawl_fail(…); return false;`. create's thread only. */
PAWL_PRINTF(2, 3) static inline bool pawl_fail(struct pawl_instance *instance, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        instance->host->fail(instance, fmt, ap);
        va_end(ap);
        return false;
}

/* The plugin's name in the configuration. Lives as long as the instance, as all of these. */
static inline struct pawl_str pawl_about_name(struct pawl_instance *instance)
{
        return instance->host->about(instance, PAWL_ABOUT_NAME);
}

/* A directory for the plugin's state, absolute; it exists, and is the same for all instances of the plugin on this host. */
static inline struct pawl_str pawl_about_state_dir(struct pawl_instance *instance)
{
        return instance->host->about(instance, PAWL_ABOUT_STATE_DIR);
}

/* This host's id, a UUID that stays for as long as the state directory does. */
static inline struct pawl_str pawl_about_host_id(struct pawl_instance *instance)
{
        return instance->host->about(instance, PAWL_ABOUT_HOST_ID);
}

/* This instance's number among `instances = N`, from "0". */
static inline struct pawl_str pawl_about_instance(struct pawl_instance *instance)
{
        return instance->host->about(instance, PAWL_ABOUT_INSTANCE);
}

/* What keeps this worker from Kafka, in words: "no broker answers"; absent when nothing is known to. It may have changed a moment later. Since 1.1. */
static inline struct pawl_str pawl_about_kafka(struct pawl_instance *instance)
{
        return instance->host->about(instance, PAWL_ABOUT_KAFKA);
}

/* The wall clock, nanoseconds since 1970 UTC. It can jump: for what people read, never for waiting. */
static inline int64_t pawl_now(struct pawl_instance *instance)
{
        return instance->host->now(instance, PAWL_CLOCK_WALL);
}

/* A clock that never jumps, nanoseconds since some moment: for time-outs and durations. */
static inline int64_t pawl_monotonic(struct pawl_instance *instance)
{
        return instance->host->now(instance, PAWL_CLOCK_MONOTONIC);
}

/*
 * Publishes an event outside any other. Does not block. Returns 0, and `done` (may be NULL) is called once, on a pool thread,
 * with what became of it; or PAWL_E_INVALID, PAWL_E_TOO_LARGE, PAWL_E_FULL, PAWL_E_STATE, and `done` is not called. What the broker cannot take
 * now (it is away, the topic is missing) is tried again until it can.
 */
static inline int32_t pawl_publish(struct pawl_instance *instance, const struct pawl_message *message,
                                   pawl_published_fn *done, void *arg)
{
        return instance->host->publish(instance, message, done, arg);
}

/* The UUID that `name` always gives for this plugin (version 5): the event_id of something that may be published twice. */
static inline void pawl_derive_id(struct pawl_instance *instance, struct pawl_str name, char id[37])
{
        instance->host->derive_id(instance, name, id);
}

/* Says in words how the plugin is; shown by `pawlctl status` until it says otherwise. `level`: PAWL_HEALTH_… */
PAWL_PRINTF(3, 4) static inline void pawl_health(struct pawl_instance *instance, uint32_t level, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        instance->host->health(instance, level, fmt, ap);
        va_end(ap);
}

/*
 * The listening socket of that name in `listen = { NAME = "address"; }`. The host keeps it across reloads and crashes. Returns a
 * non-blocking descriptor of the caller's own, which it closes; -1 where the configuration has no such name.
 */
static inline int32_t pawl_listen(struct pawl_instance *instance, const char *name)
{
        return instance->host->listen(instance, pawl_text(name));
}

/* Metrics, by their place in the descriptor's table; a number outside it, or of another kind, is ignored. */
static inline void pawl_metric_add(struct pawl_instance *instance, uint32_t metric, uint64_t n)
{
        instance->host->metric_add(instance, metric, n);
}

static inline void pawl_metric_set(struct pawl_instance *instance, uint32_t metric, int64_t value)
{
        instance->host->metric_set(instance, metric, value);
}

static inline void pawl_metric_observe(struct pawl_instance *instance, uint32_t metric, int64_t value)
{
        instance->host->metric_observe(instance, metric, value);
}

/* ---- Settings: checked and complete with their defaults; values live as long as the instance ----------------------------------------- */

/* The value of a declared setting; NULL when it is neither set nor has a default. */
static inline const struct pawl_value *pawl_setting_value(struct pawl_instance *instance, const char *name)
{
        return instance->host->setting(instance, pawl_text(name));
}

/* Shorthands for scalars: 0, false or absent when there is no value. Durations are nanoseconds, sizes bytes. */
static inline int64_t pawl_setting_int(struct pawl_instance *instance, const char *name)
{
        return instance->host->value_int(pawl_setting_value(instance, name));
}

static inline bool pawl_setting_bool(struct pawl_instance *instance, const char *name)
{
        return instance->host->value_int(pawl_setting_value(instance, name)) != 0;
}

static inline double pawl_setting_double(struct pawl_instance *instance, const char *name)
{
        return instance->host->value_double(pawl_setting_value(instance, name));
}

static inline struct pawl_str pawl_setting_string(struct pawl_instance *instance, const char *name)
{
        return instance->host->value_string(pawl_setting_value(instance, name));
}

/* Any value: PAWL_TYPE_… of it; 0 for NULL, which all of these take. */
static inline uint32_t pawl_value_type(struct pawl_instance *instance, const struct pawl_value *value)
{
        return instance->host->value_type(value);
}

static inline int64_t pawl_value_int(struct pawl_instance *instance, const struct pawl_value *value)
{
        return instance->host->value_int(value);
}

static inline double pawl_value_double(struct pawl_instance *instance, const struct pawl_value *value)
{
        return instance->host->value_double(value);
}

static inline struct pawl_str pawl_value_string(struct pawl_instance *instance, const struct pawl_value *value)
{
        return instance->host->value_string(value);
}

/* How many items a list, or members a table, has. */
static inline uint32_t pawl_value_count(struct pawl_instance *instance, const struct pawl_value *value)
{
        return instance->host->value_count(value);
}

/* Item number `index`, in the file's order; `name` (may be NULL) gets a table member's name. NULL past the last one. */
static inline const struct pawl_value *pawl_value_at(struct pawl_instance *instance, const struct pawl_value *value,
                                                     uint32_t index, struct pawl_str *name)
{
        return instance->host->value_at(value, index, name);
}

/* A table's member; NULL when it is neither set nor has a default. */
static inline const struct pawl_value *pawl_value_member(struct pawl_instance *instance, const struct pawl_value *value,
                                                         const char *name)
{
        return instance->host->value_member(value, pawl_text(name));
}

/* ---- Making descriptors --------------------------------------------------------------------------------------------------------------- */
/* clang-format off */

#define PAWL_HANDLER(event_type, flags, on_event, on_batch, name, deadline, wait_limit, max_events, max_bytes, max_wait) \
        { (uint32_t)sizeof(struct pawl_handler), (flags), PAWL_STR(name), PAWL_STR(event_type), (on_event), (on_batch), \
          (deadline), (wait_limit), 0, (max_wait), (max_bytes), (max_events), 0 }

/* `fn` handles events of this type, one at a time. */
#define PAWL_ON(event_type, fn) PAWL_HANDLER(event_type, 0, fn, NULL, #fn, 0, 0, 1, 0, 0)

/* The same with flags, and a deadline and a wait limit of its own (0: the configured ones). */
#define PAWL_ON_WITH(event_type, fn, flags, deadline, wait_limit) \
        PAWL_HANDLER(event_type, flags, fn, NULL, #fn, deadline, wait_limit, 1, 0, 0)

/* `fn` handles up to max_events events of up to max_bytes (0: any) together; the first waits up to max_wait for others. */
#define PAWL_ON_BATCH(event_type, fn, flags, max_events, max_bytes, max_wait) \
        PAWL_HANDLER(event_type, flags, NULL, fn, #fn, 0, 0, max_events, max_bytes, max_wait)

#define PAWL_SETTING(type, flags, item_type, name, unit, default_text, range, help, fields) \
        { (uint32_t)sizeof(struct pawl_setting), (type), (flags), (item_type), PAWL_STR(name), unit, default_text, range, \
          PAWL_STR(help), fields }

/* Scalars with a default; `range` as struct pawl_setting describes it, "" for any. */
#define PAWL_SETTING_BOOL(name, default_text, help) \
        PAWL_SETTING(PAWL_TYPE_BOOL, 0, 0, name, PAWL_ABSENT, PAWL_STR(default_text), PAWL_ABSENT, help, PAWL_NONE)
#define PAWL_SETTING_INT(name, default_text, range, help) \
        PAWL_SETTING(PAWL_TYPE_INT, 0, 0, name, PAWL_ABSENT, PAWL_STR(default_text), PAWL_STR(range), help, PAWL_NONE)
#define PAWL_SETTING_NUMBER(name, default_text, range, help) \
        PAWL_SETTING(PAWL_TYPE_NUMBER, 0, 0, name, PAWL_ABSENT, PAWL_STR(default_text), PAWL_STR(range), help, PAWL_NONE)
#define PAWL_SETTING_STRING(name, default_text, help) \
        PAWL_SETTING(PAWL_TYPE_STRING, 0, 0, name, PAWL_ABSENT, PAWL_STR(default_text), PAWL_ABSENT, help, PAWL_NONE)
#define PAWL_SETTING_CHOICE(name, default_text, choices, help) \
        PAWL_SETTING(PAWL_TYPE_STRING, 0, 0, name, PAWL_ABSENT, PAWL_STR(default_text), PAWL_STR(choices), help, PAWL_NONE)
#define PAWL_SETTING_DURATION(name, default_text, range, help) \
        PAWL_SETTING(PAWL_TYPE_DURATION, 0, 0, name, PAWL_ABSENT, PAWL_STR(default_text), PAWL_STR(range), help, PAWL_NONE)
#define PAWL_SETTING_SIZE(name, default_text, range, help) \
        PAWL_SETTING(PAWL_TYPE_SIZE, 0, 0, name, PAWL_ABSENT, PAWL_STR(default_text), PAWL_STR(range), help, PAWL_NONE)
#define PAWL_SETTING_PATH(name, default_text, help) \
        PAWL_SETTING(PAWL_TYPE_PATH, 0, 0, name, PAWL_ABSENT, PAWL_STR(default_text), PAWL_ABSENT, help, PAWL_NONE)

/* Without a default: a scalar that must be set (PAWL_REQUIRED) or may be left out (0). */
#define PAWL_SETTING_PLAIN(type, flags, name, help) \
        PAWL_SETTING(type, flags, 0, name, PAWL_ABSENT, PAWL_ABSENT, PAWL_ABSENT, help, PAWL_NONE)

/* A list of scalars; a table with the given fields; a list of such tables; a table of any names, each of item_type. */
#define PAWL_SETTING_LIST(flags, item_type, name, help) \
        PAWL_SETTING(PAWL_TYPE_LIST, flags, item_type, name, PAWL_ABSENT, PAWL_ABSENT, PAWL_ABSENT, help, PAWL_NONE)
#define PAWL_SETTING_TABLE(flags, name, fields, help) \
        PAWL_SETTING(PAWL_TYPE_TABLE, flags, 0, name, PAWL_ABSENT, PAWL_ABSENT, PAWL_ABSENT, help, PAWL_ARRAY(fields))
#define PAWL_SETTING_TABLES(flags, name, fields, help) \
        PAWL_SETTING(PAWL_TYPE_LIST, flags, PAWL_TYPE_TABLE, name, PAWL_ABSENT, PAWL_ABSENT, PAWL_ABSENT, help, PAWL_ARRAY(fields))
#define PAWL_SETTING_MAP(flags, item_type, name, help) \
        PAWL_SETTING(PAWL_TYPE_TABLE, flags, item_type, name, PAWL_ABSENT, PAWL_ABSENT, PAWL_ABSENT, help, PAWL_NONE)

#define PAWL_METRIC(kind, name, unit, help) \
        { (uint32_t)sizeof(struct pawl_metric), (kind), PAWL_STR(name), PAWL_STR(unit), PAWL_STR(help) }
#define PAWL_COMMAND(name, usage, help, fn) \
        { (uint32_t)sizeof(struct pawl_command), 0, PAWL_STR(name), PAWL_STR(usage), PAWL_STR(help), (fn) }
#define PAWL_NEED(kind, name, help) \
        { (uint32_t)sizeof(struct pawl_need), (kind), PAWL_STR(name), PAWL_STR(help) }

#define PAWL_HEAD \
        { {'P', 'A', 'W', 'L', 'P', 'L', 'U', 'G'}, PAWL_ABI_MAJOR, PAWL_ABI_MINOR, (uint32_t)sizeof(struct pawl_plugin) }

/*
 * The first three members of a descriptor; in C the others follow by name:
 *
 *     static const struct pawl_plugin audit = {
 *             PAWL_DESCRIPTOR("audit", "1.0.0"),
 *             .handlers = PAWL_ARRAY(handlers),
 *             .create = audit_create,
 *     };
 *     PAWL_EXPORT(audit);
 */
#define PAWL_DESCRIPTOR(name, version) PAWL_HEAD, PAWL_STR(name), PAWL_STR(version)

/* The whole descriptor of a plugin that has no more than this, and its export. */
#define PAWL_PLUGIN(name, version, settings, handlers, create, destroy) \
        static const struct pawl_plugin pawl_descriptor_ = { \
                PAWL_DESCRIPTOR(name, version), PAWL_ARRAY(handlers), PAWL_ARRAY(settings), PAWL_NONE, PAWL_NONE, PAWL_NONE, \
                (create), NULL, NULL, NULL, NULL, (destroy), 0, PAWL_SWAP_HANDOVER, 0 }; \
        PAWL_EXPORT(pawl_descriptor_)

/* The same for a plugin without settings and state. */
#define PAWL_PLUGIN_BARE(name, version, handlers) \
        static const struct pawl_plugin pawl_descriptor_ = { \
                PAWL_DESCRIPTOR(name, version), PAWL_ARRAY(handlers), PAWL_NONE, PAWL_NONE, PAWL_NONE, PAWL_NONE, \
                NULL, NULL, NULL, NULL, NULL, NULL, 0, PAWL_SWAP_HANDOVER, 0 }; \
        PAWL_EXPORT(pawl_descriptor_)

/* clang-format on */

/* The head as an ELF note of name "Pawl" and this type, so that a file can be judged before any of its code runs. */
#define PAWL_NOTE_TYPE 1

struct pawl_note {
        uint32_t name_size; /* 5 */
        uint32_t desc_size; /* 16 */
        uint32_t type;      /* PAWL_NOTE_TYPE */
        char name[8];       /* "Pawl", padded with NUL */
        struct pawl_head head;
};

/* The one exported symbol. Called once after loading; returns a descriptor with static storage. */
__attribute__((visibility("default"))) const struct pawl_plugin *pawl_plugin_entry(void);

/* Exports the descriptor (an object with static storage). At file scope, once a plugin. */
/* clang-format off */
#define PAWL_EXPORT(descriptor) \
        __attribute__((used, aligned(4), section(".note.pawl"))) static const struct pawl_note pawl_note_ = { \
                5, (uint32_t)sizeof(struct pawl_head), PAWL_NOTE_TYPE, {'P', 'a', 'w', 'l', 0, 0, 0, 0}, PAWL_HEAD }; \
        const struct pawl_plugin *pawl_plugin_entry(void) \
        { \
                return &(descriptor); \
        } \
        extern const struct pawl_plugin *pawl_plugin_entry(void)
/* clang-format on */

#ifdef __cplusplus
}
#endif

#endif
