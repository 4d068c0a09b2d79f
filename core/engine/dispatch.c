#include "engine/dispatch.h"

#include "engine/lanes.h"
#include "engine/slots.h"

enum {
        RUN_EVENTS =
            64 /* in a run, where the policy says nothing: long enough to be cheap, short enough to commit often */
};

/* "For ever" in a configuration must not overflow when it is added to the time. */
static int64_t bounded(int64_t duration)
{
        return duration < INT64_MAX / 4 ? duration : INT64_MAX / 4;
}

void dispatch_policy(struct engine *engine, uint16_t index, const struct engine_policy *policy)
{
        struct handler *handler;

        assert(index != ENGINE_HANDLER_SKIP);
        engine->handlers =
            list_grow(engine->handlers, &engine->handler_capacity, (size_t)index + 1, sizeof *engine->handlers);
        for (; engine->handler_count <= index; engine->handler_count++) {
                handler = &engine->handlers[engine->handler_count];
                handler->ready_head = handler->ready_tail = ENGINE_NONE;
                handler->policy.max_events = RUN_EVENTS;
                handler->policy.attempts = 1;
        }
        handler = &engine->handlers[index];
        handler->policy = *policy;
        handler->policy.max_wait = bounded(policy->max_wait);
        handler->policy.wait_limit = bounded(policy->wait_limit);
        handler->policy.ticket_deadline = bounded(policy->ticket_deadline);
        if (handler->policy.max_events == 0)
                handler->policy.max_events = RUN_EVENTS;
        if (handler->policy.attempts == 0)
                handler->policy.attempts = 1;
        lanes_requeue(engine, index);
}

/* ---- runs ---- */

static uint32_t run_new(struct engine *engine, uint16_t handler, uint16_t flags)
{
        uint32_t index = engine->free_run;

        if (index == ENGINE_NONE) {
                size_t before = engine->run_capacity;

                engine->runs = list_grow(engine->runs, &engine->run_capacity, before + 1, sizeof *engine->runs);
                for (size_t i = engine->run_capacity; i-- > before;) {
                        engine->runs[i].next_free = engine->free_run;
                        engine->free_run = (uint32_t)i;
                }
                index = engine->free_run;
        }
        engine->free_run = engine->runs[index].next_free;
        engine->runs[index] = (struct run){0, ENGINE_NONE, handler, flags};
        engine->handlers[handler].runs++;
        engine->status.runs++;
        list_add(&engine->run_orders, (struct engine_run){(uint32_t)engine->events.count, 0, handler, flags});
        return index;
}

static void run_take(struct engine *engine, uint32_t run, uint32_t slot)
{
        struct slot *s = &engine->slots[slot];

        s->tag++;
        s->run = run;
        slots_enter(engine, slot, SLOT_RUNNING);
        engine->runs[run].left++;
        engine->run_orders.items[engine->run_orders.count - 1].count++;
        list_add(&engine->events, (struct engine_event){slot, s->tag, (uint32_t)s->failures + 1});
}

/* Takes the first events of a ready lane into the run, up to its ready stretch and the batch's limits. */
static void run_take_lane(struct engine *engine, uint32_t run, uint32_t index, uint32_t events, uint64_t bytes)
{
        struct lane *lane = &engine->lanes[index];
        uint32_t slot = lane->head, taken = 0;
        uint64_t taken_bytes = 0;

        if (events > lane->ready_events)
                events = lane->ready_events;
        while (taken < events) {
                const struct slot *s = &engine->slots[slot];

                if (taken_bytes + s->size > bytes && engine->runs[run].left > 0)
                        break;
                taken_bytes += s->size;
                taken++;
                run_take(engine, run, slot);
                slot = s->lane_next;
        }
        if (taken > 0)
                lanes_dispatched(engine, index, taken);
}

static void dispatch_single(struct engine *engine, uint16_t index)
{
        const struct handler *handler = &engine->handlers[index];
        uint64_t bytes = handler->policy.max_bytes > 0 ? handler->policy.max_bytes : UINT64_MAX;
        uint32_t run = run_new(engine, index, 0);

        run_take_lane(engine, run, handler->ready_head, handler->policy.max_events, bytes);
}

static void dispatch_batch(struct engine *engine, uint16_t index)
{
        const struct handler *handler = &engine->handlers[index];
        uint64_t limit = handler->policy.max_bytes > 0 ? handler->policy.max_bytes : UINT64_MAX;
        uint32_t run = run_new(engine, index, ENGINE_RUN_BATCH);
        uint64_t bytes = 0;

        while (handler->ready_head != ENGINE_NONE && engine->runs[run].left < handler->policy.max_events) {
                size_t first = engine->events.count;
                uint32_t lane = handler->ready_head;

                if (bytes >= limit)
                        break;
                run_take_lane(engine, run, lane, handler->policy.max_events - engine->runs[run].left, limit - bytes);
                if (engine->events.count == first)
                        break;
                for (size_t i = first; i < engine->events.count; i++)
                        bytes += engine->slots[engine->events.items[i].slot].size;
        }
}

static int64_t batch_due(const struct engine *engine, const struct handler *handler)
{
        const struct engine_policy *policy = &handler->policy;

        if (handler->ready_events >= policy->max_events ||
            (policy->max_bytes > 0 && handler->ready_bytes >= policy->max_bytes))
                return INT64_MIN;
        return engine->lanes[handler->ready_head].ready_at + policy->max_wait;
}

