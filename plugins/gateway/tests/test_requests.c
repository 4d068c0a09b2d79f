/* The routes of a request: the events that they make, who may do what, and what the read model says. */
#include "gateway_fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

TestSuite(requests, .init = gateway_make, .fini = gateway_end);

#define DETAILS                                                                                                                                         \
        "\"title\":\"Ремонт холодильника\",\"description\":\"Не морозит\",\"urgency\":\"high\",\"region\":\"Москва\"," \
        "\"city\":\"Москва\",\"address\":\"ул. Ленина, 1\""

static void feed_step(int64_t id, const char *type, const char *members)
{
        char json[512];

        snprintf(json, sizeof json, "{\"event_type\":\"%s\",\"request_id\":%lld,%s}", type, (long long)id, members);
        feed(strncmp(type, "request.", 8) == 0 ? "request-events" : "workflow-events", json);
}

static void lead_to_sent(int64_t id)
{
        feed_created(id, 101);
        feed_step(id, "workflow.manager_assigned", "\"manager_id\":7,\"assigned_by\":1");
        feed_step(id, "workflow.sent_to_contractors", "\"manager_id\":7,\"contractor_ids\":[55]");
}

static void lead_to_progress(int64_t id)
{
        lead_to_sent(id);
        feed_step(id, "workflow.contractor_assigned",
                  "\"contractor_id\":55,\"manager_id\":7,\"previous_status\":\"sent_to_contractors\"");
        feed_step(id, "workflow.work_started", "\"contractor_id\":55");
}

static void expect_published(const char *text)
{
        cr_assert_gt(message_count, 0u);
        cr_assert_not_null(strstr(messages[message_count - 1].value, text), "expected %s in %s", text,
                           messages[message_count - 1].value);
}

static void expect_state(int64_t id, const char *state)
{
        char path[64];

        snprintf(path, sizeof path, "/v1/requests/%lld", (long long)id);
        cr_assert_eq(ask("GET", path, "admin", NULL, NULL), 200, "%s", last.body);
        cr_assert_str_eq(member("state"), state);
}

Test(requests, a_customers_request_is_his_own_and_gets_a_number)
{
        cr_assert_eq(ask("POST", "/v1/requests", "customer", JSON, "{" DETAILS "}"), 202, "%s", last.body);
        cr_assert(reply_has(&last, "Location: /v1/requests/1000\r\n"));
        expect_published("{\"event_type\":\"request.created\",\"customer_id\":101,\"request_id\":1000,\"title\"");
        cr_assert_str_eq(messages[0].topic, "request-events");
        cr_assert_str_eq(messages[0].key, "1000");
        cr_assert_eq(ask("POST", "/v1/requests", "customer", JSON, "{\"customer_id\":102," DETAILS "}"), 403);
        cr_assert_eq(message_count, 1u);
}

Test(requests, a_manager_names_the_customer_and_may_give_the_number)
{
        cr_assert_eq(ask("POST", "/v1/requests", "manager", JSON, "{" DETAILS "}"), 400);
        cr_assert_not_null(strstr(last.body, "customer_id"), "%s", last.body);
        cr_assert_eq(ask("POST", "/v1/requests", "manager", JSON, "{\"request_id\":5,\"customer_id\":101," DETAILS "}"),
                     202);
        cr_assert_str_eq(messages[0].key, "5");
}

Test(requests, a_number_that_is_taken_is_a_conflict)
{
        feed_created(5, 101);
        cr_assert_eq(ask("POST", "/v1/requests", "manager", JSON, "{\"request_id\":5,\"customer_id\":101," DETAILS "}"),
                     409);
        cr_assert_str_eq(member("detail"), "request 5 is there already");
}

/* Topics share no order: the assignment may be read before its request. */
Test(requests, the_priority_is_the_one_that_workflow_gave)
{
        feed("workflow-events",
             "{\"event_type\":\"workflow.manager_assigned\",\"event_id\":\"a-5\",\"request_id\":5,\"manager_id\":7,"
             "\"assigned_by\":1,\"metadata\":{\"priority\":\"urgent\"}}");
        feed_created(5, 101);
        cr_assert_eq(ask("GET", "/v1/requests/5", "manager", NULL, NULL), 200);
        cr_assert_str_eq(member("priority"), "urgent");
}

Test(requests, of_another_contractors_request_nothing_is_told)
{
        feed_created(5, 101);
        cr_assert_eq(ask("POST", "/v1/requests/5/complete", "contractor", JSON, "{\"completion_data\":{}}"), 404);
        cr_assert_str_eq(member("detail"), "request 5 is not known here");
}

