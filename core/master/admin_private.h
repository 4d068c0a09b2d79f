/*
 * One request, between admin.c (connections, bodies, suspending) and admin_routes.c (what is asked for).
 */
#ifndef PAWL_MASTER_ADMIN_PRIVATE_H
#define PAWL_MASTER_ADMIN_PRIVATE_H

#include "base/buf.h"
#include "master/admin.h"
#include "master/commands.h"

#include <jansson.h>
#include <microhttpd.h>

struct admin;

enum request_kind { REQUEST_PLAIN, REQUEST_RELOAD, REQUEST_DRAIN, REQUEST_COMMAND };

struct request {
        struct admin *admin;
        struct MHD_Connection *connection;
        bool local; /* over the unix socket */
        enum request_kind kind;
        bool begun;     /* the route has been called */
        bool suspended; /* waits for an outcome, or for output */
        bool too_large;
        struct buf body;
        struct MHD_Response *response; /* ready to be sent */
        unsigned status;
        struct command *command;
        struct request *next;
};

/* Looks the route up and calls it: it sets a response, or leaves the request waiting. */
void admin_route(struct master *m, struct request *request, const char *method, const char *path);

/* -- for the routes */

/* Sets the response; takes the buffer's bytes. */
void admin_answer(struct request *request, unsigned status, const char *type, struct buf *body);

/* Takes the reference over. */
void admin_answer_json(struct request *request, unsigned status, json_t *json);
void admin_answer_error(struct request *request, unsigned status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The command's output will be streamed. */
void admin_answer_stream(struct request *request);

/* A callback that may come after the client has gone: finds the request, or NULL. The number is from admin_ticket. */
struct request *admin_find(struct admin *admin, const struct request *request);

/* What waits goes on: its response has been set, or there is output. */
void admin_resume(struct request *request);

#endif
