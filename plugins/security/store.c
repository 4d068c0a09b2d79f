#include "store.h"

#include <stdio.h>

static const char *const migrations[] = {
    "CREATE TABLE verification ("
    "  contractor_id INTEGER NOT NULL,"
    "  type TEXT NOT NULL,"
    "  result TEXT NOT NULL,"
    "  decided_by INTEGER NOT NULL,"
    "  decided_at INTEGER NOT NULL,"
    "  expires_at INTEGER,"
    "  notes TEXT,"
    "  documents TEXT,"
    "  PRIMARY KEY (contractor_id, type)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX verification_due ON verification (expires_at) WHERE result = 'approved';"
    "CREATE TABLE request ("
    "  request_id INTEGER PRIMARY KEY,"
    "  contractor_id INTEGER,"
    "  ended TEXT"
    ") STRICT;"
    "CREATE INDEX request_contractor ON request (contractor_id) WHERE ended IS NULL;"
    "CREATE TABLE access ("
    "  number INTEGER PRIMARY KEY,"
    "  contractor_id INTEGER NOT NULL,"
    "  request_id INTEGER NOT NULL,"
    "  granted_at INTEGER,"
    "  granted_by INTEGER,"
    "  granted_reason TEXT,"
    "  revoked_at INTEGER,"
    "  revoked_by INTEGER,"
    "  revoked_reason TEXT,"
    "  cause TEXT"
    ") STRICT;"
    "CREATE UNIQUE INDEX access_running ON access (request_id, contractor_id) WHERE revoked_at IS NULL;"
    "CREATE INDEX access_pair ON access (contractor_id, request_id);"
    "CREATE INDEX access_running_of ON access (contractor_id) WHERE revoked_at IS NULL;"
    "CREATE TABLE history ("
    "  number INTEGER PRIMARY KEY,"
    "  source TEXT UNIQUE,"
    "  contractor_id INTEGER,"
    "  request_id INTEGER,"
    "  event_type TEXT NOT NULL,"
    "  from_state TEXT NOT NULL,"
    "  to_state TEXT NOT NULL,"
    "  note TEXT,"
    "  time INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX history_contractor ON history (contractor_id);" EMISSIONS_SCHEMA OUTBOX_SCHEMA,
};

enum {
        VERIFICATION_LIST,
        CONTRACTOR_LIST,
        CONTRACTOR_KNOWN,
        VERIFICATION_SAVE,
        VERIFICATION_EXPIRE,
        DUE_FIND,
        REQUEST_LOAD,
        REQUEST_ASSIGN,
        REQUEST_END,
        ACCESS_ADD,
        ACCESS_CLOSE,
        ACCESS_RUNNING,
        ACCESS_RUNNING_OF,
        ACCESS_RUNNING_TO,
        ACCESS_DECIDED,
        ACCESS_MENDABLE,
        ACCESS_LIST,
        ACCESS_COUNT,
        HISTORY_ADD,
        HISTORY_FIND,
        HISTORY_LIST,
        EMISSIONS,
        OUTBOX = EMISSIONS + EMISSIONS_STATEMENT_COUNT,
        STATEMENTS = OUTBOX + OUTBOX_STATEMENT_COUNT
};

#define ACCESS_COLUMNS "SELECT number, contractor_id, request_id, granted_at, granted_by FROM access"

