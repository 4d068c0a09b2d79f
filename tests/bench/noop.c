/*
 * The benchmark's plugin: a handler that does nothing but count, and writes what its process cost after the last event.
 */
#include "measure.h"

#include <pawl/plugin.h>
#include <stdlib.h>

struct noop {
        struct measure measure;
        char report[1024];
};

static pawl_result on_event(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        struct noop *noop = self;

        (void)ctx;
        (void)ev;
        measure_event(&noop->measure);
        return PAWL_OK;
}

static bool noop_create(struct pawl_instance *instance, void **self)
{
        struct noop *noop = calloc(1, sizeof(*noop));
        struct pawl_str report = pawl_setting_string(instance, "report");

        if (!noop || report.len >= sizeof(noop->report)) {
                free(noop);
                return false;
        }
        memcpy(noop->report, report.ptr, report.len);
        noop->measure.report = noop->report;
        noop->measure.events = pawl_setting_int(instance, "events");
        *self = noop;
        return true;
}

static void noop_destroy(void *self)
{
        free(self);
}

static const struct pawl_setting settings[] = {
    PAWL_SETTING_PLAIN(PAWL_TYPE_PATH, PAWL_REQUIRED, "report", "where the measure is written"),
    PAWL_SETTING_INT("events", "2000000", "8..", "after how many events"),
};
static const struct pawl_handler handlers[] = {PAWL_ON("request.created", on_event)};

PAWL_PLUGIN("bench", "1.0.0", settings, handlers, noop_create, noop_destroy);
