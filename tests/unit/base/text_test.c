#include "base/text.h"

#include "base/clock.h"

#include <criterion/criterion.h>
#include <string.h>

Test(utf8, takes_every_length_and_refuses_every_fault)
{
        static const struct {
                const char *text;
                size_t good;
        } cases[] = {
            {"abc", 3},
            {"\xd0\xa0", 2},
            {"\xe2\x82\xac", 3},
            {"\xf0\x9f\x93\xa4", 4},
            {"a\xff", 1},
            {"\xc0\x80", 0},
            {"\xc1\xbf", 0},
            {"\xe0\x9f\xbf", 0},
            {"\xed\xa0\x80", 0},
            {"\xf0\x8f\xbf\xbf", 0},
            {"\xf4\x90\x80\x80", 0},
            {"\xf5\x80\x80\x80", 0},
            {"ab\xe2\x82", 2},
            {"\x80", 0},
            {"\xf0\x9f\x93", 0},
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
                cr_assert_eq(text_utf8_prefix(cases[i].text, strlen(cases[i].text)), cases[i].good, "case %zu", i);
        cr_assert_eq(text_utf8_prefix("a\0b", 3), 3u);
}

Test(nearest, names_what_was_meant)
{
        static const char *const keys[] = {"threads", "topics", "ticket_deadline", "deadline", "drain", "ordering"};
        static const char *const cases[][2] = {{"thread", "threads"},   {"topic", "topics"},
                                               {"dedline", "deadline"}, {"odrering", "ordering"},
                                               {"Drain", "drain"},      {"ticket_dedlin", "ticket_deadline"}};

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                const char *best = NULL;

                for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
                        best = text_nearest(cases[i][0], best, keys[k]);
                cr_assert_str_eq(best, cases[i][1]);
        }
        cr_assert_null(text_nearest("zookeeper", NULL, "threads"));
        cr_assert_null(text_nearest("xy", NULL, "ab"));
}

Test(nearest, takes_names_of_any_length)
{
        char name[500];

        memset(name, 'x', sizeof name - 1);
        name[sizeof name - 1] = '\0';
        cr_assert_gt(text_distance(name, "threads"), 400u);
}

Test(durations, have_a_number_and_a_unit)
{
        static const struct {
                const char *text;
                int64_t ns;
        } cases[] = {{"200ms", 200 * CLOCK_MS},
                     {"30s", 30 * CLOCK_S},
                     {"5min", 300 * CLOCK_S},
                     {"4h", 14400 * CLOCK_S},
                     {"1d", 86400 * CLOCK_S},
                     {"0", 0},
                     {"10 s", 10 * CLOCK_S},
                     {"7us", 7000},
                     {"3ns", 3},
                     {"36500d", 36500 * (86400 * CLOCK_S)}};
        int64_t ns;

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                cr_assert(text_duration(cases[i].text, &ns, NULL), "%s", cases[i].text);
                cr_assert_eq(ns, cases[i].ns);
        }
}

Test(durations, without_a_unit_or_beyond_the_range_are_refused_with_examples)
{
        static const char *const wrong[] = {"",        "30",   "s",      "-1s",
                                            "5m",      "1.5s", "30 sec", "99999999999999999999s",
                                            "300000d", "1s "};
        struct pawl_error err;
        int64_t ns;

        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                cr_assert_not(text_duration(wrong[i], &ns, &err), "took %s", wrong[i]);
                cr_assert_not_null(strstr(err.text, "expected a duration"));
        }
}

Test(sizes, have_binary_and_decimal_units)
{
        static const struct {
                const char *text;
                int64_t bytes;
        } cases[] = {{"64KiB", 65536}, {"10MiB", 10485760},           {"1GB", 1000000000}, {"11534336", 11534336},
                     {"1kB", 1000},    {"2GiB", INT64_C(2147483648)}, {"7B", 7},           {"0", 0}};
        static const char *const wrong[] = {"", "KiB", "10M", "-1", "1.5MiB", "10 mib", "9223372036854775807KiB"};
        int64_t bytes;

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                cr_assert(text_size(cases[i].text, &bytes, NULL), "%s", cases[i].text);
                cr_assert_eq(bytes, cases[i].bytes);
        }
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
                cr_assert_not(text_size(wrong[i], &bytes, NULL), "took %s", wrong[i]);
}

Test(formatting, comes_back_as_the_same_value)
{
        static const int64_t values[] = {
            0, 1, 999, 1000, 200 * CLOCK_MS, 90 * CLOCK_S, 3600 * CLOCK_S, 604800 * CLOCK_S, 1048576, 10485761};
        char text[32];
        int64_t back;

        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
                cr_assert(text_duration(text_format_duration(values[i], text), &back, NULL));
                cr_assert_eq(back, values[i]);
                cr_assert(text_size(text_format_size(values[i], text), &back, NULL));
                cr_assert_eq(back, values[i]);
        }
        cr_assert_str_eq(text_format_duration(300 * CLOCK_S, text), "5min");
        cr_assert_str_eq(text_format_size(64 << 20, text), "64MiB");
}
