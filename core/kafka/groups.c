#include "kafka/groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "kafka/admin_private.h"

static int by_topic(const void *a, const void *b)
{
        const struct group_lag *x = a, *y = b;
        int order = strcmp(x->topic, y->topic);

        return order != 0 ? order : x->partition < y->partition ? -1 : x->partition > y->partition;
}

static struct group_lag *lag_of(struct group_description *group, const char *topic, int32_t partition)
{
        for (size_t i = 0; i < group->lag_count; i++) {
                if (group->lags[i].partition == partition && strcmp(group->lags[i].topic, topic) == 0)
                        return &group->lags[i];
        }
        group->lags = memory_resize(group->lags, group->lag_count + 1, sizeof *group->lags);
        struct group_lag *lag = &group->lags[group->lag_count++];
        *lag = (struct group_lag){
            .topic = memory_string(topic), .partition = partition, .committed = -1, .low = -1, .high = -1, .lag = -1};
        return lag;
}

/* ---- members ---- */

static void take_member(struct group_description *group, const rd_kafka_MemberDescription_t *from)
{
        const rd_kafka_MemberAssignment_t *assignment = rd_kafka_MemberDescription_assignment(from);
        const rd_kafka_topic_partition_list_t *list =
            assignment ? rd_kafka_MemberAssignment_partitions(assignment) : NULL;
        const char *instance = rd_kafka_MemberDescription_group_instance_id(from);
        struct group_member *to = &group->members[group->member_count++];

        to->member_id = memory_string(rd_kafka_MemberDescription_consumer_id(from));
        to->instance_id = instance && instance[0] ? memory_string(instance) : NULL;
        to->client_id = memory_string(rd_kafka_MemberDescription_client_id(from));
        to->host = memory_string(rd_kafka_MemberDescription_host(from));
        for (int i = 0; list != NULL && i < list->cnt; i++) {
                struct group_lag *lag = lag_of(group, list->elems[i].topic, list->elems[i].partition);
                free(lag->member);
                lag->member = memory_string(to->instance_id ? to->instance_id : to->member_id);
                to->partitions++;
        }
}

static void take_description(struct group_description *group, const rd_kafka_ConsumerGroupDescription_t *from)
{
        const rd_kafka_Node_t *node = rd_kafka_ConsumerGroupDescription_coordinator(from);
        size_t count = rd_kafka_ConsumerGroupDescription_member_count(from);

        group->state = memory_string(rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(from)));
        if (node != NULL)
                group->coordinator = memory_printf("%s:%d (%d)", rd_kafka_Node_host(node),
                                                   (int)rd_kafka_Node_port(node), (int)rd_kafka_Node_id(node));
        group->members = memory_zero(count, sizeof *group->members);
        for (size_t i = 0; i < count; i++)
                take_member(group, rd_kafka_ConsumerGroupDescription_member(from, i));
}

/*
 * The mock cluster cannot describe a group, and must not be asked: librdkafka frees a coordinator request that it cannot send and
 * then uses it (confluentinc/librdkafka#4605), which ends the process.
 */
static bool is_mock(struct admin *admin, int64_t timeout_ns)
{
        char *id = rd_kafka_clusterid(admin->client.rk, admin_ms(timeout_ns));
        bool mock = id != NULL && strncmp(id, "mockCluster", strlen("mockCluster")) == 0;

        if (id != NULL)
                rd_kafka_mem_free(admin->client.rk, id);
        return mock;
}

static bool ask_members(struct admin *admin, struct group_description *group, int64_t timeout_ns,
                        struct pawl_error *err)
{
        if (is_mock(admin, timeout_ns))
                return true;

        rd_kafka_AdminOptions_t *options =
            admin_call_options(admin, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, timeout_ns);
        const char *name = group->group;
        rd_kafka_resp_err_t code;
        size_t count = 0;
        bool good = true;

        rd_kafka_DescribeConsumerGroups(admin->client.rk, &name, 1, options, admin->answers);
        rd_kafka_AdminOptions_destroy(options);
        rd_kafka_event_t *event = admin_answer(admin, "asking for the group's members", timeout_ns, &code, err);
        if (event == NULL)
                return false;
        const rd_kafka_ConsumerGroupDescription_t **answers =
            rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(event), &count);
        const rd_kafka_error_t *error = count == 1 ? rd_kafka_ConsumerGroupDescription_error(answers[0]) : NULL;
        if (error == NULL && count == 1) {
                take_description(group, answers[0]);
        } else if (error != NULL) {
                code = rd_kafka_error_code(error);
                good = admin_failed(admin, code, "asking for the group's members", rd_kafka_error_string(error),
                                    "Describe", NULL, group->group, err);
        }
        rd_kafka_event_destroy(event);
        return good;
}

