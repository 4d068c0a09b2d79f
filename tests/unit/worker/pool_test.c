/* The pool under load from one main thread, as the worker uses it. Plain program: it runs under ThreadSanitizer. */
#include "base/clock.h"
#include "worker/pool.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(cond)                                                                                                    \
        do {                                                                                                           \
                if (!(cond)) {                                                                                         \
                        fprintf(stderr, "%s:%d: %s: not so: %s\n", __FILE__, __LINE__, __func__, #cond);               \
                        exit(1);                                                                                       \
                }                                                                                                      \
        } while (0)

enum { KIND_COUNT = 1, KIND_BLOCK };

struct fixture {
        _Atomic uint64_t executed;
        _Atomic bool unblock;
        _Atomic unsigned blocked;
};

static int64_t execute(void *arg, unsigned thread, struct pool_run *run, int64_t now)
{
        struct fixture *f = arg;
        uint32_t i;

        CHECK(thread >= 1);
        if (run->kind == KIND_BLOCK) {
                atomic_fetch_add(&f->blocked, 1);
                while (!atomic_load(&f->unblock))
                        usleep(1000);
        }
        for (i = 0; i < run->count; i++)
                run->events[i].result = (uint16_t)(run->events[i].slot % 7);
        atomic_fetch_add(&f->executed, run->count);
        CHECK(now <= clock_now());
        return clock_now();
}

static struct pool *open_pool(struct fixture *f, unsigned threads, uint32_t runs)
{
        struct pool_options options = {.threads = threads, .runs = runs, .execute = execute, .arg = f};
        struct pawl_error err;
        struct pool *pool = pool_open(&options, &err);

        CHECK(pool != NULL);
        return pool;
}

static void push(struct pool *pool, uint16_t kind, uint32_t first, uint32_t count)
{
        struct pool_run *run = pool_take(pool);
        uint32_t i;

        CHECK(run != NULL);
        pool_events(run, count);
        run->kind = kind;
        for (i = 0; i < count; i++)
                run->events[i] = (struct pool_event){.slot = first + i};
        pool_push(pool, run);
}

static uint64_t collect(struct pool *pool, unsigned char *seen)
{
        struct pool_run *runs[64];
        size_t count = pool_collect(pool, runs, 64), i;
        uint64_t events = 0;
        uint32_t j;

        for (i = 0; i < count; i++) {
                for (j = 0; j < runs[i]->count; j++) {
                        uint32_t slot = runs[i]->events[j].slot;

                        CHECK(runs[i]->events[j].result == slot % 7);
                        CHECK(!seen[slot]);
                        seen[slot] = 1;
                        events++;
                }
                pool_give(pool, runs[i]);
        }
        return events;
}

/* As the main loop does: first briefly, then deep. A lost wake-up would show as the deep sleep's whole time. */
static void rest(struct pool *pool)
{
        struct pollfd pfd = {.fd = pool_fd(pool), .events = POLLIN};
        struct timespec brief = {.tv_nsec = POOL_BRIEF};

        if (!pool_sleep(pool, POOL_SLEEP_BRIEF))
                return;
        CHECK(ppoll(&pfd, 1, &brief, NULL) >= 0);
        pool_awake(pool, (pfd.revents & POLLIN) != 0);
        if (pfd.revents != 0 || pool_nudge(pool, clock_now(), true))
                return;
        if (!pool_sleep(pool, POOL_SLEEP_DEEP))
                return;
        CHECK(poll(&pfd, 1, 20000) == 1);
        pool_awake(pool, (pfd.revents & POLLIN) != 0);
}

static void every_event_comes_back_exactly_once(void)
{
        enum { EVENTS = 300000 };
        struct fixture f = {0};
        struct pool *pool = open_pool(&f, 4, 128);
        unsigned char *seen = calloc(EVENTS + 64, 1);
        uint32_t next = 0;
        uint64_t back = 0;
        int64_t deadline = clock_now() + 50 * CLOCK_S;

        while (back < EVENTS) {
                CHECK(clock_now() < deadline);
                while (next < EVENTS && pool_out(pool) < 128) {
                        uint32_t count = 1 + next % 9;

                        count = count < EVENTS - next ? count : EVENTS - next;
                        push(pool, KIND_COUNT, next, count);
                        next += count;
                }
                pool_flush(pool);
                back += collect(pool, seen);
                if (back < EVENTS)
                        rest(pool);
        }
        CHECK(pool_out(pool) == 0);
        CHECK(pool_close(&pool, clock_now() + 10 * CLOCK_S) && pool == NULL);
        CHECK(atomic_load(&f.executed) == EVENTS);
        free(seen);
}

static void blocked_runs_hold_up_no_other_run(void)
{
        struct fixture f = {0};
        struct pool *pool = open_pool(&f, 4, 256);
        unsigned char seen[256] = {0};
        uint64_t back = 0;
        uint32_t i;
        int64_t deadline = clock_now() + 20 * CLOCK_S;

        for (i = 0; i < 3; i++)
                push(pool, KIND_BLOCK, i, 1);
        for (; i < 200; i++)
                push(pool, KIND_COUNT, i, 1);
        pool_flush(pool);
        while (back < 197) {
                CHECK(clock_now() < deadline);
                back += collect(pool, seen);
                if (back < 197)
                        rest(pool);
        }
        while (atomic_load(&f.blocked) < 3) /* claimed by now, perhaps not begun */
                CHECK(clock_now() < deadline);
        CHECK(!seen[0] && !seen[1] && !seen[2]);
        CHECK(!pool_close(&pool, clock_now() + 20 * CLOCK_MS) && pool != NULL);
        atomic_store(&f.unblock, true);
        CHECK(pool_close(&pool, clock_now() + 10 * CLOCK_S));
}

static void a_single_run_wakes_a_sleeping_main_thread(void)
{
        struct fixture f = {0};
        struct pool *pool = open_pool(&f, 2, 8);
        unsigned char seen[2000] = {0};
        uint32_t i;

        for (i = 0; i < 2000; i++) {
                uint64_t back = 0;

                push(pool, KIND_COUNT, i, 1);
                pool_flush(pool);
                while (back == 0) {
                        back = collect(pool, seen);
                        if (back == 0)
                                rest(pool);
                }
        }
        CHECK(pool_close(&pool, clock_now() + 10 * CLOCK_S));
}

/* What a timer or a ticket pushes comes when the main thread has long slept deep, and goes back to that: no nudge follows. */
static void what_is_pushed_before_a_deep_sleep_waits_for_no_busy_thread(void)
{
        struct fixture f = {0};
        struct pool *pool = open_pool(&f, 4, 64);
        struct pollfd pfd = {.fd = pool_fd(pool), .events = POLLIN};
        unsigned char seen[64] = {0};
        uint64_t back = 0;
        int64_t deadline = clock_now() + 20 * CLOCK_S;

        push(pool, KIND_BLOCK, 0, 1);
        pool_flush(pool);
        CHECK(pool_sleep(pool, POOL_SLEEP_DEEP));
        pool_awake(pool, false);
        while (atomic_load(&f.blocked) < 1)
                CHECK(clock_now() < deadline);
        usleep(20000); /* the others have gone back to sleep */
        push(pool, KIND_COUNT, 1, 1);
        pool_flush(pool);
        while (back < 1) {
                if (pool_sleep(pool, POOL_SLEEP_DEEP))
                        CHECK(poll(&pfd, 1, 5000) == 1);
                pool_awake(pool, (pfd.revents & POLLIN) != 0);
                back += collect(pool, seen);
        }
        atomic_store(&f.unblock, true);
        CHECK(pool_close(&pool, clock_now() + 10 * CLOCK_S));
}

static void only_runs_pushed_before_a_recall_are_called_back(void)
{
        struct fixture f = {0};
        struct pool *pool = open_pool(&f, 1, 8);
        struct pool_run *before = pool_take(pool), *after = pool_take(pool);

        pool_push(pool, before);
        CHECK(!pool_recalled(pool, before));
        pool_recall(pool);
        pool_push(pool, after);
        CHECK(pool_recalled(pool, before));
        CHECK(!pool_recalled(pool, after));
        CHECK(pool_close(&pool, clock_now() + 10 * CLOCK_S));
        CHECK(pool_close(&pool, 0));
}

int main(void)
{
        every_event_comes_back_exactly_once();
        blocked_runs_hold_up_no_other_run();
        a_single_run_wakes_a_sleeping_main_thread();
        what_is_pushed_before_a_deep_sleep_waits_for_no_busy_thread();
        only_runs_pushed_before_a_recall_are_called_back();
        puts("pool: ok");
        return 0;
}
