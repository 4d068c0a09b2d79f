#include "master/loop.h"

#include "base/clock.h"
#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct loop {
        int epoll_fd;
        struct loop_timer *timers; /* by time, the next one first */
};

struct loop *loop_new(struct pawl_error *err)
{
        int fd = epoll_create1(EPOLL_CLOEXEC);
        struct loop *loop;

        if (fd < 0) {
                error_set(err, "epoll_create1: %s", strerror(errno));
                return NULL;
        }
        loop = memory_zero(1, sizeof *loop);
        loop->epoll_fd = fd;
        return loop;
}

void loop_free(struct loop **loop)
{
        if (*loop == NULL)
                return;
        close((*loop)->epoll_fd);
        free(*loop);
        *loop = NULL;
}

bool loop_watch(struct loop *loop, struct loop_watch *watch, int fd, void (*ready)(void *arg), void *arg,
                struct pawl_error *err)
{
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = watch};

        *watch = (struct loop_watch){.fd = fd, .ready = ready, .arg = arg};
        if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
                return true;
        watch->fd = -1;
        return error_set(err, "watching descriptor %d: %s", fd, strerror(errno));
}

void loop_unwatch(struct loop *loop, struct loop_watch *watch)
{
        if (watch->ready == NULL || watch->fd < 0)
                return;
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
        watch->fd = -1;
}

void loop_disarm(struct loop *loop, struct loop_timer *timer)
{
        struct loop_timer **at = &loop->timers;

        if (timer->at == 0)
                return;
        while (*at != timer)
                at = &(*at)->next;
        *at = timer->next;
        timer->at = 0;
}

void loop_arm(struct loop *loop, struct loop_timer *timer, int64_t when, void (*due)(void *arg), void *arg)
{
        struct loop_timer **at = &loop->timers;

        assert(when > 0);
        loop_disarm(loop, timer);
        while (*at != NULL && (*at)->at <= when)
                at = &(*at)->next;
        *timer = (struct loop_timer){.at = when, .due = due, .arg = arg, .next = *at};
        *at = timer;
}

/* How long epoll may wait, in milliseconds, rounded up so that a timer is due when it returns. */
static int wait_time(const struct loop *loop, int64_t until)
{
        int64_t ns;

        if (loop->timers != NULL && loop->timers->at < until)
                until = loop->timers->at;
        ns = until - clock_now();
        if (ns <= 0)
                return 0;
        ns = (ns + CLOCK_MS - 1) / CLOCK_MS;
        return ns > INT_MAX ? INT_MAX : (int)ns;
}

void loop_turn(struct loop *loop, int64_t until)
{
        struct epoll_event event;

        if (epoll_wait(loop->epoll_fd, &event, 1, wait_time(loop, until)) == 1) {
                struct loop_watch *watch = event.data.ptr;

                watch->ready(watch->arg);
        }
        while (loop->timers != NULL && loop->timers->at <= clock_now()) {
                struct loop_timer *timer = loop->timers;

                loop_disarm(loop, timer);
                timer->due(timer->arg);
        }
}
