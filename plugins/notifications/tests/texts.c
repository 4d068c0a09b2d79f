/*
 * Templates, recipients and mails: what people write is checked when it is read, and no value can break out of its place.
 */
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../mail.h"
#include "../recipients.h"
#include "../template.h"

static char folder[64];
static char error[512];

static const char *const types[] = {"hello", NULL};
static const char *const fields[] = {"name", "title", NULL};

static void set_up(void)
{
        snprintf(folder, sizeof folder, "/tmp/notifications-XXXXXX");
        cr_assert(mkdtemp(folder));
        error[0] = '\0';
}

static void tear_down(void)
{
        char command[128];

        snprintf(command, sizeof command, "rm -rf '%s'", folder);
        cr_assert(system(command) == 0);
}

static const char *put(const char *name, const char *text)
{
        static char path[128];
        FILE *file;

        snprintf(path, sizeof path, "%s/%s", folder, name);
        file = fopen(path, "w");
        cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
        return path;
}

static struct template_set *read_templates(void)
{
        return templates_read(folder, types, "ru", fields, error, sizeof error);
}

TestSuite(notifications_texts, .init = set_up, .fini = tear_down);

Test(notifications_texts, template_fills_its_fields_in_the_recipients_language)
{
        const struct template_field values[] = {{"name", "Анна"}, {"title", "Ремонт"}};
        struct template_text text;
        struct template_set *set;

        put("hello.ru.txt", "Subject: Привет, {{name}}\n\n{{title}}: {{name}}\n");
        put("hello.en.txt", "Subject: Hello, {{name}}\n\n{{title}}\n");
        set = read_templates();
        cr_assert(set, "%s", error);
        cr_assert(template_render(set, "hello", "en", values, 2, &text));
        cr_assert_str_eq(text.subject, "Hello, Анна");
        template_text_free(&text);
        cr_assert(template_render(set, "hello", "de", values, 2, &text));
        cr_assert_str_eq(text.body, "Ремонт: Анна\n");
        template_text_free(&text);
        templates_free(&set);
}

Test(notifications_texts, template_value_is_never_read_for_fields_or_headers)
{
        const struct template_field values[] = {{"name", "{{title}}\r\nBcc: all@example.org"}, {"title", NULL}};
        struct template_text text;
        struct template_set *set;

        put("hello.ru.txt", "Subject: {{name}}\n\n{{title}}\n");
        set = read_templates();
        cr_assert(template_render(set, "hello", "ru", values, 2, &text));
        cr_assert_str_eq(text.subject, "{{title}}  Bcc: all@example.org");
        cr_assert_str_eq(text.body, "—\n");
        template_text_free(&text);
        templates_free(&set);
}

Test(notifications_texts, template_with_an_unknown_field_is_refused_naming_those_that_exist)
{
        put("hello.ru.txt", "Subject: x\n\nline\n{{nmae}}\n");
        cr_assert_null(read_templates());
        cr_assert(strstr(error, "hello.ru.txt:4:") && strstr(error, "{{nmae}}") && strstr(error, "name, title"), "%s",
                  error);
}

Test(notifications_texts, template_without_a_subject_is_refused)
{
        put("hello.ru.txt", "Hello\n");
        cr_assert_null(read_templates());
        cr_assert(strstr(error, "hello.ru.txt:1: expected \"Subject: "), "%s", error);
}

Test(notifications_texts, template_missing_in_the_default_language_is_named)
{
        put("hello.en.txt", "Subject: x\n\ny\n");
        cr_assert_null(read_templates());
        cr_assert(strstr(error, "hello.ru.txt"), "%s", error);
}

Test(notifications_texts, recipients_are_found_by_role_and_id)
{
        const char *path =
            put("people.csv", "name,id,language,role,email\n\"Смирнова, \"\"Анна\"\"\",101,ru,customer,a@example.org\n"
                              "Bob,101,en,manager,b@example.org\n");
        struct recipients *people = recipients_read(path, error, sizeof error);

        cr_assert(people, "%s", error);
        cr_assert_str_eq(recipients_find(people, "customer", 101)->name, "Смирнова, \"Анна\"");
        cr_assert_str_eq(recipients_find(people, "manager", 101)->email, "b@example.org");
        cr_assert_null(recipients_find(people, "manager", 102));
        cr_assert(recipients_add_region(people, "Москва", "msk@example.org", "ru", error, sizeof error));
        cr_assert_str_eq(recipients_of_region(people, "Москва")->email, "msk@example.org");
        recipients_free(&people);
}

Test(notifications_texts, recipients_with_a_fault_are_refused_with_file_and_line)
{
        static const char *const faults[][2] = {
            {"id,role,name,language\n", "people.csv:1: expected the column \"email\""},
            {"id,role,name,email,language\nx,customer,A,a@example.org,ru\n",
             "people.csv:2: id: expected a positive integer"},
            {"id,role,name,email,language\n1,customer,A,nobody,ru\n",
             "people.csv:2: email: expected an address, found \"nobody\""},
            {"id,role,name,email,language\n1,customer,\"A,a@example.org,ru\n", "people.csv:2: expected the column"},
            {"id,role,name,email,language\n1,c,A,a@b.c,ru\n1,c,B,b@b.c,ru\n", "c 1 stands there twice"},
            {"", "people.csv:1: expected the columns"},
        };

        for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
                cr_assert_null(recipients_read(put("people.csv", faults[i][0]), error, sizeof error));
                cr_assert(strstr(error, faults[i][1]), "expected \"%s\" in: %s", faults[i][1], error);
        }
}

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
