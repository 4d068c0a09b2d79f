/*
 * The two clocks, each read through one function: the monotonic one for everything that waits, and the wall clock for what
 * people and events read. Any thread. Both in nanoseconds.
 */
#ifndef PAWL_BASE_CLOCK_H
#define PAWL_BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_US INT64_C(1000)
#define CLOCK_MS INT64_C(1000000)
#define CLOCK_S  INT64_C(1000000000)

/* Monotonic time, nanoseconds since an arbitrary start. Timers, deadlines and back-offs use nothing else. */
int64_t clock_now(void);

/* Wall time, nanoseconds since 1970-01-01 UTC, shifted by PAWL_CLOCK_SHIFT seconds (environment; for the tests of clock jumps). */
int64_t clock_wall(void);

#define CLOCK_TEXT_MAX 32

/* Wall time as people and events write it: "2026-11-22T10:00:00.123456Z". Returns `out`. */
const char *clock_format(int64_t wall, char out[static CLOCK_TEXT_MAX]);

#endif
