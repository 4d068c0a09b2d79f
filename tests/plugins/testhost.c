#include "testhost_private.h"

#include "base/clock.h"
#include "base/memory.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_EVENT (10 * 1024 * 1024)

static void wake(void *arg)
{
        const struct testhost *h = arg;
        uint64_t one = 1;
        ssize_t written = write(h->wake_fd, &one, sizeof one);

        (void)written; /* the counter cannot be full */
}

/* ---- settings: through the configuration's own reader ---- */

static void add_part(struct config_bundle *b, enum config_part_kind kind, const char *name, const char *text)
{
        b->parts = memory_resize(b->parts, b->count + 1, sizeof *b->parts);
        b->parts[b->count++] = (struct config_part){.kind = kind,
                                                    .name = memory_string(name),
                                                    .bytes = memory_string(text),
                                                    .len = strlen(text)};
}

/* Line 1 of the settings is line 1 of the file, so that errors name lines that the test can see. */
static struct config *read_settings(const struct testhost *h, const char *so, const char *settings,
                                    struct config_errors *errors)
{
        char *main_file = memory_printf("%s/pawl.conf", h->dir);
        char *text =
            memory_printf("name = \"%s\"; plugin = \"%s\"; topics = [\"t\"]; group = \"g\"; settings = { %s };\n",
                          h->name, so, settings != NULL ? settings : "");
        struct config_bundle *b = memory_zero(1, sizeof *b);
        struct config *cfg;

        add_part(b, CONFIG_PART_DIRECTORY, h->dir, "");
        add_part(b, CONFIG_PART_MAIN, main_file, "kafka = { brokers = \"none:1\"; };\n");
        add_part(b, CONFIG_PART_PLUGIN, h->file, text);
        cfg = config_parse(b, errors);
        config_bundle_free(&b);
        free(text);
        free(main_file);
        return cfg;
}

static void tell_errors(struct config_errors *errors, struct pawl_error *err)
{
        struct buf text = {.data = NULL};

        if (errors->error_count > 0) {
                config_errors_print(errors, &text);
                error_set(err, "%s", text.data);
        }
        buf_free(&text);
}

static struct plugin_instance *make_instance(struct testhost *h, const char *so, const char *settings,
                                             struct config **cfg, struct pawl_error *err)
{
        struct config_errors errors = {.count = 0};
        const struct plugin_build *build = plugin_build_open(so, h->private_dir, err);
        struct plugin_instance *in = NULL;

        *cfg = NULL;
        if (build == NULL)
                return NULL;
        *cfg = read_settings(h, so, settings, &errors);
        if (*cfg != NULL)
                in = api_instance(h->api, build, &(*cfg)->plugins[0].settings, h->file, ++h->generation, &errors, err);
        tell_errors(&errors, err);
        config_errors_free(&errors);
        if (in == NULL)
                config_free(cfg);
        return in;
}

/* ---- opening and closing ---- */

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *where)
{
        (void)st;
        (void)flag;
        (void)where;
        return remove(path);
}

static char *make_dir(void)
{
        char *dir = memory_printf("%s/pawl-testhost-XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");

        if (mkdtemp(dir) == NULL) {
                perror(dir);
                abort();
        }
        return dir;
}

static struct api *make_api(struct testhost *h, const struct testhost_options *o)
{
        struct api_socket *sockets = memory_zero(o->socket_count, sizeof *sockets);
        struct api_options options = {.plugin = h->name,
                                      .state_dir = h->dir,
                                      .host_id = "00000000-0000-4000-8000-000000000001",
                                      .instance = o->instance,
                                      .max_event = o->max_event != 0 ? o->max_event : MAX_EVENT,
                                      .publish_count = o->publish_count,
                                      .scoreboard = h->scoreboard,
                                      .sockets = sockets,
                                      .socket_count = o->socket_count,
                                      .wake = wake,
                                      .wake_arg = h};
        struct api *api;
        size_t i;

        for (i = 0; i < o->socket_count; i++)
                sockets[i] = (struct api_socket){.name = o->sockets[i].name, .fd = o->sockets[i].fd};
        api = api_new(&options);
        free(sockets);
        return api;
}

