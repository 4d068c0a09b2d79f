#include "sim.h"

#include <stdlib.h>
#include <string.h>

/* ---- a configuration by chance ---- */

static int64_t up_to_ms(struct sim_world *world, uint64_t most)
{
        return SIM_MS * (int64_t)sim_below(world, most);
}

static struct engine_policy policy_by_chance(struct sim_world *world)
{
        return (struct engine_policy){
            .max_wait = up_to_ms(world, 20),
            .wait_limit = up_to_ms(world, 500),
            .backoff = 1 + up_to_ms(world, 20),
            .backoff_max = up_to_ms(world, 200),
            .ticket_deadline = SIM_MS + up_to_ms(world, 300),
            .max_events = 1 + (uint32_t)sim_below(world, 20),
            .max_bytes = sim_chance(world, 2) ? 0 : 1 + (uint32_t)sim_below(world, 4000),
            .attempts = (uint16_t)(1 + sim_below(world, 5)),
            .flags = (uint16_t)((sim_chance(world, 3) ? ENGINE_HANDLER_BATCH : 0) |
                                (sim_chance(world, 4) ? ENGINE_HANDLER_SERIAL : 0)),
        };
}

static void configure(struct sim_world *world, struct engine_config *cfg, struct engine_policy *policies)
{
        static const uint32_t metadata[] = {4096, 4096, 4096, 400, 64, 20, 0};

        for (uint32_t i = 0; i < SIM_HANDLERS; i++)
                policies[i] = policy_by_chance(world);
        *cfg = (struct engine_config){
            .limits = {.max_events = 1 + sim_below(world, 200),
                       .max_bytes = 1 + sim_below(world, 100000),
                       .max_emit_bytes = sim_chance(world, 3) ? 1 + sim_below(world, 1000) : 0,
                       .runs = 1 + (uint32_t)sim_below(world, 20),
                       .metadata = metadata[sim_below(world, sizeof metadata / sizeof metadata[0])]},
            .handlers = policies,
            .handler_count = SIM_HANDLERS,
            .over_read = (uint32_t)sim_below(world, 10),
            .commit_interval = up_to_ms(world, 30),
            .commit_at = sim_below(world, 40),
            .commit_wait = up_to_ms(world, 50),
            .outage_backoff = 1 + up_to_ms(world, 10),
            .outage_backoff_max = up_to_ms(world, 100),
            .produce_backoff = 1 + up_to_ms(world, 20),
            .seed = world->seed,
        };
}

/* ---- how a worker begins and ends ---- */

static void begin(struct sim_shell *shell, struct sim_world *world, const struct engine_config *cfg)
{
        sim_shell_new(shell, world, cfg);
        for (uint32_t p = 0; p < world->partitions; p++) {
                world->logs[p].cut = false;
                sim_assign(shell, p);
        }
}

/* What was ordered to the broker and not reported may have got there, or not. */
static void strand(struct sim_shell *shell)
{
        for (size_t i = 0; i < shell->reports.count; i++) {
                const struct sim_report *report = &shell->reports.items[i];
                const struct sim_slot *slot = &shell->slots.items[report->slot];
                struct sim_event *event = &shell->world->logs[slot->partition].events.items[slot->event];

                if (sim_chance(shell->world, 2))
                        continue;
                if (report->emit == ENGINE_NONE)
                        event->dead = true;
                else
                        event->emitted |= 1u << report->emit;
        }
        if (shell->in_flight && !shell->applied && sim_chance(shell->world, 2))
                sim_apply_commit(shell);
}

static void crash(struct sim_shell *shell, const struct engine_config *cfg)
{
        struct sim_world *world = shell->world;

        strand(shell);
        for (uint32_t p = 0; p < world->partitions; p++) {
                if (shell->readers[p].assigned)
                        sim_allow(shell, p, true);
        }
        sim_shell_free(shell);
        begin(shell, world, cfg);
}

static void hand_over(struct sim_shell *shell, const struct engine_config *cfg)
{
        struct sim_world *world = shell->world;
        bool clean = !shell->unclean && !shell->in_flight && world->now < shell->leave_by;

        strand(shell);
        /* What could not be told, or is still out at the deadline, is handled again by the successor. */
        for (uint32_t p = 0; p < world->partitions; p++) {
                if (shell->readers[p].assigned)
                        sim_allow(shell, p, !clean || world->logs[p].cut);
        }
        sim_shell_free(shell);
        begin(shell, world, cfg);
}

/* ---- faults ---- */

static int64_t leave_by(struct sim_shell *shell)
{
        shell->leave_by = shell->world->now + up_to_ms(shell->world, 200);
        shell->unclean = false;
        return shell->leave_by;
}

static void lose(struct sim_shell *shell, uint32_t partition)
{
        if (shell->in_flight && !shell->applied && sim_chance(shell->world, 2))
                sim_apply_commit(shell);
        sim_allow(shell, partition, true);
        shell->readers[partition].assigned = false;
        shell->readers[partition].go = false;
        shell->world->logs[partition].elsewhere = true; /* a commit still under way is refused */
        sim_input(shell, ENGINE_LOST)->partition = partition;
}

