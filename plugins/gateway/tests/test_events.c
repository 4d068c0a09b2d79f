/* POST /v1/events: what is accepted, when, and what is said of what is not. */
#include "gateway_fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(events, .init = gateway_make, .fini = gateway_end);

static json_t *errors(void)
{
        return json_object_get(last.json, "errors");
}

static const char *error_member(size_t index, const char *name)
{
        return json_string_value(json_object_get(json_array_get(errors(), index), name));
}

Test(events, yes_is_said_when_the_bus_has_acknowledged_and_not_before)
{
        int fd = caller_open();

        publications = HOLD;
        caller_request(fd, "POST", "/v1/events", "admin", JSON, event(""));
        await_messages(1);
        cr_assert_eq(recv(fd, (char[1]){0}, 1, MSG_DONTWAIT), -1, "nothing is said yet");
        cr_assert(answer_one(0));
        last = caller_read(fd);
        close(fd);
        cr_assert_eq(last.status, 202);
        cr_assert_str_eq(member("topic"), "audit-events");
        cr_assert_eq(strlen(member("event_id")), 36u);
        cr_assert_not_null(strstr(messages[0].value, member("event_id")));
        cr_assert_str_eq(messages[0].topic, "audit-events");
}

Test(events, what_the_caller_wrote_is_published_byte_for_byte_with_what_was_missing)
{
        static const char text[] = "{ \"event_type\":\"hr.payment_processed\", \"contractor_id\":5, \"request_id\":7,"
                                   " \"amount\":1500.10, \"extra\":[1.00]";

        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON,
                         "{ \"event_type\":\"hr.payment_processed\", \"contractor_id\":5,"
                         " \"request_id\":7, \"amount\":1500.10, \"extra\":[1.00]}"),
                     202);
        cr_assert_eq(strncmp(messages[0].value, text, sizeof text - 1), 0, "%s", messages[0].value);
        cr_assert_str_eq(messages[0].key, "7");
        cr_assert_not_null(strstr(messages[0].value, "\"correlation_id\""));
}

Test(events, every_fault_is_named_and_nothing_is_published)
{
        cr_assert_eq(ask("POST", "/v1/events", "admin", JSON,
                         "{\"event_type\":\"workflow.work_started\",\"request_id\":\"x\",\"contractor_id\":-1}"),
                     400);
        cr_assert(reply_has(&last, "Content-Type: application/problem+json"));
        cr_assert_eq(json_array_size(errors()), 2u, "%s", last.body);
        cr_assert_str_eq(error_member(0, "field"), "request_id");
        cr_assert_str_eq(error_member(0, "expected"), "an integer of 0 or more");
        cr_assert_str_eq(error_member(0, "found"), "\"x\"");
        cr_assert_str_eq(member("instance"), "/v1/events");
        cr_assert_eq(json_integer_value(json_object_get(last.json, "status")), 400);
        cr_assert_eq(message_count, 0u);
}

Test(events, lines_are_published_together_and_each_has_its_id)
{
        json_t *list;

        cr_assert_eq(ask("POST", "/v1/events", "admin", NDJSON,
                         "{\"event_type\":\"audit.system_event\",\"component\":\"c\",\"action\":\"1\"}\r\n\n"
                         "{\"event_type\":\"audit.system_event\",\"component\":\"c\",\"action\":\"2\"}\n"
                         "{\"event_type\":\"workflow.work_started\",\"request_id\":9,\"contractor_id\":5}"),
                     202);
        cr_assert_eq(message_count, 3u);
        list = json_object_get(last.json, "events");
        cr_assert_eq(json_array_size(list), 3u);
        cr_assert_eq(json_integer_value(json_object_get(json_array_get(list, 1), "line")), 3);
        cr_assert_str_eq(json_string_value(json_object_get(json_array_get(list, 1), "status")), "published");
        cr_assert_eq(json_integer_value(json_object_get(last.json, "published")), 3);
        cr_assert_str_eq(messages[2].topic, "workflow-events");
}

Test(events, one_bad_line_keeps_all_of_them_from_the_bus)
{
        cr_assert_eq(ask("POST", "/v1/events", "admin", NDJSON,
                         "{\"event_type\":\"audit.system_event\",\"component\":\"c\",\"action\":\"1\"}\n"
                         "{\"event_type\":\"audit.system_event\",\"component\":7}\n"
                         "nonsense\n"),
                     400);
        cr_assert_eq(message_count, 0u);
        cr_assert_eq(json_array_size(errors()), 3u, "%s", last.body);
        cr_assert_eq(json_integer_value(json_object_get(json_array_get(errors(), 0), "line")), 2);
        cr_assert_eq(json_integer_value(json_object_get(json_array_get(errors(), 2), "line")), 3);
}

Test(events, a_line_that_the_bus_did_not_take_is_never_a_yes)
{
        int fd = caller_open();

        publications = HOLD;
        caller_request(fd, "POST", "/v1/events", "admin", NDJSON,
                       "{\"event_type\":\"audit.system_event\",\"component\":\"c\",\"action\":\"1\"}\n"
                       "{\"event_type\":\"audit.system_event\",\"component\":\"c\",\"action\":\"2\"}\n");
        await_messages(2);
        cr_assert(answer_one(0));
        cr_assert(answer_one(PAWL_E_REFUSED));
        last = caller_read(fd);
        close(fd);
        cr_assert_eq(last.status, 502);
        cr_assert_str_eq(json_string_value(
                             json_object_get(json_array_get(json_object_get(last.json, "events"), 1), "status")),
                         "refused");
}
