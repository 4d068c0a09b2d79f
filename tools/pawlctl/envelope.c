#include "envelope.h"

#include "base/clock.h"
#include "base/text.h"
#include "common/catalogue.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void envelope_uuid(char out[static 37])
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

static const char *found(const json_t *value, char out[static 96])
{
        char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

        if (text == NULL)
                snprintf(out, 96, "nothing");
        else
                snprintf(out, 96, "%.80s%s", text, strlen(text) > 80 ? "…" : "");
        free(text);
        return out;
}

static bool mismatch(const char *name, const char *expected, const json_t *value, struct pawl_error *err)
{
        char text[96];

        return error_set(err, "%s: expected %s, found %s", name, expected, found(value, text));
}

/* -- the envelope's own members */

static bool is_uuid(const char *text)
{
        for (int i = 0; i < 36; i++) {
                bool dash = i == 8 || i == 13 || i == 18 || i == 23;

                if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
                        return false;
        }
        return text[36] == '\0';
}

/* ISO 8601 as producers write it: date, T or space, time, a fraction perhaps, Z or an offset or neither. */
static bool is_timestamp(const char *text)
{
        static const char shape[] = "dddd-dd-ddTdd:dd:dd";
        size_t i = 0;

        for (; shape[i] != '\0'; i++) {
                if (shape[i] == 'd' ? !isdigit((unsigned char)text[i])
                                    : text[i] != shape[i] && !(shape[i] == 'T' && text[i] == ' '))
                        return false;
        }
        if (text[i] == '.' || text[i] == ',') {
                if (!isdigit((unsigned char)text[++i]))
                        return false;
                while (isdigit((unsigned char)text[i]))
                        i++;
        }
        if (text[i] == '\0' || (text[i] == 'Z' && text[i + 1] == '\0'))
                return true;
        if (text[i] != '+' && text[i] != '-')
                return false;
        text += i + 1;
        return isdigit((unsigned char)text[0]) && isdigit((unsigned char)text[1]) &&
               (text[2] == '\0' || (text[2] == ':' && isdigit((unsigned char)text[3]) &&
                                    isdigit((unsigned char)text[4]) && text[5] == '\0'));
}

static void add_missing(json_t *missing, const json_t *event, const char *name, json_t *value)
{
        if (json_object_get(event, name) == NULL)
                json_object_set(missing, name, value);
        json_decref(value);
}

static json_t *uuid_json(const struct envelope_options *options)
{
        char id[37];

        options->uuid(id);
        return json_string(id);
}

/* The members of the envelope that the event lacks. */
static json_t *missing_members(const json_t *event, const struct envelope_options *options)
{
        json_t *missing = json_object();
        char now[CLOCK_TEXT_MAX];

        add_missing(missing, event, "event_id", uuid_json(options));
        add_missing(missing, event, "timestamp", json_string(clock_format(options->now, now)));
        add_missing(missing, event, "version", json_string("1.0"));
        add_missing(missing, event, "source", json_string("agregator-service"));
        add_missing(missing, event, "correlation_id", uuid_json(options));
        add_missing(missing, event, "metadata", json_object());
        return missing;
}

/* Adds members to an object's text without touching what stands there: a number keeps every digit that its author wrote. */
static void splice(struct buf *out, const char *text, size_t len, const json_t *missing)
{
        char *more = json_dumps(missing, JSON_COMPACT);

        while (len > 0 && text[len - 1] != '}')
                len--;
        while (len > 0 && isspace((unsigned char)*text)) {
                text++;
                len--;
        }
        buf_add(out, text, len);
        if (json_object_size(missing) > 0 && more != NULL) {
                out->len--;
                while (isspace((unsigned char)out->data[out->len - 1]))
                        out->len--;
                buf_add_char(out, ',');
                buf_add_text(out, more + 1);
        }
        free(more);
}

static bool check_envelope(const json_t *event, struct pawl_error *err)
{
        const json_t *id = json_object_get(event, "event_id"), *time = json_object_get(event, "timestamp");
        const json_t *correlation = json_object_get(event, "correlation_id");

        if (!json_is_string(id) || !is_uuid(json_string_value(id)))
                return mismatch("event_id", "a UUID", id, err);
        if (!json_is_string(time) || !is_timestamp(json_string_value(time)))
                return mismatch("timestamp", "a time in ISO 8601", time, err);
        if (!json_is_string(json_object_get(event, "version")))
                return mismatch("version", "a string", json_object_get(event, "version"), err);
        if (!json_is_string(json_object_get(event, "source")))
                return mismatch("source", "a string", json_object_get(event, "source"), err);
        if (!json_is_string(correlation) && !json_is_null(correlation))
                return mismatch("correlation_id", "a string or null", correlation, err);
        if (!json_is_object(json_object_get(event, "metadata")))
                return mismatch("metadata", "an object", json_object_get(event, "metadata"), err);
        return true;
}

