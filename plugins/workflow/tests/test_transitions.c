/* Every event in every state: where it leads, what it waits for, what is told of it. */
#include "workflow_fixture.h"

#include <inttypes.h>
#include <string.h>

TestSuite(transitions, .init = fixture_make, .fini = fixture_end);

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
        const char *to;           /* where it leads */
        const char *announced;    /* of the workflow.status_changed that tells of it; NULL: there is none */
        const char *from;         /* the only state that `to` is for; NULL: any */
} moves[] = {
    {"request.created",
     "\"customer_id\":5,\"title\":\"t\",\"description\":\"d\",\"urgency\":\"u\",\"region\":\"r\",\"city\":\"c\","
     "\"address\":\"a\"",
     {OK, RE, RE, RE, RE, RE, RE, RE, RE, RE},
     "new",
     NULL,
     NULL},
    {"request.updated",
     "\"customer_id\":5,\"updated_by\":5,\"updated_fields\":{},\"update_reason\":\"Бирюса 110\"",
     {WA, OK, OK, OK, OK, OK, OK, OK, OK, OK},
     "manager_review",
     "\"changed_by\":5,\"reason\":\"Бирюса 110\"",
     "clarification"},
    {"request.updated",
     "\"customer_id\":5,\"updated_by\":9,\"updated_fields\":{}",
     {WA, OK, OK, OK, OK, OK, OK, OK, OK, OK},
     NULL,
     NULL,
     "nowhere"},
    {"request.cancelled",
     "\"customer_id\":5,\"cancelled_by\":6,\"cancellation_reason\":\"x\"",
     {WA, OK, OK, OK, OK, OK, OK, RE, RE, OK},
     "cancelled",
     "\"changed_by\":6,\"reason\":\"x\"",
     NULL},
    {"request.clarification_needed",
     "\"customer_id\":5,\"manager_id\":3,\"question\":\"?\"",
     {WA, WA, OK, WA, RE, RE, RE, RE, RE, RE},
     "clarification",
     "\"changed_by\":3,\"reason\":\"?\"",
     NULL},
    {"workflow.manager_assigned",
     "\"manager_id\":3,\"assigned_by\":9",
     {WA, OK, OK, WA, RE, RE, RE, RE, RE, RE},
     "manager_review",
     NULL,
     NULL},
    {"workflow.sent_to_contractors",
     "\"manager_id\":3,\"contractor_ids\":[]",
     {WA, WA, OK, WA, RE, RE, RE, RE, RE, RE},
     "sent_to_contractors",
     NULL,
     NULL},
    {"workflow.contractor_assigned",
     "\"contractor_id\":1,\"manager_id\":3,\"previous_status\":\"sent_to_contractors\",\"new_status\":\"assigned\"",
     {WA, WA, WA, WA, OK, RE, RE, RE, RE, OK},
     "assigned",
     NULL,
     NULL},
    {"workflow.work_started",
     "\"contractor_id\":1",
     {WA, WA, WA, WA, WA, OK, RE, RE, RE, WA},
     "in_progress",
     NULL,
     NULL},
    {"workflow.work_completed",
     "\"contractor_id\":1,\"completion_data\":{}",
     {WA, WA, WA, WA, WA, WA, OK, RE, RE, WA},
     "completed",
     NULL,
     NULL},
    {"workflow.status_changed",
     "\"previous_status\":\"clarification\",\"new_status\":\"manager_review\"",
     {WA, WA, OK, OK, RE, RE, RE, RE, RE, RE},
     "manager_review",
     NULL,
     NULL},
    {"workflow.status_changed",
     "\"previous_status\":\"sent_to_contractors\",\"new_status\":\"contractor_responses\"",
     {WA, WA, WA, WA, OK, RE, RE, RE, RE, OK},
     "contractor_responses",
     NULL,
     NULL},
    {"workflow.status_changed",
     "\"previous_status\":\"assigned\",\"new_status\":\"cancelled\"",
     {WA, WA, WA, WA, WA, OK, RE, RE, OK, WA},
     "cancelled",
     NULL,
     NULL},
};

static const char *leads_to(size_t m, const char *state)
{
        return moves[m].from == NULL || strcmp(moves[m].from, state) == 0 ? moves[m].to : state;
}

static void expect_not_handled(size_t m, size_t s, int64_t request)
{
        cr_assert_not_null(strstr(last.reason, states[s]), "%s", last.reason);
        cr_assert_not_null(strstr(last.reason, moves[m].event_type), "%s", last.reason);
        cr_assert_eq(last.emits.count, 0);
        if (s > 0)
                expect_state(request, states[s]);
}

/* Exactly the transitions that no event of their own says. */
static void expect_announced(size_t m, const char *from, const char *to)
{
        if (strcmp(moves[m].event_type, "request.created") == 0) {
                expect_emitted("\"event_type\":\"workflow.manager_assigned\"");
                return;
        }
        if (moves[m].announced == NULL || strcmp(from, to) == 0) {
                cr_assert_eq(last.emits.count, 0, "%s in %s", moves[m].event_type, from);
                return;
        }
        expect_emitted("\"event_type\":\"workflow.status_changed\"");
        expect_emitted(moves[m].announced);
        expect_emitted(from);
        expect_emitted(to);
}

