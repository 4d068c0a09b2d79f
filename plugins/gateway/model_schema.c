#include "model_private.h"

static const char *const migrations[] = {
    "CREATE TABLE request ("
    "  request_id INTEGER PRIMARY KEY,"
    "  state TEXT NOT NULL,"
    "  priority TEXT NOT NULL,"
    "  customer_id INTEGER,"
    "  manager_id INTEGER,"
    "  contractor_id INTEGER,"
    "  details TEXT NOT NULL,"
    "  created INTEGER NOT NULL,"
    "  updated INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE happening ("
    "  number INTEGER PRIMARY KEY,"
    "  source TEXT NOT NULL UNIQUE,"
    "  request_id INTEGER NOT NULL,"
    "  time INTEGER NOT NULL,"
    "  event_type TEXT NOT NULL,"
    "  event_id TEXT,"
    "  correlation_id TEXT,"
    "  event_source TEXT,"
    "  topic TEXT NOT NULL,"
    "  partition INTEGER NOT NULL,"
    "  offset INTEGER NOT NULL,"
    "  person INTEGER,"
    "  from_state TEXT,"
    "  to_state TEXT,"
    "  waits INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX happening_request ON happening (request_id, time);",
};

static const char *const statements[MODEL_STATEMENTS] = {
    [MODEL_TOUCH] = "INSERT INTO request (request_id, state, priority, details, created, updated)"
                    " VALUES (?1, 'unknown', '', '{}', 0, ?2)"
                    " ON CONFLICT (request_id) DO UPDATE SET updated = max(updated, ?2)",
    [MODEL_CREATE] =
        "UPDATE request SET priority = CASE priority WHEN '' THEN ?2 ELSE priority END, customer_id = ?3, details = ?4, created = ?5"
        " WHERE request_id = ?1 AND created = 0",
    [MODEL_FIND] = "SELECT state, priority, ifnull(customer_id, -1), ifnull(manager_id, -1), ifnull(contractor_id, -1),"
                   " details, created, updated FROM request WHERE request_id = ?",
    [MODEL_SET_STATE] = "UPDATE request SET state = ?2 WHERE request_id = ?1",
    [MODEL_SET_MANAGER] = "UPDATE request SET manager_id = ?2 WHERE request_id = ?1",
    [MODEL_SET_CONTRACTOR] = "UPDATE request SET contractor_id = ?2 WHERE request_id = ?1",
    [MODEL_SET_PRIORITY] = "UPDATE request SET priority = ?2 WHERE request_id = ?1",
    [MODEL_SET_DETAILS] = "UPDATE request SET priority = ?2, details = ?3 WHERE request_id = ?1",
    [MODEL_ADD] = "INSERT OR IGNORE INTO happening (source, request_id, time, event_type, event_id, correlation_id,"
                  " event_source, topic, partition, offset, person, to_state, waits)"
                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [MODEL_WAITING] = "SELECT number, event_type, to_state, person FROM happening"
                      " WHERE request_id = ? AND waits = 1 AND time >= ? ORDER BY time, number",
    [MODEL_APPLIED] = "UPDATE happening SET from_state = ?2, waits = 0 WHERE number = ?1",
    [MODEL_TIMELINE] = "SELECT time, event_type, event_id, correlation_id, event_source, topic, partition, offset,"
                       " from_state, to_state, waits FROM happening WHERE request_id = ? ORDER BY time, number",
};

const struct db_design model_design = {
    .migrations = migrations,
    .migration_count = sizeof migrations / sizeof migrations[0],
    .statements = statements,
    .statement_count = MODEL_STATEMENTS,
};
