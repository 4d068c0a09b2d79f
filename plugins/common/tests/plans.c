#include "common/tests/plans.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

/* "SCAN history USING COVERING INDEX …" reads a whole table too. What is no table is constant, or a query that has steps of its own. */
static bool reads_all(const char *step, const char *const *small)
{
        static const char *const no_tables[] = {"CONSTANT", "(subquery", NULL};
        const char *name = step + strlen("SCAN ");

        if (strncmp(step, "SCAN ", strlen("SCAN ")) != 0)
                return false;
        for (size_t i = 0; no_tables[i] != NULL; i++) {
                if (strncmp(name, no_tables[i], strlen(no_tables[i])) == 0)
                        return false;
        }
        for (; *small != NULL; small++) {
                if (strcspn(name, " ") == strlen(*small) && strncmp(name, *small, strlen(*small)) == 0)
                        return false;
        }
        return true;
}

static void expect_indexed(sqlite3 *handle, const char *statement, const char *const *small)
{
        sqlite3_stmt *plan;
        char sql[4096];

        snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", statement);
        cr_assert_eq(sqlite3_prepare_v2(handle, sql, -1, &plan, NULL), SQLITE_OK, "%s", sqlite3_errmsg(handle));
        while (sqlite3_step(plan) == SQLITE_ROW) {
                const char *step = (const char *)sqlite3_column_text(plan, 3);

                cr_assert_not(reads_all(step, small), "%s: %s", step, statement);
        }
        sqlite3_finalize(plan);
}

void plans_expect_indexed(const struct db_design *design, const char *const *small)
{
        sqlite3 *handle;

        cr_assert_eq(sqlite3_open(":memory:", &handle), SQLITE_OK);
        for (size_t i = 0; i < design->migration_count; i++)
                cr_assert_eq(sqlite3_exec(handle, design->migrations[i], NULL, NULL, NULL), SQLITE_OK, "%s",
                             sqlite3_errmsg(handle));
        for (size_t i = 0; i < design->statement_count; i++)
                expect_indexed(handle, design->statements[i], small);
        sqlite3_close(handle);
}
