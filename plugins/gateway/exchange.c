#include "exchange.h"

#include "batch.h"
#include "gateway.h"
#include "roles.h"
#include "routes.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define READ_PAST (64 * 1024) /* bodies up to this are read past after a refusal, so that the connection can go on */
#define KEY_MAX   128         /* characters of an Idempotency-Key */

const char *exchange_header(const struct exchange *ex, const char *name)
{
        return MHD_lookup_connection_value(ex->connection, MHD_HEADER_KIND, name);
}

void exchange_problem(struct exchange *ex, unsigned status, const char *fmt, ...)
{
        char text[1024];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        problem_answer(&ex->answer, problem_new(status, ex->path, "%s", text));
}

/* ---- What the headers alone decide ---- */

static bool check_route(struct exchange *ex, const char *method)
{
        char allowed[64];

        ex->route = routes_find(method, ex->path, &ex->id, allowed, sizeof allowed);
        if (ex->route != NULL)
                return true;
        if (allowed[0] == '\0') {
                exchange_problem(ex, 404, "there is nothing under this path; /openapi.json lists what there is");
        } else {
                exchange_problem(ex, 405, "expected %s, found %s", allowed, ex->method);
                answer_header(&ex->answer, "Allow", "%s", allowed);
        }
        return false;
}

static struct token *find_token(struct exchange *ex)
{
        const char *value = exchange_header(ex, "Authorization");
        struct token *token = NULL;

        if (value != NULL && strncasecmp(value, "Bearer ", 7) == 0) {
                value += 7;
                value += strspn(value, " ");
                if (*value != '\0' && ex->gateway->tokens != NULL)
                        token = tokens_find(ex->gateway->tokens, pawl_text(value));
        }
        if (token != NULL)
                return token;
        exchange_problem(ex, 401, "expected a token that is known here, as \"Authorization: Bearer TOKEN\"");
        answer_header(&ex->answer, "WWW-Authenticate",
                      value != NULL ? "Bearer realm=\"pawl\", error=\"invalid_token\"" : "Bearer realm=\"pawl\"");
        return NULL;
}

static bool check_caller(struct exchange *ex)
{
        struct token *token;
        char roles[128];
        int64_t wait;

        if (ex->route->roles == 0)
                return true;
        token = find_token(ex);
        if (token == NULL)
                return false;
        snprintf(ex->caller.name, sizeof ex->caller.name, "%s", token->name);
        ex->caller.role = token->role;
        ex->caller.user_id = token->user_id;
        if (!(token->role & ex->route->roles)) {
                exchange_problem(ex, 403, "expected one of the roles %s, found %s",
                                 roles_text(ex->route->roles, roles, sizeof roles), role_name(token->role));
                return false;
        }
        if (!token_may(token, ex->began, &wait)) {
                exchange_problem(ex, 429, "the token %s may send %g events a second, and has sent more", token->name,
                                 token->rate);
                answer_header(&ex->answer, "Retry-After", "%" PRId64, (wait + PAWL_S(1) - 1) / PAWL_S(1));
                return false;
        }
        token_spend(token, 1);
        return true;
}

/* "application/json; charset=utf-8" is application/json. */
static bool is_type(const char *value, const char *type)
{
        size_t len = strlen(type);

        if (strncasecmp(value, type, len) != 0)
                return false;
        value += len;
        value += strspn(value, " \t");
        return *value == '\0' || *value == ';';
}

static bool check_type(struct exchange *ex)
{
        const char *type = exchange_header(ex, "Content-Type");

        if (!(ex->route->flags & ROUTE_BODY) || (type != NULL && is_type(type, "application/json")))
                return true;
        if ((ex->route->flags & ROUTE_NDJSON) && type != NULL && is_type(type, "application/x-ndjson")) {
                ex->batch = batch_new(ex);
                return true;
        }
        exchange_problem(ex, 415, "Content-Type: expected application/json%s, found %.80s",
                         ex->route->flags & ROUTE_NDJSON ? " or application/x-ndjson" : "",
                         type != NULL ? type : "nothing");
        return false;
}

/* Becomes a part of what is stored, and is shown: printable ASCII, no spaces. */
static bool check_key(struct exchange *ex)
{
        const char *key = exchange_header(ex, "Idempotency-Key");
        size_t len = key != NULL ? strlen(key) : 0;

        if (key == NULL || !(ex->route->flags & ROUTE_PUBLISH))
                return true;
        for (size_t i = 0; i < len; i++)
                if ((unsigned char)key[i] <= ' ' || (unsigned char)key[i] >= 0x7f)
                        len = 0;
        if (len == 0 || len > KEY_MAX) {
                exchange_problem(ex, 400, "Idempotency-Key: expected 1 to %d printable ASCII characters without spaces",
                                 KEY_MAX);
                return false;
        }
        ex->idempotency_key = pawl_text(key); /* lives as long as the request */
        return true;
}

static bool too_large(struct exchange *ex)
{
        exchange_problem(ex, 413, "expected a body of at most %zu bytes, found more", ex->gateway->limits.body);
        return false;
}

/* What the request says of its body's length; UINT64_MAX: nothing. */
static uint64_t announced(const struct exchange *ex)
{
        const char *length = exchange_header(ex, "Content-Length");

        if (length != NULL)
                return strtoull(length, NULL, 10);
        return exchange_header(ex, "Transfer-Encoding") != NULL ? UINT64_MAX : 0;
}

