#include "engine/engine.h"

#include "base/memory.h"
#include "engine/budget.h"
#include "engine/commits.h"
#include "engine/dispatch.h"
#include "engine/partitions.h"
#include "engine/produce.h"
#include "engine/results.h"
#include "engine/slots.h"

#include <stdlib.h>
#include <string.h>

struct engine *engine_new(const struct engine_config *cfg)
{
        struct engine *engine = memory_zero(1, sizeof *engine);

        engine->magic = ENGINE_MAGIC;
        engine->now = INT64_MIN;
        engine->cfg = *cfg;
        engine->cfg.handlers = NULL;
        engine->random.state = cfg->seed;
        engine->free_run = ENGINE_NONE;
        engine->restart_slot = ENGINE_NONE;
        engine->outage.probe = ENGINE_NONE;
        engine->commits.due = INT64_MIN;
        for (uint32_t i = 0; i < cfg->handler_count; i++)
                dispatch_policy(engine, (uint16_t)i, &cfg->handlers[i]);
        return engine;
}

static void free_orders(struct engine *engine)
{
        free(engine->drops.items);
        free(engine->ignored.items);
        free(engine->expired.items);
        free(engine->produce.items);
        free(engine->dead.items);
        free(engine->releases.items);
        free(engine->run_orders.items);
        free(engine->events.items);
        free(engine->partition_orders.items);
        free(engine->commit_orders.items);
        free(engine->alarms.items);
}

void engine_free(struct engine **pointer)
{
        struct engine *engine = *pointer;

        if (engine == NULL)
                return;
        assert(engine->magic == ENGINE_MAGIC);
        for (size_t i = 0; i < engine->partition_capacity; i++) {
                offsets_free(&engine->partitions[i].offsets);
                offsets_ranges_free(&engine->partitions[i].incoming);
        }
        free_orders(engine);
        commits_free(&engine->commits);
        timers_free(&engine->timers);
        free(engine->slots);
        free(engine->nodes);
        free(engine->troubles);
        free(engine->lanes);
        free(engine->handlers);
        free(engine->partitions);
        free(engine->assigned.items);
        free(engine->runs);
        engine->magic = 0;
        free(engine);
        *pointer = NULL;
}

static void input_tick(struct engine *engine, const struct engine_input *in)
{
        (void)engine;
        (void)in;
}

static void input_limits(struct engine *engine, const struct engine_input *in)
{
        engine->cfg.limits = in->limits;
}

static void input_policy(struct engine *engine, const struct engine_input *in)
{
        dispatch_policy(engine, in->handler, &in->policy);
}

static void input_route(struct engine *engine, const struct engine_input *in)
{
        bool skip = (in->message.flags & ENGINE_SKIP) != 0;

        assert(skip || in->handler < engine->handler_count);
        results_route(engine, in->slot, skip ? ENGINE_HANDLER_SKIP : in->handler);
}

typedef void input_function(struct engine *engine, const struct engine_input *in);

static input_function *const inputs_table[] = {
    [ENGINE_TICK] = input_tick,           [ENGINE_MESSAGE] = slots_message,
    [ENGINE_RESULT] = results_returned,   [ENGINE_TICKET] = results_ticket,
    [ENGINE_DELIVERY] = produce_delivery, [ENGINE_DEAD_LETTER] = produce_dead_letter,
    [ENGINE_COMMIT] = commits_answered,   [ENGINE_MAP] = partitions_map,
    [ENGINE_ASSIGN] = partitions_assign,  [ENGINE_REVOKE] = partitions_revoke,
    [ENGINE_LOST] = partitions_lost,      [ENGINE_POSITION] = partitions_position,
    [ENGINE_REWIND] = partitions_rewind,  [ENGINE_DRAIN] = partitions_drain,
    [ENGINE_LIMITS] = input_limits,       [ENGINE_POLICY] = input_policy,
    [ENGINE_ROUTE] = input_route,
};

