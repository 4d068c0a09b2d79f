/*
 * Quiet hours: when a person may be written to, by the clock on his wall. Time zones are those of the system's zone files, read without
 * the process's own zone being touched. Any thread.
 */
#ifndef NOTIFICATIONS_QUIET_H
#define NOTIFICATIONS_QUIET_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the system knows a zone of that name ("Europe/Moscow", "UTC"). */
bool quiet_zone_known(const char *name);

/* "22:00" as minutes since midnight; -1: it is none. */
int quiet_minutes(const char *text);

/*
 * When a message that would go out at `now` (nanoseconds since 1970) may go: `now` itself, or the end of the quiet hours that `now` falls
 * into. They last from the minute `from` of the day to the minute `to`, over midnight where `to` is the smaller one, never when they are equal. A zone that is not known is UTC.
 */
int64_t quiet_until(int from, int to, const char *zone, int64_t now);

#endif