static bool check_length(struct exchange *ex)
{
        uint64_t length = announced(ex);

        return length == UINT64_MAX || length <= ex->gateway->limits.body || too_large(ex);
}

static void check_headers(struct exchange *ex, const char *method)
{
        if (check_route(ex, method) && check_caller(ex) && check_length(ex) && check_type(ex))
                check_key(ex);
}

/* ---- The answer ---- */

static void count(struct exchange *ex)
{
        struct pawl_instance *instance = ex->gateway->instance;
        unsigned status = ex->answer.status;
        int64_t took = pawl_monotonic(instance) - ex->began;

        pawl_metric_add(instance, status >= 500 ? METRIC_5XX : status >= 400 ? METRIC_4XX : METRIC_2XX, 1);
        pawl_metric_observe(instance, METRIC_SECONDS, took);
        pawl_log(instance, PAWL_LOG_DEBUG, "%s %.200s: %u in %.1f ms, %s, %zu bytes in, %zu out", ex->method, ex->path,
                 status, (double)took / 1e6, ex->caller.name[0] != '\0' ? ex->caller.name : "nobody", ex->received,
                 ex->answer.len);
}

static enum MHD_Result send_answer(struct exchange *ex)
{
        struct answer *a = &ex->answer;
        struct MHD_Response *response = MHD_create_response_from_buffer(a->len, a->body, MHD_RESPMEM_MUST_FREE);
        enum MHD_Result result;

        if (response == NULL)
                return MHD_NO;
        a->body = NULL; /* the response's now */
        MHD_add_response_header(response, "Content-Type", a->type);
        MHD_add_response_header(response, "Cache-Control", "no-store");
        for (size_t i = 0; i < a->header_count; i++)
                MHD_add_response_header(response, a->headers[i].name, a->headers[i].value);
        if (server_closing(ex->gateway->server))
                MHD_add_response_header(response, "Connection", "close");
        server_enter(ex->gateway->server, ex->peer, PEER_READING);
        result = MHD_queue_response(ex->connection, a->status, response);
        MHD_destroy_response(response);
        count(ex);
        return result;
}

void exchange_done(struct exchange *ex)
{
        if (!ex->suspended)
                return;
        ex->suspended = false;
        MHD_resume_connection(ex->connection);
}

/* ---- From libmicrohttpd ---- */

static enum MHD_Result begin(struct gateway *gateway, struct MHD_Connection *connection, const char *url,
                             const char *method, void **memory)
{
        struct exchange *ex = memory_new(1, sizeof *ex);

        *memory = ex;
        gateway->in_flight++;
        ex->gateway = gateway;
        ex->connection = connection;
        ex->peer = server_peer(connection);
        ex->peer->used = true;
        ex->path = memory_text(url, strlen(url));
        ex->began = pawl_monotonic(gateway->instance);
        snprintf(ex->method, sizeof ex->method, "%s", method);
        server_enter(gateway->server, ex->peer, PEER_SENDING);
        check_headers(ex, method);
        /* A body that is long, or waits for a "100 Continue", is not read: the connection ends with the answer. */
        if (ex->answer.status != 0 && (announced(ex) > READ_PAST || exchange_header(ex, "Expect") != NULL))
                return send_answer(ex);
        return MHD_YES;
}

/* A part of the body. */
static enum MHD_Result take(struct exchange *ex, const char *bytes, size_t len)
{
        size_t limit = ex->gateway->limits.body;

        ex->received += len;
        if (ex->received > limit && ex->answer.status == 0)
                too_large(ex);
        if (ex->received > limit + READ_PAST)
                return MHD_NO; /* he was not asked for so much, and does not stop */
        if (ex->answer.status != 0)
                return MHD_YES;
        if (ex->batch != NULL)
                batch_take(ex->batch, bytes, len);
        else
                text_add(&ex->body, bytes, len);
        return MHD_YES;
}

enum MHD_Result exchange_on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                                    const char *version, const char *upload, size_t *upload_size, void **memory)
{
        struct exchange *ex = *memory;
        size_t len = *upload_size;

        (void)version;
        if (ex == NULL)
                return begin(arg, connection, url, method, memory);
        *upload_size = 0;
        if (len > 0)
                return take(ex, upload, len);
        if (ex->answer.status == 0 && !ex->ran) {
                ex->ran = true;
                server_enter(ex->gateway->server, ex->peer, PEER_RESTING);
                ex->route->run(ex);
        }
        if (ex->answer.status != 0)
                return send_answer(ex);
        ex->suspended = true;
        MHD_suspend_connection(connection);
        return MHD_YES;
}

void exchange_on_completed(void *arg, struct MHD_Connection *connection, void **memory,
                           enum MHD_RequestTerminationCode how)
{
        struct exchange *ex = *memory;
        struct gateway *gateway = arg;

        (void)connection;
        (void)how;
        *memory = NULL;
        if (ex == NULL)
                return;
        gateway->in_flight--;
        if (ex->submission != NULL)
                ex->submission->exchange = NULL; /* it goes on without him */
        server_enter(gateway->server, ex->peer, PEER_WAITING);
        batch_free(&ex->batch);
        answer_clear(&ex->answer);
        text_free(&ex->body);
        free(ex->path);
        free(ex);
}
