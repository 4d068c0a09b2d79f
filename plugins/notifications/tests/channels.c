/*
 * Each channel against a provider that misbehaves on demand (tests/peers): what is told of a delivery, what is final, what is tried again.
 */
#include "sending.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define QUICK "retry_min = \"20ms\"; retry_max = \"50ms\";"

static struct peer smtp, http;

static void set_up(void)
{
        sending_begin();
        smtp_start(&smtp);
        http_start(&http);
        host_open(
            "smtp = { url = \"smtp://127.0.0.1:%d\"; from = \"robot@example.org\"; from_name = \"Агрегатор\"; " QUICK
            " };"
            "telegram = { base_url = \"http://127.0.0.1:%d\"; token = \"123:SECRET\"; per_second = 0;"
            " attempt_time = \"500ms\"; " QUICK " };"
            "sms = { url = \"http://127.0.0.1:%d/sms\"; headers = ({ name = \"X-Key\"; value = \"HIDDEN\"; });"
            " attempt_time = \"500ms\"; " QUICK " };",
            smtp.port, http.port, http.port);
}

static void tear_down(void)
{
        sending_end();
        peer_stop(&smtp);
        peer_stop(&http);
}

TestSuite(channels, .init = set_up, .fini = tear_down, .timeout = 60);

Test(channels, mail_goes_out_as_text_and_html_with_an_id_that_a_repeat_would_have_again)
{
        char *mail;

        deliver(
            "\"channel\":\"email\",\"address\":\"anna@example.org\",\"subject\":\"Заявка\",\"text\":\"Привет\",\"html\":\"<p>Привет"
            "</p>\",\"unsubscribe\":\"https://example.org/u?1\",\"recipient_id\":5,\"correlation_id\":\"c-1\"");
        json_t *body = published("notification.email.sent");
        cr_assert_str_eq(text_in(body, "recipient_email"), "anna@example.org");
        cr_assert_str_eq(text_in(body, "subject"), "Заявка");
        cr_assert_str_eq(text_in(body, "message_type"), "assignment");
        cr_assert_str_eq(text_in(body, "delivery_status"), "sent");
        cr_assert_str_eq(text_in(body, "correlation_id"), "c-1");
        cr_assert_eq(json_integer_value(json_object_get(body, "recipient_id")), 5);
        cr_assert_eq(json_integer_value(json_object_get(body, "request_id")), 1);
        json_decref(body);
        mail = newest_mail();
        cr_assert(strstr(mail, "Content-Type: multipart/alternative") &&
                  strstr(mail, "Content-Type: text/html; charset=utf-8"));
        cr_assert(strstr(mail, "\nList-Unsubscribe: <https://example.org/u?1>") &&
                  strstr(mail, "\nList-Unsubscribe-Post: List-Unsubscribe=One-Click"));
        cr_assert(strstr(mail, "\nAuto-Submitted: auto-generated"));
        cr_assert(strstr(mail, "\nMessage-ID: <") && strstr(mail, "@example.org>"));
        cr_assert_eq(in_database("SELECT count(*) FROM deliveries WHERE provider_id LIKE '%-5%@example.org'"), 1,
                     "the row holds its Message-ID, a version 5 UUID at our domain");
        free(mail);
}

Test(channels, address_that_is_none_of_its_channel_fails_without_a_request)
{
        deliver("\"channel\":\"email\",\"address\":\"a@b>\\r\\nRCPT TO:<x@y\"");
        deliver("\"channel\":\"telegram\",\"address\":\"12/../x\"");
        deliver("\"channel\":\"sms\",\"address\":\"89161234567\"");
        for (int i = 0; i < 3; i++)
                json_decref(published("notification.failed"));
        cr_assert(strstr(command("deliveries", "--state=failed", NULL), "not a phone number"));
        cr_assert_eq(mails() + recorded("telegram", 0) + recorded("sms", 0), 0);
        cr_assert_eq(testhost_metric(host, "delivery_attempts"), 0);
}

Test(channels, telegram_message_is_told_of_with_the_providers_id)
{
        deliver(
            "\"channel\":\"telegram\",\"address\":\"100111\",\"address_name\":\"ivan\",\"text\":\"Новая \\\"заявка\\\"\"");
        json_t *body = published("notification.telegram.sent"), *got = last_recorded("telegram");
        cr_assert_str_eq(text_in(body, "recipient_telegram_username"), "ivan");
        cr_assert_str_eq(text_in(body, "message_content"), "Новая \"заявка\"");
        cr_assert_eq(json_integer_value(json_object_get(body, "recipient_id")), 7);
        cr_assert_gt(json_integer_value(json_object_get(body, "telegram_message_id")), 0);
        cr_assert_eq(json_integer_value(json_object_get(body, "telegram_message_id")),
                     json_integer_value(json_object_get(got, "message_id")));
        cr_assert_str_eq(text_in(got, "text"), "Новая \"заявка\"");
        json_decref(got);
        json_decref(body);
}

Test(channels, telegram_user_who_blocked_the_bot_or_does_not_exist_is_final_at_once)
{
        deliver("\"channel\":\"telegram\",\"address\":\"100403\"");
        json_t *body = published("notification.failed");
        cr_assert_str_eq(text_in(body, "channel"), "telegram");
        cr_assert(strstr(text_in(body, "error_message"), "bot was blocked by the user"));
        cr_assert_eq(json_integer_value(json_object_get(body, "attempts")), 1);
        json_decref(body);
        deliver("\"channel\":\"telegram\",\"address\":\"100400\"");
        body = published("notification.failed");
        cr_assert(strstr(text_in(body, "error_message"), "chat not found"));
        json_decref(body);
        cr_assert_eq(recorded("telegram", 0), 2);
}