static void begin_orders(struct engine *engine)
{
        engine->drops.count = engine->ignored.count = engine->expired.count = engine->produce.count = 0;
        engine->dead.count = engine->releases.count = engine->run_orders.count = engine->events.count = 0;
        engine->partition_orders.count = engine->commit_orders.count = engine->alarms.count = 0;
        memset(&engine->output, 0, sizeof engine->output);
}

static const struct engine_output *end_orders(struct engine *engine)
{
        struct engine_output *output = &engine->output;

        output->drops = engine->drops.items, output->drop_count = engine->drops.count;
        output->ignored = engine->ignored.items, output->ignored_count = engine->ignored.count;
        output->expired = engine->expired.items, output->expired_count = engine->expired.count;
        output->produce = engine->produce.items, output->produce_count = engine->produce.count;
        output->dead = engine->dead.items, output->dead_count = engine->dead.count;
        output->releases = engine->releases.items, output->release_count = engine->releases.count;
        output->runs = engine->run_orders.items, output->run_count = engine->run_orders.count;
        output->events = engine->events.items, output->event_count = engine->events.count;
        output->partitions = engine->partition_orders.items;
        output->partition_count = engine->partition_orders.count;
        output->commit = engine->commit_orders.items, output->commit_count = engine->commit_orders.count;
        output->commit_id = engine->commits.last_id;
        output->alarms = engine->alarms.items, output->alarm_count = engine->alarms.count;
        output->restart = engine->restart;
        output->restart_slot = engine->restart_slot;
        return output;
}

static void fire_timers(struct engine *engine)
{
        uint32_t slot;

        while (timers_pop(&engine->timers, engine->now, &slot)) {
                if (engine->slots[slot].state == SLOT_PRODUCE_WAIT || engine->slots[slot].state == SLOT_DEAD_WAIT)
                        produce_again(engine, slot);
                else
                        results_due(engine, slot);
        }
}

const struct engine_output *engine_step(struct engine *engine, const struct engine_input *inputs, size_t count)
{
        assert(engine->magic == ENGINE_MAGIC);
        begin_orders(engine);
        for (size_t i = 0; i < count && engine->restart == 0; i++) {
                const struct engine_input *in = &inputs[i];

                assert(in->kind >= ENGINE_TICK && in->kind <= ENGINE_ROUTE);
                if (in->now > engine->now)
                        engine->now = in->now;
                inputs_table[in->kind](engine, in);
        }
        if (engine->restart == 0) {
                fire_timers(engine);
                partitions_leave(engine);
                budget_apply(engine);
                dispatch_runs(engine);
                commits_send(engine);
        }
        return end_orders(engine);
}

int64_t engine_next_timer(const struct engine *engine)
{
        int64_t next[] = {timers_next(&engine->timers), dispatch_next(engine), commits_next(engine),
                          partitions_next(engine)};
        int64_t first = INT64_MAX;

        for (size_t i = 0; i < sizeof next / sizeof next[0] && engine->restart == 0; i++) {
                if (next[i] < first)
                        first = next[i];
        }
        return first;
}

const struct engine_counters *engine_counters(const struct engine *engine)
{
        return &engine->counters;
}

void engine_status(const struct engine *engine, struct engine_status *status)
{
        *status = engine->status;
        status->metadata = engine->cfg.limits.metadata;
        status->outage = engine->outage.on;
        status->draining = engine->leave.draining;
}

bool engine_partition_status(const struct engine *engine, uint32_t partition, struct engine_partition_status *status)
{
        const struct partition *p = partitions_find(engine, partition);

        memset(status, 0, sizeof *status);
        if (p == NULL || p->epoch == 0)
                return false;
        status->epoch = p->epoch;
        status->reading = p->reading;
        status->leaving = p->leaving;
        status->position = p->offsets.next;
        status->committable = offsets_committable(&p->offsets, engine->nodes);
        status->committed = p->committed;
        status->unfinished = p->unfinished;
        status->parked = p->parked;
        return true;
}
