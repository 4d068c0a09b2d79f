#include "worker/api.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "worker/api_private.h"
#include "worker/emit_make.h"
#include "worker/event_index.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#define API_MAGIC 0x61706921u

#define PUBLISH_COUNT 10000
#define PUBLISH_BYTES (16 * 1024 * 1024)

/* The UUID within which each plugin has its own; made up once, and part of every derived id ever since. */
static const uuid_t pawl_space = {0x6b, 0x1d, 0x55, 0x0e, 0x8c, 0x5f, 0x4f, 0x0a,
                                  0x9d, 0x3e, 0x70, 0x61, 0x77, 0x6c, 0x2e, 0x31};

/* The array of the scoreboard in which this thread counts. */
static _Thread_local unsigned thread_writer = UINT32_MAX;

void api_thread_writer(unsigned writer)
{
        thread_writer = writer;
}

static unsigned writer_of(const struct scoreboard *sb)
{
        return thread_writer <= sb->threads ? thread_writer : scoreboard_other(sb);
}

struct api *api_of(const struct plugin_instance *in)
{
        const struct api_instance *data = in->host_data;

        return data->api;
}

/* ---- the instance's functions ---- */

static void api_fail(struct pawl_instance *instance, const char *fmt, va_list ap)
{
        struct plugin_instance *in = plugin_instance_of(instance);

        if (in->failure != NULL)
                vsnprintf(in->failure->text, sizeof in->failure->text, fmt, ap);
}

static struct pawl_str api_about(struct pawl_instance *instance, uint32_t attribute)
{
        const struct api *api = api_data(instance)->api;

        switch (attribute) {
        case PAWL_ABOUT_NAME:
                return pawl_text(api->plugin);
        case PAWL_ABOUT_STATE_DIR:
                return pawl_text(api->state_dir);
        case PAWL_ABOUT_HOST_ID:
                return pawl_text(api->host_id);
        case PAWL_ABOUT_INSTANCE:
                return pawl_text(api->instance);
        case PAWL_ABOUT_KAFKA:
                return pawl_text(atomic_load_explicit(&api->kafka, memory_order_relaxed));
        default:
                return pawl_text(NULL);
        }
}

static int64_t api_now(struct pawl_instance *instance, uint32_t clock)
{
        (void)instance;
        return clock == PAWL_CLOCK_MONOTONIC ? clock_now() : clock_wall();
}

static int32_t api_publish(struct pawl_instance *instance, const struct pawl_message *message, pawl_published_fn *done,
                           void *arg)
{
        struct plugin_instance *in = plugin_instance_of(instance);
        struct api *api = api_data(instance)->api;
        struct emit_source source = {.name_space = api->emit_space, .max_event = api->max_event};
        struct emit *e = NULL;
        int32_t status;

        /* Before start another instance may still be at work; after quiesce there would be no end to it. */
        if (plugin_instance_state(in) != PLUGIN_STARTED)
                return PAWL_E_STATE;
        status = emit_make(&source, message, &e);
        if (status == 0)
                status = publish_put(api->publish, in, e, done, arg);
        if (status != 0)
                free(e);
        else
                scoreboard_add(api->scoreboard, writer_of(api->scoreboard), SCOREBOARD_PUBLISHED, 1);
        return status;
}

static void api_derive_id(struct pawl_instance *instance, struct pawl_str name, char id[37])
{
        uuid_t uuid;

        uuid_generate_sha1(uuid, api_data(instance)->api->id_space, name.ptr != NULL ? name.ptr : "", name.len);
        uuid_unparse_lower(uuid, id);
}

static void api_health(struct pawl_instance *instance, uint32_t level, const char *fmt, va_list ap)
{
        static const char *const levels[] = {
            [PAWL_HEALTH_OK] = "ok", [PAWL_HEALTH_DEGRADED] = "degraded", [PAWL_HEALTH_DOWN] = "down"};
        char words[SCOREBOARD_TEXT_MAX], text[SCOREBOARD_TEXT_MAX + 16];

        vsnprintf(words, sizeof words, fmt, ap);
        snprintf(text, sizeof text, "%s: %s", levels[level <= PAWL_HEALTH_DOWN ? level : PAWL_HEALTH_DOWN], words);
        scoreboard_text_set(api_data(instance)->api->scoreboard, SCOREBOARD_TEXT_HEALTH, text);
}

