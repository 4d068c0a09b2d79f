#include "directory.h"

#include "common/db.h"

#include <stdlib.h>
#include <string.h>

static const char *const migrations[] = {
    "CREATE TABLE recipients (id INTEGER NOT NULL, role TEXT NOT NULL, name TEXT NOT NULL, email TEXT NOT NULL,"
    " telegram_chat_id TEXT NOT NULL, telegram_username TEXT NOT NULL, phone TEXT NOT NULL, language TEXT NOT NULL,"
    " channels TEXT NOT NULL, quiet_from TEXT NOT NULL, quiet_to TEXT NOT NULL, time_zone TEXT NOT NULL,"
    " region TEXT NOT NULL, unsubscribed TEXT NOT NULL, seen INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (role, id))"
    " WITHOUT ROWID;"
    "CREATE INDEX recipients_region ON recipients (region, role);"
    "CREATE TABLE sources (source TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;",
};

#define COLUMNS                                                                                                        \
        "id, role, name, email, telegram_chat_id, telegram_username, phone, language, channels, quiet_from, quiet_to," \
        " time_zone, region, unsubscribed"

/* All values but id and role, the key. */
#define SAME                                                                                                           \
        "name = ?3 AND email = ?4 AND telegram_chat_id = ?5 AND telegram_username = ?6 AND phone = ?7"                 \
        " AND language = ?8 AND channels = ?9 AND quiet_from = ?10 AND quiet_to = ?11 AND time_zone = ?12"             \
        " AND region = ?13 AND unsubscribed = ?14"

enum { FIND, OF_REGION, LIST, UNSEE, IS_THERE, SEE_SAME, PUT, REMOVE_UNSEEN, SOURCE_STATE, PUT_SOURCE };

static const char *const statements[] = {
    [FIND] = "SELECT " COLUMNS " FROM recipients WHERE role = ? AND id = ?",
    [OF_REGION] = "SELECT " COLUMNS " FROM recipients WHERE role = ? AND region = ? ORDER BY id",
    [LIST] = "SELECT " COLUMNS " FROM recipients WHERE ?1 < 0 OR id = ?1 ORDER BY role, id",
    [UNSEE] = "UPDATE recipients SET seen = 0 WHERE seen = 1",
    [IS_THERE] = "SELECT 1 FROM recipients WHERE role = ? AND id = ?",
    [SEE_SAME] = "UPDATE recipients SET seen = 1 WHERE id = ?1 AND role = ?2 AND " SAME,
    [PUT] =
        "INSERT OR REPLACE INTO recipients (" COLUMNS ", seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
    [REMOVE_UNSEEN] = "DELETE FROM recipients WHERE seen = 0",
    [SOURCE_STATE] = "SELECT 1 FROM sources WHERE source = ? AND state = ?",
    [PUT_SOURCE] = "INSERT OR REPLACE INTO sources VALUES (?, ?)",
};

static const struct db_design design = {migrations, sizeof migrations / sizeof migrations[0], statements,
                                        sizeof statements / sizeof statements[0]};

struct directory {
        struct db *db;
};

bool people_add(struct people *people, struct person *person)
{
        if (people->count == people->room) {
                size_t room = people->room ? 2 * people->room : 16;
                struct person *more = realloc(people->list, room * sizeof *more);

                if (more == NULL) {
                        person_clear(person);
                        return false;
                }
                people->list = more;
                people->room = room;
        }
        people->list[people->count++] = *person;
        *person = (struct person){.id = PERSON_NOBODY};
        return true;
}

void people_clear(struct people *people)
{
        for (size_t i = 0; i < people->count; i++)
                person_clear(&people->list[i]);
        free(people->list);
        *people = (struct people){0};
}

bool directory_check(const char *path, char *error, size_t error_size)
{
        return db_check(path, &design, error, error_size);
}

struct directory *directory_open(const char *path, char *error, size_t error_size, pawl_result *result)
{
        struct directory *d = calloc(1, sizeof *d);

        if (d != NULL)
                d->db = db_open(path, DB_WRITE, &design, error, error_size, result);
        if (d == NULL || d->db == NULL) {
                free(d);
                return NULL;
        }
        return d;
}

void directory_close(struct directory **directory)
{
        if (*directory == NULL)
                return;
        db_close(&(*directory)->db);
        free(*directory);
        *directory = NULL;
}

const char *directory_error(const struct directory *directory)
{
        return db_error(directory->db);
}

