/*
 * Takes what the catalogue takes, and nothing else: for tests of a handler's check.
 */
#include "common/fields.h"

static pawl_result on_event(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        (void)self;
        return fields_check(ctx, ev);
}

static const struct pawl_handler handlers[] = {PAWL_ON("*", on_event)};

PAWL_PLUGIN_BARE("checker", "1.0.0", handlers);
