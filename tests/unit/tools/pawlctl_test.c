#include "common/catalogue.h"
#include "envelope.h"
#include "locate.h"
#include "status_text.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static int uuids;

static void next_uuid(char out[static 37])
{
        snprintf(out, 37, "00000000-0000-4000-8000-%012d", ++uuids);
}

static bool make(const char *text, bool any, const char *topic, struct envelope *envelope, struct pawl_error *err)
{
        const struct envelope_options options = {.topic = topic,
                                                 .any = any,
                                                 .now = INT64_C(1795000000123456000),
                                                 .uuid = next_uuid};

        uuids = 0;
        return envelope_make(envelope, text, strlen(text), &options, err);
}

Test(envelope, fills_in_what_is_missing_and_keeps_every_byte_that_is_there)
{
        struct envelope e;
        struct pawl_error err = {0};

        cr_assert(
            make(
                " {\"event_type\": \"audit.performance_metric\", \"component\":\"a\",\"metric\":\"m\", \"value\": 0.10 } \n",
                false, NULL, &e, &err),
            "%s", err.text);
        cr_assert_str_eq(
            e.value.data,
            "{\"event_type\": \"audit.performance_metric\", \"component\":\"a\",\"metric\":\"m\", \"value\": 0.10,"
            "\"event_id\":\"00000000-0000-4000-8000-000000000001\",\"timestamp\":\"2026-11-18T11:06:40.123456Z\","
            "\"version\":\"1.0\",\"source\":\"agregator-service\","
            "\"correlation_id\":\"00000000-0000-4000-8000-000000000002\",\"metadata\":{}}");
        cr_assert_str_eq(e.topic, "audit-events");
        cr_assert_str_eq(e.key, "00000000-0000-4000-8000-000000000001");
        envelope_clear(&e);
}

Test(envelope, leaves_a_complete_event_alone)
{
        static const char text[] =
            "{\"event_type\":\"hr.document_signed\",\"event_id\":\"6c89e4c2-bf53-40ca-afa7-01c1f979794f\",\"timestamp\":"
            "\"2026-11-22T10:00:00.123456\",\"version\":\"1.0\",\"source\":\"x\",\"correlation_id\":null,\"metadata\":{},"
            "\"document_id\":\"d\",\"contractor_id\":8,\"signed_by\":1}";
        struct envelope e;
        struct pawl_error err = {0};

        cr_assert(make(text, false, NULL, &e, &err), "%s", err.text);
        cr_assert_str_eq(e.value.data, text);
        cr_assert_str_eq(e.key, "8");
        envelope_clear(&e);
}

Test(envelope, refuses_with_member_expected_and_found)
{
        static const struct {
                const char *text, *error;
        } rows[] = {
            {"[]", "expected a JSON object"},
            {"{\"event_type\":", "found at line 1"},
            {"{\"event_type\":1}", "event_type: expected a string, found 1"},
            {"{}", "event_type: expected a string, found nothing"},
            {"{\"event_type\":\"request.creatd\"}", "did you mean request.created?"},
            {"{\"event_type\":\"workflow.work_started\",\"request_id\":1}",
             "workflow.work_started: contractor_id: expected an integer of 0 or more, found nothing"},
            {"{\"event_type\":\"workflow.work_started\",\"request_id\":\"1\",\"contractor_id\":2}",
             "request_id: expected an integer of 0 or more, found \"1\""},
            {"{\"event_type\":\"workflow.sent_to_contractors\",\"request_id\":1,\"manager_id\":2,\"contractor_ids\":[1,\"x\"]}",
             "contractor_ids: expected an array of integers of 0 or more, found [1,\"x\"]"},
            {"{\"event_type\":\"audit.system_event\",\"component\":\"a\",\"action\":\"b\",\"event_id\":\"7\"}",
             "event_id: expected a UUID, found \"7\""},
            {"{\"event_type\":\"audit.system_event\",\"component\":\"a\",\"action\":\"b\",\"timestamp\":\"yesterday\"}",
             "timestamp: expected a time in ISO 8601, found \"yesterday\""},
            {"{\"event_type\":\"audit.system_event\",\"component\":\"a\",\"action\":\"b\",\"metadata\":[]}",
             "metadata: expected an object"},
            {"{\"event_type\":\"a\",\"event_type\":\"b\"}", "duplicate"},
        };

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct envelope e;
                struct pawl_error err = {0};

                cr_assert_not(make(rows[i].text, false, NULL, &e, &err), "%s", rows[i].text);
                cr_assert_not_null(strstr(err.text, rows[i].error), "%s: %s", rows[i].text, err.text);
        }
}

Test(envelope, takes_any_type_when_asked_so)
{
        struct envelope e;
        struct pawl_error err = {0};

        cr_assert(make("{\"event_type\":\"request.haunted\"}", true, NULL, &e, &err), "%s", err.text);
        cr_assert_str_eq(e.topic, "request-events");
        envelope_clear(&e);
        cr_assert_not(make("{\"event_type\":\"ghost.seen\"}", true, NULL, &e, &err));
        cr_assert_not_null(strstr(err.text, "--topic"));
        cr_assert(make("{\"event_type\":\"ghost.seen\"}", true, "ghosts", &e, &err), "%s", err.text);
        cr_assert_str_eq(e.topic, "ghosts");
        envelope_clear(&e);
}

