/*
 * The yardstick: the shortest correct use of librdkafka's consumer, a loop over rd_kafka_consumer_poll with its defaults. It does
 * nothing with an event but count it; offsets go out by librdkafka's own timer.
 *
 *   bench-plain BOOTSTRAP TOPIC GROUP EVENTS REPORT
 */
#include "measure.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>

static rd_kafka_t *open_consumer(const char *bootstrap, const char *group)
{
        const char *properties[][2] = {
            {"bootstrap.servers", bootstrap},
            {"group.id", group},
            {"auto.offset.reset", "earliest"},
        };
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        rd_kafka_t *rk;
        char text[512];

        for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++) {
                if (rd_kafka_conf_set(conf, properties[i][0], properties[i][1], text, sizeof(text)) !=
                    RD_KAFKA_CONF_OK) {
                        fprintf(stderr, "bench-plain: %s\n", text);
                        exit(EXIT_FAILURE);
                }
        }
        rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text));
        if (!rk) {
                fprintf(stderr, "bench-plain: %s\n", text);
                exit(EXIT_FAILURE);
        }
        rd_kafka_poll_set_consumer(rk);
        return rk;
}

int main(int argc, char **argv)
{
        struct measure measure = {0};
        rd_kafka_topic_partition_list_t *topics;
        rd_kafka_t *rk;
        bool done = false;

        measure.events = argc == 6 ? atoll(argv[4]) : 0;
        if (measure.events < MEASURE_LOOKS) {
                fprintf(stderr, "usage: bench-plain BOOTSTRAP TOPIC GROUP EVENTS REPORT, with at least %d events\n",
                        MEASURE_LOOKS);
                return 2;
        }
        measure.report = argv[5];
        rk = open_consumer(argv[1], argv[3]);
        topics = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(topics, argv[2], RD_KAFKA_PARTITION_UA);
        rd_kafka_subscribe(rk, topics);
        rd_kafka_topic_partition_list_destroy(topics);
        while (!done) {
                rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, 1000);

                if (!message)
                        continue;
                if (message->err)
                        fprintf(stderr, "bench-plain: %s\n", rd_kafka_message_errstr(message));
                else
                        done = measure_event(&measure);
                rd_kafka_message_destroy(message);
        }
        rd_kafka_consumer_close(rk);
        rd_kafka_destroy(rk);
        return EXIT_SUCCESS;
}
