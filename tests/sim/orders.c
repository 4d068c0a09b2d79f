#include "sim.h"

#include <stdlib.h>
#include <string.h>

static struct sim_event *event_of(struct sim_shell *shell, const struct sim_slot *slot)
{
        return &shell->world->logs[slot->partition].events.items[slot->event];
}

static long long offset_of(struct sim_shell *shell, const struct sim_slot *slot)
{
        return (long long)event_of(shell, slot)->offset;
}

static bool is_current(const struct sim_shell *shell, const struct sim_slot *slot)
{
        const struct sim_reader *reader = &shell->readers[slot->partition];

        return reader->assigned && reader->epoch == slot->epoch;
}

static struct sim_slot *attempt(struct sim_shell *shell, uint32_t slot, uint32_t tag, const char *what)
{
        if (slot >= shell->slots.count || shell->slots.items[slot].state == SIM_FREE)
                sim_fail(shell->world, "%s of slot %u, which is free", what, slot);
        if (shell->slots.items[slot].tag != tag)
                sim_fail(shell->world, "%s of slot %u: tag %u, expected %u", what, slot, tag,
                         shell->slots.items[slot].tag);
        return &shell->slots.items[slot];
}

/* ---- what becomes of an attempt ---- */

static void take_drops(struct sim_shell *shell, const struct engine_output *output)
{
        for (size_t i = 0; i < output->drop_count; i++) {
                struct sim_slot *slot = attempt(shell, output->drops[i].slot, output->drops[i].tag, "drop");

                if (slot->held == 0 && slot->state != SIM_HANDLED)
                        sim_fail(shell->world, "drop of slot %u, which holds no emits", output->drops[i].slot);
                slot->held = 0;
        }
}

static void take_expired(struct sim_shell *shell, const struct engine_output *output)
{
        for (size_t i = 0; i < output->expired_count; i++) {
                struct sim_slot *slot = attempt(shell, output->expired[i].slot, output->expired[i].tag, "expiry");
                bool found = false;

                for (size_t j = 0; j < shell->tickets.count; j++) {
                        struct sim_ticket *ticket = &shell->tickets.items[j];

                        if (!ticket->live || ticket->slot != output->expired[i].slot || ticket->tag != slot->tag)
                                continue;
                        if (ticket->deadline > shell->world->now)
                                sim_fail(shell->world, "a ticket expired before its deadline");
                        ticket->live = false;
                        found = true;
                }
                if (!found)
                        sim_fail(shell->world, "a ticket expired that was not out");
                slot->state = SIM_QUEUED;
                slot->reason = ENGINE_REASON_TICKET;
                slot->failures = UINT32_MAX; /* whether it counts depends on outages: the next dispatch tells */
        }
        for (size_t j = 0; j < shell->tickets.count; j++) {
                if (shell->tickets.items[j].live && shell->tickets.items[j].deadline < shell->world->now)
                        sim_fail(shell->world, "a ticket outlived its deadline");
        }
}

static void take_produce(struct sim_shell *shell, const struct engine_output *output)
{
        for (size_t i = 0; i < output->produce_count; i++) {
                const struct engine_attempt *order = &output->produce[i];
                struct sim_slot *slot = attempt(shell, order->slot, order->tag, "produce");
                const struct sim_event *event = event_of(shell, slot);
                bool again = slot->held == 0;

                if (slot->state != SIM_HANDLED || slot->reports > 0 || event->emits == 0 || !is_current(shell, slot) ||
                    slot->reason == ENGINE_REASON_EMIT_REFUSED)
                        sim_fail(shell->world, "offset %lld: emits ordered that are not due", offset_of(shell, slot));
                slot->held = 0;
                if (!again)
                        slot->acknowledged = 0;
                for (uint32_t e = 0; e < event->emits; e++) {
                        if (again && (slot->acknowledged >> e & 1) != 0)
                                continue;
                        list_add(&shell->reports, (struct sim_report){order->slot, order->tag, e});
                        slot->reports++;
                }
        }
}

