#include "search.h"

#include "chain.h"
#include "row.h"

#include "common/command.h"
#include "common/iso_time.h"

#include <stdio.h>
#include <string.h>

const char *const search_options[SEARCH_OPTIONS] = {
    [SEARCH_TYPE] = "type",   [SEARCH_REQUEST] = "request",         [SEARCH_USER] = "user",   [SEARCH_EVENT] = "event",
    [SEARCH_TOPIC] = "topic", [SEARCH_CORRELATION] = "correlation", [SEARCH_SINCE] = "since", [SEARCH_UNTIL] = "until",
    [SEARCH_LIMIT] = "limit", [SEARCH_FORMAT] = "format",
};

static bool text_value(struct pawl_str text, struct db_value *value)
{
        *value = db_text(text);
        return true;
}

static bool number_value(struct pawl_str text, struct db_value *value)
{
        int64_t number = 0;
        bool ok = command_number(text, &number);

        *value = db_int(number);
        return ok;
}

static bool time_value(struct pawl_str text, struct db_value *value)
{
        int64_t time = 0;
        bool ok = iso_time_parse(text, &time);

        *value = db_int(time);
        return ok;
}

/* What each option asks of an entry. */
static const struct {
        const char *condition;
        bool (*value)(struct pawl_str text, struct db_value *value);
        const char *expected;
} conditions[SEARCH_LIMIT] = {
    [SEARCH_TYPE] = {"event_type = ?", text_value, "an event type"},
    [SEARCH_REQUEST] = {"request_id = ?", number_value, "a whole number"},
    [SEARCH_USER] = {"user_id = ?", number_value, "a whole number"},
    [SEARCH_CORRELATION] = {"correlation_id = ?", text_value, "a correlation id"},
    [SEARCH_EVENT] = {"event_id = ?", text_value, "an event id"},
    [SEARCH_TOPIC] = {"topic = ?", text_value, "a topic"},
    [SEARCH_SINCE] = {"time >= ?", time_value, "a time (2026-11-22 or 2026-11-22T10:00:00)"},
    [SEARCH_UNTIL] = {"time < ?", time_value, "a time (2026-11-22 or 2026-11-22T10:00:00)"},
};

static bool refuse(struct pawl_str text, const char *name, const char *expected, char *error, size_t error_size)
{
        char shown[128];

        snprintf(error, error_size, "--%s: expected %s, found \"%s\"", name, expected,
                 command_printable(text, shown, sizeof shown));
        return false;
}

static void add_sql(struct search *search, const char *text)
{
        size_t used = strlen(search->sql);

        /* Every piece is a constant of this file; together they fit. */
        snprintf(search->sql + used, sizeof search->sql - used, "%s", text);
}

/* In the order that the index of the question has, so that a limit ends it early: of a log for years, SQLite should sort nothing. */
static bool by_time(const struct pawl_str *values)
{
        static const int by_place[] = {SEARCH_REQUEST, SEARCH_USER, SEARCH_CORRELATION, SEARCH_EVENT};

        for (size_t i = 0; i < sizeof by_place / sizeof by_place[0]; i++) {
                if (values[by_place[i]].ptr != NULL)
                        return false;
        }
        return values[SEARCH_TYPE].ptr != NULL || values[SEARCH_SINCE].ptr != NULL || values[SEARCH_UNTIL].ptr != NULL;
}

bool search_make(struct search *search, const struct pawl_str *values, int64_t limit, char *error, size_t error_size)
{
        *search = (struct search){.limit = limit};
        if (values[SEARCH_LIMIT].ptr != NULL &&
            (!command_number(values[SEARCH_LIMIT], &search->limit) || search->limit < 0))
                return refuse(values[SEARCH_LIMIT], "limit", "a number of entries", error, error_size);
        add_sql(search, "SELECT " ROW_COLUMNS " FROM log WHERE true");
        for (size_t i = 0; i < SEARCH_LIMIT; i++) {
                if (values[i].ptr == NULL)
                        continue;
                if (!conditions[i].value(values[i], &search->values[search->value_count++]))
                        return refuse(values[i], search_options[i], conditions[i].expected, error, error_size);
                add_sql(search, " AND ");
                add_sql(search, conditions[i].condition);
        }
        add_sql(search, by_time(values) ? " ORDER BY time, seq LIMIT ?" : " ORDER BY seq LIMIT ?");
        search->value_count++;
        return true;
}

bool search_chain(struct search *search, const char *path, search_found_fn *found, void *arg, char *error,
                  size_t error_size)
{
        const char *const statements[] = {search->sql};
        const struct db_design design = {chain_design.migrations, chain_design.migration_count, statements, 1};
        struct db *db = db_open(path, DB_READ, &design, error, error_size, NULL);
        struct entry entry;
        struct link link;
        int more = -1;

        if (db == NULL)
                return false;
        search->values[search->value_count - 1] = db_int(search->limit);
        if (db_query(db, 0, search->values, search->value_count)) {
                while ((more = db_next(db, 0)) == 1) {
                        row_read(db, 0, &entry, &link);
                        search->limit--;
                        if (!found(arg, &entry, &link))
                                break;
                }
        }
        if (more < 0)
                snprintf(error, error_size, "%s", db_error(db));
        db_close(&db);
        return more >= 0;
}
