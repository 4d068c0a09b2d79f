/*
 * Templates: what people write is checked when it is read, and no value can break out of its place.
 */
#include "../template.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[64];
static struct faults faults;
static struct template_set *set;
static struct template_text text;

static void set_up(void)
{
        snprintf(folder, sizeof folder, "/tmp/templates-XXXXXX");
        cr_assert(mkdtemp(folder));
}

static void tear_down(void)
{
        char command[128];

        template_text_free(&text);
        templates_free(&set);
        faults_clear(&faults);
        snprintf(command, sizeof command, "rm -rf '%s'", folder);
        cr_assert(system(command) == 0);
}

TestSuite(templates, .init = set_up, .fini = tear_down);

static void put(const char *name, const char *content)
{
        char path[256];
        FILE *file;

        snprintf(path, sizeof path, "%s/%s", folder, name);
        file = fopen(path, "w");
        cr_assert(file && fputs(content, file) >= 0 && fclose(file) == 0);
}

static size_t two_names(void *arg, const char *message, const char *names[MESSAGE_FIELDS_MAX])
{
        (void)arg;
        (void)message;
        names[0] = "name";
        names[1] = "title";
        return 2;
}

static void read_all(void)
{
        set = templates_read(folder, "ru", &faults);
        cr_assert(set);
        templates_check(set, two_names, NULL, &faults);
}

static const char *render(const char *channel, const char *language, const char *name, const char *title)
{
        struct message_values values = {.list = {{"name", (char *)name}, {"title", (char *)title}}, .count = 2};

        template_text_free(&text);
        cr_assert(template_render(set, "hello", channel, language, &values, &text));
        return text.text;
}

Test(templates, fields_are_filled_in_the_recipients_language_or_the_default_one)
{
        put("hello.email.ru.txt", "Subject: Привет, {{name}}\n\n{{title}}: {{name}}\n");
        put("hello.email.en.txt", "Subject: Hello, {{name}}\n\n{{title}}\n");
        put("hello.email.en.html", "<b>{{title}}</b>");
        put("hello.sms.ru.txt", "{{name}}: {{title}}");
        read_all();
        cr_assert_eq(faults.count, 0, "%s", faults_text(&faults));
        cr_assert_str_eq(render("email", "en", "Анна", "Ремонт"), "Ремонт\n");
        cr_assert_str_eq(text.subject, "Hello, Анна");
        cr_assert_str_eq(text.html, "<b>Ремонт</b>");
        render("email", "en-GB", "Анна", "Ремонт");
        cr_assert_str_eq(text.language, "en");
        cr_assert_str_eq(render("email", "de", "Анна", "Ремонт"), "Ремонт: Анна\n");
        cr_assert_str_eq(text.language, "ru");
        cr_assert_null(text.html);
        cr_assert_str_eq(render("sms", "en", "Анна", NULL), "Анна: —");
        cr_assert_str_eq(text.subject, "");
}

Test(templates, a_value_is_never_read_for_fields_lines_or_headers)
{
        put("hello.email.ru.txt", "Subject: {{name}}\n\n{{name}}|{{title}}\n");
        read_all();
        cr_assert_str_eq(render("email", "ru", "{{title}}\r\nBcc: all@example.org",
                                "a\xe2\x80\xa8"
                                "b\x01"),
                         "{{title}}  Bcc: all@example.org|a b \n");
        cr_assert_str_eq(text.subject, "{{title}}  Bcc: all@example.org");
}

Test(templates, a_value_is_text_in_html_too)
{
        put("hello.email.ru.txt", "Subject: {{name}}\n\n{{title}}");
        put("hello.email.ru.html", "<p title=\"{{name}}\">{{title}}</p>");
        read_all();
        render("email", "ru", "\" onclick='x'", "<script>alert(1)</script> & more");
        cr_assert_str_eq(
            text.html, "<p title=\"&quot; onclick=&#39;x&#39;\">&lt;script&gt;alert(1)&lt;/script&gt; &amp; more</p>");
        cr_assert_str_eq(text.text, "<script>alert(1)</script> & more");
}

Test(templates, marks_that_turn_the_direction_of_writing_vanish)
{
        put("hello.telegram.ru.txt", "{{name}} {{title}}");
        read_all();
        cr_assert_str_eq(render("telegram", "ru",
                                "a\xe2\x80\xae"
                                "b\xe2\x81\xa6",
                                "\xe2\x80\x8f"
                                "c"),
                         "ab c");
}

