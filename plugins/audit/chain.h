/*
 * The hash-chained log in its file: entries are appended, and never changed but by retention (prune.h). A head record holds the last entry's
 * number and hash, so that entries cut off at the end are missed.
 *
 * One chain has one writer: whoever has it open holds the lock file beside it, in whatever process. One thread at a time.
 */
#ifndef AUDIT_CHAIN_H
#define AUDIT_CHAIN_H

#include "entry.h"

#include "common/db.h"

struct chain;

/* What became of an entry. */
enum chain_fate {
        CHAIN_APPENDED,
        CHAIN_REPEATED,      /* the same bytes from the same position are there: nothing was written */
        CHAIN_CONTRADICTION, /* other bytes from the same position are there: appended too, as a variant */
        CHAIN_CONTRADICTION_REPEATED,
        CHAIN_FATES
};

/* The schema and the writer's statements; readers take the schema's part (chain_read). */
extern const struct db_design chain_design;

/*
 * Takes the lock (at once or not at all), opens the file, making or migrating it. NULL: the reason is in `error`, and *result is what a
 * handler should return: PAWL_UNAVAILABLE while another holds the chain.
 */
struct chain *chain_open(const char *path, char *error, size_t error_size, pawl_result *result);
void chain_close(struct chain **chain);

/* How many entries were ever appended to the chain. */
int64_t chain_length(const struct chain *chain);

/* The number and hash of the last entry that is committed. */
int64_t chain_head(const struct chain *chain, unsigned char hash[HASH_SIZE]);

/* What went wrong last, in words. */
const char *chain_error(const struct chain *chain);

/*
 * A batch: begin, any number of entries, commit. After a failure of any of the three nothing of the batch was kept, and chain_outcome is what
 * the handler should return. `recorded` is the wall clock.
 */
bool chain_begin(struct chain *chain);
bool chain_append(struct chain *chain, const struct entry *entry, int64_t recorded, enum chain_fate *fate);
bool chain_commit(struct chain *chain);
pawl_result chain_outcome(struct chain *chain, struct pawl_ctx *ctx);

#endif
