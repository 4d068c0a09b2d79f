/* What a broker with an authorizer refuses is told in words: principal, operation, resource and remedy. Run by `refused`, which
 * starts such a broker. Everybody may do everything there that no ACL names, so a denial takes one thing away. */
#include "room.h"

#include <string.h>

static struct consumer *const none = NULL;

static void change_acl(rd_kafka_t *rk, rd_kafka_queue_t *queue, rd_kafka_AclBinding_t *binding)
{
        size_t count = 0;

        rd_kafka_CreateAcls(rk, &binding, 1, NULL, queue);
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 20000);
        CHECK(event != NULL && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR, "%s",
              event ? rd_kafka_event_error_string(event) : "no answer");
        const rd_kafka_acl_result_t **results =
            rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event), &count);
        const rd_kafka_error_t *error = count == 1 ? rd_kafka_acl_result_error(results[0]) : NULL;
        CHECK(count == 1 && error == NULL, "%s", error ? rd_kafka_error_string(error) : "no result");
        rd_kafka_event_destroy(event);
}

static void deny(rd_kafka_ResourceType_t type, const char *name, rd_kafka_AclOperation_t operation)
{
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char reason[256];

        rd_kafka_conf_set(conf, "bootstrap.servers", room_brokers(), NULL, 0);
        rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
        CHECK(rk != NULL, "%s", reason);
        rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
        rd_kafka_AclBinding_t *binding =
            rd_kafka_AclBinding_new(type, name, RD_KAFKA_RESOURCE_PATTERN_LITERAL, "User:ANONYMOUS", "*", operation,
                                    RD_KAFKA_ACL_PERMISSION_TYPE_DENY, reason, sizeof reason);
        CHECK(binding != NULL, "%s", reason);
        change_acl(rk, queue, binding);
        rd_kafka_AclBinding_destroy(binding);
        rd_kafka_queue_destroy(queue);
        rd_kafka_destroy(rk);
}

static void expect_words(const char *text, const char *operation, const char *resource, const char *option)
{
        CHECK(strstr(text, "User:ANONYMOUS") && strstr(text, operation) && strstr(text, resource) &&
                  strstr(text, "kafka-acls.sh --add") && strstr(text, option),
              "%s", text);
}

static void a_group_that_may_not_be_joined_is_named(void)
{
        const char *topic = room_name("refused-1"), *group = room_name("refused-group");
        struct seen seen = {0};

        room_topic(topic, 1, NULL, NULL);
        deny(RD_KAFKA_RESOURCE_GROUP, group, RD_KAFKA_ACL_OPERATION_READ);
        struct consumer *c = room_consumer(group, topic, NULL, RESET_STOP);
        UNTIL(c, &seen, none, &seen, seen.troubles == 1);
        CHECK(seen.trouble == TROUBLE_AUTHORIZATION, "%d", seen.trouble);
        expect_words(seen.text, "operation Read", group, "--group");
        CHECK(strcmp(consumer_state(c), "joining, not authorised") == 0, "%s", consumer_state(c));
        room_close(&c, &seen, true);
}

static void a_topic_that_may_not_be_read_is_named(void)
{
        const char *topic = room_name("refused-2"), *group = room_name("refused-2-group");
        struct seen seen = {0};

        room_topic(topic, 1, NULL, NULL);
        deny(RD_KAFKA_RESOURCE_TOPIC, topic, RD_KAFKA_ACL_OPERATION_READ);
        struct consumer *c = room_consumer(group, topic, NULL, RESET_STOP);
        UNTIL(c, &seen, none, &seen, seen.troubles == 1);
        CHECK(seen.trouble == TROUBLE_AUTHORIZATION, "%d", seen.trouble);
        expect_words(seen.text, "operation Read", topic, "--topic");
        room_close(&c, &seen, true);
}

static void a_topic_that_may_not_be_written_waits_with_a_notice(void)
{
        const char *topic = room_name("refused-3");
        struct producer_options options = {.client = room_options()};
        struct producer_record record = {.topic = topic, .value = "x", .value_len = 1};
        struct producer_report report;
        struct producer_notice notice;
        struct pawl_error err;

        room_topic(topic, 1, NULL, NULL);
        deny(RD_KAFKA_RESOURCE_TOPIC, topic, RD_KAFKA_ACL_OPERATION_WRITE);
        struct producer *producer = producer_open(&options, &err);
        CHECK(producer != NULL, "%s", err.text);
        CHECK(producer_push(producer, &record, &err) == PUSH_TAKEN, "%s", err.text);
        CHECK(producer_drain(producer, clock_now() + 20 * CLOCK_S), "not reported");
        CHECK(producer_reports(producer, &report, 1) == 1 && report.outcome == REPORT_AGAIN, "%s", report.text);
        CHECK(producer_notice(producer, &notice) && notice.trouble == TROUBLE_AUTHORIZATION, "%s", notice.text);
        expect_words(notice.text, "operation Write", topic, "--topic");
        producer_destroy(&producer);
}

int main(int argc, char **argv)
{
        static const struct room_test tests[] = {
            {"a group that may not be joined is named", a_group_that_may_not_be_joined_is_named},
            {"a topic that may not be read is named", a_topic_that_may_not_be_read_is_named},
            {"a topic that may not be written waits with a notice",
             a_topic_that_may_not_be_written_waits_with_a_notice},
        };

        return room_run(tests, sizeof tests / sizeof *tests, argc > 1 ? argv[1] : "");
}
