/*
 * The inside of a chain, for what writes to it: chain.c, prune.c, checkpoint.c. Under the same law: one thread at a time.
 */
#ifndef AUDIT_CHAIN_INNER_H
#define AUDIT_CHAIN_INNER_H

#include "chain.h"

struct head {
        int64_t seq;
        unsigned char hash[HASH_SIZE];
};

struct chain {
        int lock;
        struct db *db;
        struct hasher *hasher;
        struct head head;      /* as far as this batch has come */
        struct head committed; /* as the file has it */
        const char *broken;    /* why nothing can be appended, where that is not the database's own failure; or NULL */
};

enum {
        READ_HEAD,
        WRITE_HEAD,
        APPEND,
        FIND_POSITION,
        ZERO_WHAT_GOES,
        READ_BLOCK,
        PRUNE,
        READ_DONE,
        WRITE_DONE,
        FIRST_ENTRY,
        BLOCK_WHOLE,
        READ_HASH,
        REMOVE_BLOCK,
        LAST_CHECKPOINT,
        WRITE_CHECKPOINT,
        CHAIN_STATEMENTS
};

/*
 * Appends an entry of the chain's own, within a batch, as chain_append does: `topic` is one that no Kafka topic can have, the offset the
 * entry's own number, which is given back.
 */
bool chain_append_record(struct chain *chain, const char *topic, const char *type, struct pawl_str text,
                         int64_t recorded, int64_t *seq);

#endif
