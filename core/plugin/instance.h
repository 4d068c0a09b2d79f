/*
 * An instance: one generation of a plugin, made of a build, its checked settings and what its `create` returned. Its life:
 *
 *     plugin_instance_create → start → (handlers, ticks, commands) → quiesce → stop → destroy
 *
 * each step once, in this order, on the main thread (asserted); destroy may follow any of them. The worker sees to it that
 * nothing of the plugin runs any more when it calls stop (handlers) and destroy (everything).
 */
#ifndef PAWL_PLUGIN_INSTANCE_H
#define PAWL_PLUGIN_INSTANCE_H

#include "base/config_errors.h"
#include "base/config_value.h"
#include "plugin/build.h"
#include "plugin/route.h"
#include "plugin/settings.h"

#include <stdatomic.h>

enum plugin_state {
        PLUGIN_CREATING,
        PLUGIN_CREATED,
        PLUGIN_STARTED,
        PLUGIN_QUIESCED,
        PLUGIN_STOPPED,
        PLUGIN_DESTROYED
};

struct plugin_instance {
        struct pawl_instance public; /* first: what the plugin holds is a pointer to this */
        uint32_t magic;
        _Atomic uint32_t state; /* enum plugin_state; written by the main thread */
        uint64_t generation;
        const struct plugin_build *build;
        struct plugin_settings *settings;
        struct plugin_routes *routes;
        const struct pawl_handler *handlers; /* of the build's descriptor */
        uint32_t handler_count;
        void *self;
        _Atomic size_t publishing;  /* the host's count of what it published and is not over yet */
        void *host_data;            /* the host's (worker/api.h), not the plugin room's */
        struct pawl_error *failure; /* pawl_fail writes here; NULL outside create */
};

static inline struct plugin_instance *plugin_instance_of(struct pawl_instance *public)
{
        return (struct plugin_instance *)public;
}

/*
 * A half-made instance without calling the plugin: settings are checked, routes are built. NULL: every problem is in `errors`.
 * The caller sets host_data before plugin_instance_create.
 */
struct plugin_instance *plugin_instance_new(const struct plugin_build *build, const struct config_value *settings,
                                            const char *file, const struct pawl_host *host, uint64_t generation,
                                            struct config_errors *errors);

/* Calls `create`. False: `err` has the plugin's words; only plugin_instance_free is left to call. */
bool plugin_instance_create(struct plugin_instance *in, struct pawl_error *err);
void plugin_instance_start(struct plugin_instance *in);
void plugin_instance_quiesce(struct plugin_instance *in);
void plugin_instance_stop(struct plugin_instance *in);

/* Goes through what is left of the life (quiesce and stop if it was started, destroy if it was created) and frees it. */
void plugin_instance_free(struct plugin_instance **in);

enum plugin_state plugin_instance_state(const struct plugin_instance *in);

#endif
