#include "kafka/consumer_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* ---- the table of partitions ---- */

/* Linear: only at a rebalance, over at most some hundred partitions. */
static uint32_t part_index(struct consumer *c, const char *topic, int32_t number)
{
        for (size_t i = 0; i < c->part_count; i++) {
                if (c->parts[i].number == number && strcmp(c->parts[i].topic, topic) == 0)
                        return (uint32_t)i;
        }
        c->parts = memory_resize(c->parts, c->part_count + 1, sizeof *c->parts);
        memset(&c->parts[c->part_count], 0, sizeof *c->parts);
        c->parts[c->part_count].topic = memory_string(topic);
        c->parts[c->part_count].number = number;
        return (uint32_t)c->part_count++;
}

/* Takes the partition's queue for itself: inside the handling of the rebalance, before assign, or the first messages would
 * come by the group's queue. */
static void open_part(struct consumer *c, struct part *part, int64_t start)
{
        uint64_t one = 1;

        part->queue = rd_kafka_queue_get_partition(c->client.rk, part->topic, part->number);
        assert(part->queue != NULL);
        rd_kafka_queue_forward(part->queue, NULL);
        rd_kafka_queue_io_event_enable(part->queue, c->fd, &one, sizeof one);
        part->epoch = c->epoch;
        part->stopped = true;
        part->seen = false;
        part->standing = false;
        part->next = start;
        part->old_position = consumer_position(c, part);
        part->gap_ticket = 0;
        part->read_messages = part->read_bytes = 0;
        part->left_at_wake = false;
        c->assigned++;
}

static void close_parts(struct consumer *c)
{
        for (size_t i = 0; i < c->part_count; i++) {
                struct part *part = &c->parts[i];

                if (part->queue == NULL)
                        continue;
                rd_kafka_queue_io_event_enable(part->queue, -1, NULL, 0);
                rd_kafka_queue_destroy(part->queue);
                part->queue = NULL;
                part->listed = false;
        }
        c->assigned = 0;
        c->ready_head = c->ready_count = 0;
}

void consumer_free_parts(struct consumer *c)
{
        close_parts(c);
        for (size_t i = 0; i < c->part_count; i++)
                free(c->parts[i].topic);
        free(c->parts);
        c->parts = NULL;
        c->part_count = 0;
}

/* ---- events with partitions ---- */

static struct consumer_partition *add_partition(struct pending_event *pending, const struct consumer *c, uint32_t index)
{
        size_t count = pending->event.partition_count;

        pending->partitions = memory_resize(pending->partitions, count + 1, sizeof *pending->partitions);
        pending->event.partitions = pending->partitions;
        pending->event.partition_count = count + 1;
        pending->partitions[count] = (struct consumer_partition){.topic = c->parts[index].topic,
                                                                 .partition = c->parts[index].number,
                                                                 .index = index,
                                                                 .committed = CONSUMER_NO_OFFSET,
                                                                 .start = CONSUMER_NO_OFFSET,
                                                                 .metadata = memory_string("")};
        return &pending->partitions[count];
}

static void queue_end(struct consumer *c, enum consumer_event_type type)
{
        struct pending_event *pending = consumer_queue_event(c, type);

        pending->event.epoch = c->epoch;
        for (size_t i = 0; i < c->part_count; i++) {
                if (c->parts[i].queue != NULL)
                        add_partition(pending, c, (uint32_t)i);
        }
}

/* ---- assign ---- */

/* What was asked about the assignment is void with it: a question that nobody can answer any more (its topic was deleted) would
 * stand before the next assignment's for ever. */
static void give_up(struct consumer *c)
{
        rd_kafka_resp_err_t code = rd_kafka_assign(c->client.rk, NULL);

        asker_cancel(c->asker, c->ticket);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
                client_log(&c->client, CLIENT_DEBUG, "unassign: %s", rd_kafka_err2str(code));
        close_parts(c);
        c->phase = PHASE_JOINING;
}

static void assign(struct consumer *c, const rd_kafka_topic_partition_list_t *list)
{
        rd_kafka_resp_err_t code = rd_kafka_assign(c->client.rk, list);

        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
                consumer_trouble(c, code, rd_kafka_err2str(code), NULL);
}

