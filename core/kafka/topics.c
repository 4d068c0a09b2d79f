#include "kafka/topics_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/memory.h"

static const struct rd_kafka_metadata_topic *find_topic(const struct rd_kafka_metadata *metadata, const char *name)
{
        for (int i = 0; i < metadata->topic_cnt; i++) {
                if (strcmp(metadata->topics[i].topic, name) == 0 &&
                    metadata->topics[i].err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
                        return &metadata->topics[i];
        }
        return NULL;
}

/* What a spec becomes on a cluster of one broker: there is nobody to replicate to, or to wait for. */
static int16_t replication_for(const struct topic_spec *spec, int brokers)
{
        return brokers == 1 && spec->replication > 1 ? 1 : spec->replication == 0 ? -1 : spec->replication;
}

static const char *config_for(const struct client_property *config, int brokers)
{
        return brokers == 1 && strcasecmp(config->name, "min.insync.replicas") == 0 ? "1" : config->value;
}

/* ---- those that exist ---- */

static void add_difference(struct topic_result *result, const char *what, const char *has, const char *wants)
{
        size_t used = strlen(result->text);

        result->outcome = TOPIC_DIFFERS;
        snprintf(result->text + used, sizeof result->text - used, "%s%s is %s, the table says %s", used ? "; " : "",
                 what, has, wants);
}

static void compare(struct admin *admin, const struct topic_spec *spec, const struct rd_kafka_metadata *metadata,
                    const struct rd_kafka_metadata_topic *topic, int64_t timeout_ns, struct topic_result *result)
{
        char has[24], wants[24];

        result->outcome = TOPIC_EXISTED;
        if (topic->partition_cnt != spec->partitions) {
                snprintf(has, sizeof has, "%d", topic->partition_cnt);
                snprintf(wants, sizeof wants, "%d", (int)spec->partitions);
                add_difference(result, "number of partitions", has, wants);
        }
        int replication = replication_for(spec, metadata->broker_cnt);
        if (topic->partition_cnt > 0 && replication > 0 && topic->partitions[0].replica_cnt != replication) {
                snprintf(has, sizeof has, "%d", topic->partitions[0].replica_cnt);
                snprintf(wants, sizeof wants, "%d", replication);
                add_difference(result, "replication factor", has, wants);
        }
        struct topic_settings settings = {0};
        /* A broker that cannot say (the mock) is taken to agree. */
        if (spec->config_count == 0 || !topic_settings_ask(admin, spec->name, timeout_ns, &settings, NULL))
                return;
        for (size_t i = 0; i < spec->config_count; i++) {
                const char *value = topic_settings_find(&settings, spec->config[i].name);
                const char *wanted = config_for(&spec->config[i], metadata->broker_cnt);
                if (value != NULL && strcmp(value, wanted) != 0)
                        add_difference(result, spec->config[i].name, value, wanted);
        }
        topic_settings_free(&settings);
}

/* ---- those that are missing ---- */

static rd_kafka_NewTopic_t *new_topic(const struct topic_spec *spec, int brokers, struct topic_result *result)
{
        char reason[200];
        rd_kafka_NewTopic_t *topic =
            rd_kafka_NewTopic_new(spec->name, spec->partitions, replication_for(spec, brokers), reason, sizeof reason);

        if (topic == NULL) {
                result->outcome = TOPIC_FAILED;
                snprintf(result->text, sizeof result->text, "%s", reason);
                return NULL;
        }
        for (size_t i = 0; i < spec->config_count; i++)
                rd_kafka_NewTopic_set_config(topic, spec->config[i].name, config_for(&spec->config[i], brokers));
        return topic;
}

static struct topic_result *result_named(struct topic_result *results, size_t count, const char *name)
{
        for (size_t i = 0; i < count; i++) {
                if (strcmp(results[i].name, name) == 0)
                        return &results[i];
        }
        return NULL;
}

static void take_results(struct admin *admin, rd_kafka_event_t *event, int brokers, struct topic_result *results,
                         size_t count)
{
        size_t answered = 0;
        const rd_kafka_topic_result_t **answers =
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &answered);

        for (size_t i = 0; i < answered; i++) {
                struct topic_result *result = result_named(results, count, rd_kafka_topic_result_name(answers[i]));
                rd_kafka_resp_err_t code = rd_kafka_topic_result_error(answers[i]);
                struct pawl_error err;

                if (result == NULL)
                        continue;
                if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
                        result->outcome = TOPIC_CREATED;
                        snprintf(result->text, sizeof result->text, "%s",
                                 brokers == 1 ? "created, with one replica, since the cluster has one broker"
                                              : "created");
                } else if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
                        result->outcome = TOPIC_EXISTED; /* somebody else was quicker */
                } else {
                        admin_failed(admin, code, "creating", rd_kafka_topic_result_error_string(answers[i]), "Create",
                                     result->name, NULL, &err);
                        result->outcome = TOPIC_FAILED;
                        snprintf(result->text, sizeof result->text, "%.255s", err.text);
                }
        }
}

