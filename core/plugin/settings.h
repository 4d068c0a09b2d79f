/*
 * A plugin's settings: the configuration's tree held against the schema that the plugin declared. Every problem is reported with
 * file and line, not only the first. The result is immutable and complete with its defaults; any thread may read it.
 */
#ifndef PAWL_PLUGIN_SETTINGS_H
#define PAWL_PLUGIN_SETTINGS_H

#include "base/config_errors.h"
#include "base/config_value.h"
#include "plugin/descriptor.h"
#include "plugin/value.h"

struct plugin_settings;

/*
 * `settings`: a group, or NULL for none. `file`: the plugin's configuration file, for what is missing and for relative paths
 * (made absolute from its folder). NULL when there was any error.
 */
struct plugin_settings *plugin_settings_check(const struct plugin_descriptor *d, const struct config_value *settings,
                                              const char *file, struct config_errors *errors);
void plugin_settings_free(struct plugin_settings **settings);

/* The table of all settings; a member is missing where the setting has neither value nor default. */
const struct pawl_value *plugin_settings_root(const struct plugin_settings *settings);

#endif
