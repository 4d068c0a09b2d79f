/*
 * Fills a topic for the benchmark: creates it, then produces events of one size, as the existing producers would write them
 * (event_type first, keyed by request_id, murmur2, snappy). Exit status 0 only when all are acknowledged.
 *
 *   bench-load BOOTSTRAP TOPIC PARTITIONS EVENTS BYTES
 */
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 100000 };

static long long delivered, failed;

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
        (void)rk;
        (void)opaque;
        if (message->err) {
                if (failed++ == 0)
                        fprintf(stderr, "bench-load: %s\n", rd_kafka_err2str(message->err));
        } else {
                delivered++;
        }
}

static rd_kafka_t *open_producer(const char *bootstrap)
{
        const char *properties[][2] = {
            {"bootstrap.servers", bootstrap},
            {"partitioner", "murmur2_random"},
            {"compression.type", "snappy"},
            {"enable.idempotence", "true"},
            {"linger.ms", "20"},
            {"batch.size", "131072"},
            {"log_level", "3"}, /* a fresh broker lets a producer wait for its id, which is warned of */
        };
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        rd_kafka_t *rk = NULL;
        char text[512] = "";
        bool ok = true;

        for (size_t i = 0; ok && i < sizeof(properties) / sizeof(properties[0]); i++)
                ok =
                    rd_kafka_conf_set(conf, properties[i][0], properties[i][1], text, sizeof(text)) == RD_KAFKA_CONF_OK;
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        if (ok)
                rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
        if (!rk)
                fprintf(stderr, "bench-load: %s\n", text);
        return rk;
}

static bool create_topic(rd_kafka_t *rk, const char *name, int partitions)
{
        rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
        char text[512];
        rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, partitions, 1, text, sizeof(text));
        rd_kafka_event_t *event;
        const rd_kafka_topic_result_t **results;
        size_t count;
        bool ok;

        rd_kafka_CreateTopics(rk, &topic, 1, NULL, queue);
        event = rd_kafka_queue_poll(queue, 30000);
        ok = event && !rd_kafka_event_error(event);
        if (ok) {
                results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
                ok = count == 1 && !rd_kafka_topic_result_error(results[0]);
                if (!ok)
                        fprintf(stderr, "bench-load: %s\n", rd_kafka_topic_result_error_string(results[0]));
        }
        if (event)
                rd_kafka_event_destroy(event);
        rd_kafka_NewTopic_destroy(topic);
        rd_kafka_queue_destroy(queue);
        return ok;
}

/* One event of exactly `bytes` bytes, its description filled up to that. Returns false if it does not fit. */
static bool make_event(char *out, size_t bytes, long long number, int key)
{
        static const char tail[] = "\"}";
        uint64_t random = (uint64_t)number * 11400714819323198485ull + 1;
        int len = snprintf(
            out, bytes,
            "{\"event_type\": \"request.created\", \"event_id\": \"%08x-6b1d-4c53-9d3e-%012llx\", "
            "\"timestamp\": \"2026-11-22T10:00:00.123456\", \"version\": \"1.0\", \"source\": \"agregator-service\", "
            "\"correlation_id\": \"%08x-0f7a-4a55-8f5e-%012llx\", \"metadata\": {}, \"request_id\": %d, "
            "\"customer_id\": %d, \"title\": \"Refrigerator repair\", \"urgency\": \"high\", \"region\": \"Moscow\", "
            "\"city\": \"Moscow\", \"address\": \"Tverskaya 1\", \"equipment_type\": \"refrigerator\", "
            "\"priority\": \"normal\", \"description\": \"",
            (unsigned)number * 2654435761u, number, (unsigned)number * 2246822519u, number, key, key % 977);

        if (len < 0 || (size_t)len + strlen(tail) > bytes)
                return false;
        /* Text that snappy finds little to repeat in, as it does in prose. */
        for (size_t i = (size_t)len; i < bytes - strlen(tail); i++) {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                out[i] = "etaoin shrdlucmfwypvbgkqjxz "[random % 28];
        }
        memcpy(out + bytes - strlen(tail), tail, strlen(tail));
        return true;
}

static bool produce(rd_kafka_t *rk, const char *topic, long long events, size_t bytes)
{
        char *value = malloc(bytes + 1), key[16];
        bool ok = value != NULL;

        for (long long i = 0; ok && i < events; i++) {
                /* Spread without a pattern, but the same in each run. */
                int number = (int)((uint64_t)i * 11400714819323198485ull >> 33) % KEYS;
                rd_kafka_resp_err_t err;

                ok = make_event(value, bytes, i, number);
                if (!ok) {
                        fprintf(stderr, "bench-load: an event does not fit into %zu bytes\n", bytes);
                        break;
                }
                snprintf(key, sizeof(key), "%d", number);
                while ((err = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY(key, strlen(key)),
                                                RD_KAFKA_V_VALUE(value, bytes),
                                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END)) ==
                       RD_KAFKA_RESP_ERR__QUEUE_FULL)
                        rd_kafka_poll(rk, 100);
                ok = err == RD_KAFKA_RESP_ERR_NO_ERROR;
                rd_kafka_poll(rk, 0);
        }
        free(value);
        return ok && rd_kafka_flush(rk, 120000) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

int main(int argc, char **argv)
{
        long long events;
        rd_kafka_t *rk;
        bool ok;

        if (argc != 6) {
                fputs("usage: bench-load BOOTSTRAP TOPIC PARTITIONS EVENTS BYTES\n", stderr);
                return 2;
        }
        events = atoll(argv[4]);
        rk = open_producer(argv[1]);
        if (!rk)
                return EXIT_FAILURE;
        ok = create_topic(rk, argv[2], atoi(argv[3])) && produce(rk, argv[2], events, (size_t)atoll(argv[5]));
        if (!ok || delivered != events)
                fprintf(stderr, "bench-load: expected %lld events acknowledged, found %lld, and %lld refused\n", events,
                        delivered, failed);
        rd_kafka_destroy(rk);
        return ok && delivered == events ? EXIT_SUCCESS : EXIT_FAILURE;
}
