/* What comes again gets the first answer; what is something else under the same key does not. */
#include "gateway_fixture.h"

#include "common/tests/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(repeats, .init = gateway_make, .fini = gateway_end);

#define KEYED JSON "Idempotency-Key: order-1\r\n"
#define BODY                                                                                                           \
        "{\"title\":\"t\",\"description\":\"d\",\"urgency\":\"u\",\"region\":\"r\",\"city\":\"c\",\"address\":\"a\"}"
#define ID "\"event_id\":\"7f3c1f2e-0000-4000-8000-000000000001\""

static char first[8192];

static void keep_first(void)
{
        snprintf(first, sizeof first, "%s", last.body);
}

static void expect_first(void)
{
        cr_assert_eq(last.status, 202, "%s", last.body);
        cr_assert_str_eq(last.body, first);
        cr_assert(reply_has(&last, "Idempotent-Replayed: true"));
}

Test(repeats, a_key_gets_the_first_answer_and_is_published_once)
{
        cr_assert_eq(ask("POST", "/v1/events", "admin", KEYED, event("")), 202);
        cr_assert_not(reply_has(&last, "Idempotent-Replayed"));
        keep_first();
        ask("POST", "/v1/events", "admin", KEYED, event(""));
        expect_first();
        cr_assert_eq(message_count, 1u);
        cr_assert_eq(testhost_metric(host, "replayed"), 1);
}

Test(repeats, an_event_id_gets_the_first_answer_too)
{
        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON, event(ID)), 202);
        keep_first();
        ask("POST", "/v1/events", "admin", JSON, event(ID));
        expect_first();
        cr_assert_eq(message_count, 1u);
}

Test(repeats, the_first_answer_outlives_the_process)
{
        struct pawl_error err;

        cr_assert_eq(ask("POST", "/v1/requests", "customer", KEYED, BODY), 202);
        keep_first();
        cr_assert(reply_has(&last, "Location: /v1/requests/1000\r\n"));
        cr_assert(testhost_restart(host, NULL, NULL, &err), "%s", err.text);
        ask("POST", "/v1/requests", "customer", KEYED, BODY);
        expect_first();
        cr_assert(reply_has(&last, "Location: /v1/requests/1000\r\n"));
        cr_assert_eq(message_count, 1u);
}

Test(repeats, something_else_under_the_same_key_is_a_conflict)
{
        cr_assert_eq(ask("POST", "/v1/events", "admin", KEYED, event("")), 202);
        cr_assert_eq(ask("POST", "/v1/events", "admin", KEYED, event("\"details\":{}")), 409);
        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON, event(ID)), 202);
        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON, event(ID ",\"details\":{}")), 409);
        cr_assert_eq(message_count, 2u);
}

Test(repeats, a_key_is_its_tokens_alone)
{
        cr_assert_eq(ask("POST", "/v1/events", "admin", KEYED, event("")), 202);
        cr_assert_eq(ask("POST", "/v1/events", "manager", KEYED, event("")), 202);
        cr_assert_not(reply_has(&last, "Idempotent-Replayed"));
        cr_assert_eq(message_count, 2u);
}

Test(repeats, while_the_first_is_on_its_way_a_repeat_is_told_to_come_later)
{
        int fd = caller_open();

        publications = HOLD;
        caller_request(fd, "POST", "/v1/events", "admin", KEYED, event(""));
        await_messages(1);
        cr_assert_eq(ask("POST", "/v1/events", "admin", KEYED, event("")), 409);
        cr_assert(reply_has(&last, "Retry-After: 1"));
        cr_assert(answer_one(0));
        reply_free(&last);
        last = caller_read(fd);
        cr_assert_eq(last.status, 202);
        close(fd);
}

Test(repeats, what_the_bus_refused_may_be_tried_again)
{
        publications = PAWL_E_REFUSED;
        cr_assert_eq(ask("POST", "/v1/events", "admin", KEYED, event("")), 502);
        publications = 0;
        cr_assert_eq(ask("POST", "/v1/events", "admin", KEYED, event("")), 202);
        cr_assert_not(reply_has(&last, "Idempotent-Replayed"));
}

Test(repeats, the_same_key_gives_the_same_event_id_again_also_where_nothing_was_remembered)
{
        const char *id;

        publications = PAWL_E_CANCELLED;
        cr_assert_eq(ask("POST", "/v1/events", "admin", KEYED, event("")), 503);
        publications = 0;
        cr_assert_eq(ask("POST", "/v1/events", "admin", KEYED, event("")), 202);
        id = member("event_id");
        cr_assert_eq(message_count, 2u);
        cr_assert_not_null(strstr(messages[0].value, id));
        cr_assert_not_null(strstr(messages[1].value, id));
}

