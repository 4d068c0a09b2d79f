#include "worker/trial.h"

#include "base/memory.h"
#include "base/text.h"
#include "worker/worker_private.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct verdict {
        bool ok;
        json_t *errors;
        const char *swap;
};

/* Each line of the printed problems is one error of the answer. */
static json_t *as_list(struct config_errors *errors)
{
        json_t *list = json_array();
        struct buf text = {0};
        char *line, *next;

        config_errors_print(errors, &text);
        for (line = text.data; line != NULL && *line != '\0'; line = next) {
                size_t len;

                next = strchr(line, '\n');
                if (next != NULL)
                        *next++ = '\0';
                else
                        next = line + strlen(line);
                len = strlen(line);
                json_array_append_new(list, json_stringn_nocheck(line, text_utf8_prefix(line, len)));
        }
        buf_free(&text);
        return list;
}

struct property_check {
        const struct config_properties *from;
        const struct client_property *list; /* made of it, place by place */
        struct config_errors *errors;
};

static void complain(void *arg, const struct client_property *property, const char *text)
{
        struct property_check *check = arg;
        const struct config_property *from = &check->from->items[property - check->list];

        config_error(check->errors, from->file, from->line, "%s", text);
}

/* What the Kafka clients would refuse: found here without opening one. */
static void check_properties(struct worker *w, struct config_errors *errors)
{
        struct clients_properties properties;
        struct client_options options = {.brokers = w->plugin->kafka.brokers};
        struct property_check check = {&w->plugin->kafka.properties, NULL, errors};

        clients_take_properties(&properties, &w->plugin->kafka, CONFIG_SCOPE_ALL, &options);
        check.list = properties.list;
        client_check(&options, complain, &check);
        clients_free_properties(&properties);
}

/* What the superuser makes in another user's directory, that user could not write to later. */
static bool is_ours(const char *dir)
{
        struct stat st;

        return access(dir, W_OK) == 0 && stat(dir, &st) == 0 && st.st_uid == geteuid();
}

/* Where the build's private copy goes: beside the others; or, where nothing can be written (before the first start, or for a user
 * who is not pawld's), into a directory that is made for it. *own: it is to be removed. */
static char *copy_dir(const struct worker *w, bool *own)
{
        const char *state = w->cfg->state_dir, *tmp = getenv("TMPDIR");
        char *dir = memory_printf("%s/builds", state), *made;

        *own = false;
        if (access(dir, W_OK) == 0 || (access(dir, F_OK) != 0 && is_ours(state)))
                return dir;
        made = memory_printf("%s/pawl-check-XXXXXX", tmp != NULL && *tmp != '\0' ? tmp : "/tmp");
        *own = mkdtemp(made) != NULL;
        free(*own ? dir : made);
        return *own ? made : dir;
}

static void remove_dir(const char *dir)
{
        DIR *d = opendir(dir);
        struct dirent *e;

        while (d != NULL && (e = readdir(d)) != NULL)
                unlinkat(dirfd(d), e->d_name, 0);
        if (d != NULL)
                closedir(d);
        rmdir(dir);
}

static const struct plugin_build *open_build(struct worker *w, struct config_errors *errors)
{
        const struct plugin_build *build;
        bool own;
        char *dir = copy_dir(w, &own);

        build = instances_load(w->plugin, w->options.plugin_fd, dir, errors);
        if (own)
                remove_dir(dir);
        free(dir);
        return build;
}

static void check_settings(const struct worker *w, const struct plugin_build *build, struct config_errors *errors)
{
        struct plugin_settings *settings;

        if ((w->plugin->lost & CONFIG_LOST_SETTINGS) != 0)
                return;
        settings = plugin_settings_check(&build->descriptor, &w->plugin->settings, w->plugin->file, errors);
        plugin_settings_free(&settings);
}

/* All that can be said without running the plugin, whatever is wrong with some of it; then, to create it, all of it must be right. */
static void try_out(struct worker *w, struct config_errors *errors, struct verdict *verdict)
{
        const struct plugin_build *build;

        if (!worker_configure(w, errors))
                return;
        check_properties(w, errors);
        if (!w->plugin->enabled || (w->plugin->lost & CONFIG_LOST_BUILD) != 0)
                return;
        build = open_build(w, errors);
        if (build == NULL)
                return;
        verdict->swap = build->descriptor.plugin.swap == PAWL_SWAP_BESIDE ? "beside" : "handover";
        instances_suits(build, w->plugin, errors);
        check_settings(w, build, errors);
        if (errors->error_count > 0 || strcmp(w->options.trial, "create") != 0 || !worker_prepare(w, errors))
                return;
        w->current = instances_open(w, w->cfg, w->plugin, w->options.plugin_fd, errors);
        instances_free(w, &w->current);
}

int trial_run(struct worker *w)
{
        struct config_errors errors = {0};
        struct verdict verdict = {.swap = "handover"};

        try_out(w, &errors, &verdict);
        verdict.ok = errors.error_count == 0;
        verdict.errors = as_list(&errors);
        control_tell(w, json_pack("{ss sb so ss}", "verb", "trial", "ok", verdict.ok, "errors", verdict.errors, "swap",
                                  verdict.swap));
        config_errors_free(&errors);
        worker_free(w);
        return verdict.ok ? WORKER_EXIT_DONE : WORKER_EXIT_FAILED;
}
