#include "base/memory.h"
#include "config/room.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The name, kept as long as the snapshot: what `file` members point to. */
static const char *keep_name(struct config *cfg, const char *name)
{
        cfg->files = memory_resize(cfg->files, cfg->file_count + 1, sizeof *cfg->files);
        cfg->files[cfg->file_count] = memory_string(name);
        return cfg->files[cfg->file_count++];
}

/* A file of the bundle as a tree, its secrets in place. */
static bool read_part(struct config_reading *r, const struct config_part *part, const char *file,
                      struct config_value *root)
{
        if (!config_tree_read(root, file, part->bytes, part->len, r->errors))
                return false;
        config_secrets_resolve(root, r->bundle, r->errors);
        return true;
}

static void report_missing(struct config_reading *r)
{
        for (size_t i = 0; i < r->bundle->count; i++)
                if (r->bundle->parts[i].kind == CONFIG_PART_MISSING)
                        config_error(r->errors, r->bundle->parts[i].name, 0,
                                     "expected to be able to read it, found: %s", r->bundle->parts[i].bytes);
}

static void check_brokers(struct config_reading *r, const struct config_value *root)
{
        const struct config_value *kafka = config_value_get(root, "kafka");
        const struct config_value *written = kafka == NULL ? NULL : config_value_get(kafka, "brokers");
        bool variable = config_bundle_part(r->bundle, CONFIG_PART_ENVIRONMENT, "KAFKA_BOOTSTRAP_SERVERS") != NULL;
        char *copy = memory_string(r->cfg->kafka.brokers), *rest = copy, *one;

        while ((one = strsep(&rest, ",")) != NULL) {
                char *host = NULL, *scheme = strstr(one, "://");
                int port;

                one = scheme != NULL ? scheme + 3 : one;
                one += strspn(one, " ");
                one[strcspn(one, " ")] = '\0';
                if (*one == '\0' || (strchr(one, ':') != NULL && !config_address_parse(one, &host, &port)))
                        config_error(r->errors, variable || written == NULL ? "environment" : written->file,
                                     variable || written == NULL ? 0 : written->line,
                                     "%s: expected host:port, separated by commas, found \"%.60s\"",
                                     variable ? "KAFKA_BOOTSTRAP_SERVERS" : "kafka.brokers", one);
                free(host);
        }
        free(copy);
}

static void read_host(struct config_reading *r)
{
        const struct config_part *part = config_bundle_part(r->bundle, CONFIG_PART_MAIN, NULL);
        struct config *cfg = r->cfg;
        struct config_value root = {.type = CONFIG_VALUE_GROUP};
        const struct config_value *admin, *listen;
        bool readable = false;

        cfg->file = memory_string(part == NULL ? "pawl.conf" : part->name);
        config_defaults(r, &config_host_table, cfg, cfg->file);
        if (part != NULL)
                readable = read_part(r, part, cfg->file, &root);
        if (readable)
                config_read_group(r, &config_host_table, cfg, &root);
        r->plugin_dir_lost = cfg->plugin_dir == NULL && r->errors->error_count > 0 &&
                             (!readable || config_value_get(&root, "plugin_dir") != NULL);
        config_environment_host(r);
        check_brokers(r, &root);
        if (cfg->plugin_dir == NULL)
                cfg->plugin_dir = memory_string(PAWL_PLUGIN_DIR);
        if (cfg->admin_socket == NULL)
                cfg->admin_socket = memory_printf("%s/admin.sock", cfg->run_dir);
        admin = config_value_get(&root, "admin");
        listen = admin == NULL ? NULL : config_value_get(admin, "listen");
        if (cfg->admin_listen != NULL && !config_address_parse(cfg->admin_listen, &cfg->admin_host, &cfg->admin_port))
                config_error(r->errors, cfg->file, listen == NULL ? 0 : listen->line,
                             "admin.listen: expected \"host:port\" or \"[host]:port\", found \"%.60s\"",
                             cfg->admin_listen);
        config_value_clear(&root);
}

static void read_topics(struct config_reading *r)
{
        const struct config_part *part = config_bundle_part(r->bundle, CONFIG_PART_TOPICS, NULL);
        struct config_value root = {0};

        if (part == NULL)
                return;
        r->cfg->topics.file = memory_string(part->name);
        if (read_part(r, part, r->cfg->topics.file, &root))
                config_topics_parse(r, &r->cfg->topics, r->cfg->topics.file, &root);
        config_value_clear(&root);
}

