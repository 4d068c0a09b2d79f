/*
 * A checked setting, as plugins see it through the contract: immutable, complete with its defaults. The tree is one block of
 * memory that lives as long as its plugin_settings. Any thread. All functions take NULL.
 */
#ifndef PAWL_PLUGIN_VALUE_H
#define PAWL_PLUGIN_VALUE_H

#include <pawl/plugin.h>

struct pawl_value {
        uint32_t type; /* PAWL_TYPE_… as declared */
        uint32_t count;
        int64_t integer; /* BOOL, INT, DURATION, SIZE */
        double number;   /* NUMBER; for the integers the same value */
        struct pawl_str string;
        struct pawl_str name;           /* inside a table; else absent */
        const struct pawl_value *items; /* LIST, TABLE */
};

uint32_t plugin_value_type(const struct pawl_value *value);
int64_t plugin_value_int(const struct pawl_value *value);
double plugin_value_double(const struct pawl_value *value);
struct pawl_str plugin_value_string(const struct pawl_value *value);
uint32_t plugin_value_count(const struct pawl_value *value);
const struct pawl_value *plugin_value_at(const struct pawl_value *value, uint32_t index, struct pawl_str *name);
const struct pawl_value *plugin_value_member(const struct pawl_value *value, struct pawl_str name);

#endif
