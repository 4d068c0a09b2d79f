/*
 * Takes a partition's oldest records away, as retention does: what is below the offset is gone.
 *
 *   trim BOOTSTRAP TOPIC PARTITION OFFSET
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

/* The broker's answer for our one partition, or the request's own error. */
static rd_kafka_resp_err_t answer_of(rd_kafka_queue_t *queue)
{
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 30000);
        rd_kafka_resp_err_t error = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
        const rd_kafka_DeleteRecords_result_t *result = event ? rd_kafka_event_DeleteRecords_result(event) : NULL;

        if (!error && result)
                error = rd_kafka_DeleteRecords_result_offsets(result)->elems[0].err;
        if (event)
                rd_kafka_event_destroy(event);
        return error;
}

static rd_kafka_resp_err_t trim(rd_kafka_t *rk, const char *topic, int partition, long long offset)
{
        rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
        rd_kafka_topic_partition_list_t *below = rd_kafka_topic_partition_list_new(1);
        rd_kafka_DeleteRecords_t *request;
        rd_kafka_resp_err_t error;

        rd_kafka_topic_partition_list_add(below, topic, partition)->offset = offset;
        request = rd_kafka_DeleteRecords_new(below);
        rd_kafka_DeleteRecords(rk, &request, 1, NULL, queue);
        error = answer_of(queue);
        rd_kafka_DeleteRecords_destroy(request);
        rd_kafka_topic_partition_list_destroy(below);
        rd_kafka_queue_destroy(queue);
        return error;
}

int main(int argc, char **argv)
{
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        rd_kafka_resp_err_t error;
        char text[512];
        rd_kafka_t *rk;

        if (argc != 5 || rd_kafka_conf_set(conf, "bootstrap.servers", argv[1], text, sizeof(text)) != RD_KAFKA_CONF_OK)
                return 2;
        rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
        if (!rk)
                return 1;
        error = trim(rk, argv[2], atoi(argv[3]), atoll(argv[4]));
        if (error)
                fprintf(stderr, "trim: %s\n", rd_kafka_err2str(error));
        rd_kafka_destroy(rk);
        return error ? 1 : 0;
}
