/*
 * What rules can say besides the shipped ones, what is refused in them, and the plugin's commands.
 */
#include "kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(rules, .init = kit_set_up, .fini = kit_tear_down, .timeout = 60);

Test(rules, a_rule_can_reach_a_region_a_fixed_address_and_every_channel)
{
        open_with(
            "rules = ( { event = \"request.cancelled\"; to = \"region_managers\"; template = \"cancellation_notice\"; },"
            " { event = \"request.cancelled\"; to = \"sms:+79990000000\"; template = \"cancellation_notice\";"
            " when = { urgency = \"critical|high\"; }; },"
            " { event = \"request.cancelled\"; to = \"email:boss@example.org\"; template = \"cancellation_notice\";"
            " when = { urgency = \"!critical\"; }; },"
            " { event = \"request.cancelled\"; to = \"customer\"; template = \"cancellation_notice\"; all = true; } );",
            "");
        create_request(1);
        feed("request.cancelled",
             "\"request_id\":5,\"customer_id\":1,\"cancelled_by\":1,\"cancellation_reason\":\"x\"");
        cr_assert_str_eq(rows(WHO), "cancellation_notice|email|8|mary@example.org|en\n"
                                    "cancellation_notice|email|-|tver@example.org|ru\n"
                                    "cancellation_notice|telegram|-|-100500|ru\n"
                                    "cancellation_notice|sms|-|+79990000000|ru\n"
                                    "cancellation_notice|email|1|anna@example.org|ru\n"
                                    "cancellation_notice|sms|1|+79160000001|ru\n");
}

Test(rules, optional_messages_can_be_unsubscribed_from)
{
        const char *completed = "\"request_id\":5,\"contractor_id\":9,\"completion_data\":{}";

        open_with("rules = ( { event = \"workflow.work_completed\"; to = \"manager\"; template = \"completion_report\";"
                  " channels = [\"email\"]; optional = true; } );",
                  "unsubscribe_url = \"https://example.org/u?id={{recipient_id}}&x=1\";");
        create_request(1);
        feed("workflow.manager_assigned", "\"request_id\":5,\"manager_id\":7,\"assigned_by\":1");
        feed("workflow.work_completed", completed);
        feed("workflow.manager_assigned", "\"request_id\":5,\"manager_id\":8,\"assigned_by\":1");
        feed("workflow.work_completed", completed);
        cr_assert_str_eq(rows("SELECT recipient_id, unsubscribe FROM deliveries"),
                         "7|https://example.org/u?id=7&x=1\n");
}

Test(rules, an_event_without_a_request_can_be_told_of)
{
        open_with(
            "rules = ( { event = \"security.contractor_verified\"; to = \"contractor\"; template = \"contractor_assigned\";"
            " channels = [ \"email\" ]; } );",
            "");
        feed("security.contractor_verified", "\"contractor_id\":9,\"verification_type\":\"identity\","
                                             "\"verification_result\":\"approved\",\"verified_by\":3");
        cr_assert_str_eq(rows(WHO), "contractor_assigned|email|9|sergey@example.org|ru\n");
        cr_assert_str_eq(rows("SELECT request_id FROM deliveries"), "-\n");
        cr_assert_str_eq(rows("SELECT count(*) FROM requests"), "0\n");
}

Test(rules, who_is_told_of_once_is_not_told_of_twice_by_another_rule)
{
        open_with("rules = ( { event = \"request.cancelled\"; to = \"customer\"; template = \"cancellation\"; },"
                  " { event = \"request.cancelled\"; to = \"customer\"; template = \"cancellation\"; all = true; } );",
                  "");
        create_request(1);
        feed("request.cancelled",
             "\"request_id\":5,\"customer_id\":1,\"cancelled_by\":1,\"cancellation_reason\":\"x\"");
        cr_assert_str_eq(rows(WHO), "cancellation|email|1|anna@example.org|ru\ncancellation|sms|1|+79160000001|ru\n");
}

