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

/* ---- The plugin's own event comes back late ---- */

Test(requests, a_choice_overtaken_by_a_cancellation_changes_nothing)
{
        struct testhost_result choice;

        feed_created(1, NULL, "Тверь");
        choice = take_last();
        cr_assert_eq(feed("request.cancelled", 1, NULL,
                          "\"customer_id\":5,\"cancelled_by\":5,\"cancellation_reason\":\"x\""),
                     PAWL_OK);
        cr_assert_eq(feed_taken(&choice), PAWL_OK, "%s", last.reason);
        expect_state(1, "cancelled");
}

Test(requests, a_choice_overtaken_by_another_assignment_changes_nothing)
{
        struct testhost_result choice;

        feed_created(1, NULL, "Тверь");
        choice = take_last();
        cr_assert_eq(feed("workflow.manager_assigned", 1, NULL, "\"manager_id\":300,\"assigned_by\":9"), PAWL_OK);
        cr_assert_eq(feed_taken(&choice), PAWL_OK, "%s", last.reason);
        expect_state(1, "manager_review");
        cr_assert_not_null(strstr(shown(1), "manager    300\n"));
}

/* The settings' assigned_by is a user like others, who may also act himself. */
Test(requests, a_user_may_give_a_request_back_to_whom_the_plugin_chose)
{
        feed_created(1, NULL, "Тверь");
        cr_assert_eq(feed_back(), PAWL_OK);
        cr_assert_eq(feed("workflow.manager_assigned", 1, NULL, "\"manager_id\":300,\"assigned_by\":7"), PAWL_OK);
        cr_assert_not_null(strstr(shown(1), "manager    300\n"));
        cr_assert_eq(feed("workflow.manager_assigned", 1, NULL, "\"manager_id\":201,\"assigned_by\":7"), PAWL_OK);
        cr_assert_not_null(strstr(shown(1), "manager    201\n"), "%s", shown(1));
}

#define CAUSE         "00000000-0000-4000-8000-000000000009"
#define COPIED(cause) "\"timestamp\":\"2026-11-22T10:00:00.000001+00:00\",\"metadata\":{\"caused_by\":\"" cause "\"}"

/* A service that carries metadata on, as many do, says with it what caused an event, and not whose it is. */
Test(requests, an_event_of_another_with_the_metadata_of_the_plugins_own_counts)
{
        feed_created(1, CAUSE, "Тверь");
        cr_assert_eq(feed_back(), PAWL_OK);
        cr_assert_eq(feed("workflow.manager_assigned", 1, NULL, "\"manager_id\":300,\"assigned_by\":9," COPIED(CAUSE)),
                     PAWL_OK);
        cr_assert_not_null(strstr(shown(1), "manager    300\n"), "%s", shown(1));
        lead_to(2, "manager_review");
        cr_assert_eq(feed("request.clarification_needed", 2, "00000000-0000-4000-8000-000000000010",
                          "\"customer_id\":5,\"manager_id\":3,\"question\":\"?\""),
                     PAWL_OK);
        expect_state(2, "clarification");
        cr_assert_eq(feed("workflow.status_changed", 2, NULL,
                          "\"previous_status\":\"clarification\",\"new_status\":\"manager_review\"," COPIED(
                              "00000000-0000-4000-8000-000000000010")),
                     PAWL_OK);
        expect_state(2, "manager_review");
}

Test(requests, events_of_another_topic_may_come_first)
{
        cr_assert_eq(feed("workflow.manager_assigned", 1, NULL, "\"manager_id\":300,\"assigned_by\":9"), PAWL_WAIT);
        feed_created(1, NULL, "Москва");
        cr_assert_eq(feed("workflow.manager_assigned", 1, NULL, "\"manager_id\":300,\"assigned_by\":9"), PAWL_OK);
}
