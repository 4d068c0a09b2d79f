/*
 * What the gateway remembers across its death: the answers that it gave (for a repeat within 24 h), and how far the numbers of new requests have been
 * given out. One SQLite file, one thread that writes it, in groups: whoever waits for a row waits for one sync of many.
 *
 * An answer goes out before its row is written. If the process dies in between, a repeat publishes the event again, under the same event_id, by
 * which those who read it know it. Only a number from the sequence must be written before it is used: a repeat must get the same one.
 */
#ifndef GATEWAY_JOURNAL_H
#define GATEWAY_JOURNAL_H

#include "common/db.h"

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_KEY  16
#define JOURNAL_KEPT PAWL_S(24 * 3600)
#define JOURNAL_MAX  200000 /* rows that wait to be written; beyond it what has a key is refused */

/* One key (an event_id or an Idempotency-Key of one caller) and what its first use came to. */
struct journal_row {
        struct journal_row *next;
        unsigned char key[JOURNAL_KEY];
        unsigned char print[JOURNAL_KEY]; /* what was asked */
        int64_t time;                     /* nanoseconds since 1970 */
        int64_t request_id;               /* -1: none */
        unsigned status;                  /* of the answer; 0: only the number is taken yet */
        char *body;                       /* of the answer; NULL: none */
};

struct journal;

/* Looks at the file without touching it. False: `error` says why it cannot be used. */
bool journal_check(const char *path, char *error, size_t error_size);

/* Opens the file; where that fails, its thread tries again. `wake(arg)`: journal_written or journal_block has something; on the journal's thread. */
struct journal *journal_open(struct pawl_instance *instance, const char *path, void (*wake)(void *arg), void *arg);
void journal_start(struct journal *journal);

/* Writes what was put, ends the thread, frees all. `first`, `next`: numbers from `next` on were not given out (-1: nothing to give back). Accepts NULL. */
void journal_stop(struct journal **journal, int64_t first, int64_t next);

/* ---- The http thread: ---- */

/* Takes the row over. `urgent`: somebody waits for it. */
void journal_put(struct journal *journal, struct journal_row *row, bool urgent);

/* The rows that stand in the file since the last call; the caller's now. */
struct journal_row *journal_written(struct journal *journal);

/* How many were put and not given back. */
size_t journal_waiting(struct journal *journal);

/* 1: found, *row filled in (its body to be freed); 0: not found; -1: the file cannot be read now. */
int journal_find(struct journal *journal, const unsigned char key[JOURNAL_KEY], struct journal_row *row);

/* Asks for `count` numbers from first to last (before journal_start: has them when it returns); journal_block gives them: *begin to *end - 1, none when the range is used up. */
void journal_want_block(struct journal *journal, int64_t first, int64_t last, int64_t count);
bool journal_block(struct journal *journal, int64_t *begin, int64_t *end);

void journal_row_free(struct journal_row *row);

#endif
