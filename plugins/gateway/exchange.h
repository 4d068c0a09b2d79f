/*
 * One HTTP request and its answer: from the moment its headers are there until the answer has been sent. The http thread.
 *
 * What can be refused by the headers alone is refused before the body is read (it is then read past, if it is short, so that the connection
 * can be used again). A route either sets `answer` when it is run, or leaves it empty: then the connection rests until exchange_done.
 */
#ifndef GATEWAY_EXCHANGE_H
#define GATEWAY_EXCHANGE_H

#include "answer.h"
#include "text.h"
#include "tokens.h"

#include <microhttpd.h>
#include <pawl/plugin.h>
#include <stdbool.h>
#include <stdint.h>

struct gateway;
struct peer;
struct route;
struct submission;
struct batch;

/* The caller, as his token says; a copy, since tokens may be read again meanwhile. */
struct caller {
        char name[TOKENS_NAME_MAX + 1];
        unsigned role;
        int64_t user_id;
};

struct exchange {
        struct gateway *gateway;
        struct MHD_Connection *connection;
        struct peer *peer;
        const struct route *route; /* NULL: none fits */
        struct caller caller;
        char *path;
        char method[12];
        int64_t id; /* of "{id}" in the path */
        int64_t began;
        struct text body;
        struct batch *batch; /* a body of many lines, taken apart as it comes */
        size_t received;
        struct pawl_str idempotency_key; /* absent: none */
        struct answer answer;
        struct submission *submission; /* its events on their way */
        bool ran;                      /* the route has seen the whole body */
        bool suspended;
        bool closing; /* the answer ends the connection */
};

/* libmicrohttpd's callbacks; `arg` is the gateway. */
enum MHD_Result exchange_on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                                    const char *version, const char *upload, size_t *upload_size, void **memory);
void exchange_on_completed(void *arg, struct MHD_Connection *connection, void **memory,
                           enum MHD_RequestTerminationCode how);

/* The answer is there: the connection wakes up and sends it. */
void exchange_done(struct exchange *exchange);

/* `exchange_problem(ex, 404, "no request %d", id)`: sets the answer. */
PAWL_PRINTF(3, 4) void exchange_problem(struct exchange *exchange, unsigned status, const char *fmt, ...);

/* A header's value, or NULL. */
const char *exchange_header(const struct exchange *exchange, const char *name);

#endif
