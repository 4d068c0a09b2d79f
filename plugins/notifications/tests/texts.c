/*
 * Mails: no value can break out of its place.
 */
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../mail.h"

Test(notifications_texts, mail_addresses_that_could_break_out_are_refused)
{
        cr_assert(mail_address_valid("a.b+c@example.org"));
        static const char *const bad[] = {"",      "a",       "@b",   "a@", "a@b@c", "a@b>\r\nRCPT TO:<x@y",
                                          "a b@c", "a@b,c@d", "<a@b>"};

        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
                cr_assert_not(mail_address_valid(bad[i]), "%s", bad[i]);
}

/* The body of a message, decoded. */
static char *decoded_body(const char *message)
{
        const char *body = strstr(message, "\r\n\r\n") + 4;
        char *packed = calloc(1, strlen(body) + 1), *text = calloc(1, strlen(body) + 4);
        size_t n = 0;

        for (; *body != '\0'; body++) {
                if (*body != '\r' && *body != '\n')
                        packed[n++] = *body;
        }
        cr_assert(EVP_DecodeBlock((unsigned char *)text, (const unsigned char *)packed, (int)n) >= 0);
        free(packed);
        return text;
}

Test(notifications_texts, mail_carries_utf8_in_short_lines_and_one_header_a_value)
{
        struct mail mail = {.from = "robot@example.org",
                            .from_name = "Агрегатор",
                            .to = "anna@example.org",
                            .message_id = "id@pawl",
                            .subject = "Заявка №4711 принята: Ремонт холодильника, который давно не морозит",
                            .text = "Здравствуйте!\nДо свидания.\n",
                            .date = 1700000000000000000};
        size_t len;
        char *message = mail_compose(&mail, &len), *body;

        cr_assert(message);
        cr_assert_eq(strlen(message), len);
        cr_assert(strstr(message, "\r\nTo: <anna@example.org>\r\n") &&
                  strstr(message, "\r\nMessage-ID: <id@pawl>\r\n"));
        cr_assert(strncmp(message, "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n", 39) == 0);
        for (const char *line = message; *line != '\0'; line = strchr(line, '\n') + 1) {
                cr_assert(strcspn(line, "\r") <= 76, "%.*s", (int)strcspn(line, "\r"), line);
                for (const char *c = line; *c != '\n'; c++)
                        cr_assert((unsigned char)*c < 0x80);
        }
        body = decoded_body(message);
        cr_assert_str_eq(body, "Здравствуйте!\r\nДо свидания.\r\n");
        free(body);
        free(message);
}
