#include "engine/commits.h"

#include <stdlib.h>

enum { METADATA_LEAST = 16 /* below this there is no room for a map worth its name */ };

void commits_free(struct commits *commits)
{
        free(commits->parts.items);
        free(commits->texts);
        offsets_ranges_free(&commits->scratch);
}

struct news {
        bool any;
        bool rewind;     /* a deliberate commit waits */
        uint64_t unsent; /* completions that nobody was told of */
};

static struct news look_for_news(const struct engine *engine)
{
        struct news news = {false, false, 0};

        for (size_t i = 0; i < engine->assigned.count; i++) {
                const struct partition *p = &engine->partitions[engine->assigned.items[i]];

                news.any |= p->dirty;
                news.rewind |= p->rewind;
                news.unsent += p->unsent;
        }
        return news;
}

/* Nothing is committed after a restart was ordered, or after the drain: a successor may already commit. */
static bool may_send(const struct engine *engine)
{
        return !engine->commits.in_flight && engine->restart == 0 && !engine->leave.drained;
}

static void add_part(struct engine *engine, uint32_t index, char *text)
{
        struct partition *p = &engine->partitions[index];
        struct commits *commits = &engine->commits;
        int64_t offset = p->rewind ? p->rewind_to : offsets_committable(&p->offsets, engine->nodes);
        uint64_t covered = p->rewind ? 0 : p->uncommitted;
        bool cut;

        /* A rewind says where to, and nothing else; what was done since then follows in the next commit. */
        offsets_ranges_clear(&commits->scratch);
        if (!p->rewind)
                offsets_complete(&p->offsets, engine->nodes, &commits->scratch);
        offsets_map_encode(offset, commits->scratch.items, commits->scratch.count, engine->cfg.limits.metadata, text,
                           &cut);
        if (cut && !p->map_cut)
                engine_alarm(engine, ENGINE_ALARM_MAP_CUT, ENGINE_NONE, index, 0);
        p->map_cut = cut;
        list_add(&commits->parts, (struct commit_part){offset, covered, index, p->epoch, p->rewind});
        list_add(&engine->commit_orders, (struct engine_commit_entry){offset, text, index, p->rewind});
        p->unsent = 0;
        p->dirty = p->rewind && (p->uncommitted > 0 || offsets_committable(&p->offsets, engine->nodes) != offset);
        p->rewind = false;
}

void commits_send(struct engine *engine)
{
        struct commits *commits = &engine->commits;
        bool final = engine->leave.phase == LEAVE_COMMIT && engine->leave.final == 0;
        size_t room = (size_t)engine->cfg.limits.metadata + 1;
        struct news news = look_for_news(engine);

        if (!may_send(engine) || !news.any)
                return;
        if (!final && !commits->urgent && engine->now < commits->due &&
            (engine->cfg.commit_at == 0 || news.unsent < engine->cfg.commit_at))
                return;
        commits->texts = list_grow(commits->texts, &commits->text_capacity, engine->assigned.count * room, 1);
        commits->parts.count = 0;
        for (size_t i = 0; i < engine->assigned.count; i++) {
                if (engine->partitions[engine->assigned.items[i]].dirty)
                        add_part(engine, engine->assigned.items[i], commits->texts + i * room);
        }
        commits->last_id++;
        commits->in_flight = true;
        commits->urgent = false;
        commits->due = engine->now + engine->cfg.commit_interval;
        /* A rewind tells nothing of what was done: it is not the last one. */
        if (engine->leave.phase == LEAVE_COMMIT && !news.rewind)
                engine->leave.final = commits->last_id;
}

static void part_stored(struct engine *engine, struct partition *p, const struct commit_part *part)
{
        p->committed = part->offset;
        p->uncommitted -= part->covered;
        engine->status.uncommitted -= part->covered;
}

static void shrink_metadata(struct engine *engine)
{
        uint32_t *budget = &engine->cfg.limits.metadata;

        if (*budget == 0)
                return;
        *budget = *budget / 2 < METADATA_LEAST ? 0 : *budget / 2;
        engine->commits.urgent = true;
        engine_alarm(engine, ENGINE_ALARM_METADATA, ENGINE_NONE, ENGINE_NONE, *budget);
}

void commits_answered(struct engine *engine, const struct engine_input *in)
{
        struct commits *commits = &engine->commits;
        bool stored = in->commit.outcome == ENGINE_COMMITTED;

        if (!commits->in_flight || in->commit.id != commits->last_id)
                return;
        commits->in_flight = false;
        for (size_t i = 0; i < commits->parts.count; i++) {
                const struct commit_part *part = &commits->parts.items[i];
                struct partition *p = &engine->partitions[part->partition];

                if (p->epoch != part->epoch)
                        continue;
                if (stored) {
                        part_stored(engine, p, part);
                } else {
                        p->dirty = true;
                        p->rewind |= part->rewind;
                }
        }
        engine->counters.committed += stored;
        engine->counters.commit_failed += !stored;
        if (stored && in->commit.id == engine->leave.final)
                engine->leave.phase = LEAVE_DONE;
        if (in->commit.outcome == ENGINE_COMMIT_METADATA_SIZE)
                shrink_metadata(engine);
        if (in->commit.outcome == ENGINE_COMMIT_FATAL && engine->restart == 0)
                engine->restart = ENGINE_RESTART_FENCED;
}

int64_t commits_next(const struct engine *engine)
{
        return may_send(engine) && look_for_news(engine).any ? engine->commits.due : INT64_MAX;
}
