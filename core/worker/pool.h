/*
 * The pool: threads that carry out runs. A run is what one call of the engine's order stands for: events of one lane for
 * successive calls of a handler, a batch for one call, or something else that must not run on the main thread (a tick, a
 * publish callback). The pool knows nothing of plugins: `execute` does the work.
 *
 * The main thread owns the runs and hands them out through one ring from which the threads claim, one run at a time, so that
 * a slow run holds up no other. What is done comes back through a ring for each thread. Both are plain stores on the main
 * thread's side; nobody takes a lock or makes a system call while there is work, only to fall asleep and to wake a sleeper.
 *
 * Who wakes whom: before the main thread sleeps briefly, it wakes as many sleeping threads as the work needs, judged by what runs
 * cost lately. Where that was wrong (a run blocks that never did before), or the main thread does not come to sleep, pool_nudge()
 * finds work unclaimed a little later and wakes further ones; before a deep sleep each run that waits gets a thread. A thread wakes the main thread only if that sleeps, and as long as the main thread says that it can wait, not before the
 * work is nearly used up: a wake-up for each run would cost more than the run.
 *
 * All functions: the main thread, but for those that say otherwise.
 */
#ifndef PAWL_WORKER_POOL_H
#define PAWL_WORKER_POOL_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool;

/* One event of a run, and, once the run is done, what became of it. `result`…: as in the engine's ENGINE_RESULT. */
struct pool_event {
        uint32_t slot;
        uint32_t tag;
        uint32_t attempt;
        uint16_t result;
        uint16_t reason;
        int64_t delay;
        uint64_t emit_bytes;
        uint32_t emits;
};

#define POOL_EVENTS_INLINE 4

struct pool_run {
        uint64_t sequence; /* the pool's, as is id */
        uint32_t id;
        uint16_t kind; /* the caller's, as are handler, flags, owner and arg */
        uint16_t handler;
        uint32_t flags;
        uint32_t count;
        void *owner;
        void *arg;
        struct pool_event *events; /* count of them; pool_events() makes room */
        uint32_t capacity;
        struct pool_event small[POOL_EVENTS_INLINE];
};

struct pool_options {
        unsigned threads;
        uint32_t runs; /* out at most, between pool_take and pool_give */
        /* Carries out one run on a pool thread, `thread` is 1 … threads. Fills in the events' results. `now`: clock_now() as it was
         * just before. Returns what it is now; so a run costs one reading of the clock. */
        int64_t (*execute)(void *arg, unsigned thread, struct pool_run *run, int64_t now);
        /* On each thread, first thing; may be NULL. */
        void (*begin)(void *arg, unsigned thread);
        void *arg;
};

/* NULL: *err says which resource is missing. */
struct pool *pool_open(const struct pool_options *options, struct pawl_error *err);

/* An unused run, its fields undefined but for id and capacity; NULL: all are out. It is the caller's until pool_push. */
struct pool_run *pool_take(struct pool *pool);

/* Room for `count` events in a run that is not pushed yet. */
void pool_events(struct pool_run *run, uint32_t count);

/* Hands a run over; threads that are awake see it from the next pool_flush on, others are woken by pool_sleep. */
void pool_push(struct pool *pool, struct pool_run *run);
void pool_flush(struct pool *pool);

/* Runs that are done, in no order across threads. The caller reads them and gives each back. */
size_t pool_collect(struct pool *pool, struct pool_run **runs, size_t max);
void pool_give(struct pool *pool, struct pool_run *run);

/* Runs that are pushed and not collected. */
uint32_t pool_out(const struct pool *pool);

/* How the main thread is about to sleep in poll(). */
enum pool_sleep {
        POOL_SLEEP_BRIEF = 1, /* for POOL_BRIEF at most: wake it only when the threads are about to run out of work */
        POOL_SLEEP_DEEP       /* wake it for every run that is done */
};
#define POOL_BRIEF INT64_C(250000) /* ns */

/* False: something is done already, do not sleep. After true, pool_fd() becomes readable when it is time; pool_awake() behind
 * the poll, with whether that was found readable. */
bool pool_sleep(struct pool *pool, enum pool_sleep how);
void pool_awake(struct pool *pool, bool readable);
int pool_fd(const struct pool *pool);

/*
 * Wakes a further thread if nothing of the pushed work was claimed since the last call: at once when the main thread has slept
 * briefly, else if it has stood for a while. True: work stands unclaimed while threads sleep, so the main thread should sleep briefly
 * and call again.
 */
bool pool_nudge(struct pool *pool, int64_t now, bool slept);

/*
 * Calls back all that was pushed so far: what is not begun is to be returned undone. `execute` asks pool_recalled() before each
 * event (any thread).
 */
void pool_recall(struct pool *pool);
bool pool_recalled(const struct pool *pool, const struct pool_run *run);

/*
 * Ends the threads, after what was pushed is carried out, and frees; waits until `deadline` (clock_now()) for those that are
 * in a run. False, with nothing freed, if one is still not back: then the process can only end. NULL is accepted.
 */
bool pool_close(struct pool **pool, int64_t deadline);

#endif
