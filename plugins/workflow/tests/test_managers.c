/* Who gets a new request, and how urgent it is. */
#include "workflow_fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(managers, .init = fixture_make, .fini = fixture_end);

#define DAY HOURS(24)

static int64_t next_request = 1;

/* The manager that a new request of that region gets; it comes back from its topic if `taken`. */
static int64_t given(const char *region, bool taken)
{
        const char *found;
        char *value;
        int64_t manager;

        cr_assert_eq(feed_created(next_request++, NULL, region), PAWL_OK, "%s", last.reason);
        cr_assert_eq(last.emits.count, 1);
        value = strndup(last.emits.first->value, last.emits.first->value_len);
        found = strstr(value, "\"manager_id\":");
        cr_assert_not_null(found);
        manager = strtoll(found + strlen("\"manager_id\":"), NULL, 10);
        free(value);
        if (taken)
                cr_assert_eq(feed_back(), PAWL_OK, "%s", last.reason);
        return manager;
}

static void cancel(int64_t request)
{
        cr_assert_eq(feed("request.cancelled", request, NULL,
                          "\"customer_id\":5,\"cancelled_by\":5,\"cancellation_reason\":\"x\""),
                     PAWL_OK);
}

static void expect_counts_agree(void)
{
        cr_assert_eq(sql("SELECT count(*) FROM manager WHERE open <> (SELECT count(*) FROM request WHERE"
                         " ifnull(request.manager_id, chosen_manager_id) = manager.manager_id"
                         " AND state NOT IN ('completed', 'cancelled'))"),
                     0);
}

Test(managers, requests_go_in_turn_whether_the_choice_has_come_back_or_not)
{
        cr_assert_eq(given("Москва", false), 101);
        cr_assert_eq(given("Москва", false), 102);
        cr_assert_eq(given(" Москва\\t", true), 101);
        cr_assert_eq(given("Москва", true), 102);
        cr_assert_eq(given("Тверь", true), 201);
        cr_assert_eq(given("Москва", true), 101);
        expect_counts_agree();
}

Test(managers, who_has_the_fewest_open_requests_gets_the_next)
{
        for (int i = 0; i < 6; i++)
                given("Москва", true);
        cancel(2);
        cancel(4);
        cr_assert_eq(given("Москва", true), 102);
        cr_assert_eq(given("Москва", true), 102);
        cr_assert_eq(given("Москва", true), 101, "both have three; 102 was given one last");
        expect_counts_agree();
}

Test(managers, completed_work_is_not_in_hand_any_more)
{
        given("Москва", true);
        given("Москва", true);
        feed("workflow.sent_to_contractors", 2, NULL, "\"manager_id\":3,\"contractor_ids\":[1]");
        feed("workflow.contractor_assigned", 2, NULL,
             "\"contractor_id\":1,\"manager_id\":3,\"previous_status\":\"sent_to_contractors\"");
        feed("workflow.work_started", 2, NULL, "\"contractor_id\":1");
        cr_assert_eq(given("Москва", true), 101);
        feed("workflow.work_completed", 2, NULL, "\"contractor_id\":1,\"completion_data\":{}");
        cr_assert_eq(given("Москва", true), 102);
        expect_counts_agree();
}

Test(managers, a_request_that_was_given_to_another_by_hand_counts_for_him)
{
        given("Москва", true);
        cr_assert_eq(feed("workflow.manager_assigned", 1, NULL, "\"manager_id\":102,\"assigned_by\":9"), PAWL_OK);
        cr_assert_eq(given("Москва", true), 101);
        cr_assert_eq(given("Москва", true), 102, "101 was given one last");
        expect_counts_agree();
}

Test(managers, in_which_order_the_choices_come_back_does_not_matter)
{
        struct testhost_result first, second;

        given("Москва", false);
        first = take_last();
        given("Москва", false);
        second = take_last();
        cr_assert_eq(feed_taken(&second), PAWL_OK);
        cr_assert_eq(feed_taken(&first), PAWL_OK);
        cr_assert_eq(given("Москва", true), 101);
}

