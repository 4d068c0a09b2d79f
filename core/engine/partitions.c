#include "engine/partitions.h"

#include "engine/lanes.h"
#include "engine/slots.h"

static struct partition *at(struct engine *engine, uint32_t index)
{
        engine->partitions =
            list_grow(engine->partitions, &engine->partition_capacity, (size_t)index + 1, sizeof *engine->partitions);
        return &engine->partitions[index];
}

const struct partition *partitions_find(const struct engine *engine, uint32_t partition)
{
        return partition < engine->partition_capacity ? &engine->partitions[partition] : NULL;
}

static void unlist(struct engine *engine, uint32_t index)
{
        size_t kept = 0;

        for (size_t i = 0; i < engine->assigned.count; i++) {
                if (engine->assigned.items[i] != index)
                        engine->assigned.items[kept++] = engine->assigned.items[i];
        }
        engine->assigned.count = kept;
}

/* The assignment is over: what is queued is forgotten, what is out is awaited as an orphan. */
static void drop(struct engine *engine, uint32_t index)
{
        struct partition *p = &engine->partitions[index];

        p->leaving = true;
        lanes_hold(engine, index);
        while (p->offsets.head != ENGINE_NONE)
                slots_orphan(engine, p->offsets.head);
        engine->status.uncommitted -= p->uncommitted;
        p->uncommitted = p->unsent = 0;
        p->epoch = 0;
        p->leaving = p->reading = p->dirty = p->rewind = false;
        unlist(engine, index);
}

static void order(struct engine *engine, uint32_t index, enum engine_partition_order what)
{
        list_add(&engine->partition_orders, (struct engine_partition_entry){index, what});
}

static struct partition *begin(struct engine *engine, const struct engine_input *in)
{
        struct partition *p = at(engine, in->partition);

        assert(in->epoch != 0);
        if (p->epoch != 0)
                drop(engine, in->partition);
        offsets_reset(&p->offsets, in->offset);
        p->epoch = in->epoch;
        p->committed = -1;
        p->map_cut = false;
        list_add(&engine->assigned, in->partition);
        return p;
}

void partitions_map(struct engine *engine, const struct engine_input *in)
{
        struct partition *p = at(engine, in->partition);

        offsets_ranges_add(&p->incoming, in->range.first, in->range.end);
}

void partitions_assign(struct engine *engine, const struct engine_input *in)
{
        struct partition *p = begin(engine, in);

        for (size_t i = 0; i < p->incoming.count; i++)
                offsets_known(&p->offsets, p->incoming.items[i].first, p->incoming.items[i].end);
        offsets_ranges_clear(&p->incoming);
}

void partitions_rewind(struct engine *engine, const struct engine_input *in)
{
        struct partition *p = begin(engine, in);

        offsets_ranges_clear(&p->incoming);
        p->dirty = p->rewind = true;
        p->rewind_to = in->offset;
        engine->commits.urgent = true;
}

void partitions_position(struct engine *engine, const struct engine_input *in)
{
        const struct partition *found = partitions_find(engine, in->partition);
        struct partition *p;

        if (found == NULL || found->epoch == 0 || found->epoch != in->epoch || found->offsets.next >= in->offset)
                return;
        p = &engine->partitions[in->partition];
        offsets_pass(&p->offsets, in->offset);
        p->dirty = true;
}

void partitions_lost(struct engine *engine, const struct engine_input *in)
{
        const struct partition *p = partitions_find(engine, in->partition);

        if (p != NULL && p->epoch != 0)
                drop(engine, in->partition);
        order(engine, in->partition, ENGINE_REVOKED);
}

static void begin_leave(struct engine *engine, int64_t deadline)
{
        struct leave *leave = &engine->leave;

        if (deadline > INT64_MAX - engine->cfg.commit_wait)
                deadline = INT64_MAX - engine->cfg.commit_wait;
        if (leave->phase == LEAVE_NOTHING || deadline > leave->deadline)
                leave->deadline = deadline;
        leave->phase = LEAVE_WORK;
        leave->final = 0;
}

void partitions_revoke(struct engine *engine, const struct engine_input *in)
{
        const struct partition *p = partitions_find(engine, in->partition);

        if (p == NULL || p->epoch == 0) {
                order(engine, in->partition, ENGINE_REVOKED);
                return;
        }
        engine->partitions[in->partition].leaving = true;
        lanes_hold(engine, in->partition);
        begin_leave(engine, in->leave.deadline);
}

void partitions_drain(struct engine *engine, const struct engine_input *in)
{
        if (engine->leave.drained)
                return;
        engine->leave.draining = true;
        for (size_t i = 0; i < engine->assigned.count; i++)
                lanes_hold(engine, engine->assigned.items[i]);
        begin_leave(engine, in->leave.deadline);
}

/* What the partitions that leave still wait for. */
static void count_leaving(const struct engine *engine, uint64_t *outstanding, bool *dirty)
{
        *outstanding = 0;
        *dirty = false;
        for (size_t i = 0; i < engine->assigned.count; i++) {
                const struct partition *p = &engine->partitions[engine->assigned.items[i]];

                if (p->leaving || engine->leave.draining) {
                        *outstanding += p->outstanding;
                        *dirty |= p->dirty;
                }
        }
}

static void left(struct engine *engine)
{
        for (size_t i = 0; i < engine->assigned.count;) {
                uint32_t index = engine->assigned.items[i];

                if (!engine->partitions[index].leaving) {
                        i++;
                        continue;
                }
                drop(engine, index);
                order(engine, index, ENGINE_REVOKED);
        }
        engine->leave.phase = LEAVE_NOTHING;
        if (engine->leave.draining && !engine->leave.drained)
                engine->leave.drained = engine->output.drained = true;
}

void partitions_leave(struct engine *engine)
{
        struct leave *leave = &engine->leave;
        uint64_t outstanding;
        bool dirty;

        if (leave->phase == LEAVE_NOTHING)
                return;
        count_leaving(engine, &outstanding, &dirty);
        if (leave->phase == LEAVE_WORK && (outstanding == 0 || engine->now >= leave->deadline)) {
                leave->phase = LEAVE_COMMIT;
                leave->deadline += engine->cfg.commit_wait;
        }
        if (leave->phase == LEAVE_COMMIT && ((!dirty && !engine->commits.in_flight) || engine->now >= leave->deadline))
                leave->phase = LEAVE_DONE;
        if (leave->phase == LEAVE_DONE)
                left(engine);
}

int64_t partitions_next(const struct engine *engine)
{
        return engine->leave.phase == LEAVE_NOTHING ? INT64_MAX : engine->leave.deadline;
}
