/*
 * gateway: how callers reach the bus. HTTP in, events out; "yes" is said when the broker has acknowledged.
 */
#include "gateway.h"

#include "numbers.h"
#include "sending.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BATCH_EVENTS 1000
#define BATCH_BYTES  (8 * 1024 * 1024)
#define TOKENS_EVERY PAWL_S(1)
#define PEM_MAX      (1024 * 1024)

static const struct pawl_metric metrics[] = {
    [METRIC_2XX] = PAWL_METRIC(PAWL_COUNTER, "responses_2xx", "", "answers that say yes"),
    [METRIC_4XX] = PAWL_METRIC(PAWL_COUNTER, "responses_4xx", "", "answers that say what the caller must change"),
    [METRIC_5XX] = PAWL_METRIC(PAWL_COUNTER, "responses_5xx", "", "answers that say what is wrong here"),
    [METRIC_SECONDS] =
        PAWL_METRIC(PAWL_HISTOGRAM, "request_seconds", "seconds", "from a request's headers to its answer"),
    [METRIC_IN_FLIGHT] = PAWL_METRIC(PAWL_GAUGE, "in_flight", "", "requests that are being worked on"),
    [METRIC_CONNECTIONS] = PAWL_METRIC(PAWL_GAUGE, "connections", "", "connections that are open"),
    [METRIC_EVENTS] =
        PAWL_METRIC(PAWL_COUNTER, "events_published", "", "events of requests that were answered with yes"),
    [METRIC_REPLAYED] = PAWL_METRIC(PAWL_COUNTER, "replayed", "", "repeats that got the first answer"),
};

static const struct pawl_setting id_fields[] = {
    PAWL_SETTING_INT("first", "0", "0..", "The first number."),
    PAWL_SETTING_INT("last", "0", "0..", "The last number."),
};

static const struct pawl_setting settings[] = {
    PAWL_SETTING_PLAIN(PAWL_TYPE_PATH, 0, "tokens",
                       "File with the callers' tokens, a line each; without it every caller is refused."),
    PAWL_SETTING_PLAIN(PAWL_TYPE_PATH, 0, "certificate",
                       "Certificate chain (PEM) for TLS; without it plain HTTP is spoken."),
    PAWL_SETTING_PLAIN(PAWL_TYPE_PATH, 0, "key", "Private key (PEM) of the certificate."),
    PAWL_SETTING_TABLE(0, "request_ids", id_fields,
                       "Range of this host's own from which requests without a request_id are numbered; 0 to 0: none."),
    PAWL_SETTING_DURATION("ack_timeout", "10s", "100ms..5min",
                          "How long a caller waits for the bus; then he is told that it is not known."),
    PAWL_SETTING_SIZE("max_body", "10MiB", "1KiB..1GiB", "Largest body of a request."),
    PAWL_SETTING_INT("max_events", "20000", "1..1000000", "Most events of one NDJSON body."),
    PAWL_SETTING_SIZE("max_header", "32KiB", "4KiB..1MiB", "Memory of a connection for a request's line and headers."),
    PAWL_SETTING_INT("connections", "512", "1..100000", "Connections that may be open."),
    PAWL_SETTING_INT("connections_per_address", "256", "1..100000", "Connections that one address may have open."),
    PAWL_SETTING_DURATION("request_time", "30s", "100ms..1h",
                          "How long a request's body may take to arrive, and its answer to be taken."),
    PAWL_SETTING_DURATION("idle_time", "30s", "100ms..1h",
                          "How long a connection may be open without a whole request's headers."),
};

/* ---- Tokens ---- */

static int64_t stamp_of(const char *path)
{
        struct stat st;

        if (stat(path, &st) != 0)
                return -1;
        return PAWL_S((int64_t)st.st_mtim.tv_sec) + st.st_mtim.tv_nsec + (int64_t)st.st_size + (int64_t)st.st_ino;
}

/* A file that was changed is read again; one with a fault in it changes nothing. */
static void look_at_tokens(struct gateway *gw, int64_t now)
{
        struct tokens *tokens;
        char error[1024];
        int64_t stamp;

        if (now - gw->tokens_looked < TOKENS_EVERY)
                return;
        gw->tokens_looked = now;
        if (gw->tokens_path == NULL)
                return;
        stamp = stamp_of(gw->tokens_path);
        if (stamp == gw->tokens_stamp)
                return;
        gw->tokens_stamp = stamp;
        tokens = tokens_read(gw->tokens_path, error, sizeof error);
        if (tokens == NULL) {
                pawl_log(gw->instance, PAWL_LOG_ERROR, "tokens are not read again, the old ones hold: %s", error);
                pawl_health(gw->instance, PAWL_HEALTH_DEGRADED, "tokens: %s", error);
                return;
        }
        pawl_log(gw->instance, PAWL_LOG_INFO, "%s: %zu tokens", gw->tokens_path, tokens->count);
        if (tokens->count > 0)
                pawl_health(gw->instance, PAWL_HEALTH_OK, "%zu tokens", tokens->count);
        else
                pawl_health(gw->instance, PAWL_HEALTH_DEGRADED, "no tokens: every caller is refused");
        tokens_keep_levels(tokens, gw->tokens);
        tokens_free(&gw->tokens);
        gw->tokens = tokens;
}

