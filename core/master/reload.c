#include "master/reload_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "master/json_text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct request {
        char *only;
        reload_done_fn *done;
        void *arg;
        struct request *next;
};

struct reloads {
        struct master *m;
        struct reload *now;       /* NULL: none */
        struct request *answers;  /* the requests that `now` carries out */
        struct request *requests; /* that wait, oldest first */
        struct loop_timer next_request;
        json_t *last;
};

static void begin_next(void *arg);

void reload_error(struct reload *r, const char *fmt, ...)
{
        struct buf text = {0};
        va_list ap;

        va_start(ap, fmt);
        buf_vprintf(&text, fmt, ap);
        va_end(ap);
        json_array_append_new(r->errors, json_text(text.data));
        buf_free(&text);
}

static void take_problems(struct reload *r, const struct config_errors *problems)
{
        for (size_t i = 0; i < problems->count; i++) {
                const struct config_problem *p = &problems->items[i];
                struct buf text = {0};

                if (p->file != NULL && p->line > 0)
                        buf_printf(&text, "%s:%d: %s: ", p->file, p->line, p->warning ? "warning" : "error");
                else if (p->file != NULL)
                        buf_printf(&text, "%s: %s: ", p->file, p->warning ? "warning" : "error");
                buf_add_text(&text, p->text);
                json_array_append_new(p->warning ? r->warnings : r->errors, json_text(text.data));
                buf_free(&text);
        }
}

static struct reload *reload_new(struct master *m, const char *only)
{
        struct reload *r = memory_zero(1, sizeof *r);

        r->m = m;
        r->only = memory_string(only);
        r->began = clock_now();
        r->errors = json_array();
        r->warnings = json_array();
        r->all_ok = true;
        return r;
}

static void reload_free(struct reload *r)
{
        loop_disarm(r->m->loop, &r->next_step);
        for (size_t i = 0; i < r->plan.count; i++) {
                trial_free(&r->trials[i]);
                json_decref(r->reports[i]);
        }
        for (size_t i = 0; i < r->wanted_count; i++)
                build_clear(&r->builds[i]);
        plan_clear(&r->plan);
        free(r->trials);
        free(r->reports);
        free(r->builds);
        free(r->running);
        free(r->wanted);
        json_decref(r->errors);
        json_decref(r->warnings);
        generation_release(&r->next);
        free(r->only);
        free(r);
}

/* -- the outcome */

static void log_texts(enum log_level level, const json_t *texts)
{
        size_t i;
        const json_t *text;

        json_array_foreach(texts, i, text) log_at(level, LOG_MARK_RELOAD, "%s", json_string_value(text));
}

static void log_report(const json_t *report)
{
        const char *plugin = json_string_value(json_object_get(report, "plugin"));
        const char *action = json_string_value(json_object_get(report, "action"));
        const char *text = json_string_value(json_object_get(report, "text"));
        bool ok = json_is_true(json_object_get(report, "ok"));
        const struct log_line line = {.level = ok ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR,
                                      .mark = LOG_MARK_RELOAD,
                                      .plugin = plugin};

        if (strcmp(action, "unchanged") != 0)
                log_write(&line, "%s: %s, pause %.3f s%s%s", action, ok ? "done" : "FAILED",
                          json_real_value(json_object_get(report, "pause_seconds")), text[0] != '\0' ? ": " : "", text);
}

static json_t *make_outcome(const struct reload *r, bool ok)
{
        json_t *plugins = json_array();
        size_t changes = plan_changes(&r->plan);
        char when[CLOCK_TEXT_MAX];
        const char *text;

        for (size_t i = 0; r->applying && i < r->plan.count; i++)
                json_array_append(plugins, r->reports[i]);
        clock_format(clock_wall(), when);
        text = !r->applying   ? "refused; everything stays as it was"
               : !ok          ? "accepted, but not every plugin could be swapped"
               : changes == 0 ? "nothing changed"
                              : "done";
        return json_pack("{sb, sb, sI, so, ss, sf, ss, sO, sO, so}", "ok", ok, "refused", !r->applying, "generation",
                         (json_int_t)(r->m->accepted != NULL ? r->m->accepted->number : 0), "requested",
                         json_text(r->only != NULL ? r->only : "all"), "time", when, "seconds",
                         (double)(clock_now() - r->began) / 1e9, "text", text, "errors", r->errors, "warnings",
                         r->warnings, "plugins", plugins);
}

static void log_outcome(const struct reload *r, const json_t *outcome)
{
        size_t i;
        const json_t *report;
        bool ok = json_is_true(json_object_get(outcome, "ok"));

        log_texts(LOG_LEVEL_WARN, r->warnings);
        log_texts(LOG_LEVEL_ERROR, r->errors);
        json_array_foreach(json_object_get(outcome, "plugins"), i, report) log_report(report);
        log_at(ok ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, LOG_MARK_RELOAD, "%s: %s (generation %lld, %.3f s)",
               r->initial ? "start" : "reload", json_string_value(json_object_get(outcome, "text")),
               (long long)json_integer_value(json_object_get(outcome, "generation")),
               json_real_value(json_object_get(outcome, "seconds")));
}

