/* Who gets access to which request, and who loses it: every reason. */
#include "security_fixture.h"

#include <stdio.h>
#include <string.h>

TestSuite(access, .init = fixture_make, .fini = fixture_end);

#define GRANTED "security.access_granted"
#define REVOKED "security.access_revoked"
#define AUDITED "audit.user_action"

static const char assigned[] =
    "\"request_id\":5,\"contractor_id\":17,\"manager_id\":101,\"previous_status\":\"sent_to_contractors\"";

Test(access, a_verified_contractor_is_granted_access_to_the_request_that_he_is_assigned_to)
{
        verify_all(17);
        assign(5, 17);
        cr_assert_eq(last.emits.count, 2);
        expect_emitted(GRANTED, "\"contractor_id\":17,\"request_id\":5,\"granted_by\":9,\"reason\":\"identity: "
                                "approved; documents: approved; background_check: approved\",\"timestamp\":\"");
        expect_emitted(AUDITED, "\"user_id\":9,\"user_role\":\"security\",\"action\":\"access_granted\","
                                "\"resource_type\":\"request\",\"resource_id\":5,");
        expect_emitted(AUDITED, "\"additional_data\":{\"contractor_id\":17,\"reason\":\"identity: approved;");
        cr_assert_str_eq(last.emits.first->topic, "security-events");
        cr_assert_eq(*(const char *)last.emits.first->key, '5');
        cr_assert_eq(running(), 1);
        cr_assert_eq(testhost_metric(host, "granted"), 1);
}

Test(access, what_is_missing_is_the_reason_of_the_refusal)
{
        verify(17, "identity", "approved");
        verify(17, "documents", "pending");
        reject(17, "background_check");
        assign(5, 17);
        cr_assert_eq(last.emits.count, 2);
        expect_emitted(REVOKED,
                       "\"contractor_id\":17,\"request_id\":5,\"revoked_by\":9,\"reason\":\"documents: pending; "
                       "background_check: rejected by user 8\"");
        expect_emitted(AUDITED, "\"action\":\"access_revoked\"");
        cr_assert_eq(running(), 0);
}

Test(access, an_assignment_waits_for_a_verification_that_is_not_known_yet)
{
        cr_assert_eq(feed_aged("workflow.contractor_assigned", "a-1", 0, assigned), PAWL_WAIT);
        cr_assert_str_eq(last.reason, "contractor 17: no verification is known; his assignment to request 5 waits for "
                                      "his verification");
        verify(17, "identity", "approved");
        verify(17, "documents", "approved");
        cr_assert_eq(feed_aged("workflow.contractor_assigned", "a-1", 0, assigned), PAWL_WAIT);
        cr_assert_str_eq(last.reason, "contractor 17: background_check: not known; his assignment to request 5 waits "
                                      "for his verification");
        cr_assert_eq(sql("SELECT count(*) FROM request"), 0);
        verify(17, "background_check", "approved");
        cr_assert_eq(feed_aged("workflow.contractor_assigned", "a-1", 0, assigned), PAWL_OK);
        cr_assert_eq(emitted(GRANTED), 1);
}

Test(access, after_the_wait_no_known_verification_is_a_refusal)
{
        cr_assert_eq(feed_aged("workflow.contractor_assigned", NULL, PAWL_S(30), assigned), PAWL_WAIT);
        cr_assert_eq(feed_aged("workflow.contractor_assigned", NULL, PAWL_S(61), assigned), PAWL_OK);
        expect_emitted(REVOKED, "\"reason\":\"no verification is known\"");
}

Test(access, what_is_pending_or_rejected_is_known_and_not_waited_for)
{
        verify(17, "identity", "pending");
        verify(17, "documents", "pending");
        verify(17, "background_check", "pending");
        cr_assert_eq(feed_aged("workflow.contractor_assigned", NULL, 0, assigned), PAWL_OK);
        cr_assert_eq(emitted(REVOKED), 1);
        reject(18, "identity");
        cr_assert_eq(feed_aged("workflow.contractor_assigned", NULL, 0,
                               "\"request_id\":6,\"contractor_id\":18,\"manager_id\":101,"
                               "\"previous_status\":\"sent_to_contractors\""),
                     PAWL_OK);
        expect_emitted(REVOKED, "identity: rejected by user 8; documents: not known");
}

