#include "common/db.h"
#include "common/tests/scratch.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const migrations[] = {
    "CREATE TABLE t (n INTEGER PRIMARY KEY, s TEXT)",
    "ALTER TABLE t ADD COLUMN b BLOB",
};

enum { INSERT, SELECT, COUNT, LIMIT_PAGES };

static const char *const statements[] = {
    [INSERT] = "INSERT INTO t VALUES (?, ?, ?)",
    [SELECT] = "SELECT n, s, b FROM t ORDER BY n",
    [COUNT] = "SELECT count(*) FROM t",
    /* The one way to a full disk that needs no disk; it lasts as long as the connection. */
    [LIMIT_PAGES] = "PRAGMA max_page_count = 50",
};

static const struct db_design first_design = {migrations, 1, statements, 4};
static const struct db_design design = {migrations, 2, statements, 4};

static char error[512];
static pawl_result result;

static struct db *must_open(int mode)
{
        struct db *db = db_open(scratch_path("t.db"), mode, &design, error, sizeof error, &result);

        cr_assert_not_null(db, "%s", error);
        return db;
}

static bool insert(struct db *db, int64_t n)
{
        return db_run(db, INSERT, DB_VALUES(db_int(n), db_text(pawl_text("Ремонт")), db_blob(pawl_text(""))));
}

static int64_t count(struct db *db)
{
        int64_t n;

        cr_assert(db_query(db, COUNT, DB_NO_VALUES));
        cr_assert_eq(db_next(db, COUNT), 1);
        n = db_column_int(db, COUNT, 0);
        db_end(db, COUNT);
        return n;
}

TestSuite(db, .init = scratch_make, .fini = scratch_remove);

Test(db, values_come_back_as_they_were)
{
        struct db *db = must_open(DB_WRITE);
        struct pawl_str s;

        cr_assert(insert(db, INT64_MIN));
        cr_assert(db_run(db, INSERT, DB_VALUES(db_int(2), db_null(), db_blob(pawl_bytes("a\0b", 3)))));
        cr_assert(db_query(db, SELECT, DB_NO_VALUES));
        cr_assert_eq(db_next(db, SELECT), 1);
        cr_assert_eq(db_column_int(db, SELECT, 0), INT64_MIN);
        s = db_column_text(db, SELECT, 1);
        cr_assert_eq(s.len, strlen("Ремонт"));
        cr_assert_str_eq(s.ptr, "Ремонт");
        s = db_column_blob(db, SELECT, 2);
        cr_assert(s.ptr != NULL && s.len == 0, "an empty blob is not an absent one");
        cr_assert_eq(db_next(db, SELECT), 1);
        cr_assert_null(db_column_text(db, SELECT, 1).ptr);
        s = db_column_blob(db, SELECT, 2);
        cr_assert(s.len == 3 && memcmp(s.ptr, "a\0b", 3) == 0);
        cr_assert_eq(db_next(db, SELECT), 0);
        db_close(&db);
        cr_assert_null(db);
}

Test(db, an_older_file_is_migrated_and_a_newer_one_refused)
{
        struct db *db = db_open(scratch_path("t.db"), DB_WRITE, &first_design, error, sizeof error, &result);

        cr_assert_not_null(db);
        db_close(&db);
        cr_assert(db_check(scratch_path("t.db"), &design, error, sizeof error));
        cr_assert_null(db_open(scratch_path("t.db"), DB_READ, &design, error, sizeof error, &result));
        cr_assert_eq(result, PAWL_UNAVAILABLE, "whoever only reads waits for the migration");
        db = must_open(DB_WRITE);
        cr_assert(insert(db, 1));
        db_close(&db);
        cr_assert_not(db_check(scratch_path("t.db"), &first_design, error, sizeof error));
        cr_assert_not_null(strstr(error, "schema version 2, this build knows versions up to 1"), "%s", error);
        cr_assert_null(db_open(scratch_path("t.db"), DB_WRITE, &first_design, error, sizeof error, &result));
        cr_assert_eq(result, PAWL_FATAL);
}

Test(db, check_makes_no_file)
{
        cr_assert(db_check(scratch_path("t.db"), &design, error, sizeof error));
        cr_assert_neq(access(scratch_path("t.db"), F_OK), 0);
}

