#include "sim.h"

#include <stdlib.h>
#include <string.h>

void sim_shell_new(struct sim_shell *shell, struct sim_world *world, const struct engine_config *cfg)
{
        memset(shell, 0, sizeof *shell);
        shell->world = world;
        shell->cfg = *cfg;
        shell->outage_since = -1;
        memcpy(shell->policies, cfg->handlers, sizeof shell->policies);
        shell->engine = engine_new(cfg);
        shell->lanes = lane_table_new();
}

void sim_shell_free(struct sim_shell *shell)
{
        for (size_t i = 0; i < shell->runs.count; i++)
                free(shell->runs.items[i].slots);
        for (size_t i = 0; i < shell->commit.count; i++)
                free(shell->commit.items[i].metadata);
        free(shell->inputs.items);
        free(shell->slots.items);
        free(shell->free_slots.items);
        free(shell->runs.items);
        free(shell->tickets.items);
        free(shell->reports.items);
        free(shell->commit.items);
        engine_free(&shell->engine);
        lane_table_free(&shell->lanes);
}

struct engine_input *sim_input(struct sim_shell *shell, uint16_t kind)
{
        list_add(&shell->inputs, (struct engine_input){.now = shell->world->now, .kind = kind});
        return &shell->inputs.items[shell->inputs.count - 1];
}

void sim_step(struct sim_shell *shell)
{
        const struct engine_output *output;

        if (shell->inputs.count == 0)
                sim_input(shell, ENGINE_TICK);
        for (size_t i = 0; i < shell->inputs.count; i++)
                sim_trace_input(shell->world, &shell->inputs.items[i]);
        output = engine_step(shell->engine, shell->inputs.items, shell->inputs.count);
        shell->inputs.count = 0;
        shell->world->steps++;
        sim_trace_output(output);
        sim_orders(shell, output);
}

/* ---- assignment ---- */

void sim_assign(struct sim_shell *shell, uint32_t partition)
{
        struct sim_log *log = &shell->world->logs[partition];
        struct sim_reader *reader = &shell->readers[partition];
        struct engine_input *in;

        for (size_t i = 0; i < log->map.count; i++) {
                in = sim_input(shell, ENGINE_MAP);
                in->partition = partition;
                in->range.first = log->map.items[i].first;
                in->range.end = log->map.items[i].end;
        }
        log->elsewhere = false;
        log->generation++;
        reader->epoch++;
        reader->assigned = true;
        reader->go = reader->leaving = false;
        reader->over = 0;
        for (reader->next = 0; reader->next < log->events.count; reader->next++) {
                if (log->events.items[reader->next].offset >= log->committed)
                        break;
        }
        in = sim_input(shell, ENGINE_ASSIGN);
        in->partition = partition;
        in->epoch = reader->epoch;
        in->offset = log->committed;
}

/* ---- reading ---- */

static struct sim_event *event_of(struct sim_shell *shell, const struct sim_slot *slot)
{
        return &shell->world->logs[slot->partition].events.items[slot->event];
}

static uint32_t lane_of(struct sim_shell *shell, uint32_t partition, const struct sim_event *event)
{
        char key[64];
        size_t len;

        if (event->kind != SIM_NORMAL)
                return ENGINE_NONE;
        if (shell->world->ordering == SIM_BY_PARTITION)
                return lane_table_key(shell->lanes, partition, "", 0, 0);
        if (shell->world->ordering == SIM_UNORDERED || event->key == SIM_KEY_NONE)
                return lane_table_own(shell->lanes);
        /* Keys of all lengths, each the beginning of the next, and hashes that collide often: exactness must not rest on either. */
        len = event->key % 50 + 1;
        memset(key, 'k', sizeof key);
        return lane_table_key(shell->lanes, partition, key, len, event->key % 3);
}

/* One lane, one key: neither shared with another key, nor split. */
static void check_lane(struct sim_shell *shell, uint32_t partition, const struct sim_event *event, uint32_t lane)
{
        bool own = shell->world->ordering == SIM_UNORDERED || event->key == SIM_KEY_NONE;

        if (lane == ENGINE_NONE || shell->world->ordering == SIM_BY_PARTITION)
                return;
        for (size_t i = 0; i < shell->slots.count; i++) {
                const struct sim_slot *other = &shell->slots.items[i];
                bool same = !own && other->partition == partition && event_of(shell, other)->key == event->key;

                if (other->state == SIM_FREE || other->lane == ENGINE_NONE)
                        continue;
                if ((other->lane == lane) != same)
                        sim_fail(shell->world, "lanes %u and %u for offsets %lld and %lld", lane, other->lane,
                                 (long long)event->offset, (long long)event_of(shell, other)->offset);
        }
}

