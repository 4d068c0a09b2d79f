#include "common/event_text.h"

#include "common/catalogue.h"
#include "common/cut.h"
#include "common/iso_time.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SHOWN 80 /* bytes of what was found */

void event_text_uuid(char out[37])
{
        unsigned char b[16];

        /* getrandom of few bytes fails only before the system's pool is filled. */
        if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
                abort();
        b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
        b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
        snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
                 b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

/* ---- Faults ---- */

static bool add_fault(json_t *faults, const char *field, const char *expected, const char *found)
{
        struct pawl_str shown = cut(pawl_text(found), SHOWN);
        json_t *text = json_sprintf("%.*s%s", (int)shown.len, found, found[shown.len] != '\0' ? "…" : "");

        if (text == NULL)
                text = json_string("bytes that are not UTF-8");
        json_array_append_new(faults,
                              json_pack("{s:s*, s:s, s:o}", "field", field, "expected", expected, "found", text));
        return false;
}

static bool mismatch(json_t *faults, const char *field, const char *expected, const json_t *value)
{
        char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

        add_fault(faults, field, expected, text != NULL ? text : "nothing");
        free(text);
        return false;
}

/* ---- The envelope's own members ---- */

static bool is_uuid(const char *text)
{
        for (int i = 0; i < 36; i++) {
                bool dash = i == 8 || i == 13 || i == 18 || i == 23;

                if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
                        return false;
        }
        return text[36] == '\0';
}

static bool is_timestamp(const char *text)
{
        int64_t time;

        return strlen(text) >= sizeof "2026-11-22T10:00:00" - 1 && iso_time_parse(pawl_text(text), &time);
}

static void add_missing(json_t *missing, const json_t *event, const char *name, json_t *value)
{
        if (json_object_get(event, name) == NULL)
                json_object_set(missing, name, value);
        json_decref(value);
}

static json_t *id_json(const struct event_text_options *options, const char *given)
{
        char id[37];

        if (given != NULL)
                return json_string(given);
        options->uuid(id);
        return json_string(id);
}

/* The members of the envelope that the event lacks. */
static json_t *missing_members(const json_t *event, const struct event_text_options *options)
{
        json_t *missing = json_object();
        char now[ISO_TIME_SIZE];

        add_missing(missing, event, "event_id", id_json(options, options->event_id));
        add_missing(missing, event, "timestamp", json_string(iso_time_format(options->now, now)));
        add_missing(missing, event, "version", json_string("1.0"));
        add_missing(missing, event, "source", json_string("agregator-service"));
        add_missing(missing, event, "correlation_id", id_json(options, options->correlation_id));
        add_missing(missing, event, "metadata", json_object());
        return missing;
}

static bool check_envelope(const json_t *event, json_t *faults)
{
        const json_t *id = json_object_get(event, "event_id"), *time = json_object_get(event, "timestamp");
        const json_t *correlation = json_object_get(event, "correlation_id");
        bool ok = true;

        if (!json_is_string(id) || !is_uuid(json_string_value(id)))
                ok = mismatch(faults, "event_id", "a UUID", id);
        if (!json_is_string(time) || !is_timestamp(json_string_value(time)))
                ok = mismatch(faults, "timestamp", "a time in ISO 8601", time);
        if (!json_is_string(json_object_get(event, "version")))
                ok = mismatch(faults, "version", "a string", json_object_get(event, "version"));
        if (!json_is_string(json_object_get(event, "source")))
                ok = mismatch(faults, "source", "a string", json_object_get(event, "source"));
        if (!json_is_string(correlation) && !json_is_null(correlation))
                ok = mismatch(faults, "correlation_id", "a string or null", correlation);
        if (!json_is_object(json_object_get(event, "metadata")))
                ok = mismatch(faults, "metadata", "an object", json_object_get(event, "metadata"));
        return ok;
}

/* ---- The type's members ---- */

static bool all_are(const json_t *array, json_type type)
{
        size_t i;
        const json_t *item;

        json_array_foreach(array, i, item) if (json_typeof(item) != type) return false;
        return json_is_array(array);
}

static bool all_are_ids(const json_t *array)
{
        size_t i;
        const json_t *item;

        json_array_foreach(array, i, item) if (!json_is_integer(item) || json_integer_value(item) < 0) return false;
        return json_is_array(array);
}

static bool fits(const json_t *value, const struct catalogue_field *field)
{
        switch (field->kind) {
        case KIND_ID:
                return json_is_integer(value) && json_integer_value(value) >= 0;
        case KIND_NUMBER:
                return json_is_number(value);
        case KIND_STRING:
                return json_is_string(value);
        case KIND_CHOICE:
                return json_is_string(value) &&
                       catalogue_is_choice(field->choices,
                                           pawl_bytes(json_string_value(value), json_string_length(value)));
        case KIND_BOOL:
                return json_is_boolean(value);
        case KIND_OBJECT:
                return json_is_object(value);
        case KIND_IDS:
                return all_are_ids(value);
        case KIND_STRINGS:
                return all_are(value, JSON_STRING);
        }
        return false;
}

static bool check_type(const json_t *event, const char *name, json_t *faults)
{
        const struct catalogue_type *type = catalogue_find(pawl_text(name));
        char expected[160];
        bool ok = true;

        if (type == NULL) {
                const char *nearest = catalogue_nearest(name);

                snprintf(expected, sizeof expected, "a type of the catalogue%s%s", nearest ? ", perhaps " : "",
                         nearest ? nearest : "");
                return mismatch(faults, "event_type", expected, json_object_get(event, "event_type"));
        }
        for (const struct catalogue_field *field = type->fields; field->name != NULL; field++) {
                const json_t *value = json_object_get(event, field->name);

                if (!field->required && (value == NULL || json_is_null(value)))
                        continue;
                if (!fits(value, field))
                        ok = mismatch(faults, field->name, catalogue_expected(field, expected, sizeof expected), value);
        }
        return ok;
}

/* ---- The key ---- */

/* The first of the four members that is there; NULL: it has none of them. */
static const json_t *find_key(const json_t *event, const char **name)
{
        static const char *const names[] = {"request_id", "user_id", "contractor_id", "event_id"};

        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                const json_t *value = json_object_get(event, names[i]);

                *name = names[i];
                if (value != NULL && !json_is_null(value))
                        return value;
        }
        return NULL;
}

