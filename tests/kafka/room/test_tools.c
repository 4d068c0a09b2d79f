/* The Kafka room on a real broker: producer, topics, groups, and the fetcher that must not sleep. */
#include "room.h"

#include <string.h>

#include "kafka/groups.h"
#include "kafka/topics.h"

static struct consumer *const none = NULL;

static enum producer_push push(struct producer *producer, const char *topic, size_t size, uint64_t tag)
{
        char *value = calloc(1, size);
        struct producer_record record = {
            .topic = topic, .key = "k", .key_len = 1, .value = value, .value_len = size, .tag = tag};
        struct pawl_error err;
        enum producer_push result = producer_push(producer, &record, &err);

        free(value);
        return result;
}

static struct producer_report delivery(struct producer *producer)
{
        struct producer_report report;

        CHECK(producer_drain(producer, clock_now() + 45 * CLOCK_S), "not reported");
        CHECK(producer_reports(producer, &report, 1) == 1, "no report");
        return report;
}

static void the_producer_tells_refused_from_repairable(void)
{
        const char *topic = room_name("small"), *missing = room_name("missing");
        const struct client_property quick[] = {{"topic.metadata.propagation.max.ms", "500"}};
        struct producer_options options = {.client = room_options()};
        struct producer_notice notice;
        struct pawl_error err;

        room_topic(topic, 1, "max.message.bytes", "2000");
        options.client.properties = quick;
        options.client.property_count = 1;
        struct producer *producer = producer_open(&options, &err);
        CHECK(producer != NULL, "%s", err.text);
        CHECK(push(producer, topic, 100, 1) == PUSH_TAKEN, "not taken");
        struct producer_report report = delivery(producer);
        CHECK(report.outcome == REPORT_DELIVERED && report.tag == 1 && report.offset == 0, "%s", report.text);
        CHECK(push(producer, topic, 500000, 2) == PUSH_TAKEN, "not taken");
        report = delivery(producer);
        CHECK(report.outcome == REPORT_REFUSED && report.tag == 2, "%s", report.text);
        CHECK(push(producer, missing, 10, 3) == PUSH_TAKEN, "not taken");
        report = delivery(producer);
        CHECK(report.outcome == REPORT_AGAIN && report.trouble == TROUBLE_TOPIC_MISSING, "%s", report.text);
        CHECK(producer_notice(producer, &notice) && strstr(notice.text, missing), "%s", notice.text);
        room_topic(missing, 1, NULL, NULL);
        bool delivered = false;
        for (int64_t end = clock_now() + 20 * CLOCK_S; !delivered && clock_now() < end;) {
                if (push(producer, missing, 10, 4) != PUSH_TAKEN)
                        continue;
                delivered = delivery(producer).outcome == REPORT_DELIVERED;
        }
        CHECK(delivered, "the topic exists, and nothing is delivered to it");
        producer_destroy(&producer);
}

static void a_table_of_topics_is_created_once(void)
{
        const struct client_property config[] = {{"min.insync.replicas", "2"}, {"retention.ms", "604800000"}};
        struct topic_spec specs[2] = {
            {.name = room_name("t1"), .partitions = 6, .replication = 3, .config = config, .config_count = 2},
            {.name = room_name("t1-dlq"), .partitions = 3, .replication = 3, .config = config, .config_count = 2}};
        struct client_options options = room_options();
        struct topic_result results[2];
        struct pawl_error err;
        struct admin *admin = admin_open(&options, &err);

        CHECK(admin != NULL, "%s", err.text);
        CHECK(topics_create(admin, specs, 2, 20 * CLOCK_S, results, &err), "%s", err.text);
        CHECK(results[0].outcome == TOPIC_CREATED && results[1].outcome == TOPIC_CREATED, "%s", results[0].text);
        CHECK(topics_create(admin, specs, 2, 20 * CLOCK_S, results, &err), "%s", err.text);
        CHECK(results[0].outcome == TOPIC_EXISTED && results[1].outcome == TOPIC_EXISTED, "%s", results[0].text);
        specs[1].partitions = 4;
        struct client_property other[] = {{"retention.ms", "1000"}};
        specs[1].config = other;
        specs[1].config_count = 1;
        CHECK(topics_create(admin, specs, 2, 20 * CLOCK_S, results, &err), "%s", err.text);
        CHECK(results[1].outcome == TOPIC_DIFFERS && strstr(results[1].text, "retention.ms is 604800000") &&
                  strstr(results[1].text, "number of partitions is 3"),
              "%s", results[1].text);

        struct topic_list *list = topics_list(admin, false, true, 20 * CLOCK_S, &err);
        CHECK(list != NULL, "%s", err.text);
        bool found = false;
        for (size_t i = 0; i < list->count; i++) {
                struct topic_description *t = &list->topics[i];
                if (strcmp(t->name, specs[0].name) != 0)
                        continue;
                found = true;
                CHECK(t->partition_count == 6 && t->partitions[5].high == 0, "%zu", t->partition_count);
                CHECK(t->partitions[0].replicas == (list->brokers == 1 ? 1 : 3), "%d", t->partitions[0].replicas);
                CHECK(topics_describe_config(admin, t, 20 * CLOCK_S, &err), "%s", err.text);
                bool min = false;
                for (size_t k = 0; k < t->config_count; k++)
                        min |= strcmp(t->config[k].name, "min.insync.replicas") == 0 &&
                               strcmp(t->config[k].value, list->brokers == 1 ? "1" : "2") == 0;
                CHECK(min, "min.insync.replicas is not as expected");
        }
        CHECK(found, "%s is not in the list", specs[0].name);
        topics_list_free(&list);
        admin_destroy(&admin);
}

