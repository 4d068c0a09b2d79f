/*
 * A trial: a throw-away process that opens a plugin's build and checks its settings ("check"), or goes on through `create` and `destroy`
 * ("create"). What crashes or hangs does so there. Main thread.
 */
#ifndef PAWL_MASTER_TRIAL_H
#define PAWL_MASTER_TRIAL_H

#include "master/child.h"

#include <stdint.h>

enum trial_swap { TRIAL_SWAP_UNKNOWN, TRIAL_SWAP_BESIDE, TRIAL_SWAP_HANDOVER };

struct trial {
        struct child child;
        char *plugin;
        bool ended;
        bool ok;
        enum trial_swap swap; /* how the tried build declares to be swapped */
        json_t *errors;       /* array of texts; after a failure never empty. When ok: warnings */
        int64_t deadline_ns;
        bool answered;
        char last_words[512]; /* of a "fatal" message */
        void (*done)(void *arg);
        void *arg;
};

/* Starts one; `done` is called from the loop when it has ended, at the latest `deadline_ns` from now. NULL: it did not start. */
struct trial *trial_start(struct loop *loop, const struct child_options *options, int64_t deadline_ns,
                          void (*done)(void *arg), void *arg, struct pawl_error *err);

/* Appends its errors to an array of texts, but for those that stand there: what is wrong with the host's keys, each plugin's trial says. */
void trial_said(const struct trial *trial, json_t *texts);

/* Kills it if it still runs. */
void trial_free(struct trial **trial);

#endif
