#include "config/room.h"

#include <string.h>

static bool same_text(const char *a, const char *b)
{
        return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_topics(const struct config_plugin *a, const struct config_plugin *b)
{
        if (a->topic_count != b->topic_count)
                return false;
        for (size_t i = 0; i < a->topic_count; i++)
                if (strcmp(a->topics[i], b->topics[i]) != 0)
                        return false;
        return true;
}

static bool same_listen(const struct config_plugin *a, const struct config_plugin *b)
{
        if (a->listen_count != b->listen_count)
                return false;
        for (size_t i = 0; i < a->listen_count; i++)
                if (strcmp(a->listen[i].name, b->listen[i].name) != 0 ||
                    strcmp(a->listen[i].address, b->listen[i].address) != 0)
                        return false;
        return true;
}

/* Custom keys have structs of their own; properties are compared as a whole, with what came from the host and the environment. */
static bool same_custom(const struct config_key *key, const struct config_plugin *a, const struct config_plugin *b)
{
        if (key->read == config_read_topic_names)
                return same_topics(a, b);
        if (key->read == config_read_listen)
                return same_listen(a, b);
        if (key->read == config_read_settings)
                return config_value_equal(&a->settings, &b->settings);
        return true;
}

static bool same_field(const struct config_key *key, const void *a, const void *b)
{
        const char *x = (const char *)a + key->offset, *y = (const char *)b + key->offset;

        switch (key->type) {
        case CONFIG_KEY_BOOL:
                return *(const bool *)x == *(const bool *)y;
        case CONFIG_KEY_STRING:
        case CONFIG_KEY_PATH:
                return same_text(*(char *const *)x, *(char *const *)y);
        case CONFIG_KEY_CUSTOM:
                return same_custom(key, a, b);
        default:
                return *(const int64_t *)x == *(const int64_t *)y;
        }
}

static void note(struct buf *changed, const char *name)
{
        if (changed == NULL)
                return;
        if (changed->len > 0)
                buf_add_text(changed, ", ");
        buf_add_text(changed, name);
}

enum config_change config_compare(const struct config_plugin *old, const struct config_plugin *new, struct buf *changed)
{
        enum config_change change = CONFIG_SAME;

        for (const struct config_key *key = config_plugin_table.keys; key->name != NULL; key++) {
                if (key->effect == CONFIG_EFFECT_NONE || same_field(key, old, new))
                        continue;
                note(changed, key->name);
                if (key->effect == CONFIG_EFFECT_PROCESS)
                        change = CONFIG_CHANGED_PROCESS;
                else if (change == CONFIG_SAME)
                        change = CONFIG_CHANGED_BESIDE;
        }
        /* `plugin` as written may be the same and yet name another file, by another plugin_dir. */
        if (same_text(old->plugin, new->plugin) && !same_text(old->plugin_path, new->plugin_path)) {
                note(changed, "plugin_dir");
                change = change == CONFIG_SAME ? CONFIG_CHANGED_BESIDE : change;
        }
        if (!same_text(old->kafka.brokers, new->kafka.brokers)) {
                note(changed, "kafka.brokers");
                change = CONFIG_CHANGED_PROCESS;
        }
        if (old->kafka.static_membership != new->kafka.static_membership) {
                note(changed, "kafka.static_membership");
                change = CONFIG_CHANGED_PROCESS;
        }
        if (!config_properties_equal(&old->kafka.properties, &new->kafka.properties)) {
                note(changed, "kafka.properties");
                change = CONFIG_CHANGED_PROCESS;
        }
        return change;
}

bool config_host_changed(const struct config *old, const struct config *new, struct buf *changed)
{
        bool any = false;

        for (const struct config_key *key = config_host_table.keys; key->name != NULL; key++)
                if (key->effect == CONFIG_EFFECT_RESTART && !same_field(key, old, new)) {
                        note(changed, key->name);
                        any = true;
                }
        return any;
}