static void revoke(struct sim_shell *shell, uint32_t partition)
{
        struct engine_input *in = sim_input(shell, ENGINE_REVOKE);

        in->partition = partition;
        in->leave.deadline = leave_by(shell);
        shell->readers[partition].leaving = true;
}

static void rebalance(struct sim_shell *shell)
{
        bool lost = sim_chance(shell->world, 3);

        for (uint32_t p = 0; p < shell->world->partitions; p++) {
                if (!shell->readers[p].assigned || shell->readers[p].leaving || sim_chance(shell->world, 3))
                        continue;
                if (lost)
                        lose(shell, p);
                else
                        revoke(shell, p);
        }
}

static void rewind_one(struct sim_shell *shell)
{
        uint32_t partition = (uint32_t)sim_below(shell->world, shell->world->partitions);
        struct sim_reader *reader = &shell->readers[partition];
        struct sim_log *log = &shell->world->logs[partition];
        uint32_t done = 0;
        struct engine_input *in;

        while (done < log->events.count && log->events.items[done].offset < log->committed)
                done++;
        if (!reader->assigned || reader->leaving || shell->draining || done == 0)
                return;
        for (size_t i = 0; i < shell->slots.count; i++) {
                if (shell->slots.items[i].partition == partition)
                        shell->slots.items[i].counted_out = true;
        }
        reader->next = (uint32_t)sim_below(shell->world, done);
        for (size_t i = reader->next; i < log->events.count; i++)
                log->events.items[i].allowed++;
        reader->epoch++;
        reader->go = false;
        reader->over = 0;
        in = sim_input(shell, ENGINE_REWIND);
        in->partition = partition;
        in->epoch = reader->epoch;
        in->offset = log->events.items[reader->next].offset;
}

static void drain(struct sim_shell *shell)
{
        struct engine_input *in = sim_input(shell, ENGINE_DRAIN);

        in->leave.deadline = leave_by(shell);
        shell->draining = true;
}

static void change_limits(struct sim_shell *shell)
{
        struct engine_input *in = sim_input(shell, ENGINE_LIMITS);

        /* Never lower: what is in hand already is no breach. */
        shell->cfg.limits.max_events += sim_below(shell->world, 20);
        shell->cfg.limits.runs += (uint32_t)sim_below(shell->world, 3);
        in->limits = shell->cfg.limits;
}

/* A new build takes over: other policies, other handlers for what is queued, or none. */
static void swap(struct sim_shell *shell)
{
        struct sim_world *world = shell->world;
        uint16_t handler = (uint16_t)sim_below(world, SIM_HANDLERS);
        struct engine_input *in = sim_input(shell, ENGINE_POLICY);

        shell->policies[handler] = policy_by_chance(world);
        in->handler = handler;
        in->policy = shell->policies[handler];
        for (uint32_t i = 0; i < shell->slots.count; i++) {
                struct sim_slot *slot = &shell->slots.items[i];
                struct sim_event *event = &world->logs[slot->partition].events.items[slot->event];

                if (slot->state == SIM_FREE || event->kind != SIM_NORMAL || slot->counted_out || sim_chance(world, 2))
                        continue;
                in = sim_input(shell, ENGINE_ROUTE);
                in->slot = i;
                in->handler = event->handler = (uint16_t)sim_below(world, SIM_HANDLERS);
                if (slot->state == SIM_QUEUED && !shell->readers[slot->partition].leaving && !shell->draining &&
                    sim_chance(world, 10)) {
                        in->message.flags = ENGINE_SKIP;
                        event->kind = SIM_SKIPPED;
                        event->given_up = true;
                }
        }
}

/* A message that the client had read before its partition was taken away. */
static void read_stale(struct sim_shell *shell)
{
        uint32_t partition = (uint32_t)sim_below(shell->world, shell->world->partitions);
        uint32_t epoch = shell->readers[partition].epoch;

        if (epoch < 2 || shell->readers[partition].next >= shell->world->logs[partition].events.count)
                return;
        shell->readers[partition].epoch--;
        sim_read_one(shell, partition, shell->readers[partition].next);
        shell->readers[partition].epoch = epoch;
}

static void fault(struct sim_shell *shell, const struct engine_config *cfg)
{
        switch (sim_below(shell->world, 10)) {
        case 0:
        case 1:
                crash(shell, cfg);
                break;
        case 2:
        case 3:
                rebalance(shell);
                break;
        case 4:
                if (!shell->draining)
                        drain(shell);
                break;
        case 5:
                shell->away = !shell->away;
                break;
        case 6:
                if (sim_chance(shell->world, 4))
                        rewind_one(shell);
                break;
        case 7:
                swap(shell);
                break;
        case 8:
                read_stale(shell);
                break;
        default:
                change_limits(shell);
        }
}

