/*
 * The plugin's settings: what must be verified, by whom, for how long it counts. Read once in create, constant from then on;
 * any thread.
 */
#ifndef SECURITY_POLICY_H
#define SECURITY_POLICY_H

#include "verification.h"

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stdint.h>

struct policy {
        bool required[TYPE_COUNT];    /* all of these must be approved */
        bool manager[TYPE_COUNT];     /* these are the manager's to decide; the others are security's */
        int64_t validity[TYPE_COUNT]; /* how long an approval counts; 0: for ever */
        int64_t user;                 /* in whose name the plugin decides */
        int64_t wait;                 /* how long an assignment waits for a verification that is not known yet */
};

extern const struct pawl_setting policy_settings[5];

/* False after pawl_fail. */
bool policy_read(struct pawl_instance *instance, struct policy *policy);

#endif
