/*
 * The inside of one verification, for its two parts: the walk along the chain (verify.c), and what the chain's own records and checkpoints
 * must agree with (verify_records.c). One thread.
 */
#ifndef AUDIT_VERIFY_INNER_H
#define AUDIT_VERIFY_INNER_H

#include "record.h"
#include "verify.h"

#include "common/db.h"

enum {
        VERIFY_BEGIN,
        VERIFY_END,
        VERIFY_HEAD,
        VERIFY_ANCHOR,
        VERIFY_ENTRIES,
        VERIFY_RECORD,
        VERIFY_PRUNED,
        VERIFY_CHECKPOINTS,
        VERIFY_HASH,
        VERIFY_STATEMENTS
};

/* A record of which cleared entries speak. Neighbours of several topics speak of several, in turn: the last ones are kept. */
#define TOLD_KEPT 16

struct told {
        int64_t by; /* its number; 0: none is kept here */
        bool is;    /* it is a record of that kind */
        struct prune_record record;
        int64_t recorded;
};

struct verification {
        const struct verify_options *options;
        struct db *db;
        const char *name; /* of the chain's file, without its folder */
        struct hasher *hasher;
        struct verdict *verdict;
        verify_fault_fn *fault;
        void *arg;
        bool ended;   /* whoever asked wants no more */
        bool failed;  /* the database did, in the midst of an entry: db_error says why */
        int64_t next; /* the number that the next entry must have */
        bool linked;  /* `previous` is the hash of entry next - 1 */
        unsigned char previous[HASH_SIZE];
        struct anchor_record anchor; /* seq 0: none */
        struct told told[TOLD_KEPT]; /* by their number, modulo */
};

PAWL_PRINTF(2, 3) void verify_report(struct verification *v, const char *fmt, ...);

/* An entry that is marked as cleared: does it hold nothing, and does a record tell of it? */
void verify_cleared(struct verification *v, const struct entry *e, const struct link *link);

/* One of the chain's own entries: is it signed, and does a prune's digest fit to the entries that it names? */
void verify_record(struct verification *v, const struct entry *e, const struct link *link);

/* All checkpoints against the chain, which was walked already. False: the reason is in `error`. */
bool verify_checkpoints(struct verification *v, char *error, size_t error_size);

#endif
