#include "base/memory.h"
#include "config/room.h"

#include <stdlib.h>
#include <string.h>

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

/* Kafka's rule (org.apache.kafka.common.internals.Topic): letters, digits, '.', '_', '-', at most 249. */
static bool valid_topic(const char *name)
{
        size_t len = strlen(name);

        if (name[0] == '^')
                return len > 1;
        return len <= 249 && strspn(name, NAME_CHARACTERS ".") == len && strcmp(name, ".") != 0 &&
               strcmp(name, "..") != 0;
}

bool config_read_topic_names(struct config_reading *r, void *target, const struct config_value *v)
{
        struct config_plugin *p = target;
        char found[96];

        if (v->type != CONFIG_VALUE_LIST) {
                p->lost |= CONFIG_LOST_TOPICS;
                return config_error(r->errors, v->file, v->line,
                                    "topics: expected a list such as [ \"request-events\" ], found %s",
                                    config_value_describe(v, found));
        }
        for (size_t i = 0; i < v->item_count; i++) {
                const char *name = config_plain_string(r, &v->items[i], "topics");
                bool repeated = false;

                if (name == NULL) {
                        p->lost |= CONFIG_LOST_TOPICS;
                        continue;
                }
                for (size_t k = 0; k < p->topic_count; k++)
                        repeated = repeated || strcmp(p->topics[k], name) == 0;
                if (repeated)
                        config_error(r->errors, v->items[i].file, v->items[i].line,
                                     "topics: expected each topic once, found \"%.60s\" again", name);
                else if (!valid_topic(name))
                        config_error(
                            r->errors, v->items[i].file, v->items[i].line,
                            "topics: expected a topic's name (letters, digits, '.', '_', '-'; at most 249), found \"%.60s\"",
                            name);
                p->topics = memory_resize(p->topics, p->topic_count + 1, sizeof *p->topics);
                p->topics[p->topic_count++] = memory_string(name);
        }
        return true;
}

bool config_read_listen(struct config_reading *r, void *target, const struct config_value *v)
{
        struct config_plugin *p = target;
        char found[96];

        if (v->type != CONFIG_VALUE_GROUP) {
                p->lost |= CONFIG_LOST_LISTEN;
                return config_error(r->errors, v->file, v->line,
                                    "listen: expected a group such as { http = \"0.0.0.0:8000\"; }, found %s",
                                    config_value_describe(v, found));
        }
        p->listen = memory_zero(v->item_count, sizeof *p->listen);
        for (size_t i = 0; i < v->item_count; i++) {
                const char *text = config_plain_string(r, &v->items[i], v->items[i].name);
                struct config_listen *l = &p->listen[p->listen_count];

                if (text == NULL) {
                        p->lost |= CONFIG_LOST_LISTEN;
                        continue;
                }
                if (text[0] != '/' && !config_address_parse(text, &l->host, &l->port)) {
                        config_error(
                            r->errors, v->items[i].file, v->items[i].line,
                            "listen.%s: expected \"host:port\", \"[host]:port\" or a path that begins with /, found \"%.60s\"",
                            v->items[i].name, text);
                        p->lost |= CONFIG_LOST_LISTEN;
                        continue;
                }
                l->name = memory_string(v->items[i].name);
                l->address = memory_string(text);
                l->line = v->items[i].line;
                p->listen_count++;
        }
        return true;
}

/* Deep copy: the plugin keeps its settings when the file's tree goes. */
static void copy_value(struct config_value *to, const struct config_value *from)
{
        *to = *from;
        to->name = memory_string(from->name);
        to->text = from->text == NULL ? NULL : memory_copy(from->text, from->text_len);
        to->items = NULL;
        if (from->item_count == 0)
                return;
        to->items = memory_zero(from->item_count, sizeof *to->items);
        for (size_t i = 0; i < from->item_count; i++)
                copy_value(&to->items[i], &from->items[i]);
}

bool config_read_settings(struct config_reading *r, void *target, const struct config_value *v)
{
        struct config_plugin *p = target;
        char found[96];

        if (v->type != CONFIG_VALUE_GROUP) {
                p->lost |= CONFIG_LOST_SETTINGS;
                return config_error(r->errors, v->file, v->line, "settings: expected a group { … }, found %s",
                                    config_value_describe(v, found));
        }
        config_value_clear(&p->settings);
        copy_value(&p->settings, v);
        return true;
}

static int line_of_key(const struct config_value *root, const char *name)
{
        const struct config_value *v = config_value_get(root, name);

        return v == NULL ? 0 : v->line;
}

/* The file's name without directory and ".conf". */
static char *name_of_file(const char *file)
{
        const char *slash = strrchr(file, '/'), *name = slash == NULL ? file : slash + 1;
        size_t len = strlen(name);

        return memory_copy(name, len > 5 && strcmp(name + len - 5, ".conf") == 0 ? len - 5 : len);
}