/* ---- offsets ---- */

static bool ask_committed(struct admin *admin, struct group_description *group, int64_t timeout_ns,
                          struct pawl_error *err)
{
        rd_kafka_AdminOptions_t *options =
            admin_call_options(admin, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, timeout_ns);
        rd_kafka_ListConsumerGroupOffsets_t *question = rd_kafka_ListConsumerGroupOffsets_new(group->group, NULL);
        rd_kafka_resp_err_t code;
        size_t count = 0;
        bool good = true;

        rd_kafka_ListConsumerGroupOffsets(admin->client.rk, &question, 1, options, admin->answers);
        rd_kafka_ListConsumerGroupOffsets_destroy(question);
        rd_kafka_AdminOptions_destroy(options);
        rd_kafka_event_t *event = admin_answer(admin, "asking for the group's offsets", timeout_ns, &code, err);
        if (event == NULL)
                return false;
        const rd_kafka_group_result_t **answers =
            rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(event),
                                                            &count);
        const rd_kafka_error_t *error = count == 1 ? rd_kafka_group_result_error(answers[0]) : NULL;
        const rd_kafka_topic_partition_list_t *list = count == 1 ? rd_kafka_group_result_partitions(answers[0]) : NULL;
        if (error != NULL)
                good = admin_failed(admin, rd_kafka_error_code(error), "asking for the group's offsets",
                                    rd_kafka_error_string(error), "Describe", NULL, group->group, err);
        for (int i = 0; good && list != NULL && i < list->cnt; i++) {
                const rd_kafka_topic_partition_t *p = &list->elems[i];
                struct group_lag *lag = lag_of(group, p->topic, p->partition);

                lag->committed = p->offset >= 0 ? p->offset : -1;
                if (p->metadata != NULL && p->metadata_size > 0)
                        lag->metadata = memory_copy(p->metadata, p->metadata_size);
        }
        rd_kafka_event_destroy(event);
        return good;
}

static void ask_marks(struct admin *admin, struct group_description *group, int64_t deadline)
{
        for (size_t i = 0; i < group->lag_count; i++) {
                struct group_lag *lag = &group->lags[i];

                if (!admin_marks(admin, lag->topic, lag->partition, deadline, &lag->low, &lag->high))
                        continue;
                int64_t from = lag->committed > lag->low ? lag->committed : lag->low;
                lag->lag = lag->high > from ? lag->high - from : 0;
                group->total_lag += lag->lag;
        }
}

struct group_description *groups_describe(struct admin *admin, const char *name, int64_t timeout_ns,
                                          struct pawl_error *err)
{
        int64_t deadline = clock_now() + timeout_ns;
        struct group_description *group = memory_zero(1, sizeof *group);

        group->group = memory_string(name);
        if (!ask_members(admin, group, timeout_ns, err) || !ask_committed(admin, group, admin_left(deadline), err)) {
                groups_free(&group);
                return NULL;
        }
        if (group->state == NULL)
                group->state = memory_string("Unknown");
        if (group->coordinator == NULL)
                group->coordinator = memory_string("");
        ask_marks(admin, group, deadline);
        admin_serve_logs(admin);
        if (group->lag_count > 0)
                qsort(group->lags, group->lag_count, sizeof *group->lags, by_topic);
        return group;
}

void groups_free(struct group_description **description)
{
        struct group_description *group = *description;

        *description = NULL;
        if (group == NULL)
                return;
        for (size_t i = 0; i < group->member_count; i++) {
                free(group->members[i].member_id);
                free(group->members[i].instance_id);
                free(group->members[i].client_id);
                free(group->members[i].host);
        }
        for (size_t i = 0; i < group->lag_count; i++) {
                free(group->lags[i].topic);
                free(group->lags[i].member);
                free(group->lags[i].metadata);
        }
        free(group->members);
        free(group->lags);
        free(group->group);
        free(group->state);
        free(group->coordinator);
        free(group);
}
