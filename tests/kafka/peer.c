/*
 * A producer and a consumer that know nothing of Pawl, for tests that look at bytes: librdkafka and hexadecimal, no more.
 *
 *   peer BOOTSTRAP produce          produces what its standard input says, a line a message:
 *       TOPIC PARTITION KEY VALUE [NAME=VALUE ...]
 *     and prints TOPIC PARTITION OFFSET TIME of each as it is acknowledged (nanoseconds of CLOCK_MONOTONIC). It ends when its
 *     input does.
 *   peer BOOTSTRAP consume TOPIC    prints the topic from its beginning, a line a message:
 *       PARTITION OFFSET KEY VALUE [NAME=VALUE ...]
 *     It ends when its standard input closes.
 *
 * KEY, and each VALUE, is hexadecimal; `-` is null, `.` is empty. PARTITION -1: as murmur2 of the key says.
 */
#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WORDS_MAX = 64, INPUT_MAX = 32 << 20 };

static bool failed;

/* ---- hexadecimal ---- */

static int digit(char c)
{
        return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* In place. NULL: null. */
static void *decode(char *text, size_t *len)
{
        char *to = text;

        *len = 0;
        if (strcmp(text, "-") == 0)
                return NULL;
        if (strcmp(text, ".") == 0)
                return text;
        for (const char *at = text; at[0] != '\0' && at[1] != '\0'; at += 2)
                *to++ = (char)(digit(at[0]) << 4 | digit(at[1]));
        *len = (size_t)(to - text);
        return text;
}

static void print(const void *bytes, size_t len)
{
        const unsigned char *at = bytes;

        if (len == 0)
                fputs(bytes == NULL ? "-" : ".", stdout);
        for (size_t i = 0; i < len; i++)
                printf("%02x", at[i]);
}

/* ---- clients ---- */

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
        struct timespec now;

        (void)rk;
        (void)opaque;
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
                fprintf(stderr, "peer: %s\n", rd_kafka_err2str(message->err));
                failed = true;
                return;
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
        printf("%s %d %lld %lld%09ld\n", rd_kafka_topic_name(message->rkt), (int)message->partition,
               (long long)message->offset, (long long)now.tv_sec, now.tv_nsec);
}

static rd_kafka_t *open_client(rd_kafka_type_t type, const char *bootstrap)
{
        static const char *const properties[2][4][2] = {
            [RD_KAFKA_PRODUCER] = {{"partitioner", "murmur2_random"},
                                   {"enable.idempotence", "true"},
                                   {"linger.ms", "2"},
                                   {"message.max.bytes", "20000000"}},
            [RD_KAFKA_CONSUMER] = {{"group.id", "peer"},
                                   {"enable.auto.commit", "false"},
                                   {"fetch.wait.max.ms", "10"},
                                   {"topic.metadata.refresh.interval.ms", "500"}},
        };
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char text[512] = "";
        rd_kafka_t *rk;

        for (size_t i = 0; i < 4; i++)
                rd_kafka_conf_set(conf, properties[type][i][0], properties[type][i][1], text, sizeof text);
        rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, text, sizeof text);
        if (type == RD_KAFKA_PRODUCER)
                rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        rk = rd_kafka_new(type, conf, text, sizeof text);
        if (rk == NULL)
                fprintf(stderr, "peer: %s\n", text);
        return rk;
}

static bool input_waits(int wait_ms)
{
        struct pollfd input = {.fd = 0, .events = POLLIN};

        return poll(&input, 1, wait_ms) != 0;
}

/* ---- producing ---- */

static rd_kafka_headers_t *read_headers(char **words, size_t count)
{
        rd_kafka_headers_t *headers = rd_kafka_headers_new(count);

        for (size_t i = 0; i < count; i++) {
                char *equals = strrchr(words[i], '=');
                size_t len;
                void *value;

                if (equals == NULL)
                        continue;
                *equals = '\0';
                value = decode(equals + 1, &len);
                rd_kafka_header_add(headers, words[i], -1, value, (ssize_t)len);
        }
        return headers;
}

