/*
 * The requests, as rows: their state, who has them, what is known of them.
 *
 * One thread at a time. Functions fail as those of common/db.h do.
 */
#ifndef WORKFLOW_REQUESTS_H
#define WORKFLOW_REQUESTS_H

#include "common/states.h"

#include "common/db.h"

struct request {
        int64_t id;
        enum state state; /* STATE_UNKNOWN: there is no row */
        int64_t customer_id;
        int64_t manager_id;        /* -1: none yet */
        int64_t contractor_id;     /* -1: none yet */
        int64_t chosen_manager_id; /* whom this plugin chose */
        struct pawl_str title;     /* when loaded, the strings live until requests_end */
        struct pawl_str region;
        struct pawl_str urgency;
        struct pawl_str priority;
        struct pawl_str equipment;    /* absent: not said */
        struct pawl_str own_priority; /* which its producer gave it; absent: none */
        int64_t entered;              /* Kafka's time of the event that led to the state; -1: none */
};

/* The request of that id; STATE_UNKNOWN where there is none. End with requests_end, also after a failure. */
bool requests_load(struct db *db, int64_t id, struct request *request);
void requests_end(struct db *db);

bool requests_insert(struct db *db, const struct request *request);
bool requests_set_state(struct db *db, int64_t id, enum state state, int64_t entered);
bool requests_set_manager(struct db *db, int64_t id, int64_t manager_id);
bool requests_set_contractor(struct db *db, int64_t id, int64_t contractor_id);

/* Its title, urgency, equipment and priorities. */
bool requests_set_details(struct db *db, const struct request *request);

/* Which requests to list. */
struct request_filter {
        struct pawl_str state; /* absent: all that are not final */
        int64_t manager_id;    /* -1: anybody's */
        int64_t overdue_at;    /* whose deadline is over at this moment; -1: all */
        int64_t limit;
};

struct request_line {
        struct request request; /* id, state, manager_id (who was chosen, before he has it), priority, entered, title */
        int64_t due;            /* -1: none */
};

/* Those that have been in their state the longest come first: begin, then next until it gives 0 or -1. */
bool requests_list_begin(struct db *db, const struct request_filter *filter);
int requests_list_next(struct db *db, const struct request_filter *filter, struct request_line *line);

/* A state as it stands in a column; for the other tables too. */
struct db_value requests_state_value(enum state state);
enum state requests_column_state(struct db *db, int statement, int column);

#endif
