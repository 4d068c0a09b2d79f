/*
 * What the chain says about itself: its own entries, which tell of what retention took, and the checkpoints, which stand beside it. Signed JSON.
 *
 *     chain/prune       {"type":"prune","topic":"…","first":1,"last":1000,"entries":400,"retention":NANOSECONDS,"digest":"HEX", …}
 *     chain/anchor      {"type":"anchor","seq":1000,"hash":"HEX", …}
 *     (the table)       {"type":"checkpoint","chain":"audit.db","host":"…","seq":1234,"hash":"HEX","time":"…", …}
 *
 * A *prune* entry names the entries from `first` to `last` of a topic that were cleared, all older than `retention` when it was recorded:
 * they keep place, position, times and event hash. The digest is a SHA-256 over these, so that none is added, left out or relabelled
 * afterwards. An *anchor* entry tells that all entries up to `seq`, whose hash is given, were removed.
 */
#ifndef AUDIT_RECORD_H
#define AUDIT_RECORD_H

#include "entry.h"
#include "key.h"

#define PRUNE_TOPIC  "chain/prune"
#define PRUNE_TYPE   "chain.pruned"
#define ANCHOR_TOPIC "chain/anchor"
#define ANCHOR_TYPE  "chain.anchored"

/* A prune entry's range stands within one of these blocks, and an anchor at the end of one: no anchor cuts through a range. */
#define RECORD_BLOCK 1000

struct prune_record {
        char topic[256];
        int64_t first;
        int64_t last;
        int64_t entries;
        int64_t retention; /* nanoseconds */
        unsigned char digest[HASH_SIZE];
};

struct anchor_record {
        int64_t seq;
        unsigned char hash[HASH_SIZE];
};

struct checkpoint_record {
        char chain[256];
        char host[256];
        int64_t seq;
        unsigned char hash[HASH_SIZE];
        int64_t time; /* nanoseconds since 1970 */
};

/* Signed texts, to be freed; NULL when memory is out. */
char *record_write_prune(const struct prune_record *record, const struct key *key);
char *record_write_anchor(const struct anchor_record *record, const struct key *key);
char *record_write_checkpoint(const struct checkpoint_record *record, const struct key *key);

/* False when the text is no such record. The signature is not looked at: key_signed. */
bool record_read_prune(struct pawl_str text, struct prune_record *record);
bool record_read_anchor(struct pawl_str text, struct anchor_record *record);
bool record_read_checkpoint(struct pawl_str text, struct checkpoint_record *record);

#endif