static void take_dead(struct sim_shell *shell, const struct engine_output *output)
{
        for (size_t i = 0; i < output->dead_count; i++) {
                const struct engine_dead *dead = &output->dead[i];
                struct sim_slot *slot = attempt(shell, dead->slot, dead->tag, "dead letter");
                const struct engine_policy *policy = &shell->policies[event_of(shell, slot)->handler];

                if (slot->reports > 0 || !is_current(shell, slot) || slot->state == SIM_RUNNING ||
                    slot->state == SIM_TICKET)
                        sim_fail(shell->world, "offset %lld: dead letter ordered while it is out",
                                 offset_of(shell, slot));
                if (dead->reason != slot->reason)
                        sim_fail(shell->world, "offset %lld: dead letter for reason %u, expected %u",
                                 offset_of(shell, slot), dead->reason, slot->reason);
                if (dead->again == 0 &&
                    (dead->reason == ENGINE_REASON_ATTEMPTS || dead->reason == ENGINE_REASON_TICKET) &&
                    dead->attempts < policy->attempts)
                        sim_fail(shell->world, "offset %lld: dead after %u attempts, allowed are %u",
                                 offset_of(shell, slot), dead->attempts, policy->attempts);
                if (dead->reason == ENGINE_REASON_WAIT_LIMIT && dead->again == 0 && !slot->must_die)
                        sim_fail(shell->world, "offset %lld: dead before its wait_limit", offset_of(shell, slot));
                slot->must_die = false;
                slot->state = SIM_DEAD;
                slot->reports = 1;
                event_of(shell, slot)->given_up = true;
                list_add(&shell->reports, (struct sim_report){dead->slot, dead->tag, ENGINE_NONE});
        }
}

static void take_releases(struct sim_shell *shell, const struct engine_output *output)
{
        for (size_t i = 0; i < output->release_count; i++) {
                uint32_t index = output->releases[i].slot;
                struct sim_slot *slot = &shell->slots.items[index];

                attempt(shell, index, slot->tag, "release");
                if (slot->state == SIM_RUNNING || slot->state == SIM_TICKET || slot->reports > 0)
                        sim_fail(shell->world, "offset %lld: released while it is out", offset_of(shell, slot));
                if (slot->held > 0)
                        sim_fail(shell->world, "offset %lld: released with held emits", offset_of(shell, slot));
                if (is_current(shell, slot) && !slot->counted_out && !sim_complete(event_of(shell, slot)) &&
                    !sim_covered(&shell->world->logs[slot->partition], offset_of(shell, slot)))
                        sim_fail(shell->world, "offset %lld: released before it was complete", offset_of(shell, slot));
                if (output->releases[i].lane != slot->lane)
                        sim_fail(shell->world, "slot %u released with another lane", index);
                lane_table_release(shell->lanes, slot->lane);
                slot->state = SIM_FREE;
                list_add(&shell->free_slots, index);
        }
}

/* ---- runs ---- */

static bool off_lane(const struct sim_slot *slot)
{
        return slot->state == SIM_FREE || slot->state == SIM_HANDLED || slot->state == SIM_DEAD;
}

