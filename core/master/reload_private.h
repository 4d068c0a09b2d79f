/*
 * One reload under way. Shared by reload.c (requests, validation, trials, outcome) and reload_apply.c (the swaps).
 */
#ifndef PAWL_MASTER_RELOAD_PRIVATE_H
#define PAWL_MASTER_RELOAD_PRIVATE_H

#include "master/master_private.h"
#include "master/plan.h"
#include "master/reload.h"
#include "master/trial.h"

struct reload {
        struct master *m;
        char *only; /* NULL: all */
        bool initial;
        int64_t began; /* clock_now() */
        struct generation *next;
        struct plan_running *running;
        struct plan_wanted *wanted;
        struct build *builds; /* one a wanted plugin */
        size_t wanted_count;
        size_t unread; /* of `builds`: each has its error, and no trial */
        struct plan plan;
        struct trial **trials; /* one a plan item, NULL where none was needed */
        json_t **reports;      /* one a plan item: its part of the outcome */
        json_t *errors;
        json_t *warnings;
        bool applying;  /* past the point of no return */
        size_t waiting; /* trials, or seats' changes, that have not ended */
        bool all_ok;
        struct loop_timer next_step; /* what ends is ended outside the calls that reported it */
        void (*ended)(void *arg);    /* everything has been applied */
        void *arg;
};

/* Sockets, hosted plugins, seats: everything that has been tried is put in force. `ended` is called once, later. */
void reload_apply(struct reload *r);

/* Afterwards: what nobody uses any more goes. */
void reload_sweep(struct master *m);

/* Binds the sockets that the item's plugin wants and that are not there yet. False: errors were added. */
bool reload_bind(struct reload *r, const struct config_plugin *plugin);

void reload_error(struct reload *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
