#include "server.h"

#include "exchange.h"
#include "gateway.h"
#include "sending.h"
#include "text.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOK_EVERY  PAWL_MS(500) /* at connections' deadlines */
#define SETTLE_TIME PAWL_MS(500) /* at most, until what has arrived is taken up */
#define LAST_TIME   PAWL_S(2)    /* at most, until the last answers are sent */
#define LONGEST     PAWL_S(1)    /* sleep */

enum order { RUN, QUIESCE, STOP };

struct server {
        struct gateway *gateway;
        struct MHD_Daemon *daemon;
        int epoll_fd, wake_fd;
        struct peer *peers;
        int64_t look_at;
        int64_t ordered_at; /* when the order that is carried out was seen */
        bool closing;
        pthread_t thread;
        _Atomic int order;
        pthread_mutex_t lock; /* "quiesced" */
        pthread_cond_t quiet;
        bool quiesced;
};

/* ---- Connections ---- */

struct peer *server_peer(struct MHD_Connection *connection)
{
        return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

void server_enter(struct server *server, struct peer *peer, enum peer_state state)
{
        const struct limits *limits = &server->gateway->limits;
        int64_t now = pawl_monotonic(server->gateway->instance);

        peer->state = state;
        peer->deadline = state == PEER_RESTING   ? INT64_MAX
                         : state == PEER_WAITING ? now + limits->idle_time
                                                 : now + limits->request_time;
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **memory,
                          enum MHD_ConnectionNotificationCode what)
{
        struct server *server = arg;
        struct peer *peer = *memory;

        if (what == MHD_CONNECTION_NOTIFY_STARTED) {
                peer = memory_new(1, sizeof *peer);
                peer->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
                peer->next = server->peers;
                if (server->peers != NULL)
                        server->peers->previous = peer;
                server->peers = peer;
                server_enter(server, peer, PEER_WAITING);
                *memory = peer;
                return;
        }
        if (peer->previous != NULL)
                peer->previous->next = peer->next;
        else
                server->peers = peer->next;
        if (peer->next != NULL)
                peer->next->previous = peer->previous;
        *memory = NULL;
        free(peer);
}

/* libmicrohttpd sees the end of the connection, and ends what it has of it. */
static void cut_off(struct peer *peer)
{
        shutdown(peer->fd, SHUT_RDWR);
        peer->deadline = INT64_MAX;
}

static void look_at_peers(struct server *server, int64_t now)
{
        int64_t count = 0;

        if (now < server->look_at)
                return;
        server->look_at = now + LOOK_EVERY;
        for (struct peer *peer = server->peers; peer != NULL; peer = peer->next, count++)
                if (peer->deadline <= now)
                        cut_off(peer);
        pawl_metric_set(server->gateway->instance, METRIC_CONNECTIONS, count);
        pawl_metric_set(server->gateway->instance, METRIC_IN_FLIGHT, (int64_t)server->gateway->in_flight);
}

/* ---- The end ---- */

bool server_closing(const struct server *server)
{
        return server->closing;
}

/* Something is under way to us: a request, or what comes first on a connection that was just made. */
static bool is_heard(const struct peer *peer)
{
        int bytes = 0;

        return peer->state == PEER_SENDING ||
               (peer->state == PEER_WAITING && (!peer->used || (ioctl(peer->fd, FIONREAD, &bytes) == 0 && bytes > 0)));
}

/* No more connections; done when all that arrived is with the bus or answered. */
static void quiesce(struct server *server, int64_t now)
{
        bool settled = true;

        if (!server->closing) {
                int fd = MHD_quiesce_daemon(server->daemon);

                server->closing = true;
                server->ordered_at = now;
                if (fd >= 0)
                        close(fd);
                return; /* a turn for what was accepted just now */
        }
        for (const struct peer *peer = server->peers; peer != NULL && settled; peer = peer->next)
                settled = !is_heard(peer);
        if (!settled && now - server->ordered_at < SETTLE_TIME)
                return;
        bus_close(server->gateway->bus);
        /* Who was answered and has not asked again: the end of what we read tells libmicrohttpd that this connection is over. */
        for (struct peer *peer = server->peers; peer != NULL; peer = peer->next)
                if (peer->state == PEER_WAITING && peer->used)
                        shutdown(peer->fd, SHUT_RD);
        pthread_mutex_lock(&server->lock);
        server->quiesced = true;
        pthread_cond_signal(&server->quiet);
        pthread_mutex_unlock(&server->lock);
}

/* ---- The thread ---- */

static int until(int64_t when, int64_t now)
{
        int64_t left = when > now ? when - now : 0;

        if (left > LONGEST)
                left = LONGEST;
        return (int)((left + PAWL_MS(1) - 1) / PAWL_MS(1));
}

static int sleep_time(struct server *server, int64_t next)
{
        int64_t now = pawl_monotonic(server->gateway->instance);
        MHD_UNSIGNED_LONG_LONG ms;
        int timeout;

        if (server->look_at < next)
                next = server->look_at;
        timeout = until(next, now);
        if (server->closing && timeout > 5)
                timeout = 5;
        if (MHD_get_timeout(server->daemon, &ms) == MHD_YES && ms < (MHD_UNSIGNED_LONG_LONG)timeout)
                timeout = (int)ms;
        return timeout;
}

static bool stopped(const struct server *server, int64_t now, int64_t *since)
{
        if (atomic_load(&server->order) != STOP)
                return false;
        if (*since == 0)
                *since = now;
        /* libmicrohttpd ends no daemon with connections that wait: the callers are answered, and the last turns send it. */
        if (now - *since > LAST_TIME / 2) {
                bus_give_up(server->gateway->bus);
                sending_give_up(server->gateway, INT64_MAX);
        }
        return server->gateway->in_flight == 0 || now - *since > LAST_TIME;
}

static void *run(void *arg)
{
        struct server *server = arg;
        struct epoll_event events[4];
        int64_t stopping_since = 0, next, now;
        uint64_t count;

        for (;;) {
                MHD_run(server->daemon);
                now = pawl_monotonic(server->gateway->instance);
                next = gateway_serve(server->gateway, now);
                look_at_peers(server, now);
                if (atomic_load(&server->order) != RUN && !server->quiesced)
                        quiesce(server, now);
                if (stopped(server, now, &stopping_since))
                        break;
                epoll_wait(server->epoll_fd, events, 4, sleep_time(server, next));
                if (read(server->wake_fd, &count, sizeof count) < 0)
                        continue; /* nothing was there */
        }
        return NULL;
}

void server_wake(void *arg)
{
        struct server *server = arg;
        uint64_t one = 1;
        ssize_t written = write(server->wake_fd, &one, sizeof one);

        (void)written; /* the counter cannot be full */
}

/* ---- Opening and closing ---- */

static void on_log(void *arg, const char *fmt, va_list ap)
{
        struct gateway *gateway = arg;
        char text[512];

        vsnprintf(text, sizeof text, fmt, ap);
        text[strcspn(text, "\n")] = '\0';
        pawl_log(gateway->instance, PAWL_LOG_DEBUG, "http: %s", text);
}

static struct MHD_Daemon *start_daemon(struct server *server, const struct server_options *o)
{
        struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)o->certificate},
                                       {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)o->key},
                                       {MHD_OPTION_END, 0, NULL}};
        struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
        unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_TURBO;

        return MHD_start_daemon(flags | (o->certificate != NULL ? MHD_USE_TLS : 0), 0, NULL, NULL, exchange_on_request,
                                server->gateway, MHD_OPTION_EXTERNAL_LOGGER, on_log, server->gateway,
                                MHD_OPTION_LISTEN_SOCKET, o->fd, MHD_OPTION_CONNECTION_LIMIT, o->connections,
                                MHD_OPTION_PER_IP_CONNECTION_LIMIT, o->connections_per_address,
                                MHD_OPTION_CONNECTION_MEMORY_LIMIT, o->header_bytes, MHD_OPTION_NOTIFY_COMPLETED,
                                exchange_on_completed, server->gateway, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
                                server, MHD_OPTION_ARRAY, o->certificate != NULL ? tls : none, MHD_OPTION_END);
}