Test(db, what_is_no_database_is_refused)
{
        FILE *file = fopen(scratch_path("t.db"), "w");

        for (int i = 0; i < 1000; i++)
                fputs("this is no database\n", file);
        fclose(file);
        cr_assert_not(db_check(scratch_path("t.db"), &design, error, sizeof error));
        cr_assert_not_null(strstr(error, "not a database"), "%s", error);
        cr_assert_null(db_open(scratch_path("t.db"), DB_WRITE, &design, error, sizeof error, &result));
        cr_assert_eq(result, PAWL_FATAL);
}

Test(db, a_locked_file_is_unavailable_and_then_available)
{
        struct db *db = must_open(DB_WRITE);
        struct db *other = must_open(DB_WRITE);

        cr_assert(db_begin(other));
        cr_assert_not(db_begin(db));
        cr_assert_eq(db_result(db), PAWL_UNAVAILABLE);
        cr_assert_not_null(strstr(db_error(db), "locked"), "%s", db_error(db));
        db_rollback(other);
        cr_assert(db_begin(db));
        cr_assert(insert(db, 1));
        cr_assert(db_commit(db));
        cr_assert_eq(count(other), 1);
        db_close(&db);
        db_close(&other);
}

Test(db, a_full_disk_is_unavailable_and_undoes_the_transaction)
{
        struct db *db = must_open(DB_WRITE);
        static char large[1 << 20];

        cr_assert(db_run(db, LIMIT_PAGES, DB_NO_VALUES));
        cr_assert(db_begin(db));
        cr_assert(insert(db, 1));
        cr_assert(db_part_begin(db));
        cr_assert_not(db_run(db, INSERT, DB_VALUES(db_int(2), db_null(), db_blob(pawl_bytes(large, sizeof large)))));
        cr_assert_eq(db_result(db), PAWL_UNAVAILABLE);
        db_part_undo(db);
        db_commit(db);
        cr_assert_eq(db_result(db), PAWL_UNAVAILABLE);
        db_rollback(db);
        db_close(&db);
}

Test(db, a_broken_rule_is_a_retry_and_a_part_is_undone_by_itself)
{
        struct db *db = must_open(DB_WRITE);

        cr_assert(db_begin(db));
        cr_assert(insert(db, 1));
        cr_assert(db_part_begin(db));
        cr_assert(insert(db, 2));
        cr_assert_not(insert(db, 1));
        cr_assert_eq(db_result(db), PAWL_RETRY);
        db_part_undo(db);
        cr_assert(db_part_begin(db));
        cr_assert(insert(db, 3));
        cr_assert(db_part_keep(db));
        cr_assert(db_commit(db));
        cr_assert_eq(count(db), 2);
        db_close(&db);
}

Test(db, what_was_not_committed_is_gone_after_a_kill)
{
        pid_t child = fork();
        struct db *db;

        if (child == 0) {
                db = must_open(DB_WRITE);
                if (db_begin(db) && insert(db, 1) && db_commit(db) && db_begin(db) && insert(db, 2))
                        kill(getpid(), SIGKILL);
                _exit(1);
        }
        cr_assert_eq(waitpid(child, NULL, 0), child);
        db = must_open(DB_WRITE);
        cr_assert_eq(count(db), 1);
        db_close(&db);
}

static pthread_barrier_t together;

static void *open_it(void *path)
{
        char why[512];
        struct db *db;

        pthread_barrier_wait(&together);
        db = db_open(path, DB_WRITE, &design, why, sizeof why, NULL);
        if (db == NULL)
                return NULL;
        db_close(&db);
        return path;
}

Test(db, many_who_make_one_new_file_at_the_same_time_all_get_it)
{
        pthread_barrier_init(&together, NULL, 4);
        for (int round = 0; round < 50; round++) {
                pthread_t threads[4];
                char name[32], path[256];

                snprintf(name, sizeof name, "new-%d.db", round);
                snprintf(path, sizeof path, "%s", scratch_path(name));
                for (size_t i = 0; i < 4; i++)
                        cr_assert_eq(pthread_create(&threads[i], NULL, open_it, path), 0);
                for (size_t i = 0; i < 4; i++) {
                        void *opened;

                        pthread_join(threads[i], &opened);
                        cr_assert_not_null(opened, "round %d", round);
                }
        }
}
