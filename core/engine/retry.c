#include "engine/retry.h"

/* Sebastiano Vigna's SplitMix64 (public domain). */
uint64_t retry_random_next(struct retry_random *random)
{
        uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

int64_t retry_ceiling(int64_t backoff, int64_t backoff_max, uint32_t repeats)
{
        if (backoff <= 0)
                return 0;
        while (repeats-- > 0 && backoff < backoff_max)
                backoff = backoff > INT64_MAX / 2 ? INT64_MAX : backoff * 2;
        return backoff < backoff_max ? backoff : backoff_max;
}

int64_t retry_delay(struct retry_random *random, int64_t backoff, int64_t backoff_max, uint32_t repeats)
{
        int64_t ceiling = retry_ceiling(backoff, backoff_max, repeats);

        return ceiling <= 0 ? 0 : (int64_t)(retry_random_next(random) % ((uint64_t)ceiling + 1));
}