static const char *const statements[] = {
    [VERIFICATION_LIST] = "SELECT type, result, decided_by, decided_at, ifnull(expires_at, 0), notes, documents"
                          " FROM verification WHERE contractor_id = ?",
    /* From one contractor to the next: DISTINCT would read every line of the history. */
    [CONTRACTOR_LIST] = "WITH RECURSIVE contractor (id) AS (SELECT min(contractor_id) FROM history UNION ALL"
                        " SELECT (SELECT min(contractor_id) FROM history WHERE contractor_id > id) FROM contractor"
                        " WHERE id IS NOT NULL) SELECT id FROM contractor WHERE id IS NOT NULL",
    [CONTRACTOR_KNOWN] = "SELECT 1 FROM history WHERE contractor_id = ? LIMIT 1",
    [VERIFICATION_SAVE] = "INSERT OR REPLACE INTO verification (contractor_id, type, result, decided_by, decided_at,"
                          " expires_at, notes, documents) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    [VERIFICATION_EXPIRE] = "UPDATE verification SET result = 'expired' WHERE contractor_id = ? AND type = ?",
    [DUE_FIND] = "SELECT contractor_id, type, expires_at FROM verification"
                 " WHERE result = 'approved' AND expires_at <= ? ORDER BY expires_at LIMIT 1",
    [REQUEST_LOAD] = "SELECT ifnull(contractor_id, -1), ended FROM request WHERE request_id = ?",
    [REQUEST_ASSIGN] = "INSERT INTO request (request_id, contractor_id) VALUES (?, ?)"
                       " ON CONFLICT DO UPDATE SET contractor_id = excluded.contractor_id",
    [REQUEST_END] = "INSERT INTO request (request_id, ended) VALUES (?, ?)"
                    " ON CONFLICT DO UPDATE SET ended = ifnull(ended, excluded.ended)",
    [ACCESS_ADD] = "INSERT INTO access (contractor_id, request_id, granted_at, granted_by, granted_reason, revoked_at,"
                   " revoked_by, revoked_reason, cause) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [ACCESS_CLOSE] = "UPDATE access SET revoked_at = ?, revoked_by = ?, revoked_reason = ?, cause = ? WHERE number = ?",
    [ACCESS_RUNNING] = ACCESS_COLUMNS " WHERE request_id = ? AND contractor_id = ? AND revoked_at IS NULL",
    [ACCESS_RUNNING_OF] = ACCESS_COLUMNS " WHERE contractor_id = ? AND revoked_at IS NULL ORDER BY number LIMIT 1",
    [ACCESS_RUNNING_TO] = ACCESS_COLUMNS " WHERE request_id = ? AND contractor_id != ? AND revoked_at IS NULL"
                                         " ORDER BY number LIMIT 1",
    [ACCESS_DECIDED] = "SELECT 1 FROM access WHERE contractor_id = ? AND request_id = ?"
                       " AND CASE WHEN ? THEN granted_at ELSE revoked_at END = ? LIMIT 1",
    [ACCESS_MENDABLE] = "SELECT request_id FROM request AS r WHERE contractor_id = ? AND ended IS NULL"
                        " AND (SELECT cause FROM access AS a WHERE a.contractor_id = r.contractor_id"
                        " AND a.request_id = r.request_id ORDER BY number DESC LIMIT 1) = '" CAUSE_VERIFICATION
                        "' ORDER BY request_id LIMIT 1",
    [ACCESS_LIST] = "SELECT number, contractor_id, request_id, granted_at, granted_by, granted_reason, revoked_at,"
                    " revoked_by, revoked_reason, cause FROM access WHERE contractor_id = ? ORDER BY number",
    [ACCESS_COUNT] = "SELECT count(*) FROM access WHERE contractor_id = ? AND revoked_at IS NULL",
    [HISTORY_ADD] = "INSERT INTO history (source, contractor_id, request_id, event_type, from_state, to_state, note,"
                    " time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    [HISTORY_FIND] = "SELECT number, contractor_id, request_id, event_type FROM history WHERE source = ?",
    [HISTORY_LIST] = "SELECT source, request_id, event_type, from_state, to_state, note, time FROM history"
                     " WHERE contractor_id = ? ORDER BY number",
    EMISSIONS_STATEMENTS,
    OUTBOX_STATEMENTS,
};

const struct db_design store_design = {
    .migrations = migrations,
    .migration_count = sizeof migrations / sizeof migrations[0],
    .statements = statements,
    .statement_count = STATEMENTS,
};

/* -1 stands for none, in times and ids. */
static struct db_value optional(int64_t number)
{
        return number < 0 ? db_null() : db_int(number);
}

