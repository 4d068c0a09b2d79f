#include "engine/slots.h"

#include "engine/lanes.h"
#include "engine/produce.h"

#include <string.h>

static void reserve(struct engine *engine, uint32_t slot)
{
        size_t needed = (size_t)slot + 1;

        if (needed <= engine->slot_capacity)
                return;
        engine->slots = list_grow(engine->slots, &engine->slot_capacity, needed, sizeof *engine->slots);
        engine->nodes = list_grow(engine->nodes, &engine->node_capacity, needed, sizeof *engine->nodes);
        engine->troubles = list_grow(engine->troubles, &engine->trouble_capacity, needed, sizeof *engine->troubles);
}

static bool works_outside(uint8_t state)
{
        return state == SLOT_RUNNING || state == SLOT_TICKET || state == SLOT_PRODUCED || state == SLOT_DEAD;
}

struct slot *slots_find(struct engine *engine, uint32_t slot)
{
        if (slot >= engine->slot_capacity || engine->slots[slot].state == SLOT_FREE)
                return NULL;
        return &engine->slots[slot];
}

void slots_enter(struct engine *engine, uint32_t slot, enum slot_state state)
{
        struct slot *s = &engine->slots[slot];

        if (!s->orphan) {
                struct partition *p = &engine->partitions[s->partition];

                p->outstanding += works_outside((uint8_t)state);
                p->outstanding -= works_outside(s->state);
        }
        engine->status.running += state == SLOT_RUNNING;
        engine->status.running -= s->state == SLOT_RUNNING;
        engine->status.tickets += state == SLOT_TICKET;
        engine->status.tickets -= s->state == SLOT_TICKET;
        s->state = (uint8_t)state;
}

struct trouble *slots_trouble(struct engine *engine, uint32_t slot)
{
        struct trouble *trouble = &engine->troubles[slot];

        if (!engine->slots[slot].troubled) {
                memset(trouble, 0, sizeof *trouble);
                engine->slots[slot].troubled = true;
        }
        return trouble;
}

void slots_release(struct engine *engine, uint32_t slot)
{
        struct slot *s = &engine->slots[slot];

        timers_cancel(&engine->timers, slot);
        slots_enter(engine, slot, SLOT_FREE);
        engine->status.slots--;
        list_add(&engine->releases, (struct engine_release){slot, s->lane});
}

/* The event leaves its partition's books. */
static void forget(struct engine *engine, uint32_t slot)
{
        struct slot *s = &engine->slots[slot];
        struct partition *p = &engine->partitions[s->partition];

        offsets_remove(&p->offsets, engine->nodes, slot);
        p->unfinished--;
        p->unfinished_bytes -= s->size;
        engine->status.unfinished--;
        engine->status.unfinished_bytes -= s->size;
}

static void count_complete(struct engine *engine, struct partition *p)
{
        p->dirty = true;
        p->uncommitted++;
        p->unsent++;
        engine->status.uncommitted++;
        engine->counters.completed++;
}

void slots_complete(struct engine *engine, uint32_t slot)
{
        struct slot *s = &engine->slots[slot];

        assert(!s->orphan);
        forget(engine, slot);
        count_complete(engine, &engine->partitions[s->partition]);
        slots_release(engine, slot);
}

void slots_orphan(struct engine *engine, uint32_t slot)
{
        struct slot *s = &engine->slots[slot];

        forget(engine, slot);
        if (works_outside(s->state)) {
                engine->partitions[s->partition].outstanding--;
                s->orphan = true;
                return;
        }
        if (s->state == SLOT_QUEUED)
                lanes_remove(engine, slot);
        else
                produce_abandon(engine, slot);
        slots_release(engine, slot);
}

void slots_drop_emits(struct engine *engine, uint32_t slot, uint32_t emits)
{
        if (emits > 0)
                list_add(&engine->drops, (struct engine_attempt){slot, engine->slots[slot].tag});
}

static void release_unused(struct engine *engine, const struct engine_input *in)
{
        if (in->slot != ENGINE_NONE)
                list_add(&engine->releases, (struct engine_release){in->slot, in->message.lane});
}

/* Complete without ever being in a slot's books: no handler takes it. */
static void skip(struct engine *engine, struct partition *p, const struct engine_input *in)
{
        offsets_pass(&p->offsets, in->message.offset + 1);
        engine->counters.skipped++;
        count_complete(engine, p);
        release_unused(engine, in);
}

static void take(struct engine *engine, struct partition *p, const struct engine_input *in)
{
        uint32_t slot = in->slot, tag;
        struct slot *s;

        assert(slot != ENGINE_NONE);
        reserve(engine, slot);
        s = &engine->slots[slot];
        assert(s->state == SLOT_FREE);
        tag = s->tag;
        memset(s, 0, sizeof *s);
        s->tag = tag;
        s->partition = in->partition;
        s->size = in->message.size;
        s->handler = in->handler;
        s->lane = in->message.lane;
        offsets_add(&p->offsets, engine->nodes, slot, in->message.offset);
        p->unfinished++;
        p->unfinished_bytes += s->size;
        engine->status.unfinished++;
        engine->status.unfinished_bytes += s->size;
        engine->status.slots++;
        slots_enter(engine, slot, SLOT_QUEUED);
        if ((in->message.flags & ENGINE_DEAD) != 0) {
                produce_dead(engine, slot, in->message.reason, 0);
        } else {
                assert(in->handler < engine->handler_count && s->lane != ENGINE_NONE);
                lanes_append(engine, slot);
        }
}

void slots_message(struct engine *engine, const struct engine_input *in)
{
        struct partition *p = in->partition < engine->partition_capacity ? &engine->partitions[in->partition] : NULL;

        if (p == NULL || p->epoch == 0 || p->epoch != in->epoch) {
                engine->counters.epoch_ignored++;
                release_unused(engine, in);
                return;
        }
        engine->counters.received++;
        if (in->message.offset < p->offsets.next) {
                /* The shell read it twice (a seek that overshot): the first one counts. */
                engine->counters.already_done++;
                release_unused(engine, in);
        } else if (offsets_is_known(&p->offsets, in->message.offset)) {
                offsets_pass(&p->offsets, in->message.offset + 1);
                p->dirty = true;
                engine->counters.already_done++;
                release_unused(engine, in);
        } else if ((in->message.flags & ENGINE_SKIP) != 0) {
                skip(engine, p, in);
        } else {
                take(engine, p, in);
        }
}
