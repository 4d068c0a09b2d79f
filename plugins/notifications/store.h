/*
 * The deliveries, as rows that outlive every crash: what is to be sent to whom, how often it was tried, what became of it.
 *
 * A row goes queued → open (being sent) → sent or failed, and is then published once its notification event is acknowledged.
 * `open` rows of a process that died are queued again when the next sender begins. One connection a store object, which is used by
 * one thread at a time; the handlers and the sender have one each, on the same file.
 *
 * Every call returns PAWL_OK, or what a handler should return for its failure (common/db.h): PAWL_UNAVAILABLE when the database is locked,
 * full or out of reach (nothing was written, again later), PAWL_FATAL when it is damaged.
 */
#ifndef NOTIFICATIONS_STORE_H
#define NOTIFICATIONS_STORE_H

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/* What the plugin remembers of a request, for the texts of later events. Strings may be NULL: not known. */
struct request_facts {
        int64_t request_id;
        int64_t customer_id;
        char *title;
        char *region;
        char *city;
        char *address;
        char *urgency;
};

struct delivery {
        int64_t id;           /* given by store_add */
        char *event;          /* the source: its id, or "topic/partition/offset" where it has none */
        char *correlation_id; /* NULL: none */
        char *channel;        /* "email" */
        char *message_type;
        int64_t recipient_id; /* 0: none */
        int64_t request_id;   /* 0: none */
        char *address;        /* "" when nobody is known: the row is failed from the start */
        char *subject;
        char *body;
        char *error;      /* why it failed, or the last attempt did; NULL: never */
        int64_t attempts; /* begun */
        int64_t deadline; /* nanoseconds since 1970 */
        int64_t created;
        int64_t finished; /* a number that grows with each finished row; 0: not finished */
        bool sent;
};

/* For create: whether the file could be used; it is left alone. */
bool store_check(const char *path, char *error, size_t error_size);

/* Opens (and creates, or migrates) the file. NULL: the reason is in `error`, and what to return for it in *result. */
struct store *store_open(const char *path, char *error, size_t error_size, pawl_result *result);
void store_close(struct store **store);

/* What went wrong last, in words; never NULL. */
const char *store_error(const struct store *store);

/*
 * One transaction: notes that the event was handled, remembers the facts (NULL: none), and queues the deliveries. Nothing is
 * written, and `known` is true, when the event was handled before.
 */
pawl_result store_add(struct store *store, const char *event, const struct request_facts *facts,
                      const struct delivery *deliveries, size_t count, bool *known);

/* What is remembered of a request; PAWL_OK and found == false when nothing is. Free with request_facts_clear. */
pawl_result store_facts(struct store *store, int64_t request_id, struct request_facts *facts, bool *found);
void request_facts_clear(struct request_facts *facts);

/* Queues again what an earlier sender left open. */
pawl_result store_begin(struct store *store);

/* Takes up to `max` deliveries that are due and makes them open. Free each with delivery_clear. */
pawl_result store_take(struct store *store, int64_t now, size_t max, struct delivery *taken, size_t *count);
void delivery_clear(struct delivery *delivery);

/* When the next queued delivery is due (nanoseconds since 1970); INT64_MAX: none is queued. */
pawl_result store_next_due(struct store *store, int64_t *due);

/* An attempt ended: queued again until `retry_at` with the reason, or finished. */
pawl_result store_requeue(struct store *store, int64_t id, int64_t retry_at, const char *error);
pawl_result store_finish(struct store *store, int64_t id, bool sent, const char *error, int64_t now);

/* Finished deliveries that are not published, with finished > `after`, in that order. */
pawl_result store_unpublished(struct store *store, int64_t after, size_t max, struct delivery *rows, size_t *count);
pawl_result store_published(struct store *store, int64_t id);

/* How many are queued or open. */
pawl_result store_waiting(struct store *store, int64_t *count);

/* Forgets what was published before `before` (nanoseconds since 1970), a limited number at a time. */
pawl_result store_purge(struct store *store, int64_t before);

/* Calls `row` for the newest `max` deliveries, of one request if request_id is not 0. `row` returns false to end. */
pawl_result store_list(struct store *store, int64_t request_id, size_t max,
                       bool (*row)(void *arg, const struct delivery *delivery, const char *state), void *arg);

#endif
