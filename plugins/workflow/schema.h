/*
 * What workflow.db is made of: its tables, and each statement that the plugin runs on them, by name. For the files that read and write rows
 * (requests.c, history.c, managers.c, deadlines.c) and who opens the database.
 */
#ifndef WORKFLOW_SCHEMA_H
#define WORKFLOW_SCHEMA_H

#include "common/db.h"
#include "common/emissions.h"
#include "common/outbox.h"

enum {
        REQUEST_LOAD,
        REQUEST_INSERT,
        REQUEST_SET_STATE,
        REQUEST_SET_MANAGER,
        REQUEST_SET_CONTRACTOR,
        REQUEST_SET_DETAILS,
        REQUEST_LIST_OPEN,
        REQUEST_LIST_STATE,
        HISTORY_ADD,
        HISTORY_FIND,
        HISTORY_LIST,
        EMISSION_OWN,
        MANAGER_LOAD,
        MANAGER_TURN,
        DEADLINE_ADD,
        DEADLINE_END,
        DEADLINE_DUE,
        DEADLINE_MISS,
        DEADLINE_LIST,
        DEADLINE_ESCALATION,
        EMISSIONS,
        OUTBOX = EMISSIONS + EMISSIONS_STATEMENT_COUNT,
        STATEMENT_COUNT = OUTBOX + OUTBOX_STATEMENT_COUNT
};

extern const struct db_design workflow_design;

#endif