/* False: memory. */
static bool read_person(struct db *db, int statement, struct person *person)
{
        bool ok = true;

        *person = (struct person){.id = db_column_int(db, statement, 0)};
        for (int i = 0; i < PERSON_VALUES; i++) {
                struct pawl_str text = db_column_text(db, statement, i + 1);

                person->values[i] = strndup(text.len > 0 ? text.ptr : "", text.len);
                ok = ok && person->values[i] != NULL;
        }
        if (!ok)
                person_clear(person);
        return ok;
}

pawl_result directory_find(struct directory *directory, const char *role, int64_t id, struct person *person,
                           bool *found)
{
        struct db *db = directory->db;
        int row = db_query(db, FIND, DB_VALUES(db_text(pawl_text(role)), db_int(id))) ? db_next(db, FIND) : -1;

        *found = false;
        if (row < 0)
                return db_result(db);
        if (row == 1) {
                *found = read_person(db, FIND, person);
                db_end(db, FIND);
                return *found ? PAWL_OK : PAWL_RETRY;
        }
        return PAWL_OK;
}

/* Adds the rows of a query that was begun. */
static pawl_result read_all(struct directory *directory, bool begun, int statement, struct people *people)
{
        struct person person;
        int row = -1;

        while (begun && (row = db_next(directory->db, statement)) == 1) {
                if (!read_person(directory->db, statement, &person) || !people_add(people, &person)) {
                        db_end(directory->db, statement);
                        return PAWL_RETRY;
                }
        }
        return row == 0 ? PAWL_OK : db_result(directory->db);
}

pawl_result directory_of_region(struct directory *directory, const char *role, const char *region,
                                struct people *people)
{
        bool begun =
            db_query(directory->db, OF_REGION, DB_VALUES(db_text(pawl_text(role)), db_text(pawl_text(region))));

        return read_all(directory, begun, OF_REGION, people);
}

pawl_result directory_list(struct directory *directory, int64_t id, struct people *people)
{
        return read_all(directory, db_query(directory->db, LIST, DB_VALUES(db_int(id))), LIST, people);
}

/* 1: the query has a row; 0: none; -1: it failed. */
static int any_row(struct db *db, int statement, const struct db_value *values, size_t count)
{
        int row = db_query(db, statement, values, count) ? db_next(db, statement) : -1;

        if (row == 1)
                db_end(db, statement);
        return row;
}

static bool put_one(struct db *db, const struct person *person, struct directory_change *change)
{
        struct db_value values[PERSON_VALUES + 1];
        int there;

        values[0] = db_int(person->id);
        for (int i = 0; i < PERSON_VALUES; i++)
                values[i + 1] = db_text(pawl_text(person->values[i]));
        if (!db_run(db, SEE_SAME, values, PERSON_VALUES + 1))
                return false;
        if (db_changes(db) > 0) {
                change->same++;
                return true;
        }
        there = any_row(db, IS_THERE, DB_VALUES(values[PERSON_ROLE + 1], values[0]));
        if (there < 0 || !db_run(db, PUT, values, PERSON_VALUES + 1))
                return false;
        change->added += there == 0;
        change->changed += there == 1;
        return true;
}

static bool put_all(struct db *db, const struct people *people, unsigned flags, struct directory_change *change)
{
        if (!db_run(db, UNSEE, DB_NO_VALUES))
                return false;
        for (size_t i = 0; i < people->count; i++) {
                if (!put_one(db, &people->list[i], change))
                        return false;
        }
        if ((flags & DIRECTORY_REPLACE) != 0) {
                if (!db_run(db, REMOVE_UNSEEN, DB_NO_VALUES))
                        return false;
                change->removed = db_changes(db);
        }
        return true;
}

pawl_result directory_put(struct directory *directory, const struct people *people, unsigned flags, const char *source,
                          const char *state, struct directory_change *change)
{
        struct db *db = directory->db;
        int had = 0;
        bool ok;
        pawl_result result = PAWL_OK;

        *change = (struct directory_change){0};
        if (!db_begin(db))
                return db_result(db);
        if (source != NULL)
                had = any_row(db, SOURCE_STATE, DB_VALUES(db_text(pawl_text(source)), db_text(pawl_text(state))));
        ok = had >= 0;
        if (had == 0)
                ok = put_all(db, people, flags, change);
        if (ok && had == 0 && source != NULL)
                ok = db_run(db, PUT_SOURCE, DB_VALUES(db_text(pawl_text(source)), db_text(pawl_text(state))));
        if (ok && (flags & DIRECTORY_DRY_RUN) == 0)
                ok = db_commit(db);
        if (!ok)
                result = db_result(db);
        if (!ok || (flags & DIRECTORY_DRY_RUN) != 0)
                db_rollback(db);
        return result;
}
