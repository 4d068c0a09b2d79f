/*
 * A worker process: one plugin, one membership in its consumer group, one producer, around one engine. The master starts it
 * (`pawld --worker`), or a person at a terminal (`pawld --foreground --only NAME`: the same without a master).
 */
#ifndef PAWL_WORKER_WORKER_H
#define PAWL_WORKER_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a worker ends. The master reads these; 128 + N stands for a death by signal N elsewhere. */
enum worker_exit {
        WORKER_EXIT_DONE = 0,    /* stopped as asked, everything drained; or a trial that passed */
        WORKER_EXIT_FAILED = 1,  /* could not start, or a trial was refused: the text was logged and sent as `fatal` */
        WORKER_EXIT_USAGE = 2,   /* options that make no sense */
        WORKER_EXIT_FATAL = 10,  /* a handler returned FATAL: start it again */
        WORKER_EXIT_RESULT = 11, /* a handler returned what is not in the table: as a crash on that event */
        WORKER_EXIT_FENCED =
            12, /* another member has its place in the group, or the client cannot go on: start it again */
        WORKER_EXIT_UNDONE = 13, /* stopped as asked, but the deadline passed with work in hand: it comes again */
};

struct worker_socket {
        const char *name; /* as in `listen = { NAME = … }` */
        int fd;
};

struct worker_options {
        const char *plugin; /* its name in the configuration */
        unsigned instance;
        int config_fd;                       /* the bundle (config/bundle.h) */
        int control_fd;                      /* -1: no master; SIGTERM and SIGINT drain */
        int scoreboard_fd;                   /* -1: a private one */
        int plugin_fd;                       /* the bytes of the accepted build; -1: the configured file */
        bool hold;                           /* prepare, then wait for `join` before subscribing */
        const char *trial;                   /* "check" or "create": try the plugin out, answer, exit; NULL: work */
        const struct worker_socket *sockets; /* listening sockets, bound by the master */
        size_t socket_count;
};

/* Runs until told to stop. The process's main thread, once, before any other thread. Returns what main() is to return. */
int worker_main(const struct worker_options *options);

#endif
