/* What is looked at now and then: the scoreboard's totals and gauges, handlers that outrun their deadline, idle partitions whose
 * position moves without events, messages that keep large buffers alive. */
#include "worker/worker_private.h"

#include <stddef.h>
#include <string.h>

#define WATCH_INTERVAL (250 * CLOCK_MS)
#define SLOW_INTERVAL  CLOCK_S
#define KEEP_BUFFER    CLOCK_S /* a message in hand for longer is copied out of its fetch buffer */
#define COPY_AT_ONCE   20000

/* ---- the engine's totals ---- */

static const struct {
        enum scoreboard_counter counter;
        size_t total; /* offset in struct engine_counters */
} totals[] = {
    {SCOREBOARD_RECEIVED, offsetof(struct engine_counters, received)},
    {SCOREBOARD_HANDLED, offsetof(struct engine_counters, handled)},
    {SCOREBOARD_SKIPPED, offsetof(struct engine_counters, skipped)},
    {SCOREBOARD_RETRIED, offsetof(struct engine_counters, retried)},
    {SCOREBOARD_WAITED, offsetof(struct engine_counters, waited)},
    {SCOREBOARD_UNAVAILABLE, offsetof(struct engine_counters, unavailable)},
    {SCOREBOARD_REJECTED, offsetof(struct engine_counters, rejected)},
    {SCOREBOARD_PENDING, offsetof(struct engine_counters, pending)},
    {SCOREBOARD_DEAD_LETTERED, offsetof(struct engine_counters, dead_lettered)},
    {SCOREBOARD_RESTORED, offsetof(struct engine_counters, already_done)},
    {SCOREBOARD_EPOCH_IGNORED, offsetof(struct engine_counters, epoch_ignored)},
    {SCOREBOARD_TICKET_EXPIRED, offsetof(struct engine_counters, ticket_expired)},
    {SCOREBOARD_EMITTED, offsetof(struct engine_counters, emitted)},
    {SCOREBOARD_COMMITTED, offsetof(struct engine_counters, committed)},
    {SCOREBOARD_COMMIT_FAILED, offsetof(struct engine_counters, commit_failed)},
};

static uint64_t at(const struct engine_counters *counters, size_t offset)
{
        return *(const uint64_t *)(const void *)((const char *)counters + offset);
}

static void publish_totals(struct worker *w)
{
        const struct engine_counters *now = engine_counters(w->engine);
        size_t i;

        for (i = 0; i < sizeof totals / sizeof *totals; i++)
                scoreboard_add(w->scoreboard, 0, totals[i].counter,
                               at(now, totals[i].total) - at(&w->told, totals[i].total));
        w->told = *now;
}

static void publish_gauges(struct worker *w)
{
        struct engine_status status;
        struct scoreboard *sb = w->scoreboard;

        engine_status(w->engine, &status);
        scoreboard_gauge(sb, SCOREBOARD_GAUGE_IN_HAND, (int64_t)(status.unfinished + status.uncommitted));
        scoreboard_gauge(sb, SCOREBOARD_GAUGE_IN_HAND_BYTES, (int64_t)status.unfinished_bytes);
        scoreboard_gauge(sb, SCOREBOARD_GAUGE_UNFINISHED, (int64_t)status.unfinished);
        scoreboard_gauge(sb, SCOREBOARD_GAUGE_RUNNING, (int64_t)status.running);
        scoreboard_gauge(sb, SCOREBOARD_GAUGE_PARKED_LANES, (int64_t)status.parked);
        scoreboard_gauge(sb, SCOREBOARD_GAUGE_ACTIVE_LANES, (int64_t)lane_table_count(w->lanes));
        scoreboard_gauge(sb, SCOREBOARD_GAUGE_TICKETS, (int64_t)status.tickets);
        scoreboard_gauge(sb, SCOREBOARD_GAUGE_EMITS_HELD, (int64_t)producer_unacked(w->outbox.producer));
        scoreboard_gauge(sb, SCOREBOARD_GAUGE_EMITS_HELD_BYTES, (int64_t)status.emit_bytes);
        scoreboard_gauge(sb, SCOREBOARD_GAUGE_PARTITIONS, w->assigned);
        scoreboard_gauge(sb, SCOREBOARD_GAUGE_OUTAGE, status.outage);
}

