#include "base/scoreboard_read.h"

#include "base/memory.h"
#include "base/scoreboard_layout.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* How often a reader tries to see a text or note between two writes of a living writer. */
enum { TRIES = 64 };

struct scoreboard_reader {
        uint32_t magic;
        unsigned threads; /* as created; what stands in the segment is not asked */
        const struct scoreboard_segment *segment;
        size_t size; /* 0: not our mapping */
        int fd;
};

#define ROW(constant, name, help) {name, help},
const struct scoreboard_row scoreboard_counter_rows[SCOREBOARD_COUNTER_COUNT] = {SCOREBOARD_COUNTERS(ROW)};
const struct scoreboard_row scoreboard_gauge_rows[SCOREBOARD_GAUGE_COUNT] = {SCOREBOARD_GAUGES(ROW)};
const struct scoreboard_row scoreboard_histogram_rows[SCOREBOARD_HISTOGRAM_COUNT] = {SCOREBOARD_HISTOGRAMS(ROW)};
const struct scoreboard_row scoreboard_text_rows[SCOREBOARD_TEXT_COUNT] = {SCOREBOARD_TEXTS(ROW)};
#undef ROW

bool scoreboard_create(struct scoreboard_reader **reader, unsigned threads, struct pawl_error *err)
{
        const struct scoreboard_head head = {SCOREBOARD_MAGIC, SCOREBOARD_VERSION, threads,
                                             sizeof(struct scoreboard_writer)};
        size_t size = scoreboard_size(threads);
        void *mapped = MAP_FAILED;
        int fd;

        assert(threads > 0 && threads <= SCOREBOARD_THREADS_MAX);
        *reader = NULL;
        fd = memfd_create("pawl-scoreboard", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        /* Sealed in its size: a worker that could shrink it would kill the master by SIGBUS. */
        if (fd < 0 || ftruncate(fd, (off_t)size) != 0 ||
            fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0 ||
            pwrite(fd, &head, sizeof head, 0) != (ssize_t)sizeof head ||
            (mapped = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0)) == MAP_FAILED) {
                error_set(err, "scoreboard of %zu bytes: %s", size, strerror(errno));
                if (fd >= 0)
                        close(fd);
                return false;
        }
        *reader = memory_zero(1, sizeof **reader);
        **reader = (struct scoreboard_reader){
            .magic = SCOREBOARD_MAGIC, .threads = threads, .segment = mapped, .size = size, .fd = fd};
        return true;
}

struct scoreboard_reader *scoreboard_reader_of(const struct scoreboard *sb)
{
        struct scoreboard_reader *reader = memory_zero(1, sizeof *reader);

        *reader = (struct scoreboard_reader){.magic = SCOREBOARD_MAGIC,
                                             .threads = sb->threads,
                                             .segment = sb->segment,
                                             .fd = -1};
        return reader;
}

void scoreboard_reader_free(struct scoreboard_reader **reader)
{
        struct scoreboard_reader *r = *reader;

        *reader = NULL;
        if (r == NULL)
                return;
        assert(r->magic == SCOREBOARD_MAGIC);
        r->magic = 0;
        if (r->size > 0)
                munmap((void *)(uintptr_t)r->segment, r->size);
        if (r->fd >= 0)
                close(r->fd);
        free(r);
}

int scoreboard_reader_fd(const struct scoreboard_reader *reader)
{
        return reader->fd;
}

unsigned scoreboard_reader_threads(const struct scoreboard_reader *reader)
{
        return reader->threads;
}

/* Text that came from the segment, as it may be shown: valid UTF-8, no control characters. */
static void clean_text(char *text)
{
        size_t len = strlen(text);

        for (size_t at = 0; at < len;) {
                size_t good = text_utf8_prefix(text + at, len - at);

                for (size_t i = at; i < at + good; i++)
                        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
                                text[i] = ' ';
                at += good;
                if (at < len)
                        text[at++] = '?';
        }
}

static uint64_t load(const _Atomic uint64_t *cell)
{
        return atomic_load_explicit(cell, memory_order_relaxed);
}

static void add_histogram(struct scoreboard_sum *sum, const struct scoreboard_hist *hist)
{
        for (unsigned i = 0; i < SCOREBOARD_BUCKETS; i++) {
                uint64_t n = load(&hist->buckets[i]);

                sum->buckets[i] += n;
                sum->count += n;
        }
        sum->sum += (double)load(&hist->sum);
}

