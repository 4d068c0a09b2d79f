/*
 * A plugin's SQLite database: one file, with a schema that knows its version, and prepared statements.
 *
 * The promise that it is made for: what a transaction wrote stands after a power loss (WAL, synchronous=FULL), so a handler
 * may return PAWL_OK, and the host commit the offset, as soon as db_commit has returned true.
 *
 * One thread at a time: the caller sees to that. Each function returns false, or -1, when it failed; then db_error says why in words, and
 * db_result what a handler should return for it. A process that only reads, beside the one that writes, opens a db of its own.
 */
#ifndef PLUGINS_COMMON_DB_H
#define PLUGINS_COMMON_DB_H

#include <pawl/plugin.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a plugin keeps. migrations[v] is SQL that brings a database from version v to v + 1, and is never changed once it was released;
 * an empty file has version 0. Statements are named by their place in the table, an enum of the plugin's.
 */
struct db_design {
        const char *const *migrations;
        size_t migration_count;
        const char *const *statements;
        size_t statement_count;
};

struct db;

#define DB_BUSY_TIMEOUT PAWL_S(1) /* how long a call may wait for another process's lock */

#define DB_WRITE 0 /* made when there is none, and migrated */
#define DB_READ  1 /* must exist, and have this design's version */

/* Opens the file. NULL: the reason is in `error`, and *result (may be NULL) is what a handler should return. `design` is kept, not copied. */
struct db *db_open(const char *path, int mode, const struct db_design *design, char *error, size_t error_size,
                   pawl_result *result);

/* Finishes what is open, closes. Takes NULL; sets the caller's pointer to NULL. */
void db_close(struct db **db);

/*
 * For create, which must leave the file alone: true when there is no file yet, or one that db_open could use; false, with the
 * reason in `error`, when it is no database, or of a newer version than this design.
 */
bool db_check(const char *path, const struct db_design *design, char *error, size_t error_size);

/* What went wrong last, in words; never NULL. */
const char *db_error(const struct db *db);

/*
 * What a handler should return for it: PAWL_UNAVAILABLE when the database is away (locked, full, input/output errors), PAWL_FATAL when it
 * is damaged, PAWL_RETRY for the rest (a rule of the schema was broken: the event's fault or the plugin's).
 */
pawl_result db_result(const struct db *db);

/* db_result with db_error as its reason: `return db_outcome(db, ctx);` */
pawl_result db_outcome(const struct db *db, struct pawl_ctx *ctx);

/* ---- Transactions ---- */

bool db_begin(struct db *db);    /* takes the write lock at once, so that nothing later in it meets a lock */
bool db_commit(struct db *db);   /* when it fails, everything since db_begin is undone */
void db_rollback(struct db *db); /* undoes everything since db_begin; harmless without one */

/*
 * A part of a transaction that can be undone by itself. SQLite gives the whole transaction up after some errors (disk full): then there is
 * nothing left to undo, and db_commit fails with that error's reason.
 */
bool db_part_begin(struct db *db);
bool db_part_keep(struct db *db);
void db_part_undo(struct db *db);

/* ---- Statements ---- */

struct db_value {
        int type; /* SQLITE_INTEGER, SQLITE_TEXT, SQLITE_BLOB, SQLITE_NULL */
        int64_t number;
        struct pawl_str bytes; /* must live until the statement has run */
};

static inline struct db_value db_int(int64_t number)
{
        struct db_value value = {SQLITE_INTEGER, number, {NULL, 0}};

        return value;
}

/* Text, or a blob; absent gives NULL. */
static inline struct db_value db_text(struct pawl_str text)
{
        struct db_value value = {text.ptr ? SQLITE_TEXT : SQLITE_NULL, 0, text};

        return value;
}

static inline struct db_value db_blob(struct pawl_str bytes)
{
        struct db_value value = {bytes.ptr ? SQLITE_BLOB : SQLITE_NULL, 0, bytes};

        return value;
}

static inline struct db_value db_null(void)
{
        struct db_value value = {SQLITE_NULL, 0, {NULL, 0}};

        return value;
}

/* The values of a statement's parameters, in order: DB_VALUES(db_int(7), db_text(name)). */
#define DB_VALUES(...)                                                                                                 \
        (const struct db_value[]){__VA_ARGS__}, sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)
#define DB_NO_VALUES NULL, 0

/* Runs a statement that gives no rows, or whose rows do not matter. */
bool db_run(struct db *db, int statement, const struct db_value *values, size_t count);

/* How many rows the last db_run inserted, changed or removed. */
int64_t db_changes(const struct db *db);

/* The id of the row that was inserted last. */
int64_t db_last_id(const struct db *db);

/* Begins a query; db_next then gives its rows one by one. A statement that runs already begins anew. */
bool db_query(struct db *db, int statement, const struct db_value *values, size_t count);

/* 1: a row is there, and the db_column… functions read it; 0: no more rows, the query has ended; -1: it failed and has ended. */
int db_next(struct db *db, int statement);

/* Ends a query whose rows are not all wanted. */
void db_end(struct db *db, int statement);

/* A column of the present row, from 0. Strings live until the next db_next or db_end; NULL is absent, or 0. */
int64_t db_column_int(struct db *db, int statement, int column);
bool db_column_null(struct db *db, int statement, int column);
struct pawl_str db_column_text(struct db *db, int statement, int column);
struct pawl_str db_column_blob(struct db *db, int statement, int column);

#endif