static int64_t column_optional(struct db *db, int statement, int column)
{
        return db_column_null(db, statement, column) ? -1 : db_column_int(db, statement, column);
}

/* A query of at most one row: 1, and it stands there until db_end; 0; -1. */
static int find(struct db *db, int statement, const struct db_value *values, size_t count)
{
        return db_query(db, statement, values, count) ? db_next(db, statement) : -1;
}

bool store_outbox_add(struct db *db, const struct outbox_event *event)
{
        return outbox_add(db, OUTBOX, event);
}

pawl_result store_emit(struct db *db, struct pawl_ctx *ctx, int64_t number, int64_t ordinal,
                       const struct emission *emission)
{
        return emissions_emit(db, EMISSIONS, ctx, number, ordinal, emission);
}

pawl_result store_emit_again(struct db *db, struct pawl_ctx *ctx, int64_t number)
{
        return emissions_repeat(db, EMISSIONS, ctx, number);
}

struct outbox *store_outbox_new(struct pawl_instance *instance, const char *path)
{
        return outbox_new(instance, path, &store_design, OUTBOX);
}

/* ---- Verifications ---- */

static struct db_value type_value(enum verification_type type)
{
        return db_text(pawl_text(verification_type_name(type)));
}

bool verifications_begin(struct db *db, int64_t contractor_id)
{
        return db_query(db, VERIFICATION_LIST, DB_VALUES(db_int(contractor_id)));
}

int verifications_next(struct db *db, enum verification_type *type, struct verification *v)
{
        int more = db_next(db, VERIFICATION_LIST);

        if (more == 1) {
                *v = (struct verification){
                    .decided_by = db_column_int(db, VERIFICATION_LIST, 2),
                    .decided_at = db_column_int(db, VERIFICATION_LIST, 3),
                    .expires_at = db_column_int(db, VERIFICATION_LIST, 4),
                    .notes = db_column_text(db, VERIFICATION_LIST, 5),
                    .documents = db_column_text(db, VERIFICATION_LIST, 6),
                };
                verification_type_parse(db_column_text(db, VERIFICATION_LIST, 0), type);
                verification_result_parse(db_column_text(db, VERIFICATION_LIST, 1), &v->result);
        }
        return more;
}

bool verifications_load(struct db *db, int64_t contractor_id, struct verification v[TYPE_COUNT])
{
        enum verification_type type = TYPE_IDENTITY;
        struct verification one;
        int more = -1;

        for (unsigned t = 0; t < TYPE_COUNT; t++)
                v[t] = (struct verification){.result = RESULT_UNKNOWN};
        if (!verifications_begin(db, contractor_id))
                return false;
        while ((more = verifications_next(db, &type, &one)) == 1) {
                one.notes = one.documents = pawl_text(NULL);
                v[type] = one;
        }
        return more == 0;
}

bool verification_save(struct db *db, int64_t contractor_id, enum verification_type type, const struct verification *v)
{
        return db_run(db, VERIFICATION_SAVE,
                      DB_VALUES(db_int(contractor_id), type_value(type),
                                db_text(pawl_text(verification_result_name(v->result))), db_int(v->decided_by),
                                db_int(v->decided_at), v->expires_at == 0 ? db_null() : db_int(v->expires_at),
                                db_text(v->notes), db_text(v->documents)));
}

bool verification_expire(struct db *db, int64_t contractor_id, enum verification_type type)
{
        return db_run(db, VERIFICATION_EXPIRE, DB_VALUES(db_int(contractor_id), type_value(type)));
}

int due_find(struct db *db, int64_t now, struct due *due)
{
        int found = find(db, DUE_FIND, DB_VALUES(db_int(now)));

        if (found == 1) {
                due->contractor_id = db_column_int(db, DUE_FIND, 0);
                verification_type_parse(db_column_text(db, DUE_FIND, 1), &due->type);
                due->expires_at = db_column_int(db, DUE_FIND, 2);
        }
        db_end(db, DUE_FIND);
        return found;
}

