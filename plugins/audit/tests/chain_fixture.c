#include "chain_fixture.h"

#include <inttypes.h>

struct chain *fixture_open(void)
{
        char error[512] = "";
        pawl_result result;
        struct chain *chain = chain_open(scratch_path("audit.db"), error, sizeof error, &result);

        cr_assert_not_null(chain, "%s", error);
        return chain;
}

struct entry fixture_event(int64_t number)
{
        static char value[128];
        static char id[64];

        snprintf(value, sizeof value, "{\"event_type\":\"request.created\",\"title\":\"Ремонт %" PRId64 "\"}", number);
        snprintf(id, sizeof id, "id-%" PRId64, number);
        return (struct entry){
            .topic = pawl_text("request-events"),
            .offset = number,
            .time = PAWL_S(number),
            .key = pawl_text("key"),
            .value = pawl_text(value),
            .event_type = pawl_text(number % 2 ? "request.created" : "request.updated"),
            .event_id = pawl_text(id),
            .request_id = {true, number % 10},
        };
}

void fixture_append(struct chain *chain, int64_t first, int64_t last)
{
        cr_assert(chain_begin(chain));
        for (int64_t number = first; number <= last; number++) {
                struct entry entry = fixture_event(number);
                enum chain_fate fate;

                cr_assert(chain_append(chain, &entry, 1, &fate));
                cr_assert_eq(fate, CHAIN_APPENDED);
        }
        cr_assert(chain_commit(chain));
}

void fixture_chain(int64_t count)
{
        struct chain *chain = fixture_open();

        fixture_append(chain, 1, count);
        chain_close(&chain);
}

void fixture_sql(const char *sql)
{
        char *error = NULL;
        sqlite3 *db;

        cr_assert_eq(sqlite3_open(scratch_path("audit.db"), &db), SQLITE_OK);
        cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &error), SQLITE_OK, "%s: %s", sql, error);
        sqlite3_close(db);
}