static void check_order(struct sim_shell *shell, const struct sim_slot *slot, uint32_t run)
{
        const struct sim_log *log = &shell->world->logs[slot->partition];
        const struct sim_event *event = event_of(shell, slot);

        for (size_t i = 0; i < shell->slots.count; i++) {
                const struct sim_slot *other = &shell->slots.items[i];

                if (other == slot || other->lane != slot->lane || off_lane(other))
                        continue;
                if (other->state == SIM_RUNNING && other->run == run && other->event < slot->event)
                        continue;
                if (other->event < slot->event || other->state != SIM_QUEUED)
                        sim_fail(shell->world, "partition %u: offset %lld dispatched beside %lld of its lane",
                                 slot->partition, offset_of(shell, slot), offset_of(shell, other));
        }
        if (event->previous >= 0) {
                const struct sim_event *previous = &log->events.items[event->previous];

                for (size_t i = 0; i < shell->slots.count; i++) {
                        const struct sim_slot *other = &shell->slots.items[i];

                        if (other->state == SIM_RUNNING && other->run == run &&
                            other->event == (uint32_t)event->previous && other->partition == slot->partition)
                                return;
                }
                if (previous->handled == 0 && !previous->given_up)
                        sim_fail(shell->world, "partition %u: offset %lld dispatched before %lld of its lane",
                                 slot->partition, offset_of(shell, slot), (long long)previous->offset);
        }
}

static void check_event(struct sim_shell *shell, const struct engine_event *order, const struct engine_run *run)
{
        struct sim_slot *slot;

        if (order->slot >= shell->slots.count)
                sim_fail(shell->world, "slot %u dispatched, which is free", order->slot);
        slot = &shell->slots.items[order->slot];
        if (slot->state != SIM_QUEUED || !is_current(shell, slot) || shell->readers[slot->partition].leaving ||
            shell->draining)
                sim_fail(shell->world, "slot %u dispatched in state %u", order->slot, slot->state);
        if (order->tag == slot->tag)
                sim_fail(shell->world, "slot %u dispatched twice with one tag", order->slot);
        if (slot->must_die)
                sim_fail(shell->world, "offset %lld dispatched after its wait_limit", offset_of(shell, slot));
        if (slot->held > 0)
                sim_fail(shell->world, "slot %u dispatched with emits of an earlier attempt", order->slot);
        if (shell->world->now < slot->not_before)
                sim_fail(shell->world, "offset %lld dispatched before its delay was over", offset_of(shell, slot));
        if (slot->failures == UINT32_MAX)
                slot->failures = order->attempt - 1;
        if (order->attempt != slot->failures + 1)
                sim_fail(shell->world, "offset %lld: attempt %u, expected %u", offset_of(shell, slot), order->attempt,
                         slot->failures + 1);
        if (event_of(shell, slot)->handler != run->handler)
                sim_fail(shell->world, "offset %lld: dispatched to handler %u", offset_of(shell, slot), run->handler);
}

static void check_run(struct sim_shell *shell, const struct engine_run *run, const struct engine_event *events)
{
        const struct engine_policy *policy = &shell->policies[run->handler];
        bool batch = (run->flags & ENGINE_RUN_BATCH) != 0;
        uint64_t bytes = 0;

        if (run->count == 0 || run->count > policy->max_events)
                sim_fail(shell->world, "a run of %u events, allowed are %u", run->count, policy->max_events);
        if (batch != ((policy->flags & ENGINE_HANDLER_BATCH) != 0))
                sim_fail(shell->world, "handler %u got the wrong kind of run", run->handler);
        if ((policy->flags & ENGINE_HANDLER_SERIAL) != 0 && shell->runs_out[run->handler] > 0)
                sim_fail(shell->world, "two runs of a serial handler");
        if ((run->flags & ENGINE_RUN_PROBE) != 0 && run->count != 1)
                sim_fail(shell->world, "a probe of %u events", run->count);
        for (uint32_t i = 0; i < run->count; i++) {
                const struct sim_slot *slot = &shell->slots.items[events[i].slot];

                bytes += event_of(shell, slot)->size;
                if (!batch && slot->lane != shell->slots.items[events[0].slot].lane)
                        sim_fail(shell->world, "a run of two lanes");
        }
        if (policy->max_bytes > 0 && run->count > 1 && bytes > policy->max_bytes)
                sim_fail(shell->world, "a run of %llu bytes, allowed are %u", (unsigned long long)bytes,
                         policy->max_bytes);
}

