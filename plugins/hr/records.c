#include "records.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const migrations[] = {
    "CREATE TABLE document ("
    "  document_id TEXT PRIMARY KEY,"
    "  document_type TEXT NOT NULL,"
    "  series TEXT NOT NULL,"
    "  year INTEGER NOT NULL,"
    "  ordinal INTEGER NOT NULL,"
    "  number TEXT NOT NULL UNIQUE,"
    "  file TEXT NOT NULL UNIQUE,"
    "  request_id INTEGER,"
    "  contractor_id INTEGER NOT NULL,"
    "  amount INTEGER,"
    "  time INTEGER NOT NULL,"
    "  created_at INTEGER NOT NULL,"
    "  sha256 TEXT,"
    "  source TEXT NOT NULL,"
    "  basis TEXT,"
    "  correlation_id TEXT,"
    "  content TEXT NOT NULL,"
    "  UNIQUE (document_type, series, year, ordinal)"
    ") STRICT;"
    "CREATE UNIQUE INDEX document_request ON document (request_id, document_type) WHERE request_id IS NOT NULL;"
    "CREATE UNIQUE INDEX document_contractor ON document (contractor_id, document_type) WHERE request_id IS NULL;"
    "CREATE TABLE signature ("
    "  document_id TEXT PRIMARY KEY REFERENCES document,"
    "  signed_by INTEGER NOT NULL,"
    "  signed_at INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE payment ("
    "  document_id TEXT PRIMARY KEY REFERENCES document,"
    "  reference TEXT,"
    "  paid_at INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE verification ("
    "  number INTEGER PRIMARY KEY,"
    "  source TEXT NOT NULL UNIQUE,"
    "  contractor_id INTEGER NOT NULL,"
    "  verification_type TEXT NOT NULL,"
    "  approved INTEGER NOT NULL,"
    "  time INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX verification_contractor ON verification (contractor_id, verification_type);" OUTBOX_SCHEMA,
};

enum {
        FIND_BY_REQUEST,
        FIND_BY_CONTRACTOR,
        FIND_BY_TEXT,
        LIST_REQUEST,
        LIST_ALL,
        LAST_ORDINAL,
        ADD,
        WRITTEN,
        SIGN,
        PAY,
        VERIFICATION_FIND,
        VERIFICATION_ADD,
        VERIFICATION_APPROVED,
        OUTBOX
};

#define RECORD_SELECT                                                                                                  \
        "SELECT document_type, document.document_id, number, file, ifnull(request_id, -1), contractor_id,"             \
        " ifnull(amount, -1), time, sha256, source, basis, correlation_id, content, signed_by, signed_at, paid_at,"    \
        " reference, created_at FROM document LEFT JOIN signature ON signature.document_id = document.document_id"     \
        " LEFT JOIN payment ON payment.document_id = document.document_id "

static const char *const statements[] = {
    [FIND_BY_REQUEST] = RECORD_SELECT "WHERE request_id = ? AND document_type = ?",
    [FIND_BY_CONTRACTOR] = RECORD_SELECT "WHERE request_id IS NULL AND contractor_id = ? AND document_type = ?",
    [FIND_BY_TEXT] = RECORD_SELECT "WHERE document.document_id = ?1 OR number = ?1",
    [LIST_REQUEST] = RECORD_SELECT "WHERE request_id = ? ORDER BY document.rowid",
    [LIST_ALL] = RECORD_SELECT "ORDER BY document.rowid",
    [LAST_ORDINAL] = "SELECT ifnull(max(ordinal), 0) FROM document WHERE document_type = ? AND series = ? AND year = ?",
    [ADD] = "INSERT INTO document (document_id, document_type, series, year, ordinal, number, file, request_id,"
            " contractor_id, amount, time, created_at, source, basis, correlation_id, content)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [WRITTEN] = "UPDATE document SET sha256 = ? WHERE document_id = ?",
    [SIGN] = "INSERT INTO signature (document_id, signed_by, signed_at) VALUES (?, ?, ?)",
    [PAY] = "INSERT INTO payment (document_id, reference, paid_at) VALUES (?, ?, ?)",
    [VERIFICATION_FIND] = "SELECT 1 FROM verification WHERE source = ?",
    [VERIFICATION_ADD] = "INSERT INTO verification (source, contractor_id, verification_type, approved, time)"
                         " VALUES (?, ?, ?, ?, ?)",
    /* SQLite gives the other columns of the row that max() is of. */
    [VERIFICATION_APPROVED] = "SELECT count(*) FROM (SELECT approved, max(number) FROM verification"
                              " WHERE contractor_id = ? GROUP BY verification_type) WHERE approved",
    OUTBOX_STATEMENTS,
};