Test(repeats, a_caller_who_went_away_finds_his_answer_when_he_comes_back)
{
        int fd = caller_open();

        publications = HOLD;
        caller_request(fd, "POST", "/v1/events", "admin", KEYED, event(""));
        await_messages(1);
        close(fd);
        cr_assert(answer_one(0));
        for (int i = 0; i < 200 && ask("POST", "/v1/events", "admin", KEYED, event("")) == 409; i++)
                pump(PAWL_MS(10));
        cr_assert_eq(last.status, 202);
        cr_assert(reply_has(&last, "Idempotent-Replayed: true"));
        cr_assert_eq(message_count, 1u);
}

Test(repeats, a_number_that_was_taken_is_the_repeats_too)
{
        struct pawl_error err;

        /* The process ends before the bus has said what became of the first one. */
        publications = PAWL_E_CANCELLED;
        cr_assert_eq(ask("POST", "/v1/requests", "customer", KEYED, BODY), 503);
        cr_assert(testhost_restart(host, NULL, NULL, &err), "%s", err.text);
        publications = 0;
        cr_assert_eq(ask("POST", "/v1/requests", "customer", KEYED, BODY), 202);
        cr_assert_eq(json_integer_value(json_object_get(last.json, "request_id")), 1000);
        cr_assert_str_eq(messages[0].key, "1000");
        cr_assert_str_eq(messages[1].key, "1000");
}

Test(repeats, numbers_come_once_also_across_a_restart)
{
        struct pawl_error err;

        cr_assert_eq(ask("POST", "/v1/requests", "customer", JSON, BODY), 202);
        cr_assert_eq(ask("POST", "/v1/requests", "customer", JSON, BODY), 202);
        cr_assert_str_eq(messages[0].key, "1000");
        cr_assert_str_eq(messages[1].key, "1001");
        cr_assert(testhost_restart(host, NULL, NULL, &err), "%s", err.text);
        cr_assert_eq(ask("POST", "/v1/requests", "customer", JSON, BODY), 202);
        cr_assert_str_eq(messages[2].key, "1002");
}

Test(repeats, a_range_that_is_used_up_says_so)
{
        struct pawl_error err;
        char settings[256];

        snprintf(settings, sizeof settings, "tokens = \"%s\"; request_ids = { first = 5; last = 5; };",
                 scratch_path("tokens"));
        cr_assert(testhost_restart(host, NULL, settings, &err), "%s", err.text);
        cr_assert_eq(ask("POST", "/v1/requests", "customer", JSON, BODY), 202);
        cr_assert_eq(ask("POST", "/v1/requests", "customer", JSON, BODY), 503);
        cr_assert_not_null(strstr(member("detail"), "used up"), "%s", last.body);
        cr_assert_not_null(strstr(testhost_health(host), "used up"), "%s", testhost_health(host));
}

Test(repeats, a_line_that_was_published_before_is_not_published_again)
{
        static const char both[] =
            "{\"event_type\":\"audit.system_event\",\"component\":\"c\",\"action\":\"a\"," ID "}\n"
            "{\"event_type\":\"audit.system_event\",\"component\":\"c\",\"action\":\"b\"}\n";

        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON, event(ID)), 202);
        cr_assert_eq(ask("POST", "/v1/events", "admin", NDJSON, both), 202);
        cr_assert_eq(json_integer_value(json_object_get(last.json, "repeated")), 1, "%s", last.body);
        cr_assert_eq(message_count, 2u);
}

Test(repeats, a_batch_with_a_key_gets_the_first_answer)
{
        static const char lines[] = "{\"event_type\":\"audit.system_event\",\"component\":\"c\",\"action\":\"a\"}\n"
                                    "{\"event_type\":\"audit.system_event\",\"component\":\"c\",\"action\":\"b\"}\n";

        cr_assert_eq(ask("POST", "/v1/events", "admin", NDJSON "Idempotency-Key: batch\r\n", lines), 202);
        keep_first();
        ask("POST", "/v1/events", "admin", NDJSON "Idempotency-Key: batch\r\n", lines);
        expect_first();
        cr_assert_eq(message_count, 2u);
        cr_assert_eq(ask("POST", "/v1/events", "admin", NDJSON "Idempotency-Key: batch\r\n", lines + 1), 400);
}

Test(repeats, a_key_that_could_be_more_than_a_key_is_refused)
{
        char header[400];

        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON "Idempotency-Key: a b\r\n", event("")), 400);
        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON "Idempotency-Key: \xd0\x96\r\n", event("")), 400);
        snprintf(header, sizeof header, JSON "Idempotency-Key: %0200d\r\n", 1);
        cr_assert_eq(ask("POST", "/v1/events", "admin", header, event("")), 400);
        cr_assert_eq(message_count, 0u);
}
