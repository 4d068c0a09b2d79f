/* What is too much, too slow, or meant to do harm; and what happens when the bus does not answer. */
#include "gateway_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void make(void)
{
        gateway_make_with(
            "max_body = \"64KiB\"; max_events = 100; max_header = \"4KiB\"; request_time = \"1s\"; idle_time = \"1s\";"
            "ack_timeout = \"200ms\"; connections = 60; connections_per_address = 50;");
}

TestSuite(limits, .init = make, .fini = gateway_end);

static char *bytes(size_t count, char c)
{
        char *text = malloc(count + 1);

        memset(text, c, count);
        text[count] = '\0';
        return text;
}

Test(limits, a_body_that_says_that_it_is_too_large_is_not_read)
{
        int fd = caller_open();

        caller_write(fd, "POST /v1/events HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer admin\r\n" JSON
                         "Content-Length: 100000000\r\n\r\n");
        last = caller_read(fd);
        cr_assert_eq(last.status, 413);
        cr_assert(reply_has(&last, "application/problem+json"));
        cr_assert(caller_ended(fd));
        close(fd);
}

Test(limits, a_body_that_grows_too_large_is_refused_and_then_cut_off)
{
        char *chunk = bytes(1000, ' ');
        int fd = caller_open();

        caller_write(fd, "POST /v1/events HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer admin\r\n" JSON
                         "Transfer-Encoding: chunked\r\n\r\n");
        for (int i = 0; i < 70; i++)
                caller_write(fd, "3e8\r\n%s\r\n", chunk);
        caller_write(fd, "0\r\n\r\n");
        last = caller_read(fd);
        cr_assert_eq(last.status, 413);
        close(fd);
        fd = caller_open();
        caller_write(fd, "POST /v1/events HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer admin\r\n" JSON
                         "Transfer-Encoding: chunked\r\n\r\n");
        for (int i = 0; i < 500; i++)
                caller_write(fd, "3e8\r\n%s\r\n", chunk);
        cr_assert(caller_ended(fd));
        close(fd);
        free(chunk);
        cr_assert_eq(message_count, 0u);
}

Test(limits, more_events_than_a_batch_may_have_are_refused_together)
{
        struct buf lines = {0};

        for (int i = 0; i < 101; i++)
                buf_printf(&lines, "{\"event_type\":\"audit.system_event\",\"component\":\"c\",\"action\":\"%d\"}\n",
                           i);
        cr_assert_eq(ask("POST", "/v1/events", "admin", NDJSON, lines.data), 413);
        cr_assert_eq(message_count, 0u);
        buf_free(&lines);
}

Test(limits, headers_that_are_too_long_are_refused)
{
        char *text = bytes(8000, 'x'), header[8100];

        snprintf(header, sizeof header, "X-Long: %s\r\n", text);
        cr_assert_eq(ask("GET", "/healthz", NULL, header, NULL), 431);
        free(text);
}

Test(limits, json_that_is_meant_to_do_harm_is_a_fault_like_any_other)
{
        char *deep = bytes(20000, '[');
        static const char nul[] =
            "{\"event_type\":\"audit.system_event\",\"component\":\"a\\u0000b\",\"action\":\"a\"}";

        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON, deep), 400);
        cr_assert_eq(ask("POST", "/v1/requests", "customer", JSON, deep), 400);
        memcpy(deep, "{\"a\":", 5);
        cr_assert_eq(ask("POST", "/v1/requests", "customer", JSON, deep), 400);
        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON, nul), 400);
        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON, "{\"event_type\":\"a\",\"event_type\":\"b\"}"), 400);
        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON, "{\"event_type\":\"\xff\xfe\"}"), 400);
        cr_assert_not_null(last.json, "what is said of it is JSON: %s", last.body);
        cr_assert_eq(ask("POST", "/v1/events", "admin", NDJSON, "\xff\xfe\n{\n"), 400);
        cr_assert_not_null(last.json);
        cr_assert_eq(ask("POST", "/v1/requests", "customer", JSON, "{\"title\":\"a\",\"title\":\"b\"}"), 400);
        cr_assert_eq(message_count, 0u);
        free(deep);
}

