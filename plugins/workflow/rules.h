/*
 * Who gets a request, how urgent it is, and how long it may stand in a state, as the settings say. Made in create, then read only; any thread.
 *
 * Regions, urgencies and equipment are equal when their bytes are, apart from blanks around them.
 */
#ifndef WORKFLOW_RULES_H
#define WORKFLOW_RULES_H

#include "common/states.h"

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stdint.h>

struct rules;

/* The plugin's settings, for its descriptor. */
extern const struct pawl_setting rules_settings[10];

/* False after pawl_fail. */
bool rules_make(struct pawl_instance *instance, struct rules **rules);
void rules_free(struct rules **rules);

/* In whose name managers are assigned. */
int64_t rules_assigned_by(const struct rules *rules);

/* ---- Managers ---- */

/* How many managers a region has; 0: it is none of the settings'. */
uint32_t rules_manager_count(const struct rules *rules, struct pawl_str region);
int64_t rules_manager_at(const struct rules *rules, struct pawl_str region, uint32_t index);
int64_t rules_default_manager(const struct rules *rules);

/* Who gets a region's requests whose manager missed a deadline; -1: nobody does. */
int64_t rules_escalation_manager(const struct rules *rules, struct pawl_str region);

/* Is he away at that moment, by the days of his absence in UTC? */
bool rules_absent(const struct rules *rules, int64_t manager_id, int64_t at);

/* How many requests he can have in hand and still be given another is one more than this; INT64_MAX: any number. */
int64_t rules_capacity(const struct rules *rules, int64_t manager_id);

/* ---- Priorities ---- */

/*
 * The settings' for the urgency; without a row `own`, or "normal" where that is absent; raised to what the equipment (may be absent) needs.
 */
struct pawl_str rules_priority(const struct rules *rules, struct pawl_str urgency, struct pawl_str equipment,
                               struct pawl_str own);

/* ---- Deadlines ---- */

/* How long a request may stand in that state; 0: as long as it likes. */
int64_t rules_deadline(const struct rules *rules, enum state state);

/* How long, at most, the deadline of an event that was handled late is still given, so that what answers it may be handled too. */
int64_t rules_deadline_grace(const struct rules *rules);

#endif