static bool choose_key(struct event_text *out, const json_t *event, json_t *faults)
{
        const char *name;
        const json_t *value = find_key(event, &name);

        if (json_is_integer(value)) {
                snprintf(out->key, sizeof out->key, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
                return true;
        }
        if (!json_is_string(value) || json_string_length(value) == 0 || json_string_length(value) >= EVENT_KEY_MAX ||
            strlen(json_string_value(value)) != json_string_length(value))
                return mismatch(faults, name, "an integer or a short string, for it is the key", value);
        snprintf(out->key, sizeof out->key, "%s", json_string_value(value));
        return true;
}

/* ---- The whole ---- */

/* Before it is parsed: the parser's own depth is the stack's. */
static bool depth_fits(const char *text, size_t len)
{
        unsigned depth = 0;
        bool in_string = false;

        for (size_t i = 0; i < len && depth <= EVENT_TEXT_DEPTH; i++) {
                if (in_string && text[i] == '\\')
                        i++;
                else if (text[i] == '"')
                        in_string = !in_string;
                else if (!in_string && (text[i] == '{' || text[i] == '['))
                        depth++;
                else if (!in_string && (text[i] == '}' || text[i] == ']') && depth > 0)
                        depth--;
        }
        return depth <= EVENT_TEXT_DEPTH;
}

static json_t *parse(const char *text, size_t len, json_t *faults)
{
        json_error_t why;
        json_t *event = NULL;
        char found[sizeof why.text + 64];

        if (!depth_fits(text, len)) {
                add_fault(faults, NULL, "JSON nested at most 64 deep", "deeper");
                return NULL;
        }
        event = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
        if (event == NULL) {
                snprintf(found, sizeof found, "at line %d, column %d: %s", why.line, why.column, why.text);
                add_fault(faults, NULL, "a JSON object", found);
        } else if (!json_is_object(event)) {
                add_fault(faults, NULL, "a JSON object", "another JSON value");
                json_decref(event);
                event = NULL;
        }
        return event;
}

/* Adds members to an object's text without touching what stands there: a number keeps every digit that its author wrote. */
static bool splice(struct event_text *out, const char *text, size_t len, const json_t *missing)
{
        char *more = json_dumps(missing, JSON_COMPACT);

        while (len > 0 && text[len - 1] != '}')
                len--;
        while (len > 0 && isspace((unsigned char)*text)) {
                text++;
                len--;
        }
        if (more != NULL && json_object_size(missing) > 0) {
                len--; /* the closing brace, and what stands before it */
                while (isspace((unsigned char)text[len - 1]))
                        len--;
                more[0] = text[len - 1] == '{' ? ' ' : ',';
        } else if (more != NULL) {
                more[0] = '\0';
        }
        out->len = len + (more != NULL ? strlen(more) : 0);
        out->value = more != NULL ? malloc(out->len + 1) : NULL;
        if (out->value != NULL) {
                memcpy(out->value, text, len);
                memcpy(out->value + len, more, out->len - len + 1);
        }
        free(more);
        return out->value != NULL;
}

static void note_ids(struct event_text *out, const json_t *event, const char *type)
{
        const char *correlation = json_string_value(json_object_get(event, "correlation_id"));

        snprintf(out->type, sizeof out->type, "%s", type);
        snprintf(out->event_id, sizeof out->event_id, "%s", json_string_value(json_object_get(event, "event_id")));
        if (correlation != NULL && is_uuid(correlation))
                snprintf(out->correlation_id, sizeof out->correlation_id, "%s", correlation);
}

static bool choose_topic(struct event_text *out, const char *type, const struct event_text_options *options,
                         json_t *faults)
{
        out->topic = options->topic != NULL ? options->topic : catalogue_topic(pawl_text(type));
        return out->topic != NULL || json_array_size(faults) > 0 ||
               add_fault(faults, "event_type", "a type whose first word is that of a topic", type);
}

bool event_text_make(struct event_text *out, const char *text, size_t len, const struct event_text_options *options,
                     json_t *faults)
{
        size_t before = json_array_size(faults);
        json_t *event = parse(text, len, faults), *missing = NULL;
        const char *type = json_string_value(json_object_get(event, "event_type"));

        *out = (struct event_text){0};
        if (event == NULL)
                return false;
        missing = missing_members(event, options);
        json_object_update_missing(event, missing);
        if (type == NULL || type[0] == '\0') {
                mismatch(faults, "event_type", "a string", json_object_get(event, "event_type"));
        } else {
                if (!options->any)
                        check_type(event, type, faults);
                choose_topic(out, type, options, faults);
        }
        if (check_envelope(event, faults) && json_array_size(faults) == before && choose_key(out, event, faults)) {
                note_ids(out, event, type);
                if (!splice(out, text, len, missing))
                        add_fault(faults, NULL, "memory", "none");
        }
        json_decref(missing);
        json_decref(event);
        return json_array_size(faults) == before;
}

void event_text_clear(struct event_text *event)
{
        free(event->value);
        *event = (struct event_text){0};
}