static uint32_t slot_new(struct sim_shell *shell)
{
        if (shell->free_slots.count > 0)
                return shell->free_slots.items[--shell->free_slots.count];
        list_add(&shell->slots, (struct sim_slot){0});
        return (uint32_t)shell->slots.count - 1;
}

void sim_read_one(struct sim_shell *shell, uint32_t partition, uint32_t number)
{
        struct sim_reader *reader = &shell->readers[partition];
        struct sim_log *log = &shell->world->logs[partition];
        struct sim_event *event = &log->events.items[number];
        uint32_t index = slot_new(shell), lane = lane_of(shell, partition, event);
        struct engine_input *in = sim_input(shell, ENGINE_MESSAGE);
        struct sim_slot *slot = &shell->slots.items[index];
        uint32_t tag = slot->tag;

        check_lane(shell, partition, event, lane);
        in->slot = index;
        in->partition = partition;
        in->epoch = reader->epoch;
        in->handler = event->handler;
        in->message.offset = event->offset;
        in->message.lane = lane;
        in->message.size = event->size;
        if (event->kind == SIM_SKIPPED)
                in->message.flags = ENGINE_SKIP;
        if (event->kind == SIM_MALFORMED) {
                in->message.flags = ENGINE_DEAD;
                in->message.reason = ENGINE_REASON_SHELL + 1;
        }
        *slot = (struct sim_slot){.partition = partition, .event = number, .epoch = reader->epoch, .lane = lane};
        slot->tag = tag;
        slot->state = SIM_QUEUED;
        slot->reason = in->message.reason;
}

void sim_read(struct sim_shell *shell, uint32_t partition, uint32_t most)
{
        struct sim_reader *reader = &shell->readers[partition];
        const struct sim_log *log = &shell->world->logs[partition];

        if (!reader->assigned || reader->leaving || shell->draining)
                return;
        while (most > 0 && reader->next < log->events.count && (reader->go || reader->over > 0)) {
                sim_read_one(shell, partition, reader->next++);
                reader->over -= reader->over > 0;
                most--;
        }
        /* At the end of the log the markers are passed by the client's position alone. */
        if (reader->go && reader->next == log->events.count) {
                struct engine_input *in = sim_input(shell, ENGINE_POSITION);

                in->partition = partition;
                in->epoch = reader->epoch;
                in->offset = log->end;
        }
}

/* ---- handling ---- */

static uint16_t choose_result(struct sim_shell *shell, bool batch)
{
        struct sim_world *world = shell->world;

        if (shell->away && !sim_chance(world, 20))
                return ENGINE_UNAVAILABLE;
        if (shell->calm || !sim_chance(world, 3))
                return ENGINE_OK;
        if (sim_chance(world, 1000))
                return ENGINE_FATAL;
        switch (sim_below(world, batch ? 5 : 8)) {
        case 0:
        case 1:
                return ENGINE_RETRY;
        case 2:
                return ENGINE_WAIT;
        case 3:
                return sim_chance(world, 3) ? ENGINE_REJECT : ENGINE_UNRUN;
        case 4:
                return sim_chance(world, 3) ? ENGINE_UNAVAILABLE : ENGINE_OK;
        default:
                return ENGINE_PENDING;
        }
}

/* A WAIT: its limit counts only time without outages, and no delay goes beyond it. */
static void wait(struct sim_shell *shell, struct sim_slot *slot, int64_t delay)
{
        const struct engine_policy *policy = &shell->policies[event_of(shell, slot)->handler];
        int64_t outage = shell->outage_since < 0 ? 0 : shell->world->now - shell->outage_since;
        int64_t up = shell->world->now - shell->outage_total - outage, left;

        if (!slot->waiting)
                slot->wait_since = up;
        slot->waiting = true;
        left = policy->wait_limit - (up - slot->wait_since);
        slot->must_die = left <= 0 && event_of(shell, slot)->kind == SIM_NORMAL;
        slot->reason = ENGINE_REASON_WAIT_LIMIT;
        if (delay >= 0 && left > 0)
                slot->not_before = shell->world->now + (delay < left ? delay : left);
}

