#include "quiet.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#define SECOND      INT64_C(1000000000)
#define DAY_MINUTES 1440

/* A name that can only be one of a file below the zones' folder, and no rule such as "UTC+3", whose sign few read as it is meant. */
static bool plain_name(const char *name)
{
        size_t len = strlen(name);

        if (strchr(name, '/') == NULL && strpbrk(name, "+-0123456789") != NULL)
                return false;
        return len > 0 && len < 64 &&
               strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_/") == len &&
               name[0] != '/';
}

static GTimeZone *zone_of(const char *name)
{
        return plain_name(name) ? g_time_zone_new_identifier(name) : NULL;
}

bool quiet_zone_known(const char *name)
{
        GTimeZone *zone = zone_of(name);
        bool known = zone != NULL;

        if (known)
                g_time_zone_unref(zone);
        return known;
}

int quiet_minutes(const char *text)
{
        if (strlen(text) != 5 || strspn(text, "0123456789") != 2 || text[2] != ':' ||
            strspn(text + 3, "0123456789") != 2)
                return -1;
        int hour = (text[0] - '0') * 10 + text[1] - '0', minute = (text[3] - '0') * 10 + text[4] - '0';

        return hour < 24 && minute < 60 ? hour * 60 + minute : -1;
}

/* The moment the clock on the wall shows minute `to` of the day of `local`, or of the day after. */
static int64_t moment_of(GTimeZone *zone, GDateTime *local, int to, bool next_day)
{
        GDateTime *day = g_date_time_add_days(local, next_day ? 1 : 0);
        GDateTime *end = g_date_time_new(zone, g_date_time_get_year(day), g_date_time_get_month(day),
                                         g_date_time_get_day_of_month(day), to / 60, to % 60, 0);
        int64_t moment = g_date_time_to_unix(end) * SECOND;

        g_date_time_unref(end);
        g_date_time_unref(day);
        return moment;
}

int64_t quiet_until(int from, int to, const char *zone_name, int64_t now)
{
        GTimeZone *zone = zone_of(zone_name);
        GDateTime *utc = g_date_time_new_from_unix_utc(now / SECOND);
        int64_t until = now;

        if (zone == NULL)
                zone = g_time_zone_new_utc();
        if (utc != NULL && from >= 0 && to >= 0 && from < DAY_MINUTES && to < DAY_MINUTES) {
                GDateTime *local = g_date_time_to_timezone(utc, zone);
                int minute = g_date_time_get_hour(local) * 60 + g_date_time_get_minute(local);
                bool quiet = from <= to ? minute >= from && minute < to : minute >= from || minute < to;

                if (quiet)
                        until = moment_of(zone, local, to, minute >= to);
                g_date_time_unref(local);
        }
        if (utc != NULL)
                g_date_time_unref(utc);
        g_time_zone_unref(zone);
        return until > now ? until : now;
}
