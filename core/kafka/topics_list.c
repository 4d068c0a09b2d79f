#include "kafka/topics_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

/* ---- settings ---- */

static void take_settings(const rd_kafka_ConfigResource_t *resource, struct topic_settings *settings)
{
        size_t count = 0;
        const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);

        settings->items = memory_zero(count, sizeof *settings->items);
        for (size_t i = 0; i < count; i++) {
                const char *value = rd_kafka_ConfigEntry_value(entries[i]);

                if (value == NULL) /* sensitive */
                        continue;
                settings->items[settings->count++] =
                    (struct topic_setting){.name = memory_string(rd_kafka_ConfigEntry_name(entries[i])),
                                           .value = memory_string(value),
                                           .is_default = rd_kafka_ConfigEntry_source(entries[i]) !=
                                                         RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG};
        }
}

bool topic_settings_ask(struct admin *admin, const char *topic, int64_t timeout_ns, struct topic_settings *settings,
                        struct pawl_error *err)
{
        rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
        rd_kafka_AdminOptions_t *options = admin_call_options(admin, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ns);
        rd_kafka_resp_err_t code;
        size_t count = 0;
        bool good = false;

        memset(settings, 0, sizeof *settings);
        rd_kafka_DescribeConfigs(admin->client.rk, &resource, 1, options, admin->answers);
        rd_kafka_AdminOptions_destroy(options);
        rd_kafka_ConfigResource_destroy(resource);
        rd_kafka_event_t *event = admin_answer(admin, "asking for a topic's settings", timeout_ns, &code, err);
        if (event == NULL)
                return false;
        const rd_kafka_ConfigResource_t **answers =
            rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count);
        if (count == 1 && (code = rd_kafka_ConfigResource_error(answers[0])) == RD_KAFKA_RESP_ERR_NO_ERROR) {
                take_settings(answers[0], settings);
                good = true;
        } else {
                admin_failed(admin, code, "asking for a topic's settings", NULL, "DescribeConfigs", topic, NULL, err);
        }
        rd_kafka_event_destroy(event);
        return good;
}

const char *topic_settings_find(const struct topic_settings *settings, const char *name)
{
        for (size_t i = 0; i < settings->count; i++) {
                if (strcmp(settings->items[i].name, name) == 0)
                        return settings->items[i].value;
        }
        return NULL;
}

void topic_settings_free(struct topic_settings *settings)
{
        for (size_t i = 0; i < settings->count; i++) {
                free(settings->items[i].name);
                free(settings->items[i].value);
        }
        free(settings->items);
        memset(settings, 0, sizeof *settings);
}

static void free_config(struct topic_description *topic)
{
        for (size_t i = 0; i < topic->config_count; i++) {
                free((char *)topic->config[i].name);
                free((char *)topic->config[i].value);
        }
        free(topic->config);
        topic->config = NULL;
        topic->config_count = 0;
}

bool topics_describe_config(struct admin *admin, struct topic_description *topic, int64_t timeout_ns,
                            struct pawl_error *err)
{
        struct topic_settings settings;

        free_config(topic);
        if (!topic_settings_ask(admin, topic->name, timeout_ns, &settings, err))
                return false;
        topic->config = memory_zero(settings.count, sizeof *topic->config);
        for (size_t i = 0; i < settings.count; i++) {
                if (!settings.items[i].is_default)
                        topic->config[topic->config_count++] =
                            (struct client_property){memory_string(settings.items[i].name),
                                                     memory_string(settings.items[i].value)};
        }
        topic_settings_free(&settings);
        return true;
}

/* ---- the list ---- */

static int by_partition(const void *a, const void *b)
{
        const struct topic_partition *x = a, *y = b;

        return x->partition < y->partition ? -1 : x->partition > y->partition;
}

static int by_name(const void *a, const void *b)
{
        const struct topic_description *x = a, *y = b;

        return strcmp(x->name, y->name);
}

static void describe(struct admin *admin, const struct rd_kafka_metadata_topic *from, bool marks, int64_t deadline,
                     struct topic_description *to)
{
        to->name = memory_string(from->topic);
        if (from->err != RD_KAFKA_RESP_ERR_NO_ERROR)
                to->error = memory_string(rd_kafka_err2str(from->err));
        to->partition_count = (size_t)from->partition_cnt;
        to->partitions = memory_zero(to->partition_count, sizeof *to->partitions);
        for (size_t i = 0; i < to->partition_count; i++) {
                to->partitions[i] = (struct topic_partition){.partition = from->partitions[i].id,
                                                             .leader = from->partitions[i].leader,
                                                             .replicas = from->partitions[i].replica_cnt,
                                                             .in_sync = from->partitions[i].isr_cnt,
                                                             .low = -1,
                                                             .high = -1};
                if (marks)
                        (void)admin_marks(admin, to->name, to->partitions[i].partition, deadline,
                                          &to->partitions[i].low, &to->partitions[i].high);
        }
        qsort(to->partitions, to->partition_count, sizeof *to->partitions, by_partition);
}

struct topic_list *topics_list(struct admin *admin, bool internal, bool marks, int64_t timeout_ns,
                               struct pawl_error *err)
{
        int64_t deadline = clock_now() + timeout_ns;
        const struct rd_kafka_metadata *metadata = admin_metadata(admin, timeout_ns, err);
        struct topic_list *list;

        if (metadata == NULL)
                return NULL;
        list = memory_zero(1, sizeof *list);
        list->brokers = metadata->broker_cnt;
        list->topics = memory_zero((size_t)metadata->topic_cnt, sizeof *list->topics);
        for (int i = 0; i < metadata->topic_cnt; i++) {
                if (internal || strncmp(metadata->topics[i].topic, "__", 2) != 0)
                        describe(admin, &metadata->topics[i], marks, deadline, &list->topics[list->count++]);
        }
        rd_kafka_metadata_destroy(metadata);
        qsort(list->topics, list->count, sizeof *list->topics, by_name);
        return list;
}

void topics_list_free(struct topic_list **list_ptr)
{
        struct topic_list *list = *list_ptr;

        *list_ptr = NULL;
        if (list == NULL)
                return;
        for (size_t i = 0; i < list->count; i++) {
                free_config(&list->topics[i]);
                free(list->topics[i].name);
                free(list->topics[i].error);
                free(list->topics[i].partitions);
        }
        free(list->topics);
        free(list);
}