void consumer_drop_asking(struct consumer *c)
{
        if (c->phase != PHASE_ASKING)
                return;
        give_up(c);
}

static void begin_assign(struct consumer *c, const rd_kafka_topic_partition_list_t *list)
{
        consumer_good_sign(c);
        consumer_clear_trouble(c, TROUBLE_AUTHORIZATION, "");
        consumer_clear_trouble(c, TROUBLE_OTHER, "");
        if (c->closing != CLOSING_NOT) {
                give_up(c);
                return;
        }
        c->phase = PHASE_ASKING;
        c->assign_ticket = ++c->ticket;
        asker_ask(c->asker, ASK_COMMITTED, c->assign_ticket, list);
}

static int64_t start_of(const struct consumer *c, const struct asker_answer *answer, int i)
{
        if (answer->list->elems[i].offset >= 0)
                return answer->list->elems[i].offset;
        return c->start == RESET_LATEST ? answer->high[i] : answer->low[i];
}

/* The committed offsets are known: read from there, and tell the caller. */
static void finish_assign(struct consumer *c, struct asker_answer *answer)
{
        struct pending_event *pending = consumer_queue_event(c, CONSUMER_ASSIGN);

        pending->event.epoch = ++c->epoch;
        for (int i = 0; i < answer->list->cnt; i++) {
                rd_kafka_topic_partition_t *p = &answer->list->elems[i];
                uint32_t index = part_index(c, p->topic, p->partition);
                struct consumer_partition *out = add_partition(pending, c, index);

                out->committed = p->offset >= 0 ? p->offset : CONSUMER_NO_OFFSET;
                out->start = start_of(c, answer, i);
                if (p->metadata != NULL && p->metadata_size > 0) {
                        free((char *)out->metadata);
                        out->metadata = memory_copy(p->metadata, p->metadata_size);
                }
                p->offset = out->start;
                open_part(c, &c->parts[index], out->start);
        }
        c->phase = PHASE_ASSIGNED;
        assign(c, answer->list);
        for (int i = 0; c->troubles.count > 0 && i < answer->list->cnt; i++) {
                consumer_clear_trouble(c, TROUBLE_TOPIC_MISSING, answer->list->elems[i].topic);
                consumer_clear_trouble(c, TROUBLE_AUTHORIZATION, answer->list->elems[i].topic);
        }
}

static void begin_revoke(struct consumer *c)
{
        bool lost = rd_kafka_assignment_lost(c->client.rk);

        if (c->phase == PHASE_ASKING)
                consumer_drop_asking(c);
        else if (c->phase != PHASE_ASSIGNED && c->phase != PHASE_REVOKING)
                give_up(c);
        else if (lost ||
                 c->phase == PHASE_REVOKING) { /* a second one: whoever works at the first must not go on waiting */
                queue_end(c, CONSUMER_LOST);
                give_up(c);
        } else {
                c->phase = PHASE_REVOKING;
                queue_end(c, CONSUMER_REVOKE);
        }
}

void consumer_rebalance(struct consumer *c, rd_kafka_event_t *event)
{
        switch (rd_kafka_event_error(event)) {
        case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
                begin_assign(c, rd_kafka_event_topic_partition_list(event));
                break;
        case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
                begin_revoke(c);
                break;
        default:
                consumer_trouble(c, rd_kafka_event_error(event), rd_kafka_event_error_string(event), NULL);
                if (c->phase == PHASE_ASSIGNED || c->phase == PHASE_REVOKING)
                        queue_end(c, CONSUMER_LOST);
                give_up(c);
                break;
        }
}

void consumer_unassign(struct consumer *c)
{
        assert(c->magic == CONSUMER_MAGIC);
        if (c->phase == PHASE_REVOKING)
                give_up(c);
}

/* ---- out of range ---- */

void consumer_fell_out(struct consumer *c, uint32_t index, const char *why)
{
        struct part *part = &c->parts[index];
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

        client_log(&c->client, CLIENT_DEBUG, "%s [%d] has no offset to go on from: %s", part->topic, (int)part->number,
                   why);
        rd_kafka_topic_partition_list_add(list, part->topic, part->number);
        part->gap_ticket = ++c->ticket;
        asker_ask(c->asker, ASK_MARKS, part->gap_ticket, list);
        rd_kafka_topic_partition_list_destroy(list);
}