static int32_t api_listen(struct pawl_instance *instance, struct pawl_str name)
{
        const struct api *api = api_data(instance)->api;
        size_t i;
        int fd;

        for (i = 0; i < api->socket_count; i++) {
                if (strlen(api->sockets[i].name) != name.len || memcmp(api->sockets[i].name, name.ptr, name.len) != 0)
                        continue;
                fd = fcntl(api->sockets[i].fd, F_DUPFD_CLOEXEC, 0);
                if (fd >= 0)
                        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
                return fd;
        }
        return -1;
}

/* ---- metrics ---- */

/* A number outside the table, or a metric of another kind, is ignored. */
static const struct api_metric *metric_of(struct pawl_instance *instance, uint32_t metric, uint32_t kind)
{
        const struct api_instance *data = api_data(instance);

        return metric < data->metric_count && data->metrics[metric].kind == kind ? &data->metrics[metric] : NULL;
}

static void api_metric_add(struct pawl_instance *instance, uint32_t metric, uint64_t n)
{
        const struct api_metric *m = metric_of(instance, metric, PAWL_COUNTER);
        struct scoreboard *sb = api_data(instance)->api->scoreboard;

        if (m != NULL)
                scoreboard_metric_add(sb, writer_of(sb), m->index, n);
}

static void api_metric_set(struct pawl_instance *instance, uint32_t metric, int64_t value)
{
        const struct api_metric *m = metric_of(instance, metric, PAWL_GAUGE);

        if (m != NULL)
                scoreboard_metric_set(api_data(instance)->api->scoreboard, m->index, (double)value);
}

static void api_metric_observe(struct pawl_instance *instance, uint32_t metric, int64_t value)
{
        const struct api_metric *m = metric_of(instance, metric, PAWL_HISTOGRAM);
        struct scoreboard *sb = api_data(instance)->api->scoreboard;

        if (m != NULL)
                scoreboard_metric_observe(sb, writer_of(sb), m->index, value);
}

static bool declare_metrics(struct api_instance *data, const struct plugin_descriptor *d, struct pawl_error *err)
{
        static const enum scoreboard_metric_type types[] = {[PAWL_COUNTER] = SCOREBOARD_METRIC_COUNTER,
                                                            [PAWL_GAUGE] = SCOREBOARD_METRIC_GAUGE,
                                                            [PAWL_HISTOGRAM] = SCOREBOARD_METRIC_HISTOGRAM};
        char name[PLUGIN_NAME_LEN_MAX + 1], help[192];
        struct pawl_metric m;
        uint32_t i;

        data->metric_count = d->plugin.metrics.count;
        data->metrics = memory_zero(data->metric_count, sizeof *data->metrics);
        for (i = 0; i < data->metric_count; i++) {
                plugin_item(&d->plugin.metrics, i, &m, sizeof m);
                snprintf(name, sizeof name, "%.*s", (int)m.name.len, m.name.ptr);
                snprintf(help, sizeof help, "%.*s", (int)(m.help.len < 190 ? m.help.len : 190),
                         m.help.ptr != NULL ? m.help.ptr : "");
                data->metrics[i].kind = m.kind;
                if (!scoreboard_metric_declare(data->api->scoreboard, name, types[m.kind], help,
                                               &data->metrics[i].index, err))
                        return error_prefix(err, "metric %s", name);
        }
        return true;
}

/* ---- settings ---- */

static const struct pawl_value *api_setting(struct pawl_instance *instance, struct pawl_str name)
{
        return plugin_value_member(plugin_settings_root(plugin_instance_of(instance)->settings), name);
}

/* ---- the table ---- */

static const struct pawl_host host = {
    .size = sizeof(struct pawl_host),
    .abi_major = PAWL_ABI_MAJOR,
    .abi_minor = PAWL_ABI_MINOR,
    .event_attribute = event_attribute,
    .event_number = event_number,
    .event_kind = event_kind,
    .event_int = event_int,
    .event_double = event_double,
    .event_bool = event_bool,
    .event_string = event_string,
    .event_raw = event_raw,
    .event_header = event_header,
    .event_tree = event_tree,
    .outcome = api_outcome,
    .outcome_field = api_outcome_field,
    .log = api_log,
    .cancelled = api_cancelled,
    .batch_at = api_batch_at,
    .emit = api_emit,
    .reply = api_reply,
    .defer = api_defer,
    .ticket_event = api_ticket_event,
    .ticket_emit = api_ticket_emit,
    .complete = api_complete,
    .fail = api_fail,
    .about = api_about,
    .now = api_now,
    .publish = api_publish,
    .derive_id = api_derive_id,
    .health = api_health,
    .listen = api_listen,
    .metric_add = api_metric_add,
    .metric_set = api_metric_set,
    .metric_observe = api_metric_observe,
    .setting = api_setting,
    .value_type = plugin_value_type,
    .value_int = plugin_value_int,
    .value_double = plugin_value_double,
    .value_string = plugin_value_string,
    .value_count = plugin_value_count,
    .value_at = plugin_value_at,
    .value_member = plugin_value_member,
};

