/*
 * Gates, filled-in requests and mails: the parts of sending that are functions of their input alone.
 */
#include "../fill.h"
#include "../gate.h"
#include "../mail.h"
#include "../sms.h"
#include "../telegram.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static struct gate gate;

static void begin(size_t n)
{
        for (size_t i = 0; i < n; i++)
                gate_begin(&gate);
}

Test(gates, starts_slowly_and_grows_with_each_answer_up_to_its_connections)
{
        gate_init(&gate, 100, 0, SECOND, 8 * SECOND, 0);
        cr_assert_eq(gate_room(&gate, 0, 0), 32);
        for (int i = 0; i < 200; i++)
                gate_answered(&gate);
        cr_assert_eq(gate_room(&gate, 0, 0), 100);
        cr_assert_eq(gate_room(&gate, 0, 99), 1);
        cr_assert_eq(gate_room(&gate, 0, 100), 0);
}

Test(gates, breaker_opens_after_failures_in_a_row_and_not_between_answers)
{
        gate_init(&gate, 100, 0, SECOND, 8 * SECOND, 0);
        for (int i = 0; i < 10; i++) {
                cr_assert_not(gate_failed(&gate, 0, false));
                cr_assert_not(gate_failed(&gate, 0, false));
                gate_answered(&gate);
        }
        gate_failed(&gate, 0, false);
        gate_failed(&gate, 0, false);
        cr_assert(gate_failed(&gate, 0, false));
        cr_assert_eq(gate.state, BREAKER_OPEN);
        cr_assert_eq(gate_room(&gate, 0, 0), 0);
        cr_assert_eq(gate_next(&gate, 0), SECOND);
}

static void open_breaker(void)
{
        gate_init(&gate, 100, 0, SECOND, 8 * SECOND, 0);
        for (int i = 0; i < BREAKER_FAILURES; i++)
                gate_failed(&gate, 0, false);
}

Test(gates, open_breaker_lets_one_probe_through_and_pauses_longer_when_it_fails)
{
        int64_t now = 0, pauses[] = {1, 2, 4, 8, 8};

        open_breaker();
        for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
                cr_assert_eq(gate_next(&gate, now), now + pauses[i] * SECOND);
                now += pauses[i] * SECOND;
                cr_assert_eq(gate_room(&gate, now, 50), 1, "what began before does not stand in the probe's way");
                cr_assert(gate_begin(&gate));
                cr_assert_eq(gate_room(&gate, now, 51), 0);
                cr_assert_not(gate_failed(&gate, now, false), "an old one's failure says nothing new");
                cr_assert(gate_failed(&gate, now, true));
        }
        gate_answered(&gate);
        cr_assert_eq(gate.state, BREAKER_CLOSED);
        cr_assert_eq(gate_room(&gate, now, 0), 33);
}

Test(gates, rate_is_kept_over_time_and_a_quiet_hour_pays_for_no_burst)
{
        gate_init(&gate, 1000, 10, SECOND, 8 * SECOND, 0);
        cr_assert_eq(gate_room(&gate, 0, 0), 1);
        begin(1);
        cr_assert_eq(gate_room(&gate, 0, 0), 0);
        cr_assert_eq(gate_next(&gate, 0), SECOND / 10);
        cr_assert_eq(gate_room(&gate, SECOND / 2, 0), 5);
        cr_assert_eq(gate_room(&gate, 3600 * SECOND, 0), 10);
        begin(10);
        cr_assert_eq(gate_room(&gate, 3600 * SECOND, 0), 0);
}

Test(gates, slow_rate_of_a_few_a_minute_lets_one_through_at_a_time)
{
        gate_init(&gate, 1000, 3.0 / 60, SECOND, 8 * SECOND, 0);
        begin(1);
        cr_assert_eq(gate_room(&gate, 19 * SECOND, 0), 0);
        cr_assert_eq(gate_room(&gate, 21 * SECOND, 0), 1);
        cr_assert_eq(gate_room(&gate, 600 * SECOND, 0), 1);
}

Test(gates, providers_pause_holds_everything_and_is_no_failure)
{
        gate_init(&gate, 1000, 0, SECOND, 8 * SECOND, 0);
        gate_answered(&gate);
        gate_hold(&gate, 5 * SECOND);
        gate_hold(&gate, 3 * SECOND);
        cr_assert_eq(gate_room(&gate, 4 * SECOND, 0), 0);
        cr_assert_eq(gate_next(&gate, 4 * SECOND), 5 * SECOND);
        cr_assert_eq(gate_room(&gate, 5 * SECOND, 0), 33);
        cr_assert_eq(gate.state, BREAKER_CLOSED);
}

