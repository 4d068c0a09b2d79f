#include "schema.h"

#define OPEN(row) row "state NOT IN ('completed', 'cancelled')"
/* Who has the request: the manager, or before he has it who was chosen to be. */
#define HOLDER(row) "ifnull(" row "manager_id, " row "chosen_manager_id)"

/* The macros in the middle of a text would be stairs. */
/* clang-format off */
static const char *const migrations[] = {
    "CREATE TABLE request ("
    "  request_id INTEGER PRIMARY KEY,"
    "  state TEXT NOT NULL,"
    "  customer_id INTEGER NOT NULL,"
    "  manager_id INTEGER,"
    "  contractor_id INTEGER,"
    "  chosen_manager_id INTEGER NOT NULL,"
    "  chosen_by INTEGER NOT NULL,"
    "  title TEXT NOT NULL,"
    "  region TEXT NOT NULL,"
    "  urgency TEXT NOT NULL,"
    "  priority TEXT NOT NULL"
    ") STRICT;"
    "CREATE INDEX request_state ON request (state);"
    "CREATE TABLE history ("
    "  number INTEGER PRIMARY KEY,"
    "  source TEXT NOT NULL UNIQUE,"
    "  request_id INTEGER NOT NULL REFERENCES request,"
    "  event_type TEXT NOT NULL,"
    "  from_state TEXT NOT NULL,"
    "  to_state TEXT NOT NULL,"
    "  note TEXT,"
    "  time INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX history_request ON history (request_id);" EMISSIONS_SCHEMA,

    /*
     * What each manager has in hand is counted by triggers, so that a choice reads one row a manager, and the count cannot part from the
     * requests, whoever changes them.
     */
    "ALTER TABLE request ADD COLUMN equipment TEXT;"
    "ALTER TABLE request ADD COLUMN own_priority TEXT;"
    "ALTER TABLE request ADD COLUMN entered INTEGER NOT NULL DEFAULT -1;"
    "UPDATE request SET entered = ifnull((SELECT max(h.time) FROM history h WHERE h.request_id = request.request_id"
    "  AND h.from_state <> h.to_state), -1);"
    "ALTER TABLE history ADD COLUMN who TEXT;"
    "CREATE TABLE manager ("
    "  manager_id INTEGER PRIMARY KEY,"
    "  open INTEGER NOT NULL," /* requests in hand that are not final */
    "  turn INTEGER NOT NULL"  /* grows: who was given a request last has the highest */
    ") STRICT;"
    "INSERT INTO manager SELECT " HOLDER("") " AS holder, count(*), 0 FROM request WHERE " OPEN("") " GROUP BY holder;"
    "CREATE TRIGGER request_came AFTER INSERT ON request WHEN " OPEN("NEW.") " BEGIN"
    "  INSERT INTO manager VALUES (" HOLDER("NEW.") ", 1, 0)"
    "   ON CONFLICT (manager_id) DO UPDATE SET open = open + 1;"
    " END;"
    "CREATE TRIGGER request_changed AFTER UPDATE OF state, manager_id ON request BEGIN"
    "  UPDATE manager SET open = open - 1 WHERE manager_id = " HOLDER("OLD.") " AND " OPEN("OLD.") ";"
    "  INSERT INTO manager SELECT " HOLDER("NEW.") ", 1, 0 WHERE " OPEN("NEW.")
    "   ON CONFLICT (manager_id) DO UPDATE SET open = open + 1;"
    " END;"
    "CREATE TABLE deadline ("
    "  number INTEGER PRIMARY KEY,"
    "  request_id INTEGER NOT NULL REFERENCES request,"
    "  state TEXT NOT NULL,"
    "  entered INTEGER NOT NULL,"
    "  due INTEGER NOT NULL,"
    "  fires INTEGER NOT NULL," /* not before: later than due where its event was handled late */
    "  ended INTEGER,"          /* when the state was left; NULL: it has not been */
    "  missed INTEGER,"         /* when that was found; NULL: it was not */
    "  escalated_to INTEGER,"
    "  escalation_id TEXT UNIQUE," /* the event_id of the assignment */
    "  correlation_id TEXT"
    ") STRICT;"
    "CREATE INDEX deadline_request ON deadline (request_id);"
    "CREATE INDEX deadline_running ON deadline (fires) WHERE ended IS NULL AND missed IS NULL;" OUTBOX_SCHEMA,

    /* What the plugin emitted itself is known by its cause and its time; and final requests, most of all, are not read by who lists others. */
    "ALTER TABLE request DROP COLUMN chosen_by;"
    "DROP INDEX request_state;"
    "CREATE INDEX request_state ON request (state, entered);",
};

