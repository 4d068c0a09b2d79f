/* Which event a commit waits for, and why, in words for `pawlctl status`: the first one that its partition has not completed. */
#include "worker/worker_private.h"

#include <stdio.h>

#define STANDS_AFTER (2 * CLOCK_S)

static const struct held *find_held(const struct worker *w, uint32_t partition, int64_t offset)
{
        uint32_t slot;

        for (slot = 0; slot < held_end(w->held); slot++) {
                const struct held *held = held_at(w->held, slot);

                if (held->used && held->message.partition == partition && held->message.offset == offset)
                        return held;
        }
        return NULL;
}

/* `text` is the pool thread's while the event runs. */
static const char *reason(const struct held *held)
{
        if (held == NULL)
                return "it is being completed";
        if (held->running)
                return "its handler runs";
        if (held->text != NULL)
                return held->text;
        if (held->emits.count > 0)
                return "what it emitted is not acknowledged";
        return held->handler != NULL ? "its ticket is out, or it is to be tried again" : "its turn has not come";
}

/* Notes since when the partition's first unfinished event is this one. Returns that time; INT64_MAX: nothing is unfinished. */
static int64_t stands_since(struct worker *w, uint32_t index, int64_t *offset)
{
        struct worker_partition *p = worker_partition(w, index);
        struct engine_partition_status status;

        if (!p->assigned || !engine_partition_status(w->engine, index, &status) || status.epoch == 0 ||
            status.unfinished == 0) {
                p->stands_at = -1;
                return INT64_MAX;
        }
        if (p->stands_at != status.committable || p->stands_epoch != status.epoch) {
                p->stands_at = status.committable;
                p->stands_epoch = status.epoch;
                p->stands_since = w->now;
        }
        *offset = status.committable;
        return p->stands_since;
}

void standstill_look(struct worker *w)
{
        int64_t longest = INT64_MAX, at = -1;
        uint32_t i, which = 0, count = 0;
        const struct worker_partition *p;
        char text[SCOREBOARD_TEXT_MAX], more[48] = "";

        for (i = 0; i < w->partition_count; i++) {
                int64_t offset = -1, since;

                if (w->partitions[i / PARTITION_CHUNK] == NULL)
                        continue;
                since = stands_since(w, i, &offset);
                count += since <= w->now - STANDS_AFTER;
                if (since < longest) {
                        longest = since;
                        which = i;
                        at = offset;
                }
        }
        if (count == 0) {
                scoreboard_text_set(w->scoreboard, SCOREBOARD_TEXT_STATE, "running");
                return;
        }
        if (count > 1)
                snprintf(more, sizeof more, " (and %u more partitions stand)", count - 1);
        p = worker_partition(w, which);
        snprintf(text, sizeof text, "running; %s/%d has stood at offset %lld for %lld s%s: %s", p->topic,
                 (int)p->number, (long long)at, (long long)((w->now - longest) / CLOCK_S), more,
                 reason(find_held(w, which, at)));
        scoreboard_text_set(w->scoreboard, SCOREBOARD_TEXT_STATE, text);
}
