/*
 * What the pool's two files share: pool.c carries runs to the threads and back, pool_life.c opens and closes. Nobody else
 * includes it.
 */
#ifndef PAWL_WORKER_POOL_PRIVATE_H
#define PAWL_WORKER_POOL_PRIVATE_H

#include "worker/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define POOL_MAGIC 0x9001c0deu

struct pool_thread {
        _Alignas(64) _Atomic uint64_t done_tail; /* the thread's: runs it has finished */
        _Atomic int64_t cost;                    /* the thread's: moving average of a run, ns */
        _Atomic uint32_t *done;                  /* ring of run ids */
        _Alignas(64) uint64_t done_head;         /* the main thread's: runs it has collected */
        struct pool *pool;
        pthread_t handle;
        pthread_cond_t wake; /* `permit` was given */
        bool permit;         /* guarded by the pool's lock */
        unsigned number;
        bool started;
};

struct pool {
        uint32_t magic;
        uint32_t mask;
        struct pool_options options;
        struct pool_run *runs;
        uint32_t *unused; /* stack of run ids; the main thread's */
        uint32_t unused_count;
        uint32_t out;
        uint64_t pushed; /* tail not yet published */
        int64_t nudge_at;
        uint64_t nudged_head; /* as it was then */
        int fd;
        _Alignas(64) _Atomic uint64_t tail;   /* the main thread publishes */
        _Atomic uint32_t *ring;               /* run ids that wait for a thread */
        _Alignas(64) _Atomic uint64_t head;   /* the threads claim */
        _Alignas(64) _Atomic int main_sleeps; /* 0, or enum pool_sleep */
        _Atomic uint64_t recalled;            /* runs pushed before this one are called back */
        /* The lock guards the sleepers, their permits, stop and ended. It is taken only to fall asleep and to wake. */
        pthread_mutex_t lock;
        pthread_cond_t gone;
        _Atomic uint32_t idle;         /* asleep, and not yet given a permit to wake */
        struct pool_thread **sleepers; /* these; the last to fall asleep, whose caches are warm, is the first to wake */
        unsigned ended;
        bool stop;
        struct pool_thread *threads;
};

/* What each thread runs; `arg` is its struct pool_thread. */
void *pool_thread_main(void *arg);

#endif