static void free_request(struct request *request)
{
        free(request->only);
        free(request);
}

static void conclude(struct reloads *reloads)
{
        struct reload *r = reloads->now;
        struct request *answers = reloads->answers;
        json_t *outcome = make_outcome(r, r->applying && r->all_ok);

        log_outcome(r, outcome);
        json_decref(reloads->last);
        reloads->last = outcome;
        reloads->now = NULL;
        reloads->answers = NULL;
        reload_sweep(r->m);
        reload_free(r);
        if (reloads->requests != NULL)
                loop_arm(reloads->m->loop, &reloads->next_request, clock_now(), begin_next, reloads);
        while (answers != NULL) {
                struct request *answer = answers;

                answers = answer->next;
                if (answer->done != NULL)
                        answer->done(answer->arg, outcome);
                free_request(answer);
        }
}

/* -- step 1: the whole configuration; no side effect but sockets that are bound */

static void gather(struct reload *r)
{
        const struct config *cfg = r->next->cfg;
        size_t running = 0;

        r->running = memory_zero(r->m->plugin_count, sizeof *r->running);
        for (size_t i = 0; i < r->m->plugin_count; i++) {
                const struct hosted *h = r->m->plugins[i];

                r->running[running++] =
                    (struct plan_running){.plugin = h->plugin, .build = h->stale ? "" : h->build.id};
        }
        r->wanted_count = cfg->plugin_count;
        r->wanted = memory_zero(cfg->plugin_count, sizeof *r->wanted);
        r->builds = memory_zero(cfg->plugin_count, sizeof *r->builds);
        for (size_t i = 0; i < cfg->plugin_count; i++) {
                const struct config_plugin *plugin = &cfg->plugins[i];
                struct pawl_error err = {0};

                r->builds[i].fd = -1;
                if (plugin->enabled && (r->only == NULL || strcmp(r->only, plugin->name) == 0) &&
                    !build_read(&r->builds[i], plugin->plugin_path, &err)) {
                        reload_error(r, "%s: plugin %s: %s", plugin->file, plugin->name, err.text);
                        r->unread++;
                }
                r->wanted[i] = (struct plan_wanted){.plugin = plugin, .build = r->builds[i].id};
        }
        plan_make(&r->plan, r->running, running, r->wanted, r->wanted_count, r->only);
        r->trials = memory_zero(r->plan.count, sizeof(struct trial *));
        r->reports = memory_zero(r->plan.count, sizeof(json_t *));
}

/* Whether it makes sense to go on to the trials; a file that cannot be read does not keep the others from being tried, so that all that
 * is wrong is said at once. */
static bool validate(struct reload *r)
{
        struct config_errors problems = {0};
        struct buf changed = {0};

        if (r->next == NULL) {
                r->next = generation_read(r->m->config_file, &problems);
                if (r->next != NULL)
                        config_use_host_id(r->next->cfg, r->m->host_id);
                take_problems(r, &problems);
                config_errors_free(&problems);
        }
        if (r->next == NULL)
                return false;
        if (r->only != NULL && config_plugin(r->next->cfg, r->only) == NULL && master_plugin(r->m, r->only) == NULL)
                reload_error(r, "no plugin of the name %s is configured or runs", r->only);
        if (r->m->accepted != NULL && config_host_changed(r->m->accepted->cfg, r->next->cfg, &changed))
                json_array_append_new(r->warnings,
                                      json_textf("takes effect only when pawld is started again: %s", changed.data));
        buf_free(&changed);
        gather(r);
        for (size_t i = 0; i < r->plan.count; i++) {
                const struct plan_item *item = &r->plan.items[i];

                if (item->wanted != NULL && item->action != PLAN_KEEP)
                        reload_bind(r, item->wanted->plugin);
        }
        return json_array_size(r->errors) == r->unread;
}

/* -- step 2: trials */

static void on_applied(void *arg)
{
        conclude(arg);
}

static void on_trials_done(void *arg)
{
        struct reloads *reloads = arg;
        struct reload *r = reloads->now;

        for (size_t i = 0; i < r->plan.count; i++)
                if (r->trials[i] != NULL)
                        trial_said(r->trials[i], r->trials[i]->ok ? r->warnings : r->errors);
        if (json_array_size(r->errors) > 0) {
                conclude(reloads);
                return;
        }
        r->ended = on_applied;
        r->arg = reloads;
        reload_apply(r);
}

static void on_trial_done(void *arg)
{
        struct reloads *reloads = arg;
        struct reload *r = reloads->now;

        if (--r->waiting == 0)
                loop_arm(r->m->loop, &r->next_step, clock_now(), on_trials_done, reloads);
}