Test(requests, values_are_escaped_for_their_place_and_never_read_for_places)
{
        struct fill_values values = {"+79161234567", "a\"b\\c\n{{id}} &Ж", "7"};
        char *json = fill("{\"to\":\"{{phone}}\",\"text\":\"{{text}}\",\"id\":\"{{id}}\"}", FILL_JSON, &values);
        char *form = fill("to={{phone}}&text={{text}}", FILL_URL, &values), error[128];

        cr_assert_str_eq(json, "{\"to\":\"+79161234567\",\"text\":\"a\\\"b\\\\c\\u000a{{id}} &Ж\",\"id\":\"7\"}");
        cr_assert_str_eq(form, "to=%2B79161234567&text=a%22b%5Cc%0A%7B%7Bid%7D%7D%20%26%D0%96");
        cr_assert_not(fill_check("sms.body", "{{name}}", error, sizeof error));
        free(json);
        free(form);
}

Test(requests, phone_numbers_are_e164)
{
        static const char *const bad[] = {
            "", "79161234567", "+", "+0123456789", "+7916", "+7916123456789012", "+7916 1234567", "+7916123456x"};

        cr_assert(sms_phone_valid("+79161234567") && sms_phone_valid("+4930123456"));
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
                cr_assert_not(sms_phone_valid(bad[i]), "%s", bad[i]);
}

Test(requests, telegram_text_is_cut_between_characters_counted_as_telegram_does)
{
        char text[4 * 4096 + 1], *cut;

        for (int i = 0; i < 4096; i++)
                memcpy(text + 4 * i, "\xf0\x9f\x98\x80", 4); /* two UTF-16 units each */
        text[sizeof text - 1] = '\0';
        cr_assert_eq(telegram_text_length(text), 4 * 2047);
        cut = telegram_text(text);
        cr_assert_eq(strlen(cut), 4 * 2047 + strlen("…"));
        free(cut);
        text[4 * 2048] = '\0';
        cr_assert_eq(telegram_text_length(text), 4 * 2048);
}

Test(requests, answers_of_providers_are_fit_to_be_shown)
{
        char text[] = "a\r\nb\xff\xc3\xa9\xed\xa0\x80";

        text_clean(text);
        cr_assert_str_eq(text, "a  b?\xc3\xa9???");
}

static char *compose(const char *subject, const char *from_name, const char *html, const char *unsubscribe)
{
        size_t len;
        char *message = mail_compose(&(struct mail){.from = "robot@example.org",
                                                    .from_name = from_name,
                                                    .to = "anna@example.org",
                                                    .message_id = "id@example.org",
                                                    .subject = subject,
                                                    .text = "text\n",
                                                    .html = html,
                                                    .unsubscribe = unsubscribe},
                                     &len);

        cr_assert(message && strlen(message) == len);
        return message;
}

Test(mails, line_ends_and_marks_of_direction_in_a_subject_or_name_inject_nothing)
{
        char *hostile = compose("a\r\nBcc: all@example.org\xe2\x80\xae!", "R\r\n\r\nbody\xe2\x81\xa6", NULL, NULL);
        char *tame = compose("a Bcc: all@example.org!", "R  body", NULL, NULL);

        cr_assert_str_eq(hostile, tame);
        cr_assert_not(strstr(hostile, "Bcc"));
        free(hostile);
        free(tame);
}

Test(mails, text_and_html_are_two_parts_of_one_mail)
{
        char *message = compose("s", "", "<p>x</p>", NULL);
        char *first = strstr(message, "\r\n--=_alternative_=\r\nContent-Type: text/plain; charset=utf-8\r\n");
        char *second =
            first ? strstr(first, "\r\n--=_alternative_=\r\nContent-Type: text/html; charset=utf-8\r\n") : NULL;

        cr_assert(second && strstr(second, "\r\nPHA+eDwvcD4=\r\n--=_alternative_=--\r\n"));
        free(message);
}

Test(mails, unsubscribe_url_that_could_break_out_is_left_out)
{
        static const char *const bad[] = {"https://x/\r\nBcc: a@b", "https://x/>", "javascript:x", "https://x y"};
        char *message = compose("s", "", NULL, "mailto:stop@example.org");

        cr_assert(strstr(message, "\r\nList-Unsubscribe: <mailto:stop@example.org>\r\n"));
        cr_assert_not(strstr(message, "List-Unsubscribe-Post"));
        free(message);
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                message = compose("s", "", NULL, bad[i]);
                cr_assert_not(strstr(message, "List-Unsubscribe"), "%s", bad[i]);
                free(message);
        }
}

Test(mails, no_line_begins_with_a_dot)
{
        char *message = compose(".s", ".n", ".\n.x", NULL);

        cr_assert_not(strstr(message, "\n."));
        free(message);
}
