/*
 * One scalar setting: from text or from the configuration to a value, and its range. For the plugin room's own files.
 */
#ifndef PAWL_PLUGIN_SCALAR_H
#define PAWL_PLUGIN_SCALAR_H

#include "base/config_value.h"
#include "base/error.h"
#include "plugin/value.h"

/* A parsed range. Of integers, durations (ns) and sizes (bytes) by themselves; of strings and lists: their length. */
struct scalar_range {
        bool has_min;
        bool has_max;
        bool of_numbers; /* fmin, fmax count */
        int64_t min;
        int64_t max;
        double fmin;
        double fmax;
        struct pawl_str choices; /* "a|b|c"; absent: none */
};

bool scalar_type(uint32_t type);

/* "true or false", "an integer", `a duration such as "30s"` …; of lists and tables too. */
const char *scalar_type_name(uint32_t type);

/* `text` here and below is followed by a NUL and has none inside. An absent or empty one is any value; choices point into it. */
bool scalar_range_parse(uint32_t type, struct pawl_str text, struct scalar_range *range, struct pawl_error *err);

bool scalar_range_holds(const struct scalar_range *range, const struct pawl_value *value);

/* From text as in a default. Strings keep pointing to the text. */
bool scalar_from_text(uint32_t type, struct pawl_str text, struct pawl_value *out, struct pawl_error *err);

/* From the configuration. Strings keep pointing into it; a path is as written. `err`: "expected …, found …". */
bool scalar_from_config(uint32_t type, const struct config_value *value, struct pawl_value *out,
                        struct pawl_error *err);

#endif