/* ---- The http thread ---- */

int64_t gateway_serve(struct gateway *gw, int64_t now)
{
        int64_t next;

        look_at_tokens(gw, now);
        replay_serve(gw->replay, sending_reserved, gw);
        numbers_serve(gw);
        sending_give_up(gw, now);
        next = bus_serve(gw->bus, now);
        return next < gw->tokens_looked + TOKENS_EVERY ? next : gw->tokens_looked + TOKENS_EVERY;
}

const char *gateway_trouble(const struct gateway *gw, char *out, size_t size)
{
        struct pawl_str kafka = pawl_about_kafka(gw->instance);

        out[0] = '\0';
        if (server_closing(gw->server))
                snprintf(out, size, "the gateway is being replaced");
        else if (bus_away(gw->bus))
                snprintf(out, size, "the bus does not acknowledge");
        else if (kafka.ptr != NULL)
                snprintf(out, size, "Kafka: %s", kafka.ptr);
        return out;
}

static void wake(void *arg)
{
        struct gateway *gw = arg;

        server_wake(gw->server);
}

/* ---- Life ---- */

static char *read_pem(struct pawl_instance *instance, const char *setting)
{
        struct pawl_str path = pawl_setting_string(instance, setting);
        FILE *file = path.ptr != NULL ? fopen(path.ptr, "re") : NULL;
        struct text text = {0};
        char part[4096];
        size_t len;

        if (path.ptr == NULL)
                return NULL;
        while (file != NULL && text.len < PEM_MAX && (len = fread(part, 1, sizeof part, file)) > 0)
                text_add(&text, part, len);
        if (file == NULL || text.len == 0)
                pawl_fail(instance, "%s: %s: %s", setting, path.ptr, file == NULL ? strerror(errno) : "it is empty");
        if (file != NULL)
                fclose(file);
        return text.data;
}

/* Both or neither; read in create, so that what is missing refuses a reload and not a start. */
static bool read_tls(struct gateway *gw)
{
        bool certificate = pawl_setting_string(gw->instance, "certificate").ptr != NULL;
        bool key = pawl_setting_string(gw->instance, "key").ptr != NULL;

        if (certificate != key)
                return pawl_fail(gw->instance, "%s: expected together with %s", certificate ? "certificate" : "key",
                                 certificate ? "key" : "certificate");
        gw->certificate = read_pem(gw->instance, "certificate");
        gw->key = gw->certificate != NULL ? read_pem(gw->instance, "key") : NULL;
        return !certificate || (gw->certificate != NULL && gw->key != NULL);
}

static bool read_settings(struct gateway *gw)
{
        struct pawl_instance *in = gw->instance;
        const struct pawl_value *ids = pawl_setting_value(in, "request_ids");
        struct pawl_str tokens = pawl_setting_string(in, "tokens");

        gw->limits = (struct limits){.body = (size_t)pawl_setting_int(in, "max_body"),
                                     .events = (size_t)pawl_setting_int(in, "max_events"),
                                     .request_time = pawl_setting_int(in, "request_time"),
                                     .idle_time = pawl_setting_int(in, "idle_time")};
        gw->numbers.first = pawl_value_int(in, pawl_value_member(in, ids, "first"));
        gw->numbers.last = pawl_value_int(in, pawl_value_member(in, ids, "last"));
        if (gw->numbers.last < gw->numbers.first)
                return pawl_fail(in,
                                 "request_ids: expected a last that is not below first, found %" PRId64 " and %" PRId64,
                                 gw->numbers.last, gw->numbers.first);
        if (gw->numbers.last == 0)
                gw->numbers.last = -1;
        if (tokens.ptr != NULL)
                gw->tokens_path = memory_text(tokens.ptr, tokens.len);
        return read_tls(gw);
}

static bool check_files(struct gateway *gw)
{
        struct pawl_str dir = pawl_about_state_dir(gw->instance);
        struct text path = {0};
        char error[1024] = "";

        text_printf(&path, "%s/answers.db", dir.ptr);
        gw->journal_path = path.data;
        path = (struct text){0};
        text_printf(&path, "%s/requests.db", dir.ptr);
        gw->model_path = path.data;
        if (gw->tokens_path != NULL) {
                gw->tokens_stamp = stamp_of(gw->tokens_path);
                gw->tokens = tokens_read(gw->tokens_path, error, sizeof error);
                if (gw->tokens == NULL)
                        return pawl_fail(gw->instance, "tokens: %s", error);
        }
        if (!journal_check(gw->journal_path, error, sizeof error) || !model_check(gw->model_path, error, sizeof error))
                return pawl_fail(gw->instance, "%s", error);
        return true;
}

