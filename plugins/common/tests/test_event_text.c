/* From a text to the event that is published; and the table of what may be. */
#include "common/catalogue.h"
#include "common/event_text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int uuids;

static void next_uuid(char out[37])
{
        snprintf(out, 37, "00000000-0000-4000-8000-%012d", ++uuids);
}

static json_t *faults;

static void begin(void)
{
        faults = json_array();
        uuids = 0;
}

static void end(void)
{
        json_decref(faults);
}

/* The faults as JSON; NULL: none, and `event` is made. */
static char *make(const char *text, bool any, const char *topic, struct event_text *event)
{
        const struct event_text_options options = {.topic = topic,
                                                   .any = any,
                                                   .now = INT64_C(1795000000123456000),
                                                   .uuid = next_uuid};

        json_array_clear(faults);
        if (event_text_make(event, text, strlen(text), &options, faults))
                return NULL;
        return json_dumps(faults, JSON_COMPACT);
}

TestSuite(event_text, .init = begin, .fini = end);

Test(event_text, fills_in_what_is_missing_and_keeps_every_byte_that_is_there)
{
        struct event_text e;

        cr_assert_null(make(
            " {\"event_type\": \"audit.performance_metric\", \"component\":\"a\",\"metric\":\"m\", \"value\": 0.10 } \n",
            false, NULL, &e));
        cr_assert_str_eq(
            e.value,
            "{\"event_type\": \"audit.performance_metric\", \"component\":\"a\",\"metric\":\"m\", \"value\": 0.10,"
            "\"event_id\":\"00000000-0000-4000-8000-000000000001\",\"timestamp\":\"2026-11-18T11:06:40.123456+00:00\","
            "\"version\":\"1.0\",\"source\":\"agregator-service\","
            "\"correlation_id\":\"00000000-0000-4000-8000-000000000002\",\"metadata\":{}}");
        cr_assert_eq(e.len, strlen(e.value));
        cr_assert_str_eq(e.topic, "audit-events");
        cr_assert_str_eq(e.key, "00000000-0000-4000-8000-000000000001");
        cr_assert_str_eq(e.type, "audit.performance_metric");
        cr_assert_str_eq(e.correlation_id, "00000000-0000-4000-8000-000000000002");
        event_text_clear(&e);
}

Test(event_text, leaves_a_complete_event_alone)
{
        static const char text[] =
            "{\"event_type\":\"hr.document_signed\",\"event_id\":\"6c89e4c2-bf53-40ca-afa7-01c1f979794f\",\"timestamp\":"
            "\"2026-11-22T10:00:00.123456\",\"version\":\"1.0\",\"source\":\"x\",\"correlation_id\":null,\"metadata\":{},"
            "\"document_id\":\"d\",\"contractor_id\":8,\"signed_by\":1}";
        struct event_text e;

        cr_assert_null(make(text, false, NULL, &e));
        cr_assert_str_eq(e.value, text);
        cr_assert_str_eq(e.key, "8");
        cr_assert_str_eq(e.event_id, "6c89e4c2-bf53-40ca-afa7-01c1f979794f");
        event_text_clear(&e);
}

Test(event_text, lists_every_fault_with_what_was_expected_and_found)
{
        static const struct {
                const char *text, *faults;
        } rows[] = {
            {"[]", "[{\"expected\":\"a JSON object\",\"found\":\"another JSON value\"}]"},
            {"{\"event_type\":1}", "[{\"field\":\"event_type\",\"expected\":\"a string\",\"found\":\"1\"}]"},
            {"{}", "[{\"field\":\"event_type\",\"expected\":\"a string\",\"found\":\"nothing\"}]"},
            {"{\"event_type\":\"request.creatd\"}",
             "[{\"field\":\"event_type\",\"expected\":\"a type of the catalogue, perhaps request.created\",\"found\":\"\\\"request.creatd\\\"\"}]"},
            {"{\"event_type\":\"workflow.work_started\",\"request_id\":\"1\",\"timestamp\":\"yesterday\"}",
             "[{\"field\":\"request_id\",\"expected\":\"an integer of 0 or more\",\"found\":\"\\\"1\\\"\"},"
             "{\"field\":\"contractor_id\",\"expected\":\"an integer of 0 or more\",\"found\":\"nothing\"},"
             "{\"field\":\"timestamp\",\"expected\":\"a time in ISO 8601\",\"found\":\"\\\"yesterday\\\"\"}]"},
            {"{\"event_type\":\"workflow.sent_to_contractors\",\"request_id\":1,\"manager_id\":2,\"contractor_ids\":[1,\"x\"]}",
             "[{\"field\":\"contractor_ids\",\"expected\":\"an array of integers of 0 or more\",\"found\":\"[1,\\\"x\\\"]\"}]"},
            {"{\"event_type\":\"audit.system_event\",\"component\":\"a\",\"action\":\"b\",\"event_id\":\"7\",\"metadata\":[]}",
             "[{\"field\":\"event_id\",\"expected\":\"a UUID\",\"found\":\"\\\"7\\\"\"},"
             "{\"field\":\"metadata\",\"expected\":\"an object\",\"found\":\"[]\"}]"},
            {"{\"event_type\":\"notification.failed\",\"channel\":\"pigeon\",\"message_type\":\"m\",\"error_message\":\"e\"}",
             "[{\"field\":\"channel\",\"expected\":\"one of email, telegram, sms\",\"found\":\"\\\"pigeon\\\"\"}]"},
        };

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct event_text e;
                char *found = make(rows[i].text, false, NULL, &e);

                cr_assert_not_null(found, "%s", rows[i].text);
                cr_expect_str_eq(found, rows[i].faults, "%s:\n%s\n%s", rows[i].text, found, rows[i].faults);
                free(found);
        }
}

