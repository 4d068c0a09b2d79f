#include "room.h"

#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "kafka/topics.h"

int room_run(const struct room_test *tests, size_t count, const char *filter)
{
        setvbuf(stdout, NULL, _IOLBF, 0);
        for (size_t i = 0; i < count; i++) {
                if (strstr(tests[i].name, filter) == NULL)
                        continue;
                printf("%s\n", tests[i].name);
                tests[i].run();
        }
        return 0;
}

const char *room_brokers(void)
{
        const char *brokers = getenv("PAWL_TEST_BOOTSTRAP");

        CHECK(brokers != NULL && brokers[0] != '\0', "set PAWL_TEST_BOOTSTRAP to the address of a Kafka broker");
        return brokers;
}

const char *room_name(const char *name)
{
        static char names[32][96];
        static size_t used;
        char *out = names[used++];

        CHECK(used <= sizeof names / sizeof *names, "too many names");
        snprintf(out, sizeof names[0], "%s-%d-%lld", name, (int)getpid(), (long long)(clock_wall() / CLOCK_MS));
        return out;
}

static void print_line(void *ctx, enum client_severity severity, const char *line)
{
        (void)ctx;
        if (severity <= CLIENT_WARNING)
                fprintf(stderr, "log: %s\n", line);
}

struct client_options room_options(void)
{
        return (struct client_options){.brokers = room_brokers(), .log = print_line};
}

void room_topic(const char *topic, int partitions, const char *setting, const char *value)
{
        struct client_options options = room_options();
        struct client_property config = {setting, value};
        struct topic_spec spec = {.name = topic,
                                  .partitions = partitions,
                                  .replication = 3,
                                  .config = &config,
                                  .config_count = setting ? 1 : 0};
        struct topic_result result;
        struct pawl_error err;
        struct admin *admin = admin_open(&options, &err);

        CHECK(admin != NULL, "%s", err.text);
        CHECK(topics_create(admin, &spec, 1, 20 * CLOCK_S, &result, &err), "%s", err.text);
        CHECK(result.outcome == TOPIC_CREATED, "%s", result.text);
        admin_destroy(&admin);
}

static rd_kafka_t *plain_producer(const char *transactional_id)
{
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char reason[256];

        rd_kafka_conf_set(conf, "bootstrap.servers", room_brokers(), NULL, 0);
        rd_kafka_conf_set(conf, "queue.buffering.max.messages", "2000000", NULL, 0);
        if (transactional_id != NULL)
                rd_kafka_conf_set(conf, "transactional.id", transactional_id, NULL, 0);
        rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
        CHECK(rk != NULL, "%s", reason);
        return rk;
}

static void push_numbers(rd_kafka_t *rk, const char *topic, int32_t partition, int first, int count, size_t size)
{
        char *value = memory_zero(1, size + 32);

        memset(value, '.', size + 31);
        for (int i = first; i < first + count; i++) {
                int len = snprintf(value, 32, "%d", i);
                value[len] = size > (size_t)len ? '.' : '\0';
                size_t value_len = size > (size_t)len ? size : (size_t)len;
                rd_kafka_resp_err_t code =
                    rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                                      RD_KAFKA_V_KEY(value, (size_t)len), RD_KAFKA_V_VALUE(value, value_len),
                                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
                CHECK(code == RD_KAFKA_RESP_ERR_NO_ERROR, "%s", rd_kafka_err2str(code));
        }
        free(value);
}

void room_produce(const char *topic, int32_t partition, int first, int count, size_t size)
{
        rd_kafka_t *rk = plain_producer(NULL);

        push_numbers(rk, topic, partition, first, count, size);
        CHECK(rd_kafka_flush(rk, 60000) == RD_KAFKA_RESP_ERR_NO_ERROR, "not delivered in 60 s");
        rd_kafka_destroy(rk);
}

static void no_error(rd_kafka_error_t *error)
{
        CHECK(error == NULL, "%s", rd_kafka_error_string(error));
}

void room_transaction(const char *topic, int count, bool commit)
{
        rd_kafka_t *rk = plain_producer(room_name("tx"));

        no_error(rd_kafka_init_transactions(rk, -1));
        no_error(rd_kafka_begin_transaction(rk));
        push_numbers(rk, topic, 0, 0, count, 0);
        /* Else an abort would drop them before they were written. */
        CHECK(rd_kafka_flush(rk, 20000) == RD_KAFKA_RESP_ERR_NO_ERROR, "not delivered in 20 s");
        no_error(commit ? rd_kafka_commit_transaction(rk, -1) : rd_kafka_abort_transaction(rk, -1));
        rd_kafka_destroy(rk);
}

void room_delete_before(const char *topic, int32_t partition, int64_t offset)
{
        rd_kafka_t *rk = plain_producer(NULL);
        rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

        rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
        rd_kafka_DeleteRecords_t *question = rd_kafka_DeleteRecords_new(list);
        rd_kafka_DeleteRecords(rk, &question, 1, NULL, queue);
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 20000);
        CHECK(event != NULL && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR, "%s",
              event ? rd_kafka_event_error_string(event) : "no answer");
        rd_kafka_event_destroy(event);
        rd_kafka_DeleteRecords_destroy(question);
        rd_kafka_topic_partition_list_destroy(list);
        rd_kafka_queue_destroy(queue);
        rd_kafka_destroy(rk);
}

struct consumer *room_consumer(const char *group, const char *topic, const char *instance, enum consumer_reset on_gap)
{
        /* A member learns of a rebalance by its next heartbeat. */
        static const struct client_property quick[] = {{"heartbeat.interval.ms", "500"}};
        struct consumer_options options = {.client = room_options(),
                                           .group = group,
                                           .instance_id = instance,
                                           .topics = &topic,
                                           .topic_count = 1,
                                           .start = RESET_EARLIEST,
                                           .on_gap = on_gap};
        struct pawl_error err;

        options.client.properties = quick;
        options.client.property_count = 1;
        struct consumer *consumer = consumer_open(&options, &err);

        CHECK(consumer != NULL, "%s", err.text);
        return consumer;
}

void room_close(struct consumer **consumer, struct seen *seen, bool leave)
{
        consumer_close(*consumer, leave);
        UNTIL(*consumer, seen, (struct consumer *)NULL, seen, seen->closed == 1);
        consumer_destroy(consumer);
}
