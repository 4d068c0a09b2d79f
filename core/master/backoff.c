#include "master/backoff.h"

#include "base/clock.h"

#define SHORT_LIFE (10 * CLOCK_S)
#define FIRST_WAIT (1 * CLOCK_S)
#define LAST_WAIT  (30 * CLOCK_S)

int64_t backoff_after_death(struct backoff *backoff, int64_t lived)
{
        int64_t wait = FIRST_WAIT;

        if (lived >= SHORT_LIFE)
                backoff->deaths = 0;
        if (++backoff->deaths == 1)
                return 0;
        for (unsigned i = 2; i < backoff->deaths && wait < LAST_WAIT; i++)
                wait *= 2;
        return wait < LAST_WAIT ? wait : LAST_WAIT;
}