static bool produce_line(rd_kafka_t *rk, char *line)
{
        char *words[WORDS_MAX], *rest = NULL;
        size_t count = 0, key_len, value_len;
        rd_kafka_resp_err_t error;
        void *key, *value;

        for (char *word = strtok_r(line, " \n", &rest); word != NULL && count < WORDS_MAX;
             word = strtok_r(NULL, " \n", &rest))
                words[count++] = word;
        if (count < 4)
                return false;
        key = decode(words[2], &key_len);
        value = decode(words[3], &value_len);
        do {
                rd_kafka_headers_t *headers = read_headers(words + 4, count - 4);

                error = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(words[0]), RD_KAFKA_V_PARTITION(atoi(words[1])),
                                          RD_KAFKA_V_KEY(key, key_len), RD_KAFKA_V_VALUE(value, value_len),
                                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(headers),
                                          RD_KAFKA_V_END);
                if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
                        rd_kafka_headers_destroy(headers);
        } while (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && rd_kafka_poll(rk, 100) >= 0);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
                fprintf(stderr, "peer: %s\n", rd_kafka_err2str(error));
        return error == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Produces the whole lines of the buffer; returns how much of it is left. */
static size_t produce_lines(rd_kafka_t *rk, char *text, size_t len)
{
        char *end;

        while ((end = memchr(text, '\n', len)) != NULL) {
                size_t taken = (size_t)(end - text) + 1;

                *end = '\0';
                failed |= !produce_line(rk, text);
                len -= taken;
                memmove(text, text + taken, len);
        }
        return len;
}

static int produce(rd_kafka_t *rk)
{
        char *text = malloc(INPUT_MAX);
        size_t len = 0;
        ssize_t got = 1;

        while (text != NULL && got > 0 && len < INPUT_MAX) {
                /* What is acknowledged is printed also while no line comes. */
                rd_kafka_poll(rk, 0);
                fflush(stdout);
                if (!input_waits(2))
                        continue;
                got = read(0, text + len, INPUT_MAX - len);
                len = produce_lines(rk, text, len + (got > 0 ? (size_t)got : 0));
        }
        failed |= len > 0 || rd_kafka_flush(rk, 30000) != RD_KAFKA_RESP_ERR_NO_ERROR;
        free(text);
        return failed ? 1 : 0;
}

/* ---- consuming ---- */

static bool assign_all(rd_kafka_t *rk, const char *name)
{
        const struct rd_kafka_metadata *metadata;
        rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
        bool assigned;

        if (rd_kafka_metadata(rk, 0, topic, &metadata, 10000) == RD_KAFKA_RESP_ERR_NO_ERROR) {
                for (int i = 0; i < metadata->topics[0].partition_cnt; i++)
                        rd_kafka_topic_partition_list_add(list, name, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
                rd_kafka_metadata_destroy(metadata);
        }
        assigned = list->cnt > 0 && rd_kafka_assign(rk, list) == RD_KAFKA_RESP_ERR_NO_ERROR;
        rd_kafka_topic_partition_list_destroy(list);
        rd_kafka_topic_destroy(topic);
        return assigned;
}

static void print_message(const rd_kafka_message_t *message)
{
        rd_kafka_headers_t *headers;
        const char *name;
        const void *value;
        size_t len;

        printf("%d %lld ", (int)message->partition, (long long)message->offset);
        print(message->key, message->key_len);
        putchar(' ');
        print(message->payload, message->len);
        if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
                for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &len) == 0; i++) {
                        printf(" %s=", name);
                        print(value, len);
                }
        putchar('\n');
        fflush(stdout);
}

static int consume(rd_kafka_t *rk, const char *topic)
{
        bool assigned = false;

        while (!assigned && !input_waits(100))
                assigned = assign_all(rk, topic);
        while (!input_waits(0)) {
                rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, 100);

                if (message == NULL)
                        continue;
                if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
                        print_message(message);
                rd_kafka_message_destroy(message);
        }
        rd_kafka_consumer_close(rk);
        return 0;
}

int main(int argc, char **argv)
{
        bool producing = argc == 3 && strcmp(argv[2], "produce") == 0;
        rd_kafka_t *rk;
        int status;

        if (!producing && (argc != 4 || strcmp(argv[2], "consume") != 0)) {
                fputs("usage: peer BOOTSTRAP produce | peer BOOTSTRAP consume TOPIC\n", stderr);
                return 2;
        }
        rk = open_client(producing ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, argv[1]);
        if (rk == NULL)
                return 1;
        status = producing ? produce(rk) : consume(rk, argv[3]);
        rd_kafka_destroy(rk);
        return status;
}
