/*
 * The HTTP server: libmicrohttpd on a thread of ours, over the listening socket that the host holds. Everything that a caller causes happens on this
 * thread, in small steps, and nothing on it waits for a caller: who is slow holds nobody up, and whoever takes too long is cut off.
 *
 * The end comes in two steps. server_quiesce: no connection is accepted any more (they wait in the socket's backlog, for the successor), what has
 * arrived is taken up (a connection that was made and has not asked anything yet is waited for), idle connections are closed, each answer from now on is its connection's last. server_stop: the last answers are sent.
 */
#ifndef GATEWAY_SERVER_H
#define GATEWAY_SERVER_H

#include <microhttpd.h>
#include <pawl/plugin.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct gateway;
struct server;

/* What a connection is at; each has its time. */
enum peer_state {
        PEER_WAITING, /* for the headers of a request */
        PEER_SENDING, /* a body is coming */
        PEER_RESTING, /* its request is being worked on */
        PEER_READING, /* the answer is going out */
};

struct peer {
        struct peer *next, *previous;
        int fd;
        enum peer_state state;
        bool used;        /* a request has come on it */
        int64_t deadline; /* monotonic */
};

struct server_options {
        int fd; /* listening; the server's from now on */
        unsigned connections, connections_per_address;
        size_t header_bytes;           /* of a request's line and headers */
        const char *certificate, *key; /* PEM texts; NULL: no TLS */
};

/* NULL: `error` says why. */
struct server *server_open(struct gateway *gateway, const struct server_options *options, char *error,
                           size_t error_size);

/* Begins to serve; everything that gateway_serve uses must be there. */
void server_start(struct server *server);

/* Any thread: gateway_serve is called soon. */
void server_wake(void *server);

/* The host's main thread. */
void server_quiesce(struct server *server);
void server_stop(struct server *server);

/* Nobody wakes it any more. */
void server_free(struct server **server);

/* ---- The http thread ---- */

bool server_closing(const struct server *server);

/* The connection is at something else now. */
void server_enter(struct server *server, struct peer *peer, enum peer_state state);
struct peer *server_peer(struct MHD_Connection *connection);

#endif
