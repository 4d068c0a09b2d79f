/*
 * What a reload has to do, as a pure function of what runs now and what the new configuration wants. No file is read, nothing is
 * started: the plan is made whole before anything is touched.
 */
#ifndef PAWL_MASTER_PLAN_H
#define PAWL_MASTER_PLAN_H

#include "base/buf.h"
#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>

enum plan_action {
        PLAN_KEEP,     /* nothing changed: not touched */
        PLAN_ADD,      /* starts */
        PLAN_REMOVE,   /* drains, leaves its group and ends */
        PLAN_SWAP,     /* settings or build changed: beside, where the plugin can; else by hand-over */
        PLAN_HANDOVER, /* what its process is built from changed */
        PLAN_SCALE,    /* only the number of instances changed */
};

/* A plugin as it runs now. */
struct plan_running {
        const struct config_plugin *plugin;
        const char *build; /* id of the build that was accepted; "" is never equal to another */
};

/* A plugin as the new configuration wants it; disabled ones too. */
struct plan_wanted {
        const struct config_plugin *plugin;
        const char *build;
};

struct plan_item {
        enum plan_action action;
        const struct plan_running *running; /* NULL: PLAN_ADD */
        const struct plan_wanted
            *wanted; /* NULL: PLAN_REMOVE; or PLAN_KEEP of one that was not to be looked at (`only`) */
        char *why;   /* the keys that changed, "build"; never NULL */
};

struct plan {
        struct plan_item *items; /* running plugins first, in their order, then the added ones */
        size_t count;
};

/* `only`: the one plugin that may be touched; NULL: all. Borrows what the arrays point to. */
void plan_make(struct plan *plan, const struct plan_running *running, size_t running_count,
               const struct plan_wanted *wanted, size_t wanted_count, const char *only);
void plan_clear(struct plan *plan);

/* How many items are not PLAN_KEEP. */
size_t plan_changes(const struct plan *plan);

/* "added", "removed", "swap", "hand-over", "scaled", "unchanged" */
const char *plan_action_name(enum plan_action action);

#endif
