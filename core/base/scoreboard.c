#include "base/scoreboard.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/scoreboard_layout.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void scoreboard_words_store(_Atomic uint64_t *to, size_t words, const char *text)
{
        size_t len = strnlen(text, words * sizeof(uint64_t) - 1);

        for (size_t i = 0; i < words; i++) {
                size_t at = i * sizeof(uint64_t);
                uint64_t word = 0;

                if (at < len)
                        memcpy(&word, text + at, len - at < sizeof word ? len - at : sizeof word);
                atomic_store_explicit(&to[i], word, memory_order_release);
        }
}

void scoreboard_words_load(const _Atomic uint64_t *from, size_t words, char *text)
{
        for (size_t i = 0; i < words; i++) {
                uint64_t word = atomic_load_explicit(&from[i], memory_order_acquire);

                memcpy(text + i * sizeof word, &word, sizeof word);
        }
        text[words * sizeof(uint64_t) - 1] = '\0';
}

static struct scoreboard *handle(struct scoreboard_segment *segment, size_t size, unsigned threads)
{
        struct scoreboard *sb = memory_zero(1, sizeof *sb);

        sb->magic = SCOREBOARD_MAGIC;
        sb->threads = threads;
        sb->segment = segment;
        sb->writers = segment->writers;
        sb->size = size;
        pthread_mutex_init(&sb->lock, NULL);
        return sb;
}

bool scoreboard_map(struct scoreboard **sb, int fd, struct pawl_error *err)
{
        struct scoreboard_segment *segment;
        struct stat st;

        *sb = NULL;
        if (fstat(fd, &st) != 0)
                return error_set(err, "scoreboard: descriptor %d: %s", fd, strerror(errno));
        if ((size_t)st.st_size < scoreboard_size(1))
                return error_set(err, "scoreboard: expected a segment of at least %zu bytes, found %lld",
                                 scoreboard_size(1), (long long)st.st_size);
        segment = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (segment == MAP_FAILED)
                return error_set(err, "scoreboard: mmap: %s", strerror(errno));
        if (segment->head.magic != SCOREBOARD_MAGIC || segment->head.version != SCOREBOARD_VERSION ||
            segment->head.threads == 0 || segment->head.threads > SCOREBOARD_THREADS_MAX ||
            segment->head.writer_size != sizeof(struct scoreboard_writer) ||
            (size_t)st.st_size != scoreboard_size(segment->head.threads)) {
                error_set(
                    err,
                    "scoreboard: expected a segment of version %u, found magic %#x, version %u, %u threads, %lld bytes: "
                    "was pawld replaced while it runs?",
                    SCOREBOARD_VERSION, segment->head.magic, segment->head.version, segment->head.threads,
                    (long long)st.st_size);
                munmap(segment, (size_t)st.st_size);
                return false;
        }
        *sb = handle(segment, (size_t)st.st_size, segment->head.threads);
        return true;
}

bool scoreboard_private(struct scoreboard **sb, unsigned threads, struct pawl_error *err)
{
        size_t size = scoreboard_size(threads);
        struct scoreboard_segment *segment;

        assert(threads > 0 && threads <= SCOREBOARD_THREADS_MAX);
        *sb = NULL;
        segment = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (segment == MAP_FAILED)
                return error_set(err, "scoreboard: mmap: %s", strerror(errno));
        segment->head.threads = threads;
        *sb = handle(segment, size, threads);
        return true;
}

void scoreboard_unmap(struct scoreboard **sb)
{
        struct scoreboard *s = *sb;

        *sb = NULL;
        if (s == NULL)
                return;
        assert(s->magic == SCOREBOARD_MAGIC);
        s->magic = 0;
        munmap(s->segment, s->size);
        pthread_mutex_destroy(&s->lock);
        free(s);
}

void scoreboard_begin(struct scoreboard *sb, const char *plugin, unsigned instance)
{
        struct scoreboard_segment *g = sb->segment;

        for (unsigned w = 0; w <= sb->threads + 1; w++) {
                atomic_store(&sb->writers[w].note.count, 0);
                atomic_store(&sb->writers[w].note.seq, 0); /* odd if the earlier process died within a note */
        }
        for (unsigned i = 0; i < SCOREBOARD_GAUGE_COUNT; i++)
                atomic_store(&g->gauges[i], 0);
        for (unsigned i = 0; i < SCOREBOARD_TEXT_COUNT; i++)
                scoreboard_text_set(sb, (enum scoreboard_text)i, "");
        for (unsigned i = 0; i < SCOREBOARD_PARTITIONS; i++)
                if (atomic_load(&g->partitions[i].used)) /* reading first: an untouched page stays untouched */
                        atomic_store(&g->partitions[i].used, 0);
        atomic_store(&g->partition_count, 0);
        for (unsigned i = 0; i < SCOREBOARD_TICKETS && i < atomic_load(&g->ticket_top); i++)
                atomic_store(&g->tickets[i].used, 0);
        atomic_store(&g->ticket_top, 0);
        atomic_store(&g->fatal_signal, 0);
        scoreboard_words_store(g->plugin, SCOREBOARD_NAME_WORDS, plugin);
        atomic_store(&g->instance, instance);
        atomic_store(&g->since, clock_now());
        atomic_store(&g->pid, (uint32_t)getpid());
}

