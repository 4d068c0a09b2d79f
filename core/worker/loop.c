/* The main loop. Each turn looks at everything that may have something, steps the engine once, and sleeps only if nothing came. */
#include "worker/worker_private.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { WAIT_WAKE, WAIT_POOL, WAIT_CONSUMER, WAIT_PRODUCER, WAIT_CHANNEL, WAIT_SIGNALS, WAIT_COUNT };

/* What the last wait found. */
struct found {
        bool wake;
        bool channel;
        bool signals;
};

static int64_t earlier(int64_t a, int64_t b)
{
        return a < b ? a : b;
}

/* Tickets, publications and commands, from any thread. */
static void serve_wake(struct worker *w)
{
        uint64_t count;

        if (read(w->wake_fd, &count, sizeof count) < 0)
                assert(errno == EAGAIN);
        handling_tickets(w);
        outbox_published(w);
        control_commands(w);
}

/* One turn. Returns true if it found something to do: then the next one follows at once. `*next`: when the next one is due. */
static bool turn(struct worker *w, const struct found *found, int64_t *next)
{
        enum worker_phase before = w->phase;
        size_t moved;

        w->now = clock_now();
        if (found->signals)
                control_signals(w);
        if (found->channel) {
                control_serve(w);
                control_commands(w);
        }
        if (w->consumer != NULL && (w->consumer_due || w->now >= w->consumer_at))
                membership_serve(w);
        if (w->producer_due || w->now >= w->outbox.serve_at)
                outbox_serve(w);
        moved = handling_collect(w);
        if (found->wake)
                serve_wake(w);
        if (w->phase == PHASE_RUNNING)
                moved += intake_read(w);
        *next = worker_advance(w);
        *next = earlier(*next, instances_serve(w));
        *next = earlier(*next, watch_serve(w));
        if (w->input_count > 0 || w->now >= w->step_at)
                orders_step(w);
        *next = earlier(*next, w->step_at);
        if (w->consumer != NULL)
                *next = earlier(*next, w->consumer_at);
        *next = earlier(*next, w->outbox.serve_at);
        return moved > 0 || w->input_count > 0 || w->phase != before;
}

/* Waits until `next`, or not at all. Returns false if that time came with nothing else. */
static bool wait_for(struct worker *w, int64_t next, struct found *found)
{
        struct pollfd fds[WAIT_COUNT] = {
            [WAIT_WAKE] = {.fd = w->wake_fd, .events = POLLIN},
            [WAIT_POOL] = {.fd = pool_fd(w->pool), .events = POLLIN},
            [WAIT_CONSUMER] = {.fd = w->consumer != NULL ? consumer_fd(w->consumer) : -1, .events = POLLIN},
            [WAIT_PRODUCER] = {.fd = producer_fd(w->outbox.producer), .events = POLLIN},
            [WAIT_CHANNEL] = {.fd = w->channel != NULL ? channel_fd(w->channel) : -1,
                              .events = (short)(POLLIN | (w->output_blocked ? POLLOUT : 0))},
            [WAIT_SIGNALS] = {.fd = w->signal_fd, .events = POLLIN},
        };
        int64_t left = next == 0 ? 0 : next - clock_now();
        struct timespec timeout = {0};
        int ready;

        if (left > 0) {
                left = earlier(left, CLOCK_S * 3600);
                timeout = (struct timespec){.tv_sec = left / CLOCK_S, .tv_nsec = left % CLOCK_S};
        }
        ready = ppoll(fds, WAIT_COUNT, &timeout, NULL);
        pool_awake(w->pool, ready > 0 && fds[WAIT_POOL].revents != 0);
        *found = (struct found){0};
        if (ready <= 0)
                return false;
        found->wake = fds[WAIT_WAKE].revents != 0;
        found->channel = fds[WAIT_CHANNEL].revents != 0;
        found->signals = fds[WAIT_SIGNALS].revents != 0;
        w->consumer_due |= fds[WAIT_CONSUMER].revents != 0;
        w->producer_due |= fds[WAIT_PRODUCER].revents != 0;
        return true;
}

/* Sleeps: first so briefly that a thread need not wake us for every run, then until somebody does. */
static void rest(struct worker *w, int64_t next, bool *brief, struct found *found)
{
        bool working = pool_out(w->pool) > 0;

        if (working && *brief) {
                if (!pool_sleep(w->pool, POOL_SLEEP_BRIEF)) {
                        wait_for(w, 0, found);
                        return;
                }
                if (!wait_for(w, earlier(next, clock_now() + POOL_BRIEF), found))
                        *brief = pool_nudge(w->pool, clock_now(), true);
                return;
        }
        wait_for(w, pool_sleep(w->pool, POOL_SLEEP_DEEP) ? next : 0, found);
}

void worker_loop(struct worker *w)
{
        struct found found = {.wake = true, .channel = true};
        bool brief = true;

        while (w->phase != PHASE_ENDED) {
                int64_t next;

                if (turn(w, &found, &next)) {
                        brief = true;
                        pool_nudge(w->pool, w->now, false);
                        wait_for(w, 0, &found);
                } else {
                        rest(w, next, &brief, &found);
                }
        }
}
