#include "master/reload_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "master/json_text.h"

#include <stdlib.h>
#include <string.h>

/* One seat's change, as it is carried out. */
struct step {
        struct reload *r;
        size_t item;
};

bool reload_bind(struct reload *r, const struct config_plugin *plugin)
{
        bool ok = true;

        for (size_t i = 0; i < plugin->listen_count; i++) {
                const struct config_listen *l = &plugin->listen[i];
                struct pawl_error err = {0};

                if (sockets_take(&r->m->sockets, l->address, l->host, l->port, &err) >= 0)
                        continue;
                reload_error(r, "%s:%d: plugin %s: listen.%s: %s", plugin->file, l->line, plugin->name, l->name,
                             err.text);
                ok = false;
        }
        return ok;
}

void reload_sweep(struct master *m)
{
        sockets_sweep_begin(&m->sockets);
        for (size_t i = 0; i < m->plugin_count; i++)
                for (size_t n = 0; n < m->plugins[i]->plugin->listen_count; n++)
                        sockets_sweep_want(&m->sockets, m->plugins[i]->plugin->listen[n].address);
        sockets_sweep_end(&m->sockets);
}

/* Hosted plugins that have gone and seats beyond the number of instances; then the caller's end. */
static void on_all_done(void *arg)
{
        struct reload *r = arg;

        for (size_t i = r->m->plugin_count; i-- > 0;) {
                struct hosted *h = r->m->plugins[i];

                if (r->m->state == MASTER_STOPPING)
                        continue; /* its seats' ends are waited for elsewhere by now */
                if (h->leaving)
                        master_drop_plugin(r->m, h);
                else
                        hosted_drop_seats(h, (size_t)h->plugin->instances);
        }
        r->ended(r->arg);
}

static void on_step_waited(struct reload *r)
{
        /* In a turn of its own: the seat that reported last is still within its call. */
        if (--r->waiting == 0)
                loop_arm(r->m->loop, &r->next_step, clock_now(), on_all_done, r);
}

static void report_number(json_t *report, const char *name, int64_t ns)
{
        double seconds = (double)ns / 1e9;

        if (seconds > json_real_value(json_object_get(report, name)))
                json_object_set_new(report, name, json_real(seconds));
}

static void on_step_done(void *arg, struct seat *seat, const struct seat_result *result)
{
        struct step *step = arg;
        struct reload *r = step->r;
        const struct plan_item *item = &r->plan.items[step->item];
        json_t *report = r->reports[step->item];
        struct hosted *hosted = master_plugin(r->m, seat->plugin);

        report_number(report, "drain_seconds", result->drain_ns);
        report_number(report, "pause_seconds", result->pause_ns);
        if (item->action == PLAN_SWAP || item->action == PLAN_HANDOVER)
                json_object_set_new(report, "action", json_string(result->way));
        if (result->error[0] != '\0')
                json_object_set_new(report, "text", json_text(result->error));
        /* A worker that had to be killed is gone all the same. */
        if (!result->ok && item->action != PLAN_REMOVE) {
                json_object_set_new(report, "ok", json_false());
                r->all_ok = false;
                /* A worker that is new and dies is started again; one that could not be replaced serves on as it was. */
                hosted->stale = item->action == PLAN_SWAP || item->action == PLAN_HANDOVER;
        }
        free(step);
        on_step_waited(r);
}

static struct step *new_step(struct reload *r, size_t item)
{
        struct step *step = memory_zero(1, sizeof *step);

        step->r = r;
        step->item = item;
        r->waiting++;
        return step;
}

static void accept(struct reload *r, struct hosted *hosted, const struct plan_wanted *wanted)
{
        const struct config_plugin *plugin = wanted->plugin;
        int *fds = memory_zero(plugin->listen_count, sizeof *fds);

        for (size_t i = 0; i < plugin->listen_count; i++) {
                const struct config_listen *l = &plugin->listen[i];

                fds[i] = sockets_take(&r->m->sockets, l->address, l->host, l->port, NULL);
        }
        hosted->stale = false;
        hosted_accept(hosted, r->next, plugin, &r->builds[wanted - r->wanted], fds);
        free(fds);
}

/* Seats up to the wanted number start, those beyond it leave. */
static void scale(struct reload *r, size_t item, struct hosted *hosted, size_t had)
{
        size_t wanted = (size_t)hosted->plugin->instances;

        for (size_t i = had; i < wanted; i++)
                seat_start(hosted_add_seat(hosted), on_step_done, new_step(r, item));
        for (size_t i = wanted; i < had; i++)
                seat_stop(hosted->seats[i], clock_now() + hosted->plugin->drain, on_step_done, new_step(r, item));
}

static void swap(struct reload *r, size_t item, struct hosted *hosted)
{
        bool beside = r->plan.items[item].action == PLAN_SWAP;
        size_t had = hosted->seat_count, kept = (size_t)hosted->plugin->instances;

        if (r->trials[item] != NULL && r->trials[item]->swap == TRIAL_SWAP_HANDOVER)
                beside = false;
        for (size_t i = 0; i < had && i < kept; i++) {
                if (beside)
                        seat_swap(hosted->seats[i], on_step_done, new_step(r, item));
                else
                        seat_handover(hosted->seats[i], on_step_done, new_step(r, item));
        }
        scale(r, item, hosted, had);
}

static void apply_item(struct reload *r, size_t index)
{
        const struct plan_item *item = &r->plan.items[index];
        const char *name = item->running != NULL ? item->running->plugin->name : item->wanted->plugin->name;
        struct hosted *hosted = master_plugin(r->m, name);
        const struct hosted_calls calls = master_hosted_calls(r->m);

        r->reports[index] =
            json_pack("{ss, ss, ss, sb, ss, sf, sf}", "plugin", name, "action", plan_action_name(item->action), "why",
                      item->why, "ok", 1, "text", "", "drain_seconds", 0.0, "pause_seconds", 0.0);
        if (item->action == PLAN_ADD) {
                hosted = hosted_new(r->m->loop, name, &calls);
                master_add_plugin(r->m, hosted);
        }
        if (item->wanted != NULL)
                accept(r, hosted, item->wanted);
        switch (item->action) {
        case PLAN_KEEP:
                break;
        case PLAN_REMOVE:
                hosted->leaving = true;
                for (size_t i = 0; i < hosted->seat_count; i++)
                        seat_stop(hosted->seats[i], clock_now() + hosted->plugin->drain, on_step_done,
                                  new_step(r, index));
                break;
        case PLAN_ADD:
        case PLAN_SCALE:
                scale(r, index, hosted, hosted->seat_count);
                break;
        case PLAN_SWAP:
        case PLAN_HANDOVER:
                swap(r, index, hosted);
                break;
        }
}

void reload_apply(struct reload *r)
{
        struct master *m = r->m;
        const struct config *old = m->accepted != NULL ? m->accepted->cfg : r->next->cfg;
        bool new_level = old->log_level != r->next->cfg->log_level,
             new_format = old->log_format != r->next->cfg->log_format;

        r->applying = true;
        if (m->state == MASTER_STARTING)
                m->state = MASTER_RUNNING;
        r->next->number = ++m->generation_count;
        r->waiting = 1; /* until all have begun: some end at once */
        for (size_t i = 0; i < r->plan.count; i++)
                apply_item(r, i);
        generation_release(&m->accepted);
        m->accepted = generation_hold(r->next);
        if (new_level)
                master_log_level(m, (enum log_level)r->next->cfg->log_level);
        if (new_format)
                master_log_format(m, (enum log_format)r->next->cfg->log_format);
        on_step_waited(r);
}