int contractor_known(struct db *db, int64_t contractor_id)
{
        int found = find(db, CONTRACTOR_KNOWN, DB_VALUES(db_int(contractor_id)));

        db_end(db, CONTRACTOR_KNOWN);
        return found;
}

bool contractors_begin(struct db *db)
{
        return db_query(db, CONTRACTOR_LIST, DB_NO_VALUES);
}

int contractors_next(struct db *db, int64_t *contractor_id)
{
        int more = db_next(db, CONTRACTOR_LIST);

        if (more == 1)
                *contractor_id = db_column_int(db, CONTRACTOR_LIST, 0);
        return more;
}

/* ---- Requests ---- */

bool request_load(struct db *db, int64_t request_id, struct request *request)
{
        int found = find(db, REQUEST_LOAD, DB_VALUES(db_int(request_id)));

        *request = (struct request){.contractor_id = -1};
        if (found == 1) {
                struct pawl_str ended = db_column_text(db, REQUEST_LOAD, 1);

                request->contractor_id = db_column_int(db, REQUEST_LOAD, 0);
                snprintf(request->ended, sizeof request->ended, "%.*s", (int)ended.len, ended.len ? ended.ptr : "");
        }
        db_end(db, REQUEST_LOAD);
        return found >= 0;
}

bool request_assign(struct db *db, int64_t request_id, int64_t contractor_id)
{
        return db_run(db, REQUEST_ASSIGN, DB_VALUES(db_int(request_id), db_int(contractor_id)));
}

bool request_end(struct db *db, int64_t request_id, const char *ended)
{
        return db_run(db, REQUEST_END, DB_VALUES(db_int(request_id), db_text(pawl_text(ended))));
}

/* ---- Access ---- */

bool access_add(struct db *db, const struct access *a)
{
        return db_run(db, ACCESS_ADD,
                      DB_VALUES(db_int(a->contractor_id), db_int(a->request_id), optional(a->granted_at),
                                optional(a->granted_by), db_text(a->granted_reason), optional(a->revoked_at),
                                optional(a->revoked_by), db_text(a->revoked_reason), db_text(a->cause)));
}

bool access_close(struct db *db, const struct access *a)
{
        return db_run(db, ACCESS_CLOSE,
                      DB_VALUES(db_int(a->revoked_at), optional(a->revoked_by), db_text(a->revoked_reason),
                                db_text(a->cause), db_int(a->number)));
}

static int find_access(struct db *db, int statement, const struct db_value *values, size_t count, struct access *a)
{
        int found = find(db, statement, values, count);

        if (found == 1) {
                *a = (struct access){
                    .number = db_column_int(db, statement, 0),
                    .contractor_id = db_column_int(db, statement, 1),
                    .request_id = db_column_int(db, statement, 2),
                    .granted_at = column_optional(db, statement, 3),
                    .granted_by = column_optional(db, statement, 4),
                    .revoked_at = -1,
                    .revoked_by = -1,
                };
        }
        db_end(db, statement);
        return found;
}

int access_running(struct db *db, int64_t contractor_id, int64_t request_id, struct access *a)
{
        return find_access(db, ACCESS_RUNNING, DB_VALUES(db_int(request_id), db_int(contractor_id)), a);
}

int access_running_of(struct db *db, int64_t contractor_id, struct access *a)
{
        return find_access(db, ACCESS_RUNNING_OF, DB_VALUES(db_int(contractor_id)), a);
}

int access_running_to(struct db *db, int64_t request_id, int64_t but_contractor_id, struct access *a)
{
        return find_access(db, ACCESS_RUNNING_TO, DB_VALUES(db_int(request_id), db_int(but_contractor_id)), a);
}

