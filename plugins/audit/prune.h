/*
 * What retention does to a chain, in slices of one short transaction each. Under the chain's law: one thread at a time.
 *
 * A topic's old entries are cleared: key, value and everything by which they are found go, place and hashes stay, and an entry of the chain's own
 * tells which ones (record.h). When nothing but such remains are left at the chain's beginning, they are removed, and an anchor tells so.
 */
#ifndef AUDIT_PRUNE_H
#define AUDIT_PRUNE_H

#include "chain.h"
#include "key.h"

/* A topic under retention. */
struct prune_topic {
        char name[256];
        int64_t keep; /* nanoseconds */
        int64_t done; /* up to which number nothing is left to be cleared; -1: not read yet */
};

/*
 * Clears the next of the topic's entries that were recorded before `now` - keep. *entries is how many; *more: there may be more at once.
 * False: chain_error says why, and nothing was changed.
 */
bool prune_topic(struct chain *chain, struct prune_topic *topic, int64_t now, const struct key *key, int64_t *entries,
                 bool *more);

/* Removes the chain's first block if it is all remains. *entries is how many went, 0: none. */
bool prune_anchor(struct chain *chain, int64_t now, const struct key *key, int64_t *entries);

#endif
