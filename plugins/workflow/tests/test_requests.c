#include "workflow_fixture.h"

#include <inttypes.h>
#include <string.h>

TestSuite(requests, .init = fixture_make, .fini = fixture_end);

Test(requests, a_new_request_gets_a_manager_of_its_region_and_its_priority)
{
        cr_assert_eq(feed_created(8, "a-1", "Москва"), PAWL_OK, "%s", last.reason);
        cr_assert_eq(last.emits.count, 1);
        cr_assert_str_eq(last.emits.first->topic, "workflow-events");
        cr_assert_eq(last.emits.first->key_len, 1);
        cr_assert_eq(*(const char *)last.emits.first->key, '8');
        expect_emitted("\"event_type\":\"workflow.manager_assigned\"");
        expect_emitted("\"request_id\":8,\"manager_id\":101,\"assigned_by\":7,\"assignment_reason\":\"region Москва\"");
        expect_state(8, "new");
        cr_assert_not_null(strstr(shown(8), "priority   high\n"));
        cr_assert_not_null(strstr(shown(8), "Ремонт холодильника"));
        cr_assert_eq(feed_back(), PAWL_OK, "%s", last.reason);
        cr_assert_eq(last.emits.count, 0);
        expect_state(8, "manager_review");
        cr_assert_not_null(strstr(shown(8), "manager    101\n"));
}

Test(requests, the_managers_of_a_region_share_its_requests)
{
        feed_created(1, NULL, " Москва\\t");
        expect_emitted("\"manager_id\":102");
        feed_created(2, NULL, "Москва");
        expect_emitted("\"manager_id\":101");
        feed_created(3, NULL, "Тверь");
        expect_emitted("\"manager_id\":201");
}

Test(requests, an_unknown_region_goes_to_the_default_manager)
{
        feed_created(1, NULL, "Камчатка");
        expect_emitted("\"manager_id\":100");
        expect_emitted("\"assignment_reason\":\"default, no manager for region Камчатка\"");
}

Test(requests, an_urgency_without_a_row_leaves_the_requests_own_priority_or_normal)
{
#define REST "\"customer_id\":5,\"title\":\"t\",\"description\":\"d\",\"region\":\"r\",\"city\":\"c\",\"address\":\"a\""
        feed("request.created", 1, NULL, REST ",\"urgency\":\"so-so\",\"priority\":\"low\"");
        cr_assert_not_null(strstr(shown(1), "priority   low\n"));
        feed("request.created", 2, NULL, REST ",\"urgency\":\"so-so\",\"priority\":null");
        cr_assert_not_null(strstr(shown(2), "priority   normal\n"));
        feed("request.created", 3, NULL, REST ",\"urgency\":\" срочно \",\"priority\":\"low\"");
        cr_assert_not_null(strstr(shown(3), "priority   high\n"));
}

Test(requests, a_changed_urgency_changes_the_priority)
{
        lead_to(1, "assigned");
        cr_assert_eq(feed("request.updated", 1, NULL,
                          "\"customer_id\":5,\"updated_by\":5,\"updated_fields\":{\"urgency\":\"low\"}"),
                     PAWL_OK);
        cr_assert_not_null(strstr(shown(1), "priority   normal\n"));
        expect_state(1, "assigned");
        cr_assert_eq(feed("request.updated", 1, NULL,
                          "\"customer_id\":5,\"updated_by\":5,\"updated_fields\":{\"urgency\":3}"),
                     PAWL_REJECT);
}

/* ---- The state machine: every event in every state ---- */

static const char *const states[] = {
    "unknown",  "new",         "manager_review", "clarification", "sent_to_contractors",
    "assigned", "in_progress", "completed",      "cancelled",     "contractor_responses"};

#define OK PAWL_OK
#define WA PAWL_WAIT
#define RE PAWL_REJECT

static const struct {
        const char *event_type;
        const char *members;
        pawl_result expected[10]; /* in the order of `states` */
        const char *to;
} moves[] = {
    {"request.cancelled",
     "\"customer_id\":5,\"cancelled_by\":5,\"cancellation_reason\":\"x\"",
     {WA, OK, OK, OK, OK, OK, OK, RE, RE, OK},
     "cancelled"},
    {"request.clarification_needed",
     "\"customer_id\":5,\"manager_id\":3,\"question\":\"?\"",
     {WA, WA, OK, WA, RE, RE, RE, RE, RE, RE},
     "clarification"},
    {"workflow.manager_assigned",
     "\"manager_id\":3,\"assigned_by\":9",
     {WA, OK, OK, WA, RE, RE, RE, RE, RE, RE},
     "manager_review"},
    {"workflow.sent_to_contractors",
     "\"manager_id\":3,\"contractor_ids\":[]",
     {WA, WA, OK, WA, RE, RE, RE, RE, RE, RE},
     "sent_to_contractors"},
    {"workflow.contractor_assigned",
     "\"contractor_id\":1,\"manager_id\":3,\"previous_status\":\"sent_to_contractors\",\"new_status\":\"assigned\"",
     {WA, WA, WA, WA, OK, RE, RE, RE, RE, OK},
     "assigned"},
    {"workflow.work_started", "\"contractor_id\":1", {WA, WA, WA, WA, WA, OK, RE, RE, RE, WA}, "in_progress"},
    {"workflow.work_completed",
     "\"contractor_id\":1,\"completion_data\":{}",
     {WA, WA, WA, WA, WA, WA, OK, RE, RE, WA},
     "completed"},
    {"workflow.status_changed",
     "\"previous_status\":\"clarification\",\"new_status\":\"manager_review\"",
     {WA, WA, OK, OK, RE, RE, RE, RE, RE, RE},
     "manager_review"},
    {"workflow.status_changed",
     "\"previous_status\":\"sent_to_contractors\",\"new_status\":\"contractor_responses\"",
     {WA, WA, WA, WA, OK, RE, RE, RE, RE, OK},
     "contractor_responses"},
};

