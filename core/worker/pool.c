#include "worker/pool_private.h"

#include "base/clock.h"
#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* How long a busy main thread lets pushed work stand unclaimed. Short ones are the scheduler's: on one core a woken thread runs
 * only when the main thread sleeps. */
#define NUDGE_INTERVAL (2 * CLOCK_MS)

/* A briefly sleeping main thread is woken when so few runs are left unclaimed: it refills while these are carried out. */
#define LOW_WATER 64

/* A further thread is worth waking for this much work. */
#define WORK_PER_WAKE (300 * CLOCK_US)

/* So much may one measurement of a run's cost exceed what was known: most excesses are the scheduler's, who took the core away. */
#define COST_GROWTH 4

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

void *pool_thread_main(void *arg)
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
