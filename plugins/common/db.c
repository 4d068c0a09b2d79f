#include "common/db.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct db {
        sqlite3 *handle;
        const struct db_design *design;
        sqlite3_stmt **statements; /* prepared on first use */
        int code;                  /* SQLite's, of the last failure */
        char error[512];
};

static PAWL_PRINTF(3, 4) bool fail(struct db *db, int code, const char *fmt, ...)
{
        va_list ap;

        db->code = code;
        va_start(ap, fmt);
        vsnprintf(db->error, sizeof db->error, fmt, ap);
        va_end(ap);
        return false;
}

/* `doing` names what failed; SQLite says why. */
static bool fail_sqlite(struct db *db, const char *doing)
{
        const char *file = sqlite3_db_filename(db->handle, "main");

        return fail(db, sqlite3_extended_errcode(db->handle), "database %s: %s (%s)", file ? file : "(not open)",
                    sqlite3_errmsg(db->handle), doing);
}

/* Which result each of SQLite's primary codes means; what is not here is a PAWL_RETRY. */
static const struct {
        int code;
        pawl_result result;
} results[] = {
    {SQLITE_BUSY, PAWL_UNAVAILABLE},     {SQLITE_LOCKED, PAWL_UNAVAILABLE},   {SQLITE_FULL, PAWL_UNAVAILABLE},
    {SQLITE_IOERR, PAWL_UNAVAILABLE},    {SQLITE_CANTOPEN, PAWL_UNAVAILABLE}, {SQLITE_NOMEM, PAWL_UNAVAILABLE},
    {SQLITE_READONLY, PAWL_UNAVAILABLE}, {SQLITE_PERM, PAWL_UNAVAILABLE},     {SQLITE_PROTOCOL, PAWL_UNAVAILABLE},
    {SQLITE_CORRUPT, PAWL_FATAL},        {SQLITE_NOTADB, PAWL_FATAL},         {SQLITE_MISUSE, PAWL_FATAL},
};

pawl_result db_result(const struct db *db)
{
        for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
                if (results[i].code == (db->code & 0xff))
                        return results[i].result;
        }
        return PAWL_RETRY;
}

const char *db_error(const struct db *db)
{
        return db->error;
}

pawl_result db_outcome(const struct db *db, struct pawl_ctx *ctx)
{
        switch (db_result(db)) {
        case PAWL_UNAVAILABLE:
                return pawl_unavailable(ctx, "%s", db->error);
        case PAWL_FATAL:
                return pawl_fatal(ctx, "%s", db->error);
        default:
                return pawl_retry(ctx, "%s", db->error);
        }
}

/* ---- Opening ---- */

static bool execute(struct db *db, const char *sql, const char *doing)
{
        if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
                return true;
        return fail_sqlite(db, doing);
}

static bool read_version(struct db *db, int64_t *version)
{
        sqlite3_stmt *stmt = NULL;
        bool ok = sqlite3_prepare_v2(db->handle, "PRAGMA user_version", -1, &stmt, NULL) == SQLITE_OK &&
                  sqlite3_step(stmt) == SQLITE_ROW;

        if (ok)
                *version = sqlite3_column_int64(stmt, 0);
        else
                fail_sqlite(db, "reading its version");
        sqlite3_finalize(stmt);
        return ok;
}

/* A file of a later build is left alone: what that build relies on is not known here. */
static bool check_version(struct db *db, int64_t version)
{
        if (version >= 0 && (uint64_t)version <= db->design->migration_count)
                return true;
        return fail(db, SQLITE_MISUSE,
                    "database %s has schema version %" PRId64 ", this build knows versions up to %zu",
                    sqlite3_db_filename(db->handle, "main"), version, db->design->migration_count);
}

