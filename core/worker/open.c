/* Opens a worker, in the order in which things can fail for a reason that a person must read: configuration, plugin, then the rest.
 * Nothing waits for a broker. */
#include "base/memory.h"
#include "worker/crash.h"
#include "worker/lock.h"
#include "worker/worker_private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define RUNS_MIN    1024
#define RUNS_THREAD 64
#define EXTRA_RUNS  16 /* ticks and callbacks, beyond the engine's */

static void wake(void *arg)
{
        const struct worker *w = arg;
        uint64_t one = 1;

        if (write(w->wake_fd, &one, sizeof one) < 0)
                assert(errno == EAGAIN);
}

static bool fail_with(struct worker *w, struct config_errors *errors)
{
        struct buf text = {0};
        char *line, *next;

        config_errors_print(errors, &text);
        for (line = text.data; line != NULL && *line != '\0'; line = next) {
                next = strchr(line, '\n');
                if (next != NULL)
                        *next++ = '\0';
                log_error("%s", line);
        }
        buf_clear(&text);
        config_errors_print(errors, &text);
        control_tell(w, json_pack("{ss ss%}", "verb", "fatal", "text", text.data, text.len > 0 ? text.len - 1 : 0));
        buf_free(&text);
        return false;
}

static bool read_configuration(struct worker *w, struct config_errors *errors)
{
        struct pawl_error err = {0};
        struct config_bundle *bundle = config_bundle_from_fd(w->options.config_fd, &err);
        struct config_errors said = {0};

        if (bundle == NULL)
                return config_error(errors, NULL, 0, "the configuration that was handed over: %s", err.text);
        /* The master has said what it found in these bytes; a trial says only what comes to that. */
        if (w->options.trial != NULL)
                w->cfg = config_parse_for_check(bundle, &said);
        else
                w->cfg = config_parse(bundle, errors);
        config_errors_free(&said);
        config_bundle_free(&bundle);
        if (w->cfg == NULL)
                return false;
        log_open((enum log_format)w->cfg->log_format, (enum log_level)w->cfg->log_level);
        w->plugin = config_plugin(w->cfg, w->options.plugin);
        if (w->plugin == NULL)
                return config_error(errors, w->cfg->file, 0, "no plugin of the name %s is configured",
                                    w->options.plugin);
        return true;
}

static bool read_host_id(struct worker *w, struct pawl_error *err)
{
        char *path = memory_printf("%s/host_id", w->cfg->state_dir);
        FILE *file = fopen(path, "re");
        bool found = file != NULL && fgets(w->host_id, sizeof w->host_id, file) != NULL;

        if (found)
                w->host_id[strcspn(w->host_id, "\r\n")] = '\0';
        if (!found || w->host_id[0] == '\0')
                found = error_set(err, "%s: expected this host's id, which pawld writes there, found none", path);
        else
                config_use_host_id(w->cfg, w->host_id);
        if (file != NULL)
                fclose(file);
        free(path);
        return found;
}

static bool open_api(struct worker *w, struct pawl_error *err)
{
        char *state_dir = memory_printf("%s/plugins/%s", w->cfg->state_dir, w->plugin->name);
        struct api_socket *sockets = memory_zero(w->options.socket_count, sizeof *sockets);
        struct api_options options = {
            .plugin = w->plugin->name,
            .state_dir = state_dir,
            .host_id = w->host_id,
            .instance = w->options.instance,
            .max_event = (size_t)w->plugin->max_event,
            .scoreboard = w->scoreboard,
            .sockets = sockets,
            .socket_count = w->options.socket_count,
            .wake = wake,
            .wake_arg = w,
        };
        size_t i;
        bool made = lock_make_directory(state_dir, err);

        for (i = 0; i < w->options.socket_count; i++)
                sockets[i] = (struct api_socket){w->options.sockets[i].name, w->options.sockets[i].fd};
        if (made)
                w->api = api_new(&options);
        if (made && w->plugin->topic_count > 0)
                atomic_store(&w->api->kafka, "its consumer group is not joined yet");
        free(sockets);
        free(state_dir);
        return made;
}

static bool open_scoreboard(struct worker *w, struct pawl_error *err)
{
        unsigned threads = (unsigned)w->plugin->threads;

        if (w->options.scoreboard_fd >= 0 ? !scoreboard_map(&w->scoreboard, w->options.scoreboard_fd, err)
                                          : !scoreboard_private(&w->scoreboard, threads, err))
                return false;
        if (w->scoreboard->threads < threads)
                return error_set(err, "the scoreboard has room for %u threads, expected %u", w->scoreboard->threads,
                                 threads);
        scoreboard_begin(w->scoreboard, w->plugin->name, w->options.instance);
        return true;
}

