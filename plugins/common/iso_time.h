/*
 * Moments as people and events write them: ISO 8601, UTC. Nanoseconds since 1970 inside, microseconds outside. Any thread.
 */
#ifndef PLUGINS_COMMON_ISO_TIME_H
#define PLUGINS_COMMON_ISO_TIME_H

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stdint.h>

#define ISO_TIME_SIZE 40

/* "2026-11-22T10:00:00.123456+00:00". Returns `out`. */
const char *iso_time_format(int64_t time, char out[ISO_TIME_SIZE]);

/*
 * "2026-11-22", "2026-11-22T10:00", "2026-11-22 10:00:00.123456Z", "…+03:00"; without an offset it is UTC. False, and *time as it
 * was, for anything else and for years before 1970 or after 2261.
 */
bool iso_time_parse(struct pawl_str text, int64_t *time);

#endif