void scoreboard_gauge(struct scoreboard *sb, enum scoreboard_gauge gauge, int64_t value)
{
        atomic_store_explicit(&sb->segment->gauges[gauge], value, memory_order_relaxed);
}

void scoreboard_note_batch(struct scoreboard *sb, unsigned writer, const struct scoreboard_position *at, uint32_t count,
                           uint32_t handler, int64_t now)
{
        struct scoreboard_note *n = &sb->writers[writer].note;
        uint64_t seq = atomic_load_explicit(&n->seq, memory_order_relaxed);

        atomic_store_explicit(&n->seq, seq + 1, memory_order_relaxed);
        for (uint32_t i = 0; i < count && i < SCOREBOARD_BATCH_MAX; i++) {
                atomic_store_explicit(&n->rows[i], at[i].row, memory_order_release);
                atomic_store_explicit(&n->offsets[i], at[i].offset, memory_order_release);
        }
        atomic_store_explicit(&n->handler, handler, memory_order_release);
        atomic_store_explicit(&n->since, now, memory_order_release);
        atomic_store_explicit(&n->count, count, memory_order_release);
        atomic_store_explicit(&n->seq, seq + 2, memory_order_release);
}

void scoreboard_ticket(struct scoreboard *sb, uint32_t slot, struct scoreboard_position at, uint32_t handler,
                       int64_t now)
{
        struct scoreboard_ticket_cell *t;
        uint64_t seq;
        uint32_t top;

        if (slot >= SCOREBOARD_TICKETS)
                return;
        t = &sb->segment->tickets[slot];
        seq = (atomic_load_explicit(&t->seq, memory_order_relaxed) + 1) & ~UINT64_C(1);
        atomic_store_explicit(&t->seq, seq + 1, memory_order_relaxed);
        atomic_store_explicit(&t->row, at.row, memory_order_release);
        atomic_store_explicit(&t->offset, at.offset, memory_order_release);
        atomic_store_explicit(&t->handler, handler, memory_order_release);
        atomic_store_explicit(&t->since, now, memory_order_release);
        atomic_store_explicit(&t->used, 1, memory_order_release);
        atomic_store_explicit(&t->seq, seq + 2, memory_order_release);
        top = atomic_load(&sb->segment->ticket_top);
        while (top <= slot && !atomic_compare_exchange_weak(&sb->segment->ticket_top, &top, slot + 1))
                ;
}

void scoreboard_ticket_clear(struct scoreboard *sb, uint32_t slot)
{
        if (slot < SCOREBOARD_TICKETS)
                atomic_store_explicit(&sb->segment->tickets[slot].used, 0, memory_order_release);
}

void scoreboard_fatal(struct scoreboard *sb, unsigned writer, int signal_number)
{
        uint32_t none = 0;

        /* The thread first: who reads the signal must find it. A second thread's crash meanwhile may overwrite it; both crashed. */
        if (atomic_load(&sb->segment->fatal_signal) != 0)
                return;
        atomic_store(&sb->segment->fatal_writer, writer);
        atomic_compare_exchange_strong(&sb->segment->fatal_signal, &none, (uint32_t)signal_number);
}

static bool same_partition(struct scoreboard_partition_cell *cell, const char *topic, int32_t partition)
{
        char name[SCOREBOARD_NAME_MAX];

        if (atomic_load_explicit(&cell->partition, memory_order_relaxed) != partition)
                return false;
        scoreboard_words_load(cell->topic, SCOREBOARD_NAME_WORDS, name);
        return strncmp(name, topic, sizeof name - 1) == 0;
}

uint32_t scoreboard_partition_row(struct scoreboard *sb, const char *topic, int32_t partition)
{
        struct scoreboard_segment *g = sb->segment;
        uint32_t count = atomic_load(&g->partition_count);
        struct scoreboard_partition_cell *cell;

        for (uint32_t i = 0; i < count; i++)
                if (same_partition(&g->partitions[i], topic, partition))
                        return i;
        if (count >= SCOREBOARD_PARTITIONS)
                return SCOREBOARD_NO_ROW;
        cell = &g->partitions[count];
        scoreboard_words_store(cell->topic, SCOREBOARD_NAME_WORDS, topic);
        atomic_store(&cell->partition, partition);
        atomic_store(&cell->state, SCOREBOARD_PARTITION_NONE);
        scoreboard_partition_set(sb, count, -1, -1, -1, 0);
        atomic_store_explicit(&cell->used, 1, memory_order_release);
        atomic_store_explicit(&g->partition_count, count + 1, memory_order_release);
        return count;
}

void scoreboard_partition_state(struct scoreboard *sb, uint32_t row, enum scoreboard_partition_state state)
{
        if (row < SCOREBOARD_PARTITIONS)
                atomic_store_explicit(&sb->segment->partitions[row].state, (uint32_t)state, memory_order_relaxed);
}