const struct pawl_host *api_host(void)
{
        return &host;
}

/* ---- the api and its instances ---- */

static void derive_space(unsigned char out[16], const unsigned char within[16], const char *name)
{
        uuid_generate_sha1(out, within, name, strlen(name));
}

static void copy_sockets(struct api *api, const struct api_options *o)
{
        size_t i;

        api->socket_count = o->socket_count;
        api->sockets = memory_zero(o->socket_count, sizeof *api->sockets);
        for (i = 0; i < o->socket_count; i++) {
                api->sockets[i].name = memory_string(o->sockets[i].name);
                api->sockets[i].fd = o->sockets[i].fd;
        }
}

struct api *api_new(const struct api_options *o)
{
        struct api *api = memory_zero(1, sizeof *api);
        uuid_t plugin = {0};

        assert(o->plugin != NULL && o->scoreboard != NULL);
        api->magic = API_MAGIC;
        api->plugin = memory_string(o->plugin);
        api->state_dir = memory_string(o->state_dir);
        api->host_id = memory_string(o->host_id);
        snprintf(api->instance, sizeof api->instance, "%u", o->instance);
        api->max_event = o->max_event;
        api->scoreboard = o->scoreboard;
        copy_sockets(api, o);
        api->tickets = tickets_new(o->scoreboard, o->wake, o->wake_arg);
        api->publish =
            publish_queue_new(o->publish_count != 0 ? o->publish_count : PUBLISH_COUNT,
                              o->publish_bytes != 0 ? o->publish_bytes : PUBLISH_BYTES, o->wake, o->wake_arg);
        derive_space(plugin, pawl_space, api->plugin);
        derive_space(api->id_space, plugin, "id");
        derive_space(api->emit_space, plugin, "emit");
        return api;
}

void api_free(struct api **pointer)
{
        struct api *api = *pointer;
        size_t i;

        *pointer = NULL;
        if (api == NULL)
                return;
        assert(api->magic == API_MAGIC);
        tickets_free(&api->tickets);
        publish_queue_free(&api->publish);
        for (i = 0; i < api->socket_count; i++)
                free((char *)api->sockets[i].name);
        free(api->sockets);
        free(api->plugin);
        free(api->state_dir);
        free(api->host_id);
        free(api);
}

static void free_data(struct api_instance *data)
{
        free(data->metrics);
        free(data);
}

struct plugin_instance *api_instance(struct api *api, const struct plugin_build *build,
                                     const struct config_value *settings, const char *file, uint64_t generation,
                                     struct config_errors *errors, struct pawl_error *err)
{
        struct plugin_instance *in = plugin_instance_new(build, settings, file, &host, generation, errors);
        struct api_instance *data;

        err->text[0] = '\0';
        if (in == NULL)
                return NULL;
        data = memory_zero(1, sizeof *data);
        data->api = api;
        in->host_data = data;
        if (declare_metrics(data, &build->descriptor, err) && plugin_instance_create(in, err))
                return in;
        plugin_instance_free(&in);
        free_data(data);
        return NULL;
}

bool api_instance_idle(const struct api *api, const struct plugin_instance *in)
{
        return tickets_out(api->tickets, in) == 0 && publish_pending(api->publish, in) == 0;
}

void api_instance_free(struct api *api, struct plugin_instance **in)
{
        const struct plugin_instance *freed = *in;
        struct api_instance *data;

        if (freed == NULL)
                return;
        data = freed->host_data;
        /* A thread of the plugin's may complete tickets until stop has returned, and read their events until destroy has. */
        plugin_instance_free(in);
        tickets_forget(api->tickets, freed);
        free_data(data);
}