static void start_trial(struct reloads *reloads, size_t index)
{
        struct reload *r = reloads->now;
        const struct plan_wanted *wanted = r->plan.items[index].wanted;
        struct child_listen *listen = memory_zero(wanted->plugin->listen_count, sizeof *listen);
        const struct build *build = &r->builds[wanted - r->wanted];
        struct child_options options = {
            .plugin = wanted->plugin->name,
            .trial = r->initial ? "check" : "create",
            .config_fd = r->next->bundle_fd,
            .scoreboard_fd = -1,
            .plugin_fd = build->id[0] != '\0' ? build->fd : -1,
            .listen = listen,
            .listen_count = wanted->plugin->listen_count,
        };
        struct pawl_error err = {0};

        for (size_t i = 0; i < options.listen_count; i++) {
                const struct config_listen *l = &wanted->plugin->listen[i];

                listen[i] =
                    (struct child_listen){.name = l->name,
                                          .fd = sockets_take(&r->m->sockets, l->address, l->host, l->port, &err)};
        }
        r->trials[index] =
            trial_start(r->m->loop, &options, r->next->cfg->trial_deadline, on_trial_done, reloads, &err);
        if (r->trials[index] != NULL)
                r->waiting++;
        else
                reload_error(r, "%s", err.text);
        free(listen);
}

static void start_trials(struct reloads *reloads)
{
        struct reload *r = reloads->now;

        for (size_t i = 0; i < r->plan.count; i++) {
                const struct plan_item *item = &r->plan.items[i];
                bool tried = item->action == PLAN_ADD || item->action == PLAN_SWAP || item->action == PLAN_HANDOVER;

                if (tried && r->builds[item->wanted - r->wanted].id[0] != '\0')
                        start_trial(reloads, i);
        }
        if (r->waiting == 0)
                loop_arm(r->m->loop, &r->next_step, clock_now(), on_trials_done, reloads);
}

/* -- requests */

static void begin(struct reloads *reloads, struct reload *r)
{
        reloads->now = r;
        if (!r->initial)
                log_at(LOG_LEVEL_INFO, LOG_MARK_RELOAD, "reload%s%s begins", r->only != NULL ? " of " : "",
                       r->only != NULL ? r->only : "");
        if (validate(r))
                start_trials(reloads);
        else
                conclude(reloads);
}

static bool same_text(const char *a, const char *b)
{
        return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The oldest request, and all that ask for the same. */
static void begin_next(void *arg)
{
        struct reloads *reloads = arg;
        struct request *first = reloads->requests, **at = &reloads->requests, **answers = &reloads->answers;

        if (reloads->now != NULL || first == NULL)
                return;
        while (*at != NULL) {
                struct request *request = *at;

                if (!same_text(request->only, first->only)) {
                        at = &request->next;
                        continue;
                }
                *at = request->next;
                request->next = NULL;
                *answers = request;
                answers = &request->next;
        }
        begin(reloads, reload_new(reloads->m, first->only));
}

static void add_request(struct reloads *reloads, const char *only, reload_done_fn *done, void *arg)
{
        struct request *request = memory_zero(1, sizeof *request), **at = &reloads->requests;

        request->only = memory_string(only);
        request->done = done;
        request->arg = arg;
        while (*at != NULL)
                at = &(*at)->next;
        *at = request;
}

void reload_request(struct reloads *reloads, const char *only, reload_done_fn *done, void *arg)
{
        add_request(reloads, only, done, arg);
        if (reloads->now == NULL)
                loop_arm(reloads->m->loop, &reloads->next_request, clock_now(), begin_next, reloads);
}

void reload_start(struct reloads *reloads, struct generation *generation, reload_done_fn *done, void *arg)
{
        struct reload *r = reload_new(reloads->m, NULL);

        r->initial = true;
        r->next = generation;
        add_request(reloads, NULL, done, arg);
        reloads->answers = reloads->requests;
        reloads->requests = NULL;
        begin(reloads, r);
}

void reload_break_off(struct reloads *reloads)
{
        while (reloads->now != NULL && !reloads->now->applying) {
                reload_error(reloads->now, "pawld is stopping");
                conclude(reloads);
        }
        while (reloads->now == NULL && reloads->requests != NULL) {
                reloads->answers = reloads->requests;
                reloads->requests = NULL;
                reloads->now = reload_new(reloads->m, reloads->answers->only);
                reload_error(reloads->now, "pawld is stopping");
                conclude(reloads);
        }
}

struct reloads *reloads_new(struct master *m)
{
        struct reloads *reloads = memory_zero(1, sizeof *reloads);

        reloads->m = m;
        return reloads;
}

void reloads_free(struct reloads **reloads)
{
        struct reloads *all = *reloads;

        *reloads = NULL;
        if (all == NULL)
                return;
        if (all->now != NULL)
                conclude(all);
        reload_break_off(all);
        loop_disarm(all->m->loop, &all->next_request);
        json_decref(all->last);
        free(all);
}

bool reload_under_way(const struct reloads *reloads)
{
        return reloads->now != NULL || reloads->requests != NULL;
}

const json_t *reload_last(const struct reloads *reloads)
{
        return reloads->last;
}
