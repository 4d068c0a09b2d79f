#include "base/memory.h"
#include "config/room.h"

#include <stdlib.h>
#include <string.h>

/* topics.conf: defaults for all topics at the top, then `topics`, a list of groups. */

enum { MIB = 1 << 20 };

/* While a topic is read, its dead-letter topic stands right behind it, filled with what follows from the source so far. */
bool config_read_dead_letter(struct config_reading *r, void *target, const struct config_value *v)
{
        struct config_topic *dead = (struct config_topic *)target + 1;
        char found[96];

        if (v->type != CONFIG_VALUE_GROUP)
                return config_error(r->errors, v->file, v->line,
                                    "dead_letter: expected a group such as { partitions = 3; }, found %s",
                                    config_value_describe(v, found));
        if (config_value_get(v, "dead_letter") != NULL)
                return config_error(r->errors, v->file, v->line,
                                    "dead_letter: expected no dead-letter topic of a dead-letter topic");
        config_read_group(r, &config_topic_table, dead, v);
        return true;
}

static void copy_defaults(struct config_topic *to, const struct config_topic *from)
{
        *to = *from;
        to->name = NULL;
        to->dead_letter = NULL;
        to->compression = memory_string(from->compression);
}

static void check_topic(struct config_reading *r, const struct config_topic *t)
{
        if (t->min_insync_replicas > t->replication)
                config_error(r->errors, t->file, t->line,
                             "topic %s: expected min_insync_replicas not above replication, found %lld and %lld",
                             t->name, (long long)t->min_insync_replicas, (long long)t->replication);
        if (strlen(t->name) > 249)
                config_error(r->errors, t->file, t->line, "topic %s: expected a name of at most 249 bytes", t->name);
}

static void read_topic(struct config_reading *r, struct config_topics *topics, const struct config_topic *defaults,
                       const struct config_value *v)
{
        struct config_topic pair[2];
        struct config_topic *topic = &pair[0], *dead = &pair[1];
        char found[96];

        if (v->type != CONFIG_VALUE_GROUP) {
                config_error(r->errors, v->file, v->line,
                             "topics: expected a group such as { name = \"request-events\"; }, found %s",
                             config_value_describe(v, found));
                return;
        }
        copy_defaults(topic, defaults);
        copy_defaults(dead, defaults);
        topic->file = dead->file = v->file;
        topic->line = dead->line = v->line;
        dead->partitions = 3;
        dead->retention = dead->max_message = 0; /* 0: as its source, whatever comes first in the file */
        config_read_group(r, &config_topic_table, topic, v);
        if (topic->name == NULL) {
                config_error(r->errors, v->file, v->line, "topics: expected a name in each topic, found none");
                config_clear(&config_topic_table, topic);
                config_clear(&config_topic_table, dead);
                return;
        }
        if (dead->name == NULL)
                dead->name = memory_printf("%s-dlq", topic->name);
        if (dead->retention == 0)
                dead->retention = topic->retention;
        if (dead->max_message == 0)
                dead->max_message = topic->max_message + MIB; /* the headers that say why */
        topic->dead_letter = memory_string(dead->name);
        dead->source = topic->name;
        check_topic(r, topic);
        check_topic(r, dead);
        topics->items = memory_resize(topics->items, topics->count + 2, sizeof *topics->items);
        topics->items[topics->count++] = *topic;
        topics->items[topics->count++] = *dead;
}

static void check_repeated(struct config_reading *r, const struct config_topics *topics)
{
        for (size_t i = 0; i < topics->count; i++)
                for (size_t k = 0; k < i; k++)
                        if (strcmp(topics->items[i].name, topics->items[k].name) == 0)
                                config_error(r->errors, topics->items[i].file, topics->items[i].line,
                                             "topic %s: expected each topic once, found it in line %d too",
                                             topics->items[i].name, topics->items[k].line);
}

void config_topics_parse(struct config_reading *r, struct config_topics *topics, const char *file,
                         const struct config_value *root)
{
        const struct config_value *list = config_value_get(root, "topics");
        struct config_topic defaults[2] = {0}; /* two: a dead_letter at the top would be read into the second */
        struct config_value rest = *root;
        char found[96];

        config_defaults(r, &config_topic_table, defaults, file);
        rest.items = memory_zero(root->item_count, sizeof *rest.items);
        rest.item_count = 0;
        for (size_t i = 0; i < root->item_count; i++) {
                const struct config_value *v = &root->items[i];

                if (strcmp(v->name, "name") == 0 || strcmp(v->name, "dead_letter") == 0)
                        config_error(r->errors, v->file, v->line,
                                     "%s: expected it within a topic of `topics`, found it outside", v->name);
                else if (v != list)
                        rest.items[rest.item_count++] = *v;
        }
        config_read_group(r, &config_topic_table, defaults, &rest);
        free(rest.items);
        if (list == NULL || list->type != CONFIG_VALUE_LIST)
                config_error(r->errors, file, list == NULL ? 0 : list->line,
                             "topics: expected a list ( { name = …; }, … ), found %s",
                             list == NULL ? "none" : config_value_describe(list, found));
        else
                for (size_t i = 0; i < list->item_count; i++)
                        read_topic(r, topics, defaults, &list->items[i]);
        config_clear(&config_topic_table, defaults);
        check_repeated(r, topics);
        config_environment_topics(r, topics);
}

void config_topics_free(struct config_topics *topics)
{
        for (size_t i = 0; i < topics->count; i++) {
                config_clear(&config_topic_table, &topics->items[i]);
                free(topics->items[i].dead_letter);
        }
        free(topics->items);
        free(topics->file);
        *topics = (struct config_topics){0};
}

const struct config_topic *config_topic(const struct config_topics *topics, const char *name)
{
        for (size_t i = 0; i < topics->count; i++)
                if (strcmp(topics->items[i].name, name) == 0)
                        return &topics->items[i];
        return NULL;
}

char *config_dead_letter_topic(const struct config_topics *topics, const char *topic)
{
        const struct config_topic *t = config_topic(topics, topic);

        return t != NULL && t->dead_letter != NULL ? memory_string(t->dead_letter) : memory_printf("%s-dlq", topic);
}