Test(event_text, refuses_what_is_no_json_with_the_place)
{
        static const char *const rows[][2] = {
            {"{\"event_type\":", "at line 1"},
            {"{\"event_type\":\"a\",\"event_type\":\"b\"}", "duplicate"},
            {"{\"event_type\":\"audit.system_event\",\"component\":\"\xff\"}", "unable to decode byte"},
            {"", "at line 1"},
        };

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct event_text e;
                char *found = make(rows[i][0], false, NULL, &e);

                cr_assert_not_null(found);
                cr_expect_not_null(strstr(found, rows[i][1]), "%s: %s", rows[i][0], found);
                free(found);
        }
}

Test(event_text, takes_any_type_when_asked_so)
{
        struct event_text e;
        char *found;

        cr_assert_null(make("{\"event_type\":\"request.haunted\"}", true, NULL, &e));
        cr_assert_str_eq(e.topic, "request-events");
        event_text_clear(&e);
        found = make("{\"event_type\":\"ghost.seen\"}", true, NULL, &e);
        cr_assert_not_null(strstr(found, "of a topic"));
        free(found);
        cr_assert_null(make("{\"event_type\":\"ghost.seen\"}", true, "ghosts", &e));
        cr_assert_str_eq(e.topic, "ghosts");
        event_text_clear(&e);
}

Test(event_text, nesting_is_limited_before_it_is_parsed)
{
        char deep[300] = "{\"event_type\":\"audit.system_event\",\"component\":\"[[[\",\"action\":\"b\",\"details\":";
        struct event_text e;
        char *found;

        memset(deep + strlen(deep), '[', 100);
        found = make(deep, false, NULL, &e);
        cr_assert_not_null(strstr(found, "at most 64 deep"));
        free(found);
}

Test(event_text, the_key_is_the_first_of_four_members_that_is_there)
{
        static const char *const rows[][2] = {
            {"\"contractor_id\":3,\"user_id\":2,\"request_id\":1", "1"},
            {"\"contractor_id\":3,\"user_id\":2,\"request_id\":null", "2"},
            {"\"contractor_id\":-3", "-3"},
            {"\"x\":1", "00000000-0000-4000-8000-000000000001"},
            {"\"request_id\":9007199254740993", "9007199254740993"},
        };

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct event_text e;
                char text[200];

                uuids = 0;
                snprintf(text, sizeof text, "{\"event_type\":\"request.any\",%s}", rows[i][0]);
                cr_assert_null(make(text, true, NULL, &e));
                cr_expect_str_eq(e.key, rows[i][1]);
                event_text_clear(&e);
        }
        {
                struct event_text e;
                char *found = make("{\"event_type\":\"request.any\",\"request_id\":1.5}", true, NULL, &e);

                cr_assert_not_null(strstr(found, "for it is the key"));
                free(found);
        }
}

Test(catalogue, has_every_type_once_with_a_topic)
{
        static const char *const some[] = {"request.created",         "workflow.status_changed",
                                           "notification.email.sent", "security.access_revoked",
                                           "hr.payment_processed",    "audit.performance_metric"};

        for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
                cr_assert_not_null(catalogue_find(pawl_text(some[i])));
                cr_assert_not_null(catalogue_topic(pawl_text(some[i])));
        }
        cr_assert_null(catalogue_find(pawl_text("request")));
        cr_assert_null(catalogue_topic(pawl_text("requests.created")));
}

Test(catalogue, names_the_type_that_was_meant)
{
        cr_assert_str_eq(catalogue_nearest("hr.payment_procesed"), "hr.payment_processed");
        cr_assert_null(catalogue_nearest("ghost"));
}
