/*
 * A handler's check of its event (common/fields.h), by a plugin that does nothing else: it names every fault, and it thinks of each event what a
 * publisher's check does.
 */
#include "common/catalogue.h"
#include "hostile_values.h"
#include "story.h"
#include "testhost.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct testhost *host;
static struct testhost_result last;
static unsigned events;

static void set_up(void)
{
        char so[512];
        struct pawl_error err;

        snprintf(so, sizeof so, "%s/tests/plugins/checker.so", getenv("PAWL_BUILD"));
        host = testhost_open(&(struct testhost_options){.so = so}, &err);
        cr_assert_not_null(host, "%s", err.text);
}

static void tear_down(void)
{
        testhost_result_clear(&last);
        testhost_close(&host);
}

TestSuite(fields, .init = set_up, .fini = tear_down);

static pawl_result feed(const char *json)
{
        testhost_result_clear(&last);
        testhost_feed(host, &(struct testhost_event){.topic = "t", .json = json}, &last);
        return last.result;
}

Test(fields, every_fault_is_named_with_what_was_expected_and_found)
{
        cr_assert_eq(
            feed("{\"event_type\":\"notification.failed\",\"channel\":\"pigeon\",\"message_type\":5,\"attempts\":-1}"),
            PAWL_REJECT);
        cr_assert_str_eq(last.reason,
                         "channel: expected one of email, telegram, sms, found \"pigeon\"; "
                         "message_type: expected a string, found 5; error_message: expected a string, found nothing; "
                         "attempts: expected an integer of 0 or more, found -1");
}

Test(fields, an_optional_member_may_be_null_and_a_required_one_may_not)
{
        cr_assert_eq(
            feed("{\"event_type\":\"audit.system_event\",\"component\":\"a\",\"action\":\"b\",\"details\":null}"),
            PAWL_OK, "%s", last.reason);
        cr_assert_eq(feed("{\"event_type\":\"audit.system_event\",\"component\":null,\"action\":\"b\"}"), PAWL_REJECT);
        cr_assert_str_eq(last.reason, "component: expected a string, found null");
}

Test(fields, a_nul_inside_a_text_is_a_fault_and_a_backslash_before_it_is_none)
{
        cr_assert_eq(feed("{\"event_type\":\"audit.system_event\",\"component\":\"a\\u0000\",\"action\":\"b\","
                          "\"details\":{\"x\":[\"\\u0000\"]},\"correlation_id\":\"\\u0000\"}"),
                     PAWL_REJECT);
        cr_assert_str_eq(last.reason, "component: expected a string without \\u0000, found \"a\\u0000\"; "
                                      "details: expected an object without \\u0000, found {\"x\":[\"\\u0000\"]}; "
                                      "correlation_id: expected a string without \\u0000, found \"\\u0000\"");
        cr_assert_eq(feed("{\"event_type\":\"audit.system_event\",\"component\":\"a\\\\u0000\",\"action\":\"b\","
                          "\"details\":{\"x\":\"\\\\u0000\"}}"),
                     PAWL_OK, "%s", last.reason);
}

Test(fields, a_type_that_is_not_in_the_catalogue_is_rejected_by_its_name)
{
        cr_assert_eq(feed("{\"event_type\":\"request.vanished\"}"), PAWL_REJECT);
        cr_assert_not_null(strstr(last.reason, "request.vanished"));
}

static void compare(const char *type, const char *member)
{
        struct story story = {.number = 1, .events = &events};

        for (size_t v = 0; v < hostile_value_count; v++) {
                char *json = story_event(&story, type, member, hostile_value(v));
                bool faulty = story_faulty(json, member);

                feed(json);
                if (!last.malformed && faulty)
                        cr_assert(last.result == PAWL_REJECT && strstr(last.reason, member) == last.reason,
                                  "%.500s: %s", json, last.reason);
                if (!last.malformed && !faulty && last.result == PAWL_REJECT)
                        cr_assert(story_faulty(json, NULL), "%.500s: %s", json, last.reason);
                free(json);
        }
}

Test(fields, a_handler_and_a_publisher_think_the_same_of_every_event)
{
        const struct catalogue_type *type;

        for (size_t i = 0; (type = catalogue_at(i)) != NULL; i++) {
                for (const struct catalogue_field *field = type->fields; field->name != NULL; field++)
                        compare(type->name, field->name);
        }
        cr_assert_gt(events, 1000);
}
