#include "engine/lanes.h"

#include "engine/slots.h"

/* How many events of one lane a run of this handler may take. */
static uint32_t run_limit(const struct handler *handler)
{
        return handler->policy.max_events > 0 ? handler->policy.max_events : UINT32_MAX;
}

/* Adds to the lane's ready stretch those behind `slot` (included) that the same run could take. */
static void extend_ready(struct engine *engine, struct lane *lane, uint32_t slot)
{
        struct handler *handler = &engine->handlers[lane->handler];
        uint32_t limit = run_limit(handler);

        for (; slot != ENGINE_NONE && lane->ready_events < limit; slot = engine->slots[slot].lane_next) {
                const struct slot *s = &engine->slots[slot];

                if (s->handler != lane->handler)
                        break;
                lane->ready_events++;
                lane->ready_bytes += s->size;
                handler->ready_events++;
                handler->ready_bytes += s->size;
        }
}

static void queue_put(struct engine *engine, uint32_t index, bool urgent)
{
        struct lane *lane = &engine->lanes[index];
        struct handler *handler;

        lane->handler = engine->slots[lane->head].handler;
        handler = &engine->handlers[lane->handler];
        lane->state = LANE_READY;
        lane->ready_at = engine->now;
        lane->ready_events = 0;
        lane->ready_bytes = 0;
        lane->ready_next = urgent ? handler->ready_head : ENGINE_NONE;
        lane->ready_previous = urgent ? ENGINE_NONE : handler->ready_tail;
        if (lane->ready_previous != ENGINE_NONE)
                engine->lanes[lane->ready_previous].ready_next = index;
        else
                handler->ready_head = index;
        if (lane->ready_next != ENGINE_NONE)
                engine->lanes[lane->ready_next].ready_previous = index;
        else
                handler->ready_tail = index;
        extend_ready(engine, lane, lane->head);
}

static void queue_take(struct engine *engine, uint32_t index)
{
        struct lane *lane = &engine->lanes[index];
        struct handler *handler = &engine->handlers[lane->handler];

        if (lane->ready_previous != ENGINE_NONE)
                engine->lanes[lane->ready_previous].ready_next = lane->ready_next;
        else
                handler->ready_head = lane->ready_next;
        if (lane->ready_next != ENGINE_NONE)
                engine->lanes[lane->ready_next].ready_previous = lane->ready_previous;
        else
                handler->ready_tail = lane->ready_previous;
        handler->ready_events -= lane->ready_events;
        handler->ready_bytes -= lane->ready_bytes;
        lane->state = LANE_IDLE;
}

static void park(struct engine *engine, struct lane *lane)
{
        struct partition *p = &engine->partitions[lane->partition];

        lane->state = LANE_PARKED;
        p->parked += lane->count;
        p->parked_bytes += lane->bytes;
        engine->status.parked += lane->count;
}

static void unpark(struct engine *engine, struct lane *lane)
{
        struct partition *p = &engine->partitions[lane->partition];

        lane->state = LANE_IDLE;
        p->parked -= lane->count;
        p->parked_bytes -= lane->bytes;
        engine->status.parked -= lane->count;
}

/* Out of whatever it is in. */
static void unsettle(struct engine *engine, uint32_t index)
{
        struct lane *lane = &engine->lanes[index];

        if (lane->state == LANE_READY)
                queue_take(engine, index);
        else if (lane->state == LANE_PARKED)
                unpark(engine, lane);
        else
                lane->state = LANE_IDLE;
}

static void unlink_slot(struct engine *engine, struct lane *lane, uint32_t slot)
{
        const struct slot *s = &engine->slots[slot];

        if (s->lane_previous != ENGINE_NONE)
                engine->slots[s->lane_previous].lane_next = s->lane_next;
        else
                lane->head = s->lane_next;
        if (s->lane_next != ENGINE_NONE)
                engine->slots[s->lane_next].lane_previous = s->lane_previous;
        else
                lane->tail = s->lane_previous;
        lane->count--;
        lane->bytes -= s->size;
}