/* When this handler may get its next run; INT64_MIN: now, INT64_MAX: something must happen first. */
static int64_t handler_due(const struct engine *engine, const struct handler *handler)
{
        if (handler->ready_head == ENGINE_NONE)
                return INT64_MAX;
        if ((handler->policy.flags & ENGINE_HANDLER_SERIAL) != 0 && handler->runs > 0)
                return INT64_MAX;
        return (handler->policy.flags & ENGINE_HANDLER_BATCH) != 0 ? batch_due(engine, handler) : INT64_MIN;
}

/* Whether anything at all may be dispatched. Partitions that leave hold their own lanes. */
static bool may_dispatch(const struct engine *engine)
{
        const struct engine_limits *limits = &engine->cfg.limits;

        return engine->restart == 0 && !engine->leave.draining && engine->status.runs < limits->runs &&
               (limits->max_emit_bytes == 0 || engine->status.emit_bytes < limits->max_emit_bytes);
}

static bool can_probe(const struct handler *handler)
{
        return handler->ready_head != ENGINE_NONE &&
               ((handler->policy.flags & ENGINE_HANDLER_SERIAL) == 0 || handler->runs == 0);
}

static void dispatch_probe(struct engine *engine)
{
        struct outage *outage = &engine->outage;
        uint16_t index = outage->handler, flags = ENGINE_RUN_PROBE;
        uint32_t run;

        if (outage->probe != ENGINE_NONE || engine->now < outage->probe_at)
                return;
        /* What said UNAVAILABLE stands in front of its queue: nothing else is sure to touch what is away. */
        for (uint32_t i = 0; i < engine->handler_count && !can_probe(&engine->handlers[index]); i++)
                index = (uint16_t)i;
        if (!can_probe(&engine->handlers[index]))
                return;
        if ((engine->handlers[index].policy.flags & ENGINE_HANDLER_BATCH) != 0)
                flags |= ENGINE_RUN_BATCH;
        run = run_new(engine, index, flags);
        run_take_lane(engine, run, engine->handlers[index].ready_head, 1, UINT64_MAX);
        outage->probe = engine->events.items[engine->events.count - 1].slot;
}

void dispatch_runs(struct engine *engine)
{
        uint32_t idle = 0; /* handlers in a row that had nothing for now */

        if (engine->outage.on) {
                if (may_dispatch(engine))
                        dispatch_probe(engine);
                return;
        }
        while (idle < engine->handler_count && may_dispatch(engine)) {
                uint16_t index = (uint16_t)(engine->next_handler % engine->handler_count);
                const struct handler *handler = &engine->handlers[index];

                engine->next_handler = (uint32_t)index + 1;
                if (handler_due(engine, handler) > engine->now) {
                        idle++;
                        continue;
                }
                idle = 0;
                if ((handler->policy.flags & ENGINE_HANDLER_BATCH) != 0)
                        dispatch_batch(engine, index);
                else
                        dispatch_single(engine, index);
        }
}

bool dispatch_returned(struct engine *engine, uint32_t slot)
{
        uint32_t index = engine->slots[slot].run;
        struct run *run = &engine->runs[index];

        assert(run->left > 0);
        if (--run->left == 0) {
                engine->handlers[run->handler].runs--;
                engine->status.runs--;
                run->next_free = engine->free_run;
                engine->free_run = index;
        }
        return (run->flags & ENGINE_RUN_BATCH) != 0;
}

int64_t dispatch_next(const struct engine *engine)
{
        int64_t next = INT64_MAX;

        if (!may_dispatch(engine))
                return INT64_MAX;
        for (uint32_t i = 0; i < engine->handler_count; i++) {
                const struct handler *handler = &engine->handlers[i];
                int64_t due = engine->outage.on ? INT64_MAX : handler_due(engine, handler);

                if (engine->outage.on && engine->outage.probe == ENGINE_NONE && can_probe(handler))
                        due = engine->outage.probe_at;
                if (due < next)
                        next = due;
        }
        return next;
}

/* ---- outages ---- */

int64_t dispatch_up_time(const struct engine *engine)
{
        const struct outage *outage = &engine->outage;

        return engine->now - outage->total - (outage->on ? engine->now - outage->since : 0);
}

static void probe_later(struct engine *engine)
{
        struct outage *outage = &engine->outage;

        outage->probe = ENGINE_NONE;
        outage->probe_at = engine->now + retry_delay(&engine->random, engine->cfg.outage_backoff,
                                                     engine->cfg.outage_backoff_max, outage->tries);
        outage->tries++;
}

void dispatch_unavailable(struct engine *engine, uint32_t slot)
{
        struct outage *outage = &engine->outage;

        if (engine->slots[slot].handler != ENGINE_HANDLER_SKIP)
                outage->handler = engine->slots[slot].handler;
        if (!outage->on) {
                outage->on = true;
                outage->since = engine->now;
                outage->tries = 0;
                probe_later(engine);
                engine_alarm(engine, ENGINE_ALARM_OUTAGE, slot, engine->slots[slot].partition, 1);
        } else if (outage->probe == slot) {
                probe_later(engine);
        }
}

void dispatch_available(struct engine *engine, uint32_t slot)
{
        struct outage *outage = &engine->outage;

        if (!outage->on || outage->probe != slot)
                return;
        outage->on = false;
        outage->probe = ENGINE_NONE;
        outage->total += engine->now - outage->since;
        engine_alarm(engine, ENGINE_ALARM_OUTAGE, slot, engine->slots[slot].partition, 0);
}

void dispatch_probe_spent(struct engine *engine, uint32_t slot, int64_t at)
{
        struct outage *outage = &engine->outage;

        if (!outage->on || outage->probe != slot)
                return;
        outage->probe = ENGINE_NONE;
        outage->tries = 0;
        outage->probe_at = at;
}