static void gateway_destroy(void *self)
{
        struct gateway *gw = self;

        tokens_free(&gw->tokens);
        free(gw->tokens_path);
        free(gw->certificate);
        free(gw->key);
        free(gw->journal_path);
        free(gw->model_path);
        model_free(&gw->model);
        /* Not before: callbacks of what was published may come until now, and wake the server. */
        server_free(&gw->server);
        bus_free(&gw->bus);
        free(gw);
}

static bool gateway_create(struct pawl_instance *instance, void **self)
{
        struct gateway *gw = memory_new(1, sizeof *gw);

        gw->instance = instance;
        if (!read_settings(gw) || !check_files(gw)) {
                gateway_destroy(gw);
                return false;
        }
        gw->model = model_new(gw->model_path);
        *self = gw;
        return true;
}

static void open_model(struct gateway *gw)
{
        char error[512];

        if (!model_open(gw->model, error, sizeof error, NULL))
                pawl_log(gw->instance, PAWL_LOG_ERROR, "the read model cannot be opened yet: %s", error);
}

static void gateway_start(void *self)
{
        struct gateway *gw = self;
        struct bus_hooks hooks = {.arg = gw, .wake = wake, .concluded = sending_concluded, .late = sending_late};
        struct pawl_instance *in = gw->instance;
        struct server_options options = {
            .fd = pawl_listen(in, "http"),
            .connections = (unsigned)pawl_setting_int(in, "connections"),
            .connections_per_address = (unsigned)pawl_setting_int(in, "connections_per_address"),
            .header_bytes = (size_t)pawl_setting_int(in, "max_header"),
            .certificate = gw->certificate,
            .key = gw->key,
        };
        char error[512];

        open_model(gw);
        gw->bus = bus_new(in, pawl_setting_int(in, "ack_timeout"), &hooks);
        if (server_open(gw, &options, error, sizeof error) == NULL) {
                pawl_log(in, PAWL_LOG_ERROR, "%s", error);
                pawl_health(in, PAWL_HEALTH_DOWN, "%s", error);
                return;
        }
        gw->journal = journal_open(in, gw->journal_path, wake, gw);
        numbers_serve(gw);
        journal_start(gw->journal);
        gw->replay = replay_new(in, gw->journal);
        gw->reader = model_reader_new(gw->model_path);
        if (gw->tokens == NULL || gw->tokens->count == 0)
                pawl_log(in, PAWL_LOG_WARN, "there are no tokens: every caller is refused");
        server_start(gw->server);
}

static void gateway_quiesce(void *self)
{
        struct gateway *gw = self;

        if (gw->server != NULL)
                server_quiesce(gw->server);
}

/* The files are let go here, for the successor. */
static void gateway_stop(void *self)
{
        struct gateway *gw = self;

        if (gw->server != NULL)
                server_stop(gw->server);
        journal_stop(&gw->journal, gw->numbers.first, numbers_left(gw));
        replay_free(&gw->replay);
        while (gw->reserving != NULL) {
                struct submission *next = gw->reserving->next;

                submission_free(&gw->reserving);
                gw->reserving = next;
        }
        model_reader_free(&gw->reader);
        model_free(&gw->model);
}

static uint32_t on_events(struct pawl_ctx *ctx, const struct pawl_event *const *events, uint32_t count,
                          pawl_result *rest, void *self)
{
        struct gateway *gw = self;

        return model_take(gw->model, ctx, events, count, rest);
}

#define ON(type) PAWL_ON_BATCH(type, on_events, PAWL_SERIAL, BATCH_EVENTS, BATCH_BYTES, 0)

/* Two calls at a time at most: of three threads one is always free for callbacks, which callers wait for. */
static const struct pawl_handler handlers[] = {
    ON("request.*"),
    ON("workflow.*"),
};

static const struct pawl_command commands[] = {
    PAWL_COMMAND("token", "new NAME --role ROLE --user N [--rate N] [--burst N]",
                 "make a token, and the line for the tokens file", tokens_command),
};

static const struct pawl_need needs[] = {
    PAWL_NEED(PAWL_NEED_SOCKET, "http", "where callers connect: listen = { http = \"0.0.0.0:8000\"; }"),
};

static const struct pawl_plugin gateway = {
    PAWL_DESCRIPTOR("gateway", "1.0.0"),
    .handlers = PAWL_ARRAY(handlers),
    .settings = PAWL_ARRAY(settings),
    .metrics = PAWL_ARRAY(metrics),
    .commands = PAWL_ARRAY(commands),
    .needs = PAWL_ARRAY(needs),
    .create = gateway_create,
    .start = gateway_start,
    .quiesce = gateway_quiesce,
    .stop = gateway_stop,
    .destroy = gateway_destroy,
};

PAWL_EXPORT(gateway);
