/*
 * Each request's history, and what was emitted for each event of it (common/emissions.h). An event of the history is an event that was handled; its line
 * and everything that the event changed are written in one transaction.
 *
 * One thread at a time. Functions fail as those of common/db.h do.
 */
#ifndef WORKFLOW_HISTORY_H
#define WORKFLOW_HISTORY_H

#include "common/states.h"

#include "common/db.h"

/* A line of a request's history. */
struct happening {
        struct pawl_str source; /* what names the event: its event_id, or topic/partition/offset where it has none */
        int64_t request_id;
        struct pawl_str event_type;
        enum state from;
        enum state to;
        struct pawl_str note; /* for people; may be absent */
        int64_t time;         /* Kafka's, of the event; nanoseconds since 1970; -1: none */
        struct pawl_str who;  /* "manager 101"; absent: the event does not say */
};

/* Adds a line; *number is its own, which emissions refer to. */
bool history_add(struct db *db, const struct happening *happening, int64_t *number);

/*
 * The line of that event: 1, with its number, request and type, which live until history_end; 0: the event was not handled yet; -1: failed.
 */
int history_find(struct db *db, struct pawl_str source, struct happening *happening, int64_t *number);
void history_end(struct db *db);

/* A request's lines from the first: begin, then next until it gives 0 or -1. */
bool history_begin(struct db *db, int64_t request_id);
int history_next(struct db *db, struct happening *happening);

/* Did that event of that request cause one of this type, at that time? 1: yes; 0: no; -1: failed. */
int emissions_own(struct db *db, struct pawl_str source, int64_t request_id, struct pawl_str event_type,
                  struct pawl_str timestamp);

#endif