static bool watch(struct server *server, int fd)
{
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

        return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void close_all(struct server **server)
{
        struct server *s = *server;

        *server = NULL;
        if (s->daemon != NULL)
                MHD_stop_daemon(s->daemon);
        if (s->epoll_fd >= 0)
                close(s->epoll_fd);
        if (s->wake_fd >= 0)
                close(s->wake_fd);
        pthread_cond_destroy(&s->quiet);
        pthread_mutex_destroy(&s->lock);
        free(s);
}

struct server *server_open(struct gateway *gateway, const struct server_options *options, char *error,
                           size_t error_size)
{
        struct server *server = memory_new(1, sizeof *server);

        server->gateway = gateway;
        pthread_mutex_init(&server->lock, NULL);
        pthread_cond_init(&server->quiet, NULL);
        gateway->server = server;
        server->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        server->daemon = start_daemon(server, options);
        if (server->daemon == NULL)
                close(options->fd);
        if (server->daemon != NULL && server->wake_fd >= 0 && server->epoll_fd >= 0 && watch(server, server->wake_fd) &&
            watch(server, MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd))
                return server;
        snprintf(error, error_size, "the HTTP server cannot start (libmicrohttpd %s): %s", MHD_get_version(),
                 strerror(errno));
        close_all(&server);
        gateway->server = NULL;
        return NULL;
}

void server_start(struct server *server)
{
        if (pthread_create(&server->thread, NULL, run, server) != 0)
                abort();
}

void server_quiesce(struct server *server)
{
        atomic_store(&server->order, QUIESCE);
        server_wake(server);
        pthread_mutex_lock(&server->lock);
        while (!server->quiesced)
                pthread_cond_wait(&server->quiet, &server->lock);
        pthread_mutex_unlock(&server->lock);
}

void server_stop(struct server *server)
{
        atomic_store(&server->order, STOP);
        server_wake(server);
        pthread_join(server->thread, NULL);
}

void server_free(struct server **server)
{
        if (*server != NULL)
                close_all(server);
}
