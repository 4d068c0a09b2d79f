#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "kafka/client_private.h"
#include "kafka/reader.h"
#include "kafka/trouble.h"

#define READER_MAGIC 0x4eade4u

struct source {
        char *topic;
        int32_t partition;
        bool at_end;
};

struct reader {
        unsigned magic;
        struct client client;
        rd_kafka_queue_t *logs;
        struct source *sources;
        size_t count;
        size_t last; /* where the last message came from: the next one often does too */
        bool end_said;
};

static int ms_left(int64_t deadline)
{
        int64_t left = (deadline - clock_now()) / CLOCK_MS;

        return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

static void serve_logs(struct reader *reader)
{
        rd_kafka_event_t *event;

        while ((event = rd_kafka_queue_poll(reader->logs, 0)) != NULL) {
                if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_LOG)
                        client_log_event(&reader->client, event);
                rd_kafka_event_destroy(event);
        }
}

static bool failed(struct reader *reader, rd_kafka_resp_err_t code, const char *detail, const char *topic,
                   struct pawl_error *err)
{
        char text[768];

        trouble_words(&reader->client, code, detail ? detail : rd_kafka_err2str(code), "Read", topic, NULL, text,
                      sizeof text);
        return error_set(err, "%s", text);
}

/* ---- opening ---- */

static bool list_topic(struct reader *reader, const char *name, int32_t only, int64_t deadline,
                       rd_kafka_topic_partition_list_t *list, struct pawl_error *err)
{
        rd_kafka_topic_t *topic = rd_kafka_topic_new(reader->client.rk, name, NULL);
        const struct rd_kafka_metadata *metadata = NULL;
        rd_kafka_resp_err_t code;
        bool good;

        if (topic == NULL)
                return failed(reader, rd_kafka_last_error(), NULL, name, err);
        code = rd_kafka_metadata(reader->client.rk, 0, topic, &metadata, ms_left(deadline));
        rd_kafka_topic_destroy(topic);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
                return failed(reader, code, NULL, name, err);
        code = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        good = code == RD_KAFKA_RESP_ERR_NO_ERROR;
        for (int i = 0; good && i < metadata->topics[0].partition_cnt; i++) {
                int32_t partition = metadata->topics[0].partitions[i].id;
                if (only < 0 || only == partition)
                        rd_kafka_topic_partition_list_add(list, name, partition);
        }
        rd_kafka_metadata_destroy(metadata);
        return good || failed(reader, code, NULL, name, err);
}

static bool find_start(struct reader *reader, const struct reader_options *options, int64_t deadline,
                       rd_kafka_topic_partition_t *p, struct pawl_error *err)
{
        int64_t low, high;
        rd_kafka_resp_err_t code;

        if (options->offset >= 0) {
                p->offset = options->offset;
                return true;
        }
        code =
            rd_kafka_query_watermark_offsets(reader->client.rk, p->topic, p->partition, &low, &high, ms_left(deadline));
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
                return failed(reader, code, NULL, p->topic, err);
        if (options->from_earliest)
                p->offset = low;
        else if (options->last > 0)
                p->offset = high - options->last > low ? high - options->last : low;
        else
                p->offset = high;
        return true;
}

static bool find_starts(struct reader *reader, const struct reader_options *options, int64_t deadline,
                        rd_kafka_topic_partition_list_t *list, struct pawl_error *err)
{
        for (int i = 0; i < list->cnt; i++) {
                if (options->since_ms > 0)
                        list->elems[i].offset = options->since_ms;
                else if (!find_start(reader, options, deadline, &list->elems[i], err))
                        return false;
        }
        if (options->since_ms <= 0)
                return true;
        /* Takes times and gives offsets in the same field; the end where nothing is that young. */
        rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(reader->client.rk, list, ms_left(deadline));
        return code == RD_KAFKA_RESP_ERR_NO_ERROR || failed(reader, code, NULL, list->elems[0].topic, err);
}

static void keep_sources(struct reader *reader, const rd_kafka_topic_partition_list_t *list)
{
        reader->sources = memory_zero((size_t)list->cnt, sizeof *reader->sources);
        for (int i = 0; i < list->cnt; i++)
                reader->sources[reader->count++] =
                    (struct source){memory_string(list->elems[i].topic), list->elems[i].partition, false};
}

static bool assign(struct reader *reader, const struct reader_options *options, int64_t deadline,
                   struct pawl_error *err)
{
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
        bool good = true;

        for (size_t i = 0; good && i < options->topic_count; i++)
                good = list_topic(reader, options->topics[i], options->partition, deadline, list, err);
        if (good && list->cnt == 0)
                good = error_set(err, "topic \"%s\" has no partition %d", options->topics[0], (int)options->partition);
        good = good && find_starts(reader, options, deadline, list, err);
        if (good) {
                rd_kafka_resp_err_t code = rd_kafka_assign(reader->client.rk, list);
                good = code == RD_KAFKA_RESP_ERR_NO_ERROR || failed(reader, code, NULL, NULL, err);
                keep_sources(reader, list);
        }
        rd_kafka_topic_partition_list_destroy(list);
        return good;
}

