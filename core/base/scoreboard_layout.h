/* How a scoreboard's segment lies in memory; only the room's own files include it. The version stands for every struct here and in
 * scoreboard.h, and for the tables: both sides are always of one build, and refuse another. */
#ifndef PAWL_BASE_SCOREBOARD_LAYOUT_H
#define PAWL_BASE_SCOREBOARD_LAYOUT_H

#include "base/scoreboard.h"

#define SCOREBOARD_MAGIC   0x50615763u
#define SCOREBOARD_VERSION 1u

/* Texts are words, so that reading while another process writes is defined, and torn only as seq tells. */
#define SCOREBOARD_TEXT_WORDS (SCOREBOARD_TEXT_MAX / sizeof(uint64_t))
#define SCOREBOARD_NAME_WORDS (SCOREBOARD_NAME_MAX / sizeof(uint64_t))

struct scoreboard_text_cell {
        _Atomic uint64_t seq; /* odd while it is being written */
        _Atomic uint64_t words[SCOREBOARD_TEXT_WORDS];
};

/* `used` is stored last, and topic and partition never change after it. */
struct scoreboard_partition_cell {
        _Atomic uint32_t used;
        _Atomic uint32_t state;
        _Atomic int32_t partition;
        _Atomic int64_t position;
        _Atomic int64_t committed;
        _Atomic int64_t log_end;
        _Atomic int64_t in_hand;
        _Atomic uint64_t topic[SCOREBOARD_NAME_WORDS];
};

struct scoreboard_ticket_cell {
        _Atomic uint64_t seq;
        _Atomic int64_t since;
        _Atomic int64_t offset;
        _Atomic uint32_t row;
        _Atomic uint32_t handler;
        _Atomic uint32_t used;
};

/* `used` is stored last; the rest never changes after it. */
struct scoreboard_metric_cell {
        _Atomic uint32_t used;
        _Atomic uint32_t type;
        _Atomic uint32_t histogram; /* which of the writers' metric_histograms */
        _Atomic uint64_t name[8];
        _Atomic uint64_t help[24];
};

/* Written once, by the master. */
struct scoreboard_head {
        uint32_t magic;
        uint32_t version;
        uint32_t threads;
        uint32_t writer_size; /* sizeof(struct scoreboard_writer): the tables' lengths are in it */
};

struct scoreboard_segment {
        struct scoreboard_head head;
        _Atomic uint32_t pid;
        _Atomic uint32_t instance;
        _Atomic int64_t since;
        _Atomic uint32_t fatal_signal;
        _Atomic uint32_t fatal_writer;
        _Atomic uint64_t plugin[SCOREBOARD_NAME_WORDS];
        _Atomic uint32_t partition_count;
        _Atomic uint32_t metric_count;
        _Atomic uint32_t ticket_top; /* no ticket was noted at or beyond it */
        _Atomic int64_t gauges[SCOREBOARD_GAUGE_COUNT];
        struct scoreboard_text_cell texts[SCOREBOARD_TEXT_COUNT];
        struct scoreboard_metric_cell metrics[SCOREBOARD_METRICS];
        struct scoreboard_partition_cell partitions[SCOREBOARD_PARTITIONS];
        struct scoreboard_ticket_cell tickets[SCOREBOARD_TICKETS];
        struct scoreboard_writer writers[]; /* threads + 2 */
};

static inline size_t scoreboard_size(unsigned threads)
{
        return sizeof(struct scoreboard_segment) + (threads + 2) * sizeof(struct scoreboard_writer);
}

/* Words from text, zero-padded, always with a NUL at the end; and back (`words` * 8 bytes). */
void scoreboard_words_store(_Atomic uint64_t *to, size_t words, const char *text);
void scoreboard_words_load(const _Atomic uint64_t *from, size_t words, char *text);

#endif