static void publish_partitions(struct worker *w)
{
        uint32_t i;

        for (i = 0; i < w->partition_count; i++) {
                struct engine_partition_status status;
                struct consumer_marks marks;
                const struct worker_partition *p;

                if (w->partitions[i / PARTITION_CHUNK] == NULL || !worker_partition(w, i)->assigned)
                        continue;
                p = worker_partition(w, i);
                marks = consumer_marks(w->consumer, i);
                if (engine_partition_status(w->engine, i, &status))
                        scoreboard_partition_set(w->scoreboard, p->row, status.position,
                                                 status.committed >= 0 ? status.committed : p->committed, marks.high,
                                                 (int64_t)status.unfinished);
        }
}

void watch_publish(struct worker *w)
{
        publish_totals(w);
        publish_gauges(w);
        if (w->consumer != NULL)
                publish_partitions(w);
}

/* ---- handlers ---- */

static bool partition_of_row(const struct worker *w, uint32_t row, uint32_t *index)
{
        for (*index = 0; *index < w->partition_count; (*index)++) {
                if (w->partitions[*index / PARTITION_CHUNK] != NULL && worker_partition(w, *index)->topic != NULL &&
                    worker_partition(w, *index)->row == row)
                        return true;
        }
        return false;
}

/* Once for each call that outruns its deadline. It is not ended: pawl_cancelled() tells it, and the log tells people. */
static void check_deadline(struct worker *w, unsigned thread)
{
        const struct plugin_instance *in = w->current->instance;
        const struct scoreboard_note *note = &w->scoreboard->writers[thread].note;
        uint64_t seq = atomic_load(&note->seq);
        int64_t since = atomic_load(&note->since), offset = atomic_load(&note->offsets[0]);
        uint32_t handler = atomic_load(&note->handler), count = atomic_load(&note->count);
        uint32_t row = atomic_load(&note->rows[0]), partition, slot;
        struct log_event about = {0};

        if (count == 0 || handler >= in->handler_count || w->now - since <= w->current->deadlines[handler] ||
            (seq & 1) != 0 || seq != atomic_load(&note->seq) || w->said_overrun[thread] == seq)
                return;
        w->said_overrun[thread] = seq;
        /* In hand as long as it runs. Its headers were parsed when it was read, so both threads may look at them. */
        if (partition_of_row(w, row, &partition) && held_find(w->held, partition, offset, &slot))
                handling_describe(w, slot, &about);
        about.handler = (struct log_text){in->handlers[handler].name.ptr, in->handlers[handler].name.len};
        scoreboard_add(w->scoreboard, 0, SCOREBOARD_DEADLINE_EXCEEDED, 1);
        log_about(LOG_LEVEL_WARN, LOG_MARK_FAILED, &about,
                  "the handler runs for %lld ms, its deadline is %lld ms; %u event%s in this call",
                  (long long)((w->now - since) / CLOCK_MS), (long long)(w->current->deadlines[handler] / CLOCK_MS),
                  count, count == 1 ? "" : "s");
}

/* ---- partitions ---- */

/* Behind transaction markers and holes of compaction no event comes, but the committed offset must get there too. */
static void advance_positions(struct worker *w)
{
        uint32_t i;

        for (i = 0; i < w->partition_count; i++) {
                struct engine_partition_status status;
                struct consumer_marks marks;
                struct engine_input *in;

                if (w->partitions[i / PARTITION_CHUNK] == NULL || !worker_partition(w, i)->assigned)
                        continue;
                marks = consumer_marks(w->consumer, i);
                if (!engine_partition_status(w->engine, i, &status) || status.epoch == 0 ||
                    marks.position <= status.position)
                        continue;
                in = worker_input(w, ENGINE_POSITION);
                in->partition = i;
                in->epoch = status.epoch;
                in->offset = marks.position;
        }
}

static void look_slowly(struct worker *w)
{
        if (w->phase == PHASE_RUNNING && w->consumer != NULL)
                advance_positions(w);
        if (w->phase == PHASE_RUNNING)
                standstill_look(w);
        held_copy_old(w->held, w->now - KEEP_BUFFER, COPY_AT_ONCE);
        log_tick();
}

int64_t watch_serve(struct worker *w)
{
        unsigned thread;

        if (w->now >= w->watch_at) {
                w->watch_at = w->now + WATCH_INTERVAL;
                atomic_store_explicit(&w->wall_offset, clock_wall() - clock_now(), memory_order_relaxed);
                watch_publish(w);
                for (thread = 1; thread <= w->thread_count; thread++)
                        check_deadline(w, thread);
        }
        if (w->now >= w->slow_watch_at) {
                w->slow_watch_at = w->now + SLOW_INTERVAL;
                look_slowly(w);
        }
        return w->watch_at;
}
