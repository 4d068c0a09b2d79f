#include "master/plan.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* Two snapshots, from the texts of plugin files. */
static struct config *snapshot(const char *const *names, const char *const *keys, size_t count)
{
        struct config_part parts[8] = {
            {.kind = CONFIG_PART_DIRECTORY, .name = (char *)"", .bytes = (char *)"/", .len = 1},
            {.kind = CONFIG_PART_MAIN,
             .name = (char *)"/pawl.conf",
             .bytes = (char *)"kafka = { brokers = \"b:1\"; };"},
        };
        char texts[8][512], files[8][64];
        struct config_bundle bundle = {.parts = parts, .count = 2 + count};
        struct config_errors errors = {0};
        struct buf why = {0};
        struct config *cfg;

        parts[1].len = strlen(parts[1].bytes);
        for (size_t i = 0; i < count; i++) {
                snprintf(files[i], sizeof files[i], "/plugins.d/%s.conf", names[i]);
                snprintf(texts[i], sizeof texts[i], "plugin = \"p\"; group = \"%s\"; topics = [\"t\"]; %s\n", names[i],
                         keys[i]);
                parts[2 + i] = (struct config_part){.kind = CONFIG_PART_PLUGIN,
                                                    .name = files[i],
                                                    .bytes = texts[i],
                                                    .len = strlen(texts[i])};
        }
        cfg = config_parse(&bundle, &errors);
        config_errors_print(&errors, &why);
        cr_assert_not_null(cfg, "%s", why.data);
        buf_free(&why);
        config_errors_free(&errors);
        return cfg;
}

#define ON "enabled = true;"

struct both {
        struct config *old, *new;
        struct plan_running running[8];
        struct plan_wanted wanted[8];
        struct plan plan;
};

/* Every plugin of `old` that is enabled runs, from build "one". */
static void prepare(struct both *b, struct config *old, struct config *new, const char *build, const char *only)
{
        size_t running = 0;

        b->old = old;
        b->new = new;
        for (size_t i = 0; i < old->plugin_count; i++)
                if (old->plugins[i].enabled)
                        b->running[running++] = (struct plan_running){.plugin = &old->plugins[i], .build = "one"};
        for (size_t i = 0; i < new->plugin_count; i++)
                b->wanted[i] = (struct plan_wanted){.plugin = &new->plugins[i], .build = build};
        plan_make(&b->plan, b->running, running, b->wanted, new->plugin_count, only);
}

static const struct plan_item *item(const struct both *b, const char *name)
{
        for (size_t i = 0; i < b->plan.count; i++) {
                const struct plan_item *it = &b->plan.items[i];

                if (strcmp(name, it->running != NULL ? it->running->plugin->name : it->wanted->plugin->name) == 0)
                        return it;
        }
        return NULL;
}

static void clear(struct both *b)
{
        plan_clear(&b->plan);
        config_free(&b->old);
        config_free(&b->new);
}

/* The plan for one plugin that runs and whose file changes. */
static void expect(const char *before, const char *after, const char *build, enum plan_action action, const char *why)
{
        const char *const name[] = {"audit"};
        struct both b;

        prepare(&b, snapshot(name, &before, 1), snapshot(name, &after, 1), build, NULL);
        cr_assert_eq(item(&b, "audit")->action, action, "%s -> %s: found %s", before, after,
                     plan_action_name(item(&b, "audit")->action));
        cr_assert_str_eq(item(&b, "audit")->why, why);
        cr_assert_eq(plan_changes(&b.plan), action != PLAN_KEEP);
        clear(&b);
}

Test(plan, leaves_alone_what_did_not_change)
{
        expect(ON "threads = 4;", ON "threads = 4; # a comment", "one", PLAN_KEEP, "");
}

Test(plan, swaps_when_settings_or_build_changed)
{
        expect(ON "settings = { a = 1; };", ON "settings = { a = 2; };", "one", PLAN_SWAP, "settings");
        expect(ON, ON, "two", PLAN_SWAP, "build");
}

Test(plan, hands_over_when_the_process_changed)
{
        expect(ON "threads = 4;", ON "threads = 8;", "one", PLAN_HANDOVER, "threads");
        expect(ON "settings = { a = 1; };", ON "ordering = \"none\"; settings = { a = 2; };", "two", PLAN_HANDOVER,
               "ordering, settings, build");
}

Test(plan, scales_when_only_the_number_of_instances_changed)
{
        expect(ON, ON "instances = 3;", "one", PLAN_SCALE, "instances");
        expect(ON, ON "instances = 3; threads = 8;", "one", PLAN_HANDOVER, "threads, instances");
}

Test(plan, removes_a_disabled_plugin)
{
        expect(ON, "enabled = false;", "one", PLAN_REMOVE, "disabled");
}

Test(plan, tries_again_what_could_not_be_replaced)
{
        const char *const name[] = {"audit"}, *const keys[] = {ON};
        struct both b = {.old = snapshot(name, keys, 1), .new = snapshot(name, keys, 1)};

        b.running[0] = (struct plan_running){.plugin = &b.old->plugins[0], .build = ""};
        b.wanted[0] = (struct plan_wanted){.plugin = &b.new->plugins[0], .build = ""};
        plan_make(&b.plan, b.running, 1, b.wanted, 1, NULL);
        cr_assert_eq(b.plan.items[0].action, PLAN_SWAP);
        clear(&b);
}

Test(plan, adds_removes_and_ignores_by_name)
{
        const char *const old_names[] = {"audit", "gone"}, *const old_keys[] = {ON, ON};
        const char *const new_names[] = {"audit", "hr", "off"}, *const new_keys[] = {ON, ON, "enabled = false;"};
        struct both b;

        prepare(&b, snapshot(old_names, old_keys, 2), snapshot(new_names, new_keys, 3), "one", NULL);
        cr_assert_eq(b.plan.count, 3);
        cr_assert_eq(item(&b, "audit")->action, PLAN_KEEP);
        cr_assert_eq(item(&b, "gone")->action, PLAN_REMOVE);
        cr_assert_eq(item(&b, "hr")->action, PLAN_ADD);
        cr_assert_null(item(&b, "off"));
        clear(&b);
}

Test(plan, touches_one_plugin_only_when_asked_so)
{
        const char *const names[] = {"audit", "hr"}, *const old_keys[] = {ON, ON};
        const char *const new_keys[] = {ON "threads = 9;", ON "threads = 9;"};
        struct both b;

        prepare(&b, snapshot(names, old_keys, 2), snapshot(names, new_keys, 2), "one", "hr");
        cr_assert_eq(item(&b, "audit")->action, PLAN_KEEP);
        cr_assert_null(item(&b, "audit")->wanted);
        cr_assert_eq(item(&b, "hr")->action, PLAN_HANDOVER);
        clear(&b);
}