int access_decided(struct db *db, int64_t contractor_id, int64_t request_id, bool granted, int64_t time)
{
        int found = find(db, ACCESS_DECIDED,
                         DB_VALUES(db_int(contractor_id), db_int(request_id), db_int(granted), db_int(time)));

        db_end(db, ACCESS_DECIDED);
        return found;
}

int access_mendable(struct db *db, int64_t contractor_id, int64_t *request_id)
{
        int found = find(db, ACCESS_MENDABLE, DB_VALUES(db_int(contractor_id)));

        if (found == 1)
                *request_id = db_column_int(db, ACCESS_MENDABLE, 0);
        db_end(db, ACCESS_MENDABLE);
        return found;
}

bool accesses_begin(struct db *db, int64_t contractor_id)
{
        return db_query(db, ACCESS_LIST, DB_VALUES(db_int(contractor_id)));
}

int accesses_next(struct db *db, struct access *a)
{
        int more = db_next(db, ACCESS_LIST);

        if (more == 1) {
                *a = (struct access){
                    .number = db_column_int(db, ACCESS_LIST, 0),
                    .contractor_id = db_column_int(db, ACCESS_LIST, 1),
                    .request_id = db_column_int(db, ACCESS_LIST, 2),
                    .granted_at = column_optional(db, ACCESS_LIST, 3),
                    .granted_by = column_optional(db, ACCESS_LIST, 4),
                    .granted_reason = db_column_text(db, ACCESS_LIST, 5),
                    .revoked_at = column_optional(db, ACCESS_LIST, 6),
                    .revoked_by = column_optional(db, ACCESS_LIST, 7),
                    .revoked_reason = db_column_text(db, ACCESS_LIST, 8),
                    .cause = db_column_text(db, ACCESS_LIST, 9),
                };
        }
        return more;
}

bool accesses_count_running(struct db *db, int64_t contractor_id, int64_t *count)
{
        int found = find(db, ACCESS_COUNT, DB_VALUES(db_int(contractor_id)));

        if (found == 1)
                *count = db_column_int(db, ACCESS_COUNT, 0);
        db_end(db, ACCESS_COUNT);
        return found == 1;
}

/* ---- The history ---- */

bool history_add(struct db *db, const struct happening *h, int64_t *number)
{
        if (!db_run(db, HISTORY_ADD,
                    DB_VALUES(db_text(h->source), optional(h->contractor_id), optional(h->request_id),
                              db_text(h->event_type), db_text(h->from), db_text(h->to), db_text(h->note),
                              db_int(h->time))))
                return false;
        *number = db_last_id(db);
        return true;
}

int history_find(struct db *db, struct pawl_str source, struct happening *happening, int64_t *number)
{
        int found = find(db, HISTORY_FIND, DB_VALUES(db_text(source)));

        if (found == 1) {
                *number = db_column_int(db, HISTORY_FIND, 0);
                *happening = (struct happening){
                    .source = source,
                    .contractor_id = column_optional(db, HISTORY_FIND, 1),
                    .request_id = column_optional(db, HISTORY_FIND, 2),
                    .event_type = db_column_text(db, HISTORY_FIND, 3),
                };
        }
        return found;
}

void history_end(struct db *db)
{
        db_end(db, HISTORY_FIND);
}

bool history_begin(struct db *db, int64_t contractor_id)
{
        return db_query(db, HISTORY_LIST, DB_VALUES(db_int(contractor_id)));
}

int history_next(struct db *db, struct happening *h)
{
        int more = db_next(db, HISTORY_LIST);

        if (more == 1) {
                *h = (struct happening){
                    .source = db_column_text(db, HISTORY_LIST, 0),
                    .request_id = column_optional(db, HISTORY_LIST, 1),
                    .event_type = db_column_text(db, HISTORY_LIST, 2),
                    .from = db_column_text(db, HISTORY_LIST, 3),
                    .to = db_column_text(db, HISTORY_LIST, 4),
                    .note = db_column_text(db, HISTORY_LIST, 5),
                    .time = db_column_int(db, HISTORY_LIST, 6),
                };
        }
        return more;
}
