#include "worker/pool.h"

#include "base/clock.h"
#include "base/memory.h"
#include "worker/thread.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define POOL_MAGIC 0x9001c0deu

/* How long a busy main thread lets pushed work stand unclaimed. Short ones are the scheduler's: on one core a woken thread runs
 * only when the main thread sleeps. */
#define NUDGE_INTERVAL (2 * CLOCK_MS)

/* A briefly sleeping main thread is woken when so few runs are left unclaimed: it refills while these are carried out. */
#define LOW_WATER 64

/* A further thread is worth waking for this much work. */
#define WORK_PER_WAKE (300 * CLOCK_US)

/* So much may one measurement of a run's cost exceed what was known: most excesses are the scheduler's, who took the core away. */
#define COST_GROWTH 4

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

/* ---- the threads' side ---- */

/* The id of the next run, or UINT32_MAX. Reading the ring before the claim is safe: main overwrites a place only after `head`
 * has passed it, and then the exchange fails. */
static uint32_t claim(struct pool *pool)
{
        uint64_t head = atomic_load_explicit(&pool->head, memory_order_relaxed);

        for (;;) {
                uint32_t id;

                if (head == atomic_load(&pool->tail))
                        return UINT32_MAX;
                id = atomic_load_explicit(&pool->ring[head & pool->mask], memory_order_relaxed);
                if (atomic_compare_exchange_weak_explicit(&pool->head, &head, head + 1, memory_order_acquire,
                                                          memory_order_relaxed))
                        return id;
        }
}

static void wake_main(struct pool *pool)
{
        uint64_t one = 1;

        if (atomic_exchange(&pool->main_sleeps, 0) != 0 && write(pool->fd, &one, sizeof one) < 0)
                assert(errno == EAGAIN);
}

/* Publishing and then looking whether main sleeps, both sequentially consistent, pairs with pool_sleep(), which does them the
 * other way round: one of the two sees the other. */
static void publish(struct pool_thread *t, uint32_t id)
{
        struct pool *pool = t->pool;
        uint64_t tail = atomic_load_explicit(&t->done_tail, memory_order_relaxed);
        int sleeps;

        atomic_store_explicit(&t->done[tail & pool->mask], id, memory_order_relaxed);
        atomic_store(&t->done_tail, tail + 1);
        sleeps = atomic_load(&pool->main_sleeps);
        if (sleeps == POOL_SLEEP_DEEP ||
            (sleeps == POOL_SLEEP_BRIEF && atomic_load_explicit(&pool->tail, memory_order_relaxed) -
                                                   atomic_load_explicit(&pool->head, memory_order_relaxed) <
                                               LOW_WATER))
                wake_main(pool);
}

static void leave_sleepers(struct pool *pool, const struct pool_thread *t)
{
        uint32_t count = atomic_load(&pool->idle), kept = 0, i;

        for (i = 0; i < count; i++) {
                if (pool->sleepers[i] != t)
                        pool->sleepers[kept++] = pool->sleepers[i];
        }
        atomic_store(&pool->idle, kept);
}

/* Being counted as idle and then looking for work, both sequentially consistent, pairs with flush and wake, which do them the
 * other way round: work that was published before we are seen to sleep is found here. */
static uint32_t fall_asleep(struct pool_thread *t)
{
        struct pool *pool = t->pool;
        uint32_t id;

        pthread_mutex_lock(&pool->lock);
        t->permit = false;
        pool->sleepers[atomic_load(&pool->idle)] = t;
        atomic_fetch_add(&pool->idle, 1);
        while ((id = claim(pool)) == UINT32_MAX && !t->permit && !pool->stop)
                pthread_cond_wait(&t->wake, &pool->lock);
        if (!t->permit)
                leave_sleepers(pool, t);
        pthread_mutex_unlock(&pool->lock);
        return id;
}

static bool is_over(struct pool *pool)
{
        bool stop;

        pthread_mutex_lock(&pool->lock);
        stop = pool->stop && atomic_load(&pool->head) == atomic_load(&pool->tail);
        pthread_mutex_unlock(&pool->lock);
        return stop;
}

static int64_t mean_cost(int64_t mean, int64_t sample)
{
        int64_t most = (mean + CLOCK_US) * COST_GROWTH;

        return mean + ((sample < most ? sample : most) - mean) / 8;
}

static void *thread_main(void *arg)
{
        struct pool_thread *t = arg;
        struct pool *pool = t->pool;
        int64_t cost = 0;

        if (pool->options.begin != NULL)
                pool->options.begin(pool->options.arg, t->number);
        for (;;) {
                uint32_t id = claim(pool);
                uint32_t done = 0;
                int64_t began, now;

                if (id == UINT32_MAX)
                        id = fall_asleep(t);
                if (id == UINT32_MAX) {
                        if (is_over(pool))
                                break;
                        continue;
                }
                now = began = clock_now();
                for (; id != UINT32_MAX && done < 32; id = ++done < 32 ? claim(pool) : UINT32_MAX) {
                        now = pool->options.execute(pool->options.arg, t->number, &pool->runs[id], now);
                        publish(t, id);
                }
                cost = mean_cost(cost, (now - began) / done);
                atomic_store_explicit(&t->cost, cost, memory_order_relaxed);
        }
        pthread_mutex_lock(&pool->lock);
        pool->ended++;
        pthread_cond_signal(&pool->gone);
        pthread_mutex_unlock(&pool->lock);
        return NULL;
}

/* ---- the main thread's side ---- */

struct pool_run *pool_take(struct pool *pool)
{
        struct pool_run *run;

