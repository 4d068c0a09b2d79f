/*
 * The plugin as its files share it. One thread of its own, "http", owns all that serves callers; the journal's thread writes what is remembered;
 * handlers of events keep the read model; callbacks of publications hand over to the http thread. `shared` is what more than one of them touch.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "bus.h"
#include "journal.h"
#include "model.h"
#include "replay.h"
#include "server.h"
#include "tokens.h"

#include <pawl/plugin.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
        METRIC_2XX,
        METRIC_4XX,
        METRIC_5XX,
        METRIC_SECONDS,
        METRIC_IN_FLIGHT,
        METRIC_CONNECTIONS,
        METRIC_EVENTS,
        METRIC_REPLAYED,
};

struct limits {
        size_t body;          /* bytes of one */
        size_t events;        /* of one batch */
        int64_t request_time; /* from its headers to the end of its body, and for the answer to be read */
        int64_t idle_time;    /* of a connection that sends nothing, or no whole headers */
};

/* Numbers for requests that come without one. The http thread. */
struct numbers {
        int64_t first, last;          /* the range; last < first: none */
        int64_t next, end;            /* of the block in hand */
        int64_t more_begin, more_end; /* the one after it */
        int64_t block;                /* how many were asked for last, */
        int64_t asked_at;             /* when, */
        bool asked;                   /* and whether they have not come yet */
        bool used_up;                 /* no block comes after these */
        bool complained;
};

struct gateway {
        struct pawl_instance *instance;
        struct limits limits;
        char *certificate, *key; /* PEM texts; NULL: no TLS */
        char *tokens_path;       /* NULL: none */
        char *journal_path, *model_path;
        struct tokens *tokens;
        int64_t tokens_looked; /* monotonic: when the file was looked at last */
        int64_t tokens_stamp;  /* its time and size, as one number */
        struct server *server;
        struct bus *bus;
        struct journal *journal;
        struct replay *replay;
        struct numbers numbers;
        struct submission *reserving; /* wait until their number stands in the journal */
        struct model_reader *reader;  /* the http thread's side of the read model */
        struct model *model;          /* the handlers' */
        size_t in_flight;             /* exchanges that are */
};

/* What is due on the http thread. Returns when it wants to be called again (monotonic). */
int64_t gateway_serve(struct gateway *gateway, int64_t now);

/* What keeps the gateway from taking requests, in words; "" when nothing does. Returns `out`. */
const char *gateway_trouble(const struct gateway *gateway, char *out, size_t size);

struct caller;

/* Customers and contractors see what is theirs; of the rest they do not learn that it exists (reading.c). */
bool caller_may_see(const struct caller *caller, const struct known_request *request);

#endif
