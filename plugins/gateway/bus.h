/*
 * Events on their way to the bus, and what is known of it. A submission is what one caller sent: one event or many, published as the host takes
 * them, answered when the broker has acknowledged all. It outlives its caller: what was published cannot be taken back, and its outcome is remembered
 * for a repeat.
 *
 * The http thread owns all but the way back: callbacks come on pool threads, and hand what is complete over under the lock "done".
 */
#ifndef GATEWAY_BUS_H
#define GATEWAY_BUS_H

#include "replay.h"

#include <pawl/plugin.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUS_ON_ITS_WAY 1 /* an outgoing's status before it is known; then 0 or PAWL_E_… */

struct outgoing {
        struct submission *of;
        char *value; /* the whole event; freed once it was published */
        size_t len;
        const char *topic; /* static */
        char *key;         /* the message's */
        char event_id[37];
        char correlation_id[37]; /* "" where it has none that is a UUID */
        uint32_t line;           /* of the body, from 1 */
        bool repeated;           /* published before: not published again */
        bool keyed;              /* its event_id was its sender's: remembered under `replay` */
        _Atomic int32_t status;  /* a pool thread writes it, the http thread may look before all are answered */
        struct replay_key replay;
};

struct submission {
        struct submission *next, *previous; /* those on their way, oldest first */
        struct submission *done_next;
        struct bus *bus;
        struct exchange *exchange; /* NULL: the caller was answered, or has gone */
        struct outgoing *items;
        size_t count, room;
        size_t published; /* from the front */
        int64_t deadline; /* monotonic */
        int64_t request_id;
        bool batch;
        bool keyed; /* remembered under `replay` by its Idempotency-Key */
        struct replay_key replay;
        _Atomic size_t left; /* not answered yet, and one more while it is being published */
};

struct bus;

struct bus_hooks {
        void *arg;
        void (*wake)(void *arg);                            /* a pool thread: bus_serve has something to do */
        void (*concluded)(void *arg, struct submission *s); /* all of it is answered; s is freed afterwards */
        void (*late)(
            void *arg,
            struct submission *s); /* ack_timeout has passed, or bus_give_up; s->exchange is cleared afterwards */
};

struct bus *bus_new(struct pawl_instance *instance, int64_t ack_timeout, const struct bus_hooks *hooks);
void bus_free(struct bus **bus);

struct submission *submission_new(void);
struct outgoing *submission_add(struct submission *s);
void submission_free(struct submission **s);

/* Publishes it, or begins to. 0: it is the bus's now, and will be concluded; else PAWL_E_…: nothing of it was published, it stays the caller's. */
int32_t bus_send(struct bus *bus, struct submission *s);

/* Is there a reason to let nobody try? Once an acknowledgement did not come in time, until one comes; who tries while nothing is out is let through. */
bool bus_away(const struct bus *bus);

/* What is due at `now`. Returns when it wants to be called again. */
int64_t bus_serve(struct bus *bus, int64_t now);

/* Nothing more will be published: what was not is given up. */
void bus_close(struct bus *bus);

/* Every caller that still waits is told that it is not known what becomes of his events. */
void bus_give_up(struct bus *bus);

#endif