/* Those that have stood in their state the longest come first; absent values do not choose. */
#define REQUEST_LIST(which)                                                                                            \
        "SELECT r.request_id, r.state, " HOLDER("r.") ", r.priority, r.entered, r.title,"                              \
        " (SELECT min(d.due) FROM deadline d WHERE d.request_id = r.request_id AND d.ended IS NULL) AS due"            \
        " FROM request r WHERE " which " AND (?2 IS NULL OR " HOLDER("r.") " = ?2) AND (?3 IS NULL OR due <= ?3)"      \
        " ORDER BY r.entered, r.request_id LIMIT ?4"
/* clang-format on */

static const char *const statements[] = {
    [REQUEST_LOAD] = "SELECT state, customer_id, ifnull(manager_id, -1), ifnull(contractor_id, -1), chosen_manager_id,"
                     " title, region, urgency, priority, equipment, own_priority, entered"
                     " FROM request WHERE request_id = ?",
    [REQUEST_INSERT] = "INSERT INTO request (request_id, state, customer_id, chosen_manager_id, title, region,"
                       " urgency, priority, equipment, own_priority) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [REQUEST_SET_STATE] = "UPDATE request SET state = ?, entered = ? WHERE request_id = ?",
    [REQUEST_SET_MANAGER] = "UPDATE request SET manager_id = ? WHERE request_id = ?",
    [REQUEST_SET_CONTRACTOR] = "UPDATE request SET contractor_id = ? WHERE request_id = ?",
    [REQUEST_SET_DETAILS] = "UPDATE request SET title = ?, urgency = ?, equipment = ?, own_priority = ?, priority = ?"
                            " WHERE request_id = ?",
    [REQUEST_LIST_OPEN] = REQUEST_LIST("?1 IS NULL AND r.state IN ('new', 'manager_review', 'clarification',"
                                       " 'sent_to_contractors', 'contractor_responses', 'assigned', 'in_progress')"),
    [REQUEST_LIST_STATE] = REQUEST_LIST("r.state = ?1"),

    [HISTORY_ADD] = "INSERT INTO history (source, request_id, event_type, from_state, to_state, note, time, who)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    [HISTORY_FIND] = "SELECT number, request_id, event_type FROM history WHERE source = ?",
    [HISTORY_LIST] = "SELECT source, event_type, from_state, to_state, note, time, who FROM history"
                     " WHERE request_id = ? ORDER BY number",
    [EMISSION_OWN] = "SELECT 1 FROM history JOIN emission USING (number) WHERE history.source = ?"
                     " AND history.request_id = ? AND emission.event_type = ?"
                     " AND json_extract(emission.body, '$.timestamp') = ?",

    [MANAGER_LOAD] = "SELECT open, turn FROM manager WHERE manager_id = ?",
    [MANAGER_TURN] = "INSERT INTO manager VALUES (?, 0, (SELECT ifnull(max(turn), 0) + 1 FROM manager))"
                     " ON CONFLICT (manager_id) DO UPDATE SET turn = excluded.turn",

    [DEADLINE_ADD] = "INSERT INTO deadline (request_id, state, entered, due, fires, correlation_id)"
                     " VALUES (?, ?, ?, ?, ?, ?)",
    [DEADLINE_END] = "UPDATE deadline SET ended = ? WHERE request_id = ? AND ended IS NULL",
    [DEADLINE_DUE] = "SELECT d.number, d.request_id, d.state, d.entered, d.due, d.correlation_id,"
                     " ifnull(r.manager_id, -1), ifnull(r.contractor_id, -1), r.customer_id, r.region"
                     " FROM deadline d JOIN request r USING (request_id)"
                     " WHERE d.ended IS NULL AND d.missed IS NULL AND d.fires <= ? ORDER BY d.fires LIMIT 1",
    [DEADLINE_MISS] = "UPDATE deadline SET missed = ?, escalated_to = ?, escalation_id = ? WHERE number = ?",
    [DEADLINE_LIST] = "SELECT state, entered, due, ifnull(ended, -1), ifnull(missed, -1), ifnull(escalated_to, -1)"
                      " FROM deadline WHERE request_id = ? ORDER BY number",
    [DEADLINE_ESCALATION] = "SELECT ended IS NULL FROM deadline WHERE escalation_id = ? AND request_id = ?",

    EMISSIONS_STATEMENTS,
    OUTBOX_STATEMENTS,
};

const struct db_design workflow_design = {
    .migrations = migrations,
    .migration_count = sizeof migrations / sizeof migrations[0],
    .statements = statements,
    .statement_count = STATEMENT_COUNT,
};

_Static_assert(sizeof statements / sizeof statements[0] == STATEMENT_COUNT, "a name for each statement");
