/*
 * When which entries go: passes over the topics that the settings name, in slices. One thread at a time.
 */
#ifndef AUDIT_RETENTION_H
#define AUDIT_RETENTION_H

#include "prune.h"

struct retention;

/* From the setting `retention`, which has a topic's duration by its name. NULL after pawl_fail. */
struct retention *retention_new(struct pawl_instance *instance);
void retention_free(struct retention **retention);

/* Is any topic named? */
bool retention_any(const struct retention *retention);

/* What a slice did. */
struct retention_work {
        int64_t cleared;
        int64_t removed;
        bool more; /* the pass goes on */
};

/* One short transaction, or none: the next slice of a pass, of which one begins every day. False: chain_error says why; it will be tried again. */
bool retention_slice(struct retention *retention, struct chain *chain, const struct key *key,
                     struct retention_work *work);

#endif