/*
 * Assigns the same partitions again, each from where it is. This and not rd_kafka_seek(), which does nothing, and says
 * nothing when it does not wait, on a partition whose fetching an offset out of range has stopped. What was fetched of the
 * others is fetched again; it is as rare as what it is for.
 */
static void assign_again(struct consumer *c)
{
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)c->assigned);

        for (size_t i = 0; i < c->part_count; i++) {
                struct part *part = &c->parts[i];

                if (part->queue == NULL || part->standing)
                        continue;
                int64_t position = consumer_marks(c, (uint32_t)i).position;
                if (position > part->next)
                        part->next = position;
                part->seen = false;
                part->old_position = consumer_position(c, part);
                rd_kafka_topic_partition_list_add(list, part->topic, part->number)->offset = part->next;
        }
        assign(c, list);
        rd_kafka_topic_partition_list_destroy(list);
}

static void restart_part(struct part *part, int64_t offset)
{
        part->next = offset;
        part->seen = false;
        part->old_position = INT64_MAX; /* none of the positions known now is its own */
        part->stopped = true;
        part->standing = false;
        part->gap_ticket = 0;
}

bool consumer_seek(struct consumer *c, uint32_t index, int64_t offset, struct pawl_error *err)
{
        assert(c->magic == CONSUMER_MAGIC && index < c->part_count && offset >= 0);
        struct part *part = &c->parts[index];

        if (part->queue == NULL || c->phase != PHASE_ASSIGNED)
                return error_set(err, "%s [%d] is not assigned to this member", part->topic, (int)part->number);
        restart_part(part, offset);
        assign_again(c);
        return true;
}

static void gap_text(const struct consumer *c, const struct part *part, int64_t low, int64_t high, char *out,
                     size_t size)
{
        int used = snprintf(out, size,
                            "%s [%d]: the next event's offset %lld is not in the log, which holds %lld to %lld: events "
                            "were lost to retention, or the topic was made anew; ",
                            part->topic, (int)part->number, (long long)part->next, (long long)low, (long long)high);

        if (c->on_gap == RESET_STOP)
                snprintf(out + used, size - (size_t)used,
                         "it is read no further, as on_gap = \"stop\" asks; set \"earliest\" or \"latest\" to go on");
        else
                snprintf(out + used, size - (size_t)used, "going on at %lld (on_gap = \"%s\")",
                         (long long)(c->on_gap == RESET_EARLIEST ? low : high),
                         c->on_gap == RESET_EARLIEST ? "earliest" : "latest");
}

static void finish_gap(struct consumer *c, uint32_t index, int64_t low, int64_t high)
{
        struct part *part = &c->parts[index];
        int64_t start = c->on_gap == RESET_EARLIEST ? low : c->on_gap == RESET_LATEST ? high : CONSUMER_NO_OFFSET;
        char text[600];

        gap_text(c, part, low, high, text, sizeof text);
        part->gap_ticket = 0;
        part->epoch = ++c->epoch;
        if (start == CONSUMER_NO_OFFSET) {
                part->standing = true;
        } else {
                restart_part(part, start);
                assign_again(c);
        }
        struct pending_event *pending = consumer_queue_event(c, CONSUMER_GAP);
        pending->event.epoch = c->epoch;
        consumer_queue_text(pending, text);
        add_partition(pending, c, index)->start = start;
}

void consumer_answered(struct consumer *c, struct asker_answer *answer)
{
        if (!answer->last) {
                consumer_trouble(c, answer->code, answer->text, NULL);
                return;
        }
        if (answer->question == ASK_COMMITTED) {
                if (c->phase == PHASE_ASKING && answer->ticket == c->assign_ticket)
                        finish_assign(c, answer);
                return;
        }
        for (size_t i = 0; i < c->part_count; i++) {
                if (c->phase == PHASE_ASSIGNED && c->parts[i].queue != NULL && c->parts[i].gap_ticket == answer->ticket)
                        finish_gap(c, (uint32_t)i, answer->low[0], answer->high[0]);
        }
}