static bool open_handle(struct db *db, const char *path, int flags)
{
        /* NOMUTEX: one thread at a time is the caller's promise, and two locks would hide that it is broken. */
        if (sqlite3_open_v2(path, &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
                if (db->handle == NULL)
                        return fail(db, SQLITE_NOMEM, "database %s: out of memory", path);
                return fail(db, sqlite3_extended_errcode(db->handle), "database %s: %s", path,
                            sqlite3_errmsg(db->handle));
        }
        sqlite3_busy_timeout(db->handle, (int)(DB_BUSY_TIMEOUT / PAWL_MS(1)));
        sqlite3_extended_result_codes(db->handle, 1);
        return true;
}

/* One migration and its version number, in one transaction: a crash leaves the old version or the new one. */
static bool migrate_once(struct db *db, size_t version)
{
        char doing[64];
        char set_version[64];

        snprintf(doing, sizeof doing, "migrating it to version %zu", version + 1);
        snprintf(set_version, sizeof set_version, "PRAGMA user_version = %zu", version + 1);
        if (execute(db, db->design->migrations[version], doing) && execute(db, set_version, doing) && db_commit(db))
                return true;
        db_rollback(db);
        return false;
}

static bool migrate(struct db *db)
{
        for (;;) {
                int64_t version;

                /* Read under the write lock: another process may be migrating the same file. */
                if (!db_begin(db))
                        return false;
                if (!read_version(db, &version) || !check_version(db, version) ||
                    (size_t)version == db->design->migration_count) {
                        db_rollback(db);
                        return db->code == SQLITE_OK;
                }
                if (!migrate_once(db, (size_t)version))
                        return false;
        }
}

/*
 * Keys like event ids are random, so a batch touches pages all over an index: SQLite's own cache (2 MiB) and log (1000 pages) are too
 * small for a thousand rows, and would read and check-point in every transaction.
 */
static const char file_settings[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                                    "PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 4000;";

/*
 * Of two who make a new file at the same time, one is told at once that it is locked: SQLite does not wait for the lock it needs for
 * journal_mode. So we do.
 */
static bool set_up_file(struct db *db)
{
        for (int64_t waited = 0; !execute(db, file_settings, "setting it up"); waited += PAWL_MS(5)) {
                if ((db->code & 0xff) != SQLITE_BUSY || waited >= DB_BUSY_TIMEOUT)
                        return false;
                usleep(5000);
        }
        return true;
}

static bool prepare_file(struct db *db, int mode)
{
        int64_t version;

        if (mode == DB_WRITE)
                return set_up_file(db) && migrate(db);
        if (!read_version(db, &version) || !check_version(db, version))
                return false;
        if ((size_t)version != db->design->migration_count)
                return fail(db, SQLITE_BUSY, "database %s has schema version %" PRId64 ", not yet %zu",
                            sqlite3_db_filename(db->handle, "main"), version, db->design->migration_count);
        return true;
}

struct db *db_open(const char *path, int mode, const struct db_design *design, char *error, size_t error_size,
                   pawl_result *result)
{
        int flags = mode == DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
        struct db *db = calloc(1, sizeof *db);

        if (db != NULL)
                db->statements = calloc(design->statement_count, sizeof(sqlite3_stmt *));
        if (db == NULL || db->statements == NULL) {
                free(db);
                snprintf(error, error_size, "database %s: out of memory", path);
                if (result != NULL)
                        *result = PAWL_UNAVAILABLE;
                return NULL;
        }
        db->design = design;
        if (!open_handle(db, path, flags) || !prepare_file(db, mode)) {
                snprintf(error, error_size, "%s", db->error);
                if (result != NULL)
                        *result = db_result(db);
                db_close(&db);
        }
        return db;
}

void db_close(struct db **db)
{
        struct db *d = *db;

        *db = NULL;
        if (d == NULL)
                return;
        for (size_t i = 0; i < d->design->statement_count; i++)
                sqlite3_finalize(d->statements[i]);
        /* Every statement is finalised, so this cannot fail; an open transaction is rolled back. */
        sqlite3_close(d->handle);
        free(d->statements);
        free(d);
}

bool db_check(const char *path, const struct db_design *design, char *error, size_t error_size)
{
        struct db db = {.design = design};
        int64_t version;
        bool ok;

        if (access(path, F_OK) != 0) {
                if (errno == ENOENT)
                        return true;
                snprintf(error, error_size, "database %s: %s", path, strerror(errno));
                return false;
        }
        ok = open_handle(&db, path, SQLITE_OPEN_READONLY) && read_version(&db, &version) && check_version(&db, version);
        /* One that another process holds at this moment is no reason to refuse: handlers wait for it. */
        if (!ok && db_result(&db) == PAWL_UNAVAILABLE && (db.code & 0xff) != SQLITE_CANTOPEN)
                ok = true;
        if (!ok)
                snprintf(error, error_size, "%s", db.error);
        sqlite3_close(db.handle);
        return ok;
}

/* ---- Transactions ---- */

bool db_begin(struct db *db)
{
        db->code = SQLITE_OK;
        return execute(db, "BEGIN IMMEDIATE", "beginning a transaction");
}

bool db_commit(struct db *db)
{
        /* SQLite gave the transaction up at an earlier failure, whose reason stays. */
        if (sqlite3_get_autocommit(db->handle))
                return false;
        if (execute(db, "COMMIT", "committing"))
                return true;
        db_rollback(db);
        return false;
}

void db_rollback(struct db *db)
{
        /* Without execute: the reason for the rollback is what db_error should go on saying. */
        if (!sqlite3_get_autocommit(db->handle))
                sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

bool db_part_begin(struct db *db)
{
        return execute(db, "SAVEPOINT part", "beginning a part of a transaction");
}

bool db_part_keep(struct db *db)
{
        return execute(db, "RELEASE part", "keeping a part of a transaction");
}

void db_part_undo(struct db *db)
{
        if (sqlite3_get_autocommit(db->handle))
                return;
        if (!execute(db, "ROLLBACK TO part; RELEASE part", "undoing a part of a transaction"))
                db_rollback(db);
}

/* ---- Statements ---- */

static sqlite3_stmt *statement_of(struct db *db, int statement)
{
        sqlite3_stmt **stmt = &db->statements[statement];

        assert(statement >= 0 && (size_t)statement < db->design->statement_count);
        if (*stmt == NULL && sqlite3_prepare_v3(db->handle, db->design->statements[statement], -1,
                                                SQLITE_PREPARE_PERSISTENT, stmt, NULL) != SQLITE_OK)
                fail_sqlite(db, db->design->statements[statement]);
        return *stmt;
}

static int bind_value(sqlite3_stmt *stmt, int index, const struct db_value *value)
{
        switch (value->type) {
        case SQLITE_INTEGER:
                return sqlite3_bind_int64(stmt, index, value->number);
        case SQLITE_TEXT:
                return sqlite3_bind_text64(stmt, index, value->bytes.ptr, value->bytes.len, SQLITE_STATIC, SQLITE_UTF8);
        case SQLITE_BLOB:
                return sqlite3_bind_blob64(stmt, index, value->bytes.ptr, value->bytes.len, SQLITE_STATIC);
        default:
                return sqlite3_bind_null(stmt, index);
        }
}

bool db_query(struct db *db, int statement, const struct db_value *values, size_t count)
{
        sqlite3_stmt *stmt = statement_of(db, statement);

        if (stmt == NULL)
                return false;
        assert((size_t)sqlite3_bind_parameter_count(stmt) == count);
        sqlite3_reset(stmt);
        for (size_t i = 0; i < count; i++) {
                if (bind_value(stmt, (int)i + 1, &values[i]) != SQLITE_OK)
                        return fail_sqlite(db, db->design->statements[statement]);
        }
        return true;
}

int db_next(struct db *db, int statement)
{
        switch (sqlite3_step(db->statements[statement])) {
        case SQLITE_ROW:
                return 1;
        case SQLITE_DONE:
                db_end(db, statement);
                return 0;
        default:
                fail_sqlite(db, db->design->statements[statement]);
                db_end(db, statement);
                return -1;
        }
}

void db_end(struct db *db, int statement)
{
        if (db->statements[statement] == NULL)
                return;
        sqlite3_reset(db->statements[statement]);
        /* The values are the caller's, and end now. */
        sqlite3_clear_bindings(db->statements[statement]);
}

bool db_run(struct db *db, int statement, const struct db_value *values, size_t count)
{
        int more;

        if (!db_query(db, statement, values, count))
                return false;
        do
                more = db_next(db, statement);
        while (more > 0);
        return more == 0;
}

int64_t db_changes(const struct db *db)
{
        return sqlite3_changes64(db->handle);
}

int64_t db_last_id(const struct db *db)
{
        return sqlite3_last_insert_rowid(db->handle);
}

int64_t db_column_int(struct db *db, int statement, int column)
{
        return sqlite3_column_int64(db->statements[statement], column);
}

bool db_column_null(struct db *db, int statement, int column)
{
        return sqlite3_column_type(db->statements[statement], column) == SQLITE_NULL;
}

struct pawl_str db_column_text(struct db *db, int statement, int column)
{
        const void *text = sqlite3_column_text(db->statements[statement], column);

        return pawl_bytes(text, (size_t)sqlite3_column_bytes(db->statements[statement], column));
}

struct pawl_str db_column_blob(struct db *db, int statement, int column)
{
        /* An empty blob has no pointer; only its type tells it from NULL. */
        const void *bytes = sqlite3_column_blob(db->statements[statement], column);

        if (bytes == NULL && !db_column_null(db, statement, column))
                bytes = "";
        return pawl_bytes(bytes, (size_t)sqlite3_column_bytes(db->statements[statement], column));
}
