/*
 * libcurl's transfers on one thread: an epoll loop, and in it one multi handle a channel (a wire), with its own connections, so that channels have nothing in common but the thread. Knows nothing of mails or messages.
 *
 * libcurl tells which sockets and timers it waits for, and is called for those alone: a turn costs what happened in it, not how much is
 * open.
 *
 * All functions but loop_wake: the sender's thread. Loops and wires are made and freed before it begins and after it has ended.
 */
#ifndef NOTIFICATIONS_WIRE_H
#define NOTIFICATIONS_WIRE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

struct loop;
struct wire;

/* NULL: memory, or no descriptor is free. */
struct loop *loop_new(void);
/* After its wires. */
void loop_free(struct loop **loop);

/* Works for at most `wait` nanoseconds, less when something ended or loop_wake was called. */
void loop_work(struct loop *loop, int64_t wait);

/* Ends loop_work early, or the next one. Any thread. */
void loop_wake(struct loop *loop);

/* A socket that is not libcurl's alone any more (CURLOPT_CONNECT_ONLY): `ready` is called when it can be read or written. */
struct watch {
        void (*ready)(void *arg);
        void *arg;
        int fd;
        bool added;
};

/* Waits for it to be readable, and writable too where `writable`. Ended by watch_end, never from within `ready`. False: no more descriptors. */
bool watch_set(struct loop *loop, struct watch *watch, bool writable);
void watch_end(struct loop *loop, struct watch *watch);

/*
 * At most LOOP_WIRES a loop. `connections`: how many transfers its user will have under way at most; that many connections are kept for
 * reuse. NULL: memory.
 */
#define LOOP_WIRES 4
struct wire *wire_new(struct loop *loop, long connections);
/* What is under way on it must have been ended by wire_end. Takes NULL. */
void wire_free(struct wire **wire);

/* Starts a transfer. False: memory. */
bool wire_begin(struct wire *wire, CURL *easy);

/* The next transfer that ended by itself, and how; NULL: none. wire_end is still to be called for it. */
CURL *wire_next(struct wire *wire, CURLcode *code);

/* Takes a transfer out, ended or not; the caller frees it. */
void wire_end(struct wire *wire, CURL *easy);

#endif