Test(templates, a_long_value_ends_in_an_ellipsis_and_a_short_message_stays_short)
{
        char *title = malloc(100001);

        memset(title, 'x', 100000);
        title[100000] = '\0';
        put("hello.sms.ru.txt", "{{title}}");
        put("hello.email.ru.txt", "Subject: {{title}} {{title}}\n\n{{title}}");
        read_all();
        cr_assert_eq(strlen(render("sms", "ru", "", title)), 60 + strlen("…"));
        cr_assert_lt(strlen(render("email", "ru", "", title)), 1100);
        cr_assert_lt(strlen(text.subject), 210);
        cr_assert(strstr(text.subject, "…"));
        free(title);
}

Test(templates, bytes_that_are_no_utf8_are_replaced)
{
        put("hello.sms.ru.txt", "{{title}}");
        read_all();
        cr_assert_str_eq(render("sms", "ru", "", "a\xff"), "a\xef\xbf\xbd");
}

Test(templates, values_are_called_by_their_words_in_the_language)
{
        put("hello.sms.ru.txt", "{{name}} {{title}}");
        put("hello.sms.en.txt", "{{name}} {{title}}");
        put("words.ru.txt", "# remark\n\nname.high = высокая\nname. = коллега\n");
        read_all();
        cr_assert_eq(faults.count, 0, "%s", faults_text(&faults));
        cr_assert_str_eq(render("sms", "ru", "high", "high"), "высокая high");
        cr_assert_str_eq(render("sms", "ru", NULL, "x"), "коллега x");
        cr_assert_str_eq(render("sms", "en", "high", "x"), "high x");
}

Test(templates, every_fault_is_told_of_at_once_with_file_and_line)
{
        static const char *const expected[] = {
            "hello.email.ru.txt:4: {{nmae}} is no field of this message; expected one of name, title",
            "hello.email.ru.txt:1: {{x}} is no field",
            "hello.email.en.txt:1: expected \"Subject: …\" and an empty line",
            "hello.sms.ru.txt:2: expected }} after {{, found none",
            "hello.fax.ru.txt: expected a name like MESSAGE.CHANNEL.LANGUAGE.txt",
            "hello.sms.ru.html: expected a name like",
            "old.ru.txt: expected a name like",
            "hello.telegram.ru.txt: expected UTF-8",
            "words.ru.txt:2: expected FIELD.VALUE = WORDS, found \"urgency\"",
        };

        put("hello.email.ru.txt", "Subject: {{x}}\n\nline\n{{nmae}}\n");
        put("hello.email.en.txt", "Hello\n");
        put("hello.sms.ru.txt", "line\n{{name\n");
        put("hello.fax.ru.txt", "x");
        put("hello.sms.ru.html", "x");
        put("old.ru.txt", "x");
        put("hello.telegram.ru.txt", "\xcf\xf0");
        put("words.ru.txt", "urgency.high = высокая\nurgency\n");
        put("hello.email.ru.txt~", "an editor's");
        put(".hidden.txt", "an editor's");
        read_all();
        for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
                cr_assert(strstr(faults_text(&faults), expected[i]), "expected \"%s\" in:\n%s", expected[i],
                          faults_text(&faults));
        cr_assert_eq(faults.count, sizeof expected / sizeof expected[0], "%s", faults_text(&faults));
}

Test(templates, a_folder_that_cannot_be_read_is_named)
{
        char missing[128];

        snprintf(missing, sizeof missing, "%s/none", folder);
        cr_assert_null(templates_read(missing, "ru", &faults));
        cr_assert(strstr(faults_text(&faults), missing));
}

Test(templates, an_event_gives_its_members_and_what_is_known_of_its_request)
{
        const char *names[MESSAGE_FIELDS_MAX];
        size_t count = 0, all = 0;
        bool question = false, title = false, ids = false;

        message_names("request.clarification_needed", names, &count);
        for (size_t i = 0; i < count; i++) {
                question = question || strcmp(names[i], "question") == 0;
                title = title || strcmp(names[i], "title") == 0;
                ids = ids || strcmp(names[i], "contractor_ids") == 0;
        }
        cr_assert(question && title && !ids);
        message_names(NULL, names, &all);
        cr_assert(all > count && all < MESSAGE_FIELDS_MAX);
}