/* What the model knows to follow from a result, once it is no ticket any more. */
static void judge(struct sim_shell *shell, struct sim_slot *slot, struct engine_input *in)
{
        struct sim_world *world = shell->world;
        struct sim_event *event = event_of(shell, slot);
        uint16_t result = in->result.result;

        in->result.delay = sim_chance(world, 3) ? (int64_t)sim_below(world, 50) * SIM_MS : -1;
        in->result.emits = result == ENGINE_OK ? event->emits : (uint32_t)sim_below(world, 2);
        in->result.emit_bytes = in->result.emits * 100u;
        slot->held = in->result.emits;
        slot->not_before = 0;
        slot->state = SIM_QUEUED;
        if (result == ENGINE_OK) {
                sim_handled(world, event);
                slot->state = SIM_HANDLED;
                slot->reason = 0;
        } else if (result == ENGINE_RETRY) {
                slot->failures++;
                slot->reason = ENGINE_REASON_ATTEMPTS;
        } else if (result == ENGINE_WAIT) {
                wait(shell, slot, in->result.delay);
        } else if (result == ENGINE_REJECT) {
                slot->reason = in->result.reason = ENGINE_REASON_SHELL + (uint16_t)sim_below(world, 9);
        } else if (result == ENGINE_UNRUN) {
                slot->held = in->result.emits = 0;
        }
        if (result == ENGINE_RETRY && in->result.delay >= 0)
                slot->not_before = world->now + in->result.delay;
}

static struct sim_ticket *ticket_of(struct sim_shell *shell, uint32_t slot, uint32_t tag)
{
        for (size_t i = 0; i < shell->tickets.count; i++) {
                struct sim_ticket *ticket = &shell->tickets.items[i];

                if (ticket->slot == slot && ticket->tag == tag)
                        return ticket;
        }
        return NULL;
}

static void take_ticket(struct sim_shell *shell, uint32_t index)
{
        struct sim_slot *slot = &shell->slots.items[index];
        struct sim_ticket *early = ticket_of(shell, index, slot->tag);
        const struct engine_policy *policy = &shell->policies[event_of(shell, slot)->handler];
        struct sim_ticket ticket = {
            index, slot->tag, slot->partition, slot->event, shell->world->now + policy->ticket_deadline, true,
            false, false};

        slot->state = SIM_TICKET;
        if (early == NULL) {
                list_add(&shell->tickets, ticket);
                return;
        }
        /* It was completed while the handler still ran: that is what counts now. */
        if (early->early_ok) {
                sim_handled(shell->world, event_of(shell, slot));
                slot->state = SIM_HANDLED;
                slot->held = event_of(shell, slot)->emits;
                slot->reason = 0;
        } else {
                slot->state = SIM_QUEUED;
                slot->failures++;
                slot->reason = ENGINE_REASON_ATTEMPTS;
        }
}

/* A ticket completed before its handler has returned; the handler then says PENDING, or something that voids the ticket. */
static void complete_early(struct sim_shell *shell, uint32_t index)
{
        const struct sim_slot *slot = &shell->slots.items[index];
        bool ok = sim_chance(shell->world, 2);
        struct engine_input *in = sim_input(shell, ENGINE_TICKET), again;
        struct sim_ticket ticket = {index, slot->tag, slot->partition, slot->event, 0, false, true, ok};

        in->slot = index;
        in->tag = slot->tag;
        in->result.result = ok ? ENGINE_OK : ENGINE_RETRY;
        in->result.delay = -1;
        in->result.emits = ok ? event_of(shell, slot)->emits : 0;
        in->result.emit_bytes = in->result.emits * 100u;
        list_add(&shell->tickets, ticket);
        if (!sim_chance(shell->world, 3))
                return;
        /* Once more, and otherwise: the first one counts. */
        again = *in;
        again.result.result = ok ? ENGINE_RETRY : ENGINE_OK;
        again.result.emits = 0;
        list_add(&shell->inputs, again);
        shell->ignored++;
}

static void return_one(struct sim_shell *shell, struct sim_run *run)
{
        uint32_t index = run->slots[run->next++];
        struct sim_slot *slot = &shell->slots.items[index];
        bool batch = (run->flags & ENGINE_RUN_BATCH) != 0;
        uint16_t result = run->stopped ? ENGINE_UNRUN : choose_result(shell, batch);
        bool early = result == ENGINE_PENDING && sim_chance(shell->world, 5);
        struct engine_input *in;

        if (early)
                complete_early(shell, index);
        if (early && sim_chance(shell->world, 3)) {
                result = ENGINE_RETRY; /* voids the ticket, completed or not */
                shell->ignored++;
        }
        in = sim_input(shell, ENGINE_RESULT);
        in->slot = index;
        in->tag = slot->tag;
        in->result.result = result;
        run->stopped |= result != ENGINE_OK;
        if (result == ENGINE_PENDING)
                take_ticket(shell, index);
        else
                judge(shell, slot, in);
        if (run->next == run->count)
                shell->runs_out[run->handler]--;
}

void sim_return_run(struct sim_shell *shell, uint32_t index)
{
        struct sim_run *run = &shell->runs.items[index];
        uint64_t most = 1 + sim_below(shell->world, 4);

        /* A batch's results come together; a single run's as they come. */
        if ((run->flags & ENGINE_RUN_BATCH) != 0)
                most = run->count;
        for (; most > 0 && run->next < run->count; most--)
                return_one(shell, run);
        if (run->next < run->count)
                return;
        free(run->slots);
        *run = shell->runs.items[--shell->runs.count];
}

