#include "worker/trial.h"

#include "base/memory.h"
#include "base/text.h"
#include "worker/worker_private.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
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

static void complain(void *arg, const char *text)
{
        config_error(arg, NULL, 0, "%s", text);
}

/* What the Kafka clients would refuse: found here without opening one. */
static void check_properties(struct worker *w, struct config_errors *errors)
{
        const struct config_properties *from = &w->plugin->kafka.properties;
        struct client_property *list = memory_zero(from->count, sizeof *list);
        struct client_options options = {.brokers = w->plugin->kafka.brokers, .properties = list};
        size_t i;

        for (i = 0; i < from->count; i++)
                list[i] = (struct client_property){from->items[i].name, from->items[i].value};
        options.property_count = from->count;
        client_check(&options, complain, errors);
        free(list);
}

/* Where the build's private copy goes: beside the others; or, where nothing can be written (before the first start, or for a user
 * who is not pawld's), into a directory that is made for it. *own: it is to be removed. */
static char *copy_dir(const struct worker *w, bool *own)
{
        const char *state = w->cfg->state_dir, *tmp = getenv("TMPDIR");
        char *dir = memory_printf("%s/builds", state), *made;

        *own = false;
        if (access(dir, W_OK) == 0 || (access(dir, F_OK) != 0 && access(state, W_OK) == 0))
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

        build = instances_build(w->plugin, w->options.plugin_fd, dir, errors);
        if (own)
                remove_dir(dir);
        free(dir);
        return build;
}

static void try_out(struct worker *w, struct config_errors *errors, struct verdict *verdict)
{
        const struct plugin_build *build;
        struct plugin_settings *settings;

        if (!worker_configure(w, errors))
                return;
        build = open_build(w, errors);
        check_properties(w, errors);
        if (build == NULL)
                return;
        verdict->swap = build->descriptor.plugin.swap == PAWL_SWAP_BESIDE ? "beside" : "handover";
        if (strcmp(w->options.trial, "create") == 0) {
                if (!worker_prepare(w, errors))
                        return;
                w->current = instances_open(w, w->cfg, w->plugin, w->options.plugin_fd, errors);
                instances_free(w, &w->current);
                return;
        }
        settings = plugin_settings_check(&build->descriptor, &w->plugin->settings, w->plugin->file, errors);
        plugin_settings_free(&settings);
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