const struct db_design records_design = {
    .migrations = migrations,
    .migration_count = sizeof migrations / sizeof migrations[0],
    .statements = statements,
    .statement_count = sizeof statements / sizeof statements[0],
};

const int records_outbox = OUTBOX;

/* ---- Reading ---- */

static enum kind kind_of(struct pawl_str type)
{
        for (int kind = 0; kind < DOCS; kind++) {
                if (strcmp(kind_names[kind].document_type, type.ptr != NULL ? type.ptr : "") == 0)
                        return (enum kind)kind;
        }
        return DOC_ACT;
}

static void copy(char *out, size_t size, struct pawl_str text)
{
        snprintf(out, size, "%s", text.ptr != NULL ? text.ptr : "");
}

static void read_row(struct db *db, int statement, struct record *r)
{
        memset(r, 0, sizeof *r);
        r->kind = kind_of(db_column_text(db, statement, 0));
        copy(r->document_id, sizeof r->document_id, db_column_text(db, statement, 1));
        copy(r->number, sizeof r->number, db_column_text(db, statement, 2));
        copy(r->file, sizeof r->file, db_column_text(db, statement, 3));
        r->request_id = db_column_int(db, statement, 4);
        r->contractor_id = db_column_int(db, statement, 5);
        r->amount = db_column_int(db, statement, 6);
        r->time = db_column_int(db, statement, 7);
        copy(r->hash, sizeof r->hash, db_column_text(db, statement, 8));
        r->source = db_column_text(db, statement, 9);
        r->basis = db_column_text(db, statement, 10);
        r->correlation_id = db_column_text(db, statement, 11);
        r->content = db_column_text(db, statement, 12);
        r->is_signed = !db_column_null(db, statement, 13);
        r->signed_by = db_column_int(db, statement, 13);
        r->signed_at = db_column_int(db, statement, 14);
        r->is_paid = !db_column_null(db, statement, 15);
        r->paid_at = db_column_int(db, statement, 15);
        r->reference = db_column_text(db, statement, 16);
        r->created_at = db_column_int(db, statement, 17);
}

static int next_row(struct db *db, int statement, struct record *record)
{
        int more = db_next(db, statement);

        if (more == 1)
                read_row(db, statement, record);
        return more;
}

int records_find(struct db *db, enum kind kind, int64_t id, struct record *record)
{
        int statement = kind == DOC_CONTRACT ? FIND_BY_CONTRACTOR : FIND_BY_REQUEST;

        if (!db_query(db, statement, DB_VALUES(db_int(id), db_text(pawl_text(kind_names[kind].document_type)))))
                return -1;
        return next_row(db, statement, record);
}

int records_find_text(struct db *db, struct pawl_str id_or_number, struct record *record)
{
        if (!db_query(db, FIND_BY_TEXT, DB_VALUES(db_text(id_or_number))))
                return -1;
        return next_row(db, FIND_BY_TEXT, record);
}

void records_end(struct db *db)
{
        for (int statement = FIND_BY_REQUEST; statement <= LIST_ALL; statement++)
                db_end(db, statement);
}

