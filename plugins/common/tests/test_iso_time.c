#include "common/iso_time.h"

#include <criterion/criterion.h>

static int64_t parsed(const char *text)
{
        int64_t time = -1;

        iso_time_parse(pawl_text(text), &time);
        return time;
}

Test(iso_time, format_and_parse_are_inverse_to_the_microsecond)
{
        char text[ISO_TIME_SIZE];

        cr_assert_str_eq(iso_time_format(INT64_C(1795341600123456789), text), "2026-11-22T10:00:00.123456+00:00");
        cr_assert_eq(parsed(text), INT64_C(1795341600123456000));
        cr_assert_str_eq(iso_time_format(-1, text), "1969-12-31T23:59:59.999999+00:00");
}

Test(iso_time, without_an_offset_it_is_utc)
{
        cr_assert_eq(parsed("2026-11-22T10:00:00.123456"), INT64_C(1795341600123456000));
        cr_assert_eq(parsed("2026-11-22T10:00:00Z"), PAWL_S(1795341600));
        cr_assert_eq(parsed("2026-11-22T13:00:00+03:00"), PAWL_S(1795341600));
        cr_assert_eq(parsed("2026-11-22 05:00-0500"), PAWL_S(1795341600));
        cr_assert_eq(parsed("2026-11-22"), PAWL_S(1795305600));
}

Test(iso_time, what_is_no_time_is_refused)
{
        static const char *const bad[] = {"",           "2026",        "2026-13-01",           "2026-02-31",
                                          "0001-01-01", "2026-11-22T", "2026-11-22T25:00",     "2026-11-22T10:00:00.",
                                          "yesterday",  "2026-11-22x", "2026-11-22T10:00:00+", "2026-11-22T10:00 Z"};

        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
                cr_assert_eq(parsed(bad[i]), -1, "%s", bad[i]);
}
