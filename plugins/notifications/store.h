/*
 * The deliveries, as rows that outlive every crash: what is to be sent to whom, how often it was tried, what became of it.
 *
 * A row goes queued → open (being sent) → sent or failed, and is then published once its notification event is acknowledged.
 * `open` rows of a process that died are queued again when the next sender begins. One connection a store object, which is used by
 * one thread at a time; the handlers, the commands and the sender have one each, on the same file.
 *
 * Every call returns PAWL_OK, or what a handler should return for its failure (common/db.h): PAWL_UNAVAILABLE when the database is locked,
 * full or out of reach (nothing was written, again later), PAWL_FATAL when it is damaged.
 */
#ifndef NOTIFICATIONS_STORE_H
#define NOTIFICATIONS_STORE_H

#include "facts.h"

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

#define DELIVERY_NO_ID (-1) /* as recipient_id or request_id: there is none */

struct delivery {
        int64_t id;           /* given by store_add */
        char *event;          /* the source: its id, or "topic/partition/offset" where it has none */
        char *correlation_id; /* NULL: none */
        char *channel;        /* "email", "telegram" or "sms" */
        char *message_type;   /* as the catalogue has it: "assignment", "completion", … */
        int64_t recipient_id; /* DELIVERY_NO_ID: none */
        int64_t request_id;   /* DELIVERY_NO_ID: none */
        char *address; /* e-mail address, Telegram's chat id, or phone number (E.164). "": nobody is known, and the row
                                  is failed from the start, with `error` as its reason */
        char *address_name; /* the recipient's user name on Telegram, without "@"; NULL: not known */
        char *subject;      /* e-mail; "" for the others */
        char *text;         /* UTF-8 with LF line ends, any characters */
        char *html;         /* e-mail: the same as HTML; NULL: none */
        char *unsubscribe;  /* e-mail: https: or mailto: URL for List-Unsubscribe; NULL: none */
        char *language;     /* that it is written in; NULL: not known */
        int64_t not_before; /* nanoseconds since 1970; not sent earlier (quiet hours). 0: at once */
        int64_t
            deadline; /* nanoseconds since 1970; given up after it. Who adds a delivery counts it from `not_before`, or from
                                  `created` where that is later */
        int64_t created;     /* nanoseconds since 1970 */
        char *error;         /* why it failed, or the last attempt did; NULL: never */
        char *provider_id;   /* what the provider calls the message (Telegram's message_id); NULL: not known */
        int64_t attempts;    /* begun, but for those that a provider put off for its own load (429) */
        int64_t finished;    /* a number that grows with each finished row; 0: not finished */
        int64_t finished_at; /* nanoseconds since 1970 */
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
 * written, and `known` is true, when the event was handled before; one without deliveries is not noted. Of two deliveries with the same channel, message type, recipient and
 * address the first is kept: nobody is told the same twice.
 */
pawl_result store_add(struct store *store, const char *event, const struct request_facts *facts,
                      const struct delivery *deliveries, size_t count, bool *known);

/* What is remembered of facts->request_id, put into facts; PAWL_OK and found == false when nothing is. */
pawl_result store_facts(struct store *store, struct request_facts *facts, bool *found);

void delivery_clear(struct delivery *delivery);

/* Calls `row` for the newest `max` deliveries. `row` returns false to end. */
struct store_filter {
        int64_t request_id; /* DELIVERY_NO_ID: any */
        const char *state;  /* NULL: any */
};
pawl_result store_list(struct store *store, const struct store_filter *filter, size_t max,
                       bool (*row)(void *arg, const struct delivery *delivery, const char *state), void *arg);

/* Queues a failed delivery again, with a new deadline. `found` is false when there is no failed one of that id with an address. */
pawl_result store_retry(struct store *store, int64_t id, int64_t now, int64_t deadline, bool *found);

/* ---- The sender's side ---- */

/* Queues again what an earlier sender left open. */
pawl_result store_begin(struct store *store);

/*
 * A turn is one transaction around any number of the calls below it: what ended, what begins, what was acknowledged. When store_turn_end
 * does not return PAWL_OK nothing of the turn was written. `ok`: whether everything in it went well; false undoes it.
 */
pawl_result store_turn(struct store *store);
pawl_result store_turn_end(struct store *store, bool ok);

/* Takes up to `max` of a channel's deliveries that are due and makes them open. Free each with delivery_clear. */
pawl_result store_take(struct store *store, const char *channel, int64_t now, size_t max, struct delivery *taken,
                       size_t *count);

/* An attempt ended: queued again until `retry_at` with the reason, counted or not; or finished. */
pawl_result store_requeue(struct store *store, int64_t id, int64_t retry_at, const char *error, bool counted);
pawl_result store_finish(struct store *store, int64_t id, bool sent, const char *error, const char *provider_id,
                         int64_t now);

/* Gives up to `max` queued deliveries up whose deadline has passed; `count` gets their number. */
pawl_result store_expire(struct store *store, int64_t now, size_t max, size_t *count);

/* The outcome that has the number `finished` is told; one that came after it, of the same delivery tried again, is not. */
pawl_result store_published(struct store *store, int64_t id, int64_t finished);

/* Outside turns. Nanoseconds since 1970, INT64_MAX for never: when a channel's next queued delivery is due; when the next deadline of one passes. */
pawl_result store_next_due(struct store *store, const char *channel, int64_t *due);
pawl_result store_next_deadline(struct store *store, int64_t *deadline);

/* Finished deliveries that are not published, with finished > `after`, in that order. */
pawl_result store_unpublished(struct store *store, int64_t after, size_t max, struct delivery *rows, size_t *count);

/* How many of a channel are queued. */
pawl_result store_queued(struct store *store, const char *channel, int64_t *count);

/* Forgets what was published before `before` (nanoseconds since 1970), a limited number at a time; `more`: there may be others. */
pawl_result store_purge(struct store *store, int64_t before, bool *more);

#endif