bool worker_configure(struct worker *w, struct config_errors *errors)
{
        w->now = clock_now();
        if (!read_configuration(w, errors))
                return false;
        log_set_plugin(w->plugin->name);
        return true;
}

bool worker_prepare(struct worker *w, struct config_errors *errors)
{
        struct pawl_error err = {0};

        atomic_store(&w->wall_offset, clock_wall() - clock_now());
        w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (w->wake_fd < 0)
                error_set(&err, "cannot make an eventfd: %s", strerror(errno));
        else if (open_scoreboard(w, &err) && read_host_id(w, &err) && open_api(w, &err))
                return true;
        return config_error(errors, NULL, 0, "%s", err.text);
}

static void open_engine(struct worker *w)
{
        uint32_t handlers = w->current->instance->handler_count;
        struct engine_policy *policies = memory_zero(handlers, sizeof *policies);
        struct engine_config cfg = {
            .limits = {.max_events = (uint64_t)w->plugin->max_in_hand,
                       .max_bytes = (uint64_t)w->plugin->max_in_hand_bytes,
                       .max_emit_bytes = (uint64_t)w->plugin->max_in_hand_bytes,
                       .runs = w->run_limit,
                       .metadata = 4096},
            .handlers = policies,
            .handler_count = handlers,
            .over_read = READ_MAX,
            .commit_interval = w->plugin->commit_interval,
            .commit_at = (uint64_t)w->plugin->max_in_hand,
            .commit_wait = COMMIT_WAIT,
            .outage_backoff = w->plugin->retry.backoff,
            .outage_backoff_max = w->plugin->retry.backoff_max,
            .produce_backoff = CLOCK_S,
            .seed = w->seed,
        };

        instances_policies(w, w->current, policies);
        w->engine = engine_new(&cfg);
        w->step_at = engine_next_timer(w->engine);
        free(policies);
}

/* As many threads as are configured, but no more than the plugin takes. */
static bool open_pool(struct worker *w, struct pawl_error *err)
{
        uint32_t at_most = w->current->instance->build->descriptor.plugin.max_concurrency;
        struct pool_options options = {.execute = handling_execute, .begin = handling_begin, .arg = w};

        w->thread_count = (unsigned)w->plugin->threads;
        if (at_most > 0 && at_most < w->thread_count)
                w->thread_count = at_most;
        w->run_limit = w->thread_count * RUNS_THREAD > RUNS_MIN ? w->thread_count * RUNS_THREAD : RUNS_MIN;
        w->threads = memory_zero(w->thread_count + 1, sizeof *w->threads);
        options.threads = w->thread_count;
        options.runs = w->run_limit + EXTRA_RUNS;
        w->pool = pool_open(&options, err);
        scoreboard_gauge(w->scoreboard, SCOREBOARD_GAUGE_THREADS, w->thread_count);
        return w->pool != NULL;
}

static bool open_rest(struct worker *w, struct pawl_error *err)
{
        w->held = held_table_new();
        w->lanes = lane_table_new();
        w->seed = (uint64_t)clock_wall() * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)getpid();
        if (!open_pool(w, err))
                return false;
        open_engine(w);
        if (w->channel != NULL) {
                w->commands = command_thread_open((size_t)w->plugin->max_event, &w->stopping, wake, w, err);
                if (w->commands == NULL)
                        return false;
        }
        w->lock_fd = lock_open(w->cfg->state_dir, w->plugin->name, w->options.instance, err);
        return w->lock_fd >= 0 && clients_open(w, err);
}

bool worker_open(struct worker *w)
{
        struct config_errors errors = {0};
        struct pawl_error err = {0};
        bool opened = worker_configure(w, &errors) && worker_prepare(w, &errors);

        if (opened) {
                crash_install(w->scoreboard);
                crash_thread(0);
                api_thread_writer(0);
                scoreboard_text_set(w->scoreboard, SCOREBOARD_TEXT_STATE, "starting");
                w->current = instances_open(w, w->cfg, w->plugin, w->options.plugin_fd, &errors);
                opened = w->current != NULL && (open_rest(w, &err) || config_error(&errors, NULL, 0, "%s", err.text));
        }
        if (!opened)
                fail_with(w, &errors);
        config_errors_free(&errors);
        return opened;
}