/* The host makes a dead letter of it; a row of it would stand in the way of the mended one. */
Test(requests, of_an_event_that_cannot_be_read_in_full_nothing_is_kept)
{
        struct testhost_result r;

        testhost_feed(host,
                      &(struct testhost_event){.topic = "request-events",
                                               .key = "5",
                                               .json =
                                                   "{\"event_type\":\"request.created\",\"request_id\":5,"
                                                   "\"customer_id\":101," DETAILS ",\"metadata\":{\"a\":1,\"a\":2}}"},
                      &r);
        cr_assert(r.malformed);
        testhost_result_clear(&r);
        cr_assert_eq(ask("GET", "/v1/requests/5", "manager", NULL, NULL), 404);
}

Test(requests, every_fault_of_a_request_is_named)
{
        cr_assert_eq(ask("POST", "/v1/requests", "customer", JSON,
                         "{\"title\":7,\"request_id\":\"x\",\"event_type\":\"x\"}"),
                     400);
        cr_assert_eq(ask("POST", "/v1/requests", "customer", JSON, "{\"title\":7}"), 400);
        cr_assert_eq(json_array_size(json_object_get(last.json, "errors")), 6u, "%s", last.body);
        cr_assert_eq(ask("POST", "/v1/requests", "customer", JSON, "[]"), 400);
        cr_assert_eq(ask("POST", "/v1/requests", "customer", JSON, ""), 400);
        cr_assert_eq(message_count, 0u);
        /* None of them took a number. */
        cr_assert_eq(ask("POST", "/v1/requests", "customer", JSON, "{" DETAILS "}"), 202);
        cr_assert_str_eq(messages[0].key, "1000");
}

Test(requests, an_assignment_says_where_the_request_stood)
{
        lead_to_sent(5);
        cr_assert_eq(ask("POST", "/v1/requests/5/assign", "manager", JSON, "{\"contractor_id\":55}"), 202, "%s",
                     last.body);
        expect_published("{\"event_type\":\"workflow.contractor_assigned\",\"request_id\":5,\"manager_id\":7,"
                         "\"previous_status\":\"sent_to_contractors\",\"contractor_id\":55");
}

Test(requests, an_impossible_step_is_a_conflict_that_names_both_states)
{
        feed_created(5, 101);
        cr_assert_eq(ask("POST", "/v1/requests/5/assign", "manager", JSON, "{\"contractor_id\":55}"), 409);
        cr_assert_str_eq(member("detail"),
                         "request 5 is new; workflow.contractor_assigned is possible only while it is "
                         "sent_to_contractors or contractor_responses");
        cr_assert_eq(ask("POST", "/v1/requests/5/complete", "manager", JSON, "{\"completion_data\":{}}"), 409);
        cr_assert_eq(message_count, 0u);
}

Test(requests, what_nobody_knows_is_not_found)
{
        cr_assert_eq(ask("POST", "/v1/requests/5/assign", "manager", JSON, "{\"contractor_id\":55}"), 404);
        cr_assert_eq(ask("GET", "/v1/requests/5", "manager", NULL, NULL), 404);
        cr_assert_eq(ask("GET", "/v1/requests/5/timeline", "manager", NULL, NULL), 404);
}

Test(requests, a_contractor_completes_his_own_and_amounts_keep_their_digits)
{
        lead_to_progress(5);
        feed_step(6, "request.created", "\"customer_id\":101," DETAILS);
        cr_assert_eq(ask("POST", "/v1/requests/5/complete", "contractor", JSON,
                         "{ \"completion_data\":{\"amount\":1500.10}}"),
                     202, "%s", last.body);
        expect_published("\"contractor_id\":55, \"completion_data\":{\"amount\":1500.10}");
        cr_assert_eq(ask("POST", "/v1/requests/5/complete", "contractor", JSON,
                         "{\"contractor_id\":56,\"completion_data\":{\"amount\":1}}"),
                     403);
}

Test(requests, a_customer_cancels_his_own_and_learns_nothing_of_others)
{
        feed_created(5, 101);
        feed_created(6, 102);
        cr_assert_eq(ask("POST", "/v1/requests/6/cancel", "customer", JSON, "{\"cancellation_reason\":\"x\"}"), 404);
        cr_assert_eq(ask("GET", "/v1/requests/6", "customer", NULL, NULL), 404);
        cr_assert_eq(ask("GET", "/v1/requests/6/timeline", "customer", NULL, NULL), 404);
        cr_assert_eq(ask("GET", "/v1/requests/6", "customer2", NULL, NULL), 200);
        cr_assert_eq(ask("POST", "/v1/requests/5/cancel", "customer", JSON,
                         "{\"cancellation_reason\":\"Починил сам\"}"),
                     202);
        expect_published("\"customer_id\":101,\"cancelled_by\":101,\"cancellation_reason\":\"Починил сам\"");
        cr_assert_eq(ask("POST", "/v1/requests/5/cancel", "customer", JSON,
                         "{\"cancellation_reason\":\"x\",\"cancelled_by\":1}"),
                     403);
}

