#include "plugin/instance.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

#define INSTANCE_MAGIC 0x696e7374u

enum plugin_state plugin_instance_state(const struct plugin_instance *in)
{
        return (enum plugin_state)atomic_load_explicit(&in->state, memory_order_acquire);
}

static void enter(struct plugin_instance *in, enum plugin_state from, enum plugin_state to)
{
        assert(in->magic == INSTANCE_MAGIC);
        assert(plugin_instance_state(in) == from);
        (void)from;
        atomic_store_explicit(&in->state, to, memory_order_release);
}

struct plugin_instance *plugin_instance_new(const struct plugin_build *build, const struct config_value *settings,
                                            const char *file, const struct pawl_host *host, uint64_t generation,
                                            struct config_errors *errors)
{
        struct plugin_settings *checked = plugin_settings_check(&build->descriptor, settings, file, errors);
        struct plugin_instance *in;

        if (checked == NULL)
                return NULL;
        in = memory_zero(1, sizeof *in);
        in->public.host = host;
        in->magic = INSTANCE_MAGIC;
        atomic_init(&in->state, PLUGIN_CREATING);
        in->generation = generation;
        in->build = build;
        in->settings = checked;
        in->routes = plugin_routes_new(&build->descriptor);
        in->handlers = build->descriptor.handlers;
        in->handler_count = build->descriptor.plugin.handlers.count;
        return in;
}

bool plugin_instance_create(struct plugin_instance *in, struct pawl_error *err)
{
        const struct pawl_plugin *plugin = &in->build->descriptor.plugin;
        bool ok;

        assert(in->magic == INSTANCE_MAGIC && plugin_instance_state(in) == PLUGIN_CREATING);
        err->text[0] = '\0';
        if (plugin->create != NULL) {
                in->failure = err;
                ok = plugin->create(&in->public, &in->self);
                in->failure = NULL;
                if (!ok && err->text[0] == '\0')
                        error_set(err, "create failed, and the plugin did not say why");
                if (!ok)
                        return false;
        }
        err->text[0] = '\0'; /* a failure that create told and then got over */
        enter(in, PLUGIN_CREATING, PLUGIN_CREATED);
        return true;
}

void plugin_instance_start(struct plugin_instance *in)
{
        enter(in, PLUGIN_CREATED, PLUGIN_STARTED);
        if (in->build->descriptor.plugin.start != NULL)
                in->build->descriptor.plugin.start(in->self);
}

void plugin_instance_quiesce(struct plugin_instance *in)
{
        assert(plugin_instance_state(in) == PLUGIN_STARTED);
        /* What its own threads still publish while it quiesces is taken; afterwards nothing is. */
        if (in->build->descriptor.plugin.quiesce != NULL)
                in->build->descriptor.plugin.quiesce(in->self);
        enter(in, PLUGIN_STARTED, PLUGIN_QUIESCED);
}

void plugin_instance_stop(struct plugin_instance *in)
{
        assert(plugin_instance_state(in) == PLUGIN_QUIESCED);
        if (in->build->descriptor.plugin.stop != NULL)
                in->build->descriptor.plugin.stop(in->self);
        enter(in, PLUGIN_QUIESCED, PLUGIN_STOPPED);
}

void plugin_instance_free(struct plugin_instance **instance)
{
        struct plugin_instance *in = *instance;

        *instance = NULL;
        if (in == NULL)
                return;
        assert(in->magic == INSTANCE_MAGIC);
        if (plugin_instance_state(in) == PLUGIN_STARTED)
                plugin_instance_quiesce(in);
        if (plugin_instance_state(in) == PLUGIN_QUIESCED)
                plugin_instance_stop(in);
        if (plugin_instance_state(in) != PLUGIN_CREATING && in->build->descriptor.plugin.destroy != NULL)
                in->build->descriptor.plugin.destroy(in->self);
        atomic_store(&in->state, PLUGIN_DESTROYED);
        plugin_routes_free(&in->routes);
        plugin_settings_free(&in->settings);
        in->magic = 0;
        free(in);
}
