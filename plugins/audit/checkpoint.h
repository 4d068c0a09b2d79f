/*
 * Signed checkpoints: at that time the chain's entry of that number had that hash. Each stands in the chain's file and at the end of
 * checkpoints.ndjson, which is to be copied to another machine: a chain that was computed anew does not fit to them.
 */
#ifndef AUDIT_CHECKPOINT_H
#define AUDIT_CHECKPOINT_H

#include "chain.h"
#include "record.h"

#define CHECKPOINT_FILE "checkpoints.ndjson"

/* When the last one was made; *time is -1 where there is none. False: chain_error says why. */
bool checkpoint_last(struct chain *chain, int64_t *time);

/*
 * Makes one of the chain's head. The caller has filled in chain (the file's name), host and time; number and hash come back. False: the reason is in
 * `error`; then it may stand in `folder`'s file, and not yet in the chain's.
 */
bool checkpoint_make(struct chain *chain, const struct key *key, const char *folder, struct checkpoint_record *record,
                     char *error, size_t error_size);

#endif
