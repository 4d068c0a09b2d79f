#include "engine/budget.h"

struct budget {
        uint64_t share, share_bytes;   /* of each partition */
        uint64_t common, common_bytes; /* of all */
        uint64_t used, used_bytes;     /* of the common half */
};

static uint64_t at_least_one(uint64_t value)
{
        return value > 0 ? value : 1;
}

static uint64_t above(uint64_t value, uint64_t limit)
{
        return value > limit ? value - limit : 0;
}

static struct budget measure(const struct engine *engine)
{
        const struct engine_limits *limits = &engine->cfg.limits;
        uint64_t partitions = at_least_one(engine->assigned.count);
        struct budget budget = {
            .share = at_least_one(limits->max_events / 2 / partitions),
            .share_bytes = at_least_one(limits->max_bytes / 2 / partitions),
            .common = limits->max_events / 2,
            .common_bytes = limits->max_bytes / 2,
            /* Events of earlier assignments whose work has not returned are kept too. */
            .used = engine->status.slots - engine->status.unfinished,
        };

        for (size_t i = 0; i < engine->assigned.count; i++) {
                const struct partition *p = &engine->partitions[engine->assigned.items[i]];

                budget.used += above(p->unfinished, budget.share);
                budget.used_bytes += above(p->unfinished_bytes, budget.share_bytes);
        }
        return budget;
}

static bool has_room(const struct engine *engine, const struct budget *budget, const struct partition *p)
{
        uint64_t part = p->reading ? 4 : 3; /* quarters of each limit */
        uint32_t metadata = engine->cfg.limits.metadata;

        if (p->parked >= at_least_one(budget->share * 2 * part / 4) ||
            p->parked_bytes >= at_least_one(budget->share_bytes * 2 * part / 4))
                return false;
        if ((p->unfinished >= at_least_one(budget->share * part / 4) ||
             p->unfinished_bytes >= at_least_one(budget->share_bytes * part / 4)) &&
            (budget->used >= budget->common * part / 4 || budget->used_bytes >= budget->common_bytes * part / 4))
                return false;
        /* With nothing in hand it must be read, or it would stand still for ever. */
        return p->unfinished == 0 || metadata == 0 ||
               offsets_fit(&p->offsets, engine->nodes, engine->cfg.over_read, (size_t)(metadata * part / 4));
}

void budget_apply(struct engine *engine)
{
        struct budget budget = measure(engine);

        for (size_t i = 0; i < engine->assigned.count; i++) {
                uint32_t index = engine->assigned.items[i];
                struct partition *p = &engine->partitions[index];
                bool read = !engine_is_leaving(engine, index) && has_room(engine, &budget, p);

                if (read == p->reading)
                        continue;
                p->reading = read;
                list_add(&engine->partition_orders,
                         (struct engine_partition_entry){index, read ? ENGINE_GO : ENGINE_STOP});
        }
}
