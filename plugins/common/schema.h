/*
 * What the catalogue says of an event, as JSON Schema 2020-12 and as examples. One thread at a time for each document; the trees are the
 * caller's.
 */
#ifndef PLUGINS_COMMON_SCHEMA_H
#define PLUGINS_COMMON_SCHEMA_H

#include "common/catalogue.h"

#include <jansson.h>

#define SCHEMA_ON_BUS 1 /* as it stands in its topic: event_id and timestamp are there */
#define SCHEMA_TO_BUS 2 /* as it may be given to who publishes it and fills in what the envelope lacks */

/* The schema of a type's events, without "$schema" and "$id". Unknown members are allowed. */
json_t *schema_type(const struct catalogue_type *type, int which);

/* An event of that type which fits its schema, complete (all members) or with the required ones only; always the same. */
json_t *schema_sample(const struct catalogue_type *type, bool complete);

#endif