/* -- the type's members */

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

static const char *nearest_type(const char *type)
{
        const struct catalogue_type *known;
        const char *best = NULL;

        for (size_t i = 0; (known = catalogue_at(i)) != NULL; i++)
                best = text_nearest(type, best, known->name);
        return best;
}

static bool check_type(const json_t *event, const char *type, struct pawl_error *err)
{
        const struct catalogue_type *known = catalogue_find(pawl_text(type));
        const char *nearest;
        char expected[128];

        if (known == NULL) {
                nearest = nearest_type(type);
                return error_set(
                    err, "event_type: \"%.100s\" is not in the catalogue%s%s%s (--any publishes it all the same)", type,
                    nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
                    nearest != NULL ? "?" : "");
        }
        for (const struct catalogue_field *field = known->fields; field->name != NULL; field++) {
                const json_t *value = json_object_get(event, field->name);

                if (!field->required && (value == NULL || json_is_null(value)))
                        continue;
                if (!fits(value, field)) {
                        mismatch(field->name, catalogue_expected(field, expected, sizeof expected), value, err);
                        return error_prefix(err, "%s", type);
                }
        }
        return true;
}

bool envelope_key(const json_t *event, char key[static ENVELOPE_KEY_MAX], struct pawl_error *err)
{
        static const char *const names[] = {"request_id", "user_id", "contractor_id", "event_id"};

        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                const json_t *value = json_object_get(event, names[i]);

                if (value == NULL || json_is_null(value))
                        continue;
                if (json_is_integer(value)) {
                        snprintf(key, ENVELOPE_KEY_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
                        return true;
                }
                if (!json_is_string(value) || json_string_length(value) == 0 ||
                    json_string_length(value) >= ENVELOPE_KEY_MAX)
                        return mismatch(names[i], "an integer or a short string, for it is the key", value, err);
                snprintf(key, ENVELOPE_KEY_MAX, "%s", json_string_value(value));
                return true;
        }
        return error_set(err, "expected one of request_id, user_id, contractor_id, event_id as the key, found none");
}

bool envelope_make(struct envelope *envelope, const char *text, size_t len, const struct envelope_options *options,
                   struct pawl_error *err)
{
        json_error_t why;
        json_t *in = NULL, *missing = NULL;
        const char *type;
        bool ok = false;

        *envelope = (struct envelope){0};
        if (!text_json_depth_ok(text, len, ENVELOPE_DEPTH))
                return error_set(err, "expected JSON nested at most %d deep", ENVELOPE_DEPTH);
        in = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
        if (in == NULL)
                return error_set(err, "expected a JSON object, found at line %d, column %d: %s", why.line, why.column,
                                 why.text);
        type = json_string_value(json_object_get(in, "event_type"));
        if (!json_is_object(in)) {
                error_set(err, "expected a JSON object, found another JSON value");
                goto out;
        }
        if (type == NULL || type[0] == '\0') {
                mismatch("event_type", "a string", json_object_get(in, "event_type"), err);
                goto out;
        }
        envelope->topic = options->topic != NULL ? options->topic : catalogue_topic(pawl_text(type));
        if (!options->any && !check_type(in, type, err))
                goto out;
        if (envelope->topic == NULL) {
                error_set(err, "event_type: \"%.100s\" belongs to no topic by its first word; name one with --topic",
                          type);
                goto out;
        }
        missing = missing_members(in, options);
        json_object_update_missing(in, missing);
        ok = check_envelope(in, err) && envelope_key(in, envelope->key, err);
        if (ok)
                splice(&envelope->value, text, len, missing);
out:
        json_decref(missing);
        json_decref(in);
        if (!ok)
                envelope_clear(envelope);
        return ok;
}

void envelope_clear(struct envelope *envelope)
{
        buf_free(&envelope->value);
        *envelope = (struct envelope){0};
}
