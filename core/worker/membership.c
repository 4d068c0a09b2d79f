/* What becomes of the membership in the group: the consumer's events become the engine's inputs, the log's lines and alarms. */
#include "base/memory.h"
#include "engine/offsets_map.h"
#include "worker/worker_private.h"

#include <assert.h>
#include <string.h>

static struct worker_partition *know(struct worker *w, const struct consumer_partition *from)
{
        uint32_t chunk = from->index / PARTITION_CHUNK;
        struct worker_partition *p;

        assert(chunk < PARTITION_CHUNKS);
        if (w->partitions[chunk] == NULL)
                w->partitions[chunk] = memory_zero(PARTITION_CHUNK, sizeof(struct worker_partition));
        p = worker_partition(w, from->index);
        if (p->topic == NULL) {
                p->topic = from->topic;
                p->number = from->partition;
                p->row = scoreboard_partition_row(w->scoreboard, from->topic, from->partition);
        }
        if (w->partition_count <= from->index)
                w->partition_count = from->index + 1;
        return p;
}

/* What is complete beyond the committed offset. It counts only if reading starts where the commit stands. */
static void feed_map(struct worker *w, const struct consumer_partition *from)
{
        struct offsets_ranges ranges = {0};
        struct pawl_error err;
        size_t i;

        if (from->committed == CONSUMER_NO_OFFSET || from->committed != from->start)
                return;
        if (!offsets_map_decode(from->committed, from->metadata, strlen(from->metadata), &ranges, &err))
                log_warn("%s[%d]: the commit's metadata at offset %lld is no map of ours, all behind it is handled: %s",
                         from->topic, from->partition, (long long)from->committed, err.text);
        for (i = 0; i < ranges.count; i++) {
                struct engine_input *in = worker_input(w, ENGINE_MAP);

                in->partition = from->index;
                in->range.first = ranges.items[i].first;
                in->range.end = ranges.items[i].end;
        }
        offsets_ranges_free(&ranges);
}

static void on_assign(struct worker *w, const struct consumer_event *event)
{
        size_t i;

        if (w->phase == PHASE_LEAVING) { /* what a predecessor had: see worker.c */
                w->close_sent = true;
                consumer_close(w->consumer, true);
                return;
        }
        for (i = 0; i < event->partition_count; i++) {
                const struct consumer_partition *from = &event->partitions[i];
                struct worker_partition *p = know(w, from);
                struct engine_input *in;

                p->epoch = event->epoch;
                p->committed = from->committed == CONSUMER_NO_OFFSET ? -1 : from->committed;
                p->assigned = true;
                p->stopped = true;
                consumer_stop(w->consumer, from->index);
                scoreboard_partition_state(w->scoreboard, p->row, SCOREBOARD_PARTITION_ASSIGNED);
                feed_map(w, from);
                in = worker_input(w, ENGINE_ASSIGN);
                in->partition = from->index;
                in->epoch = event->epoch;
                in->offset = from->start;
                log_debug("%s[%d] is ours from offset %lld", p->topic, p->number, (long long)from->start);
        }
        w->assigned = (uint32_t)event->partition_count;
        scoreboard_add(w->scoreboard, 0, SCOREBOARD_REBALANCES, 1);
        scoreboard_text_set(w->scoreboard, SCOREBOARD_TEXT_BROKER, consumer_state(w->consumer));
        atomic_store(&w->api->kafka, NULL);
        log_info("joined group %s: %zu partition%s", w->plugin->group, event->partition_count,
                 event->partition_count == 1 ? "" : "s");
}

/* An assignment ends: what the pool has not begun comes back undone. */
static void give_up(struct worker *w, enum engine_input_kind kind, int64_t deadline)
{
        uint32_t i;

        pool_recall(w->pool);
        for (i = 0; i < w->partition_count; i++) {
                struct worker_partition *p;
                struct engine_input *in;

                if (w->partitions[i / PARTITION_CHUNK] == NULL || !worker_partition(w, i)->assigned)
                        continue;
                p = worker_partition(w, i);
                in = worker_input(w, kind);
                in->partition = i;
                p->stopped = true;
                if (kind == ENGINE_REVOKE) {
                        in->leave.deadline = deadline;
                        w->revoking++;
                } else {
                        p->assigned = false;
                }
                scoreboard_partition_state(w->scoreboard, p->row, SCOREBOARD_PARTITION_REVOKED);
        }
        w->assigned = 0;
        scoreboard_add(w->scoreboard, 0, SCOREBOARD_REBALANCES, 1);
}