Test(access, a_clock_that_is_far_ahead_makes_nothing_wait)
{
        cr_assert_eq(feed_aged("workflow.contractor_assigned", NULL, -PAWL_S(30), assigned), PAWL_WAIT);
        cr_assert_eq(feed_aged("workflow.contractor_assigned", NULL, -PAWL_S(3600), assigned), PAWL_OK);
}

Test(access, without_a_wait_it_is_decided_at_once)
{
        fixture_restart("verification_wait = \"0s\";");
        cr_assert_eq(feed_aged("workflow.contractor_assigned", NULL, 0, assigned), PAWL_OK);
        cr_assert_eq(emitted(REVOKED), 1);
}

Test(access, a_rejection_revokes_all_that_the_contractor_has)
{
        verify_all(17);
        verify_all(18);
        assign(5, 17);
        assign(6, 17);
        assign(7, 18);
        reject(17, "identity");
        cr_assert_eq(emitted(REVOKED), 2);
        cr_assert_eq(emitted(AUDITED), 3);
        expect_emitted(REVOKED,
                       "\"contractor_id\":17,\"request_id\":5,\"revoked_by\":9,\"reason\":\"identity: rejected "
                       "by user 8\"");
        expect_emitted(REVOKED, "\"contractor_id\":17,\"request_id\":6,");
        cr_assert_eq(running(), 1);
}

Test(access, what_verification_took_it_gives_back)
{
        verify_all(17);
        assign(5, 17);
        assign(6, 17);
        assign(7, 17);
        reject(17, "identity");
        cr_assert_eq(feed("workflow.work_completed", "\"request_id\":6,\"contractor_id\":17,\"completion_data\":{}"),
                     PAWL_OK);
        assign(7, 18);
        verify(17, "identity", "approved");
        cr_assert_eq(emitted(GRANTED), 1);
        expect_emitted(GRANTED, "\"contractor_id\":17,\"request_id\":5,");
        cr_assert_eq(running(), 1);
}

Test(access, a_refusal_becomes_a_grant_when_the_last_type_is_approved)
{
        verify(17, "identity", "approved");
        assign(5, 17);
        cr_assert_eq(emitted(REVOKED), 1);
        verify(17, "documents", "approved");
        cr_assert_eq(emitted(GRANTED), 0);
        verify(17, "background_check", "approved");
        cr_assert_eq(emitted(GRANTED), 1);
}

Test(access, an_assignment_to_another_revokes_the_former_ones)
{
        verify_all(17);
        verify_all(18);
        assign(5, 17);
        assign(5, 18);
        cr_assert_eq(last.emits.count, 4);
        expect_emitted(REVOKED, "\"contractor_id\":17,\"request_id\":5,\"revoked_by\":9,\"reason\":\"the request was "
                                "assigned to contractor 18\"");
        expect_emitted(GRANTED, "\"contractor_id\":18,\"request_id\":5,");
        cr_assert_eq(running(), 1);
        verify(17, "identity", "approved");
        cr_assert_eq(emitted(GRANTED), 0);
}

Test(access, an_assignment_to_the_same_contractor_confirms_the_access)
{
        verify_all(17);
        assign(5, 17);
        assign(5, 17);
        cr_assert_eq(emitted(GRANTED), 1);
        cr_assert_eq(running(), 1);
        cr_assert_eq(sql("SELECT count(*) FROM access"), 1);
}

static void expect_ended(const char *event_type, const char *members, const char *reason)
{
        verify_all(17);
        assign(5, 17);
        cr_assert_eq(feed(event_type, "%s", members), PAWL_OK, "%s", last.reason);
        cr_assert_eq(last.emits.count, 2);
        expect_emitted(REVOKED, reason);
        cr_assert_eq(running(), 0);
        verify(17, "identity", "approved");
        cr_assert_eq(emitted(GRANTED), 0);
        assign(5, 17);
        expect_emitted(REVOKED, reason);
}

Test(access, completed_work_ends_the_access)
{
        expect_ended("workflow.work_completed", "\"request_id\":5,\"contractor_id\":17,\"completion_data\":{}",
                     "\"reason\":\"the request is completed\"");
}

Test(access, the_status_completed_ends_the_access)
{
        expect_ended("workflow.status_changed",
                     "\"request_id\":5,\"previous_status\":\"in_progress\",\"new_status\":\"completed\"",
                     "\"reason\":\"the request is completed\"");
}

Test(access, the_status_cancelled_ends_the_access)
{
        expect_ended("workflow.status_changed",
                     "\"request_id\":5,\"previous_status\":\"in_progress\",\"new_status\":\"cancelled\"",
                     "\"reason\":\"the request is cancelled\"");
}