static void create_missing(struct admin *admin, rd_kafka_NewTopic_t **topics, size_t missing, int brokers,
                           int64_t timeout_ns, struct topic_result *results, size_t count)
{
        rd_kafka_AdminOptions_t *options = admin_call_options(admin, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ns);
        rd_kafka_resp_err_t code;
        struct pawl_error err;
        char reason[128];

        /* The answer comes when the topics can be used, not merely when the request was taken. */
        (void)rd_kafka_AdminOptions_set_operation_timeout(options, admin_ms(timeout_ns), reason, sizeof reason);
        rd_kafka_CreateTopics(admin->client.rk, topics, missing, options, admin->answers);
        rd_kafka_AdminOptions_destroy(options);
        rd_kafka_event_t *event = admin_answer(admin, "creating topics", timeout_ns, &code, &err);
        if (event != NULL) {
                take_results(admin, event, brokers, results, count);
                rd_kafka_event_destroy(event);
                return;
        }
        for (size_t i = 0; i < count; i++) {
                if (results[i].outcome == TOPIC_FAILED && results[i].text[0] == '\0')
                        snprintf(results[i].text, sizeof results[i].text, "%.255s", err.text);
        }
}

static bool judge(const struct topic_result *results, size_t count, struct pawl_error *err)
{
        for (size_t i = 0; i < count; i++) {
                if (results[i].outcome == TOPIC_FAILED)
                        return error_set(err, "topic \"%s\": %s", results[i].name, results[i].text);
        }
        return true;
}

bool topics_create(struct admin *admin, const struct topic_spec *specs, size_t count, int64_t timeout_ns,
                   struct topic_result *results, struct pawl_error *err)
{
        int64_t deadline = clock_now() + timeout_ns;
        const struct rd_kafka_metadata *metadata;
        rd_kafka_NewTopic_t **missing;
        size_t missing_count = 0;

        for (size_t i = 0; i < count; i++)
                results[i] = (struct topic_result){.name = specs[i].name, .outcome = TOPIC_FAILED};
        metadata = admin_metadata(admin, timeout_ns, err);
        if (metadata == NULL) {
                for (size_t i = 0; i < count; i++)
                        snprintf(results[i].text, sizeof results[i].text, "%.255s", err ? err->text : "no answer");
                return false;
        }
        missing = memory_zero(count, sizeof(void *));
        for (size_t i = 0; i < count; i++) {
                const struct rd_kafka_metadata_topic *topic = find_topic(metadata, specs[i].name);
                if (topic != NULL)
                        compare(admin, &specs[i], metadata, topic, admin_left(deadline), &results[i]);
                else if ((missing[missing_count] = new_topic(&specs[i], metadata->broker_cnt, &results[i])) != NULL)
                        missing_count++;
        }
        if (missing_count > 0)
                create_missing(admin, missing, missing_count, metadata->broker_cnt, admin_left(deadline), results,
                               count);
        rd_kafka_NewTopic_destroy_array(missing, missing_count);
        free(missing);
        rd_kafka_metadata_destroy(metadata);
        return judge(results, count, err);
}
