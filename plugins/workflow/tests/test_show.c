/* pawlctl workflow show, and list. */
#include "workflow_fixture.h"

#include <stdio.h>
#include <string.h>

TestSuite(show, .init = fixture_make, .fini = fixture_end);

Test(show, show_prints_the_history_and_nothing_that_steers_a_terminal)
{
        lead_to(1, "new");
        feed("request.cancelled", 1, NULL,
             "\"customer_id\":5,\"cancelled_by\":5,\"cancellation_reason\":\"\\u001b[31mred\\u009b\"");
        cr_assert_not_null(strstr(shown(1), "request.created  unknown -> new  by customer 5\n"), "%s", shown(1));
        cr_assert_not_null(strstr(shown(1), "request.cancelled  new -> cancelled  by user 5  (?[31mred?)\n"), "%s",
                           shown(1));
}

Test(show, show_says_what_it_does_not_know)
{
        struct buf answer = {0};

        lead_to(1, "new");
        cr_assert_not_null(strstr(shown(2), "request 2 is unknown"));
        cr_assert_eq(testhost_command(host, (const char *const[]){"show", "two"}, 2, &answer), 2);
        cr_assert_eq(testhost_command(host, (const char *const[]){"show"}, 1, &answer), 2);
        cr_assert_eq(testhost_command(host, (const char *const[]){"show", "2"}, 2, &answer), 1);
        buf_free(&answer);
}

Test(show, show_says_since_when_and_until_when)
{
        fixture_settings("deadlines = { manager_review = \"4h\"; };");
        feed_time = PAWL_S(1798070400);
        lead_to(1, "clarification");
        cr_assert_not_null(strstr(shown(1), "since      2026-12-24T00:00:00.000000+00:00\n"), "%s", shown(1));
        cr_assert_not_null(strstr(shown(1), "deadlines\n  2026-12-24T04:00:00.000000+00:00  manager_review  met\n"),
                           "%s", shown(1));
        cr_assert_not_null(strstr(shown(1), "workflow.manager_assigned  new -> manager_review  by user 9\n"));
        cr_assert_not_null(strstr(shown(1), "manager_review -> clarification  by manager 300  (Какая модель?)\n"));
}

/* ---- list ---- */

/* The ids that stand at the beginnings of the lines, "1 3 ". */
static const char *ids(const char *listed)
{
        static char text[256];
        size_t used = 0;

        text[0] = '\0';
        for (const char *line = listed; *line != '\0'; line = strchr(line, '\n') + 1)
                used += (size_t)snprintf(text + used, sizeof text - used, "%.*s ", (int)strcspn(line, " \n"), line);
        return text;
}

static void list_fixture(void)
{
        static const char *const led[] = {"new", "manager_review", "assigned", "cancelled", "manager_review"};

        fixture_settings("deadlines = { manager_review = \"90min\"; };");
        for (int i = 0; i < 5; i++) {
                feed_time = now() - HOURS(i + 1);
                lead_to(i + 1, led[i]);
        }
        feed_time = 0;
}

Test(show, list_gives_open_requests_those_first_that_wait_the_longest)
{
        list_fixture();
        cr_assert_str_eq(ids(COMMAND(0, "list")), "5 3 2 1 ");
        cr_assert_str_eq(ids(COMMAND(0, "list", "--state", "manager_review")), "5 2 ");
        cr_assert_str_eq(ids(COMMAND(0, "list", "--state=cancelled")), "4 ");
        cr_assert_str_eq(ids(COMMAND(0, "list", "--manager", "300")), "5 3 2 ");
        cr_assert_str_eq(ids(COMMAND(0, "list", "--manager", "300", "--overdue")), "5 2 ");
        cr_assert_str_eq(ids(COMMAND(0, "list", "--overdue", "--state", "assigned")), "no ");
        cr_assert_str_eq(ids(COMMAND(0, "list", "--limit", "2")), "5 3 … ");
        cr_assert_str_eq(ids(COMMAND(0, "list", "--limit", "4")), "5 3 2 1 ");
}

Test(show, a_line_of_the_list_says_what_there_is_to_know)
{
        list_fixture();
        COMMAND(0, "list", "--state", "manager_review", "--limit", "1");
        cr_assert_not_null(strstr(COMMAND(0, "list", "--overdue"), "  manager 300  high  OVERDUE 20"));
        cr_assert_not_null(strstr(COMMAND(0, "list", "--overdue"), "  Ремонт холодильника\n"));
        cr_assert_not_null(strstr(COMMAND(0, "list"), "1  new  20"));
}

Test(show, list_says_what_it_does_not_understand)
{
        lead_to(1, "new");
        cr_assert_not_null(strstr(COMMAND(2, "list", "--state", "lost"), "expected new or manager_review"));
        cr_assert_not_null(strstr(COMMAND(2, "list", "--manager", "x"), "--manager: expected a number of 0 or more"));
        cr_assert_not_null(strstr(COMMAND(2, "list", "--limit", "0"), "--limit: expected a number of 1 or more"));
        cr_assert_not_null(strstr(COMMAND(2, "list", "--what", "0"), "no such option"));
        cr_assert_not_null(strstr(COMMAND(2, "list", "--state"), "expected a value"));
}
