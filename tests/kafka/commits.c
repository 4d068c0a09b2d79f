/*
 * Prints every offset commit as it is stored by the group coordinator, in its order: a reader of __consumer_offsets.
 *
 *   commits BOOTSTRAP GROUP      runs until SIGTERM or until its standard input closes
 *
 * A line a commit: TOPIC PARTITION OFFSET METADATA (a minus sign where there is none). What the broker has stored is the judge of
 * "commits never go back": no client's own word is.
 */
#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What is left of a record's key or value. */
struct bytes {
        const unsigned char *at;
        size_t left;
};

static int64_t number(struct bytes *b, size_t size)
{
        uint64_t value = 0;

        if (b->left < size) {
                b->left = 0;
                return -1;
        }
        for (size_t i = 0; i < size; i++)
                value = value << 8 | b->at[i];
        b->at += size;
        b->left -= size;
        return size == 2 ? (int16_t)value : size == 4 ? (int32_t)value : (int64_t)value;
}

static struct bytes string(struct bytes *b)
{
        int64_t len = number(b, 2);
        struct bytes s = {b->at, len < 0 || (size_t)len > b->left ? 0 : (size_t)len};

        b->at += s.left;
        b->left -= s.left;
        return s;
}

/* Kafka's OffsetCommitKey (versions 0 and 1) and OffsetCommitValue (versions 0 to 3). */
static void print_commit(const rd_kafka_message_t *message, const char *group)
{
        struct bytes key = {message->key, message->key_len}, value = {message->payload, message->len};
        struct bytes name, topic, metadata;
        int64_t version, partition, offset;

        version = number(&key, 2);
        if ((version != 0 && version != 1) || message->payload == NULL)
                return; /* a group's membership, or a commit that expired */
        name = string(&key);
        topic = string(&key);
        partition = number(&key, 4);
        if (name.left != strlen(group) || memcmp(name.at, group, name.left) != 0)
                return;
        version = number(&value, 2);
        offset = number(&value, 8);
        if (version >= 3)
                number(&value, 4); /* the leader's epoch */
        metadata = string(&value);
        printf("%.*s %lld %lld %.*s\n", (int)topic.left, (const char *)topic.at, (long long)partition,
               (long long)offset, metadata.left ? (int)metadata.left : 1,
               metadata.left ? (const char *)metadata.at : "-");
        fflush(stdout);
}

static rd_kafka_t *open_client(const char *bootstrap)
{
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char text[512];
        rd_kafka_t *rk = NULL;

        if (rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, text, sizeof text) == RD_KAFKA_CONF_OK &&
            rd_kafka_conf_set(conf, "group.id", "commits", text, sizeof text) == RD_KAFKA_CONF_OK &&
            rd_kafka_conf_set(conf, "enable.auto.commit", "false", text, sizeof text) == RD_KAFKA_CONF_OK &&
            rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", text, sizeof text) == RD_KAFKA_CONF_OK)
                rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
        if (rk == NULL)
                fprintf(stderr, "commits: %s\n", text);
        return rk;
}

/* Assigns all partitions of __consumer_offsets, from their beginning; false while the topic does not exist. */
static bool assign_all(rd_kafka_t *rk)
{
        const struct rd_kafka_metadata *metadata;
        rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, "__consumer_offsets", NULL);
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);

        if (rd_kafka_metadata(rk, 0, topic, &metadata, 10000) == RD_KAFKA_RESP_ERR_NO_ERROR) {
                for (int i = 0; i < metadata->topics[0].partition_cnt; i++)
                        rd_kafka_topic_partition_list_add(list, "__consumer_offsets", i)->offset =
                            RD_KAFKA_OFFSET_BEGINNING;
                rd_kafka_metadata_destroy(metadata);
        }
        bool found = list->cnt > 0 && rd_kafka_assign(rk, list) == RD_KAFKA_RESP_ERR_NO_ERROR;

        rd_kafka_topic_partition_list_destroy(list);
        rd_kafka_topic_destroy(topic);
        return found;
}

static bool input_open(int wait_ms)
{
        struct pollfd input = {.fd = 0, .events = POLLIN};

        return poll(&input, 1, wait_ms) == 0;
}

int main(int argc, char **argv)
{
        rd_kafka_t *rk;
        bool assigned = false;

        if (argc != 3) {
                fputs("usage: commits BOOTSTRAP GROUP\n", stderr);
                return 2;
        }
        rk = open_client(argv[1]);
        if (rk == NULL)
                return 1;
        while (!assigned && input_open(100))
                assigned = assign_all(rk);
        while (input_open(0)) {
                rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, 100);

                if (message == NULL)
                        continue;
                if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
                        print_commit(message, argv[2]);
                rd_kafka_message_destroy(message);
        }
        rd_kafka_consumer_close(rk);
        rd_kafka_destroy(rk);
        return 0;
}
