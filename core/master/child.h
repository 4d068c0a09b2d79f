/*
 * A child process with a control channel: a worker, or a trial. Started by fork and exec of pawld itself; its messages and its end
 * come as calls from the loop. Main thread.
 */
#ifndef PAWL_MASTER_CHILD_H
#define PAWL_MASTER_CHILD_H

#include "base/channel.h"
#include "base/error.h"
#include "master/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct child_listen {
        const char *name;
        int fd;
};

/* What `pawld --worker` is started with; the descriptors stay the caller's. */
struct child_options {
        const char *plugin;
        unsigned instance;
        const char *trial; /* "check", "create"; NULL: a worker */
        bool hold;
        int config_fd;
        int scoreboard_fd; /* -1: none */
        int plugin_fd;     /* -1: none */
        const struct child_listen *listen;
        size_t listen_count;
};

struct child {
        struct loop *loop;
        pid_t pid; /* 0: none */
        int pidfd;
        struct channel *channel; /* NULL once the other side has closed it */
        struct loop_watch channel_watch;
        struct loop_watch exit_watch;
        struct loop_timer kill_timer;
        bool killed;                                                 /* by child_kill or child_kill_at */
        void (*message)(void *arg, struct channel_message *message); /* takes descriptors out of it, else nothing */
        void (*exited)(void *arg, int status);                       /* as waitpid's; last call; may free the child */
        void *arg;
};

/* Starts it. False: nothing runs. `message`, `exited`, `arg` are set by the caller before. */
bool child_start(struct child *child, struct loop *loop, const struct child_options *options, struct pawl_error *err);

/* Sends one object (its reference is taken). False: err says why it was not sent. */
bool child_send(struct child *child, json_t *message, const int *fds, unsigned fd_count, struct pawl_error *err);

/* While paused its messages wait in the channel: its output has nowhere to go. Its end is noticed all the same. */
void child_pause(struct child *child, bool paused);

/* SIGKILL, now or at that time unless it has ended before. Its end still comes as a call of `exited`. */
void child_kill(struct child *child);
void child_kill_at(struct child *child, int64_t at);

/* For a master that ends: kills a process that still runs, waits for it and frees all. No call comes. */
void child_clear(struct child *child);

/* How it ended, in words: "exit status 1", "killed by SIGSEGV". Returns `out`. */
const char *child_status_text(int status, char out[static 64]);

#endif
