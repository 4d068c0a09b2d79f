#include "master/admin_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "config/config.h"
#include "master/json_text.h"
#include "master/master_private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BODY_MAX         65536
#define CONNECTIONS_MAX  64
#define IDLE_SECONDS     30u
#define CONNECTION_BYTES (128 * 1024)
#define LAST_ANSWER_WAIT CLOCK_S
#define STREAM_BLOCK     16384

/* One socket and its daemon. */
struct listener {
        struct admin *admin;
        struct MHD_Daemon *daemon;
        struct loop_watch watch;
        struct loop_timer timer;
        bool local;
};

struct admin {
        struct master *m;
        char *socket_path;
        struct listener listeners[2];
        size_t listener_count;
        struct request *requests;
        int64_t drained; /* clock_now(); 0: not yet */
        bool closing;
};

static void serve(void *arg)
{
        struct listener *l = arg;
        struct loop *loop = l->admin->m->loop;
        MHD_UNSIGNED_LONG_LONG ms;

        MHD_run(l->daemon);
        if (MHD_get_timeout(l->daemon, &ms) == MHD_YES)
                loop_arm(loop, &l->timer, clock_now() + (ms < 1000 ? (int64_t)ms : 1000) * CLOCK_MS + 1, serve, l);
        else
                loop_disarm(loop, &l->timer);
}

struct request *admin_find(struct admin *admin, const struct request *request)
{
        struct request *at = admin->requests;

        while (at != NULL && at != request)
                at = at->next;
        return at;
}

void admin_resume(struct request *request)
{
        if (!request->suspended)
                return;
        request->suspended = false;
        MHD_resume_connection(request->connection);
        for (size_t i = 0; i < request->admin->listener_count; i++) {
                struct listener *l = &request->admin->listeners[i];

                if (l->local == request->local)
                        loop_arm(request->admin->m->loop, &l->timer, clock_now(), serve, l);
        }
}

static void suspend(struct request *request)
{
        if (request->suspended)
                return;
        request->suspended = true;
        MHD_suspend_connection(request->connection);
}

/* -- answers */

void admin_answer(struct request *request, unsigned status, const char *type, struct buf *body)
{
        size_t len;
        char *bytes = buf_take(body, &len);

        if (request->response != NULL)
                MHD_destroy_response(request->response);
        request->response = MHD_create_response_from_buffer(len, bytes, MHD_RESPMEM_MUST_FREE);
        request->status = status;
        MHD_add_response_header(request->response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
        MHD_add_response_header(request->response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
}

void admin_answer_json(struct request *request, unsigned status, json_t *json)
{
        char *text = json_dumps(json, JSON_INDENT(2));
        struct buf body = {0};

        json_decref(json);
        buf_printf(&body, "%s\n", text != NULL ? text : "{}");
        free(text);
        admin_answer(request, status, "application/json", &body);
}

void admin_answer_error(struct request *request, unsigned status, const char *fmt, ...)
{
        struct buf text = {0};
        va_list ap;

        va_start(ap, fmt);
        buf_vprintf(&text, fmt, ap);
        va_end(ap);
        admin_answer_json(request, status, json_pack("{so}", "error", json_text(text.data)));
        buf_free(&text);
}

static ssize_t read_stream(void *arg, uint64_t position, char *out, size_t max)
{
        struct request *request = arg;
        ptrdiff_t n = request->command != NULL ? command_read(request->command, out, max) : -1;

        (void)position;
        if (n < 0)
                return MHD_CONTENT_READER_END_OF_STREAM;
        if (n == 0)
                suspend(request);
        return n;
}

void admin_answer_stream(struct request *request)
{
        request->kind = REQUEST_COMMAND;
        request->status = MHD_HTTP_OK;
        request->response =
            MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, request, NULL);
        MHD_add_response_header(request->response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/x-ndjson");
}

/* -- requests */

static struct request *new_request(struct listener *l, struct MHD_Connection *connection)
{
        struct request *request = memory_zero(1, sizeof *request);

        request->admin = l->admin;
        request->connection = connection;
        request->local = l->local;
        request->next = l->admin->requests;
        l->admin->requests = request;
        return request;
}

static enum MHD_Result send_response(struct request *request)
{
        enum MHD_Result result = MHD_queue_response(request->connection, request->status, request->response);

        MHD_destroy_response(request->response);
        request->response = NULL;
        return result;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_size, void **memory)
{
        struct listener *l = arg;
        struct request *request = *memory;

        (void)version;
        if (request == NULL) {
                *memory = new_request(l, connection);
                return MHD_YES;
        }
        if (*upload_size > 0) {
                request->too_large = request->too_large || request->body.len + *upload_size > BODY_MAX;
                if (!request->too_large)
                        buf_add(&request->body, upload, *upload_size);
                *upload_size = 0;
                return MHD_YES;
        }
        if (!request->begun) {
                request->begun = true;
                if (l->admin->closing)
                        admin_answer_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "pawld is stopping");
                else if (request->too_large)
                        admin_answer_error(request, MHD_HTTP_CONTENT_TOO_LARGE, "expected a body of at most %d bytes",
                                           BODY_MAX);
                else
                        admin_route(l->admin->m, request, method, url);
        }
        if (request->response != NULL)
                return send_response(request);
        suspend(request);
        return MHD_YES;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **memory,
                         enum MHD_RequestTerminationCode how)
{
        struct listener *l = arg;
        struct request *request = *memory, **at = &l->admin->requests;

        (void)connection;
        (void)how;
        *memory = NULL;
        if (request == NULL)
                return;
        while (*at != request)
                at = &(*at)->next;
        *at = request->next;
        command_end(&request->command);
        if (request->response != NULL)
                MHD_destroy_response(request->response);
        buf_free(&request->body);
        free(request);
}

/* -- opening and closing */

static void on_mhd_log(void *arg, const char *fmt, va_list ap)
{
        const struct log_line line = {.level = LOG_LEVEL_DEBUG};

        (void)arg;
        log_vwrite(&line, fmt, ap);
}

static bool open_listener(struct admin *admin, int fd, bool local, struct pawl_error *err)
{
        struct listener *l = &admin->listeners[admin->listener_count];
        const union MHD_DaemonInfo *info;

        *l = (struct listener){.admin = admin, .local = local};
        l->daemon =
            MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, l,
                             MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
                             MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
                             MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_NOTIFY_COMPLETED,
                             on_completed, l, MHD_OPTION_END);
        if (l->daemon == NULL) {
                close(fd);
                return error_set(err, "the admin interface cannot start (libmicrohttpd %s)", MHD_get_version());
        }
        admin->listener_count++;
        info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD);
        return loop_watch(admin->m->loop, &l->watch, info->epoll_fd, serve, l, err);
}