Test(rules, a_channel_that_is_not_configured_is_passed_over)
{
        char plain[1024];
        struct pawl_error err;

        snprintf(
            plain, sizeof plain,
            "smtp = { url = \"smtp://127.0.0.1:9\"; from = \"robot@example.org\"; }; recipients = \"%s/people.csv\";"
            "templates = \"" NOTIFICATIONS "/templates\"; rules = ("
            " { event = \"request.cancelled\"; to = \"manager\"; template = \"cancellation_notice\"; },"
            " { event = \"request.cancelled\"; to = \"sms:+79990000000\"; template = \"cancellation_notice\"; } );",
            folder);
        cr_assert(testhost_restart(host, NULL, plain, &err), "%s", err.text);
        create_request(1);
        feed("workflow.manager_assigned", "\"request_id\":5,\"manager_id\":7,\"assigned_by\":1");
        feed("request.cancelled",
             "\"request_id\":5,\"customer_id\":1,\"cancelled_by\":1,\"cancellation_reason\":\"x\"");
        cr_assert_str_eq(rows("SELECT channel, address, state, error FROM deliveries ORDER BY id"),
                         "email|petr@example.org|queued|-\nsms||failed|channel sms is not configured\n");
}

static const char *refused(const char *rules, const char *more)
{
        static struct pawl_error err;
        struct testhost *other = testhost_open(&(struct testhost_options){.so = NOTIFICATIONS_SO,
                                                                          .name = "notifications",
                                                                          .settings = settings_with(rules, more)},
                                               &err);

        cr_assert_null(other);
        return err.text;
}

static void expect_all(const char *text, const char *const *expected, size_t count)
{
        for (size_t i = 0; i < count; i++)
                cr_assert(strstr(text, expected[i]), "expected \"%s\" in:\n%s", expected[i], text);
}

Test(rules, faults_of_all_rules_are_told_of_at_once)
{
        static const char *const expected[] = {
            "rules[0]: event: expected a type of request, workflow, security or hr event, found \"request.craeted\"",
            "; the nearest is request.created",
            "rules[1]: to: expected customer, manager, contractor, region_managers, email:ADDRESS",
            "rules[2]: template: expected one of assignment, cancellation,",
            "rules[3]: channels: expected email, telegram or sms, found \"fax\"",
            "rules[3]: channels: expected each once, found sms twice",
        };

        expect_all(refused("rules = ( { event = \"request.craeted\"; to = \"customer\"; template = \"completion\"; },"
                           " { event = \"request.updated\"; to = \"everybody\"; template = \"completion\"; },"
                           " { event = \"workflow.work_completed\"; to = \"customer\"; template = \"compleetion\"; },"
                           " { event = \"workflow.work_completed\"; to = \"customer\"; template = \"completion\";"
                           " channels = [ \"fax\", \"sms\", \"sms\" ]; } );",
                           ""),
                   expected, sizeof expected / sizeof expected[0]);
}

Test(rules, what_does_not_fit_together_in_a_rule_is_refused)
{
        static const char *const expected[] = {
            "rules[0]: to: expected an e-mail address, found \"nobody\"",
            "rules[1]: when: expected a field of workflow.work_completed or of its request, found \"colour\"",
            "rules[2]: template: expected assignment.sms.LANGUAGE.txt for the default language, found none",
            "rules[3]: event: expected a type of request, workflow, security or hr event, found \"notification.failed\"",
            "rules[4]: channels: expected none, as the address in `to` has its channel, found some",
        };

        expect_all(
            refused(
                "rules = ( { event = \"workflow.work_completed\"; to = \"email:nobody\"; template = \"completion\"; },"
                " { event = \"workflow.work_completed\"; to = \"customer\"; template = \"completion\";"
                " when = { colour = \"red\"; }; },"
                " { event = \"request.created\"; to = \"customer\"; template = \"assignment\"; channels = [ \"sms\" ]; },"
                " { event = \"notification.failed\"; to = \"customer\"; template = \"completion\"; },"
                " { event = \"workflow.work_completed\"; to = \"sms:+79990000000\"; template = \"completion\";"
                " channels = [ \"sms\" ]; } );",
                ""),
            expected, sizeof expected / sizeof expected[0]);
}

Test(rules, a_field_that_the_event_does_not_give_is_refused_in_its_template)
{
        const char *text =
            refused("rules = ( { event = \"request.created\"; to = \"customer\"; template = \"payment\"; } );", "");

        cr_assert(strstr(text, "payment.email.") &&
                      strstr(text, "{{amount}} is no field of this message; expected one of"),
                  "%s", text);
}

