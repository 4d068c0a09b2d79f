/*
 * How long each request may stand in its state. A deadline is a row, written in the transaction that leads the request to the
 * state, and ended in the one that leads it away; the tick looks for those that are over. It marks the row as missed, and adds the
 * events that tell of it to the outbox, in one transaction: so each fires once, over all instances that share the file, restarts
 * and crashes.
 *
 * One thread at a time a database. Functions fail as those of common/db.h do.
 */
#ifndef WORKFLOW_DEADLINES_H
#define WORKFLOW_DEADLINES_H

#include "rules.h"

#include "common/db.h"

/* The request came to that state at `entered`, which was handled at `now`. Without a deadline for the state it does nothing. */
struct deadline_start {
        int64_t request_id;
        enum state state;
        int64_t entered;
        int64_t now;
        struct pawl_str correlation_id; /* which the events that tell of it get; may be absent */
};
bool deadlines_start(struct db *db, const struct rules *rules, const struct deadline_start *start);

/* The request left its state. */
bool deadlines_end(struct db *db, int64_t request_id, int64_t time);

/*
 * Is the event of that id an assignment of ours because that request's deadline was missed? 1: yes; 0: no; -1: failed. *current: the
 * request still stands in the state that it was about.
 */
int deadlines_escalation(struct db *db, struct pawl_str event_id, int64_t request_id, bool *current);

/* Marks what is over at `now` as missed and tells of it; *missed counts. In transactions of its own. */
bool deadlines_fire(struct pawl_ctx *ctx, struct db *db, const struct rules *rules, int64_t now, uint64_t *missed);

/* A request's deadlines from the first: begin, then next until it gives 0 or -1. Times: -1 is none. */
struct deadline {
        enum state state;
        int64_t entered;
        int64_t due;
        int64_t ended;
        int64_t missed;
        int64_t escalated_to;
};
bool deadlines_begin(struct db *db, int64_t request_id);
int deadlines_next(struct db *db, struct deadline *deadline);

#endif
