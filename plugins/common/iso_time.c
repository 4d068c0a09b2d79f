#include "common/iso_time.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *iso_time_format(int64_t time, char out[ISO_TIME_SIZE])
{
        int64_t second = time / PAWL_S(1);
        int64_t rest = time % PAWL_S(1);
        struct tm tm;
        size_t used;

        if (rest < 0) {
                rest += PAWL_S(1);
                second--;
        }
        gmtime_r(&(time_t){(time_t)second}, &tm);
        used = strftime(out, ISO_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(out + used, ISO_TIME_SIZE - used, ".%06d+00:00", (int)(rest / PAWL_US(1)));
        return out;
}

/* Takes exactly `digits` digits, of a number from `least` to `most`. */
static bool take_number(const char **p, int digits, int least, int most, int *number)
{
        int n = 0;

        for (int i = 0; i < digits; i++, (*p)++) {
                if (!isdigit((unsigned char)**p))
                        return false;
                n = n * 10 + (**p - '0');
        }
        *number = n;
        return n >= least && n <= most;
}

static bool take(const char **p, char c)
{
        if (**p != c)
                return false;
        (*p)++;
        return true;
}

static bool take_date(const char **p, struct tm *tm)
{
        int year, month;

        if (!take_number(p, 4, 1970, 2261, &year) || !take(p, '-') || !take_number(p, 2, 1, 12, &month) ||
            !take(p, '-') || !take_number(p, 2, 1, 31, &tm->tm_mday))
                return false;
        tm->tm_year = year - 1900;
        tm->tm_mon = month - 1;
        return true;
}

/* A fraction of any length; what is below a nanosecond is dropped. */
static bool take_fraction(const char **p, int64_t *ns)
{
        int64_t unit = PAWL_S(1) / 10;

        if (!isdigit((unsigned char)**p))
                return false;
        for (; isdigit((unsigned char)**p); (*p)++, unit /= 10)
                *ns += (**p - '0') * unit;
        return true;
}

static bool take_clock(const char **p, struct tm *tm, int64_t *ns)
{
        if (!take_number(p, 2, 0, 23, &tm->tm_hour) || !take(p, ':') || !take_number(p, 2, 0, 59, &tm->tm_min))
                return false;
        if (!take(p, ':'))
                return true;
        if (!take_number(p, 2, 0, 59, &tm->tm_sec))
                return false;
        return !take(p, '.') || take_fraction(p, ns);
}

/* "Z", "+03:00", "-0500" or nothing. */
static bool take_offset(const char **p, int64_t *ns)
{
        int hours = 0, minutes = 0, sign;

        if (**p == '\0' || take(p, 'Z'))
                return true;
        sign = **p == '-' ? -1 : 1;
        if (!take(p, '-') && !take(p, '+'))
                return false;
        if (!take_number(p, 2, 0, 23, &hours))
                return false;
        take(p, ':');
        if (**p != '\0' && !take_number(p, 2, 0, 59, &minutes))
                return false;
        *ns -= sign * PAWL_S(hours * 3600 + minutes * 60);
        return true;
}

bool iso_time_parse(struct pawl_str text, int64_t *time)
{
        char copy[64];
        const char *p = copy;
        struct tm tm = {0};
        int64_t ns = 0;
        int day;

        if (text.len >= sizeof copy)
                return false;
        memcpy(copy, text.ptr, text.len);
        copy[text.len] = '\0';
        if (!take_date(&p, &tm))
                return false;
        if ((take(&p, 'T') || take(&p, ' ')) && (!take_clock(&p, &tm, &ns) || !take_offset(&p, &ns)))
                return false;
        if (p != copy + text.len)
                return false;
        day = tm.tm_mday;
        ns += PAWL_S(timegm(&tm));
        if (tm.tm_mday != day) /* 31 February became a day in March */
                return false;
        *time = ns;
        return true;
}
