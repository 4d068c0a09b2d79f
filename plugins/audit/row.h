/*
 * An entry as a row of the log, read back.
 */
#ifndef AUDIT_ROW_H
#define AUDIT_ROW_H

#include "entry.h"

#include "common/db.h"

/* What a query must select, in this order, for row_read. */
#define ROW_COLUMNS                                                                                                    \
        "seq, hash, event_hash, recorded, variant, topic, partition, offset, time, event_type, event_id, "             \
        "correlation_id, request_id, user_id, key, value, pruned"

/*
 * Reads the present row; the strings live until the next one. False when a hash has not the size of one: it is zero then, and the rest is
 * read all the same.
 */
bool row_read(struct db *db, int statement, struct entry *entry, struct link *link);

#endif
