#include "kafka/consumer_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

#define TURN      256            /* messages of one partition before the next one's turn */
#define WAKE_MOST (5 * CLOCK_MS) /* the measured interval; see "The one-second sleep of the fetcher" */

/* ---- the ready list: partitions that may have messages. An edge of the descriptor says only that one of them has. ---- */

static void push_ready(struct consumer *c, uint32_t index)
{
        struct part *part = &c->parts[index];

        if (part->listed || part->stopped || part->queue == NULL)
                return;
        if (c->ready_cap < c->part_count) {
                uint32_t *ring = memory_zero(c->part_count * 2, sizeof *ring);
                for (size_t i = 0; i < c->ready_count; i++)
                        ring[i] = c->ready[(c->ready_head + i) % c->ready_cap];
                free(c->ready);
                c->ready = ring;
                c->ready_cap = c->part_count * 2;
                c->ready_head = 0;
        }
        c->ready[(c->ready_head + c->ready_count++) % c->ready_cap] = index;
        part->listed = true;
}

static bool pop_ready(struct consumer *c, uint32_t *index)
{
        if (c->ready_count == 0)
                return false;
        *index = c->ready[c->ready_head];
        c->ready_head = (c->ready_head + 1) % c->ready_cap;
        c->ready_count--;
        c->parts[*index].listed = false;
        return true;
}

void consumer_list_ready(struct consumer *c)
{
        for (size_t i = 0; i < c->part_count; i++) {
                struct part *part = &c->parts[i];
                if (part->queue != NULL && !part->listed && !part->stopped && rd_kafka_queue_length(part->queue) > 0)
                        push_ready(c, (uint32_t)i);
        }
}

bool consumer_ready(const struct consumer *c)
{
        return c->phase == PHASE_ASSIGNED && c->ready_count > 0;
}

void consumer_stop(struct consumer *c, uint32_t index)
{
        assert(c->magic == CONSUMER_MAGIC && index < c->part_count);
        c->parts[index].stopped = true;
}

void consumer_go(struct consumer *c, uint32_t index)
{
        assert(c->magic == CONSUMER_MAGIC && index < c->part_count);
        struct part *part = &c->parts[index];

        part->stopped = false;
        /* Its edge may have come while it was stopped: there will be no other. */
        if (part->queue != NULL && rd_kafka_queue_length(part->queue) > 0)
                push_ready(c, index);
}

/* ---- waking the fetcher ---- */

/*
 * The fetcher sleeps when it found the queues at their limits. A queue that has since fallen below half of its limit has given
 * out at least the other half: so only then a wake can be of use, and an idle or slow partition costs none. But a queue may hold
 * more than its limit (a whole response goes in), so that a wake finds it still full: one that was not empty at the last wake
 * and is empty now may be what the fetcher sleeps over.
 */
static void consider_wake(struct consumer *c, struct part *part, bool emptied)
{
        if (!c->wake_by_hand || c->wake_wanted)
                return;
        if (part->read_bytes >= c->half_bytes || (emptied && part->left_at_wake) ||
            (part->read_messages >= c->half_messages && rd_kafka_queue_length(part->queue) <= c->half_messages))
                c->wake_wanted = true;
}

void consumer_wake_due(struct consumer *c)
{
        rd_kafka_error_t *error;

        if (!c->wake_wanted || c->now < c->woken_at + WAKE_MOST)
                return;
        /* Stores the credentials in force once more, and wakes the broker threads: that is what it is called for. */
        error = rd_kafka_sasl_set_credentials(c->client.rk, c->client.username ? c->client.username : "",
                                              c->client.password ? c->client.password : "");
        if (error != NULL)
                rd_kafka_error_destroy(error);
        c->wake_wanted = false;
        c->woken_at = c->now;
        for (size_t i = 0; i < c->part_count; i++) {
                struct part *part = &c->parts[i];

                part->read_messages = part->read_bytes = 0;
                part->left_at_wake = part->queue != NULL && rd_kafka_queue_length(part->queue) > 0;
        }
}

int64_t consumer_wake_next(const struct consumer *c)
{
        return c->wake_wanted ? c->woken_at + WAKE_MOST : INT64_MAX;
}

/* ---- messages ---- */

/* What stands in a partition's queue instead of a message. */
static void take_error(struct consumer *c, uint32_t index, const rd_kafka_message_t *m)
{
        struct part *part = &c->parts[index];

        if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
                return;
        if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
                if (part->gap_ticket == 0)
                        consumer_fell_out(c, index, rd_kafka_message_errstr(m));
                return;
        }
        consumer_trouble(c, m->err, rd_kafka_message_errstr(m), part->topic);
}

static void fill(struct message *out, rd_kafka_message_t *m, uint32_t index)
{
        rd_kafka_timestamp_type_t type;

        out->handle = m;
        out->key = m->key;
        out->key_len = m->key_len;
        out->value = m->payload;
        out->value_len = m->len;
        out->offset = m->offset;
        out->timestamp_ms = rd_kafka_message_timestamp(m, &type);
        out->partition = index;
}

/* The first message of an assignment is a sign that what stood against it is over. */
static void first_message(struct consumer *c, struct part *part)
{
        part->seen = true;
        if (c->troubles.count == 0)
                return;
        consumer_good_sign(c);
        consumer_clear_trouble(c, TROUBLE_TOPIC_MISSING, part->topic);
        consumer_clear_trouble(c, TROUBLE_AUTHORIZATION, part->topic);
        consumer_clear_trouble(c, TROUBLE_OTHER, part->topic);
}

static size_t read_part(struct consumer *c, uint32_t index, struct message *messages, size_t max)
{
        struct part *part = &c->parts[index];
        rd_kafka_message_t *m;
        uint64_t bytes = 0;
        size_t count = 0;

        /* Single messages: the batch call is unsafe around rebalances before 2.1.0. */
        while (count < max && (m = rd_kafka_consume_queue(part->queue, 0)) != NULL) {
                if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
                        take_error(c, index, m);
                        rd_kafka_message_destroy(m);
                        continue;
                }
                bytes += m->len + m->key_len;
                fill(&messages[count++], m, index);
        }
        if (count == 0)
                return 0;
        if (!part->seen || c->troubles.count > 0)
                first_message(c, part);
        part->next = messages[count - 1].offset + 1;
        part->read_messages += count;
        part->read_bytes += bytes;
        consider_wake(c, part, count < max);
        if (count == max) /* not read to its end, so no edge will come */
                push_ready(c, index);
        return count;
}

size_t consumer_read(struct consumer *c, struct message *messages, size_t max)
{
        uint32_t index;

        assert(c->magic == CONSUMER_MAGIC);
        if (max > TURN)
                max = TURN;
        while (c->phase == PHASE_ASSIGNED && max > 0 && pop_ready(c, &index)) {
                struct part *part = &c->parts[index];

                if (part->stopped || part->queue == NULL)
                        continue;
                size_t count = read_part(c, index, messages, max);
                if (count > 0)
                        return count;
        }
        return 0;
}
