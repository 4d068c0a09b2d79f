/*
 * The scoreboard: a worker's counters, histograms and notes of what it is doing, in shared memory that outlives it.
 *
 * One segment a worker process. The master creates it (a memfd, sealed in its size), the worker maps it and writes, the master
 * reads at any time, also after the worker's death. Each array of counters has exactly one writer (0: the main thread,
 * 1..threads: the pool's), so counting is a plain store without a lock or a locked instruction; what other threads of a plugin
 * count goes to one more array, with atomic additions. For the master the content is a stranger's: scoreboard_read.h.
 *
 * Counters stay when a second process maps the same segment; scoreboard_begin clears what belongs to one process's life.
 */
#ifndef PAWL_BASE_SCOREBOARD_H
#define PAWL_BASE_SCOREBOARD_H

#include "base/error.h"
#include "base/scoreboard_table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define SCOREBOARD_ROW(constant, name, help) SCOREBOARD_##constant,
enum scoreboard_counter { SCOREBOARD_COUNTERS(SCOREBOARD_ROW) SCOREBOARD_COUNTER_COUNT };
#undef SCOREBOARD_ROW
#define SCOREBOARD_ROW(constant, name, help) SCOREBOARD_GAUGE_##constant,
enum scoreboard_gauge { SCOREBOARD_GAUGES(SCOREBOARD_ROW) SCOREBOARD_GAUGE_COUNT };
#undef SCOREBOARD_ROW
#define SCOREBOARD_ROW(constant, name, help) SCOREBOARD_HISTOGRAM_##constant,
enum scoreboard_histogram { SCOREBOARD_HISTOGRAMS(SCOREBOARD_ROW) SCOREBOARD_HISTOGRAM_COUNT };
#undef SCOREBOARD_ROW
#define SCOREBOARD_ROW(constant, name, help) SCOREBOARD_TEXT_##constant,
enum scoreboard_text { SCOREBOARD_TEXTS(SCOREBOARD_ROW) SCOREBOARD_TEXT_COUNT };
#undef SCOREBOARD_ROW

#define SCOREBOARD_THREADS_MAX       256
#define SCOREBOARD_BUCKETS           216  /* four a power of two; the last begins at 7 * 2^52, a year in nanoseconds */
#define SCOREBOARD_BATCH_MAX         1024 /* events of one batch that a note can name; the rest is only counted */
#define SCOREBOARD_PARTITIONS        1024
#define SCOREBOARD_TICKETS           32768
#define SCOREBOARD_METRICS           64 /* a plugin's own, all types */
#define SCOREBOARD_METRIC_HISTOGRAMS 8  /* of these, histograms */
#define SCOREBOARD_TEXT_MAX          512
#define SCOREBOARD_NAME_MAX          256
#define SCOREBOARD_NO_ROW            UINT32_MAX

enum scoreboard_partition_state {
        SCOREBOARD_PARTITION_NONE,
        SCOREBOARD_PARTITION_ASSIGNED, /* waits for its committed offset and map */
        SCOREBOARD_PARTITION_READING,
        SCOREBOARD_PARTITION_FULL, /* its share of the budget is used up; not read now */
        SCOREBOARD_PARTITION_REVOKED,
        SCOREBOARD_PARTITION_STATE_COUNT
};

enum scoreboard_metric_type { SCOREBOARD_METRIC_COUNTER, SCOREBOARD_METRIC_GAUGE, SCOREBOARD_METRIC_HISTOGRAM };

/* An event's place: the row of its partition (scoreboard_partition_row) and its offset. */
struct scoreboard_position {
        uint32_t row;
        int64_t offset;
};

struct scoreboard_hist {
        _Atomic uint64_t sum;
        _Atomic uint64_t buckets[SCOREBOARD_BUCKETS];
};

/* What one pool thread is handling. `seq` is odd while it is being written. `count` 0: nothing. */
struct scoreboard_note {
        _Atomic uint64_t seq;
        _Atomic int64_t since; /* clock_now() */
        _Atomic uint32_t handler;
        _Atomic uint32_t count;
        _Atomic uint32_t rows[SCOREBOARD_BATCH_MAX];
        _Atomic int64_t offsets[SCOREBOARD_BATCH_MAX];
};

struct scoreboard_writer {
        _Alignas(64) _Atomic uint64_t counters[SCOREBOARD_COUNTER_COUNT];
        _Atomic uint64_t metrics[SCOREBOARD_METRICS];
        struct scoreboard_hist histograms[SCOREBOARD_HISTOGRAM_COUNT];
        struct scoreboard_hist metric_histograms[SCOREBOARD_METRIC_HISTOGRAMS];
        _Alignas(64) struct scoreboard_note note;
};

struct scoreboard_segment; /* the whole; scoreboard_layout.h, for the room's own files */

struct scoreboard {
        uint32_t magic;
        uint32_t threads;
        struct scoreboard_segment *segment;
        struct scoreboard_writer *writers; /* threads + 2; the last: all other threads */
        size_t size;
        pthread_mutex_t lock; /* texts and the table of metrics, within this process */
};

/* -- the worker's side: maps the descriptor (which stays the caller's) for writing. */
bool scoreboard_map(struct scoreboard **sb, int fd, struct pawl_error *err);
void scoreboard_unmap(struct scoreboard **sb);

/* A scoreboard in private memory: `--foreground`, trials, tests. */
bool scoreboard_private(struct scoreboard **sb, unsigned threads, struct pawl_error *err);

/* Main thread, first: notes the process, and clears notes, gauges, partitions, tickets and texts of an earlier life. */
void scoreboard_begin(struct scoreboard *sb, const char *plugin, unsigned instance);

