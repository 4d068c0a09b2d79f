/* What the verification of a contractor does, event by event. */
#include "security_fixture.h"

#include <string.h>

TestSuite(verification, .init = fixture_make, .fini = fixture_end);

Test(verification, goes_its_way_from_the_first_type_to_approved)
{
        verify(17, "identity", "pending");
        expect_standing(17, "pending_security");
        verify(17, "identity", "approved");
        expect_standing(17, "pending_security");
        verify(17, "documents", "approved");
        expect_standing(17, "pending_manager");
        verify(17, "background_check", "approved");
        expect_standing(17, "approved");
        cr_assert_eq(sql("SELECT count(*) FROM history WHERE from_state = 'incomplete' AND to_state = "
                         "'pending_security'"),
                     1);
        cr_assert_eq(sql("SELECT count(*) FROM history WHERE from_state = 'pending_manager' AND to_state = 'approved'"),
                     1);
}

Test(verification, one_rejected_type_rejects_and_its_approval_opens_again)
{
        verify(17, "identity", "approved");
        reject(17, "documents");
        expect_standing(17, "rejected");
        verify(17, "background_check", "approved");
        expect_standing(17, "rejected");
        verify(17, "documents", "approved");
        expect_standing(17, "approved");
}

Test(verification, a_result_of_rejected_is_a_rejection)
{
        verify_all(17);
        verify(17, "identity", "rejected");
        expect_standing(17, "rejected");
        expect_emitted("audit.user_action", "\"action\":\"contractor_rejected\"");
}

Test(verification, a_check_that_begins_again_leaves_the_approval_that_still_counts)
{
        verify_all(17);
        assign(5, 17);
        verify(17, "identity", "pending");
        expect_standing(17, "approved");
        cr_assert_eq(emitted("security.access_revoked"), 0);
        reject(17, "identity");
        verify(17, "identity", "pending");
        expect_standing(17, "pending_security");
}

Test(verification, each_is_audited_in_the_name_of_who_decided)
{
        verify(17, "identity", "approved");
        cr_assert_eq(last.emits.count, 1);
        cr_assert_str_eq(last.emits.first->topic, "audit-events");
        cr_assert_eq(last.emits.first->key_len, 1);
        cr_assert_eq(*(const char *)last.emits.first->key, '7');
        expect_emitted("audit.user_action",
                       "\"user_id\":7,\"user_role\":\"security\",\"action\":\"contractor_verified\","
                       "\"resource_type\":\"contractor\",\"resource_id\":17,\"ip_address\":\"127.0.0.1\","
                       "\"user_agent\":\"pawl/security\",\"success\":true,\"additional_data\":"
                       "{\"verification_type\":\"identity\",\"verification_result\":\"approved\","
                       "\"state_before\":\"incomplete\",\"state\":\"pending_security\"}");
        reject(17, "documents");
        expect_emitted("audit.user_action",
                       "\"user_id\":8,\"user_role\":\"security\",\"action\":\"contractor_rejected\"");
}

Test(verification, keeps_who_when_notes_documents_and_expiry)
{
        cr_assert_eq(feed("security.contractor_verified",
                          "\"contractor_id\":17,\"verification_type\":\"identity\",\"verification_result\":"
                          "\"approved\",\"verified_by\":7,\"verification_notes\":\"Лично\","
                          "\"documents_verified\":[\"паспорт\",\"ИНН\"],\"timestamp\":\"2026-01-02T03:04:05\""),
                     PAWL_OK);
        cr_assert_eq(sql("SELECT decided_by FROM verification"), 7);
        cr_assert_eq(sql("SELECT decided_at FROM verification"), PAWL_S(1767323045));
        cr_assert_eq(sql("SELECT expires_at FROM verification"), PAWL_S(1767323045 + 365 * 86400));
        cr_assert_eq(sql("SELECT count(*) FROM verification WHERE notes = 'Лично' AND documents = "
                         "'[\"паспорт\",\"ИНН\"]'"),
                     1);
}

Test(verification, a_time_in_the_future_lets_no_approval_count_longer)
{
        cr_assert_eq(feed("security.contractor_verified",
                          "\"contractor_id\":17,\"verification_type\":\"identity\",\"verification_result\":"
                          "\"approved\",\"verified_by\":7,\"timestamp\":\"2250-01-02T03:04:05Z\""),
                     PAWL_OK);
        cr_assert_eq(sql("SELECT count(*) FROM verification WHERE decided_at / 1000000000 <= unixepoch()"), 1);
}

Test(verification, settings_say_what_is_required_by_whom_and_for_how_long)
{
        fixture_restart("required = [\"identity\", \"background_check\"]; manager_types = [\"identity\"];"
                        "validity = { identity = \"0s\"; };");
        verify(17, "background_check", "approved");
        expect_standing(17, "pending_manager");
        verify(17, "identity", "approved");
        expect_standing(17, "approved");
        reject(17, "documents");
        expect_standing(17, "approved");
        cr_assert_eq(sql("SELECT count(*) FROM verification WHERE type = 'identity' AND expires_at IS NULL"), 1);
        cr_assert_eq(sql("SELECT expires_at - decided_at FROM verification WHERE type = 'background_check'"),
                     PAWL_S(180 * 86400));
}

Test(verification, an_approval_that_was_over_before_it_was_read_gives_nothing)
{
        verify_all(17);
        cr_assert_eq(feed("security.contractor_verified",
                          "\"contractor_id\":17,\"verification_type\":\"documents\",\"verification_result\":"
                          "\"approved\",\"verified_by\":7,\"timestamp\":\"2020-01-01T00:00:00Z\""),
                     PAWL_OK);
        expect_standing(17, "pending_security");
        assign(5, 17);
        expect_emitted("security.access_revoked",
                       "\"reason\":\"documents: expired since 2020-12-31T00:00:00.000000+00:00\"");
}

static void expect_refused(const char *settings, const char *text)
{
        struct pawl_error err = {{0}};
        struct testhost *other =
            testhost_open(&(struct testhost_options){.so = SECURITY_SO, .settings = settings}, &err);

        cr_assert_null(other, "%s", settings);
        cr_assert_not_null(strstr(err.text, text), "%s: %s", settings, err.text);
}

Test(verification, wrong_settings_are_refused_with_their_reason)
{
        expect_refused("required = [];", "required");
        expect_refused("required = [\"face\"];",
                       "required: expected identity, documents or background_check, found \"face\"");
        expect_refused("manager_types = [\"identity\", \"identity\"];", "\"identity\" stands there twice");
        expect_refused("validity = { identity = \"1y\"; };", "validity");
        expect_refused("verification_wait = \"1h\";", "verification_wait");
}
