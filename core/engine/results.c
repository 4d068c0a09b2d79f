#include "engine/results.h"

#include "engine/dispatch.h"
#include "engine/lanes.h"
#include "engine/produce.h"
#include "engine/slots.h"

/* Routed to no handler while it was out: its result is still judged, by rules that give it no second call. */
static const struct engine_policy skip_policy = {.attempts = UINT16_MAX, .ticket_deadline = INT64_C(300000000000)};

static const struct engine_policy *policy_of(const struct engine *engine, const struct slot *s)
{
        return s->handler == ENGINE_HANDLER_SKIP ? &skip_policy : &engine->handlers[s->handler].policy;
}

static void note_failure(struct engine *engine, uint32_t slot)
{
        struct trouble *trouble = slots_trouble(engine, slot);

        if (trouble->first_failure == 0)
                trouble->first_failure = engine->now;
        trouble->last_failure = engine->now;
}

static void restart(struct engine *engine, uint32_t slot, enum engine_restart why)
{
        if (engine->restart == 0) {
                engine->restart = why;
                engine->restart_slot = slot;
        }
}

static void kill(struct engine *engine, uint32_t slot, uint16_t reason)
{
        /* A failure that counts is in the number already; any other last result is an attempt too. */
        bool counted = reason == ENGINE_REASON_ATTEMPTS || reason == ENGINE_REASON_TICKET;

        lanes_remove(engine, slot);
        produce_dead(engine, slot, reason, engine->slots[slot].failures + (counted ? 0u : 1u));
}

/* Its lane waits for `delay`. */
static void wait_in_lane(struct engine *engine, uint32_t slot, int64_t delay)
{
        struct slot *s = &engine->slots[slot];

        slots_enter(engine, slot, SLOT_QUEUED);
        s->delayed = true;
        timers_set(&engine->timers, slot, delay > INT64_MAX - engine->now ? INT64_MAX : engine->now + delay);
        lanes_settle(engine, s->lane, false);
}

static void handled(struct engine *engine, uint32_t slot, const struct engine_input *in)
{
        assert(engine->lanes[engine->slots[slot].lane].head == slot);
        engine->counters.handled++;
        dispatch_available(engine, slot);
        lanes_remove(engine, slot);
        if (in->result.emits > 0)
                produce_emits(engine, slot, in->result.emits, in->result.emit_bytes);
        else
                slots_complete(engine, slot);
}

/* One more attempt failed. */
static void failed(struct engine *engine, uint32_t slot, int64_t delay, uint16_t reason)
{
        struct slot *s = &engine->slots[slot];
        const struct engine_policy *policy = policy_of(engine, s);

        engine->counters.retried++;
        note_failure(engine, slot);
        /* A ticket that nobody completes because of an outage is not the event's fault. */
        if (s->failures < UINT16_MAX && !(reason == ENGINE_REASON_TICKET && engine->outage.on))
                s->failures++;
        if (s->failures >= policy->attempts) {
                kill(engine, slot, reason);
                return;
        }
        if (delay < 0)
                delay = retry_delay(&engine->random, policy->backoff, policy->backoff_max,
                                    s->failures > 0 ? s->failures - 1u : 0);
        wait_in_lane(engine, slot, delay);
}

static void waits(struct engine *engine, uint32_t slot, int64_t delay)
{
        const struct engine_policy *policy = policy_of(engine, &engine->slots[slot]);
        struct trouble *trouble = slots_trouble(engine, slot);
        int64_t now = dispatch_up_time(engine), left;

        engine->counters.waited++;
        note_failure(engine, slot);
        if (!trouble->waiting) {
                trouble->waiting = true;
                trouble->wait_since = now;
        }
        left = policy->wait_limit - (now - trouble->wait_since);
        if (left <= 0 && policy != &skip_policy) {
                kill(engine, slot, ENGINE_REASON_WAIT_LIMIT);
                return;
        }
        if (delay < 0)
                delay = retry_delay(&engine->random, policy->backoff, policy->backoff_max, trouble->waits);
        trouble->waits++;
        /* Its last chance comes when the limit does, however long the delay. */
        wait_in_lane(engine, slot, delay < left ? delay : left);
}

static void unavailable(struct engine *engine, uint32_t slot)
{
        engine->counters.unavailable++;
        slots_enter(engine, slot, SLOT_QUEUED);
        dispatch_unavailable(engine, slot);
        lanes_settle(engine, engine->slots[slot].lane, true);
}

static void unrun(struct engine *engine, uint32_t slot)
{
        slots_enter(engine, slot, SLOT_QUEUED);
        dispatch_probe_spent(engine, slot, engine->now);
        lanes_settle(engine, engine->slots[slot].lane, false);
}

/* The shortest pause between two probes, after one whose result said nothing about the outage. */
static int64_t next_probe(struct engine *engine)
{
        return engine->now + engine->cfg.outage_backoff;
}