void scoreboard_partition_set(struct scoreboard *sb, uint32_t row, int64_t position, int64_t committed, int64_t log_end,
                              int64_t in_hand)
{
        struct scoreboard_partition_cell *cell;

        if (row >= SCOREBOARD_PARTITIONS)
                return;
        cell = &sb->segment->partitions[row];
        atomic_store_explicit(&cell->position, position, memory_order_relaxed);
        atomic_store_explicit(&cell->committed, committed, memory_order_relaxed);
        atomic_store_explicit(&cell->log_end, log_end, memory_order_relaxed);
        atomic_store_explicit(&cell->in_hand, in_hand, memory_order_relaxed);
}

void scoreboard_text_set(struct scoreboard *sb, enum scoreboard_text which, const char *text)
{
        struct scoreboard_text_cell *cell = &sb->segment->texts[which];
        uint64_t seq;

        pthread_mutex_lock(&sb->lock);
        /* Odd from an earlier process that died within: begin from even again. */
        seq = (atomic_load_explicit(&cell->seq, memory_order_relaxed) + 1) & ~UINT64_C(1);
        atomic_store_explicit(&cell->seq, seq + 1, memory_order_relaxed);
        scoreboard_words_store(cell->words, SCOREBOARD_TEXT_WORDS, text);
        atomic_store_explicit(&cell->seq, seq + 2, memory_order_release);
        pthread_mutex_unlock(&sb->lock);
}

static bool valid_metric_name(const char *name)
{
        if (*name == '\0' || strlen(name) > 63 || (*name >= '0' && *name <= '9'))
                return false;
        return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

/* Under the lock: the index of a metric of that name, or `count`. */
static uint32_t find_metric(struct scoreboard_segment *g, uint32_t count, const char *name, uint32_t *histograms)
{
        char known[64];
        uint32_t i;

        for (i = 0; i < count; i++) {
                scoreboard_words_load(g->metrics[i].name, 8, known);
                if (strcmp(known, name) == 0)
                        break;
                *histograms += atomic_load(&g->metrics[i].type) == SCOREBOARD_METRIC_HISTOGRAM;
        }
        return i;
}

bool scoreboard_metric_declare(struct scoreboard *sb, const char *name, enum scoreboard_metric_type type,
                               const char *help, uint32_t *index, struct pawl_error *err)
{
        struct scoreboard_segment *g = sb->segment;
        uint32_t count, histograms = 0;
        bool ok = true;

        if (!valid_metric_name(name))
                return error_set(err, "metric \"%.80s\": expected a name of a-z, 0-9 and _, at most 63 long", name);
        pthread_mutex_lock(&sb->lock);
        count = atomic_load(&g->metric_count);
        *index = find_metric(g, count, name, &histograms);
        if (*index < count) {
                if (atomic_load(&g->metrics[*index].type) != (uint32_t)type)
                        ok = error_set(err, "metric %s: an earlier build declared it with another type", name);
        } else if (count >= SCOREBOARD_METRICS) {
                ok = error_set(err, "metric %s: expected at most %d metrics", name, SCOREBOARD_METRICS);
        } else if (type == SCOREBOARD_METRIC_HISTOGRAM && histograms >= SCOREBOARD_METRIC_HISTOGRAMS) {
                ok = error_set(err, "metric %s: expected at most %d histograms", name, SCOREBOARD_METRIC_HISTOGRAMS);
        } else {
                struct scoreboard_metric_cell *m = &g->metrics[count];

                scoreboard_words_store(m->name, 8, name);
                scoreboard_words_store(m->help, 24, help == NULL ? "" : help);
                atomic_store(&m->type, (uint32_t)type);
                atomic_store(&m->histogram, histograms);
                atomic_store_explicit(&m->used, 1, memory_order_release);
                atomic_store_explicit(&g->metric_count, count + 1, memory_order_release);
        }
        pthread_mutex_unlock(&sb->lock);
        return ok;
}

void scoreboard_metric_add(struct scoreboard *sb, unsigned writer, uint32_t index, uint64_t n)
{
        assert(index < SCOREBOARD_METRICS);
        scoreboard_cell_add(sb, writer, &sb->writers[writer].metrics[index], n);
}

void scoreboard_metric_set(struct scoreboard *sb, uint32_t index, double value)
{
        uint64_t bits;

        assert(index < SCOREBOARD_METRICS);
        memcpy(&bits, &value, sizeof bits);
        atomic_store_explicit(&sb->writers[0].metrics[index], bits, memory_order_relaxed);
}

void scoreboard_metric_observe(struct scoreboard *sb, unsigned writer, uint32_t index, int64_t ns)
{
        uint32_t histogram;

        assert(index < SCOREBOARD_METRICS);
        histogram = atomic_load_explicit(&sb->segment->metrics[index].histogram, memory_order_relaxed);
        assert(histogram < SCOREBOARD_METRIC_HISTOGRAMS);
        scoreboard_hist_add(sb, writer, &sb->writers[writer].metric_histograms[histogram], ns);
}