/* What was routed to no handler while it stood in the lane is complete when it comes to the front. */
static void complete_skipped(struct engine *engine, struct lane *lane)
{
        while (lane->head != ENGINE_NONE) {
                uint32_t slot = lane->head;
                const struct slot *s = &engine->slots[slot];

                if (s->handler != ENGINE_HANDLER_SKIP || s->state != SLOT_QUEUED)
                        break;
                unlink_slot(engine, lane, slot);
                engine->counters.skipped++;
                slots_complete(engine, slot);
        }
}

void lanes_settle(struct engine *engine, uint32_t index, bool urgent)
{
        struct lane *lane = &engine->lanes[index];
        const struct slot *head;

        unsettle(engine, index);
        if (lane->running > 0) {
                lane->state = LANE_BUSY;
                return;
        }
        complete_skipped(engine, lane);
        if (lane->head == ENGINE_NONE)
                return;
        head = &engine->slots[lane->head];
        if (head->state == SLOT_TICKET || head->delayed)
                park(engine, lane);
        else if (!engine_is_leaving(engine, lane->partition))
                queue_put(engine, index, urgent);
}

static struct lane *lane_at(struct engine *engine, uint32_t index)
{
        if (index >= engine->lane_capacity) {
                size_t before = engine->lane_capacity;

                engine->lanes =
                    list_grow(engine->lanes, &engine->lane_capacity, (size_t)index + 1, sizeof *engine->lanes);
                for (size_t i = before; i < engine->lane_capacity; i++)
                        engine->lanes[i].head = engine->lanes[i].tail = ENGINE_NONE;
        }
        return &engine->lanes[index];
}

void lanes_append(struct engine *engine, uint32_t slot)
{
        struct slot *s = &engine->slots[slot];
        struct lane *lane = lane_at(engine, s->lane);

        s->lane_next = ENGINE_NONE;
        s->lane_previous = lane->tail;
        if (lane->tail != ENGINE_NONE)
                engine->slots[lane->tail].lane_next = slot;
        else
                lane->head = slot;
        lane->tail = slot;
        lane->count++;
        lane->bytes += s->size;
        if (lane->count == 1) {
                lane->partition = s->partition;
                lanes_settle(engine, s->lane, false);
        } else if (lane->state == LANE_PARKED) {
                engine->partitions[lane->partition].parked++;
                engine->partitions[lane->partition].parked_bytes += s->size;
                engine->status.parked++;
        } else if (lane->state == LANE_READY && lane->ready_events == lane->count - 1) {
                extend_ready(engine, lane, slot);
        }
        assert(lane->partition == s->partition);
}

void lanes_remove(struct engine *engine, uint32_t slot)
{
        uint32_t index = engine->slots[slot].lane;

        unsettle(engine, index);
        unlink_slot(engine, &engine->lanes[index], slot);
        lanes_settle(engine, index, false);
}

void lanes_dispatched(struct engine *engine, uint32_t index, uint32_t events)
{
        struct lane *lane = &engine->lanes[index];

        assert(lane->state == LANE_READY && events > 0 && events <= lane->count);
        queue_take(engine, index);
        lane->running = events;
        lane->state = LANE_BUSY;
}

void lanes_hold(struct engine *engine, uint32_t partition)
{
        uint32_t slot = engine->partitions[partition].offsets.head;

        for (; slot != ENGINE_NONE; slot = engine->nodes[slot].next) {
                const struct slot *s = &engine->slots[slot];

                if (s->state == SLOT_QUEUED && engine->lanes[s->lane].state == LANE_READY)
                        queue_take(engine, s->lane);
        }
}

void lanes_requeue(struct engine *engine, uint16_t handler)
{
        uint32_t next = engine->handlers[handler].ready_head, last = engine->handlers[handler].ready_tail, index;

        if (next == ENGINE_NONE)
                return;
        do {
                int64_t ready_at = engine->lanes[next].ready_at;

                index = next;
                next = engine->lanes[index].ready_next;
                queue_take(engine, index);
                queue_put(engine, index, false);
                engine->lanes[index].ready_at = ready_at;
        } while (index != last);
}