Test(channels, telegram_that_has_had_enough_is_waited_for_and_no_attempt_is_counted)
{
        deliver("\"channel\":\"telegram\",\"address\":\"100429\"");
        wait_until(recorded("telegram", 429) == 1);
        deliver("\"channel\":\"telegram\",\"address\":\"100001\"");
        json_decref(published("notification.telegram.sent"));
        json_decref(published("notification.telegram.sent"));
        cr_assert_eq(recorded("telegram", 0), 3);
        cr_assert_eq(in_database("SELECT max(attempts) FROM deliveries"), 1);
}

Test(channels, errors_and_silence_of_a_provider_are_tried_again)
{
        deliver("\"channel\":\"telegram\",\"address\":\"100500\"");
        json_decref(published("notification.telegram.sent"));
        deliver("\"channel\":\"sms\",\"address\":\"+79160000504\"");
        json_decref(published("notification.sms.sent"));
        cr_assert_eq(recorded("telegram", 500), 2);
        cr_assert_eq(recorded("sms", 504), 1);
}

Test(channels, telegram_text_is_cut_at_the_providers_limit)
{
        char text[5001];

        memset(text, 'x', 5000);
        text[5000] = '\0';
        deliver("\"channel\":\"telegram\",\"address\":\"100111\",\"text\":\"%s\"", text);
        json_t *body = published("notification.telegram.sent"), *got = last_recorded("telegram");
        cr_assert_eq(strlen(text_in(got, "text")), 4095 + strlen("…"));
        cr_assert_str_eq(text_in(got, "text"), text_in(body, "message_content"));
        json_decref(got);
        json_decref(body);
}

Test(channels, sms_carries_its_values_escaped_and_the_configured_header)
{
        deliver("\"channel\":\"sms\",\"address\":\"+79161234567\",\"text\":\"Привет, \\\"мир\\\"\\n{{phone}}\"");
        json_t *body = published("notification.sms.sent"), *got = last_recorded("sms");
        cr_assert_str_eq(text_in(body, "recipient_phone"), "+79161234567");
        cr_assert_str_eq(text_in(body, "message_content"), "Привет, \"мир\"\n{{phone}}");
        cr_assert_str_eq(text_in(got, "text"), "Привет, \"мир\"\n{{phone}}");
        cr_assert_str_eq(text_in(got, "to"), "+79161234567");
        cr_assert_eq(strlen(text_in(got, "id")), 36);
        cr_assert_str_eq(text_in(json_object_get(got, "headers"), "x-key"), "HIDDEN");
        json_decref(got);
        json_decref(body);
        cr_assert_eq(in_database("SELECT count(*) FROM deliveries WHERE provider_id = 'sms-1'"), 1);
}

Test(channels, sms_that_the_gateway_refuses_is_final_at_once)
{
        deliver("\"channel\":\"sms\",\"address\":\"+79161230400\"");
        json_t *body = published("notification.failed");
        cr_assert_str_eq(text_in(body, "channel"), "sms");
        cr_assert(strstr(text_in(body, "error_message"), "400 "));
        json_decref(body);
        cr_assert_eq(recorded("sms", 0), 1);
}

Test(channels, secrets_stand_in_no_answer_of_a_command_and_in_no_health)
{
        peer_stop(&http);
        deliver("\"channel\":\"telegram\",\"address\":\"100111\"");
        deliver("\"channel\":\"sms\",\"address\":\"+79161230000\"");
        wait_until(testhost_metric(host, "telegram_breaker") > 0 && testhost_metric(host, "sms_breaker") > 0);
        wait_until(strstr(testhost_health(host), "Telegram http://127.0.0.1:") &&
                   strstr(testhost_health(host), "SMS gateway"));
        cr_assert_not(strstr(testhost_health(host), "SECRET"));
        cr_assert_not(strstr(command("channels", NULL, NULL), "SECRET"));
        cr_assert_not(strstr(command("deliveries", NULL, NULL), "SECRET"));
        cr_assert_not(strstr(command("deliveries", NULL, NULL), "HIDDEN"));
}

Test(channels, failed_delivery_is_queued_again_by_hand)
{
        int status;

        deliver("\"channel\":\"sms\",\"address\":\"+79161230400\"");
        json_decref(published("notification.failed"));
        wait_until(in_database("SELECT published FROM deliveries") == 1);
        command("retry", "1", &status);
        cr_assert_eq(status, 0);
        json_t *body = published("notification.failed");
        cr_assert_eq(json_integer_value(json_object_get(body, "attempts")), 2);
        json_decref(body);
        cr_assert_eq(recorded("sms", 0), 2);
        command("retry", "99", &status);
        cr_assert_eq(status, 1);
        command("retry", "x", &status);
        cr_assert_eq(status, 2);
}

Test(channels, deliveries_are_listed_by_request_and_state)
{
        int status;

        deliver("\"channel\":\"sms\",\"address\":\"+79161230000\",\"request_id\":41");
        json_decref(published("notification.sms.sent"));
        deliver("\"channel\":\"sms\",\"address\":\"+79161230400\",\"request_id\":42");
        json_decref(published("notification.failed"));
        cr_assert(strstr(command("deliveries", "--request=41", &status), "+79161230000") && status == 0);
        cr_assert_not(strstr(command("deliveries", "--request=41", NULL), "+79161230400"));
        cr_assert(strstr(command("deliveries", "--state=failed", NULL), "+79161230400"));
        command("deliveries", "--state=lost", &status);
        cr_assert_eq(status, 2);
        command("deliveries", "--request=x", &status);
        cr_assert_eq(status, 2);
}
