#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
        struct timespec ts;

        clock_gettime(id, &ts);
        return ts.tv_sec * CLOCK_S + ts.tv_nsec;
}

int64_t clock_now(void)
{
        return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_wall(void)
{
        const char *shift = getenv("PAWL_CLOCK_SHIFT");

        return read_clock(CLOCK_REALTIME) + (shift ? strtoll(shift, NULL, 10) * CLOCK_S : 0);
}

const char *clock_format(int64_t wall, char out[static CLOCK_TEXT_MAX])
{
        time_t seconds = (time_t)(wall / CLOCK_S);
        struct tm tm = {0};
        size_t len;

        gmtime_r(&seconds, &tm);
        len = strftime(out, CLOCK_TEXT_MAX - 8, "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(out + len, CLOCK_TEXT_MAX - len, ".%06dZ", (int)(wall % CLOCK_S / CLOCK_US));
        return out;
}