static bool open_sockets(struct admin *admin, const struct config *cfg, struct pawl_error *err)
{
        int fd = sockets_unix(cfg->admin_socket, 0660, err);

        if (fd < 0)
                return error_prefix(err, "admin socket");
        admin->socket_path = memory_string(cfg->admin_socket);
        if (!open_listener(admin, fd, true, err))
                return false;
        if (cfg->admin_listen == NULL)
                return true;
        fd = sockets_tcp(cfg->admin_host, cfg->admin_port, err);
        return fd >= 0 ? open_listener(admin, fd, false, err) : error_prefix(err, "admin.listen");
}

struct admin *admin_open(struct master *m, const struct config *cfg, struct pawl_error *err)
{
        struct admin *admin = memory_zero(1, sizeof *admin);

        admin->m = m;
        if (!open_sockets(admin, cfg, err))
                admin_close(&admin);
        return admin;
}

void admin_drained(struct admin *admin)
{
        admin->drained = clock_now();
        for (struct request *r = admin->requests; r != NULL; r = r->next) {
                if (r->kind != REQUEST_DRAIN)
                        continue;
                admin_answer_json(r, MHD_HTTP_OK, json_pack("{sb}", "ok", admin->m->exit_status == 0));
                admin_resume(r);
        }
}

bool admin_busy(const struct admin *admin)
{
        if (admin->drained == 0 || clock_now() - admin->drained > LAST_ANSWER_WAIT)
                return false;
        for (const struct request *r = admin->requests; r != NULL; r = r->next)
                if (r->kind == REQUEST_DRAIN || r->kind == REQUEST_RELOAD)
                        return true;
        return false;
}

void admin_close(struct admin **admin)
{
        struct admin *a = *admin;

        *admin = NULL;
        if (a == NULL)
                return;
        a->closing = true;
        for (struct request *r = a->requests; r != NULL; r = r->next) {
                if (r->response == NULL && r->command == NULL)
                        admin_answer_error(r, MHD_HTTP_SERVICE_UNAVAILABLE, "pawld is stopping");
                command_end(&r->command);
                admin_resume(r);
        }
        for (size_t i = 0; i < a->listener_count; i++) {
                loop_unwatch(a->m->loop, &a->listeners[i].watch);
                loop_disarm(a->m->loop, &a->listeners[i].timer);
                MHD_run(a->listeners[i].daemon);
                MHD_stop_daemon(a->listeners[i].daemon);
        }
        if (a->socket_path != NULL)
                unlink(a->socket_path);
        free(a->socket_path);
        free(a);
}
