#include "wire.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 256 /* of one turn */

struct wire {
        struct loop *loop;
        uint32_t index; /* in the loop */
        CURLM *multi;
        int64_t timer_at; /* CLOCK_MONOTONIC; INT64_MAX: none is set */
};

struct loop {
        int epoll_fd;
        int wake_fd;
        struct wire *wires[LOOP_WIRES]; /* NULL: free */
};

/* An epoll event's data: this, or a watch's address with a mark on it, or a wire's index and a descriptor. */
#define WAKE       UINT64_MAX
#define WATCH_MARK (UINT64_C(1) << 62)
_Static_assert((LOOP_WIRES & (LOOP_WIRES - 1)) == 0, "used as a mask");

static int64_t monotonic(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct loop *loop_new(void)
{
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = WAKE};
        struct loop *l = calloc(1, sizeof *l);

        if (l == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
                free(l);
                return NULL;
        }
        l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (l->epoll_fd < 0 || l->wake_fd < 0 || epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->wake_fd, &event) != 0)
                loop_free(&l);
        return l;
}

void loop_free(struct loop **loop)
{
        struct loop *l = *loop;

        if (l == NULL)
                return;
        if (l->epoll_fd >= 0)
                close(l->epoll_fd);
        if (l->wake_fd >= 0)
                close(l->wake_fd);
        curl_global_cleanup();
        free(l);
        *loop = NULL;
}

/* libcurl's word on which events of a socket it waits for. `known` is not NULL once the socket is in the epoll set. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
        struct wire *w = arg;
        struct epoll_event event = {.data.u64 = (uint64_t)w->index << 32 | (uint32_t)fd};

        (void)easy;
        if (what == CURL_POLL_REMOVE) {
                epoll_ctl(w->loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
                curl_multi_assign(w->multi, fd, NULL);
                return 0;
        }
        if (what != CURL_POLL_OUT)
                event.events |= EPOLLIN;
        if (what != CURL_POLL_IN)
                event.events |= EPOLLOUT;
        if (epoll_ctl(w->loop->epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0)
                return -1;
        curl_multi_assign(w->multi, fd, w);
        return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
        struct wire *w = arg;

        (void)multi;
        w->timer_at = timeout_ms < 0 ? INT64_MAX : monotonic() + (int64_t)timeout_ms * 1000000;
        return 0;
}

bool watch_set(struct loop *loop, struct watch *watch, bool writable)
{
        struct epoll_event event = {.events = EPOLLIN | (writable ? EPOLLOUT : 0),
                                    .data.u64 = WATCH_MARK | (uintptr_t)watch};

        if (epoll_ctl(loop->epoll_fd, watch->added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, watch->fd, &event) != 0)
                return false;
        watch->added = true;
        return true;
}

void watch_end(struct loop *loop, struct watch *watch)
{
        if (watch->added)
                epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
        watch->added = false;
}

struct wire *wire_new(struct loop *loop, long connections)
{
        struct wire *w = calloc(1, sizeof *w);

        if (w == NULL || (w->multi = curl_multi_init()) == NULL) {
                free(w);
                return NULL;
        }
        while (loop->wires[w->index] != NULL)
                w->index++;
        w->loop = loop;
        w->timer_at = INT64_MAX;
        loop->wires[w->index] = w;
        curl_multi_setopt(w->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        curl_multi_setopt(w->multi, CURLMOPT_SOCKETDATA, w);
        curl_multi_setopt(w->multi, CURLMOPT_TIMERFUNCTION, on_timer);
        curl_multi_setopt(w->multi, CURLMOPT_TIMERDATA, w);
        /* By itself libcurl keeps four connections for each transfer of the moment, and closes the others as the work gets less. */
        curl_multi_setopt(w->multi, CURLMOPT_MAXCONNECTS, 2 * connections + 16);
        return w;
}

void wire_free(struct wire **wire)
{
        struct wire *w = *wire;

        if (w == NULL)
                return;
        curl_multi_cleanup(w->multi); /* closes the connections, and says so to on_socket */
        w->loop->wires[w->index] = NULL;
        free(w);
        *wire = NULL;
}

bool wire_begin(struct wire *wire, CURL *easy)
{
        return curl_multi_add_handle(wire->multi, easy) == CURLM_OK;
}

CURL *wire_next(struct wire *wire, CURLcode *code)
{
        CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(wire->multi, &left)) != NULL) {
                if (message->msg == CURLMSG_DONE) {
                        *code = message->data.result;
                        return message->easy_handle;
                }
        }
        return NULL;
}

void wire_end(struct wire *wire, CURL *easy)
{
        curl_multi_remove_handle(wire->multi, easy);
}

/* Nanoseconds until the first timer, at most `wait`. */
static int64_t until_timer(const struct loop *l, int64_t wait)
{
        int64_t now = monotonic();

        for (int i = 0; i < LOOP_WIRES; i++) {
                const struct wire *w = l->wires[i];

                if (w != NULL && w->timer_at != INT64_MAX && w->timer_at - now < wait)
                        wait = w->timer_at > now ? w->timer_at - now : 0;
        }
        return wait;
}

static void run_timers(struct loop *l)
{
        int64_t now = monotonic();
        int running;

        for (int i = 0; i < LOOP_WIRES; i++) {
                struct wire *w = l->wires[i];

                if (w == NULL || w->timer_at > now)
                        continue;
                w->timer_at = INT64_MAX; /* libcurl sets the next one while it runs */
                curl_multi_socket_action(w->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
}

static void on_event(struct loop *l, const struct epoll_event *event)
{
        int flags = (event->events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                    (event->events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                    (event->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        struct wire *w = l->wires[event->data.u64 >> 32 & (LOOP_WIRES - 1)];
        uint64_t count;
        int running;

        if (event->data.u64 == WAKE) {
                if (read(l->wake_fd, &count, sizeof count) < 0)
                        return; /* another event took it */
        } else if ((event->data.u64 & WATCH_MARK) != 0) {
                struct watch *watch = (struct watch *)(uintptr_t)(event->data.u64 & ~WATCH_MARK);

                watch->ready(watch->arg);
        } else if (w != NULL) {
                curl_multi_socket_action(w->multi, (curl_socket_t)(event->data.u64 & UINT32_MAX), flags, &running);
        }
}

void loop_work(struct loop *loop, int64_t wait)
{
        struct epoll_event events[EVENTS_MAX];
        int64_t ms = (until_timer(loop, wait) + 999999) / 1000000;
        int n = epoll_wait(loop->epoll_fd, events, EVENTS_MAX, (int)ms);

        for (int i = 0; i < n; i++)
                on_event(loop, &events[i]);
        run_timers(loop);
}

void loop_wake(struct loop *loop)
{
        uint64_t one = 1;

        if (write(loop->wake_fd, &one, sizeof one) < 0)
                return; /* the counter is full: it will wake up anyway */
}