Test(rules, other_settings_are_checked_too)
{
        put("people.csv", "id,role,email\n1,customer,nobody\n");
        const char *text = refused("rules = ();", "time_zone = \"Moscow\"; unsubscribe_url = \"javascript:x\";");

        cr_assert(strstr(text, "people.csv:2: email: expected an e-mail address, found \"nobody\""), "%s", text);
        cr_assert(strstr(text, "time_zone: expected a time zone like Europe/Moscow, found \"Moscow\""), "%s", text);
        cr_assert(strstr(text, "unsubscribe_url: expected https://"), "%s", text);
}

/* ---- Commands ---- */

static int32_t command(struct buf *reply, uint32_t argc, const char *const *argv)
{
        buf_clear(reply);
        return testhost_command(host, argv, argc, reply);
}

#define COMMAND(reply, ...)                                                                                            \
        command(reply, (uint32_t)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)),                        \
                (const char *const[]){__VA_ARGS__})

static bool says(struct buf *reply, const char *text)
{
        buf_add_char(reply, '\0');
        return strstr((const char *)reply->data, text) != NULL;
}

Test(rules, recipients_are_imported_listed_and_shown)
{
        struct buf reply = {0};
        char path[128];

        put("new.csv", "id,role,name,email\n11,customer,Новая,new@example.org\n");
        snprintf(path, sizeof path, "%s/new.csv", folder);
        cr_assert_eq(COMMAND(&reply, "recipients", "import", path, "--dry-run"), 0);
        cr_assert(says(&reply, "1 recipients: 1 added, 0 changed") && says(&reply, "dry run"));
        cr_assert_eq(COMMAND(&reply, "recipients", "show", "11"), 1);
        cr_assert_eq(COMMAND(&reply, "recipients", "import", path), 0);
        cr_assert_eq(COMMAND(&reply, "recipients", "list"), 0);
        cr_assert(says(&reply, "Новая  email new@example.org"));
        cr_assert_eq(COMMAND(&reply, "recipients", "show", "11"), 0);
        cr_assert(says(&reply, "role               customer\n"));
        create_request(11);
        cr_assert_str_eq(rows(WHO), "request_confirmation|email|11|new@example.org|ru\n");
        buf_free(&reply);
}

Test(rules, an_import_that_cannot_be_is_answered_with_what_is_expected)
{
        struct buf reply = {0};
        char path[128];

        cr_assert_eq(COMMAND(&reply, "recipients", "import", "new.csv"), 2);
        cr_assert(says(&reply, "expected an absolute path, as it is pawld that reads the file, found \"new.csv\""));
        put("bad.csv", "id,role,email\n11,customer,new@example.org\n12,boss,x\n");
        snprintf(path, sizeof path, "%s/bad.csv", folder);
        cr_assert_eq(COMMAND(&reply, "recipients", "import", path), 1);
        cr_assert(says(&reply, "bad.csv:3: role: expected") && says(&reply, "bad.csv:3: email: expected") &&
                  says(&reply, "nothing was imported"));
        cr_assert_eq(COMMAND(&reply, "recipients", "show", "11"), 1);
        cr_assert_eq(COMMAND(&reply, "recipients"), 2);
        cr_assert_eq(COMMAND(&reply, "recipients", "import"), 2);
        cr_assert_eq(COMMAND(&reply, "recipients", "import", "/none/at/all.csv"), 1);
        buf_free(&reply);
}

Test(rules, a_preview_shows_a_message_filled_in)
{
        struct buf reply = {0};

        cr_assert_eq(COMMAND(&reply, "preview", "completion", "--channel", "sms", "--language=en", "title=Oven"), 0);
        cr_assert(says(&reply, "completion by sms, language en\n\nRequest 4711 is done: Oven\n"), "%s",
                  (char *)reply.data);
        cr_assert_eq(COMMAND(&reply, "preview", "request_confirmation"), 0);
        cr_assert(says(&reply, "Subject: Заявка №4711 принята: Ремонт холодильника\n") && says(&reply, "as HTML"));
        cr_assert_eq(COMMAND(&reply, "preview", "nothing"), 1);
        cr_assert(says(&reply, "expected one of assignment, cancellation"));
        cr_assert_eq(COMMAND(&reply, "preview", "assignment", "--channel", "sms"), 1);
        cr_assert_eq(COMMAND(&reply, "preview", "completion", "colour=red"), 2);
        cr_assert(says(&reply, "colour: no such field; the message has request_id, "));
        cr_assert_eq(COMMAND(&reply, "preview"), 2);
        cr_assert_eq(COMMAND(&reply, "preview", "--colour", "x"), 2);
        buf_free(&reply);
}
