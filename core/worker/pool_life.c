#include "worker/pool_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "worker/thread.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static bool start_thread(struct pool_thread *t, struct pawl_error *err)
{
        char name[16];
        int failed;

        snprintf(name, sizeof name, "pool-%u", t->number);
        failed = thread_start(&t->handle, name, pool_thread_main, t);
        if (failed != 0)
                return error_set(err, "cannot start thread %u of the pool: %s", t->number, strerror(failed));
        t->started = true;
        return true;
}

static void free_pool(struct pool **poolp)
{
        struct pool *pool = *poolp;
        uint32_t i;

        for (i = 0; pool->runs != NULL && i < pool->options.runs; i++) {
                if (pool->runs[i].events != pool->runs[i].small)
                        free(pool->runs[i].events);
        }
        for (i = 0; i < pool->options.threads; i++) {
                pthread_cond_destroy(&pool->threads[i].wake);
                free(pool->threads[i].done);
        }
        if (pool->fd >= 0)
                close(pool->fd);
        pthread_cond_destroy(&pool->gone);
        pthread_mutex_destroy(&pool->lock);
        free(pool->sleepers);
        free(pool->threads);
        free(pool->runs);
        free(pool->unused);
        free(pool->ring);
        free(pool);
        *poolp = NULL;
}

static void *aligned_zero(size_t size)
{
        void *p = aligned_alloc(64, (size + 63) / 64 * 64);

        if (p == NULL)
                abort();
        return memset(p, 0, size);
}

static struct pool *make_pool(const struct pool_options *options)
{
        struct pool *pool = aligned_zero(sizeof *pool);
        pthread_condattr_t monotonic;
        uint32_t size = 1, i;

        while (size < options->runs)
                size *= 2;
        pool->magic = POOL_MAGIC;
        pool->mask = size - 1;
        pool->options = *options;
        pool->fd = -1;
        pool->ring = memory_zero(size, sizeof *pool->ring);
        pool->runs = memory_zero(options->runs, sizeof *pool->runs);
        pool->unused = memory_zero(options->runs, sizeof *pool->unused);
        for (i = 0; i < options->runs; i++) {
                pool->runs[i].id = i;
                pool->runs[i].events = pool->runs[i].small;
                pool->runs[i].capacity = POOL_EVENTS_INLINE;
                pool->unused[pool->unused_count++] = options->runs - 1 - i;
        }
        pool->sleepers = memory_zero(options->threads, sizeof *pool->sleepers);
        pool->threads = aligned_zero(options->threads * sizeof *pool->threads);
        for (i = 0; i < options->threads; i++) {
                pool->threads[i].pool = pool;
                pool->threads[i].number = i + 1;
                pthread_cond_init(&pool->threads[i].wake, NULL);
                pool->threads[i].done = memory_zero(size, sizeof *pool->threads[i].done);
        }
        pthread_mutex_init(&pool->lock, NULL);
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&pool->gone, &monotonic);
        pthread_condattr_destroy(&monotonic);
        return pool;
}

struct pool *pool_open(const struct pool_options *options, struct pawl_error *err)
{
        struct pool *pool;
        unsigned i;

        assert(options->threads > 0 && options->runs > 0 && options->execute != NULL);
        pool = make_pool(options);
        pool->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (pool->fd < 0) {
                error_set(err, "cannot make the pool's eventfd: %s", strerror(errno));
                goto fail;
        }
        for (i = 0; i < options->threads; i++) {
                if (!start_thread(&pool->threads[i], err))
                        goto fail;
        }
        return pool;
fail:
        pool_close(&pool, INT64_MAX);
        return NULL;
}

/* The threads of it that were started and have not left by `deadline`. */
static unsigned await_threads(struct pool *pool, int64_t deadline)
{
        struct timespec until = {.tv_sec = deadline / CLOCK_S, .tv_nsec = deadline % CLOCK_S};
        unsigned started = 0, left, i;

        for (i = 0; i < pool->options.threads; i++)
                started += pool->threads[i].started;
        pthread_mutex_lock(&pool->lock);
        pool->stop = true;
        for (i = 0; i < pool->options.threads; i++)
                pthread_cond_signal(&pool->threads[i].wake);
        while (pool->ended < started) {
                if (pthread_cond_timedwait(&pool->gone, &pool->lock, &until) == ETIMEDOUT)
                        break;
        }
        left = started - pool->ended;
        pthread_mutex_unlock(&pool->lock);
        return left;
}

bool pool_close(struct pool **poolp, int64_t deadline)
{
        struct pool *pool = *poolp;
        unsigned i;

        if (pool == NULL)
                return true;
        assert(pool->magic == POOL_MAGIC);
        pool_flush(pool);
        if (await_threads(pool, deadline) > 0)
                return false;
        for (i = 0; i < pool->options.threads; i++) {
                if (pool->threads[i].started)
                        pthread_join(pool->threads[i].handle, NULL);
        }
        free_pool(poolp);
        return true;
}
