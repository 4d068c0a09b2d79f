/* Steps the engine with what has been gathered, and carries out its answer, member by member in their order. */
#include "base/memory.h"
#include "worker/worker_private.h"

#include <assert.h>
#include <stdlib.h>

/* ---- what is not needed any more ---- */

static void drop_emits(struct worker *w, const struct engine_attempt *items, size_t count)
{
        size_t i;

        for (i = 0; i < count; i++) {
                struct held *held = held_at(w->held, items[i].slot);

                if (held->used && held->tag == items[i].tag && !held->running)
                        emit_list_free(&held->emits);
        }
}

static void release(struct worker *w, const struct engine_output *out)
{
        size_t i;

        for (i = 0; i < out->release_count; i++) {
                held_release(w->held, out->releases[i].slot);
                lane_table_release(w->lanes, out->releases[i].lane);
        }
}

/* ---- runs ---- */

static void push_runs(struct worker *w, const struct engine_output *out)
{
        size_t i;
        uint32_t j;

        for (i = 0; i < out->run_count; i++) {
                const struct engine_run *order = &out->runs[i];
                struct pool_run *run = pool_take(w->pool);

                assert(run != NULL); /* the engine keeps to its limit, and the pool has more */
                pool_events(run, order->count);
                run->kind = (order->flags & ENGINE_RUN_BATCH) != 0 ? RUN_BATCH : RUN_EVENTS;
                run->handler = order->handler;
                run->flags = order->flags;
                run->owner = w->current;
                for (j = 0; j < order->count; j++) {
                        const struct engine_event *event = &out->events[order->first + j];
                        struct held *held = held_at(w->held, event->slot);

                        held->tag = event->tag;
                        held->handler = &w->current->instance->handlers[order->handler];
                        held->running = true;
                        run->events[j].slot = event->slot;
                        run->events[j].tag = event->tag;
                        run->events[j].attempt = event->attempt;
                }
                w->current->runs++;
                pool_push(w->pool, run);
        }
        if (out->run_count > 0) {
                scoreboard_add(w->scoreboard, 0, SCOREBOARD_RUNS, out->run_count);
                pool_flush(w->pool);
        }
}

/* ---- partitions and commits ---- */

static void revoked(struct worker *w, struct worker_partition *p)
{
        if (!p->assigned)
                return; /* lost: nobody waits for it */
        p->assigned = false;
        scoreboard_partition_state(w->scoreboard, p->row, SCOREBOARD_PARTITION_REVOKED);
        if (w->revoking > 0 && --w->revoking == 0)
                w->unassign_due = true;
}

/* The engine steers a partition until it is done with it; shown as given up it is from the moment of the revocation. */
static void show_state(struct worker *w, const struct worker_partition *p, enum scoreboard_partition_state state)
{
        if (p->assigned && w->revoking == 0)
                scoreboard_partition_state(w->scoreboard, p->row, state);
}

static void steer_partitions(struct worker *w, const struct engine_output *out)
{
        size_t i;

        for (i = 0; i < out->partition_count; i++) {
                uint32_t index = out->partitions[i].partition;
                struct worker_partition *p = worker_partition(w, index);

                switch (out->partitions[i].order) {
                case ENGINE_STOP:
                        p->stopped = true;
                        consumer_stop(w->consumer, index);
                        show_state(w, p, SCOREBOARD_PARTITION_FULL);
                        break;
                case ENGINE_GO:
                        p->stopped = false;
                        consumer_go(w->consumer, index);
                        show_state(w, p, SCOREBOARD_PARTITION_READING);
                        break;
                case ENGINE_REVOKED:
                        revoked(w, p);
                        break;
                default:
                        break;
                }
        }
        if (w->unassign_due) {
                w->unassign_due = false;
                w->assigned = 0;
                consumer_unassign(w->consumer);
        }
}

static void commit(struct worker *w, const struct engine_output *out)
{
        struct consumer_offset *offsets;
        size_t i;

        if (out->commit_count == 0)
                return;
        offsets = memory_zero(out->commit_count, sizeof *offsets);
        for (i = 0; i < out->commit_count; i++) {
                const struct engine_commit_entry *entry = &out->commit[i];
                const struct worker_partition *p = worker_partition(w, entry->partition);

                offsets[i] = (struct consumer_offset){entry->partition, entry->offset, entry->metadata};
                if (entry->rewind)
                        log_warn("%s[%d]: commits offset %lld, a deliberate rewind", p->topic, p->number,
                                 (long long)entry->offset);
        }
        w->commit_sent_at = w->now;
        if (!consumer_commit(w->consumer, out->commit_id, offsets, out->commit_count)) {
                struct engine_input *in = worker_input(w, ENGINE_COMMIT);

                in->commit.id = out->commit_id;
                in->commit.outcome = ENGINE_COMMIT_RETRIABLE;
        }
        free(offsets);
}

/* ---- what people must know ---- */

