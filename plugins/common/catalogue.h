/*
 * The catalogue of event types: which members each has, of which kind, which of them it must have. The contract with existing producers,
 * as one table, from which everything that must know it derives: handlers check their events by it (fields.h), the gateway and
 * pawlctl what they publish. Constant; any thread.
 */
#ifndef PLUGINS_COMMON_CATALOGUE_H
#define PLUGINS_COMMON_CATALOGUE_H

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>

enum catalogue_kind {
        KIND_ID, /* an integer of 0 or more: of a request, a person; also a count */
        KIND_NUMBER,
        KIND_STRING,
        KIND_CHOICE, /* a string, one of `choices` */
        KIND_BOOL,
        KIND_OBJECT,
        KIND_IDS,
        KIND_STRINGS,
};

struct catalogue_field {
        const char *name;
        enum catalogue_kind kind;
        bool required; /* else it may be missing or null: existing producers write null for what they do not know */
        const char *default_text; /* JSON; NULL: none */
        const char *choices;      /* "a|b|c" of KIND_CHOICE */
};

#define CATALOGUE_FIELDS_MAX 12

struct catalogue_type {
        const char *name;
        const char *summary;                                 /* what happened, in a few words */
        struct catalogue_field fields[CATALOGUE_FIELDS_MAX]; /* the last has no name */
};

/* The types in the catalogue's order; NULL past the last one. */
const struct catalogue_type *catalogue_at(size_t index);

/* NULL: no such type. */
const struct catalogue_type *catalogue_find(struct pawl_str type);

/* The known type nearest to an unknown one; NULL if none is near. */
const char *catalogue_nearest(const char *type);

/* The topic of a type, by its first word: "request.created" to "request-events". NULL for a first word that has no topic. */
const char *catalogue_topic(struct pawl_str type);

/* "an integer of 0 or more", "one of email, telegram, sms": behind "expected ". Returns `out`. */
const char *catalogue_expected(const struct catalogue_field *field, char *out, size_t size);

/* Whether `text` is one of "a|b|c". */
bool catalogue_is_choice(const char *choices, struct pawl_str text);

#endif