static void on_revoke(struct worker *w)
{
        /* Closing: the last commit was made, the engine has nothing to add. */
        if (w->phase >= PHASE_CLOSING || w->phase == PHASE_LEAVING) {
                consumer_unassign(w->consumer);
                w->assigned = 0;
                return;
        }
        log_info("the group is rebalanced: %u partition%s given up, after what is being handled", w->assigned,
                 w->assigned == 1 ? "" : "s");
        give_up(w, ENGINE_REVOKE, w->now + w->plugin->drain);
        if (w->revoking == 0)
                consumer_unassign(w->consumer);
}

static void on_lost(struct worker *w)
{
        log_warn("%u partition%s taken away by the group: what is in hand of them is void", w->assigned,
                 w->assigned == 1 ? " was" : "s were");
        w->revoking = 0;
        give_up(w, ENGINE_LOST, 0);
}

static void on_gap(struct worker *w, const struct consumer_event *event)
{
        const struct consumer_partition *from = &event->partitions[0];
        struct worker_partition *p = know(w, from);
        struct engine_input *in;

        control_alarm(w, ALARM_CONSUMER, "%s", event->text);
        if (from->start == CONSUMER_NO_OFFSET)
                return; /* it stands still until an operator decides */
        p->epoch = event->epoch;
        in = worker_input(w, ENGINE_REWIND);
        in->partition = from->index;
        in->epoch = event->epoch;
        in->offset = from->start;
}

static void on_committed(struct worker *w, const struct consumer_event *event)
{
        struct engine_input *in = worker_input(w, ENGINE_COMMIT);

        in->commit.id = event->commit_id;
        switch (event->result) {
        case COMMIT_DONE:
                in->commit.outcome = ENGINE_COMMITTED;
                scoreboard_observe(w->scoreboard, 0, SCOREBOARD_HISTOGRAM_COMMIT, w->now - w->commit_sent_at);
                return;
        case COMMIT_METADATA_LARGE:
                in->commit.outcome = ENGINE_COMMIT_METADATA_SIZE;
                break;
        case COMMIT_NOT_OWNER: /* the partitions' loss, or the fencing, comes as an event of its own */
        case COMMIT_AGAIN:
        default:
                in->commit.outcome = ENGINE_COMMIT_RETRIABLE;
                break;
        }
        log_debug("commit %llu was not stored: %s", (unsigned long long)event->commit_id, event->text);
}

static void on_trouble(struct worker *w, const struct consumer_event *event)
{
        scoreboard_add(w->scoreboard, 0, SCOREBOARD_KAFKA_ERRORS, 1);
        scoreboard_text_set(w->scoreboard, SCOREBOARD_TEXT_BROKER, event->text);
        if (event->trouble == TROUBLE_FENCED || event->trouble == TROUBLE_FATAL) {
                worker_fail(w, WORKER_EXIT_FENCED, "%s", event->text);
                return;
        }
        w->in_trouble = true;
        if (event->trouble == TROUBLE_UNREACHABLE)
                atomic_store(&w->api->kafka, "no broker answers");
        else if (event->trouble == TROUBLE_AUTHENTICATION)
                atomic_store(&w->api->kafka, "the brokers do not accept who this client is");
        control_alarm(w, ALARM_CONSUMER, "%s", event->text);
}

static void on_recovered(struct worker *w, const struct consumer_event *event)
{
        log_info("Kafka: %s", event->text[0] != '\0' ? event->text : "the trouble is over");
        scoreboard_text_set(w->scoreboard, SCOREBOARD_TEXT_BROKER, consumer_state(w->consumer));
        w->in_trouble = false;
        atomic_store(&w->api->kafka, NULL);
        control_alarm(w, ALARM_CONSUMER, "%s", "");
}

void membership_serve(struct worker *w)
{
        struct consumer_event event;

        w->consumer_at = consumer_serve(w->consumer, w->now);
        w->consumer_due = false;
        while (consumer_next(w->consumer, &event)) {
                switch (event.type) {
                case CONSUMER_ASSIGN:
                        on_assign(w, &event);
                        break;
                case CONSUMER_REVOKE:
                        on_revoke(w);
                        break;
                case CONSUMER_LOST:
                        on_lost(w);
                        break;
                case CONSUMER_COMMITTED:
                        on_committed(w, &event);
                        break;
                case CONSUMER_GAP:
                        on_gap(w, &event);
                        break;
                case CONSUMER_TROUBLE:
                        on_trouble(w, &event);
                        break;
                case CONSUMER_RECOVERED:
                        on_recovered(w, &event);
                        break;
                case CONSUMER_CLOSED:
                        w->client_closed = true;
                        break;
                }
        }
}