/* -- counting: relaxed load and store by the array's one writer. */
static inline unsigned scoreboard_other(const struct scoreboard *sb)
{
        return sb->threads + 1;
}

static inline void scoreboard_cell_add(const struct scoreboard *sb, unsigned writer, _Atomic uint64_t *cell, uint64_t n)
{
        if (writer <= sb->threads)
                atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + n, memory_order_relaxed);
        else
                atomic_fetch_add_explicit(cell, n, memory_order_relaxed);
}

static inline void scoreboard_add(struct scoreboard *sb, unsigned writer, enum scoreboard_counter counter, uint64_t n)
{
        scoreboard_cell_add(sb, writer, &sb->writers[writer].counters[counter], n);
}

/* Values up to 3 have a bucket each, then four buckets a power of two. */
static inline unsigned scoreboard_bucket(uint64_t value)
{
        unsigned exponent, bucket;

        if (value < 4)
                return (unsigned)value;
        exponent = 63u - (unsigned)__builtin_clzll(value);
        bucket = (exponent - 1) * 4 + (unsigned)((value >> (exponent - 2)) & 3);
        return bucket < SCOREBOARD_BUCKETS ? bucket : SCOREBOARD_BUCKETS - 1;
}

static inline void scoreboard_hist_add(const struct scoreboard *sb, unsigned writer, struct scoreboard_hist *hist,
                                       int64_t ns)
{
        uint64_t value = ns < 0 ? 0 : (uint64_t)ns; /* wall clocks may disagree */

        scoreboard_cell_add(sb, writer, &hist->buckets[scoreboard_bucket(value)], 1);
        scoreboard_cell_add(sb, writer, &hist->sum, value);
}

static inline void scoreboard_observe(struct scoreboard *sb, unsigned writer, enum scoreboard_histogram h, int64_t ns)
{
        scoreboard_hist_add(sb, writer, &sb->writers[writer].histograms[h], ns);
}

/* Main thread. */
void scoreboard_gauge(struct scoreboard *sb, enum scoreboard_gauge gauge, int64_t value);

/* -- notes of what is being handled, for the blame after a crash. By the thread itself; `writer` 1..threads. Every store is a
 * release, so that a reader who sees a new value sees the odd `seq` too. */
static inline void scoreboard_note_event(struct scoreboard *sb, unsigned writer, struct scoreboard_position at,
                                         uint32_t handler, int64_t now)
{
        struct scoreboard_note *n = &sb->writers[writer].note;
        uint64_t seq = atomic_load_explicit(&n->seq, memory_order_relaxed);

        atomic_store_explicit(&n->seq, seq + 1, memory_order_relaxed);
        atomic_store_explicit(&n->rows[0], at.row, memory_order_release);
        atomic_store_explicit(&n->offsets[0], at.offset, memory_order_release);
        atomic_store_explicit(&n->handler, handler, memory_order_release);
        atomic_store_explicit(&n->since, now, memory_order_release);
        atomic_store_explicit(&n->count, 1, memory_order_release);
        atomic_store_explicit(&n->seq, seq + 2, memory_order_release);
}

static inline void scoreboard_note_idle(struct scoreboard *sb, unsigned writer)
{
        atomic_store_explicit(&sb->writers[writer].note.count, 0, memory_order_release);
}

void scoreboard_note_batch(struct scoreboard *sb, unsigned writer, const struct scoreboard_position *at, uint32_t count,
                           uint32_t handler, int64_t now);

/* A ticket's note, by its slot in the worker's table; slots beyond SCOREBOARD_TICKETS are not noted. One thread a slot at a time. */
void scoreboard_ticket(struct scoreboard *sb, uint32_t slot, struct scoreboard_position at, uint32_t handler,
                       int64_t now);
void scoreboard_ticket_clear(struct scoreboard *sb, uint32_t slot);

/* In a fatal signal's handler: which signal, and which writer (scoreboard_other: a thread that is none of ours). Async-signal-safe;
 * the first call stays. */
void scoreboard_fatal(struct scoreboard *sb, unsigned writer, int signal_number);

/* -- partitions. Main thread. A row is found or taken once for a topic and partition, and keeps its index for the process's
 * life; SCOREBOARD_NO_ROW when the table is full (then nothing is shown of that partition; all functions take it). */
uint32_t scoreboard_partition_row(struct scoreboard *sb, const char *topic, int32_t partition);
void scoreboard_partition_state(struct scoreboard *sb, uint32_t row, enum scoreboard_partition_state state);

/* Next offset to read, committed offset, end of the log (-1: unknown each), events in hand. */
void scoreboard_partition_set(struct scoreboard *sb, uint32_t row, int64_t position, int64_t committed, int64_t log_end,
                              int64_t in_hand);

/* -- texts: any thread; cut to SCOREBOARD_TEXT_MAX - 1 bytes. */
void scoreboard_text_set(struct scoreboard *sb, enum scoreboard_text which, const char *text);

/* -- the plugin's own metrics. Declared by its name once a generation: the same name and type get the same index again. `name` is
 * [a-z_][a-z0-9_]*. False when the table is full or the name has another type. Any thread. */
bool scoreboard_metric_declare(struct scoreboard *sb, const char *name, enum scoreboard_metric_type type,
                               const char *help, uint32_t *index, struct pawl_error *err);
void scoreboard_metric_add(struct scoreboard *sb, unsigned writer, uint32_t index, uint64_t n); /* counter */
void scoreboard_metric_set(struct scoreboard *sb, uint32_t index, double value);                /* gauge; any thread */
void scoreboard_metric_observe(struct scoreboard *sb, unsigned writer, uint32_t index, int64_t ns); /* histogram */

#endif
