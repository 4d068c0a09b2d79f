#include "master/admin_private.h"
#include "master/master_private.h"
#include "master/reload.h"
#include "master/status.h"

#include <stdlib.h>
#include <string.h>

static void get_status(struct master *m, struct request *request, const char *rest)
{
        (void)rest;
        admin_answer_json(request, MHD_HTTP_OK, status_json(m));
}

static void get_metrics(struct master *m, struct request *request, const char *rest)
{
        struct buf text = {0};

        (void)rest;
        metrics_text(m, &text);
        admin_answer(request, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", &text);
}

static void get_healthz(struct master *m, struct request *request, const char *rest)
{
        struct buf text = {0};
        bool healthy = status_healthy(m, &text);

        (void)rest;
        if (healthy)
                buf_add_text(&text, "ok\n");
        admin_answer(request, healthy ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", &text);
}

struct waiting {
        struct admin *admin;
        struct request *request;
};

static void on_reloaded(void *arg, const json_t *outcome)
{
        struct waiting *waiting = arg;
        struct request *request = admin_find(waiting->admin, waiting->request);

        free(waiting);
        if (request == NULL)
                return;
        admin_answer_json(request, json_is_true(json_object_get(outcome, "ok")) ? MHD_HTTP_OK : MHD_HTTP_CONFLICT,
                          json_deep_copy(outcome));
        admin_resume(request);
}

static void post_reload(struct master *m, struct request *request, const char *rest)
{
        const char *only = MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, "plugin");
        struct waiting *waiting;

        (void)rest;
        if (m->state == MASTER_STOPPING) {
                admin_answer_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "pawld is stopping");
                return;
        }
        waiting = malloc(sizeof *waiting);
        if (waiting == NULL) {
                admin_answer_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory");
                return;
        }
        *waiting = (struct waiting){.admin = request->admin, .request = request};
        request->kind = REQUEST_RELOAD;
        reload_request(m->reloads, only, on_reloaded, waiting);
}

static void post_drain(struct master *m, struct request *request, const char *rest)
{
        (void)rest;
        request->kind = REQUEST_DRAIN; /* answered by admin_drained, which may come within the next line */
        master_stop(m, "drain, asked for over the admin socket");
}

static void post_log_level(struct master *m, struct request *request, const char *rest)
{
        json_t *body = json_loadb(request->body.data != NULL ? request->body.data : "", request->body.len,
                                  JSON_REJECT_DUPLICATES, NULL);
        const char *text = json_string_value(json_object_get(body, "level"));
        enum log_level level;

        (void)rest;
        if (text != NULL && log_level_parse(text, &level)) {
                master_log_level(m, level);
                admin_answer_json(request, MHD_HTTP_OK, json_pack("{ss}", "level", log_level_name(level)));
        } else {
                admin_answer_error(request, MHD_HTTP_BAD_REQUEST,
                                   "expected {\"level\": \"debug\"}, or info, warn, error; found %s%s%s",
                                   text != NULL ? "\"" : "", text != NULL ? text : "no such member",
                                   text != NULL ? "\"" : "");
        }
        json_decref(body);
}

static bool argv_valid(const json_t *argv)
{
        size_t i;
        const json_t *word;

        if (!json_is_array(argv) || json_array_size(argv) == 0)
                return false;
        json_array_foreach(argv, i, word) if (!json_is_string(word)) return false;
        return true;
}

static void on_output(void *arg)
{
        admin_resume(arg); /* the command ends with its request, never after it */
}

static void run_command(struct master *m, struct request *request, const struct hosted *hosted, json_t *argv)
{
        const char *text = MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, "instance");
        unsigned long instance = text != NULL ? strtoul(text, NULL, 10) : 0;
        struct pawl_error err = {0};

        if (instance >= hosted->seat_count) {
                admin_answer_error(request, MHD_HTTP_NOT_FOUND, "plugin %s has %zu instances, from 0; found %s",
                                   hosted->name, hosted->seat_count, text != NULL ? text : "0");
                return;
        }
        request->command = command_start(m->commands, hosted->seats[instance], argv, on_output, request, &err);
        if (request->command != NULL)
                admin_answer_stream(request);
        else
                admin_answer_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "%s", err.text);
}

/* /v1/plugins/NAME/commands */
static void post_command(struct master *m, struct request *request, const char *rest)
{
        const char *slash = strchr(rest, '/');
        char name[128] = "";
        const struct hosted *hosted;
        json_t *body;

        if (slash == NULL || strcmp(slash, "/commands") != 0 || (size_t)(slash - rest) >= sizeof name) {
                admin_answer_error(request, MHD_HTTP_NOT_FOUND, "expected /v1/plugins/NAME/commands");
                return;
        }
        memcpy(name, rest, (size_t)(slash - rest));
        hosted = master_plugin(m, name);
        if (hosted == NULL) {
                admin_answer_error(request, MHD_HTTP_NOT_FOUND, "no plugin of the name %s runs", name);
                return;
        }
        body = json_loadb(request->body.data != NULL ? request->body.data : "", request->body.len,
                          JSON_REJECT_DUPLICATES, NULL);
        if (argv_valid(json_object_get(body, "argv")))
                run_command(m, request, hosted, json_object_get(body, "argv"));
        else
                admin_answer_error(request, MHD_HTTP_BAD_REQUEST,
                                   "expected {\"argv\": [\"COMMAND\", \"ARGUMENT\", ...]} with texts only");
        json_decref(body);
}

static const struct route {
        const char *method;
        const char *path; /* one that ends with a slash is the beginning of a longer one */
        void (*take)(struct master *m, struct request *request, const char *rest);
} routes[] = {
    {"GET", "/v1/status", get_status},      {"GET", "/metrics", get_metrics},
    {"GET", "/healthz", get_healthz},       {"POST", "/v1/reload", post_reload},
    {"POST", "/v1/drain", post_drain},      {"POST", "/v1/log-level", post_log_level},
    {"POST", "/v1/plugins/", post_command},
};

static bool path_matches(const struct route *route, const char *path)
{
        size_t len = strlen(route->path);

        return route->path[len - 1] == '/' ? strncmp(path, route->path, len) == 0 : strcmp(path, route->path) == 0;
}

void admin_route(struct master *m, struct request *request, const char *method, const char *path)
{
        const struct route *found = NULL;

        if (strcmp(method, "HEAD") == 0)
                method = "GET";
        for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
                if (path_matches(&routes[i], path))
                        found = &routes[i];
        if (found == NULL) {
                admin_answer_error(request, MHD_HTTP_NOT_FOUND, "no such page: %s", path);
        } else if (strcmp(found->method, method) != 0) {
                admin_answer_error(request, MHD_HTTP_METHOD_NOT_ALLOWED, "%s takes %s, found %s", path, found->method,
                                   method);
                MHD_add_response_header(request->response, MHD_HTTP_HEADER_ALLOW, found->method);
        } else if (!request->local && strcmp(method, "GET") != 0) {
                /* Nobody has proved who he is there, and a web page can make a browser send a POST. */
                admin_answer_error(request, MHD_HTTP_FORBIDDEN, "%s %s is for the unix socket only", method, path);
        } else {
                found->take(m, request, path + strlen(found->path));
        }
}
