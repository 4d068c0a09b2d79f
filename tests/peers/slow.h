/*
 * What the peers of load tests share: a loopback server on one thread with epoll, thousands of connections, each answer given after a
 * delay. A peer gives the protocol: it reads what came in on a connection and says what to answer.
 *
 *     PEER FILE DELAY_MS [--port N]     prints "port=N"; runs until its standard input closes, then prints its counts
 *
 * Whom each accepted message was for becomes a line of FILE.
 */
#ifndef PAWL_TEST_PEERS_SLOW_H
#define PAWL_TEST_PEERS_SLOW_H

#include <stdbool.h>
#include <stddef.h>

#define SLOW_INPUT_MAX 16384

struct slow_connection {
        char input[SLOW_INPUT_MAX + 1]; /* what came in and was not taken, NUL-terminated */
        size_t len;
        int step;     /* the protocol's */
        char to[128]; /* the protocol's: whom the message in hand is for */
        /* The server's own. */
        int fd;
        bool waiting; /* for its answer's time: nothing more is read from it */
        bool ends;
        long long due;
        const char *answer;
        struct slow_connection *next;
};

/* Takes the first `len` bytes from the input. */
void slow_take(struct slow_connection *c, size_t len);

/* Answers at once, or after the delay; the text must be static. */
void slow_answer(struct slow_connection *c, const char *text);
void slow_answer_later(struct slow_connection *c, const char *text);

/* Closes it after what was answered. */
void slow_end(struct slow_connection *c);

/* Writes down that a message was accepted. */
void slow_accepted(const char *to);

struct slow_protocol {
        const char *greeting; /* NULL: none */
        /* Handles one request at the front of the input; false: it is not whole yet. */
        bool (*handle)(struct slow_connection *c);
};

/* main, but for the protocol. */
int slow_main(int argc, char **argv, const struct slow_protocol *protocol);

#endif
