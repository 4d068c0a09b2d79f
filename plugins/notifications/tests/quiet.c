/*
 * Quiet hours by the clock on the recipient's wall, also on the two nights of the year when that clock is moved.
 */
#include "../quiet.h"

#include <criterion/criterion.h>
#include <time.h>

#define BERLIN "Europe/Berlin"

/* A moment in UTC. */
static int64_t utc(int year, int month, int day, int hour, int minute)
{
        struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute};

        return (int64_t)timegm(&tm) * 1000000000;
}

static int64_t until(const char *from, const char *to, const char *zone, int64_t now)
{
        return quiet_until(quiet_minutes(from), quiet_minutes(to), zone, now);
}

Test(quiet, a_message_in_the_evening_waits_for_the_morning)
{
        cr_assert_eq(until("22:00", "08:00", "Europe/Moscow", utc(2026, 11, 25, 20, 30)), utc(2026, 11, 26, 5, 0));
        cr_assert_eq(until("22:00", "08:00", "Europe/Moscow", utc(2026, 11, 26, 1, 0)), utc(2026, 11, 26, 5, 0));
        cr_assert_eq(until("13:00", "14:00", "UTC", utc(2026, 11, 26, 13, 59)), utc(2026, 11, 26, 14, 0));
}

Test(quiet, a_message_at_another_time_goes_at_once)
{
        int64_t noon = utc(2026, 11, 25, 12, 0);

        cr_assert_eq(until("22:00", "08:00", "Europe/Moscow", noon), noon);
        cr_assert_eq(until("22:00", "08:00", "UTC", utc(2026, 11, 25, 8, 0)), utc(2026, 11, 25, 8, 0));
        cr_assert_eq(until("08:00", "08:00", "UTC", utc(2026, 11, 25, 8, 0)), utc(2026, 11, 25, 8, 0));
        cr_assert_eq(quiet_until(-1, -1, "UTC", noon), noon);
}

Test(quiet, hours_end_by_the_clock_that_was_moved_on_in_the_night)
{
        /* 29 March 2026: 02:00 becomes 03:00. The evening is at UTC+1, the morning at UTC+2. */
        cr_assert_eq(until("22:00", "08:00", BERLIN, utc(2026, 3, 28, 22, 0)), utc(2026, 3, 29, 6, 0));
        cr_assert_eq(until("22:00", "08:00", BERLIN, utc(2026, 3, 27, 22, 0)), utc(2026, 3, 28, 7, 0));
}

Test(quiet, hours_end_by_the_clock_that_was_moved_back_in_the_night)
{
        /* 25 October 2026: 03:00 becomes 02:00. */
        cr_assert_eq(until("22:00", "08:00", BERLIN, utc(2026, 10, 24, 21, 0)), utc(2026, 10, 25, 7, 0));
        cr_assert_eq(until("22:00", "08:00", BERLIN, utc(2026, 10, 24, 19, 59)), utc(2026, 10, 24, 19, 59));
        cr_assert_eq(until("22:00", "08:00", BERLIN, utc(2026, 10, 24, 20, 0)), utc(2026, 10, 25, 7, 0));
}

Test(quiet, an_end_that_the_clock_skips_is_within_the_hour_behind_it)
{
        int64_t end = until("22:00", "02:30", BERLIN, utc(2026, 3, 29, 0, 30));

        cr_assert_geq(end, utc(2026, 3, 29, 1, 0));
        cr_assert_leq(end, utc(2026, 3, 29, 2, 0));
}

Test(quiet, hours_far_in_the_future_follow_the_zones_rule)
{
        cr_assert_eq(until("22:00", "08:00", BERLIN, utc(2100, 7, 1, 21, 0)), utc(2100, 7, 2, 6, 0));
}

Test(quiet, zones_are_names_of_zones_and_nothing_else)
{
        cr_assert(quiet_zone_known("Europe/Moscow"));
        cr_assert(quiet_zone_known("UTC"));
        static const char *const none[] = {"",       "Moscow", "../../../etc/passwd", "/etc/localtime",
                                           "Europe", "UTC+3",  "Europe/Moscow\n"};

        for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
                cr_assert_not(quiet_zone_known(none[i]), "%s", none[i]);
}

Test(quiet, times_are_read_strictly)
{
        cr_assert_eq(quiet_minutes("00:00"), 0);
        cr_assert_eq(quiet_minutes("23:59"), 1439);
        static const char *const none[] = {"", "24:00", "8:00", "08:60", "08:00:00", "0a:00", "-1:00", "08.00"};

        for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
                cr_assert_eq(quiet_minutes(none[i]), -1, "%s", none[i]);
}
