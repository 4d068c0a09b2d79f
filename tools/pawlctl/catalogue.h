/*
 * The catalogue of event types: which members each has, which of them it must have. The contract with existing producers, as
 * one table.
 */
#ifndef PAWL_TOOLS_CATALOGUE_H
#define PAWL_TOOLS_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

enum catalogue_kind { KIND_INT, KIND_NUMBER, KIND_STRING, KIND_BOOL, KIND_OBJECT, KIND_INTS, KIND_STRINGS };

struct catalogue_field {
        const char *name;
        enum catalogue_kind kind;
        bool required;
};

#define CATALOGUE_FIELDS_MAX 12

struct catalogue_type {
        const char *name;
        struct catalogue_field fields[CATALOGUE_FIELDS_MAX]; /* the last has no name */
};

/* NULL: no such type. */
const struct catalogue_type *catalogue_find(const char *type);

/* The known type nearest to an unknown one; NULL if none is near. */
const char *catalogue_nearest(const char *type);

/* The topic of a type, by its first word: "request.created" to "request-events". NULL for a first word that has no topic. */
const char *catalogue_topic(const char *type);

/* "an integer", … */
const char *catalogue_kind_name(enum catalogue_kind kind);

#endif
