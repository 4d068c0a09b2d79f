/*
 * What systemd is told (sd_notify): ready, reloading, stopping, a status line, the watchdog. Built without libsystemd, or not
 * started by systemd, all of it does nothing.
 */
#ifndef PAWL_MASTER_NOTIFY_H
#define PAWL_MASTER_NOTIFY_H

#include <stdint.h>

void notify_ready(const char *status);
void notify_reloading(void);
void notify_stopping(const char *status);
void notify_status(const char *status);

/* How often notify_alive wants to be called, in ns; 0: no watchdog. */
int64_t notify_watchdog_interval(void);
void notify_alive(void);

#endif
