/* One writer an array, and a reader beside them: no count is lost, and nothing that is read is torn. */
#include "base/scoreboard_read.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 100000, OTHERS = 2 };

#define CHECK(what)                                                                                                    \
        do {                                                                                                           \
                if (!(what)) {                                                                                         \
                        fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what);                                     \
                        exit(1);                                                                                       \
                }                                                                                                      \
        } while (0)

static struct scoreboard *sb;
static struct scoreboard_reader *reader;
static _Atomic bool done;

/* Row and offset of a note always agree: that is what a torn one would break. */
static void *handle(void *arg)
{
        unsigned writer = *(unsigned *)arg;
        uint32_t ticket = writer;

        for (int64_t i = 1; i <= ROUNDS; i++) {
                struct scoreboard_position at = {(uint32_t)i, i},
                                           batch[3] = {{(uint32_t)i, i}, {(uint32_t)i, i}, {(uint32_t)i, i}};

                if (i % 16 == 0)
                        scoreboard_note_batch(sb, writer, batch, 3, (uint32_t)i, i);
                else
                        scoreboard_note_event(sb, writer, at, (uint32_t)i, i);
                scoreboard_add(sb, writer, SCOREBOARD_HANDLED, 1);
                scoreboard_observe(sb, writer, SCOREBOARD_HISTOGRAM_HANDLER, i);
                if (i % 64 == 0)
                        scoreboard_ticket(sb, ticket, at, (uint32_t)i, i);
                if (i % 64 == 32)
                        scoreboard_ticket_clear(sb, ticket);
                if (i % 3 == 0)
                        scoreboard_note_idle(sb, writer);
        }
        return NULL;
}

static void *count_from_elsewhere(void *arg)
{
        (void)arg;
        for (int i = 0; i < ROUNDS; i++) {
                char text[SCOREBOARD_TEXT_MAX];

                scoreboard_add(sb, scoreboard_other(sb), SCOREBOARD_PUBLISHED, 1);
                if (i % 50 != 0)
                        continue;
                memset(text, 'a' + i % 26, sizeof text - 1);
                text[sizeof text - 1] = '\0';
                scoreboard_text_set(sb, SCOREBOARD_TEXT_HEALTH, text);
        }
        return NULL;
}

static void check_ticket(void *arg, const struct scoreboard_in_hand *t)
{
        (void)arg;
        CHECK(t->torn || (t->at[0].row == (uint32_t)t->at[0].offset && t->handler == t->at[0].row));
}

static void *look(void *arg)
{
        struct scoreboard_in_hand *note = calloc(1, sizeof *note);

        (void)arg;
        while (!atomic_load(&done)) {
                char text[SCOREBOARD_TEXT_MAX];

                for (unsigned w = 1; w <= THREADS; w++)
                        if (scoreboard_read_note(reader, w, note) && !note->torn)
                                for (uint32_t i = 0; i < note->count; i++)
                                        CHECK(note->at[i].row == (uint32_t)note->at[i].offset &&
                                              note->at[i].offset == note->since);
                scoreboard_read_tickets(reader, check_ticket, NULL);
                if (scoreboard_read_text(reader, SCOREBOARD_TEXT_HEALTH, text))
                        CHECK(strspn(text, (char[]){text[0], '\0'}) == strlen(text));
        }
        free(note);
        return NULL;
}

int main(void)
{
        struct scoreboard_totals *totals = calloc(1, sizeof *totals);
        pthread_t handlers[THREADS], others[OTHERS], looker;
        unsigned ids[THREADS];
        struct pawl_error err;

        CHECK(scoreboard_private(&sb, THREADS, &err));
        scoreboard_begin(sb, "test", 0);
        reader = scoreboard_reader_of(sb);
        CHECK(pthread_create(&looker, NULL, look, NULL) == 0);
        for (unsigned i = 0; i < THREADS; i++) {
                ids[i] = i + 1;
                CHECK(pthread_create(&handlers[i], NULL, handle, &ids[i]) == 0);
        }
        for (unsigned i = 0; i < OTHERS; i++)
                CHECK(pthread_create(&others[i], NULL, count_from_elsewhere, NULL) == 0);
        for (unsigned i = 0; i < THREADS; i++)
                pthread_join(handlers[i], NULL);
        for (unsigned i = 0; i < OTHERS; i++)
                pthread_join(others[i], NULL);
        atomic_store(&done, true);
        pthread_join(looker, NULL);
        scoreboard_read(reader, totals);
        CHECK(totals->counters[SCOREBOARD_HANDLED] == (uint64_t)THREADS * ROUNDS);
        CHECK(totals->counters[SCOREBOARD_PUBLISHED] == (uint64_t)OTHERS * ROUNDS);
        CHECK(totals->histograms[SCOREBOARD_HISTOGRAM_HANDLER].count == (uint64_t)THREADS * ROUNDS);
        scoreboard_reader_free(&reader);
        scoreboard_unmap(&sb);
        free(totals);
        return 0;
}