static void take_runs(struct sim_shell *shell, const struct engine_output *output)
{
        static uint32_t number;

        for (size_t i = 0; i < output->run_count; i++) {
                const struct engine_run *order = &output->runs[i];
                const struct engine_event *events = output->events + order->first;
                struct sim_run run = {.count = order->count, .handler = order->handler, .flags = order->flags};

                check_run(shell, order, events);
                run.slots = malloc(sizeof *run.slots * order->count);
                number++;
                for (uint32_t e = 0; e < order->count; e++) {
                        struct sim_slot *slot = &shell->slots.items[events[e].slot];

                        check_event(shell, &events[e], order);
                        slot->state = SIM_RUNNING;
                        slot->run = number;
                        slot->tag = events[e].tag;
                        check_order(shell, slot, number);
                        run.slots[e] = events[e].slot;
                        sim_trace(shell->world, (uint64_t)events[e].slot << 32 | events[e].tag);
                }
                shell->runs_out[order->handler]++;
                list_add(&shell->runs, run);
        }
}

static void check_outage(struct sim_shell *shell, const struct engine_output *output)
{
        struct engine_status status;
        uint32_t probes = 0;

        engine_status(shell->engine, &status);
        for (size_t i = 0; i < output->run_count; i++) {
                if (status.outage && (output->runs[i].flags & ENGINE_RUN_PROBE) == 0)
                        sim_fail(shell->world, "a run that is no probe, during an outage");
        }
        for (size_t i = 0; i < shell->runs.count; i++)
                probes += (shell->runs.items[i].flags & ENGINE_RUN_PROBE) != 0 && shell->runs.items[i].next == 0;
        if (probes > 1)
                sim_fail(shell->world, "%u probes at once", probes);
}

/* ---- partitions ---- */

/* After a clean farewell, everything that is complete must be told. */
static void check_told(struct sim_shell *shell, uint32_t partition)
{
        const struct sim_log *log = &shell->world->logs[partition];

        for (uint32_t i = 0; i < shell->readers[partition].next; i++) {
                const struct sim_event *event = &log->events.items[i];
                bool out = !sim_complete(event) || sim_covered(log, event->offset);

                for (size_t s = 0; s < shell->slots.count && !out; s++) {
                        const struct sim_slot *slot = &shell->slots.items[s];

                        out = slot->state != SIM_FREE && slot->partition == partition && slot->event == i;
                }
                /* A queued one that was complete before it was read again has been released just now. */
                if (!out && event->allowed == 1)
                        sim_fail(shell->world, "partition %u: left without telling that offset %lld is complete",
                                 partition, (long long)event->offset);
        }
}

static void farewell(struct sim_shell *shell, uint32_t partition)
{
        bool clean = !shell->unclean && !shell->world->logs[partition].cut && !shell->in_flight &&
                     shell->world->now < shell->leave_by;

        if (clean)
                check_told(shell, partition);
        sim_allow(shell, partition, !clean);
}

static void take_partitions(struct sim_shell *shell, const struct engine_output *output)
{
        for (size_t i = 0; i < output->partition_count; i++) {
                uint32_t partition = output->partitions[i].partition;
                struct sim_reader *reader = &shell->readers[partition];

                switch (output->partitions[i].order) {
                case ENGINE_GO:
                        if (!reader->assigned || reader->go || reader->leaving || shell->draining)
                                sim_fail(shell->world, "GO for partition %u, which is not stopped", partition);
                        reader->go = true;
                        break;
                case ENGINE_STOP:
                        if (!reader->assigned || !reader->go)
                                sim_fail(shell->world, "STOP for partition %u, which is not read", partition);
                        reader->go = false;
                        reader->over = (uint32_t)sim_below(shell->world, shell->cfg.over_read + 1);
                        break;
                default:
                        if (reader->assigned && !reader->leaving)
                                sim_fail(shell->world, "REVOKED for partition %u, which was not asked for", partition);
                        if (reader->assigned)
                                farewell(shell, partition);
                        reader->assigned = reader->leaving = reader->go = false;
                }
        }
}

