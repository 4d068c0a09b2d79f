/*
 * Generations of the plugin: opened from a configuration, swapped beside each other, retired. What is to be called is decided by
 * `current` alone, at the moment a run is pushed; a run, a ticket or a publication stays with the generation it began in.
 */
#include "base/memory.h"
#include "worker/worker_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Builds are never unmapped: a process that has collected many is better replaced. */
#define BUILDS_MAX 64

/* Events of one lane for successive calls. What is not begun comes back after a while, see handling.c. */
#define RUN_EVENTS_MAX 64

#define PATH_MAX_LEN 4096

/* ---- opening ---- */

/* The error names the file that a person knows, not the descriptor that it came through. */
static const struct plugin_build *open_build(const struct config_plugin *plugin, int fd, const char *private_dir,
                                             struct pawl_error *err)
{
        char through[32];
        const struct plugin_build *build;
        const char *path = plugin->plugin_path;
        size_t len;

        if (fd >= 0) {
                snprintf(through, sizeof through, "/proc/self/fd/%d", fd);
                path = through;
        }
        build = plugin_build_open(path, private_dir, err);
        len = strlen(path);
        if (build == NULL && fd >= 0 && strncmp(err->text, path, len) == 0) {
                struct pawl_error said = *err;

                error_set(err, "%s%s", plugin->plugin_path, said.text + len);
        }
        return build;
}

static bool check_needs(const struct plugin_build *build, const struct config_plugin *plugin,
                        struct config_errors *errors)
{
        const char **sockets = memory_zero(plugin->listen_count, sizeof *sockets);
        struct pawl_error err = {0};
        size_t i;
        bool met;

        for (i = 0; i < plugin->listen_count; i++)
                sockets[i] = plugin->listen[i].name;
        met = (plugin->lost & CONFIG_LOST_LISTEN) != 0 ||
              plugin_needs_check(&build->descriptor, sockets, plugin->listen_count, &err);
        free(sockets);
        return met || config_error(errors, plugin->file, plugin->lines.listen, "%s", err.text);
}

static bool check_topics(const struct plugin_build *build, const struct config_plugin *plugin,
                         struct config_errors *errors)
{
        if ((plugin->lost & CONFIG_LOST_TOPICS) != 0)
                return true;
        if (build->descriptor.plugin.handlers.count > 0 && plugin->topic_count == 0)
                return config_error(errors, plugin->file, plugin->lines.topics,
                                    "topics: expected at least one, since the plugin has handlers, found none");
        if (build->descriptor.plugin.handlers.count == 0 && plugin->topic_count > 0)
                return config_error(errors, plugin->file, plugin->lines.topics,
                                    "topics: expected none, since the plugin has no handlers, found %zu",
                                    plugin->topic_count);
        return true;
}

static int64_t *make_deadlines(const struct plugin_instance *in, const struct config_plugin *plugin)
{
        int64_t *deadlines = memory_zero(in->handler_count, sizeof *deadlines);
        uint32_t i;

        for (i = 0; i < in->handler_count; i++)
                deadlines[i] = in->handlers[i].deadline > 0 ? in->handlers[i].deadline : plugin->deadline;
        return deadlines;
}

int64_t instances_deadline(const struct worker *w, const struct pawl_handler *handler)
{
        const struct generation *g;
        uint32_t i;

        for (g = w->current; g != NULL && handler != NULL; g = g->next) {
                for (i = 0; i < g->instance->handler_count; i++) {
                        if (&g->instance->handlers[i] == handler)
                                return g->deadlines[i];
                }
        }
        return 0;
}

const struct plugin_build *instances_load(const struct config_plugin *plugin, int plugin_fd, const char *private_dir,
                                          struct config_errors *errors)
{
        struct pawl_error err = {0};
        const struct plugin_build *build = open_build(plugin, plugin_fd, private_dir, &err);

        if (build == NULL)
                config_error(errors, plugin->file, plugin->lines.plugin, "%s", err.text);
        return build;
}

