/*
 * A value of the configuration: a tree of scalars, lists and groups that knows where each part was written. It is how settings
 * travel from the files to the plugin that declared them, without anybody between knowing the file format. Immutable after it
 * was built; any thread may read. The root owns all below it.
 */
#ifndef PAWL_BASE_CONFIG_VALUE_H
#define PAWL_BASE_CONFIG_VALUE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_value_type {
        CONFIG_VALUE_BOOL,
        CONFIG_VALUE_INT,
        CONFIG_VALUE_FLOAT,
        CONFIG_VALUE_STRING,
        CONFIG_VALUE_LIST,  /* ( … ) and [ … ]: items without names */
        CONFIG_VALUE_GROUP, /* { … }: items with names, each once */
};

struct config_value {
        enum config_value_type type;
        char *name;       /* inside a group; else NULL */
        const char *file; /* where it was written; lives as long as the configuration it came from */
        int line;
        bool secret;  /* came from @file: or @env:; its text must not be shown, see config_value_describe */
        bool boolean; /* BOOL */
        int64_t integer;
        double number;              /* FLOAT; for INT the same value */
        char *text;                 /* STRING, NUL-terminated, UTF-8 */
        size_t text_len;            /* without the NUL; a secret may hold NULs, nothing else can */
        struct config_value *items; /* LIST, GROUP, in the order of the file */
        size_t item_count;
};

/* The member of that name of a group; NULL if there is none. */
const struct config_value *config_value_get(const struct config_value *group, const char *name);

/* Same types and contents; the places where they were written do not count, the order of a group's members neither. */
bool config_value_equal(const struct config_value *a, const struct config_value *b);

/* What was found, for an error's text: `string "abc"`, `integer 5`, `a secret`, `list of 3`. Long text is cut. Returns `out`. */
const char *config_value_describe(const struct config_value *v, char out[static 96]);

/* A duration ("30s") in ns, a size ("10MiB" or an integer of bytes); else false, with "expected …, found …" in err. */
bool config_value_duration(const struct config_value *v, int64_t *ns, struct pawl_error *err);
bool config_value_size(const struct config_value *v, int64_t *bytes, struct pawl_error *err);

/* Frees what the node owns, not the node itself (it may stand in its parent's array). */
void config_value_clear(struct config_value *v);

#endif
