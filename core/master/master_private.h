/*
 * The master's own state. Included by the files of core/master that belong to the whole: master.c, reload.c, status.c, metrics.c,
 * admin*.c. One thread.
 */
#ifndef PAWL_MASTER_MASTER_PRIVATE_H
#define PAWL_MASTER_MASTER_PRIVATE_H

#include "master/hosted.h"
#include "master/loop.h"
#include "master/rundir.h"
#include "master/sockets.h"

#include <jansson.h>

struct admin;
struct commands;
struct reloads;

enum master_state { MASTER_STARTING, MASTER_RUNNING, MASTER_STOPPING };

struct master {
        struct loop *loop;
        const char *config_file;
        enum master_state state;
        bool ended; /* leave the loop */
        int exit_status;
        char host_id[RUNDIR_HOST_ID_MAX];
        int lock_fd;
        int64_t started_at;          /* clock_wall() */
        int64_t began;               /* clock_now() */
        struct generation *accepted; /* the newest; what the host's own keys are read from. NULL before the first */
        uint64_t generation_count;
        struct hosted **plugins;
        size_t plugin_count;
        struct sockets sockets;
        struct reloads *reloads;
        struct commands *commands;
        struct admin *admin;
        size_t stopping; /* seats that have not ended yet */
        bool ready_said; /* to systemd */
        struct loop_watch signal_watch;
        struct loop_timer tick;
};

struct hosted *master_plugin(const struct master *m, const char *name);
void master_add_plugin(struct master *m, struct hosted *hosted);
void master_drop_plugin(struct master *m, struct hosted *hosted);

/* For new hosted plugins. */
struct hosted_calls master_hosted_calls(struct master *m);

/* Drains all workers and ends the master; called again: the deadline is now. */
void master_stop(struct master *m, const char *why);

/* The level of this process and all workers, until the next reload that changes it; and how lines are written. */
void master_log_level(struct master *m, enum log_level level);
void master_log_format(struct master *m, enum log_format format);

#endif
