#include "base/clock.h"

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