Test(limits, an_event_id_that_would_end_a_header_is_a_fault)
{
        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON, event("\"event_id\":\"x\\r\\nSet-Cookie: a\"")), 400);
        cr_assert_not(reply_has(&last, "Set-Cookie"));
}

/* Each has begun and does not go on. */
static void trickle(int *fds, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                fds[i] = caller_open();
                if (i % 3 == 0)
                        caller_write(fds[i], "POST /v1/ev");
                else if (i % 3 == 1)
                        caller_write(fds[i], "POST /v1/events HTTP/1.1\r\nHost: g\r\nAuthorization: Bea");
                else
                        caller_write(fds[i],
                                     "POST /v1/events HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer admin\r\n" JSON
                                     "Content-Length: 500\r\n\r\n{\"event_type\":");
        }
}

Test(limits, slow_callers_hold_nobody_up_and_are_cut_off)
{
        int fds[30];

        trickle(fds, 30);
        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON, event("")), 202);
        cr_assert_eq(ask("GET", "/healthz", NULL, NULL, NULL), 200);
        /* A byte now and then does not buy more time. */
        for (size_t i = 0; i < 30; i++)
                caller_write(fds[i], "x");
        for (size_t i = 0; i < 30; i++) {
                cr_assert(caller_ended(fds[i]));
                close(fds[i]);
        }
        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON, event("")), 202);
}

Test(limits, an_answer_that_nobody_takes_ends_the_connection)
{
        int fd = caller_open();

        for (int i = 0; i < 20000; i++) {
                static const char request[] = "GET /openapi.json HTTP/1.1\r\nHost: g\r\n\r\n";

                if (send(fd, request, sizeof request - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
                        break;
        }
        pump(PAWL_MS(100));
        cr_assert_eq(ask("GET", "/healthz", NULL, NULL, NULL), 200);
        cr_assert(caller_ended(fd));
        close(fd);
}

Test(limits, one_address_has_so_many_connections_and_no_more)
{
        int fds[51];

        for (size_t i = 0; i < 50; i++) {
                fds[i] = caller_open();
                caller_request(fds[i], "GET", "/healthz", NULL, NULL, NULL);
                reply_free(&last);
                last = caller_read(fds[i]);
                cr_assert_eq(last.status, 200);
        }
        fds[50] = caller_open();
        cr_assert(caller_ended(fds[50]));
        for (size_t i = 0; i < 51; i++)
                close(fds[i]);
}

Test(limits, requests_in_one_go_are_answered_in_their_order)
{
        int fd = caller_open();

        caller_write(fd, "GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n");
        caller_request(fd, "GET", "/v1/requests/1", "admin", NULL, NULL);
        last = caller_read(fd);
        cr_assert_eq(last.status, 200);
        reply_free(&last);
        last = caller_read(fd);
        cr_assert_eq(last.status, 404);
        close(fd);
}

Test(limits, without_an_acknowledgement_it_is_not_known_and_then_nobody_waits)
{
        publications = HOLD;
        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON "Idempotency-Key: k\r\n", event("")), 503);
        cr_assert_not_null(strstr(member("detail"), "not known"), "%s", last.body);
        cr_assert(reply_has(&last, "Retry-After: "));
        cr_assert_eq(message_count, 1u);
        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON, event("")), 503);
        cr_assert_not_null(strstr(member("detail"), "nothing is published"), "%s", last.body);
        cr_assert_eq(message_count, 1u);
        cr_assert_eq(ask("GET", "/readyz", NULL, NULL, NULL), 503);
        cr_assert_eq(ask("GET", "/healthz", NULL, NULL, NULL), 200);
        /* The first one arrives after all: its caller gets the yes when he repeats it, and others are let in again. */
        cr_assert(answer_one(0));
        publications = 0;
        for (int i = 0; i < 200 && ask("GET", "/readyz", NULL, NULL, NULL) != 200; i++)
                pump(PAWL_MS(10));
        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON "Idempotency-Key: k\r\n", event("")), 202);
        cr_assert(reply_has(&last, "Idempotent-Replayed: true"));
        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON, event("")), 202);
}
