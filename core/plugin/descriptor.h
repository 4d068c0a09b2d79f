/*
 * What a plugin says of itself, checked from top to bottom and then read only through here. A plugin's structs may be shorter
 * (an older minor) or longer than this host's: items are copied out of its arrays, and what it does not have is zero.
 * Immutable; any thread. Its strings and functions are the plugin's static storage, which is never unmapped.
 */
#ifndef PAWL_PLUGIN_DESCRIPTOR_H
#define PAWL_PLUGIN_DESCRIPTOR_H

#include "base/error.h"

#include <pawl/plugin.h>

#define PLUGIN_HANDLERS_MAX 1024
#define PLUGIN_SETTINGS_MAX 1024
#define PLUGIN_DEPTH_MAX    8 /* of nested tables of settings */
#define PLUGIN_NAME_LEN_MAX 64

struct plugin_descriptor {
        struct pawl_plugin plugin;     /* a copy; its arrays still lead into the plugin */
        struct pawl_handler *handlers; /* copies, plugin.handlers.count of them */
};

/* Checks the whole of it; on false nothing is kept and `err` names the entry, what was expected and found. */
bool plugin_descriptor_read(struct plugin_descriptor *d, const struct pawl_plugin *plugin, struct pawl_error *err);
void plugin_descriptor_clear(struct plugin_descriptor *d);

/* Copies item `index` of an array (already checked) to `out`, a struct of `size` bytes; what the item lacks is zero. */
void plugin_item(const struct pawl_array *array, uint32_t index, void *out, size_t size);

/* For the checks: pointer, count, stride and each item's size. `smallest`: the item's size in version 1.0. */
bool plugin_array_check(const struct pawl_array *array, const char *what, size_t smallest, uint32_t most,
                        struct pawl_error *err);

/* The checks of settings' schemas, a part of plugin_descriptor_read (descriptor_schema.c). */
bool plugin_schema_check(const struct pawl_array *settings, unsigned depth, struct pawl_error *err);

/* [a-z][a-z0-9_]*, at most PLUGIN_NAME_LEN_MAX bytes. */
bool plugin_name_valid(struct pawl_str name);

/* The need that the configuration's sockets (`listen`) leave unmet, all of them in `err`; true when there is none. A topic
 * that is needed is not looked for: the first write to one that is missing says so. */
bool plugin_needs_check(const struct plugin_descriptor *d, const char *const *sockets, size_t socket_count,
                        struct pawl_error *err);

#endif