struct reader *reader_open(const struct reader_options *options, int64_t timeout_ns, struct pawl_error *err)
{
        /* librdkafka wants a group's name for its consumer calls; nothing joins, and nothing is committed. */
        static const struct client_property own[] = {{"group.id", "pawl-reader"},
                                                     {"enable.auto.commit", "false"},
                                                     {"enable.auto.offset.store", "false"},
                                                     {"enable.partition.eof", "true"},
                                                     {"auto.offset.reset", "earliest"}};
        struct reader *reader = memory_zero(1, sizeof *reader);

        reader->magic = READER_MAGIC;
        if (!client_init(&reader->client, CLIENT_CONSUMER, &options->client, own, sizeof own / sizeof *own, 0, err))
                goto failed_open;
        rd_kafka_poll_set_consumer(reader->client.rk);
        reader->logs = rd_kafka_queue_new(reader->client.rk);
        rd_kafka_set_log_queue(reader->client.rk, reader->logs);
        if (assign(reader, options, clock_now() + timeout_ns, err)) {
                serve_logs(reader);
                return reader;
        }
        serve_logs(reader);
failed_open:
        reader_destroy(&reader);
        return NULL;
}

void reader_destroy(struct reader **reader_ptr)
{
        struct reader *reader = *reader_ptr;

        *reader_ptr = NULL;
        if (reader == NULL)
                return;
        assert(reader->magic == READER_MAGIC);
        if (reader->logs != NULL)
                rd_kafka_queue_destroy(reader->logs);
        client_fini(&reader->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        for (size_t i = 0; i < reader->count; i++)
                free(reader->sources[i].topic);
        free(reader->sources);
        reader->magic = 0;
        free(reader);
}

/* ---- reading ---- */

static uint32_t source_of(struct reader *reader, const rd_kafka_message_t *m)
{
        const char *topic = m->rkt ? rd_kafka_topic_name(m->rkt) : "";

        for (size_t n = 0; n < reader->count; n++) {
                size_t i = (reader->last + n) % reader->count;
                if (reader->sources[i].partition == m->partition && strcmp(reader->sources[i].topic, topic) == 0) {
                        reader->last = i;
                        return (uint32_t)i;
                }
        }
        return UINT32_MAX;
}

static bool all_at_end(const struct reader *reader)
{
        for (size_t i = 0; i < reader->count; i++) {
                if (!reader->sources[i].at_end)
                        return false;
        }
        return true;
}

/* What stands in the queue instead of a message. Most heal by themselves: then the reader goes on waiting. */
static bool take_error(struct reader *reader, const rd_kafka_message_t *m, enum reader_result *result,
                       struct pawl_error *err)
{
        if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                uint32_t index = source_of(reader, m);
                if (index != UINT32_MAX)
                        reader->sources[index].at_end = true;
                if (!all_at_end(reader) || reader->end_said)
                        return false;
                reader->end_said = true;
                *result = READER_END;
                return true;
        }
        switch (trouble_of(m->err)) {
        case TROUBLE_TOPIC_MISSING:
        case TROUBLE_AUTHENTICATION:
        case TROUBLE_FATAL:
                break;
        case TROUBLE_AUTHORIZATION:
                if (m->err != RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) /* no group is used */
                        break;
                return false;
        default:
                return false;
        }
        failed(reader, m->err, rd_kafka_message_errstr(m), m->rkt ? rd_kafka_topic_name(m->rkt) : NULL, err);
        *result = READER_FAILED;
        return true;
}

enum reader_result reader_next(struct reader *reader, int64_t timeout_ns, struct message *message,
                               struct pawl_error *err)
{
        int64_t deadline = clock_now() + timeout_ns;
        enum reader_result result = READER_IDLE;
        rd_kafka_timestamp_type_t type;
        rd_kafka_message_t *m;

        assert(reader->magic == READER_MAGIC);
        do {
                m = rd_kafka_consumer_poll(reader->client.rk, ms_left(deadline));
                serve_logs(reader);
                if (m == NULL)
                        continue;
                if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
                        bool done = take_error(reader, m, &result, err);
                        rd_kafka_message_destroy(m);
                        if (done)
                                return result;
                        continue;
                }
                uint32_t index = source_of(reader, m);
                *message = (struct message){.handle = m,
                                            .key = m->key,
                                            .key_len = m->key_len,
                                            .value = m->payload,
                                            .value_len = m->len,
                                            .offset = m->offset,
                                            .timestamp_ms = rd_kafka_message_timestamp(m, &type),
                                            .partition = index};
                reader->sources[index].at_end = reader->end_said = false;
                return READER_MESSAGE;
        } while (clock_now() < deadline);
        return READER_IDLE;
}

const char *reader_topic(const struct reader *reader, uint32_t index)
{
        assert(index < reader->count);
        return reader->sources[index].topic;
}

int32_t reader_partition_number(const struct reader *reader, uint32_t index)
{
        assert(index < reader->count);
        return reader->sources[index].partition;
}