void sim_complete_ticket(struct sim_shell *shell, uint32_t index)
{
        struct sim_ticket *ticket = &shell->tickets.items[index];
        struct sim_slot *slot = &shell->slots.items[ticket->slot];
        struct engine_input *in = sim_input(shell, ENGINE_TICKET);
        static const uint16_t results[] = {ENGINE_OK, ENGINE_RETRY, ENGINE_WAIT, ENGINE_REJECT, ENGINE_UNAVAILABLE};

        in->slot = ticket->slot;
        in->tag = ticket->tag;
        in->result.result =
            shell->calm || sim_chance(shell->world, 2) ? ENGINE_OK : results[sim_below(shell->world, 5)];
        if (ticket->live) {
                judge(shell, slot, in);
        } else {
                in->result.delay = -1; /* late, or twice: must change nothing */
                in->result.emits = 1;
                shell->ignored++;
        }
        ticket->live = false;
        if (!sim_chance(shell->world, 8))
                *ticket = shell->tickets.items[--shell->tickets.count];
}

/* ---- delivery and commit ---- */

void sim_report(struct sim_shell *shell, uint32_t index)
{
        struct sim_report report = shell->reports.items[index];
        struct sim_slot *slot = &shell->slots.items[report.slot];
        struct sim_event *event = event_of(shell, slot);
        bool dead = report.emit == ENGINE_NONE;
        struct engine_input *in = sim_input(shell, dead ? ENGINE_DEAD_LETTER : ENGINE_DELIVERY);

        in->slot = report.slot;
        in->tag = report.tag;
        in->report.outcome = ENGINE_DELIVERED;
        if (!shell->calm && sim_chance(shell->world, 5))
                in->report.outcome = sim_chance(shell->world, 4) ? ENGINE_REFUSED : ENGINE_UNREACHABLE;
        slot->reports--;
        if (in->report.outcome == ENGINE_DELIVERED && dead)
                event->dead = true;
        else if (in->report.outcome == ENGINE_DELIVERED)
                event->emitted |= 1u << report.emit, slot->acknowledged |= 1u << report.emit;
        else if (in->report.outcome == ENGINE_REFUSED && !dead)
                slot->reason = ENGINE_REASON_EMIT_REFUSED;
        shell->reports.items[index] = shell->reports.items[--shell->reports.count];
}

void sim_apply_commit(struct sim_shell *shell)
{
        for (size_t i = 0; i < shell->commit.count; i++) {
                struct sim_commit_part *part = &shell->commit.items[i];
                struct sim_log *log = &shell->world->logs[part->partition];

                /* The broker checks the group's generation. */
                if (!shell->refused && part->generation == log->generation && !log->elsewhere)
                        sim_commit(shell->world, part->partition, part->offset, part->metadata, part->rewind);
                free(part->metadata);
        }
        shell->commit.count = 0;
        shell->applied = true;
}

void sim_answer_commit(struct sim_shell *shell)
{
        bool lost = !shell->calm && sim_chance(shell->world, 6); /* the commit, or only its answer */
        struct engine_input *in;

        if (!shell->applied && lost && sim_chance(shell->world, 2)) {
                for (size_t i = 0; i < shell->commit.count; i++)
                        free(shell->commit.items[i].metadata);
                shell->commit.count = 0;
                shell->applied = true;
        }
        if (!shell->applied)
                sim_apply_commit(shell);
        in = sim_input(shell, ENGINE_COMMIT);
        in->commit.id = shell->commit_id;
        in->commit.outcome = shell->refused ? ENGINE_COMMIT_METADATA_SIZE
                             : lost         ? ENGINE_COMMIT_RETRIABLE
                                            : ENGINE_COMMITTED;
        shell->in_flight = false;
        shell->unclean |= lost;
}

void sim_allow(struct sim_shell *shell, uint32_t partition, bool all)
{
        struct sim_log *log = &shell->world->logs[partition];

        for (size_t i = 0; i < shell->slots.count; i++) {
                const struct sim_slot *slot = &shell->slots.items[i];

                if (slot->state == SIM_FREE || slot->partition != partition || slot->counted_out)
                        continue;
                if (!all && slot->state != SIM_QUEUED)
                        log->events.items[slot->event].allowed++;
                shell->slots.items[i].counted_out = true;
        }
        for (uint32_t i = 0; all && i < shell->readers[partition].next; i++) {
                if (!sim_covered(log, log->events.items[i].offset))
                        log->events.items[i].allowed++;
        }
}
