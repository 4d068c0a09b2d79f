/*
 * One worker process as the master sees it: how far it has come, its scoreboard, and what it said. Main thread.
 */
#ifndef PAWL_MASTER_PROCESS_H
#define PAWL_MASTER_PROCESS_H

#include "base/scoreboard_read.h"
#include "master/child.h"
#include "master/generation.h"

#include <stdint.h>

enum process_state {
        PROCESS_STARTING, /* loads and creates its plugin */
        PROCESS_READY,    /* prepared; joins by itself, or waits for join */
        PROCESS_SERVING,  /* has subscribed */
        PROCESS_STOPPING, /* was told to stop */
};

struct process;

/* Calls of the loop. `ended` is the last one, and the only one within which the process may be freed. */
struct process_events {
        void (*ready)(void *arg, struct process *process);
        void (*joined)(void *arg, struct process *process);
        void (*swapped)(void *arg, struct process *process, bool ok, const char *error, int64_t pause_ns);
        void (*reply)(void *arg, struct process *process, const json_t *message);
        void (*ended)(void *arg, struct process *process, int status);
};

struct process {
        struct child child;
        struct generation *generation; /* that it runs from */
        char build[72];                /* id of the build that it was given; "": none */
        struct scoreboard_reader *scoreboard;
        enum process_state state;
        bool held;          /* was started to wait for `join` */
        int64_t started;    /* clock_now() */
        int64_t started_at; /* clock_wall() */
        char *name;         /* "audit/0" */
        char last_words[512];
        char alarm[1024];
        const struct process_events *events;
        void *arg;
};

/* Starts it. `options` without a scoreboard: it gets one for `threads` threads. NULL: it could not be started. */
struct process *process_start(struct loop *loop, struct generation *generation, const char *build,
                              const struct child_options *options, unsigned threads,
                              const struct process_events *events, void *arg, struct pawl_error *err);

/* Orders, see README.md; the deadline is clock_now() time. stop also has it killed when the deadline is well past. */
void process_join(struct process *process);
void process_stop(struct process *process, bool leave, bool handover, int64_t deadline);
bool process_swap(struct process *process, int bundle_fd, int plugin_fd, struct pawl_error *err);
void process_log_level(struct process *process, const char *level, const char *format); /* NULL: as it is */

/* How a process ended, in words: the status, what it said last, and what it was handling when a signal killed it. */
#define PROCESS_END_TEXT 640
void process_end_text(const struct process *process, int status, char out[static PROCESS_END_TEXT]);

/* Kills what still runs. NULL is accepted. */
void process_free(struct process **process);

const char *process_state_name(enum process_state state);

#endif
