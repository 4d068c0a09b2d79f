/* Who may call, and what is said to who may not, or asks for what is not there. */
#include "gateway_fixture.h"

#include "common/tests/scratch.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(callers, .init = gateway_make, .fini = gateway_end);

Test(callers, without_a_token_nothing_is_told_but_how_to_ask)
{
        cr_assert_eq(ask("GET", "/v1/requests/1", NULL, NULL, NULL), 401);
        cr_assert(reply_has(&last, "WWW-Authenticate: Bearer realm="));
        cr_assert(reply_has(&last, "application/problem+json"));
        cr_assert_str_eq(member("title"), "Unauthorized");
}

Test(callers, an_unknown_token_or_another_scheme_is_refused)
{
        cr_assert_eq(ask("GET", "/v1/requests/1", "nobody", NULL, NULL), 401);
        cr_assert(reply_has(&last, "error=\"invalid_token\""));
        cr_assert_eq(ask("GET", "/v1/requests/1", NULL, "Authorization: Basic YWRtaW46\r\n", NULL), 401);
        cr_assert_eq(ask("GET", "/v1/requests/1", NULL, "Authorization: Bearer \r\n", NULL), 401);
}

Test(callers, another_role_is_told_which_ones_may)
{
        cr_assert_eq(ask("POST", "/v1/events", "customer", JSON, event("")), 403);
        cr_assert_not_null(strstr(member("detail"), "manager"), "%s", last.body);
        cr_assert_not_null(strstr(member("detail"), "found customer"), "%s", last.body);
        cr_assert_eq(ask("POST", "/v1/requests/5/assign", "contractor", JSON, "{}"), 403);
        cr_assert_eq(message_count, 0u);
}

Test(callers, machines_need_no_token)
{
        cr_assert_eq(ask("GET", "/healthz", NULL, NULL, NULL), 200);
        cr_assert_eq(ask("GET", "/readyz", NULL, NULL, NULL), 200);
        cr_assert_eq(ask("GET", "/openapi.json", NULL, NULL, NULL), 200);
        cr_assert_str_eq(member("openapi"), "3.1.0");
}

Test(callers, a_path_has_its_methods_and_others_have_nothing)
{
        cr_assert_eq(ask("DELETE", "/v1/requests/1", "admin", NULL, NULL), 405);
        cr_assert(reply_has(&last, "Allow: GET\r\n"));
        cr_assert_eq(ask("GET", "/v1/nothing", "admin", NULL, NULL), 404);
        cr_assert_eq(ask("GET", "/v1/requests/../../etc/passwd", "admin", NULL, NULL), 404);
        cr_assert_eq(ask("GET", "/v1/requests/%2e%2e/timeline", "admin", NULL, NULL), 404);
        cr_assert_eq(ask("GET", "/v1/requests/-1", "admin", NULL, NULL), 404);
        cr_assert_eq(ask("GET", "/v1/requests/07", "admin", NULL, NULL), 404);
        cr_assert_eq(ask("GET", "/v1/requests/99999999999999999999", "admin", NULL, NULL), 404);
        cr_assert_eq(ask("GET", "/v1/requests/1'%20OR%201=1", "admin", NULL, NULL), 404);
        cr_assert_eq(ask("GET", "/v1/requests/%0d%0aSet-Cookie:x", "admin", NULL, NULL), 404);
        cr_assert_not(reply_has(&last, "Set-Cookie"));
}

Test(callers, only_json_is_taken)
{
        cr_assert_eq(ask("POST", "/v1/events", "admin", "Content-Type: text/plain\r\n", event("")), 415);
        cr_assert_eq(ask("POST", "/v1/events", "admin", NULL, event("")), 415);
        cr_assert_eq(ask("POST", "/v1/requests", "admin", NDJSON, event("")), 415);
        cr_assert_eq(ask("POST", "/v1/events", "admin", "Content-Type: application/json; charset=utf-8\r\n", event("")),
                     202);
}

Test(callers, a_token_sends_no_more_than_it_may)
{
        cr_assert_eq(ask("POST", "/v1/events", "slow", JSON, event("")), 202);
        cr_assert_eq(ask("POST", "/v1/events", "slow", JSON, event("")), 202);
        cr_assert_eq(ask("POST", "/v1/events", "slow", JSON, event("")), 429);
        cr_assert(reply_has(&last, "Retry-After: "));
        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON, event("")), 202);
}

