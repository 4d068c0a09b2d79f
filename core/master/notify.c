#include "master/notify.h"

#include "base/clock.h"

#ifdef PAWL_HAVE_SYSTEMD

#include <inttypes.h>
#include <systemd/sd-daemon.h>

void notify_ready(const char *status)
{
        sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_reloading(void)
{
        sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=reloading", clock_now() / CLOCK_US);
}

void notify_stopping(const char *status)
{
        sd_notifyf(0, "STOPPING=1\nSTATUS=%s", status);
}

void notify_status(const char *status)
{
        sd_notifyf(0, "STATUS=%s", status);
}

int64_t notify_watchdog_interval(void)
{
        uint64_t us = 0;

        return sd_watchdog_enabled(0, &us) > 0 ? (int64_t)us * CLOCK_US / 2 : 0;
}

void notify_alive(void)
{
        sd_notify(0, "WATCHDOG=1");
}

#else

void notify_ready(const char *status)
{
        (void)status;
}

void notify_reloading(void)
{
}

void notify_stopping(const char *status)
{
        (void)status;
}

void notify_status(const char *status)
{
        (void)status;
}

int64_t notify_watchdog_interval(void)
{
        return 0;
}

void notify_alive(void)
{
}

#endif
