#include "master/plan.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static const struct plan_wanted *find_wanted(const struct plan_wanted *wanted, size_t count, const char *name)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(wanted[i].plugin->name, name) == 0)
                        return &wanted[i];
        return NULL;
}

static bool is_running(const struct plan_running *running, size_t count, const char *name)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(running[i].plugin->name, name) == 0)
                        return true;
        return false;
}

static void add(struct plan *plan, enum plan_action action, const struct plan_running *running,
                const struct plan_wanted *wanted, char *why)
{
        plan->items[plan->count++] =
            (struct plan_item){.action = action, .running = running, .wanted = wanted, .why = why};
}

/* A plugin that runs and is still wanted. */
static void compare(struct plan *plan, const struct plan_running *running, const struct plan_wanted *wanted)
{
        struct buf why = {0};
        enum config_change change = config_compare(running->plugin, wanted->plugin, &why);
        bool scaled = running->plugin->instances != wanted->plugin->instances;
        bool rebuilt = running->build[0] == '\0' || strcmp(running->build, wanted->build) != 0;
        enum plan_action action = PLAN_KEEP;

        if (rebuilt)
                buf_printf(&why, "%sbuild", why.len > 0 ? ", " : "");
        if (scaled)
                buf_printf(&why, "%sinstances", why.len > 0 ? ", " : "");
        if (change == CONFIG_CHANGED_PROCESS)
                action = PLAN_HANDOVER;
        else if (change == CONFIG_CHANGED_BESIDE || rebuilt)
                action = PLAN_SWAP;
        else if (scaled)
                action = PLAN_SCALE;
        add(plan, action, running, wanted, buf_take(&why, NULL));
}

void plan_make(struct plan *plan, const struct plan_running *running, size_t running_count,
               const struct plan_wanted *wanted, size_t wanted_count, const char *only)
{
        *plan = (struct plan){.items = memory_zero(running_count + wanted_count, sizeof *plan->items)};
        for (size_t i = 0; i < running_count; i++) {
                const struct plan_wanted *w = find_wanted(wanted, wanted_count, running[i].plugin->name);

                if (only != NULL && strcmp(only, running[i].plugin->name) != 0)
                        add(plan, PLAN_KEEP, &running[i], NULL, memory_string(""));
                else if (w == NULL)
                        add(plan, PLAN_REMOVE, &running[i], NULL, memory_string("its file is gone"));
                else if (!w->plugin->enabled)
                        add(plan, PLAN_REMOVE, &running[i], NULL, memory_string("disabled"));
                else
                        compare(plan, &running[i], w);
        }
        for (size_t i = 0; i < wanted_count; i++) {
                const char *name = wanted[i].plugin->name;

                if (wanted[i].plugin->enabled && (only == NULL || strcmp(only, name) == 0) &&
                    !is_running(running, running_count, name))
                        add(plan, PLAN_ADD, NULL, &wanted[i], memory_string("new"));
        }
}

void plan_clear(struct plan *plan)
{
        for (size_t i = 0; i < plan->count; i++)
                free(plan->items[i].why);
        free(plan->items);
        *plan = (struct plan){0};
}

size_t plan_changes(const struct plan *plan)
{
        size_t changes = 0;

        for (size_t i = 0; i < plan->count; i++)
                changes += plan->items[i].action != PLAN_KEEP;
        return changes;
}

const char *plan_action_name(enum plan_action action)
{
        static const char *const names[] = {
            [PLAN_KEEP] = "unchanged", [PLAN_ADD] = "added",          [PLAN_REMOVE] = "removed",
            [PLAN_SWAP] = "swap",      [PLAN_HANDOVER] = "hand-over", [PLAN_SCALE] = "scaled",
        };

        return names[action];
}