/* The plugin's name, and the path of its file. */
static void find_build(struct config_reading *r, struct config_plugin *p)
{
        char *so;

        if (p->plugin == NULL && (p->lines.plugin > 0 || (p->name == NULL && p->lines.name > 0)))
                p->lost |= CONFIG_LOST_BUILD;
        if (p->name == NULL)
                p->name = name_of_file(p->file);
        if (p->plugin == NULL)
                p->plugin = memory_string(p->name);
        if (strchr(p->plugin, '/') != NULL) {
                so = memory_string(p->plugin);
        } else {
                so = memory_printf("%s/%s.so", r->cfg->plugin_dir, p->plugin);
                p->lost |= r->plugin_dir_lost ? CONFIG_LOST_BUILD : 0;
        }
        p->plugin_path = config_bundle_path(r->bundle, p->file, so);
        free(so);
}

static void check_name(struct config_reading *r, struct config_plugin *p)
{
        size_t len = strlen(p->name);

        if (len > 64 || strspn(p->name, NAME_CHARACTERS) != len || p->name[0] == '-' || p->name[0] == '_')
                config_error(r->errors, p->file, p->lines.name,
                             "name: expected at most 64 letters, digits, - and _, found \"%.80s\"", p->name);
}

#define HOST_ID "{host_id}"

/* "{host}" would be one group for all hosts, and nobody would notice. */
static void check_braces(struct config_reading *r, const struct config_plugin *p)
{
        const char *at = p->group;

        while (at != NULL && (at = strpbrk(at, "{}")) != NULL) {
                if (strncmp(at, HOST_ID, strlen(HOST_ID)) != 0) {
                        config_error(r->errors, p->file, p->lines.group,
                                     "group: expected no braces but those of " HOST_ID ", found \"%.80s\"", p->group);
                        return;
                }
                at += strlen(HOST_ID);
        }
}

static void check_group(struct config_reading *r, struct config_plugin *p)
{
        const struct config_part *variable =
            config_bundle_part(r->bundle, CONFIG_PART_ENVIRONMENT, "KAFKA_CONSUMER_GROUP_ID");

        if (p->group == NULL && p->lines.group > 0)
                return; /* written, and wrong: that has been said */
        if (p->group == NULL && variable != NULL && p->topic_count > 0)
                p->group = memory_string(variable->bytes);
        if (p->group == NULL && p->topic_count > 0)
                config_error(r->errors, p->file, p->lines.topics,
                             "expected a consumer group (`group`, or KAFKA_CONSUMER_GROUP_ID), found none");
        check_braces(r, p);
}

void config_use_host_id(struct config *cfg, const char *host_id)
{
        for (size_t i = 0; i < cfg->plugin_count; i++) {
                char **group = &cfg->plugins[i].group, *at;

                while (*group != NULL && (at = strstr(*group, HOST_ID)) != NULL) {
                        char *whole =
                            memory_printf("%.*s%s%s", (int)(at - *group), *group, host_id, at + strlen(HOST_ID));

                        free(*group);
                        *group = whole;
                }
        }
}

static void check_bounds(struct config_reading *r, struct config_plugin *p, const struct config_value *root)
{
        const struct config_value *retry = config_value_get(root, "retry");

        if (p->retry.backoff > p->retry.backoff_max)
                config_error(r->errors, p->file, retry == NULL ? 0 : retry->line,
                             "retry: expected a backoff that is not longer than backoff_max, found a longer one");
        if (p->max_event > p->max_in_hand_bytes)
                config_error(
                    r->errors, p->file, line_of_key(root, "max_event"),
                    "max_event: expected not more than max_in_hand_bytes, found more: such an event could never be read");
}

void config_plugin_read(struct config_reading *r, struct config_plugin *p, const char *file, struct config_value *root)
{
        const struct config *cfg = r->cfg;

        p->file = file;
        p->settings = (struct config_value){.type = CONFIG_VALUE_GROUP, .file = file};
        p->drain = cfg->drain;
        p->kafka = (struct config_kafka){.static_membership = cfg->kafka.static_membership,
                                         .start = cfg->kafka.start,
                                         .on_gap = cfg->kafka.on_gap,
                                         .brokers = memory_string(cfg->kafka.brokers)};
        config_properties_copy(&p->kafka.properties, &cfg->kafka.properties);
        config_defaults(r, &config_plugin_table, p, file);
        config_read_group(r, &config_plugin_table, p, root);
        config_environment_kafka(r, &p->kafka);
        p->lines = (struct config_plugin_lines){
            .name = line_of_key(root, "name"),
            .plugin = line_of_key(root, "plugin"),
            .group = line_of_key(root, "group"),
            .topics = line_of_key(root, "topics"),
            .listen = line_of_key(root, "listen"),
        };
        find_build(r, p);
        check_name(r, p);
        check_group(r, p);
        check_bounds(r, p, root);
}

void config_plugin_clear(struct config_plugin *p)
{
        config_clear(&config_plugin_table, p);
        free(p->plugin_path);
        for (size_t i = 0; i < p->topic_count; i++)
                free(p->topics[i]);
        free(p->topics);
        for (size_t i = 0; i < p->listen_count; i++) {
                free(p->listen[i].name);
                free(p->listen[i].address);
                free(p->listen[i].host);
        }
        free(p->listen);
        free(p->kafka.brokers);
        config_properties_free(&p->kafka.properties);
        config_value_clear(&p->settings);
}
