#include "requests.h"

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
    "CREATE INDEX history_request ON history (request_id);"
    "CREATE TABLE emission ("
    "  number INTEGER NOT NULL REFERENCES history,"
    "  ordinal INTEGER NOT NULL,"
    "  topic TEXT NOT NULL,"
    "  event_type TEXT NOT NULL,"
    "  key TEXT NOT NULL,"
    "  body TEXT NOT NULL,"
    "  PRIMARY KEY (number, ordinal)"
    ") STRICT, WITHOUT ROWID;",
};

enum {
        LOAD,
        INSERT,
        SET_STATE,
        SET_MANAGER,
        SET_CONTRACTOR,
        SET_URGENCY,
        HISTORY_ADD,
        HISTORY_FIND,
        HISTORY_LIST,
        EMISSION_ADD,
        EMISSION_LIST
};

static const char *const statements[] = {
    [LOAD] =
        "SELECT state, customer_id, ifnull(manager_id, -1), ifnull(contractor_id, -1), chosen_manager_id, chosen_by,"
        " title, region, urgency, priority FROM request WHERE request_id = ?",
    [INSERT] = "INSERT INTO request (request_id, state, customer_id, chosen_manager_id, chosen_by, title, region,"
               " urgency, priority) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [SET_STATE] = "UPDATE request SET state = ? WHERE request_id = ?",
    [SET_MANAGER] = "UPDATE request SET manager_id = ? WHERE request_id = ?",
    [SET_CONTRACTOR] = "UPDATE request SET contractor_id = ? WHERE request_id = ?",
    [SET_URGENCY] = "UPDATE request SET urgency = ?, priority = ? WHERE request_id = ?",
    [HISTORY_ADD] = "INSERT INTO history (source, request_id, event_type, from_state, to_state, note, time)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
    [HISTORY_FIND] = "SELECT number, request_id, event_type FROM history WHERE source = ?",
    [HISTORY_LIST] = "SELECT source, event_type, from_state, to_state, note, time FROM history WHERE request_id = ?"
                     " ORDER BY number",
    [EMISSION_ADD] = "INSERT INTO emission (number, ordinal, topic, event_type, key, body) VALUES (?, ?, ?, ?, ?, ?)",
    [EMISSION_LIST] = "SELECT topic, event_type, key, body FROM emission WHERE number = ? ORDER BY ordinal",
};

const struct db_design requests_design = {
    .migrations = migrations,
    .migration_count = sizeof migrations / sizeof migrations[0],
    .statements = statements,
    .statement_count = sizeof statements / sizeof statements[0],
};

static struct db_value state_value(enum state state)
{
        return db_text(pawl_text(state_name(state)));
}

static enum state column_state(struct db *db, int statement, int column)
{
        enum state state = STATE_UNKNOWN;

        state_parse(db_column_text(db, statement, column), &state);
        return state;
}

/* ---- Requests ---- */

bool requests_load(struct db *db, int64_t id, struct request *request)
{
        int found = db_query(db, LOAD, DB_VALUES(db_int(id))) ? db_next(db, LOAD) : -1;

        *request = (struct request){.id = id, .state = STATE_UNKNOWN, .manager_id = -1, .contractor_id = -1};
        if (found <= 0)
                return found == 0;
        request->state = column_state(db, LOAD, 0);
        request->customer_id = db_column_int(db, LOAD, 1);
        request->manager_id = db_column_int(db, LOAD, 2);
        request->contractor_id = db_column_int(db, LOAD, 3);
        request->chosen_manager_id = db_column_int(db, LOAD, 4);
        request->chosen_by = db_column_int(db, LOAD, 5);
        request->title = db_column_text(db, LOAD, 6);
        request->region = db_column_text(db, LOAD, 7);
        request->urgency = db_column_text(db, LOAD, 8);
        request->priority = db_column_text(db, LOAD, 9);
        return true;
}

void requests_end(struct db *db)
{
        db_end(db, LOAD);
}