Test(envelope, nesting_is_limited_before_it_is_parsed)
{
        char deep[300] = "{\"event_type\":\"audit.system_event\",\"component\":\"[[[\",\"action\":\"b\",\"details\":";
        struct envelope e;
        struct pawl_error err = {0};

        memset(deep + strlen(deep), '[', 100);
        cr_assert_not(make(deep, false, NULL, &e, &err));
        cr_assert_not_null(strstr(err.text, "at most 64 deep"));
}

Test(key, is_the_first_of_four_members_that_is_there)
{
        static const struct {
                const char *event, *key;
        } rows[] = {
            {"{\"event_id\":\"e\",\"contractor_id\":3,\"user_id\":2,\"request_id\":1}", "1"},
            {"{\"event_id\":\"e\",\"contractor_id\":3,\"user_id\":2,\"request_id\":null}", "2"},
            {"{\"event_id\":\"e\",\"contractor_id\":-3}", "-3"},
            {"{\"event_id\":\"e\"}", "e"},
            {"{\"event_id\":\"e\",\"request_id\":9007199254740993}", "9007199254740993"},
        };
        char key[ENVELOPE_KEY_MAX];
        struct pawl_error err = {0};

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                json_t *event = json_loads(rows[i].event, 0, NULL);

                cr_assert(envelope_key(event, key, &err), "%s", err.text);
                cr_assert_str_eq(key, rows[i].key);
                json_decref(event);
        }
        json_t *event = json_loads("{\"event_id\":\"e\",\"request_id\":1.5}", 0, NULL);
        cr_assert_not(envelope_key(event, key, &err));
        json_decref(event);
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

static void expect_setting(const char *text, const char *name, const char *value)
{
        char *found = locate_setting(text, name);

        if (value == NULL)
                cr_assert_null(found, "%s: found %s", text, found);
        else
                cr_assert_str_eq(found, value);
        free(found);
}

Test(locate, finds_a_setting_in_a_broken_file)
{
        expect_setting("run_dir = \"/run/x\"; kafka = { brokers = ", "run_dir", "/run/x");
        expect_setting("# run_dir = \"/no\";\n// run_dir = \"/no\";\n/* run_dir = \"/no\"; */ run_dir : \"/yes\"",
                       "run_dir", "/yes");
        expect_setting("a = \"run_dir = \\\"/no\\\"\";", "run_dir", NULL);
        expect_setting("my_run_dir = \"/no\"; run_dirs = \"/no\";", "run_dir", NULL);
        expect_setting("admin = { socket = \"/s\\\"q\" }", "socket", "/s\"q");
        expect_setting("run_dir = \"/unclosed", "run_dir", "/unclosed");
        expect_setting("run_dir = 5; run_dir", "run_dir", NULL);
        expect_setting("/* unclosed run_dir = \"/no\"", "run_dir", NULL);
        expect_setting("", "run_dir", NULL);
}

Test(status, is_a_table_with_what_is_wrong)
{
        json_t *status = json_loads(
            "{\"version\":\"1\",\"pid\":5,\"state\":\"running\",\"started\":\"now\",\"generation\":2,\"host_id\":\"h\","
            "\"brokers\":\"b:1\",\"log_level\":\"info\",\"healthy\":false,\"complaints\":\"worker hr/0 does not run\\n\","
            "\"last_reload\":{\"generation\":1,\"refused\":true,\"time\":\"t\",\"text\":\"refused\",\"errors\":[\"x.conf:3: y\"]},"
            "\"plugins\":[{\"name\":\"audit\",\"enabled\":true,\"workers\":[{\"instance\":0,\"state\":\"serving\",\"pid\":9,"
            "\"counters\":{\"events_handled\":12},\"health\":\"well\",\"lag\":3,\"partitions\":[{\"topic\":\"t\",\"partition\":1,"
            "\"state\":\"reading\",\"position\":7,\"committed\":null,\"end\":9,\"lag\":2,\"in_hand\":1}]}]},"
            "{\"name\":\"hr\",\"enabled\":false,\"workers\":[]}]}",
            0, NULL);
        struct buf text = {0};

        cr_assert_not_null(status);
        status_text(status, true, &text);
        cr_assert_not_null(strstr(text.data, "pawld 1, process 5, running since now, generation 2, host h\n"));
        cr_assert_not_null(strstr(text.data, "last reload t: refused\n    x.conf:3: y\n"));
        cr_assert_not_null(strstr(text.data, "worker hr/0 does not run\n"));
        cr_assert_not_null(strstr(text.data, "\naudit/0                serving          9"));
        cr_assert_not_null(strstr(text.data, "    health: well\n"));
        cr_assert_not_null(strstr(text.data, "    t/1: reading, position 7, committed -, end 9, lag 2, in hand 1\n"));
        cr_assert_not_null(strstr(text.data, "\nhr                     disabled\n"));
        buf_clear(&text);
        status_pad(&text, "жёлтый", 8);
        cr_assert_str_eq(text.data, "жёлтый   ");
        buf_free(&text);
        json_decref(status);
}
