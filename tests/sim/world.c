#include "sim.h"

#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_fail(const struct sim_world *world, const char *fmt, ...)
{
        va_list args;

        fflush(stdout);
        fprintf(stderr, "pawl_sim: seed %llu, step %llu: ", (unsigned long long)world->seed,
                (unsigned long long)world->steps);
        va_start(args, fmt);
        vfprintf(stderr, fmt, args);
        va_end(args);
        fprintf(stderr, "\nreplay: pawl_sim --lives 1 --seed %llu\n", (unsigned long long)world->seed);
        exit(1);
}

uint64_t sim_below(struct sim_world *world, uint64_t limit)
{
        return retry_random_next(&world->random) % limit;
}

bool sim_chance(struct sim_world *world, unsigned one_in)
{
        return one_in > 0 && sim_below(world, one_in) == 0;
}

void sim_trace(struct sim_world *world, uint64_t value)
{
        world->trace = (world->trace ^ value) * UINT64_C(0x100000001b3);
}

/* ---- the log ---- */

static void link_lanes(const struct sim_world *world, struct sim_log *log)
{
        int32_t last_of_key[64];

        memset(last_of_key, 0xff, sizeof last_of_key);
        for (size_t i = 0; i < log->events.count; i++) {
                struct sim_event *event = &log->events.items[i];
                uint32_t lane = world->ordering == SIM_BY_PARTITION ? 0 : event->key;

                event->previous = -1;
                if (event->kind != SIM_NORMAL || world->ordering == SIM_UNORDERED || lane == SIM_KEY_NONE)
                        continue;
                event->previous = last_of_key[lane];
                last_of_key[lane] = (int32_t)i;
        }
}

static void log_new(struct sim_world *world, struct sim_log *log, uint32_t keys)
{
        size_t count = sim_below(world, 120);
        bool emitting = sim_chance(world, 2);
        unsigned holes = sim_chance(world, 2) ? 0 : 6;
        int64_t offset = (int64_t)sim_below(world, 50);

        log->committed = offset;
        for (size_t i = 0; i < count; i++) {
                struct sim_event event = {.allowed = 1, .previous = -1};

                if (sim_chance(world, holes))
                        offset += 1 + (int64_t)sim_below(world, sim_chance(world, 10) ? 100000 : 5);
                event.offset = offset++;
                event.key = sim_chance(world, 10) ? SIM_KEY_NONE : (uint32_t)sim_below(world, keys);
                event.size = 1 + (uint32_t)sim_below(world, 1000);
                event.handler = (uint16_t)sim_below(world, SIM_HANDLERS);
                event.emits = emitting && sim_chance(world, 3) ? 1 + (uint32_t)sim_below(world, 3) : 0;
                event.kind = sim_chance(world, 20) ? SIM_SKIPPED : sim_chance(world, 50) ? SIM_MALFORMED : SIM_NORMAL;
                list_add(&log->events, event);
        }
        log->end = offset + (int64_t)(sim_chance(world, 2) ? 0 : sim_below(world, 4));
        link_lanes(world, log);
}

void sim_world_new(struct sim_world *world, uint64_t seed)
{
        *world = (struct sim_world){.seed = seed, .random = {seed}, .trace = UINT64_C(0xcbf29ce484222325)};
        world->now = SIM_MS * (int64_t)sim_below(world, 1000);
        world->partitions = 1 + (uint32_t)sim_below(world, SIM_PARTITIONS);
        world->ordering = (enum sim_ordering)sim_below(world, 4);
        if (world->ordering > SIM_UNORDERED)
                world->ordering = SIM_BY_KEY;
        world->broker_metadata = sim_chance(world, 4) ? 8 + sim_below(world, 200) : 4096;
        for (uint32_t i = 0; i < world->partitions; i++)
                log_new(world, &world->logs[i], 1 + (uint32_t)sim_below(world, 30));
}

void sim_world_free(struct sim_world *world)
{
        for (uint32_t i = 0; i < SIM_PARTITIONS; i++) {
                free(world->logs[i].events.items);
                offsets_ranges_free(&world->logs[i].map);
        }
}

/* ---- what was done ---- */

bool sim_complete(const struct sim_event *event)
{
        if (event->kind == SIM_SKIPPED || event->dead)
                return true;
        return event->handled > 0 && event->emitted == (1u << event->emits) - 1;
}

void sim_handled(struct sim_world *world, struct sim_event *event)
{
        event->handled++;
        if (event->handled > event->allowed)
                sim_fail(world, "offset %lld was handled %u times, at most %u were allowed", (long long)event->offset,
                         event->handled, event->allowed);
}

/* ---- commits ---- */

