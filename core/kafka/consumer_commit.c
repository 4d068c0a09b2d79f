#include "kafka/consumer_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

bool consumer_committing(const struct consumer *c)
{
        return c->committing;
}

static void queue_result(struct consumer *c, enum consumer_commit_result result, const char *text)
{
        struct pending_event *pending = consumer_queue_event(c, CONSUMER_COMMITTED);

        pending->event.commit_id = c->commit_id;
        pending->event.result = result;
        consumer_queue_text(pending, text);
}

bool consumer_commit(struct consumer *c, uint64_t commit_id, const struct consumer_offset *offsets, size_t count)
{
        rd_kafka_topic_partition_list_t *list;
        rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

        assert(c->magic == CONSUMER_MAGIC);
        if (c->committing)
                return false;
        c->commit_id = commit_id;
        list = rd_kafka_topic_partition_list_new((int)count);
        for (size_t i = 0; i < count; i++) {
                const struct part *part = &c->parts[offsets[i].index];

                assert(offsets[i].index < c->part_count);
                if (part->queue == NULL) /* an ex-owner's commit would overwrite the owner's */
                        continue;
                rd_kafka_topic_partition_t *p = rd_kafka_topic_partition_list_add(list, part->topic, part->number);
                p->offset = offsets[i].offset;
                if (offsets[i].metadata != NULL && offsets[i].metadata[0] != '\0') {
                        p->metadata = strdup(offsets[i].metadata); /* freed by librdkafka */
                        p->metadata_size = strlen(offsets[i].metadata);
                }
        }
        if (list->cnt == 0)
                queue_result(c, COMMIT_NOT_OWNER, "none of these partitions is assigned any more");
        else
                code = rd_kafka_commit_queue(c->client.rk, list, c->events, NULL, NULL);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
                queue_result(c, COMMIT_AGAIN, rd_kafka_err2str(code));
        else if (list->cnt > 0)
                c->committing = true;
        rd_kafka_topic_partition_list_destroy(list);
        return true;
}

static enum consumer_commit_result result_of(rd_kafka_resp_err_t code)
{
        switch (code) {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
        case RD_KAFKA_RESP_ERR__NO_OFFSET:
                return COMMIT_DONE;
        case RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE:
                return COMMIT_METADATA_LARGE;
        case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
        case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
        case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
                return COMMIT_NOT_OWNER;
        default:
                return COMMIT_AGAIN;
        }
}

void consumer_committed(struct consumer *c, rd_kafka_event_t *event)
{
        rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
        rd_kafka_resp_err_t code = rd_kafka_event_error(event);

        /* One partition's error (metadata too large) may stand in its element only. */
        for (int i = 0; list != NULL && i < list->cnt; i++) {
                if (result_of(list->elems[i].err) > result_of(code))
                        code = list->elems[i].err;
        }
        c->committing = false;
        enum consumer_commit_result result = result_of(code);
        if (result == COMMIT_DONE)
                consumer_good_sign(c);
        else if (trouble_of(code) == TROUBLE_AUTHORIZATION || trouble_of(code) == TROUBLE_FENCED)
                consumer_trouble(c, code, rd_kafka_err2str(code), NULL);
        queue_result(c, result, result == COMMIT_DONE ? "" : rd_kafka_err2str(code));
}

int64_t consumer_position(struct consumer *c, const struct part *part)
{
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        int64_t position = CONSUMER_NO_OFFSET;

        rd_kafka_topic_partition_list_add(list, part->topic, part->number);
        if (rd_kafka_position(c->client.rk, list) == RD_KAFKA_RESP_ERR_NO_ERROR)
                position = list->elems[0].offset;
        rd_kafka_topic_partition_list_destroy(list);
        return position;
}

struct consumer_marks consumer_marks(struct consumer *c, uint32_t index)
{
        assert(c->magic == CONSUMER_MAGIC && index < c->part_count);
        struct consumer_marks marks = {-1, -1, -1};
        struct part *part = &c->parts[index];

        if (part->queue == NULL)
                return marks;
        if (rd_kafka_get_watermark_offsets(c->client.rk, part->topic, part->number, &marks.low, &marks.high) !=
            RD_KAFKA_RESP_ERR_NO_ERROR)
                marks.low = marks.high = -1;
        if (marks.low < 0)
                marks.low = -1;
        if (marks.high < 0)
                marks.high = -1;
        /*
         * Unlike the last delivered offset, the position passes transaction markers and what compaction has taken. Right
         * after an assignment it may still be the one of an earlier assignment, which would pass what was never delivered.
         */
        int64_t position = consumer_position(c, part);
        bool current = part->seen || (position != part->old_position && part->old_position != INT64_MAX);
        marks.position = current && position > part->next ? position : part->next;
        return marks;
}
