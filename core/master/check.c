#include "master/master.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
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

/* The trial reads the plugin's file by itself: of one that is not there, it can still check all else. */
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
        struct pawl_error err = {0};
        struct trial *trial;

        /* Nothing is bound by a check: any descriptor stands for the socket that will be there. */
        for (size_t i = 0; i < plugin->listen_count; i++)
                listen[i] = (struct child_listen){.name = plugin->listen[i].name, .fd = STDERR_FILENO};
        trial = trial_start(check->loop, &options, check->generation->cfg->trial_deadline, on_done, check, &err);
        if (trial == NULL)
                fprintf(stderr, "%s: error: plugin %s: %s\n", plugin->file, plugin->name, err.text);
        free(listen);
        check->waiting += trial != NULL;
        return trial;
}

/* All plugins at once, each in a process of its own; disabled ones too, of which only the properties are checked. What the host's file
 * says is each plugin's, and is printed once. */
static bool check_plugins(struct check *check)
{
        const struct config *cfg = check->generation->cfg;
        struct trial **trials = memory_zero(cfg->plugin_count, sizeof(struct trial *));
        json_t *said = json_array(), *text;
        bool ok = true;
        size_t i;

        for (i = 0; i < cfg->plugin_count; i++)
                trials[i] = start(check, &cfg->plugins[i]);
        while (check->waiting > 0)
                loop_turn(check->loop, clock_now() + CLOCK_S);
        for (i = 0; i < cfg->plugin_count; i++) {
                ok = ok && trials[i] != NULL && trials[i]->ok;
                if (trials[i] != NULL)
                        trial_said(trials[i], said);
                trial_free(&trials[i]);
        }
        json_array_foreach(said, i, text) fprintf(stderr, "%s\n", json_string_value(text));
        json_decref(said);
        free(trials);
        return ok;
}

int master_check(const char *config_file)
{
        struct config_errors errors = {0};
        struct generation *generation = generation_read_for_check(config_file, &errors);
        struct check check = {.generation = generation};
        bool ok = errors.error_count == 0;
        struct pawl_error err = {0};

        generation_print_problems(&errors);
        config_errors_free(&errors);
        if (generation == NULL)
                return MASTER_EXIT_FAILED;
        check.loop = loop_new(&err);
        if (check.loop == NULL)
                fprintf(stderr, "error: %s\n", err.text);
        ok = check.loop != NULL && check_plugins(&check) && ok;
        if (ok)
                printf("%s: valid, %zu plugins\n", config_file, generation->cfg->plugin_count);
        loop_free(&check.loop);
        generation_release(&generation);
        return ok ? MASTER_EXIT_DONE : MASTER_EXIT_FAILED;
}
