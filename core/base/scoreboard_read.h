/*
 * The master's side of the scoreboard: creating segments and reading them. The worker that writes may be broken or hostile, so
 * nothing that stands in the segment decides what is read: sizes are those of the creation, every index and name is checked, every
 * text is copied out. Main thread of the master.
 */
#ifndef PAWL_BASE_SCOREBOARD_READ_H
#define PAWL_BASE_SCOREBOARD_READ_H

#include "base/scoreboard.h"

#include <sys/types.h>

/* A reader's handle; the descriptor (close-on-exec) is what a worker gets. */
struct scoreboard_reader;

bool scoreboard_create(struct scoreboard_reader **reader, unsigned threads, struct pawl_error *err);

/* Reads what this process itself writes (`--foreground`, tests); the scoreboard must outlive the reader. */
struct scoreboard_reader *scoreboard_reader_of(const struct scoreboard *sb);
void scoreboard_reader_free(struct scoreboard_reader **reader);
int scoreboard_reader_fd(const struct scoreboard_reader *reader);
unsigned scoreboard_reader_threads(const struct scoreboard_reader *reader);

/* Names and help texts of the rows, in the order of the enums; index below the COUNT. */
struct scoreboard_row {
        const char *name;
        const char *help;
};
extern const struct scoreboard_row scoreboard_counter_rows[SCOREBOARD_COUNTER_COUNT];
extern const struct scoreboard_row scoreboard_gauge_rows[SCOREBOARD_GAUGE_COUNT];
extern const struct scoreboard_row scoreboard_histogram_rows[SCOREBOARD_HISTOGRAM_COUNT];
extern const struct scoreboard_row scoreboard_text_rows[SCOREBOARD_TEXT_COUNT];

/* -- totals: sums over a segment's writers. Reading *adds*, so that the totals of a worker's dead processes and of the living one
 * make one series that never goes back: read each dead process's segment once, keep the result, add the living one to a copy. A big struct: not
 * for the stack. */
struct scoreboard_sum {
        uint64_t count;
        double sum; /* nanoseconds */
        uint64_t buckets[SCOREBOARD_BUCKETS];
};

struct scoreboard_metric {
        char name[64];
        char help[192];
        enum scoreboard_metric_type type;
        uint64_t counter;
        double gauge;
        struct scoreboard_sum histogram; /* only for SCOREBOARD_METRIC_HISTOGRAM */
};

struct scoreboard_totals {
        uint64_t counters[SCOREBOARD_COUNTER_COUNT];
        int64_t gauges[SCOREBOARD_GAUGE_COUNT]; /* replaced, not added: of the segment read last */
        struct scoreboard_sum histograms[SCOREBOARD_HISTOGRAM_COUNT];
        struct scoreboard_metric
            metrics[SCOREBOARD_METRICS]; /* matched by name; counters and histograms added, gauges replaced */
        uint32_t metric_count;
};

void scoreboard_read(const struct scoreboard_reader *reader, struct scoreboard_totals *totals);

/* The first value above a bucket (its upper bound, exclusive); the last bucket's is UINT64_MAX. */
uint64_t scoreboard_bucket_bound(unsigned bucket);

/* An upper estimate of the quantile (0..1), within an eighth to a quarter of the value; 0 without observations. */
uint64_t scoreboard_quantile(const struct scoreboard_sum *sum, double q);

/* -- who writes */
struct scoreboard_identity {
        char plugin[SCOREBOARD_NAME_MAX];
        uint32_t instance;
        pid_t pid;        /* 0: nobody has begun */
        int64_t since;    /* clock_now() of scoreboard_begin */
        int fatal_signal; /* 0: none noted */
        uint32_t fatal_writer;
};
void scoreboard_read_identity(const struct scoreboard_reader *reader, struct scoreboard_identity *identity);

/* Copies a text, valid UTF-8 without control characters, always NUL-terminated; "" if none. False if it could not be read
 * untorn (its writer died within it); then "" too. */
bool scoreboard_read_text(const struct scoreboard_reader *reader, enum scoreboard_text which,
                          char out[static SCOREBOARD_TEXT_MAX]);

/* -- partitions: index from 0 while below the count. False for a row that is not (or not validly) filled. */
struct scoreboard_partition {
        char topic[SCOREBOARD_NAME_MAX];
        int32_t partition;
        enum scoreboard_partition_state state;
        int64_t position;
        int64_t committed;
        int64_t log_end;
        int64_t in_hand;
};
uint32_t scoreboard_partition_count(const struct scoreboard_reader *reader);
bool scoreboard_read_partition(const struct scoreboard_reader *reader, uint32_t row, struct scoreboard_partition *out);
const char *scoreboard_partition_state_name(enum scoreboard_partition_state state);

/* -- notes: what was (or is) being handled, threads first, then tickets. */
struct scoreboard_in_hand {
        unsigned writer; /* 1..threads; 0: a ticket */
        uint32_t handler;
        int64_t since;
        uint32_t count; /* events noted in `at`; 1 for a ticket */
        bool torn;      /* its writer died while it wrote the note: the content is not to be trusted */
        struct scoreboard_position at[SCOREBOARD_BATCH_MAX];
};

/* The thread's note; false: it handles nothing. `writer` 1..threads. */
bool scoreboard_read_note(const struct scoreboard_reader *reader, unsigned writer, struct scoreboard_in_hand *out);

/* Calls `each` for every ticket that is out. */
void scoreboard_read_tickets(const struct scoreboard_reader *reader,
                             void (*each)(void *arg, const struct scoreboard_in_hand *ticket), void *arg);

#endif