struct testhost *testhost_open(const struct testhost_options *o, struct pawl_error *err)
{
        struct testhost *h = memory_zero(1, sizeof *h);

        err->text[0] = '\0';
        h->so = memory_string(o->so);
        h->settings = memory_string(o->settings);
        h->name = memory_string(o->name != NULL ? o->name : "test");
        h->own_dir = o->dir == NULL;
        h->dir = o->dir != NULL ? memory_string(o->dir) : make_dir();
        h->file = memory_printf("%s/%s.conf", h->dir, h->name);
        h->private_dir = make_dir();
        h->only_create = o->only_create;
        h->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (!scoreboard_private(&h->scoreboard, 1, err)) {
                testhost_close(&h);
                return NULL;
        }
        scoreboard_begin(h->scoreboard, h->name, o->instance);
        api_thread_writer(0);
        h->api = make_api(h, o);
        call_open(&h->call, h->api->max_event, &h->stopping);
        h->instance = make_instance(h, h->so, h->settings, &h->cfg, err);
        if (h->instance == NULL)
                testhost_close(&h);
        else if (!h->only_create)
                plugin_instance_start(h->instance);
        return h;
}

void testhost_start(struct testhost *h)
{
        plugin_instance_start(h->instance);
}

void testhost_collect(struct testhost *h)
{
        struct ticket_completion **c = &h->completions;
        struct publish **p = &h->published;

        while (*c != NULL)
                c = &(*c)->next;
        *c = tickets_completions(h->api->tickets);
        while (*p != NULL)
                p = &(*p)->next;
        *p = publish_take(h->api->publish);
}

/* The rest of an instance's life. */
static void end_instance(struct testhost *h, struct plugin_instance **in, struct config **cfg)
{
        struct publish *p;

        if (*in == NULL)
                return;
        if (plugin_instance_state(*in) == PLUGIN_STARTED)
                plugin_instance_quiesce(*in);
        testhost_collect(h);
        while ((p = h->published) != NULL) {
                h->published = p->next;
                testhost_answer(h, p, PAWL_E_CANCELLED);
        }
        api_instance_free(h->api, in);
        config_free(cfg);
}

void testhost_close(struct testhost **host)
{
        struct testhost *h = *host;
        struct ticket_completion *c;

        *host = NULL;
        if (h == NULL)
                return;
        end_instance(h, &h->instance, &h->cfg);
        while ((c = h->completions) != NULL) {
                h->completions = c->next;
                ticket_completion_free(&c);
        }
        if (h->api != NULL)
                call_close(&h->call);
        api_free(&h->api);
        scoreboard_unmap(&h->scoreboard);
        close(h->wake_fd);
        if (h->own_dir)
                nftw(h->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        nftw(h->private_dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        free(h->so);
        free(h->settings);
        free(h->name);
        free(h->dir);
        free(h->file);
        free(h->private_dir);
        free(h);
}

static void remember(char **kept, const char *given)
{
        char *old = *kept;

        if (given == NULL)
                return;
        *kept = memory_string(given);
        free(old);
}

bool testhost_restart(struct testhost *h, const char *so, const char *settings, struct pawl_error *err)
{
        err->text[0] = '\0';
        end_instance(h, &h->instance, &h->cfg);
        remember(&h->so, so);
        remember(&h->settings, settings);
        h->instance = make_instance(h, h->so, h->settings, &h->cfg, err);
        if (h->instance == NULL)
                return false;
        plugin_instance_start(h->instance);
        return true;
}

bool testhost_swap(struct testhost *h, const char *so, const char *settings, struct pawl_error *err)
{
        struct plugin_instance *old = h->instance, *in;
        struct config *old_cfg = h->cfg, *cfg;

        err->text[0] = '\0';
        in = make_instance(h, so != NULL ? so : h->so, settings != NULL ? settings : h->settings, &cfg, err);
        if (in == NULL)
                return false;
        remember(&h->so, so);
        remember(&h->settings, settings);
        plugin_instance_quiesce(old);
        h->instance = in;
        h->cfg = cfg;
        plugin_instance_start(in);
        end_instance(h, &old, &old_cfg);
        return true;
}

const char *testhost_dir(const struct testhost *h)
{
        return h->dir;
}
