/* Approvals whose time is over: revoked by the tick, once. */
#include "security_fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

TestSuite(expiry, .init = fixture_make, .fini = fixture_end);

static void expect_part(const char *text, const char *part)
{
        cr_assert_not_null(strstr(text, part), "expected %s in\n%s", part, text);
}

Test(expiry, an_expired_verification_revokes_all_that_the_contractor_has)
{
        const char *text;

        verify_all(17);
        assign(5, 17);
        assign(6, 17);
        let_expire(17, "documents");
        text = published(host, 5);
        expect_part(text, "\"user_id\":9,\"user_role\":\"security\",\"action\":\"verification_expired\","
                          "\"resource_type\":\"contractor\",\"resource_id\":17,");
        expect_part(text, "\"verification_type\":\"documents\",\"state_before\":\"approved\","
                          "\"state\":\"pending_security\"");
        expect_part(text, "\"contractor_id\":17,\"request_id\":5,\"revoked_by\":9,\"reason\":"
                          "\"documents: expired since 1970-01-01T00:00:01.000000+00:00\"");
        expect_part(text, "\"contractor_id\":17,\"request_id\":6,");
        expect_standing(17, "pending_security");
        cr_assert_eq(running(), 0);
        cr_assert_eq(testhost_metric(host, "expired"), 1);
        cr_assert_eq(testhost_metric(host, "revoked"), 2);
}

Test(expiry, what_expired_is_given_back_when_it_is_approved_again)
{
        verify_all(17);
        assign(5, 17);
        let_expire(17, "documents");
        published(host, 3);
        verify(17, "documents", "approved");
        cr_assert_eq(emitted("security.access_granted"), 1);
        cr_assert_eq(running(), 1);
}

Test(expiry, a_type_that_is_not_required_expires_without_a_revocation)
{
        fixture_restart("granted_by = 9; required = [\"identity\"];");
        verify(17, "identity", "approved");
        verify(17, "documents", "approved");
        assign(5, 17);
        let_expire(17, "documents");
        expect_part(published(host, 1), "\"action\":\"verification_expired\"");
        cr_assert_eq(running(), 1);
}

Test(expiry, comes_when_the_clock_says_so)
{
        fixture_restart("granted_by = 9; validity = { identity = \"200ms\"; };");
        cr_assert_eq(feed_aged("security.contractor_verified", NULL, 0,
                               "\"contractor_id\":17,\"verification_type\":\"identity\",\"verification_result\":"
                               "\"approved\",\"verified_by\":7"),
                     PAWL_OK);
        expect_part(published(host, 1), "\"action\":\"verification_expired\"");
        cr_assert_eq(sql("SELECT count(*) FROM history WHERE event_type = 'verification_expired' AND time >= "
                         "(SELECT expires_at FROM verification) - 1000"),
                     1);
}

Test(expiry, is_told_once_by_two_instances_and_after_a_restart)
{
        struct testhost *other = fixture_beside(1);

        verify_all(17);
        assign(5, 17);
        testhost_tick(other);
        let_expire(17, "identity");
        testhost_tick(host);
        testhost_tick(other);
        testhost_tick(host);
        cr_assert_eq(sql("SELECT count(*) FROM history WHERE event_type = 'verification_expired'"), 1);
        cr_assert_eq(sql("SELECT count(*) FROM outbox"), 3);
        published(other, 3); /* it ticked first, and has the outbox */
        published(host, 0);
        testhost_close(&other);
        fixture_restart(NULL);
        published(host, 0);
        cr_assert_eq(sql("SELECT count(*) FROM outbox"), 0);
}

Test(expiry, is_told_after_a_restart_when_the_broker_had_not_acknowledged_it)
{
        verify_all(17);
        assign(5, 17);
        let_expire(17, "identity");
        testhost_tick(host);
        testhost_tick(host);
        fixture_restart(NULL);
        expect_part(published(host, 3), "security.access_revoked");
}

/* After an outage events may be handled before the first tick. */
Test(expiry, that_no_tick_has_seen_yet_revokes_when_a_new_check_begins)
{
        verify_all(17);
        assign(5, 17);
        let_expire(17, "documents");
        verify(17, "documents", "pending");
        cr_assert_eq(emitted("security.access_revoked"), 1);
        expect_emitted("security.access_revoked", "\"contractor_id\":17,\"request_id\":5,\"revoked_by\":9,"
                                                  "\"reason\":\"documents: pending\"");
        cr_assert_eq(running(), 0);
        published(host, 0);
        verify(17, "documents", "approved");
        cr_assert_eq(emitted("security.access_granted"), 1);
}

Test(expiry, that_no_tick_has_seen_yet_revokes_nothing_when_it_is_approved_again)
{
        verify_all(17);
        assign(5, 17);
        let_expire(17, "documents");
        verify(17, "documents", "approved");
        cr_assert_eq(emitted("security.access_revoked"), 0);
        cr_assert_eq(running(), 1);
        published(host, 0);
}

Test(expiry, of_many_contractors_is_done_in_one_tick)
{
        for (int i = 1; i <= 120; i++) {
                verify_all(i);
                assign(i, i);
        }
        sql("UPDATE verification SET expires_at = 1000 WHERE type = 'identity'");
        published(host, 360);
        cr_assert_eq(running(), 0);
}

Test(expiry, waits_for_a_locked_database_and_says_so)
{
        sqlite3 *other;

        verify_all(17);
        assign(5, 17);
        let_expire(17, "identity");
        cr_assert_eq(sqlite3_open(scratch_path("security.db"), &other), SQLITE_OK);
        cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        testhost_tick(host);
        cr_assert_not_null(strstr(testhost_health(host), "expired verifications wait to be revoked"), "%s",
                           testhost_health(host));
        cr_assert_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(other);
        published(host, 3);
        cr_assert_null(strstr(testhost_health(host), "degraded"), "%s", testhost_health(host));
}

Test(expiry, the_revocation_that_comes_back_changes_nothing)
{
        char text[8192], *body;

        verify_all(17);
        assign(5, 17);
        let_expire(17, "identity");
        snprintf(text, sizeof text, "%s", published(host, 3));
        verify(17, "identity", "approved");
        cr_assert_eq(running(), 1);
        body = strstr(text, "security.access_revoked ") + strlen("security.access_revoked ");
        *strchr(body, '\n') = '\0';
        testhost_result_clear(&last);
        testhost_feed(host, &(struct testhost_event){.topic = "security-events", .key = "5", .json = body}, &last);
        cr_assert_eq(last.result, PAWL_OK, "%s", last.reason);
        cr_assert_eq(running(), 1);
        cr_assert_eq(testhost_metric(host, "own"), 1);
}