Test(transitions, every_event_in_every_state_moves_waits_or_is_rejected_and_is_told_of)
{
        int64_t request = 0;

        for (size_t m = 0; m < sizeof moves / sizeof moves[0]; m++) {
                for (size_t s = 0; s < 10; s++) {
                        const char *to = leads_to(m, states[s]);

                        lead_to(++request, states[s]);
                        cr_assert_eq(feed(moves[m].event_type, request, NULL, moves[m].members), moves[m].expected[s],
                                     "%s in %s: %d %s", moves[m].event_type, states[s], last.result, last.reason);
                        if (moves[m].expected[s] != OK) {
                                expect_not_handled(m, s, request);
                                continue;
                        }
                        expect_announced(m, states[s], to);
                        expect_state(request, to);
                }
        }
}

Test(transitions, what_is_told_says_which_transition_by_whom_and_why)
{
        lead_to(4, "clarification");
        expect_emitted("\"request_id\":4,\"previous_status\":\"manager_review\",\"new_status\":\"clarification\","
                       "\"changed_by\":300,\"reason\":\"Какая модель?\"");
        cr_assert_str_eq(last.emits.first->topic, "workflow-events");
        feed("request.updated", 4, NULL, "\"customer_id\":5,\"updated_by\":5,\"updated_fields\":{}");
        expect_emitted("\"previous_status\":\"clarification\",\"new_status\":\"manager_review\",\"changed_by\":5,"
                       "\"reason\":\"clarification answered\"");
}

Test(transitions, its_own_word_coming_back_is_noted_and_causes_nothing)
{
        lead_to(1, "manager_review");
        feed("request.cancelled", 1, NULL, "\"customer_id\":5,\"cancelled_by\":5,\"cancellation_reason\":\"x\"");
        cr_assert_eq(feed_back(), PAWL_OK, "%s", last.reason);
        cr_assert_eq(last.emits.count, 0);
        expect_state(1, "cancelled");
        cr_assert_eq(testhost_metric(host, "noted"), 1);
}

/* By its contents alone the first would ask again: the request is in manager_review, from which clarification is possible. */
Test(transitions, its_own_word_coming_back_late_does_not_undo_what_came_after_it)
{
        struct testhost_result asked, answered;

        lead_to(1, "clarification");
        asked = take_last();
        feed("request.updated", 1, NULL, "\"customer_id\":5,\"updated_by\":5,\"updated_fields\":{}");
        answered = take_last();
        cr_assert_eq(feed_taken(&asked), PAWL_OK, "%s", last.reason);
        expect_state(1, "manager_review");
        cr_assert_eq(feed("workflow.sent_to_contractors", 1, NULL, "\"manager_id\":3,\"contractor_ids\":[1]"), PAWL_OK);
        cr_assert_eq(feed_taken(&answered), PAWL_OK, "%s", last.reason);
        expect_state(1, "sent_to_contractors");
}

Test(transitions, a_claim_to_be_its_own_word_is_checked)
{
        lead_to(1, "manager_review");
#define CLAIM(metadata)                                                                                                \
        feed("workflow.status_changed", 1, NULL,                                                                       \
             "\"previous_status\":\"manager_review\",\"new_status\":\"clarification\",\"metadata\":" metadata)
        cr_assert_eq(CLAIM("{\"caused_by\":\"nothing of ours\"}"), PAWL_OK);
        expect_state(1, "clarification");
        feed("request.updated", 1, NULL, "\"customer_id\":5,\"updated_by\":5,\"updated_fields\":{}");
        cr_assert_eq(CLAIM("{\"caused_by\":7}"), PAWL_OK);
        expect_state(1, "clarification");
        feed("request.updated", 1, NULL, "\"customer_id\":5,\"updated_by\":5,\"updated_fields\":{}");
        cr_assert_eq(CLAIM("[]"), PAWL_OK);
        expect_state(1, "clarification");
}

Test(transitions, a_repeat_tells_the_same_again)
{
        struct testhost_result first;

        lead_to(1, "manager_review");
        feed("request.cancelled", 1, "c-1",
             "\"correlation_id\":\"k\",\"customer_id\":5,\"cancelled_by\":5,\"cancellation_reason\":\"x\"");
        first = take_last();
        feed("request.cancelled", 1, "c-1",
             "\"correlation_id\":\"k\",\"customer_id\":5,\"cancelled_by\":5,\"cancellation_reason\":\"x\"");
        cr_assert_eq(last.emits.count, 1);
        cr_assert_str_eq(last.emits.first->event_id, first.emits.first->event_id);
        cr_assert_eq(last.emits.first->value_len, first.emits.first->value_len);
        cr_assert_arr_eq(last.emits.first->value, first.emits.first->value, first.emits.first->value_len);
        testhost_result_clear(&first);
}

Test(transitions, a_wait_names_both_states)
{
        lead_to(1, "new");
        feed("workflow.contractor_assigned", 1, NULL,
             "\"contractor_id\":1,\"manager_id\":3,\"previous_status\":\"sent_to_contractors\"");
        cr_assert_eq(last.result, PAWL_WAIT);
        cr_assert_str_eq(last.reason, "request 1 is new; workflow.contractor_assigned waits until it is "
                                      "sent_to_contractors or contractor_responses");
}

Test(transitions, an_impossible_event_names_both_states)
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