Test(callers, a_rate_below_one_lets_the_first_event_through)
{
        cr_assert_eq(ask("POST", "/v1/events", "seldom", JSON, event("")), 202);
        cr_assert_eq(ask("POST", "/v1/events", "seldom", JSON, event("")), 429);
}

Test(callers, the_lines_of_a_batch_count_each)
{
        cr_assert_eq(ask("POST", "/v1/events", "slow", NDJSON,
                         "{\"event_type\":\"audit.system_event\",\"component\":\"c\",\"action\":\"1\"}\n"
                         "{\"event_type\":\"audit.system_event\",\"component\":\"c\",\"action\":\"2\"}\n"),
                     202);
        cr_assert_eq(ask("POST", "/v1/events", "slow", JSON, event("")), 429);
}

/* Until the file has been looked at again. */
static void await_status(const char *token, int status)
{
        for (int i = 0; i < 200 && ask("GET", "/v1/requests/1", token, NULL, NULL) != status; i++)
                pump(PAWL_MS(50));
        cr_assert_eq(last.status, status);
}

Test(callers, a_changed_tokens_file_holds_within_a_second_and_a_broken_one_does_not)
{
        write_file("tokens", "# sha256 of \"newcomer\"\nnewcomer role=admin user=3 "
                             "sha256=ea26fc5cfdd79d6b81acc7aa52ed4e1a39bfe3bcc78ecdf8d2ccd6f4eaca1f5b\n");
        await_status("admin", 401);
        write_file("tokens", "newcomer role=king user=3 sha256=00\n");
        for (int i = 0; i < 200 && strstr(testhost_health(host), "role: expected") == NULL; i++)
                pump(PAWL_MS(50));
        cr_assert_not_null(strstr(testhost_health(host), "tokens:1: role: expected admin"), "%s",
                           testhost_health(host));
        cr_assert_not_null(strstr(testhost_health(host), "sha256: expected 64"), "%s", testhost_health(host));
}

Test(callers, a_broken_tokens_file_is_refused_at_create_with_every_fault)
{
        struct pawl_error err = {{0}};

        write_file("tokens", "a role=admin user=1\nb c\n");
        cr_assert_not(testhost_restart(host, NULL, NULL, &err));
        cr_assert_not_null(strstr(err.text, "tokens:1: sha256: expected"), "%s", err.text);
        cr_assert_not_null(strstr(err.text, "tokens:2: expected role="), "%s", err.text);
        write_file("tokens", "");
        cr_assert(testhost_restart(host, NULL, NULL, &err), "%s", err.text);
        cr_assert_eq(ask("GET", "/v1/requests/1", "admin", NULL, NULL), 401);
}

Test(callers, a_new_token_lets_in_who_has_it)
{
        const char *const argv[] = {"token", "new", "crm", "--role", "manager", "--user", "7", "--rate", "50"};
        struct buf answer = {0};
        char *secret, *line, text[512];

        cr_assert_eq(testhost_command(host, argv, 9, &answer), 0, "%s", answer.data);
        secret = strstr(answer.data, "pawl_");
        line = strstr(answer.data, "crm role=manager user=7 rate=50 sha256=");
        cr_assert(secret != NULL && line != NULL, "%s", answer.data);
        secret[strcspn(secret, "\n")] = '\0';
        cr_assert_eq(strlen(secret), 48u);
        snprintf(text, sizeof text, "%s", line);
        write_file("tokens", text);
        await_status(secret, 404);
        buf_free(&answer);
}

Test(callers, a_token_for_no_role_or_nobody_is_not_made)
{
        const char *const wrong_role[] = {"token", "new", "crm", "--role", "king", "--user", "7"};
        const char *const no_user[] = {"token", "new", "crm", "--role", "hr"};
        const char *const no_name[] = {"token", "new", "a b\nc", "--role", "hr", "--user", "1"};
        struct buf answer = {0};

        cr_assert_eq(testhost_command(host, wrong_role, 7, &answer), 2);
        cr_assert_eq(testhost_command(host, no_user, 5, &answer), 2);
        cr_assert_eq(testhost_command(host, no_name, 7, &answer), 2);
        cr_assert_null(strstr(answer.data, "pawl_"), "%s", answer.data);
        buf_free(&answer);
}