bool requests_insert(struct db *db, const struct request *r)
{
        return db_run(db, INSERT,
                      DB_VALUES(db_int(r->id), state_value(r->state), db_int(r->customer_id),
                                db_int(r->chosen_manager_id), db_int(r->chosen_by), db_text(r->title),
                                db_text(r->region), db_text(r->urgency), db_text(r->priority)));
}

bool requests_set_state(struct db *db, int64_t id, enum state state)
{
        return db_run(db, SET_STATE, DB_VALUES(state_value(state), db_int(id)));
}

bool requests_set_manager(struct db *db, int64_t id, int64_t manager_id)
{
        return db_run(db, SET_MANAGER, DB_VALUES(db_int(manager_id), db_int(id)));
}

bool requests_set_contractor(struct db *db, int64_t id, int64_t contractor_id)
{
        return db_run(db, SET_CONTRACTOR, DB_VALUES(db_int(contractor_id), db_int(id)));
}

bool requests_set_urgency(struct db *db, int64_t id, struct pawl_str urgency, struct pawl_str priority)
{
        return db_run(db, SET_URGENCY, DB_VALUES(db_text(urgency), db_text(priority), db_int(id)));
}

/* ---- History ---- */

bool history_add(struct db *db, const struct happening *h, int64_t *number)
{
        if (!db_run(db, HISTORY_ADD,
                    DB_VALUES(db_text(h->source), db_int(h->request_id), db_text(h->event_type), state_value(h->from),
                              state_value(h->to), db_text(h->note), db_int(h->time))))
                return false;
        *number = db_last_id(db);
        return true;
}

int history_find(struct db *db, struct pawl_str source, struct happening *happening, int64_t *number)
{
        int found = db_query(db, HISTORY_FIND, DB_VALUES(db_text(source))) ? db_next(db, HISTORY_FIND) : -1;

        if (found == 1) {
                *number = db_column_int(db, HISTORY_FIND, 0);
                *happening = (struct happening){
                    .source = source,
                    .request_id = db_column_int(db, HISTORY_FIND, 1),
                    .event_type = db_column_text(db, HISTORY_FIND, 2),
                };
        }
        return found;
}

void history_end(struct db *db)
{
        db_end(db, HISTORY_FIND);
}

bool history_begin(struct db *db, int64_t request_id)
{
        return db_query(db, HISTORY_LIST, DB_VALUES(db_int(request_id)));
}

int history_next(struct db *db, struct happening *h)
{
        int more = db_next(db, HISTORY_LIST);

        if (more == 1) {
                *h = (struct happening){
                    .source = db_column_text(db, HISTORY_LIST, 0),
                    .event_type = db_column_text(db, HISTORY_LIST, 1),
                    .from = column_state(db, HISTORY_LIST, 2),
                    .to = column_state(db, HISTORY_LIST, 3),
                    .note = db_column_text(db, HISTORY_LIST, 4),
                    .time = db_column_int(db, HISTORY_LIST, 5),
                };
        }
        return more;
}

/* ---- Emissions ---- */

bool emissions_add(struct db *db, int64_t number, int64_t ordinal, const struct emission *e)
{
        return db_run(db, EMISSION_ADD,
                      DB_VALUES(db_int(number), db_int(ordinal), db_text(e->topic), db_text(e->event_type),
                                db_text(e->key), db_text(e->body)));
}

bool emissions_begin(struct db *db, int64_t number)
{
        return db_query(db, EMISSION_LIST, DB_VALUES(db_int(number)));
}

int emissions_next(struct db *db, struct emission *e)
{
        int more = db_next(db, EMISSION_LIST);

        if (more == 1) {
                *e = (struct emission){
                    .topic = db_column_text(db, EMISSION_LIST, 0),
                    .event_type = db_column_text(db, EMISSION_LIST, 1),
                    .key = db_column_text(db, EMISSION_LIST, 2),
                    .body = db_column_text(db, EMISSION_LIST, 3),
                };
        }
        return more;
}

void emissions_end(struct db *db)
{
        db_end(db, EMISSION_LIST);
}