        if (pool->unused_count == 0)
                return NULL;
        run = &pool->runs[pool->unused[--pool->unused_count]];
        run->flags = 0;
        run->count = 0;
        return run;
}

void pool_events(struct pool_run *run, uint32_t count)
{
        if (count > run->capacity) {
                struct pool_event *old = run->events == run->small ? NULL : run->events;

                run->capacity = count * 2;
                run->events = memory_resize(old, run->capacity, sizeof *run->events);
        }
        run->count = count;
}

void pool_push(struct pool *pool, struct pool_run *run)
{
        atomic_store_explicit(&pool->ring[pool->pushed & pool->mask], run->id, memory_order_relaxed);
        run->sequence = pool->pushed++;
        pool->out++;
}

static void wake(struct pool *pool, uint32_t count)
{
        uint32_t idle;

        pthread_mutex_lock(&pool->lock);
        for (idle = atomic_load(&pool->idle); count > 0 && idle > 0; count--) {
                struct pool_thread *t = pool->sleepers[--idle];

                t->permit = true;
                pthread_cond_signal(&t->wake);
        }
        atomic_store(&pool->idle, idle);
        pthread_mutex_unlock(&pool->lock);
}

static uint32_t threads_wanted(const struct pool *pool, uint64_t waiting)
{
        int64_t cost = 0;
        uint64_t wanted;
        unsigned i;

        for (i = 0; i < pool->options.threads; i++) {
                int64_t own = atomic_load_explicit(&pool->threads[i].cost, memory_order_relaxed);

                cost = own > cost ? own : cost;
        }
        wanted = 1 + (cost >= WORK_PER_WAKE ? waiting : waiting * (uint64_t)cost / WORK_PER_WAKE);
        if (wanted > waiting)
                wanted = waiting;
        return wanted < pool->options.threads ? (uint32_t)wanted : pool->options.threads;
}

void pool_flush(struct pool *pool)
{
        if (pool->pushed != atomic_load_explicit(&pool->tail, memory_order_relaxed))
                atomic_store(&pool->tail, pool->pushed);
}

/* Behind a brief sleep comes a nudge, behind a deep one nothing: whoever is awake may sit in its run for minutes, so that each
 * run that waits gets a thread of its own. */
static void wake_for_work(struct pool *pool, enum pool_sleep how)
{
        uint32_t idle = atomic_load(&pool->idle), busy = pool->options.threads - idle, wanted;
        uint64_t waiting = pool->pushed - atomic_load(&pool->head);

        if (idle == 0 || waiting == 0)
                return;
        if (how == POOL_SLEEP_DEEP) {
                wake(pool, waiting < idle ? (uint32_t)waiting : idle);
                return;
        }
        wanted = threads_wanted(pool, waiting);
        if (wanted > busy)
                wake(pool, wanted - busy);
}

bool pool_nudge(struct pool *pool, int64_t now, bool slept)
{
        uint64_t head = atomic_load(&pool->head);
        uint32_t idle = atomic_load(&pool->idle);

        if (head == pool->pushed || idle == 0)
                return false;
        if (!slept && now < pool->nudge_at)
                return true;
        /* Nothing was claimed since the last look: whoever is awake sits in a run, or has no core. */
        if (head == pool->nudged_head || idle == pool->options.threads)
                wake(pool, 1);
        pool->nudged_head = head;
        pool->nudge_at = now + NUDGE_INTERVAL;
        return true;
}

size_t pool_collect(struct pool *pool, struct pool_run **runs, size_t max)
{
        size_t count = 0;
        unsigned i;

        for (i = 0; i < pool->options.threads && count < max; i++) {
                struct pool_thread *t = &pool->threads[i];
                uint64_t tail = atomic_load_explicit(&t->done_tail, memory_order_acquire);

                for (; t->done_head != tail && count < max; t->done_head++) {
                        uint32_t id = atomic_load_explicit(&t->done[t->done_head & pool->mask], memory_order_relaxed);

                        runs[count++] = &pool->runs[id];
                        pool->out--;
                }
        }
        return count;
}

void pool_give(struct pool *pool, struct pool_run *run)
{
        pool->unused[pool->unused_count++] = run->id;
}

uint32_t pool_out(const struct pool *pool)
{
        return pool->out;
}

bool pool_sleep(struct pool *pool, enum pool_sleep how)
{
        unsigned i;

        wake_for_work(pool, how);
        atomic_store(&pool->main_sleeps, how);
        for (i = 0; i < pool->options.threads; i++) {
                if (atomic_load(&pool->threads[i].done_tail) != pool->threads[i].done_head) {
                        atomic_store(&pool->main_sleeps, 0);
                        return false;
                }
        }
        return true;
}

void pool_awake(struct pool *pool, bool readable)
{
        uint64_t count;

        atomic_store(&pool->main_sleeps, 0);
        if (readable && read(pool->fd, &count, sizeof count) < 0)
                assert(errno == EAGAIN);
}

int pool_fd(const struct pool *pool)
{
        return pool->fd;
}

void pool_recall(struct pool *pool)
{
        atomic_store(&pool->recalled, pool->pushed);
}

bool pool_recalled(const struct pool *pool, const struct pool_run *run)
{
        return run->sequence < atomic_load_explicit(&pool->recalled, memory_order_relaxed);
}

/* ---- opening and closing ---- */

static bool start_thread(struct pool_thread *t, struct pawl_error *err)
{
        char name[16];
        int failed;

        snprintf(name, sizeof name, "pool-%u", t->number);
        failed = thread_start(&t->handle, name, thread_main, t);
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