bool instances_suits(const struct plugin_build *build, const struct config_plugin *plugin, struct config_errors *errors)
{
        bool met = check_needs(build, plugin, errors);

        return check_topics(build, plugin, errors) && met;
}

struct generation *instances_open(struct worker *w, const struct config *cfg, const struct config_plugin *plugin,
                                  int plugin_fd, struct config_errors *errors)
{
        const struct plugin_build *build;
        struct plugin_instance *instance;
        char private_dir[PATH_MAX_LEN];
        struct pawl_error err = {0};
        struct generation *g;

        snprintf(private_dir, sizeof private_dir, "%s/builds", cfg->state_dir);
        build = instances_load(plugin, plugin_fd, private_dir, errors);
        if (build == NULL || !instances_suits(build, plugin, errors))
                return NULL;
        instance = api_instance(w->api, build, &plugin->settings, plugin->file, ++w->generation_count, errors, &err);
        if (instance == NULL) {
                if (err.text[0] != '\0')
                        config_error(errors, plugin->file, 0, "%s", err.text);
                return NULL;
        }
        g = memory_zero(1, sizeof *g);
        g->instance = instance;
        g->deadlines = make_deadlines(instance, plugin);
        return g;
}

void instances_free(struct worker *w, struct generation **gp)
{
        struct generation *g = *gp;

        *gp = NULL;
        if (g == NULL)
                return;
        api_instance_free(w->api, &g->instance);
        config_free(&g->cfg);
        free(g->deadlines);
        free(g);
}

/* ---- policies ---- */

static struct engine_policy policy_of(const struct config_plugin *plugin, const struct pawl_handler *h)
{
        struct engine_policy policy = {
            .max_wait = h->max_wait,
            .wait_limit = h->wait_limit > 0 ? h->wait_limit : plugin->wait_limit,
            .backoff = plugin->retry.backoff,
            .backoff_max = plugin->retry.backoff_max,
            .ticket_deadline = h->ticket_deadline > 0 ? h->ticket_deadline : plugin->ticket_deadline,
            .max_events = RUN_EVENTS_MAX,
            .attempts = (uint16_t)plugin->retry.attempts,
        };

        if (h->on_batch != NULL) {
                policy.flags |= ENGINE_HANDLER_BATCH;
                policy.max_events = h->max_events;
                policy.max_bytes = h->max_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)h->max_bytes;
        }
        if ((h->flags & PAWL_SERIAL) != 0)
                policy.flags |= ENGINE_HANDLER_SERIAL;
        return policy;
}

void instances_policies(const struct worker *w, const struct generation *g, struct engine_policy *policies)
{
        uint32_t i;

        for (i = 0; i < g->instance->handler_count; i++)
                policies[i] = policy_of(w->plugin, &g->instance->handlers[i]);
}

/* ---- life ---- */

void instances_show(struct worker *w)
{
        const struct plugin_build *build = w->current->instance->build;
        const struct pawl_str version = build->descriptor.plugin.version;
        char text[128];

        snprintf(text, sizeof text, "%.*s", (int)version.len, version.ptr);
        scoreboard_text_set(w->scoreboard, SCOREBOARD_TEXT_PLUGIN_VERSION, text);
        scoreboard_text_set(w->scoreboard, SCOREBOARD_TEXT_BUILD, build->id);
        scoreboard_gauge(w->scoreboard, SCOREBOARD_GAUGE_GENERATION, (int64_t)w->current->instance->generation);
}

static int64_t serve_tick(struct worker *w)
{
        struct generation *g = w->current;
        const struct pawl_plugin *plugin = &g->instance->build->descriptor.plugin;
        struct pool_run *run;

        if (plugin->tick == NULL || plugin->tick_interval <= 0 || w->phase != PHASE_RUNNING || g->quiesced)
                return INT64_MAX;
        if (g->tick_at == 0)
                g->tick_at = w->now + plugin->tick_interval;
        if (w->now < g->tick_at)
                return g->tick_at;
        if (g->ticking || (run = pool_take(w->pool)) == NULL)
                return w->now + CLOCK_MS; /* the one before has not returned: no second beside it */
        g->tick_at = w->now + plugin->tick_interval;
        g->ticking = true;
        g->runs++;
        run->kind = RUN_TICK;
        run->owner = g;
        pool_push(w->pool, run);
        pool_flush(w->pool);
        return g->tick_at;
}

