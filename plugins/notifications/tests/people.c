/*
 * The directory and the file that fills it: every line that is wrong is told of, and a file goes in whole or not at all.
 */
#include "../directory.h"
#include "../people_file.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER                                                                                                         \
        "id,role,name,email,telegram_chat_id,phone,language,channels,quiet_from,quiet_to,time_zone,region,unsubscribed\n"

static char folder[64];
static char path[96];
static struct people people;
static struct faults faults;
static struct directory *directory;

static void set_up(void)
{
        char database[96], error[256];

        snprintf(folder, sizeof folder, "/tmp/people-XXXXXX");
        cr_assert(mkdtemp(folder));
        snprintf(path, sizeof path, "%s/people.csv", folder);
        snprintf(database, sizeof database, "%s/recipients.db", folder);
        directory = directory_open(database, error, sizeof error, NULL);
        cr_assert(directory, "%s", error);
}

static void tear_down(void)
{
        char command[128];

        directory_close(&directory);
        people_clear(&people);
        faults_clear(&faults);
        snprintf(command, sizeof command, "rm -rf '%s'", folder);
        cr_assert(system(command) == 0);
}

TestSuite(people, .init = set_up, .fini = tear_down);

static bool read_text(const char *text)
{
        FILE *file = fopen(path, "w");

        cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
        people_clear(&people);
        faults_clear(&faults);
        return people_file_read(path, &people, &faults);
}

static struct directory_change put(const char *text, unsigned flags)
{
        struct directory_change change;

        cr_assert(read_text(text), "%s", faults_text(&faults));
        cr_assert_eq(directory_put(directory, &people, flags, NULL, NULL, &change), PAWL_OK);
        return change;
}

static bool is_there(const char *role, int64_t id, enum person_value value, const char *expected)
{
        struct person person;
        bool found, same;

        cr_assert_eq(directory_find(directory, role, id, &person, &found), PAWL_OK);
        if (!found)
                return false;
        same = strcmp(person.values[value], expected) == 0;
        person_clear(&person);
        return same;
}

Test(people, columns_come_in_any_order_and_fields_may_be_quoted)
{
        put("\xef\xbb\xbfname,id,role,email,region\r\n"
            "\"Смирнова, \"\"Анна\"\"\",101,customer,a@example.org,\r\n"
            "# a remark, with, commas\r\n\r\n"
            "Bob,101,manager,b@example.org,\"Москва\"\r\n"
            "Zero,0,customer,z@example.org,",
            0);
        cr_assert(is_there("customer", 101, PERSON_NAME, "Смирнова, \"Анна\""));
        cr_assert(is_there("manager", 101, PERSON_REGION, "Москва"));
        cr_assert(is_there("customer", 0, PERSON_PHONE, ""));
        cr_assert_not(is_there("contractor", 101, PERSON_NAME, ""));
}

Test(people, every_bad_line_is_told_of_with_what_was_expected_and_found)
{
        static const char *const expected[] = {
            "people.csv:2: id: expected an integer of 0 or more, found \"x\"",
            "people.csv:3: role: expected one of admin, customer",
            "people.csv:4: email: expected an e-mail address, found \"nobody\"",
            "people.csv:5: phone: expected a telephone number like +79991234567, found \"89161234567\"",
            "people.csv:6: channels: expected email, telegram, sms",
            "people.csv:7: time_zone: expected a time zone like Europe/Moscow, found \"Mars/Olympus\"",
            "people.csv:8: quiet_from, quiet_to: expected both or none, found one",
            "people.csv:9: expected 13 fields, as in the first line, found 2",
            "people.csv:10: expected a closing quote, found none",
            "people.csv:11: unsubscribed: expected yes or no, found \"maybe\"",
            "people.csv:12: telegram_chat_id: expected a chat's number or @name, found \"12x\"",
            "people.csv:13: quiet_to: expected a time from 00:00 to 23:59, found \"25:00\"",
        };

        cr_assert_not(read_text(HEADER "x,customer,,a@b.c,,,,,,,,,\n"
                                       "1,boss,,a@b.c,,,,,,,,,\n"
                                       "1,customer,,nobody,,,,,,,,,\n"
                                       "1,customer,,,,89161234567,,,,,,,\n"
                                       "1,customer,,,,,,email fax,,,,,\n"
                                       "1,customer,,,,,,,,,Mars/Olympus,,\n"
                                       "1,customer,,,,,,,22:00,,,,\n"
                                       "1,customer\n"
                                       "1,customer,\"A,,,,,,,,,,\n"
                                       "1,customer,,,,,,,,,,,maybe\n"
                                       "1,customer,,,12x,,,,,,,,\n"
                                       "1,customer,,,,,,,22:00,25:00,,,\n"
                                       "2,customer,good,,,,,,,,,,\n"));
        for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
                cr_assert(strstr(faults_text(&faults), expected[i]), "expected \"%s\" in:\n%s", expected[i],
                          faults_text(&faults));
        cr_assert_eq(faults.count, sizeof expected / sizeof expected[0], "%s", faults_text(&faults));
}