Test(requests, a_request_in_the_body_that_is_not_the_paths_is_a_fault)
{
        lead_to_sent(5);
        cr_assert_eq(ask("POST", "/v1/requests/5/assign", "manager", JSON, "{\"contractor_id\":55,\"request_id\":6}"),
                     400);
        cr_assert_not_null(strstr(last.body, "5, as in the path"), "%s", last.body);
}

Test(requests, the_read_model_follows_the_events)
{
        feed_created(5, 101);
        expect_state(5, "new");
        cr_assert_str_eq(member("title"), "Ремонт холодильника");
        cr_assert_str_eq(member("priority"), "normal");
        feed_step(5, "request.updated",
                  "\"customer_id\":101,\"updated_by\":101,\"updated_fields\":{\"title\":\"Ремонт плиты\","
                  "\"priority\":\"high\",\"state\":\"completed\"}");
        lead_to_progress(5);
        expect_state(5, "in_progress");
        cr_assert_str_eq(member("title"), "Ремонт плиты");
        cr_assert_str_eq(member("priority"), "high");
        cr_assert_eq(json_integer_value(json_object_get(last.json, "manager_id")), 7);
        cr_assert_eq(json_integer_value(json_object_get(last.json, "contractor_id")), 55);
        feed_step(5, "workflow.status_changed", "\"previous_status\":\"in_progress\",\"new_status\":\"completed\"");
        expect_state(5, "completed");
}

Test(requests, an_event_ahead_of_its_time_takes_effect_when_the_other_has_come)
{
        feed_step(5, "workflow.manager_assigned", "\"manager_id\":7,\"assigned_by\":1");
        expect_state(5, "unknown");
        feed_created(5, 101);
        expect_state(5, "manager_review");
        feed_step(5, "workflow.work_completed", "\"contractor_id\":55,\"completion_data\":{}");
        expect_state(5, "manager_review");
}

Test(requests, the_timeline_has_everything_once)
{
        static const char json[] =
            "{\"event_type\":\"request.created\",\"event_id\":\"7f3c1f2e-0000-4000-8000-000000000001\","
            "\"correlation_id\":\"7f3c1f2e-0000-4000-8000-00000000000c\",\"request_id\":5,"
            "\"customer_id\":101," DETAILS "}";
        json_t *events, *first;

        feed("request-events", json);
        feed("request-events", json);
        feed_step(5, "workflow.manager_assigned", "\"manager_id\":7,\"assigned_by\":1");
        feed_step(5, "workflow.work_started", "\"contractor_id\":55");
        cr_assert_eq(ask("GET", "/v1/requests/5/timeline", "customer", NULL, NULL), 200);
        events = json_object_get(last.json, "events");
        cr_assert_eq(json_array_size(events), 3u, "%s", last.body);
        first = json_array_get(events, 0);
        cr_assert_str_eq(json_string_value(json_object_get(first, "event_type")), "request.created");
        cr_assert_str_eq(json_string_value(json_object_get(first, "correlation_id")),
                         "7f3c1f2e-0000-4000-8000-00000000000c");
        cr_assert_str_eq(json_string_value(json_object_get(first, "from")), "unknown");
        cr_assert_str_eq(json_string_value(json_object_get(first, "to")), "new");
        cr_assert(json_is_false(json_object_get(json_array_get(events, 2), "took_effect")));
}

Test(requests, the_read_model_outlives_the_process)
{
        struct pawl_error err;

        feed_created(5, 101);
        cr_assert(testhost_restart(host, NULL, NULL, &err), "%s", err.text);
        expect_state(5, "new");
}

Test(requests, a_malformed_event_is_rejected_with_every_fault)
{
        struct testhost_result result;

        testhost_feed(host,
                      &(struct testhost_event){.topic = "workflow-events",
                                               .key = "5",
                                               .json =
                                                   "{\"event_type\":\"workflow.work_started\",\"request_id\":\"x\"}"},
                      &result);
        cr_assert_eq(result.result, PAWL_REJECT);
        cr_assert_not_null(strstr(result.reason, "request_id"), "%s", result.reason);
        cr_assert_not_null(strstr(result.reason, "contractor_id"), "%s", result.reason);
        testhost_result_clear(&result);
}