/* The metric as its declaration says; false if that makes no sense. */
static bool read_declaration(const struct scoreboard_metric_cell *cell, struct scoreboard_metric *out,
                             uint32_t *histogram)
{
        uint32_t type;

        if (atomic_load_explicit(&cell->used, memory_order_acquire) != 1)
                return false;
        scoreboard_words_load(cell->name, 8, out->name);
        scoreboard_words_load(cell->help, 24, out->help);
        clean_text(out->help);
        type = atomic_load_explicit(&cell->type, memory_order_relaxed);
        *histogram = atomic_load_explicit(&cell->histogram, memory_order_relaxed);
        if (type > SCOREBOARD_METRIC_HISTOGRAM || *histogram > SCOREBOARD_METRIC_HISTOGRAMS ||
            (type == SCOREBOARD_METRIC_HISTOGRAM && *histogram == SCOREBOARD_METRIC_HISTOGRAMS))
                return false;
        out->type = (enum scoreboard_metric_type)type;
        return out->name[0] != '\0' && (out->name[0] < '0' || out->name[0] > '9') &&
               strspn(out->name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(out->name);
}

static struct scoreboard_metric *metric_of(struct scoreboard_totals *totals, const struct scoreboard_metric *declared)
{
        struct scoreboard_metric *m;

        for (uint32_t i = 0; i < totals->metric_count; i++)
                if (strcmp(totals->metrics[i].name, declared->name) == 0)
                        return totals->metrics[i].type == declared->type ? &totals->metrics[i] : NULL;
        if (totals->metric_count >= SCOREBOARD_METRICS)
                return NULL;
        m = &totals->metrics[totals->metric_count++];
        *m = *declared;
        return m;
}

static void read_metrics(const struct scoreboard_reader *reader, struct scoreboard_totals *totals)
{
        const struct scoreboard_segment *g = reader->segment;

        for (uint32_t i = 0; i < SCOREBOARD_METRICS; i++) {
                struct scoreboard_metric declared = {0}, *m;
                uint32_t histogram;
                uint64_t bits;

                if (!read_declaration(&g->metrics[i], &declared, &histogram) ||
                    (m = metric_of(totals, &declared)) == NULL)
                        continue;
                for (unsigned w = 0; w < reader->threads + 2; w++) {
                        if (m->type == SCOREBOARD_METRIC_COUNTER)
                                m->counter += load(&g->writers[w].metrics[i]);
                        else if (m->type == SCOREBOARD_METRIC_HISTOGRAM)
                                add_histogram(&m->histogram, &g->writers[w].metric_histograms[histogram]);
                }
                bits = load(&g->writers[0].metrics[i]);
                if (m->type == SCOREBOARD_METRIC_GAUGE)
                        memcpy(&m->gauge, &bits, sizeof bits);
        }
}

void scoreboard_read(const struct scoreboard_reader *reader, struct scoreboard_totals *totals)
{
        const struct scoreboard_segment *g = reader->segment;

        for (unsigned w = 0; w < reader->threads + 2; w++) {
                for (unsigned i = 0; i < SCOREBOARD_COUNTER_COUNT; i++)
                        totals->counters[i] += load(&g->writers[w].counters[i]);
                for (unsigned i = 0; i < SCOREBOARD_HISTOGRAM_COUNT; i++)
                        add_histogram(&totals->histograms[i], &g->writers[w].histograms[i]);
        }
        for (unsigned i = 0; i < SCOREBOARD_GAUGE_COUNT; i++)
                totals->gauges[i] = atomic_load_explicit(&g->gauges[i], memory_order_relaxed);
        read_metrics(reader, totals);
}

uint64_t scoreboard_bucket_bound(unsigned bucket)
{
        unsigned exponent = bucket / 4 + 1;

        if (bucket < 4)
                return bucket + 1;
        if (bucket >= SCOREBOARD_BUCKETS - 1)
                return UINT64_MAX;
        return (UINT64_C(1) << exponent) + ((uint64_t)(bucket % 4) + 1) * (UINT64_C(1) << (exponent - 2));
}

uint64_t scoreboard_quantile(const struct scoreboard_sum *sum, double q)
{
        uint64_t seen = 0, wanted = (uint64_t)(q * (double)sum->count);

        if (sum->count == 0)
                return 0;
        if (wanted >= sum->count)
                wanted = sum->count - 1;
        for (unsigned i = 0; i < SCOREBOARD_BUCKETS; i++) {
                seen += sum->buckets[i];
                if (seen > wanted)
                        return scoreboard_bucket_bound(i) - 1;
        }
        return UINT64_MAX;
}

void scoreboard_read_identity(const struct scoreboard_reader *reader, struct scoreboard_identity *identity)
{
        const struct scoreboard_segment *g = reader->segment;

        scoreboard_words_load(g->plugin, SCOREBOARD_NAME_WORDS, identity->plugin);
        clean_text(identity->plugin);
        identity->instance = atomic_load(&g->instance);
        identity->pid = (pid_t)atomic_load(&g->pid);
        identity->since = atomic_load(&g->since);
        identity->fatal_signal = (int)atomic_load(&g->fatal_signal);
        identity->fatal_writer = atomic_load(&g->fatal_writer);
}

bool scoreboard_read_text(const struct scoreboard_reader *reader, enum scoreboard_text which,
                          char out[static SCOREBOARD_TEXT_MAX])
{
        const struct scoreboard_text_cell *cell = &reader->segment->texts[which];

        for (unsigned i = 0; i < TRIES; i++) {
                uint64_t seq = atomic_load_explicit(&cell->seq, memory_order_acquire);

                scoreboard_words_load(cell->words, SCOREBOARD_TEXT_WORDS, out);
                if (seq % 2 == 0 && atomic_load_explicit(&cell->seq, memory_order_relaxed) == seq) {
                        clean_text(out);
                        return true;
                }
        }
        out[0] = '\0';
        return false;
}

uint32_t scoreboard_partition_count(const struct scoreboard_reader *reader)
{
        uint32_t count = atomic_load_explicit(&reader->segment->partition_count, memory_order_acquire);

        return count < SCOREBOARD_PARTITIONS ? count : SCOREBOARD_PARTITIONS;
}

bool scoreboard_read_partition(const struct scoreboard_reader *reader, uint32_t row, struct scoreboard_partition *out)
{
        const struct scoreboard_partition_cell *cell;
        uint32_t state;

        if (row >= SCOREBOARD_PARTITIONS)
                return false;
        cell = &reader->segment->partitions[row];
        if (atomic_load_explicit(&cell->used, memory_order_acquire) != 1)
                return false;
        scoreboard_words_load(cell->topic, SCOREBOARD_NAME_WORDS, out->topic);
        clean_text(out->topic);
        state = atomic_load_explicit(&cell->state, memory_order_relaxed);
        out->state = state < SCOREBOARD_PARTITION_STATE_COUNT ? (enum scoreboard_partition_state)state
                                                              : SCOREBOARD_PARTITION_NONE;
        out->partition = atomic_load_explicit(&cell->partition, memory_order_relaxed);
        out->position = atomic_load_explicit(&cell->position, memory_order_relaxed);
        out->committed = atomic_load_explicit(&cell->committed, memory_order_relaxed);
        out->log_end = atomic_load_explicit(&cell->log_end, memory_order_relaxed);
        out->in_hand = atomic_load_explicit(&cell->in_hand, memory_order_relaxed);
        return true;
}

const char *scoreboard_partition_state_name(enum scoreboard_partition_state state)
{
        static const char *const names[SCOREBOARD_PARTITION_STATE_COUNT] = {"none", "assigned", "reading", "full",
                                                                            "revoked"};

        return names[state];
}

bool scoreboard_read_note(const struct scoreboard_reader *reader, unsigned writer, struct scoreboard_in_hand *out)
{
        const struct scoreboard_note *n;

        assert(writer >= 1 && writer <= reader->threads);
        n = &reader->segment->writers[writer].note;
        out->writer = writer;
        out->torn = true;
        for (unsigned i = 0; i < TRIES && out->torn; i++) {
                uint64_t seq = atomic_load_explicit(&n->seq, memory_order_acquire);

                out->count = atomic_load_explicit(&n->count, memory_order_acquire);
                if (out->count > SCOREBOARD_BATCH_MAX)
                        out->count = SCOREBOARD_BATCH_MAX;
                out->handler = atomic_load_explicit(&n->handler, memory_order_acquire);
                out->since = atomic_load_explicit(&n->since, memory_order_acquire);
                for (uint32_t k = 0; k < out->count; k++) {
                        out->at[k].row = atomic_load_explicit(&n->rows[k], memory_order_acquire);
                        out->at[k].offset = atomic_load_explicit(&n->offsets[k], memory_order_acquire);
                }
                out->torn = seq % 2 != 0 || atomic_load_explicit(&n->seq, memory_order_relaxed) != seq;
        }
        return out->torn || out->count > 0;
}

static bool read_ticket(const struct scoreboard_ticket_cell *t, struct scoreboard_in_hand *out)
{
        out->torn = true;
        for (unsigned i = 0; i < TRIES && out->torn; i++) {
                uint64_t seq = atomic_load_explicit(&t->seq, memory_order_acquire);

                if (atomic_load_explicit(&t->used, memory_order_acquire) == 0 && seq % 2 == 0)
                        return false;
                out->handler = atomic_load_explicit(&t->handler, memory_order_acquire);
                out->since = atomic_load_explicit(&t->since, memory_order_acquire);
                out->at[0].row = atomic_load_explicit(&t->row, memory_order_acquire);
                out->at[0].offset = atomic_load_explicit(&t->offset, memory_order_acquire);
                out->torn = seq % 2 != 0 || atomic_load_explicit(&t->seq, memory_order_relaxed) != seq;
        }
        return true;
}

void scoreboard_read_tickets(const struct scoreboard_reader *reader,
                             void (*each)(void *arg, const struct scoreboard_in_hand *ticket), void *arg)
{
        struct scoreboard_in_hand *ticket = memory_zero(1, sizeof *ticket);
        uint32_t top = atomic_load(&reader->segment->ticket_top);

        ticket->count = 1;
        for (uint32_t i = 0; i < top && i < SCOREBOARD_TICKETS; i++)
                if (read_ticket(&reader->segment->tickets[i], ticket))
                        each(arg, ticket);
        free(ticket);
}