Test(people, a_file_that_is_none_is_refused)
{
        static const char *const faulty[][2] = {
            {"", "people.csv:1: expected the columns id, role"},
            {"id,name\n1,A\n", "people.csv:1: expected the columns id and role"},
            {"id,role,e-mail\n", "found \"e-mail\""},
            {"id,role,id\n", "found \"id\" twice"},
            {"id;role\n1;customer\n", "found \"id;role\""},
            {"id,role\n1,customer\n2,customer\n1,customer\n", "people.csv:4: expected each role and id once"},
            {"id,role,name\n1,customer,\xcf\xf0\xe8\xe2\xe5\xf2\n", "people.csv:2: name: expected one line"},
            {"id,role,name\n1,customer,\"A\nBcc: x\"\n", "people.csv:2: name: expected one line"},
            {"id,role,email\n1,customer,\"a@b.c\r\nRCPT TO:<x@y.z>\"\n", "people.csv:2: email: expected"},
            {"id,role,name\n1,customer,\"A\"B\n", "people.csv:2: expected a comma behind a closing quote"},
        };

        for (size_t i = 0; i < sizeof faulty / sizeof faulty[0]; i++) {
                cr_assert_not(read_text(faulty[i][0]), "%s", faulty[i][0]);
                cr_assert(strstr(faults_text(&faults), faulty[i][1]), "expected \"%s\" in: %s", faulty[i][1],
                          faults_text(&faults));
        }
        people_clear(&people);
        cr_assert_not(people_file_read("/dev/zero", &people, &faults));
        cr_assert_not(people_file_read(folder, &people, &faults));
}

Test(people, of_many_faults_a_hundred_are_shown_and_the_others_counted)
{
        char *text = NULL;
        size_t len;
        FILE *out = open_memstream(&text, &len);

        fputs("id,role\n", out);
        for (int i = 0; i < 150; i++)
                fputs("x,customer\n", out);
        fclose(out);
        cr_assert_not(read_text(text));
        cr_assert(strstr(faults_text(&faults), "people.csv:101:") && !strstr(faults_text(&faults), "people.csv:102:"));
        cr_assert(strstr(faults_text(&faults), "and 50 more"), "%s", faults_text(&faults));
        free(text);
}

Test(people, sql_in_a_value_is_only_a_value)
{
        put("id,role,name\n1,customer,\"x'); DROP TABLE recipients; --\"\n", 0);
        cr_assert(is_there("customer", 1, PERSON_NAME, "x'); DROP TABLE recipients; --"));
        cr_assert_not(is_there("customer' OR 1=1 --", 1, PERSON_NAME, ""));
}

Test(people, an_import_adds_and_changes_and_leaves_the_others)
{
        struct directory_change change;

        put("id,role,name\n1,customer,A\n2,customer,B\n", 0);
        change = put("id,role,name\n2,customer,B\n3,customer,C\n1,customer,AA\n", 0);
        cr_assert(change.added == 1 && change.changed == 1 && change.same == 1 && change.removed == 0);
        change = put("id,role,name\n3,customer,C\n", DIRECTORY_REPLACE);
        cr_assert(change.same == 1 && change.removed == 2);
        cr_assert_not(is_there("customer", 1, PERSON_NAME, "AA"));
}

Test(people, a_dry_run_finds_the_changes_and_makes_none)
{
        struct directory_change change;

        put("id,role,name\n1,customer,A\n", 0);
        change = put("id,role,name\n2,customer,B\n", DIRECTORY_REPLACE | DIRECTORY_DRY_RUN);
        cr_assert(change.added == 1 && change.removed == 1);
        cr_assert(is_there("customer", 1, PERSON_NAME, "A"));
        cr_assert_not(is_there("customer", 2, PERSON_NAME, "B"));
}

Test(people, the_same_version_of_a_source_is_read_in_once)
{
        struct directory_change change;

        cr_assert(read_text("id,role,name\n1,customer,A\n"));
        cr_assert_eq(directory_put(directory, &people, 0, "file", "v1", &change), PAWL_OK);
        put("id,role,name\n1,customer,B\n", 0);
        cr_assert(read_text("id,role,name\n1,customer,A\n"));
        cr_assert_eq(directory_put(directory, &people, 0, "file", "v1", &change), PAWL_OK);
        cr_assert(is_there("customer", 1, PERSON_NAME, "B"));
        cr_assert_eq(directory_put(directory, &people, 0, "file", "v2", &change), PAWL_OK);
        cr_assert(is_there("customer", 1, PERSON_NAME, "A"));
}

Test(people, managers_of_a_region_come_in_the_order_of_their_ids)
{
        struct people found = {0};

        put("id,role,region\n9,manager,Тверь\n3,manager,Тверь\n4,manager,Москва\n5,customer,Тверь\n", 0);
        cr_assert_eq(directory_of_region(directory, "manager", "Тверь", &found), PAWL_OK);
        cr_assert(found.count == 2 && found.list[0].id == 3 && found.list[1].id == 9);
        people_clear(&found);
}
