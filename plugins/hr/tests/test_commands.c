#include "hr_fixture.h"

#include <string.h>

TestSuite(commands, .init = fixture_make, .fini = fixture_end);

#define INVOICE_NUMBER "СЧЕТ-2026-000001"

/* Ticks until something is published, and answers that the broker has it. Its value lives until the next call. */
static const char *published(void)
{
        static char value[4096];
        struct publish *p = NULL;

        for (int i = 0; i < 100 && p == NULL; i++) {
                testhost_tick(host);
                p = testhost_published(host, PAWL_MS(50));
        }
        cr_assert_not_null(p);
        expect_in_catalogue(testhost_message(p));
        snprintf(value, sizeof value, "%.*s", (int)testhost_message(p)->value_len,
                 (const char *)testhost_message(p)->value);
        testhost_answer(host, p, 0);
        testhost_tick(host);
        return value;
}

static void expect_nothing_published(void)
{
        testhost_tick(host);
        cr_assert_eq(sql("SELECT count(*) FROM outbox"), 0);
        cr_assert_null(testhost_published(host, 0));
}

static void make_documents(void)
{
        cr_assert_eq(feed_completed(42, "e-1", TWO_WORKS ",\"amount\":7700.50"), PAWL_OK, "%s", last.reason);
}

Test(commands, show_prints_a_requests_documents)
{
        const char *answer;

        make_documents();
        answer = command(0, "show", "42", NULL, NULL);
        expect_in(answer, "АКТ-2026-000001  work_completion_act  ");
        expect_in(answer, "СЧЕТ-2026-000001  invoice  ");
        expect_in(answer, "amount     7700.50\n");
        expect_in(answer, scratch_path("documents/2026/act-2026-000001.pdf"));
        expect_in(answer, "signed     no\n");
        expect_in(answer, "paid       no\n");
        expect_in(command(0, "show", INVOICE_NUMBER, NULL, NULL), "invoice");
        expect_in(command(1, "show", "43", NULL, NULL), "43: expected the id or the number of a document");
        command(2, "show", NULL, NULL, NULL);
}

Test(commands, a_signature_is_told_once)
{
        const char *value;

        make_documents();
        expect_in(command(0, "sign", "АКТ-2026-000001", "--by=7", "--at=2026-11-23T12:00:00+03:00"),
                  "АКТ-2026-000001 is signed by 7 at 2026-11-23T09:00:00.000000+00:00\n");
        expect_in(command(1, "sign", "АКТ-2026-000001", "--by=8", NULL),
                  "is signed already, by 7 at 2026-11-23T09:00:00");
        value = published();
        expect_in(value, "\"event_type\":\"hr.document_signed\"");
        expect_in(value, "\"signed_by\":7");
        expect_in(value, "\"signed_at\":\"2026-11-23T09:00:00.000000+00:00\"");
        expect_in(value, "\"contractor_id\":55");
        expect_in(value, "\"correlation_id\":\"c-1\"");
        expect_nothing_published();
        command(1, "sign", "АКТ-2026-000001", "--by=8", NULL);
        expect_nothing_published();
        expect_in(command(0, "show", "42", NULL, NULL), "signed     by 7 at 2026-11-23T09:00:00");
}

Test(commands, a_payment_is_told_once_with_its_exact_amount)
{
        const char *value;

        make_documents();
        expect_in(command(2, "pay", "42", "--reference=\xff", NULL), "--reference: expected UTF-8 text");
        expect_in(command(0, "pay", "42", "--reference", "п/п \"15\"\r\nX"),
                  INVOICE_NUMBER " is paid: 7700.50 roubles to contractor 55\n");
        expect_in(command(1, "pay", INVOICE_NUMBER, NULL, NULL), "is paid already");
        value = published();
        expect_in(value, "\"event_type\":\"hr.payment_processed\"");
        expect_in(value, "\"amount\":7700.50,");
        expect_in(value, "\"request_id\":42");
        expect_in(value, "\"payment_reference\":\"п/п \\\"15\\\"\\r\\nX\"");
        expect_nothing_published();
        expect_in(command(0, "show", "42", NULL, NULL), "reference п/п \"15\"??X\n");
}

Test(commands, what_was_noted_is_told_after_a_restart)
{
        make_documents();
        command(0, "pay", "42", NULL, NULL);
        restart(NULL);
        expect_in(published(), "\"payment_reference\":null");
        restart(NULL);
        expect_nothing_published();
}

Test(commands, what_cannot_be_done_is_said)
{
        cr_assert_eq(feed_completed(42, "e-1", TWO_WORKS), PAWL_OK, "%s", last.reason);
        expect_in(command(1, "pay", "42", NULL, NULL), "42: expected the id or the number of a document");
        expect_in(command(1, "pay", "АКТ-2026-000001", NULL, NULL), "is no invoice");
        expect_in(command(1, "sign", "../../etc/passwd", "--by", "1"), "../../etc/passwd: expected the id");
        expect_in(command(2, "sign", "АКТ-2026-000001", NULL, NULL), "--by: expected the id of a user");
        expect_in(command(2, "sign", "АКТ-2026-000001", "--by", "-1"), "--by: expected the id of a user");
        expect_in(command(2, "sign", "АКТ-2026-000001", "--by=1", "--at=yesterday"), "--at: expected a time");
        expect_nothing_published();
}
