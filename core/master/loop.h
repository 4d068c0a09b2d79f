/*
 * The master's one loop: descriptors and timers, each with a function that is called when it is due. The master's only thread.
 *
 * Watches and timers belong to who embeds them; they must be removed before their memory goes. One descriptor is served a turn,
 * so that a watch which another's function has removed is never called.
 */
#ifndef PAWL_MASTER_LOOP_H
#define PAWL_MASTER_LOOP_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;

struct loop_watch {
        int fd; /* -1: not watched */
        void (*ready)(void *arg);
        void *arg;
};

struct loop_timer {
        int64_t at; /* clock_now(); 0: not armed */
        void (*due)(void *arg);
        void *arg;
        struct loop_timer *next;
};

struct loop *loop_new(struct pawl_error *err);
void loop_free(struct loop **loop);

/* Watches `fd` for reading, level-triggered. */
bool loop_watch(struct loop *loop, struct loop_watch *watch, int fd, void (*ready)(void *arg), void *arg,
                struct pawl_error *err);

/* Accepts one that is not watched. Before the descriptor is closed. */
void loop_unwatch(struct loop *loop, struct loop_watch *watch);

/* Arms (again) for the time `at`. */
void loop_arm(struct loop *loop, struct loop_timer *timer, int64_t at, void (*due)(void *arg), void *arg);
void loop_disarm(struct loop *loop, struct loop_timer *timer);

/* Serves what is due, waiting for it until `until` (clock_now()) at the latest. */
void loop_turn(struct loop *loop, int64_t until);

#endif
