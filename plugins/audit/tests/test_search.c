#include "chain_fixture.h"
#include "search.h"

#include <inttypes.h>
#include <string.h>

static char error[512];
static char found[4096]; /* the numbers of the entries that were found */

static bool note(void *arg, const struct entry *entry, const struct link *link)
{
        char number[32];

        (void)arg;
        cr_assert_eq(entry->offset, link->seq);
        snprintf(number, sizeof number, "%" PRId64 " ", link->seq);
        strncat(found, number, sizeof found - strlen(found) - 1);
        return true;
}

/* Searches with one option, or two, of a default of no limit. */
static const char *search_for(int option, const char *value, int option2, const char *value2)
{
        struct pawl_str values[SEARCH_OPTIONS] = {{NULL, 0}};
        struct search search;

        values[option] = pawl_text(value);
        values[option2] = pawl_text(value2);
        if (!search_make(&search, values, INT64_MAX, error, sizeof error))
                return error;
        found[0] = '\0';
        cr_assert(search_chain(&search, scratch_path("audit.db"), note, NULL, error, sizeof error), "%s", error);
        return found;
}

static void make(void)
{
        scratch_make();
        fixture_chain(30);
}

TestSuite(search, .init = make, .fini = scratch_remove);

Test(search, finds_by_each_column)
{
        cr_assert_str_eq(search_for(SEARCH_REQUEST, "7", SEARCH_LIMIT, "10"), "7 17 27 ");
        cr_assert_str_eq(search_for(SEARCH_TYPE, "request.created", SEARCH_LIMIT, "3"), "1 3 5 ");
        cr_assert_str_eq(search_for(SEARCH_EVENT, "id-12", SEARCH_TOPIC, "request-events"), "12 ");
        cr_assert_str_eq(search_for(SEARCH_TOPIC, "hr-events", SEARCH_LIMIT, "3"), "");
        cr_assert_str_eq(search_for(SEARCH_USER, "1", SEARCH_LIMIT, "3"), "");
        cr_assert_str_eq(search_for(SEARCH_CORRELATION, "c", SEARCH_LIMIT, "3"), "");
        cr_assert_str_eq(search_for(SEARCH_SINCE, "1970-01-01T00:00:28", SEARCH_LIMIT, "9"), "28 29 30 ");
        cr_assert_str_eq(search_for(SEARCH_SINCE, "1970-01-01T00:00:10", SEARCH_UNTIL, "1970-01-01T00:00:12"),
                         "10 11 ");
        cr_assert_str_eq(search_for(SEARCH_LIMIT, "0", SEARCH_REQUEST, "7"), "");
}

Test(search, what_is_asked_wrongly_is_named)
{
        cr_assert_str_eq(search_for(SEARCH_REQUEST, "7 OR 1", SEARCH_LIMIT, "1"),
                         "--request: expected a whole number, found \"7 OR 1\"");
        cr_assert_str_eq(search_for(SEARCH_LIMIT, "-1", SEARCH_TYPE, "x"),
                         "--limit: expected a number of entries, found \"-1\"");
        cr_assert_not_null(
            strstr(search_for(SEARCH_SINCE, "yesterday", SEARCH_LIMIT, "1"), "--since: expected a time"));
}

Test(search, quotes_are_only_text)
{
        cr_assert_str_eq(search_for(SEARCH_TYPE, "x' OR '1'='1", SEARCH_LIMIT, "9"), "");
}

/* How SQLite would carry out the search: its plan, a line a step. */
static const char *plan_of(int option, const char *value, int option2, const char *value2)
{
        static char plan[2048];
        struct pawl_str values[SEARCH_OPTIONS] = {{NULL, 0}};
        struct search search;
        char sql[1200];
        sqlite3_stmt *stmt;
        sqlite3 *db;

        values[option] = pawl_text(value);
        values[option2] = pawl_text(value2);
        cr_assert(search_make(&search, values, 100, error, sizeof error), "%s", error);
        snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", search.sql);
        plan[0] = '\0';
        cr_assert_eq(sqlite3_open(scratch_path("audit.db"), &db), SQLITE_OK);
        cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
        while (sqlite3_step(stmt) == SQLITE_ROW) {
                size_t used = strlen(plan);

                snprintf(plan + used, sizeof plan - used, "%s\n", (const char *)sqlite3_column_text(stmt, 3));
        }
        sqlite3_finalize(stmt);
        sqlite3_close(db);
        return plan;
}

Test(search, each_way_of_asking_uses_an_index)
{
        static const struct {
                int option;
                const char *value;
                const char *index;
        } asked[] = {
            {SEARCH_TYPE, "request.created", "INDEX log_event_type (event_type=?)"},
            {SEARCH_REQUEST, "7", "INDEX log_request_id (request_id=?)"},
            {SEARCH_USER, "7", "INDEX log_user_id (user_id=?)"},
            {SEARCH_CORRELATION, "c", "INDEX log_correlation_id (correlation_id=?)"},
            {SEARCH_EVENT, "e", "INDEX log_event_id (event_id=?)"},
            {SEARCH_SINCE, "2026-11-22", "INDEX log_time (time>?)"},
            {SEARCH_UNTIL, "2026-11-22", "INDEX log_time (time<?)"},
            {SEARCH_TOPIC, "hr-events", "(topic=?)"},
        };

        for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
                const char *plan = plan_of(asked[i].option, asked[i].value, SEARCH_LIMIT, "100");

                cr_assert_not_null(strstr(plan, asked[i].index), "--%s: %s", search_options[asked[i].option], plan);
                cr_assert_null(strstr(plan, "SCAN"), "--%s: %s", search_options[asked[i].option], plan);
                cr_assert(asked[i].option == SEARCH_TOPIC || strstr(plan, "TEMP B-TREE") == NULL, "--%s: %s",
                          search_options[asked[i].option], plan);
        }
}

Test(search, a_type_in_a_time_uses_both_columns_of_one_index)
{
        const char *plan = plan_of(SEARCH_TYPE, "request.created", SEARCH_SINCE, "2026-11-22");

        cr_assert_not_null(strstr(plan, "INDEX log_event_type (event_type=? AND time>?)"), "%s", plan);
}

Test(search, several_conditions_must_all_be_true)
{
        cr_assert_str_eq(search_for(SEARCH_REQUEST, "7", SEARCH_TYPE, "request.created"), "7 17 27 ");
        cr_assert_str_eq(search_for(SEARCH_REQUEST, "7", SEARCH_TYPE, "request.updated"), "");
        cr_assert_str_eq(search_for(SEARCH_REQUEST, "7", SEARCH_SINCE, "1970-01-01T00:00:17"), "17 27 ");
        cr_assert_str_eq(search_for(SEARCH_REQUEST, "7", SEARCH_UNTIL, "1970-01-01T00:00:17"), "7 ");
        cr_assert_str_eq(search_for(SEARCH_EVENT, "id-12", SEARCH_REQUEST, "3"), "");
}