bool records_begin(struct db *db, int64_t request_id)
{
        records_end(db);
        return request_id < 0 ? db_query(db, LIST_ALL, DB_NO_VALUES)
                              : db_query(db, LIST_REQUEST, DB_VALUES(db_int(request_id)));
}

int records_next(struct db *db, int64_t request_id, struct record *record)
{
        return next_row(db, request_id < 0 ? LIST_ALL : LIST_REQUEST, record);
}

/* ---- Writing ---- */

bool records_number(struct db *db, const char *series, int year, struct record *r, int64_t *ordinal)
{
        const struct kind_names *names = &kind_names[r->kind];
        const char *dash = series[0] != '\0' ? "-" : "";

        if (!db_query(db, LAST_ORDINAL,
                      DB_VALUES(db_text(pawl_text(names->document_type)), db_text(pawl_text(series)), db_int(year))) ||
            db_next(db, LAST_ORDINAL) != 1)
                return false;
        *ordinal = db_column_int(db, LAST_ORDINAL, 0) + 1;
        db_end(db, LAST_ORDINAL);
        snprintf(r->number, sizeof r->number, "%s-%s%s%d-%06" PRId64, names->prefix, series, dash, year, *ordinal);
        snprintf(r->file, sizeof r->file, "%d/%s-%s%s%d-%06" PRId64 ".pdf", year, names->file, series, dash, year,
                 *ordinal);
        return true;
}

bool records_add(struct db *db, const char *series, int year, int64_t ordinal, const struct record *r)
{
        return db_run(db, ADD,
                      DB_VALUES(db_text(pawl_text(r->document_id)),
                                db_text(pawl_text(kind_names[r->kind].document_type)), db_text(pawl_text(series)),
                                db_int(year), db_int(ordinal), db_text(pawl_text(r->number)),
                                db_text(pawl_text(r->file)), r->request_id < 0 ? db_null() : db_int(r->request_id),
                                db_int(r->contractor_id), r->amount < 0 ? db_null() : db_int(r->amount),
                                db_int(r->time), db_int(r->created_at), db_text(r->source), db_text(r->basis),
                                db_text(r->correlation_id), db_text(r->content)));
}

bool records_written(struct db *db, const char *document_id, const char *hash)
{
        return db_run(db, WRITTEN, DB_VALUES(db_text(pawl_text(hash)), db_text(pawl_text(document_id))));
}

bool records_sign(struct db *db, const char *document_id, int64_t by, int64_t at)
{
        return db_run(db, SIGN, DB_VALUES(db_text(pawl_text(document_id)), db_int(by), db_int(at)));
}

bool records_pay(struct db *db, const char *document_id, struct pawl_str reference, int64_t at)
{
        return db_run(db, PAY, DB_VALUES(db_text(pawl_text(document_id)), db_text(reference), db_int(at)));
}

/* ---- Verifications ---- */

int verifications_find(struct db *db, struct pawl_str source)
{
        int found = db_query(db, VERIFICATION_FIND, DB_VALUES(db_text(source))) ? db_next(db, VERIFICATION_FIND) : -1;

        db_end(db, VERIFICATION_FIND);
        return found;
}

bool verifications_add(struct db *db, const struct verification *v)
{
        return db_run(db, VERIFICATION_ADD,
                      DB_VALUES(db_text(v->source), db_int(v->contractor_id), db_text(v->type), db_int(v->approved),
                                db_int(v->time)));
}

int verifications_approved(struct db *db, int64_t contractor_id)
{
        int count = -1;

        if (db_query(db, VERIFICATION_APPROVED, DB_VALUES(db_int(contractor_id))) &&
            db_next(db, VERIFICATION_APPROVED) == 1)
                count = (int)db_column_int(db, VERIFICATION_APPROVED, 0);
        db_end(db, VERIFICATION_APPROVED);
        return count;
}