Test(requests, every_event_in_every_state_moves_waits_or_is_rejected)
{
        int64_t request = 0;

        for (size_t m = 0; m < sizeof moves / sizeof moves[0]; m++) {
                for (size_t s = 0; s < 10; s++) {
                        lead_to(++request, states[s]);
                        cr_assert_eq(feed(moves[m].event_type, request, NULL, moves[m].members), moves[m].expected[s],
                                     "%s in %s: %d %s", moves[m].event_type, states[s], last.result, last.reason);
                        if (moves[m].expected[s] == OK) {
                                expect_state(request, moves[m].to);
                                continue;
                        }
                        cr_assert_not_null(strstr(last.reason, states[s]), "%s", last.reason);
                        cr_assert_not_null(strstr(last.reason, moves[m].event_type), "%s", last.reason);
                        if (s > 0)
                                expect_state(request, states[s]);
                }
        }
}

Test(requests, a_wait_names_both_states)
{
        lead_to(1, "new");
        feed("workflow.contractor_assigned", 1, NULL,
             "\"contractor_id\":1,\"manager_id\":3,\"previous_status\":\"sent_to_contractors\"");
        cr_assert_eq(last.result, PAWL_WAIT);
        cr_assert_str_eq(last.reason, "request 1 is new; workflow.contractor_assigned waits until it is "
                                      "sent_to_contractors or contractor_responses");
}

Test(requests, an_impossible_event_names_both_states)
{
        lead_to(1, "completed");
        feed("workflow.work_started", 1, NULL, "\"contractor_id\":1");
        cr_assert_eq(last.result, PAWL_REJECT);
        cr_assert_str_eq(last.reason,
                         "request 1 is completed; workflow.work_started is possible only while it is assigned");
        feed("workflow.status_changed", 1, NULL, "\"previous_status\":\"new\",\"new_status\":\"completed\"");
        cr_assert_str_eq(last.reason, "a request cannot go from new to completed");
        feed_created(1, NULL, "Москва");
        cr_assert_eq(last.result, PAWL_REJECT);
        cr_assert_str_eq(last.reason, "request 1 is completed; request.created is possible only while it is unknown");
}

/* ---- The plugin's own event comes back late ---- */

Test(requests, a_choice_overtaken_by_a_cancellation_changes_nothing)
{
        struct testhost_result choice;

        feed_created(1, NULL, "Тверь");
        choice = last;
        memset(&last, 0, sizeof last);
        cr_assert_eq(feed("request.cancelled", 1, NULL,
                          "\"customer_id\":5,\"cancelled_by\":5,\"cancellation_reason\":\"x\""),
                     PAWL_OK);
        testhost_result_clear(&last);
        last = choice;
        cr_assert_eq(feed_back(), PAWL_OK, "%s", last.reason);
        expect_state(1, "cancelled");
}

Test(requests, a_choice_overtaken_by_another_assignment_changes_nothing)
{
        struct testhost_result choice;

        feed_created(1, NULL, "Тверь");
        choice = last;
        memset(&last, 0, sizeof last);
        cr_assert_eq(feed("workflow.manager_assigned", 1, NULL, "\"manager_id\":300,\"assigned_by\":9"), PAWL_OK);
        testhost_result_clear(&last);
        last = choice;
        cr_assert_eq(feed_back(), PAWL_OK, "%s", last.reason);
        expect_state(1, "manager_review");
        cr_assert_not_null(strstr(shown(1), "manager    300\n"));
}

Test(requests, events_of_another_topic_may_come_first)
{
        cr_assert_eq(feed("workflow.manager_assigned", 1, NULL, "\"manager_id\":300,\"assigned_by\":9"), PAWL_WAIT);
        feed_created(1, NULL, "Москва");
        cr_assert_eq(feed("workflow.manager_assigned", 1, NULL, "\"manager_id\":300,\"assigned_by\":9"), PAWL_OK);
}

/* ---- show ---- */

Test(requests, show_prints_the_history_and_nothing_that_steers_a_terminal)
{
        lead_to(1, "new");
        feed("request.cancelled", 1, NULL,
             "\"customer_id\":5,\"cancelled_by\":5,\"cancellation_reason\":\"\\u001b[31mred\\u009b\"");
        cr_assert_not_null(strstr(shown(1), "request.created  unknown -> new\n"), "%s", shown(1));
        cr_assert_not_null(strstr(shown(1), "request.cancelled  new -> cancelled  (?[31mred?)\n"), "%s", shown(1));
}

Test(requests, show_says_what_it_does_not_know)
{
        struct buf answer = {0};

        lead_to(1, "new");
        cr_assert_not_null(strstr(shown(2), "request 2 is unknown"));
        cr_assert_eq(testhost_command(host, (const char *const[]){"show", "two"}, 2, &answer), 2);
        cr_assert_eq(testhost_command(host, (const char *const[]){"show"}, 1, &answer), 2);
        cr_assert_eq(testhost_command(host, (const char *const[]){"show", "2"}, 2, &answer), 1);
        buf_free(&answer);
}