/* A tick must have returned before quiesce does: so it is not called while one is under way. */
static bool quiesce(struct generation *g)
{
        if (g->quiesced || g->ticking)
                return g->quiesced;
        if (plugin_instance_state(g->instance) == PLUGIN_STARTED)
                plugin_instance_quiesce(g->instance);
        g->quiesced = true;
        return true;
}

int64_t instances_serve(struct worker *w)
{
        struct generation **link = &w->current->next;
        int64_t next = serve_tick(w);

        if (w->phase > PHASE_RUNNING)
                quiesce(w->current);
        while (*link != NULL) {
                struct generation *g = *link;

                if (!quiesce(g) || g->runs > 0 || !api_instance_idle(w->api, g->instance)) {
                        next = w->now + 10 * CLOCK_MS < next ? w->now + 10 * CLOCK_MS : next;
                        link = &g->next;
                        continue;
                }
                log_info("generation %llu has finished what it had, and ends",
                         (unsigned long long)g->instance->generation);
                *link = g->next;
                instances_free(w, &g);
        }
        return next;
}

/* ---- swapping beside ---- */

static bool refuse(struct pawl_error *err, const char *why)
{
        return error_set(err, "cannot be swapped in this process, a successor must take over: %s", why);
}

static bool may_swap_to(const struct worker *w, const struct generation *to, struct pawl_error *err)
{
        const struct plugin_instance *from = w->current->instance;
        const struct pawl_plugin *plugin = &to->instance->build->descriptor.plugin;

        if (plugin->swap != PAWL_SWAP_BESIDE)
                return refuse(err, "the new build does not say that two of its instances can live together");
        if (plugin->max_concurrency > 0 && plugin->max_concurrency < w->thread_count)
                return refuse(err, "the new build takes fewer handlers at a time than there are threads");
        if ((plugin_route_malformed(from->routes) == PLUGIN_NO_HANDLER) !=
                (plugin_route_malformed(to->instance->routes) == PLUGIN_NO_HANDLER) ||
            (plugin_route_tombstone(from->routes) == PLUGIN_NO_HANDLER) !=
                (plugin_route_tombstone(to->instance->routes) == PLUGIN_NO_HANDLER))
                return refuse(
                    err, "the new build takes malformed events or tombstones and the old one does not, or the other "
                         "way round");
        return true;
}

/* What can be said before any code of the new build runs. */
static bool may_swap(struct worker *w, const struct config *cfg, const struct config_plugin *plugin, int plugin_fd,
                     struct pawl_error *err)
{
        char through[32];
        struct plugin_file file;
        const char *why;

        snprintf(through, sizeof through, "/proc/self/fd/%d", plugin_fd);
        if (w->phase != PHASE_RUNNING)
                return refuse(err, "the worker is starting or stopping");
        if (plugin == NULL)
                return error_set(err, "%s: the new configuration has no plugin %s", cfg->file, w->plugin->name);
        if (config_compare(w->plugin, plugin, NULL) == CONFIG_CHANGED_PROCESS)
                return refuse(err, "what changed belongs to the process or its Kafka client");
        if (w->current->instance->build->descriptor.plugin.swap != PAWL_SWAP_BESIDE)
                return refuse(err, "the plugin does not say that two of its instances can live together");
        if (plugin_build_count() >= BUILDS_MAX)
                return refuse(err, "this process has loaded many builds already");
        if (!plugin_file_judge(plugin_fd >= 0 ? through : plugin->plugin_path, &file, err))
                return false;
        why = plugin_not_beside(w->current->instance->build, &file);
        return why == NULL || refuse(err, why);
}