static void say_outage(struct worker *w, const struct engine_alarm *alarm)
{
        const struct held *held;

        if (alarm->value == 0) {
                log_info("what the plugin depends on is back: handling goes on");
                control_alarm(w, ALARM_OUTAGE, "%s", "");
                return;
        }
        held = alarm->slot == ENGINE_NONE ? NULL : held_at(w->held, alarm->slot);
        control_alarm(w, ALARM_OUTAGE,
                      "something that the plugin depends on is away: nothing is handled but one event that tries. %s",
                      held != NULL && held->used && held->text != NULL ? held->text : "");
}

/* It is tried again every second or so, for as long as it takes: said at growing intervals. */
static void say_unwritten(struct worker *w, const struct engine_alarm *alarm)
{
        struct held *held = held_at(w->held, alarm->slot);
        struct log_event about;

        held->unwritten++;
        if ((held->unwritten & (held->unwritten - 1)) != 0)
                return;
        handling_describe(w, alarm->slot, &about);
        log_about(LOG_LEVEL_WARN, LOG_MARK_FAILED, &about,
                  "%s could not be written (%u time%s); its offset waits; pawlctl status says for what",
                  alarm->kind == ENGINE_ALARM_EMIT ? "what it emitted" : "its dead letter", held->unwritten,
                  held->unwritten == 1 ? "" : "s");
}

static void say_alarm(struct worker *w, const struct engine_alarm *alarm)
{
        const struct worker_partition *p;

        switch (alarm->kind) {
        case ENGINE_ALARM_DEAD_LETTER:
        case ENGINE_ALARM_EMIT:
                say_unwritten(w, alarm);
                scoreboard_add(w->scoreboard, 0, SCOREBOARD_ALARMS, 1);
                break;
        case ENGINE_ALARM_METADATA:
                control_alarm(w, ALARM_CONSUMER,
                              "the broker takes less commit metadata than was sent: %u characters from now on "
                              "(offset.metadata.max.bytes)",
                              alarm->value);
                break;
        case ENGINE_ALARM_MAP_CUT:
                p = worker_partition(w, alarm->partition);
                log_warn(
                    "%s[%d]: the map of what is done does not fit the commit's metadata; a crash now would repeat more",
                    p->topic, p->number);
                scoreboard_add(w->scoreboard, 0, SCOREBOARD_ALARMS, 1);
                break;
        case ENGINE_ALARM_OUTAGE:
                say_outage(w, alarm);
                break;
        default:
                break;
        }
}

static void restart(struct worker *w, const struct engine_output *out)
{
        const struct held *held = out->restart_slot == ENGINE_NONE ? NULL : held_at(w->held, out->restart_slot);
        const char *words = held != NULL && held->text != NULL ? held->text : "no reason given";
        const struct worker_partition *p = held != NULL ? worker_partition(w, held->message.partition) : NULL;

        switch (out->restart) {
        case ENGINE_RESTART_FATAL:
                assert(held != NULL);
                worker_fail(w, WORKER_EXIT_FATAL, "handler %.*s at %s[%d]@%lld: the plugin cannot go on: %s",
                            (int)held->handler->name.len, held->handler->name.ptr, p->topic, p->number,
                            (long long)held->message.offset, words);
                break;
        case ENGINE_RESTART_BAD_RESULT:
                assert(held != NULL);
                worker_fail(w, WORKER_EXIT_RESULT,
                            "handler %.*s at %s[%d]@%lld returned what is no result (expected PAWL_OK to PAWL_FATAL)",
                            (int)held->handler->name.len, held->handler->name.ptr, p->topic, p->number,
                            (long long)held->message.offset);
                break;
        default:
                worker_fail(w, WORKER_EXIT_FENCED,
                            "a commit was refused for good: another member has this one's place");
                break;
        }
}

void orders_step(struct worker *w)
{
        const struct engine_output *out;
        size_t i;

        if (w->input_count == 0)
                worker_input(w, ENGINE_TICK);
        out = engine_step(w->engine, w->inputs, w->input_count);
        w->input_count = 0; /* orders may already add to the next step's */
        /* Words come first: they are about messages that the orders may release, or give to a thread. */
        for (i = 0; i < out->alarm_count; i++)
                say_alarm(w, &out->alarms[i]);
        drop_emits(w, out->drops, out->drop_count);
        drop_emits(w, out->ignored, out->ignored_count);
        for (i = 0; i < out->expired_count; i++)
                tickets_expire(w->api->tickets, out->expired[i].slot, out->expired[i].tag);
        for (i = 0; i < out->produce_count; i++)
                outbox_emits(w, out->produce[i].slot, out->produce[i].tag);
        for (i = 0; i < out->dead_count; i++)
                outbox_dead_letter(w, &out->dead[i]);
        release(w, out);
        push_runs(w, out);
        steer_partitions(w, out);
        commit(w, out);
        if (out->restart != 0)
                restart(w, out);
        if (out->drained && w->phase == PHASE_DRAINING)
                worker_drained(w);
        w->step_at = engine_next_timer(w->engine);
}