bool sim_covered(const struct sim_log *log, int64_t offset)
{
        if (offset < log->committed)
                return true;
        for (size_t i = 0; i < log->map.count; i++) {
                if (offset >= log->map.items[i].first && offset < log->map.items[i].end)
                        return true;
        }
        return false;
}

static void check_map(struct sim_world *world, uint32_t partition, const struct sim_log *log)
{
        int64_t last = log->committed - 1;

        for (size_t i = 0; i < log->map.count; i++) {
                const struct offsets_range *range = &log->map.items[i];

                if (range->first < log->committed || range->first >= range->end || (i > 0 && range->first <= last))
                        sim_fail(world, "partition %u: the map's range %lld–%lld is out of order", partition,
                                 (long long)range->first, (long long)range->end);
                last = range->end;
        }
        if (last > log->end)
                sim_fail(world, "partition %u: the map reaches %lld, the log ends at %lld", partition, (long long)last,
                         (long long)log->end);
}

/* What an earlier commit told must not be forgotten by a later one, unless that rewinds or its map had to be cut. */
static void check_memory(struct sim_world *world, uint32_t partition, const struct sim_log *before, bool rewind)
{
        struct sim_log *log = &world->logs[partition];

        for (size_t i = 0; i < log->events.count; i++) {
                struct sim_event *event = &log->events.items[i];

                if (!sim_covered(before, event->offset) || sim_covered(log, event->offset))
                        continue;
                if (!log->cut && !rewind)
                        sim_fail(world, "partition %u: a commit forgets offset %lld", partition,
                                 (long long)event->offset);
                event->allowed++;
        }
}

void sim_commit(struct sim_world *world, uint32_t partition, int64_t offset, const char *metadata, bool rewind)
{
        struct sim_log *log = &world->logs[partition];
        struct sim_log before = *log;
        struct pawl_error err = {""};

        if (offset < log->committed && !rewind)
                sim_fail(world, "partition %u: commit goes back from %lld to %lld", partition,
                         (long long)log->committed, (long long)offset);
        if (offset > log->end)
                sim_fail(world, "partition %u: commit of %lld, the log ends at %lld", partition, (long long)offset,
                         (long long)log->end);
        if (rewind && metadata[0] != '\0')
                sim_fail(world, "partition %u: a rewind carries a map", partition);
        log->committed = offset;
        log->map = (struct offsets_ranges){0};
        if (!offsets_map_decode(offset, metadata, strlen(metadata), &log->map, &err))
                sim_fail(world, "partition %u: %s", partition, err.text);
        check_map(world, partition, log);
        check_memory(world, partition, &before, rewind);
        offsets_ranges_free(&before.map);
        for (size_t i = 0; i < log->events.count; i++) {
                const struct sim_event *event = &log->events.items[i];

                if (!sim_complete(event) && sim_covered(log, event->offset))
                        sim_fail(world, "partition %u: commit of %lld covers offset %lld, which is not complete",
                                 partition, (long long)offset, (long long)event->offset);
        }
}

void sim_elsewhere(struct sim_world *world, uint32_t partition)
{
        struct sim_log *log = &world->logs[partition];
        size_t count = sim_below(world, 20);

        for (size_t i = 0; i < log->events.count && count > 0; i++) {
                struct sim_event *event = &log->events.items[i];

                if (event->offset < log->committed)
                        continue;
                if (!sim_covered(log, event->offset) && event->kind == SIM_NORMAL)
                        sim_handled(world, event);
                if (!sim_covered(log, event->offset) && event->kind == SIM_MALFORMED)
                        event->dead = event->given_up = true;
                event->emitted = (1u << event->emits) - 1;
                log->committed = event->offset + 1;
                count--;
        }
        /* Its map ends with its commit: what it knew beyond may be handled again, by the rules of a fault. */
        for (size_t i = 0; i < log->events.count; i++) {
                struct sim_event *event = &log->events.items[i];

                if (event->offset >= log->committed && sim_covered(log, event->offset))
                        event->allowed++;
        }
        offsets_ranges_clear(&log->map);
}

void sim_world_finished(struct sim_world *world)
{
        for (uint32_t i = 0; i < world->partitions; i++) {
                const struct sim_log *log = &world->logs[i];

                for (size_t j = 0; j < log->events.count; j++) {
                        if (!sim_complete(&log->events.items[j]))
                                sim_fail(world, "partition %u: offset %lld was lost", i,
                                         (long long)log->events.items[j].offset);
                }
                if (log->committed != log->end)
                        sim_fail(world, "partition %u: committed %lld, the log ends at %lld", i,
                                 (long long)log->committed, (long long)log->end);
        }
}
