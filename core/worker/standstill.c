/* Which event a commit waits for, and why, in words for `pawlctl status`: the first one that its partition has not completed. */
#include "base/text.h"
#include "worker/worker_private.h"

#include <stdio.h>
#include <string.h>

#define STANDS_AFTER (2 * CLOCK_S)

/* The call under way that has the event; false: it has just returned. */
static bool find_call(const struct worker *w, uint32_t row, int64_t offset, int64_t *since)
{
        unsigned thread;
        uint32_t i;

        for (thread = 1; thread <= w->thread_count; thread++) {
                const struct scoreboard_note *note = &w->scoreboard->writers[thread].note;
                uint32_t count = atomic_load(&note->count);
                uint64_t seq = atomic_load(&note->seq);

                *since = atomic_load(&note->since);
                for (i = 0; i < count && i < SCOREBOARD_BATCH_MAX; i++) {
                        if (atomic_load(&note->rows[i]) == row && atomic_load(&note->offsets[i]) == offset &&
                            (seq & 1) == 0 && atomic_load(&note->seq) == seq)
                                return true;
                }
        }
        return false;
}

/* "its handler NAME runs for 41 s, past its deadline of 30 s" */
static void say_running(const struct worker *w, const struct held *held, uint32_t row, char *out, size_t size)
{
        int64_t since, deadline = instances_deadline(w, held->handler);
        char past[64] = "";

        if (held->handler == NULL || !find_call(w, row, held->message.offset, &since)) {
                snprintf(out, size, "its handler runs");
                return;
        }
        if (deadline > 0 && w->now - since > deadline)
                snprintf(past, sizeof past, ", past its deadline of %.3g s", (double)deadline / (double)CLOCK_S);
        snprintf(out, size, "its handler %.*s runs for %lld s%s", (int)held->handler->name.len, held->handler->name.ptr,
                 (long long)((w->now - since) / CLOCK_S), past);
}

/* `text` is the pool thread's while the event runs. */
static void say_reason(const struct worker *w, uint32_t partition, int64_t offset, char *out, size_t size)
{
        const struct held *held;
        uint32_t slot;

        if (!held_find(w->held, partition, offset, &slot)) {
                snprintf(out, size, "it is being completed");
                return;
        }
        held = held_at(w->held, slot);
        if (held->running)
                say_running(w, held, worker_partition(w, partition)->row, out, size);
        else if (held->text != NULL)
                snprintf(out, size, "%.*s", (int)text_utf8_prefix(held->text, strnlen(held->text, size - 1)),
                         held->text);
        else if (held->emits.count > 0)
                snprintf(out, size, "what it emitted is not acknowledged");
        else
                snprintf(out, size, "%s",
                         held->handler != NULL ? "its ticket is out, or it is to be tried again"
                                               : "its turn has not come");
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
        char text[SCOREBOARD_TEXT_MAX], why[384], more[48] = "";

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
        say_reason(w, which, at, why, sizeof why);
        snprintf(text, sizeof text, "running; %s/%d has stood at offset %lld for %lld s%s: %s", p->topic,
                 (int)p->number, (long long)at, (long long)((w->now - longest) / CLOCK_S), more, why);
        scoreboard_text_set(w->scoreboard, SCOREBOARD_TEXT_STATE, text);
}
