/*
 * Who gets a request and how urgent it is, as the settings say. Made in create, then read only; any thread.
 */
#ifndef WORKFLOW_RULES_H
#define WORKFLOW_RULES_H

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stdint.h>

struct rules;

/* The plugin's settings, for its descriptor. */
extern const struct pawl_setting rules_settings[4];

/* False after pawl_fail. */
bool rules_make(struct pawl_instance *instance, struct rules **rules);
void rules_free(struct rules **rules);

/* In whose name managers are assigned. */
int64_t rules_assigned_by(const struct rules *rules);

/*
 * The manager for a request of that region: one of the region's, always the same for the same request and settings; else the default
 * one, and *by_region is false. Regions are equal when their bytes are, apart from blanks around them.
 */
int64_t rules_manager(const struct rules *rules, struct pawl_str region, int64_t request_id, bool *by_region);

/* The priority for that urgency; absent where the settings have no row for it. Compared as regions are. */
struct pawl_str rules_priority(const struct rules *rules, struct pawl_str urgency);

#endif
