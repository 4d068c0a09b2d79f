/*
 * How long to wait before the next attempt: exponential back-off with full jitter, from a seeded generator, so that many
 * events that failed together do not come back together. Pure.
 */
#ifndef PAWL_ENGINE_RETRY_H
#define PAWL_ENGINE_RETRY_H

#include <stdint.h>

/* The generator (SplitMix64): any state is a good one. */
struct retry_random {
        uint64_t state;
};

uint64_t retry_random_next(struct retry_random *random);

/* backoff · 2^repeats, at most `backoff_max`. */
int64_t retry_ceiling(int64_t backoff, int64_t backoff_max, uint32_t repeats);

/* Uniform in [0, retry_ceiling()]. */
int64_t retry_delay(struct retry_random *random, int64_t backoff, int64_t backoff_max, uint32_t repeats);

#endif