/* False: both have one name. */
static bool check_pair(struct config_reading *r, const struct config_plugin *p, const struct config_plugin *q)
{
        bool distinct = strcmp(p->name, q->name) != 0;

        if (!distinct)
                config_error(r->errors, p->file, p->lines.name,
                             "name: expected a name of its own, found \"%s\" in %s too", p->name, q->file);
        if (!p->enabled || !q->enabled)
                return distinct;
        if (p->group != NULL && q->group != NULL && strcmp(p->group, q->group) == 0)
                config_error(
                    r->errors, p->file, p->lines.group,
                    "group: expected a consumer group of its own for the plugin %s, found \"%s\", the group of the plugin %s "
                    "(%s) too: each would see only a part of the events%s",
                    p->name, p->group, q->name, q->file,
                    p->lines.group == 0 ? "; it comes from KAFKA_CONSUMER_GROUP_ID, give each plugin a `group`" : "");
        for (size_t i = 0; i < p->listen_count; i++)
                for (size_t k = 0; k < q->listen_count; k++)
                        if (strcmp(p->listen[i].address, q->listen[k].address) == 0 &&
                            (p->listen[i].port != 0 || !p->listen[i].host))
                                config_error(
                                    r->errors, p->file, p->listen[i].line,
                                    "listen.%s: expected an address of its own, found %s in the plugin %s (%s) too",
                                    p->listen[i].name, p->listen[i].address, q->name, q->file);
        return distinct;
}

static void check_pairs(struct config_reading *r, struct config_plugin *p)
{
        bool distinct = true;

        for (const struct config_plugin *q = r->cfg->plugins; q < p; q++)
                distinct = check_pair(r, p, q) && distinct;
        if (!distinct) { /* an error by now: the name only has to tell it from the other in a check */
                char *other = memory_printf("%s (%s)", p->name, p->file);

                free(p->name);
                p->name = other;
        }
}

static int compare_plugins(const void *left, const void *right)
{
        const struct config_plugin *a = left, *b = right;

        return strcmp(a->name, b->name);
}

static void read_plugins(struct config_reading *r)
{
        const struct config_bundle *b = r->bundle;
        struct config *cfg = r->cfg;

        cfg->plugins = memory_zero(b->count, sizeof *cfg->plugins);
        for (size_t i = 0; i < b->count; i++) {
                struct config_value root = {0};
                const char *file;

                if (b->parts[i].kind != CONFIG_PART_PLUGIN)
                        continue;
                file = keep_name(cfg, b->parts[i].name);
                if (read_part(r, &b->parts[i], file, &root)) {
                        struct config_plugin *p = &cfg->plugins[cfg->plugin_count++];

                        config_plugin_read(r, p, file, &root);
                        check_pairs(r, p);
                }
                config_value_clear(&root);
        }
        if (cfg->plugin_count > 1)
                qsort(cfg->plugins, cfg->plugin_count, sizeof *cfg->plugins, compare_plugins);
}

struct config *config_parse_for_check(const struct config_bundle *bundle, struct config_errors *errors)
{
        struct config *cfg = memory_zero(1, sizeof *cfg);
        struct config_reading r = {.bundle = bundle, .cfg = cfg, .errors = errors};

        cfg->magic = CONFIG_MAGIC;
        report_missing(&r);
        read_host(&r);
        read_topics(&r);
        read_plugins(&r);
        return cfg;
}

struct config *config_parse(const struct config_bundle *bundle, struct config_errors *errors)
{
        size_t before = errors->error_count;
        struct config *cfg = config_parse_for_check(bundle, errors);

        if (errors->error_count > before)
                config_free(&cfg);
        return cfg;
}

void config_free(struct config **cfg)
{
        struct config *c = *cfg;

        *cfg = NULL;
        if (c == NULL)
                return;
        assert(c->magic == CONFIG_MAGIC);
        c->magic = 0;
        for (size_t i = 0; i < c->plugin_count; i++)
                config_plugin_clear(&c->plugins[i]);
        free(c->plugins);
        config_topics_free(&c->topics);
        config_properties_free(&c->kafka.properties);
        config_clear(&config_host_table, c);
        free(c->admin_host);
        free(c->file);
        for (size_t i = 0; i < c->file_count; i++)
                free(c->files[i]);
        free(c->files);
        free(c);
}

const struct config_plugin *config_plugin(const struct config *cfg, const char *name)
{
        for (size_t i = 0; i < cfg->plugin_count; i++)
                if (strcmp(cfg->plugins[i].name, name) == 0)
                        return &cfg->plugins[i];
        return NULL;
}

bool config_topics_read(struct config_topics *topics, const char *path, char *const *environment,
                        struct config_errors *errors)
{
        struct config_bundle *bundle = config_bundle_read_topics(path, environment);
        struct config cfg = {0};
        struct config_reading r = {.bundle = bundle, .cfg = &cfg, .errors = errors};
        size_t before = errors->error_count;

        *topics = (struct config_topics){0};
        report_missing(&r);
        read_topics(&r);
        config_bundle_free(&bundle);
        if (errors->error_count == before) {
                *topics = cfg.topics;
                return true;
        }
        config_topics_free(&cfg.topics);
        return false;
}
