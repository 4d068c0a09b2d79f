#include "engine/produce.h"

#include "engine/slots.h"

void produce_emits(struct engine *engine, uint32_t slot, uint32_t emits, uint64_t bytes)
{
        struct trouble *trouble = slots_trouble(engine, slot);

        trouble->emits = trouble->reports = emits;
        trouble->emit_bytes = bytes;
        engine->status.emit_bytes += bytes;
        engine->counters.emitted += emits;
        slots_enter(engine, slot, SLOT_PRODUCED);
        list_add(&engine->produce, (struct engine_attempt){slot, engine->slots[slot].tag});
}

static void order_dead(struct engine *engine, uint32_t slot)
{
        const struct slot *s = &engine->slots[slot];
        const struct trouble *trouble = slots_trouble(engine, slot);

        slots_enter(engine, slot, SLOT_DEAD);
        list_add(&engine->dead, (struct engine_dead){slot, s->tag, trouble->attempts, trouble->reason, trouble->again,
                                                     trouble->first_failure, trouble->last_failure});
}

void produce_dead(struct engine *engine, uint32_t slot, uint16_t reason, uint32_t attempts)
{
        struct trouble *trouble = slots_trouble(engine, slot);

        trouble->reason = reason;
        trouble->attempts = attempts;
        order_dead(engine, slot);
}

static void emits_over(struct engine *engine, uint32_t slot)
{
        struct trouble *trouble = slots_trouble(engine, slot);

        engine->status.emit_bytes -= trouble->emit_bytes;
        trouble->emit_bytes = 0;
        slots_drop_emits(engine, slot, trouble->emits);
        trouble->emits = 0;
}

void produce_abandon(struct engine *engine, uint32_t slot)
{
        if (engine->slots[slot].troubled)
                emits_over(engine, slot);
}

static void wait_to_produce(struct engine *engine, uint32_t slot, enum slot_state state, enum engine_alarm_kind alarm)
{
        slots_enter(engine, slot, state);
        timers_set(&engine->timers, slot, engine->now + engine->cfg.produce_backoff);
        engine_alarm(engine, alarm, slot, engine->slots[slot].partition, 0);
}

/* All reports of what was ordered are in. */
static void emits_reported(struct engine *engine, uint32_t slot)
{
        struct trouble *trouble = slots_trouble(engine, slot);

        if (engine->slots[slot].orphan) {
                emits_over(engine, slot);
                slots_release(engine, slot);
        } else if (trouble->refused) {
                emits_over(engine, slot);
                produce_dead(engine, slot, ENGINE_REASON_EMIT_REFUSED, engine->slots[slot].failures + 1u);
        } else if (trouble->emits == 0) {
                emits_over(engine, slot);
                slots_complete(engine, slot);
        } else {
                wait_to_produce(engine, slot, SLOT_PRODUCE_WAIT, ENGINE_ALARM_EMIT);
        }
}

void produce_delivery(struct engine *engine, const struct engine_input *in)
{
        const struct slot *s = slots_find(engine, in->slot);
        struct trouble *trouble;

        if (s == NULL || s->tag != in->tag || s->state != SLOT_PRODUCED) {
                engine->counters.epoch_ignored++;
                return;
        }
        trouble = slots_trouble(engine, in->slot);
        trouble->reports--;
        if (in->report.outcome == ENGINE_DELIVERED) {
                engine->counters.delivered++;
                trouble->emits--;
        } else {
                engine->counters.delivery_failed++;
                trouble->refused |= in->report.outcome == ENGINE_REFUSED;
        }
        if (trouble->reports == 0)
                emits_reported(engine, in->slot);
}

void produce_dead_letter(struct engine *engine, const struct engine_input *in)
{
        struct slot *s = slots_find(engine, in->slot);

        if (s == NULL || s->tag != in->tag || s->state != SLOT_DEAD) {
                engine->counters.epoch_ignored++;
                return;
        }
        if (s->orphan) {
                slots_release(engine, in->slot);
        } else if (in->report.outcome == ENGINE_DELIVERED) {
                engine->counters.dead_lettered++;
                slots_complete(engine, in->slot);
        } else {
                struct trouble *trouble = slots_trouble(engine, in->slot);

                engine->counters.delivery_failed++;
                if (trouble->again < UINT16_MAX)
                        trouble->again++;
                wait_to_produce(engine, in->slot, SLOT_DEAD_WAIT, ENGINE_ALARM_DEAD_LETTER);
        }
}

void produce_again(struct engine *engine, uint32_t slot)
{
        struct trouble *trouble = slots_trouble(engine, slot);

        /* A partition that leaves starts nothing more: its next owner handles the event again. */
        if (engine_is_leaving(engine, engine->slots[slot].partition))
                return;
        if (engine->slots[slot].state == SLOT_DEAD_WAIT) {
                order_dead(engine, slot);
        } else {
                trouble->reports = trouble->emits;
                slots_enter(engine, slot, SLOT_PRODUCED);
                list_add(&engine->produce, (struct engine_attempt){slot, engine->slots[slot].tag});
        }
}
