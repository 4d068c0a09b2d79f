#include "master/master.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "master/build.h"
#include "master/generation.h"
#include "master/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct check {
        struct loop *loop;
        const struct generation *generation;
        size_t waiting;
};

static void on_done(void *arg)
{
        struct check *check = arg;

        check->waiting--;
}

static struct trial *start(struct check *check, const struct config_plugin *plugin)
{
        struct child_listen *listen = memory_zero(plugin->listen_count, sizeof *listen);
        struct child_options options = {.plugin = plugin->name,
                                        .trial = "check",
                                        .config_fd = check->generation->bundle_fd,
                                        .scoreboard_fd = -1,
                                        .plugin_fd = -1,
                                        .listen = listen,
                                        .listen_count = plugin->listen_count};
        struct build build = {.fd = -1};
        struct pawl_error err = {0};
        struct trial *trial = NULL;

        /* Nothing is bound by a check: any descriptor stands for the socket that will be there. */
        for (size_t i = 0; i < plugin->listen_count; i++)
                listen[i] = (struct child_listen){.name = plugin->listen[i].name, .fd = STDERR_FILENO};
        if (build_read(&build, plugin->plugin_path, &err)) {
                options.plugin_fd = build.fd;
                trial =
                    trial_start(check->loop, &options, check->generation->cfg->trial_deadline, on_done, check, &err);
        }
        if (trial == NULL)
                fprintf(stderr, "%s: error: plugin %s: %s\n", plugin->file, plugin->name, err.text);
        build_clear(&build);
        free(listen);
        check->waiting += trial != NULL;
        return trial;
}

/* Prints a trial's errors; true if it passed. */
static bool report(const struct trial *trial)
{
        size_t i;
        const json_t *text;

        if (trial == NULL)
                return false;
        json_array_foreach(trial->errors, i, text) fprintf(stderr, "%s\n", json_string_value(text));
        return trial->ok;
}

/* All plugins at once: each in a process of its own. */
static bool check_plugins(struct check *check)
{
        const struct config *cfg = check->generation->cfg;
        struct trial **trials = memory_zero(cfg->plugin_count, sizeof(struct trial *));
        bool ok = true;

        for (size_t i = 0; i < cfg->plugin_count; i++)
                if (cfg->plugins[i].enabled)
                        trials[i] = start(check, &cfg->plugins[i]);
        while (check->waiting > 0)
                loop_turn(check->loop, clock_now() + CLOCK_S);
        for (size_t i = 0; i < cfg->plugin_count; i++) {
                if (cfg->plugins[i].enabled)
                        ok = report(trials[i]) && ok;
                trial_free(&trials[i]);
        }
        free(trials);
        return ok;
}

int master_check(const char *config_file)
{
        struct generation *generation = generation_read_printed(config_file);
        struct check check = {.generation = generation};
        struct pawl_error err = {0};
        bool ok = false;

        if (generation == NULL)
                return MASTER_EXIT_FAILED;
        check.loop = loop_new(&err);
        if (check.loop == NULL)
                fprintf(stderr, "error: %s\n", err.text);
        else
                ok = check_plugins(&check);
        if (ok)
                printf("%s: valid, %zu plugins\n", config_file, generation->cfg->plugin_count);
        loop_free(&check.loop);
        generation_release(&generation);
        return ok ? MASTER_EXIT_DONE : MASTER_EXIT_FAILED;
}