static void take_commit(struct sim_shell *shell, const struct engine_output *output)
{
        if (output->commit_count == 0)
                return;
        if (shell->in_flight)
                sim_fail(shell->world, "a second commit while one is in flight");
        if (shell->drained)
                sim_fail(shell->world, "a commit after the drain");
        shell->in_flight = true;
        shell->applied = shell->refused = false;
        shell->commit_id = output->commit_id;
        for (size_t i = 0; i < output->commit_count; i++) {
                const struct engine_commit_entry *entry = &output->commit[i];
                const struct sim_reader *reader = &shell->readers[entry->partition];
                struct sim_commit_part part = {entry->offset, strdup(entry->metadata), entry->partition,
                                               shell->world->logs[entry->partition].generation, entry->rewind != 0};

                if (!reader->assigned)
                        sim_fail(shell->world, "a commit for partition %u, which is not assigned", entry->partition);
                if (strlen(entry->metadata) > shell->cfg.limits.metadata)
                        sim_fail(shell->world, "metadata of %zu characters", strlen(entry->metadata));
                shell->refused |= strlen(entry->metadata) > shell->world->broker_metadata;
                list_add(&shell->commit, part);
                sim_trace(shell->world, (uint64_t)entry->offset);
        }
}

static void take_alarms(struct sim_shell *shell, const struct engine_output *output)
{
        for (size_t i = 0; i < output->alarm_count; i++) {
                const struct engine_alarm *alarm = &output->alarms[i];

                if (alarm->kind == ENGINE_ALARM_MAP_CUT)
                        shell->world->logs[alarm->partition].cut = true;
                if (alarm->kind == ENGINE_ALARM_OUTAGE && alarm->value == 1)
                        shell->outage_since = shell->world->now;
                if (alarm->kind == ENGINE_ALARM_OUTAGE && alarm->value == 0) {
                        shell->outage_total += shell->world->now - shell->outage_since;
                        shell->outage_since = -1;
                }
        }
}

static void check_budget(struct sim_shell *shell)
{
        uint64_t slack = (uint64_t)shell->world->partitions * (2 * shell->cfg.over_read + 3);
        struct engine_status status;

        /* A partition that came back gets its part at once, whatever the others had taken when they were fewer. */
        for (uint32_t p = 0; p < shell->world->partitions; p++) {
                if (shell->readers[p].epoch > 1)
                        slack += shell->cfg.limits.max_events / 2 / shell->world->partitions;
        }
        engine_status(shell->engine, &status);
        if (status.unfinished > shell->cfg.limits.max_events + slack)
                sim_fail(shell->world, "%llu unfinished events, the limit is %llu",
                         (unsigned long long)status.unfinished, (unsigned long long)shell->cfg.limits.max_events);
        if (status.uncommitted > 1000000)
                sim_fail(shell->world, "the number of uncommitted events went below zero");
        if (status.runs > shell->cfg.limits.runs)
                sim_fail(shell->world, "%u runs, the limit is %u", status.runs, shell->cfg.limits.runs);
}

void sim_orders(struct sim_shell *shell, const struct engine_output *output)
{
        if (output->restart != 0) {
                shell->restart = true;
                return;
        }
        if (output->ignored_count != shell->ignored)
                sim_fail(shell->world, "%zu ticket completions ignored, expected %zu", output->ignored_count,
                         shell->ignored);
        shell->ignored = 0;
        take_drops(shell, output);
        take_expired(shell, output);
        take_produce(shell, output);
        take_dead(shell, output);
        take_partitions(shell, output);
        take_releases(shell, output);
        take_alarms(shell, output);
        take_runs(shell, output);
        take_commit(shell, output);
        check_outage(shell, output);
        check_budget(shell);
        if (output->drained) {
                if (!shell->draining)
                        sim_fail(shell->world, "drained without having been asked to");
                shell->drained = true;
        }
}