/* ---- what goes on ---- */

static void take_back(struct sim_shell *shell)
{
        for (uint32_t p = 0; p < shell->world->partitions; p++) {
                struct sim_log *log = &shell->world->logs[p];

                if (shell->readers[p].assigned || shell->draining || !sim_chance(shell->world, shell->calm ? 1 : 5))
                        continue;
                /* The client's rejoin is held until its commit is answered. */
                if (shell->in_flight)
                        continue;
                log->elsewhere = true;
                log->generation++;
                if (sim_chance(shell->world, 2))
                        sim_elsewhere(shell->world, p);
                log->cut = false;
                sim_assign(shell, p);
        }
}

static void work(struct sim_shell *shell)
{
        struct sim_world *world = shell->world;
        unsigned pace = shell->calm ? 1 : 2;

        for (uint32_t p = 0; p < world->partitions; p++) {
                if (sim_chance(world, pace))
                        sim_read(shell, p, 1 + (uint32_t)sim_below(world, shell->cfg.over_read + 1));
        }
        for (size_t i = shell->runs.count; i-- > 0;) {
                if (sim_chance(world, pace))
                        sim_return_run(shell, (uint32_t)i);
        }
        for (size_t i = shell->tickets.count; i-- > 0;) {
                if (sim_chance(world, shell->calm ? 1 : 8))
                        sim_complete_ticket(shell, (uint32_t)i);
        }
        for (size_t i = shell->reports.count; i-- > 0;) {
                if (sim_chance(world, pace))
                        sim_report(shell, (uint32_t)i);
        }
        if (shell->in_flight && !shell->applied && sim_chance(world, 3))
                sim_apply_commit(shell);
        if (shell->in_flight && sim_chance(world, shell->calm ? 1 : 4))
                sim_answer_commit(shell);
}

static void pass_time(struct sim_shell *shell)
{
        struct sim_world *world = shell->world;
        int64_t next = engine_next_timer(shell->engine);

        if (next <= world->now)
                sim_fail(world, "the next timer is due already, and the step did not serve it");
        if (sim_chance(world, 4) && next != INT64_MAX)
                world->now = next;
        else if (!sim_chance(world, 4))
                world->now += (int64_t)sim_below(world, (uint64_t)SIM_MS * (sim_chance(world, 10) ? 100 : 3));
}

static bool at_rest(const struct sim_shell *shell)
{
        struct engine_status status;

        engine_status(shell->engine, &status);
        if (status.slots > 0 || shell->in_flight || shell->draining)
                return false;
        for (uint32_t p = 0; p < shell->world->partitions; p++) {
                if (!shell->readers[p].assigned || shell->world->logs[p].committed != shell->world->logs[p].end)
                        return false;
        }
        return true;
}

static void one_step(struct sim_shell *shell, const struct engine_config *cfg)
{
        work(shell);
        sim_step(shell);
        if (shell->restart) {
                crash(shell, cfg);
                sim_step(shell);
        } else if (shell->drained) {
                if (sim_chance(shell->world, 2)) {
                        work(shell); /* what comes back too late must change nothing */
                        sim_step(shell);
                }
                hand_over(shell, cfg);
                sim_step(shell);
        }
        take_back(shell);
        sim_step(shell);
        pass_time(shell);
}

static void settle(struct sim_shell *shell, const struct engine_config *cfg)
{
        uint64_t limit = shell->world->steps + 20000;

        shell->calm = true;
        shell->away = false;
        while (!at_rest(shell)) {
                if (shell->world->steps > limit)
                        sim_fail(shell->world, "nothing fails any more, and it does not come to its end");
                one_step(shell, cfg);
                shell->calm = true;
        }
}

uint64_t sim_life(uint64_t seed, uint64_t *steps, uint64_t *events)
{
        struct sim_world world;
        struct sim_shell shell;
        struct engine_policy policies[SIM_HANDLERS];
        struct engine_config cfg;
        uint64_t length, trace;
        unsigned calmness;

        sim_world_new(&world, seed);
        configure(&world, &cfg, policies);
        begin(&shell, &world, &cfg);
        length = sim_below(&world, 300);
        calmness = 5 + (unsigned)sim_below(&world, 100);
        for (uint64_t i = 0; i < length; i++) {
                if (sim_chance(&world, calmness))
                        fault(&shell, &cfg);
                one_step(&shell, &cfg);
        }
        settle(&shell, &cfg);
        sim_world_finished(&world);
        if (lane_table_count(shell.lanes) != 0)
                sim_fail(&world, "%zu lanes were not released", lane_table_count(shell.lanes));
        *steps += world.steps;
        for (uint32_t p = 0; p < world.partitions; p++)
                *events += world.logs[p].events.count;
        trace = world.trace;
        sim_shell_free(&shell);
        sim_world_free(&world);
        return trace;
}