/* A result of an event that is not out any more, other than PENDING. */
static void judge(struct engine *engine, uint32_t slot, const struct engine_input *in)
{
        uint16_t result = in->result.result;

        if (result != ENGINE_OK)
                slots_drop_emits(engine, slot, in->result.emits);
        if (result == ENGINE_RETRY || result == ENGINE_WAIT || result == ENGINE_REJECT)
                dispatch_probe_spent(engine, slot, next_probe(engine));
        switch (result) {
        case ENGINE_OK:
                handled(engine, slot, in);
                break;
        case ENGINE_RETRY:
                failed(engine, slot, in->result.delay, ENGINE_REASON_ATTEMPTS);
                break;
        case ENGINE_WAIT:
                waits(engine, slot, in->result.delay);
                break;
        case ENGINE_UNAVAILABLE:
                unavailable(engine, slot);
                break;
        case ENGINE_REJECT:
                engine->counters.rejected++;
                note_failure(engine, slot);
                kill(engine, slot, in->result.reason != 0 ? in->result.reason : ENGINE_REASON_REJECTED);
                break;
        case ENGINE_UNRUN:
                unrun(engine, slot);
                break;
        default:
                restart(engine, slot, result == ENGINE_FATAL ? ENGINE_RESTART_FATAL : ENGINE_RESTART_BAD_RESULT);
        }
}

/* The work of an assignment that is over has returned: nothing follows from it but that its lane is free. */
static void orphan_returned(struct engine *engine, uint32_t slot, const struct engine_input *in)
{
        engine->counters.epoch_ignored++;
        slots_drop_emits(engine, slot, in->result.emits);
        dispatch_probe_spent(engine, slot, engine->now);
        lanes_remove(engine, slot);
        slots_release(engine, slot);
}

/* ---- tickets ---- */

static void ignore_ticket(struct engine *engine, uint32_t slot, uint32_t tag)
{
        engine->counters.ticket_ignored++;
        list_add(&engine->ignored, (struct engine_attempt){slot, tag});
}

static void ticket_done(struct engine *engine, uint32_t slot, const struct engine_input *in)
{
        timers_cancel(&engine->timers, slot);
        if (engine->slots[slot].orphan)
                orphan_returned(engine, slot, in);
        else
                judge(engine, slot, in);
}

static void ticket_taken(struct engine *engine, uint32_t slot)
{
        struct slot *s = &engine->slots[slot];

        engine->counters.pending++;
        slots_enter(engine, slot, SLOT_TICKET);
        timers_set(&engine->timers, slot, engine->now + policy_of(engine, s)->ticket_deadline);
        lanes_settle(engine, s->lane, false);
}

void results_ticket(struct engine *engine, const struct engine_input *in)
{
        const struct slot *s = slots_find(engine, in->slot);

        if (in->result.result == ENGINE_PENDING || in->result.result == ENGINE_UNRUN) {
                restart(engine, in->slot, ENGINE_RESTART_BAD_RESULT);
        } else if (s != NULL && s->tag == in->tag && s->state == SLOT_TICKET) {
                ticket_done(engine, in->slot, in);
        } else if (s != NULL && s->tag == in->tag && s->state == SLOT_RUNNING &&
                   slots_trouble(engine, in->slot)->early.kind == 0) {
                slots_trouble(engine, in->slot)->early = *in;
        } else {
                ignore_ticket(engine, in->slot, in->tag);
        }
}

static void ticket_expired(struct engine *engine, uint32_t slot)
{
        const struct slot *s = &engine->slots[slot];
        const struct engine_input none = {.kind = ENGINE_TICKET};

        engine->counters.ticket_expired++;
        list_add(&engine->expired, (struct engine_attempt){slot, s->tag});
        if (s->orphan) {
                orphan_returned(engine, slot, &none);
                return;
        }
        dispatch_probe_spent(engine, slot, next_probe(engine));
        failed(engine, slot, -1, ENGINE_REASON_TICKET);
}

/* ---- runs ---- */

void results_returned(struct engine *engine, const struct engine_input *in)
{
        struct slot *s = slots_find(engine, in->slot);
        struct engine_input early = {0};
        bool batch;

        assert(s != NULL && s->state == SLOT_RUNNING && s->tag == in->tag);
        batch = dispatch_returned(engine, in->slot);
        engine->lanes[s->lane].running--;
        if (s->troubled) {
                early = engine->troubles[in->slot].early;
                engine->troubles[in->slot].early.kind = 0;
        }
        if (in->result.result == ENGINE_PENDING && !batch) {
                ticket_taken(engine, in->slot);
                if (early.kind != 0)
                        ticket_done(engine, in->slot, &early);
                return;
        }
        if (early.kind != 0)
                ignore_ticket(engine, in->slot, in->tag);
        if (s->orphan)
                orphan_returned(engine, in->slot, in);
        else
                judge(engine, in->slot, in);
}

void results_due(struct engine *engine, uint32_t slot)
{
        struct slot *s = &engine->slots[slot];

        if (s->state == SLOT_TICKET) {
                ticket_expired(engine, slot);
                return;
        }
        s->delayed = false;
        lanes_settle(engine, s->lane, false);
}

void results_route(struct engine *engine, uint32_t slot, uint16_t handler)
{
        struct slot *s = slots_find(engine, slot);

        if (s == NULL)
                return;
        if (s->state == SLOT_QUEUED && handler == ENGINE_HANDLER_SKIP && s->delayed) {
                timers_cancel(&engine->timers, slot);
                s->delayed = false;
        }
        s->handler = handler;
        if (s->state == SLOT_QUEUED)
                lanes_settle(engine, s->lane, false);
}
