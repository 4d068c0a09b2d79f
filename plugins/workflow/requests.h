/*
 * The requests, as rows: their state, their history, and what was emitted for each event of it. An event of the history is an event
 * that was handled; the history's row and everything that the event changed are written in one transaction.
 *
 * One thread at a time. Functions fail as those of common/db.h do.
 */
#ifndef WORKFLOW_REQUESTS_H
#define WORKFLOW_REQUESTS_H

#include "states.h"

#include "common/db.h"

extern const struct db_design requests_design;

struct request {
        int64_t id;
        enum state state; /* STATE_UNKNOWN: there is no row */
        int64_t customer_id;
        int64_t manager_id;        /* -1: none yet */
        int64_t contractor_id;     /* -1: none yet */
        int64_t chosen_manager_id; /* whom this plugin chose, */
        int64_t chosen_by;         /* and in whose name: by these two it knows its own decision again */
        struct pawl_str title;     /* when loaded, the strings live until requests_end */
        struct pawl_str region;
        struct pawl_str urgency;
        struct pawl_str priority;
};

/* A line of a request's history. */
struct happening {
        struct pawl_str source; /* what names the event: its event_id, or topic/partition/offset where it has none */
        int64_t request_id;
        struct pawl_str event_type;
        enum state from;
        enum state to;
        struct pawl_str note; /* for people; may be absent */
        int64_t time;         /* Kafka's, of the event; nanoseconds since 1970; -1: none */
};

struct emission {
        struct pawl_str topic;
        struct pawl_str event_type;
        struct pawl_str key;
        struct pawl_str body;
};

/* The request of that id; STATE_UNKNOWN where there is none. End with requests_end, also after a failure. */
bool requests_load(struct db *db, int64_t id, struct request *request);
void requests_end(struct db *db);

bool requests_insert(struct db *db, const struct request *request);
bool requests_set_state(struct db *db, int64_t id, enum state state);
bool requests_set_manager(struct db *db, int64_t id, int64_t manager_id);
bool requests_set_contractor(struct db *db, int64_t id, int64_t contractor_id);
bool requests_set_urgency(struct db *db, int64_t id, struct pawl_str urgency, struct pawl_str priority);

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

/* What a line's event caused to be emitted, in its order. */
bool emissions_add(struct db *db, int64_t number, int64_t ordinal, const struct emission *emission);
bool emissions_begin(struct db *db, int64_t number);
int emissions_next(struct db *db, struct emission *emission);
void emissions_end(struct db *db);

#endif