Test(managers, a_choice_is_seen_by_the_next_event_of_the_same_batch)
{
#define CREATED(id)                                                                                                    \
        "{\"event_type\":\"request.created\",\"request_id\":" id ",\"customer_id\":5,\"title\":\"t\","                 \
        "\"description\":\"d\",\"urgency\":\"u\",\"region\":\"Москва\",\"city\":\"c\",\"address\":\"a\"}"
        const struct testhost_event events[] = {
            {.topic = "request-events", .key = "1", .json = CREATED("1")},
            {.topic = "request-events", .key = "2", .json = CREATED("2")},
        };
        struct testhost_result results[2];

        testhost_feed_batch(host, events, 2, results);
        for (int i = 0; i < 2; i++) {
                cr_assert_eq(results[i].result, PAWL_OK);
                testhost_result_clear(&results[i]);
        }
        cr_assert_eq(sql("SELECT count(DISTINCT chosen_manager_id) FROM request"), 2);
}

/* ---- Absence and capacity ---- */

/* 2026-12-24 00:00 UTC */
#define CHRISTMAS_EVE (INT64_C(1798070400) * PAWL_S(1))
#define AWAY_101      "{ id = 101; absent = ({ from = \"2026-12-24\"; until = \"2027-01-08\"; }); }"
#define AWAY_102      "{ id = 102; absent = ({ from = \"2026-12-31T12:00\"; until = \"2026-12-31T18:00\"; }); }"

Test(managers, who_is_absent_gets_nothing_from_the_first_day_to_the_last)
{
        fixture_settings("managers = (" AWAY_101 ");");
        feed_time = CHRISTMAS_EVE - PAWL_MS(1);
        cr_assert_eq(given("Москва", true), 101);
        feed_time = CHRISTMAS_EVE;
        cr_assert_eq(given("Москва", true), 102);
        cr_assert_eq(given("Москва", true), 102);
        feed_time = CHRISTMAS_EVE + 16 * DAY - PAWL_MS(1);
        cr_assert_eq(given("Москва", true), 102);
        feed_time = CHRISTMAS_EVE + 16 * DAY;
        cr_assert_eq(given("Москва", true), 101);
}

Test(managers, an_absence_of_hours_ends_at_its_moment)
{
        fixture_settings("managers = (" AWAY_102 ");");
        feed_time = CHRISTMAS_EVE + 7 * DAY + HOURS(12);
        cr_assert_eq(given("Москва", true), 101);
        cr_assert_eq(given("Москва", true), 101);
        feed_time += HOURS(6);
        cr_assert_eq(given("Москва", true), 102);
}

Test(managers, when_all_are_absent_the_default_manager_gets_it_and_the_reason_says_so)
{
        fixture_settings("managers = (" AWAY_101 ", " AWAY_102 ");");
        feed_time = CHRISTMAS_EVE + 7 * DAY + HOURS(13);
        cr_assert_eq(given("Москва", false), 100);
        expect_emitted("\"assignment_reason\":\"default, all managers are absent of region Москва\"");
        cr_assert_eq(given("Тверь", false), 201);
}

Test(managers, who_has_all_he_can_take_gets_nothing_more)
{
        fixture_settings("managers = ({ id = 101; capacity = 1; }, { id = 102; capacity = 2; });");
        cr_assert_eq(given("Москва", true), 101);
        cr_assert_eq(given("Москва", true), 102);
        cr_assert_eq(given("Москва", true), 102);
        cr_assert_eq(given("Москва", false), 100);
        expect_emitted("absent or have all they can take of region Москва");
        cancel(1);
        cr_assert_eq(given("Москва", true), 101);
}

Test(managers, the_count_of_a_database_of_the_version_before_is_taken_over)
{
        struct pawl_error err;

        given("Москва", true);
        given("Москва", true);
        given("Москва", false);
        cancel(2);
        sql("DROP TRIGGER request_came");
        sql("DROP TRIGGER request_changed");
        sql("DROP TABLE deadline");
        sql("DROP TABLE outbox");
        sql("DROP TABLE manager");
        sql("ALTER TABLE history DROP COLUMN who");
        sql("DROP INDEX request_state");
        sql("ALTER TABLE request DROP COLUMN entered");
        sql("ALTER TABLE request DROP COLUMN own_priority");
        sql("ALTER TABLE request DROP COLUMN equipment");
        sql("ALTER TABLE request ADD COLUMN chosen_by INTEGER NOT NULL DEFAULT 7");
        sql("CREATE INDEX request_state ON request (state)");
        sql("PRAGMA user_version = 1");
        cr_assert(testhost_restart(host, NULL, NULL, &err), "%s", err.text);
        cr_assert_eq(given("Москва", true), 102);
        expect_counts_agree();
        cr_assert_eq(sql("SELECT count(*) FROM request WHERE entered > 0"), 4);
}

