#include "hr_fixture.h"

#include <string.h>

TestSuite(contracts, .init = fixture_make, .fini = fixture_end);

static pawl_result approve(const char *event_id, const char *type)
{
        return feed_verified(55, event_id, type, "approved");
}

Test(contracts, three_approvals_give_the_contract_and_both_events_of_it)
{
        char id[64];

        cr_assert_eq(approve("v-1", "identity"), PAWL_OK, "%s", last.reason);
        cr_assert_eq(approve("v-2", "documents"), PAWL_OK);
        cr_assert_eq(last.emits.count, 0);
        cr_assert_eq(approve("v-3", "background_check"), PAWL_OK, "%s", last.reason);
        cr_assert_eq(last.emits.count, 2);
        cr_assert_str_eq(emitted_string(0, "event_type"), "hr.document_created");
        cr_assert_str_eq(emitted_string(0, "document_type"), "contract");
        cr_assert_null(json_object_get(emitted(0), "request_id"));
        strcpy(id, emitted_string(0, "document_id"));
        cr_assert_str_eq(emitted_string(1, "event_type"), "hr.contract_generated");
        cr_assert_str_eq(emitted_string(1, "document_id"), id);
        cr_assert_eq(json_integer_value(json_object_get(emitted(1), "contractor_id")), 55);
        cr_assert_eq(json_integer_value(json_object_get(emitted(1), "generated_by")), 9);
        cr_assert_str_eq(emitted_string(1, "document_path"), scratch_path("documents/2026/contract-2026-000001.pdf"));
        cr_assert_eq(memcmp(last.emits.first->key, "55", 2), 0);
        expect_in(text_of("documents/2026/contract-2026-000001.pdf"), "Договор № ДОГ-2026-000001");
        expect_in(text_of("documents/2026/contract-2026-000001.pdf"), "Иванов Иван Иванович, именуемый");
}

Test(contracts, the_order_does_not_matter_and_one_type_thrice_is_not_three)
{
        approve("v-1", "background_check");
        approve("v-2", "background_check");
        approve("v-3", "background_check");
        cr_assert_eq(sql("SELECT count(*) FROM document"), 0);
        approve("v-4", "documents");
        approve("v-5", "identity");
        cr_assert_eq(last.emits.count, 2);
}

Test(contracts, a_contractor_gets_one_contract_ever)
{
        approve("v-1", "identity");
        approve("v-2", "documents");
        approve("v-3", "background_check");
        feed_verified(55, "v-4", "identity", "rejected");
        cr_assert_eq(approve("v-5", "identity"), PAWL_OK);
        cr_assert_eq(last.emits.count, 0);
        cr_assert_eq(sql("SELECT count(*) FROM document"), 1);
        cr_assert_eq(feed_verified(56, "w-1", "identity", "approved"), PAWL_OK);
        feed_verified(56, "w-2", "documents", "approved");
        feed_verified(56, "w-3", "background_check", "approved");
        cr_assert_eq(last.emits.count, 2);
        expect_in(text_of("documents/2026/contract-2026-000002.pdf"), "подрядчик № 56");
}

Test(contracts, a_rejection_or_a_pending_before_the_last_approval_resets_its_type)
{
        static const char *const results[] = {"rejected", "pending"};

        for (int i = 0; i < 2; i++) {
                int64_t contractor = 60 + i;

                feed_verified(contractor, NULL, "identity", "approved");
                feed_verified(contractor, NULL, "documents", "approved");
                feed_verified(contractor, NULL, "identity", results[i]);
                feed_verified(contractor, NULL, "background_check", "approved");
                cr_assert_eq(last.result, PAWL_OK, "%s", last.reason);
                cr_assert_eq(last.emits.count, 0);
                feed_verified(contractor, NULL, "identity", "approved");
                cr_assert_eq(last.emits.count, 2);
        }
}

Test(contracts, security_contractor_rejected_resets_its_type_too)
{
        approve("v-1", "identity");
        approve("v-2", "documents");
        cr_assert_eq(
            feed("security.contractor_rejected", "55",
                 "\"event_id\":\"v-3\",\"contractor_id\":55,\"verification_type\":\"documents\",\"rejected_by\":3,"
                 "\"rejection_reason\":\"Просрочен паспорт\""),
            PAWL_OK, "%s", last.reason);
        approve("v-4", "background_check");
        cr_assert_eq(sql("SELECT count(*) FROM document"), 0);
        approve("v-5", "documents");
        cr_assert_eq(last.emits.count, 2);
}

/* Events come again from an earlier offset after a crash: what they said then must not hide what was said since. */
Test(contracts, a_repeated_approval_does_not_undo_a_later_rejection)
{
        approve("v-1", "identity");
        feed_verified(55, "v-2", "identity", "rejected");
        approve("v-3", "documents");
        approve("v-4", "background_check");
        approve("v-1", "identity");
        cr_assert_eq(last.result, PAWL_OK);
        cr_assert_eq(sql("SELECT count(*) FROM document"), 0);
}

Test(contracts, a_repeat_emits_the_same_contract_again_also_after_a_crash_behind_the_plan)
{
        char value[4096];
        size_t len;

        approve("v-1", "identity");
        approve("v-2", "documents");
        approve("v-3", "background_check");
        len = last.emits.first->value_len;
        memcpy(value, last.emits.first->value, len);
        sql("UPDATE document SET sha256 = NULL");
        output_of("rm -r '%s'", scratch_path("documents"));
        restart(NULL);
        cr_assert_eq(approve("v-3", "background_check"), PAWL_OK, "%s", last.reason);
        cr_assert_eq(last.emits.count, 2);
        cr_assert_eq(last.emits.first->value_len, len);
        cr_assert_arr_eq(last.emits.first->value, value, len);
        command(0, "verify", NULL, NULL, NULL);
}

Test(contracts, what_is_no_verification_is_rejected_with_what_there_is)
{
        cr_assert_eq(feed_verified(55, NULL, "horoscope", "approved"), PAWL_REJECT);
        expect_in(last.reason, "verification_type: expected one of identity, documents, background_check");
        cr_assert_eq(feed_verified(55, NULL, "identity", "maybe"), PAWL_REJECT);
        cr_assert_eq(feed_verified(-5, NULL, "identity", "approved"), PAWL_REJECT);
        cr_assert_eq(feed("security.contractor_verified", "1", "\"contractor_id\":1"), PAWL_REJECT);
        cr_assert_eq(feed("security.contractor_rejected", "1", "\"contractor_id\":\"1\""), PAWL_REJECT);
        cr_assert_eq(sql("SELECT count(*) FROM sqlite_master"), 0);
}