static bool same_routes(const struct plugin_instance *a, const struct plugin_instance *b)
{
        uint32_t i;

        if (a->handler_count != b->handler_count)
                return false;
        for (i = 0; i < a->handler_count; i++) {
                if (a->handlers[i].event_type.len != b->handlers[i].event_type.len ||
                    memcmp(a->handlers[i].event_type.ptr, b->handlers[i].event_type.ptr,
                           a->handlers[i].event_type.len) != 0 ||
                    a->handlers[i].flags != b->handlers[i].flags)
                        return false;
        }
        return true;
}

/* What is in hand was routed by the old table: its next call is the new one's. */
static void route_again(struct worker *w)
{
        uint32_t slot, end = held_end(w->held);

        for (slot = 0; slot < end; slot++) {
                const struct held *held = held_at(w->held, slot);
                struct engine_input *in;
                struct scan_fault fault;
                uint16_t handler;

                if (!held->used)
                        continue;
                handler = intake_route(w, &held->message, held->headers, held->header_count, &fault);
                if (fault.reason != NULL)
                        continue; /* a dead letter already */
                in = worker_input(w, ENGINE_ROUTE);
                in->slot = slot;
                if (handler == PLUGIN_NO_HANDLER)
                        in->message.flags = ENGINE_SKIP;
                else
                        in->handler = handler;
        }
}

static void feed_policies(struct worker *w)
{
        const struct plugin_instance *in = w->current->instance;
        uint32_t i;

        for (i = 0; i < in->handler_count; i++) {
                struct engine_input *input = worker_input(w, ENGINE_POLICY);

                input->handler = (uint16_t)i;
                input->policy = policy_of(w->plugin, &in->handlers[i]);
        }
}

static void take_over(struct worker *w, struct generation *to, struct config *cfg, const struct config_plugin *plugin)
{
        struct generation *from = w->current;
        bool same = same_routes(from->instance, to->instance);

        from->cfg = w->cfg; /* the old instance may point into it */
        w->cfg = cfg;
        w->plugin = plugin;
        to->next = from;
        w->generations = to;
        w->current = to; /* the one store: from here on every run is the new one's */
        feed_policies(w);
        if (!same)
                route_again(w);
        orders_step(w);
        quiesce(from);
        instances_show(w);
        scoreboard_add(w->scoreboard, 0, SCOREBOARD_SWAPS, 1);
}

static bool swap(struct worker *w, struct config *cfg, int plugin_fd, struct pawl_error *err)
{
        const struct config_plugin *plugin = config_plugin(cfg, w->plugin->name);
        struct config_errors errors = {0};
        struct generation *to;

        if (!may_swap(w, cfg, plugin, plugin_fd, err))
                return false;
        to = instances_open(w, cfg, plugin, plugin_fd, &errors);
        if (to == NULL) {
                struct buf text = {0};

                config_errors_print(&errors, &text);
                error_set(err, "%s", text.data != NULL ? text.data : "the new build could not be opened");
                buf_free(&text);
                config_errors_free(&errors);
                return false;
        }
        config_errors_free(&errors);
        if (!may_swap_to(w, to, err)) {
                instances_free(w, &to);
                return false;
        }
        plugin_instance_start(to->instance);
        take_over(w, to, cfg, plugin);
        return true;
}

bool instances_swap(struct worker *w, int bundle_fd, int plugin_fd, int64_t *pause, struct pawl_error *err)
{
        struct config_bundle *bundle = config_bundle_from_fd(bundle_fd, err);
        struct config_errors errors = {0};
        int64_t began = clock_now();
        struct config *cfg;
        bool swapped = false;

        if (bundle == NULL)
                return false;
        cfg = config_parse(bundle, &errors);
        config_bundle_free(&bundle);
        if (cfg == NULL) {
                error_set(err, "the new configuration does not parse: %zu errors", errors.error_count);
        } else {
                config_use_host_id(cfg, w->host_id);
                swapped = swap(w, cfg, plugin_fd, err);
        }
        config_errors_free(&errors);
        if (!swapped && cfg != NULL)
                config_free(&cfg);
        *pause = clock_now() - began;
        return swapped;
}
