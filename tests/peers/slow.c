#include "slow.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int epoll_fd, listen_fd;
static long long delay; /* ns */
static FILE *record;
static const struct slow_protocol *spoken;
static struct slow_connection *first_due, **last_due = &first_due; /* one delay for all: in order */
static unsigned connections, open_now, most_open, messages;

static long long now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec * 1000000000LL + t.tv_nsec;
}

void slow_take(struct slow_connection *c, size_t len)
{
        c->len -= len;
        memmove(c->input, c->input + len, c->len + 1);
}

void slow_answer(struct slow_connection *c, const char *text)
{
        if (send(c->fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text))
                c->ends = true; /* an answer is short: who does not take it is gone */
}

void slow_answer_later(struct slow_connection *c, const char *text)
{
        c->waiting = true;
        c->due = now() + delay;
        c->answer = text;
        c->next = NULL;
        *last_due = c;
        last_due = &c->next;
}

void slow_end(struct slow_connection *c)
{
        c->ends = true;
}

void slow_accepted(const char *to)
{
        messages++;
        fprintf(record, "%s\n", to);
}

static void close_connection(struct slow_connection *c)
{
        close(c->fd);
        open_now--;
        free(c);
}

/* Handles what is whole. False: the connection is gone. */
static bool handle(struct slow_connection *c)
{
        while (!c->waiting && !c->ends && c->len > 0 && spoken->handle(c))
                ;
        if (c->ends && !c->waiting) {
                close_connection(c);
                return false;
        }
        return true;
}

static void read_from(struct slow_connection *c)
{
        ssize_t n = recv(c->fd, c->input + c->len, SLOW_INPUT_MAX - c->len, MSG_DONTWAIT);

        if (n < 0 && errno == EAGAIN)
                return;
        if (n <= 0) {
                c->ends = true;
                epoll_ctl(epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
        } else {
                c->len += (size_t)n;
                c->input[c->len] = '\0';
        }
        handle(c);
}

static void accept_one(void)
{
        struct slow_connection *c = calloc(1, sizeof *c);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

        c->fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (c->fd < 0) {
                free(c);
                return;
        }
        connections++;
        if (++open_now > most_open)
                most_open = open_now;
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
        if (spoken->greeting != NULL)
                slow_answer(c, spoken->greeting);
}

static void answer_due(void)
{
        while (first_due != NULL && first_due->due <= now()) {
                struct slow_connection *c = first_due;

                first_due = c->next;
                if (first_due == NULL)
                        last_due = &first_due;
                c->waiting = false;
                slow_answer(c, c->answer);
                handle(c);
        }
}

static int until_due(void)
{
        long long left = first_due ? first_due->due - now() : -1;

        return first_due == NULL ? -1 : left <= 0 ? 0 : (int)(left / 1000000 + 1);
}

static int listen_on(int port)
{
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
        socklen_t len = sizeof a;

        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        if (bind(listen_fd, (struct sockaddr *)&a, len) != 0 || listen(listen_fd, 4096) != 0 ||
            getsockname(listen_fd, (struct sockaddr *)&a, &len) != 0)
                return -1;
        return ntohs(a.sin_port);
}

static void serve(void)
{
        struct epoll_event events[256];
        char byte;

        for (;;) {
                int n = epoll_wait(epoll_fd, events, 256, until_due());

                for (int i = 0; i < n; i++) {
                        if (events[i].data.ptr == &listen_fd)
                                accept_one();
                        else if (events[i].data.ptr != NULL)
                                read_from(events[i].data.ptr);
                        else if (read(0, &byte, 1) == 0)
                                return;
                }
                answer_due();
        }
}

int slow_main(int argc, char **argv, const struct slow_protocol *protocol)
{
        struct rlimit files;
        int port;

        if (argc < 3)
                return 2;
        spoken = protocol;
        record = fopen(argv[1], "w");
        delay = strtoll(argv[2], NULL, 10) * 1000000;
        if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
                files.rlim_cur = files.rlim_max;
                setrlimit(RLIMIT_NOFILE, &files);
        }
        epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        port = listen_on(argc > 4 ? atoi(argv[4]) : 0);
        if (record == NULL || epoll_fd < 0 || port < 0) {
                perror(argv[0]);
                return 1;
        }
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = &listen_fd});
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &(struct epoll_event){.events = EPOLLIN});
        printf("port=%d\n", port);
        fflush(stdout);
        serve();
        fclose(record);
        printf("messages=%u connections=%u most_open=%u\n", messages, connections, most_open);
        return 0;
}