/* ---- Priority ---- */

#define PRIORITIES                                                                                                     \
        "equipment_priorities = ({ equipment_type = \"сервер\"; at_least = \"urgent\"; },"                       \
        " { equipment_type = \"холодильник\"; at_least = \"normal\"; });"

static const struct {
        const char *urgency;   /* "срочно" is high */
        const char *equipment; /* NULL: not said */
        const char *own;       /* NULL: not said */
        const char *expected;
} priorities[] = {
    {"срочно", NULL, NULL, "high"},
    {"срочно", NULL, "low", "high"},
    {"срочно", "холодильник", NULL, "high"},
    {"срочно", "сервер", NULL, "urgent"},
    {" срочно ", " сервер ", NULL, "urgent"},
    {"обычно", NULL, NULL, "normal"},
    {"обычно", NULL, "low", "low"},
    {"обычно", "холодильник", "low", "normal"},
    {"обычно", "холодильник", "urgent", "urgent"},
    {"обычно", "холодильник", "неслыханный", "normal"},
    {"обычно", "чайник", "неслыханный", "неслыханный"},
    {"обычно", "сервер", NULL, "urgent"},
};

static void expect_priority(int64_t request, const char *priority)
{
        char expected[128];

        snprintf(expected, sizeof expected, "priority   %s\n", priority);
        cr_assert_not_null(strstr(shown(request), expected), "expected %s in %s", expected, shown(request));
}

Test(managers, the_priority_follows_urgency_equipment_and_the_requests_own)
{
        fixture_settings(PRIORITIES);
        for (size_t i = 0; i < sizeof priorities / sizeof priorities[0]; i++) {
                struct buf members = {0};

                buf_printf(&members,
                           "\"customer_id\":5,\"title\":\"t\",\"description\":\"d\",\"region\":\"r\",\"city\":\"c\","
                           "\"address\":\"a\",\"urgency\":\"%s\"",
                           priorities[i].urgency);
                if (priorities[i].equipment != NULL)
                        buf_printf(&members, ",\"equipment_type\":\"%s\"", priorities[i].equipment);
                if (priorities[i].own != NULL)
                        buf_printf(&members, ",\"priority\":\"%s\"", priorities[i].own);
                cr_assert_eq(feed("request.created", (int64_t)i + 1, NULL, members.data), PAWL_OK);
                expect_priority((int64_t)i + 1, priorities[i].expected);
                buf_free(&members);
        }
        expect_emitted("\"metadata\":{\"priority\":\"urgent\"");
}

static void update(const char *fields)
{
        char members[256];

        snprintf(members, sizeof members, "\"customer_id\":5,\"updated_by\":5,\"updated_fields\":%s", fields);
        cr_assert_eq(feed("request.updated", 1, NULL, members), PAWL_OK, "%s", last.reason);
}

Test(managers, a_change_of_what_the_priority_follows_changes_it)
{
        fixture_settings(PRIORITIES);
        lead_to(1, "assigned");
        expect_priority(1, "high");
        update("{\"equipment_type\":\"сервер\"}");
        expect_priority(1, "urgent");
        update("{\"urgency\":\"обычно\",\"title\":null}");
        expect_priority(1, "urgent");
        update("{\"equipment_type\":\"чайник\",\"priority\":\"low\"}");
        expect_priority(1, "low");
        update("{\"title\":\"Ремонт чайника\"}");
        expect_priority(1, "low");
        cr_assert_not_null(strstr(shown(1), "title      Ремонт чайника\n"));
        cr_assert_not_null(strstr(shown(1), "equipment  чайник\n"));
}