Test(access, any_other_status_changes_nothing)
{
        verify_all(17);
        assign(5, 17);
        cr_assert_eq(feed("workflow.status_changed",
                          "\"request_id\":5,\"previous_status\":\"assigned\",\"new_status\":\"in_progress\""),
                     PAWL_OK);
        cr_assert_eq(feed("workflow.status_changed",
                          "\"request_id\":5,\"previous_status\":\"assigned\",\"new_status\":\"completed\\u0000x\""),
                     PAWL_REJECT);
        cr_assert_eq(last.emits.count, 0);
        cr_assert_eq(running(), 1);
}

/* ---- Others' decisions, and the plugin's own ---- */

Test(access, its_own_decisions_change_nothing_when_they_come_back)
{
        verify_all(17);
        assign(5, 17);
        feed_back();
        cr_assert_eq(running(), 1);
        reject(17, "identity");
        feed_back();
        cr_assert_eq(running(), 0);
        cr_assert_eq(testhost_metric(host, "own"), 2);
        cr_assert_eq(sql("SELECT count(*) FROM history"), 5);
}

/* The security topic may be far behind: what comes back then is of the past. */
Test(access, its_own_old_decision_that_comes_back_late_does_not_undo_a_newer_one)
{
        struct testhost_result granted, revoked;

        verify_all(17);
        assign(5, 17);
        granted = last;
        memset(&last, 0, sizeof last);
        reject(17, "identity");
        revoked = last;
        memset(&last, 0, sizeof last);
        verify(17, "identity", "approved");
        cr_assert_eq(running(), 1);
        testhost_result_clear(&last);
        last = revoked;
        feed_back();
        cr_assert_eq(running(), 1);
        reject(17, "identity");
        testhost_result_clear(&last);
        last = granted;
        feed_back();
        cr_assert_eq(running(), 0);
}

Test(access, an_officers_revocation_cancels_the_access_and_no_verification_brings_it_back)
{
        verify_all(17);
        assign(5, 17);
        cr_assert_eq(feed(REVOKED, "\"contractor_id\":17,\"request_id\":5,\"revoked_by\":8,\"reason\":\"Жалоба\""),
                     PAWL_OK);
        cr_assert_eq(last.emits.count, 1);
        expect_emitted(AUDITED, "\"user_id\":8,\"user_role\":\"security\",\"action\":\"access_revoked\"");
        expect_emitted(AUDITED, "\"reason\":\"Жалоба\"");
        cr_assert_eq(running(), 0);
        verify(17, "identity", "approved");
        cr_assert_eq(emitted(GRANTED), 0);
        assign(5, 17);
        cr_assert_eq(emitted(GRANTED), 1);
}

Test(access, a_revocation_of_what_nobody_has_is_only_noted)
{
        cr_assert_eq(feed(REVOKED, "\"contractor_id\":17,\"request_id\":5,\"reason\":\"Жалоба\""), PAWL_OK);
        cr_assert_eq(last.emits.count, 0);
        cr_assert_eq(sql("SELECT count(*) FROM history"), 1);
}

Test(access, an_officers_grant_stands_until_a_rejection_takes_it)
{
        cr_assert_eq(feed(GRANTED, "\"contractor_id\":17,\"request_id\":5,\"granted_by\":8,\"reason\":null"), PAWL_OK);
        cr_assert_eq(last.emits.count, 1);
        expect_emitted(AUDITED, "\"user_id\":8,\"user_role\":\"security\",\"action\":\"access_granted\"");
        cr_assert_eq(running(), 1);
        verify(17, "identity", "pending");
        cr_assert_eq(running(), 1);
        reject(17, "identity");
        cr_assert_eq(running(), 0);
        cr_assert_eq(emitted(REVOKED), 1);
}

Test(access, a_grant_for_a_request_that_is_over_is_answered_with_a_revocation)
{
        cr_assert_eq(feed("workflow.work_completed", "\"request_id\":5,\"contractor_id\":17,\"completion_data\":{}"),
                     PAWL_OK);
        cr_assert_eq(feed(GRANTED, "\"contractor_id\":17,\"request_id\":5,\"granted_by\":8"), PAWL_OK);
        expect_emitted(REVOKED, "\"reason\":\"the request is completed\"");
        cr_assert_eq(running(), 0);
}