static void a_groups_members_and_lag_are_told(void)
{
        const char *topic = room_name("lag"), *group_name = room_name("lag-group");
        struct client_options options = room_options();
        struct seen seen = {0};
        struct pawl_error err;

        room_topic(topic, 2, NULL, NULL);
        room_produce(topic, 0, 0, 100, 0);
        room_produce(topic, 1, 0, 50, 0);
        struct consumer *c = room_consumer(group_name, topic, "host-plugin-0", RESET_STOP);
        UNTIL(c, &seen, none, &seen, seen.messages == 150);
        uint32_t index = seen.partitions[0].partition == 0 ? seen.partitions[0].index : seen.partitions[1].index;
        struct consumer_offset offset = {.index = index, .offset = 60, .metadata = "map"};
        CHECK(consumer_commit(c, 1, &offset, 1), "another commit is in flight");
        UNTIL(c, &seen, none, &seen, seen.commits == 1);

        struct admin *admin = admin_open(&options, &err);
        struct group_description *group = groups_describe(admin, group_name, 20 * CLOCK_S, &err);
        CHECK(group != NULL, "%s", err.text);
        CHECK(strcmp(group->state, "Stable") == 0, "%s", group->state);
        CHECK(group->member_count == 1 && strcmp(group->members[0].instance_id, "host-plugin-0") == 0 &&
                  group->members[0].partitions == 2,
              "%zu members", group->member_count);
        CHECK(group->lag_count == 2 && group->lags[0].committed == 60 && group->lags[0].lag == 40 &&
                  group->lags[1].committed == -1 && group->lags[1].lag == 50 && group->total_lag == 90,
              "%zu partitions, lag %lld", group->lag_count, (long long)group->total_lag);
        CHECK(strcmp(group->lags[0].metadata, "map") == 0 && strcmp(group->lags[1].member, "host-plugin-0") == 0, "%s",
              group->lags[0].metadata);
        groups_free(&group);
        group = groups_describe(admin, room_name("nobody"), 20 * CLOCK_S, &err);
        CHECK(group != NULL && group->member_count == 0, "%s", err.text);
        groups_free(&group);
        admin_destroy(&admin);
        room_close(&c, &seen, true);
}

/* With small queues and handlers that take their time, librdkafka's fetcher sleeps up to a second whenever it found them full:
 * then nothing comes for most of that second. */
static void the_fetcher_does_not_sleep_behind_full_queues(void)
{
        const char *topic = room_name("wake"), *group = room_name("wake-group");
        struct message messages[256];
        struct consumer_event event;
        size_t total = 0, count;

        room_topic(topic, 6, NULL, NULL);
        for (int p = 0; p < 6; p++)
                room_produce(topic, p, 0, 50000, 553);
        struct consumer *c = room_consumer(group, topic, "one", RESET_STOP);
        int64_t began = 0, last = 0, longest = 0;
        int64_t end = clock_now() + 60 * CLOCK_S;
        while (total < 300000 && clock_now() < end) {
                consumer_serve(c, clock_now());
                while (consumer_next(c, &event)) {
                        for (size_t i = 0; event.type == CONSUMER_ASSIGN && i < event.partition_count; i++)
                                consumer_go(c, event.partitions[i].index);
                }
                count = consumer_read(c, messages, 256);
                int64_t now = clock_now();
                if (count > 0 && began == 0)
                        began = last = now;
                if (count > 0 && now - last > longest)
                        longest = now - last;
                int64_t work = clock_now() + (int64_t)count * 4000; /* 4 µs an event */
                while (clock_now() < work)
                        ;
                for (size_t i = 0; i < count; i++)
                        message_release(&messages[i]);
                if (count > 0)
                        last = clock_now();
                total += count;
        }
        double seconds = (double)(clock_now() - began) / 1e9;
        double idle = (double)longest / 1e9;
        printf("  %zu messages of 553 bytes, 4 µs of work each: %.2f s, longest wait %.3f s\n", total, seconds, idle);
        CHECK(total == 300000, "%zu messages in 60 s", total);
        CHECK(idle < 0.6, "nothing came for %.2f s: the fetcher slept", idle);
        struct seen seen = {0};
        room_close(&c, &seen, true);
}

int main(int argc, char **argv)
{
        static const struct room_test tests[] = {
            {"the producer tells refused from repairable", the_producer_tells_refused_from_repairable},
            {"a table of topics is created once", a_table_of_topics_is_created_once},
            {"a group's members and lag are told", a_groups_members_and_lag_are_told},
            {"the fetcher does not sleep behind full queues", the_fetcher_does_not_sleep_behind_full_queues},
        };

        return room_run(tests, sizeof tests / sizeof *tests, argc > 1 ? argv[1] : "");
}
