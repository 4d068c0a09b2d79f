#include "base/memory.h"
#include "base/text.h"
#include "config/room.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *field(const struct config_key *key, void *target)
{
        return (char *)target + key->offset;
}

static bool unexpected(struct config_reading *r, const struct config_key *key, const struct config_value *v,
                       const char *expected)
{
        char found[96];

        return config_error(r->errors, v->file, v->line, "%s: expected %s, found %s", key->name, expected,
                            config_value_describe(v, found));
}

static const char *format_bound(const struct config_key *key, int64_t value, char out[static 32])
{
        if (key->type == CONFIG_KEY_DURATION)
                return text_format_duration(value, out);
        if (key->type == CONFIG_KEY_SIZE)
                return text_format_size(value, out);
        snprintf(out, 32, "%" PRId64, value);
        return out;
}

static bool read_number(struct config_reading *r, const struct config_key *key, int64_t *to,
                        const struct config_value *v)
{
        static const char *const names[] = {
            [CONFIG_KEY_INT] = "an integer", [CONFIG_KEY_DURATION] = "a duration", [CONFIG_KEY_SIZE] = "a size"};
        char low[32], high[32], expected[128];
        struct pawl_error err;
        int64_t value = 0;
        bool ok = true;

        if (key->type == CONFIG_KEY_INT && v->type != CONFIG_VALUE_INT)
                ok = false;
        else if (key->type == CONFIG_KEY_INT)
                value = v->integer;
        else if (key->type == CONFIG_KEY_DURATION)
                ok = config_value_duration(v, &value, &err);
        else
                ok = config_value_size(v, &value, &err);
        if (!ok && key->type != CONFIG_KEY_INT)
                return config_error(r->errors, v->file, v->line, "%s: %s", key->name, err.text);
        if (!ok || value < key->min || value > key->max) {
                snprintf(expected, sizeof expected, "%s from %s to %s", names[key->type],
                         format_bound(key, key->min, low), format_bound(key, key->max, high));
                return unexpected(r, key, v, expected);
        }
        *to = value;
        return true;
}

/* The place of `text` in "a|b|c"; -1 if it is none of them. */
static int choice(const char *choices, const char *text)
{
        size_t len = strlen(text);

        for (int i = 0; len > 0; i++) {
                size_t n = strcspn(choices, "|");

                if (n == len && strncmp(choices, text, n) == 0)
                        return i;
                if (choices[n] == '\0')
                        break;
                choices += n + 1;
        }
        return -1;
}

static bool read_choice(struct config_reading *r, const struct config_key *key, int64_t *to,
                        const struct config_value *v)
{
        int place = v->type == CONFIG_VALUE_STRING && !v->secret ? choice(key->choices, v->text) : -1;
        struct buf expected = {0};

        if (place >= 0) {
                *to = place;
                return true;
        }
        buf_add_text(&expected, strchr(key->choices, '|') ? "one of \"" : "\"");
        for (const char *c = key->choices; *c != '\0'; c++)
                buf_add_text(&expected, *c == '|' ? "\", \"" : (const char[]){*c, '\0'});
        buf_add_char(&expected, '"');
        unexpected(r, key, v, expected.data);
        buf_free(&expected);
        return false;
}

static bool read_text(struct config_reading *r, const struct config_key *key, char **to, const struct config_value *v)
{
        if (v->type != CONFIG_VALUE_STRING || v->secret || v->text_len == 0)
                return unexpected(r, key, v, key->type == CONFIG_KEY_PATH ? "a path" : "a string that is not empty");
        free(*to);
        *to = key->type == CONFIG_KEY_PATH ? config_bundle_path(r->bundle, v->file, v->text) : memory_string(v->text);
        return true;
}

bool config_read_key(struct config_reading *r, const struct config_key *key, void *target, const struct config_value *v)
{
        switch (key->type) {
        case CONFIG_KEY_BOOL:
                if (v->type != CONFIG_VALUE_BOOL)
                        return unexpected(r, key, v, "true or false");
                *(bool *)field(key, target) = v->boolean;
                return true;
        case CONFIG_KEY_INT:
        case CONFIG_KEY_DURATION:
        case CONFIG_KEY_SIZE:
                return read_number(r, key, field(key, target), v);
        case CONFIG_KEY_STRING:
        case CONFIG_KEY_PATH:
                return read_text(r, key, field(key, target), v);
        case CONFIG_KEY_CHOICE:
                return read_choice(r, key, field(key, target), v);
        case CONFIG_KEY_CUSTOM:
                return key->read(r, target, v);
        }
        return false;
}

const char *config_plain_string(struct config_reading *r, const struct config_value *v, const char *what)
{
        char found[96];

        if (v->type == CONFIG_VALUE_STRING && !v->secret && v->text_len > 0)
                return v->text;
        config_error(r->errors, v->file, v->line, "%s: expected a string that is not empty, found %s", what,
                     config_value_describe(v, found));
        return NULL;
}

/* Defaults are written as a person would, and go the same way: a default that its own row refuses is our bug. */
void config_defaults(struct config_reading *r, const struct config_table *table, void *target, const char *file)
{
        for (const struct config_key *key = table->keys; key->name != NULL; key++) {
                struct config_value v = {.type = CONFIG_VALUE_STRING, .file = file};
                bool ok;

                if (key->default_value == NULL)
                        continue;
                v.text = memory_string(key->default_value);
                v.text_len = strlen(v.text);
                if (key->type == CONFIG_KEY_BOOL) {
                        v.type = CONFIG_VALUE_BOOL;
                        v.boolean = strcmp(v.text, "true") == 0;
                } else if (key->type == CONFIG_KEY_INT) {
                        v.type = CONFIG_VALUE_INT;
                        v.integer = strtoll(v.text, NULL, 10);
                }
                ok = config_read_key(r, key, target, &v);
                assert(ok);
                (void)ok;
                free(v.text);
        }
}

/* What stands behind `prefix` in a key's name up to the next dot; false if the key is not below it. */
static bool below(const char *name, const char *prefix, char part[static 64])
{
        size_t len = strlen(prefix), n;

        if (strncmp(name, prefix, len) != 0)
                return false;
        n = strcspn(name + len, ".");
        snprintf(part, 64, "%.*s", (int)n, name + len);
        return true;
}

static void unknown_key(struct config_reading *r, const struct config_table *table, const char *prefix,
                        const struct config_value *v)
{
        char part[64], best[64] = "";

        for (const struct config_key *key = table->keys; key->name != NULL; key++)
                if (below(key->name, prefix, part) && text_nearest(v->name, best[0] ? best : NULL, part) == part)
                        memcpy(best, part, sizeof best);
        if (best[0] != '\0')
                config_error(r->errors, v->file, v->line, "unknown key \"%s%s\": did you mean \"%s%s\"?", prefix,
                             v->name, prefix, best);
        else
                config_error(r->errors, v->file, v->line, "unknown key \"%s%s\"", prefix, v->name);
}

static void read_members(struct config_reading *r, const struct config_table *table, void *target,
                         const struct config_value *group, const char *prefix)
{
        for (size_t i = 0; i < group->item_count; i++) {
                const struct config_value *v = &group->items[i];
                const struct config_key *key;
                char *name = memory_printf("%s%s", prefix, v->name), *sub = memory_printf("%s.", name);
                bool is_group = false;
                char found[96];

                for (key = table->keys; key->name != NULL && strcmp(key->name, name) != 0; key++)
                        is_group = is_group || strncmp(key->name, sub, strlen(sub)) == 0;
                if (key->name != NULL)
                        config_read_key(r, key, target, v);
                else if (!is_group)
                        unknown_key(r, table, prefix, v);
                else if (v->type != CONFIG_VALUE_GROUP)
                        config_error(r->errors, v->file, v->line, "%s: expected a group { … }, found %s", name,
                                     config_value_describe(v, found));
                else
                        read_members(r, table, target, v, sub);
                free(name);
                free(sub);
        }
}

void config_read_group(struct config_reading *r, const struct config_table *table, void *target,
                       const struct config_value *group)
{
        read_members(r, table, target, group, "");
}

void config_clear(const struct config_table *table, void *target)
{
        for (const struct config_key *key = table->keys; key->name != NULL; key++)
                if (key->type == CONFIG_KEY_STRING || key->type == CONFIG_KEY_PATH) {
                        char **text = field(key, target);

                        free(*text);
                        *text = NULL;
                }
}

bool config_address_parse(const char *text, char **host, int *port)
{
        const char *colon = strrchr(text, ':'), *end = colon;
        const char *begin = text;
        char *stop;
        long number;

        if (colon == NULL || colon == text || colon[1] < '0' || colon[1] > '9')
                return false;
        number = strtol(colon + 1, &stop, 10);
        if (*stop != '\0' || number > 65535)
                return false;
        if (*begin == '[') {
                if (colon[-1] != ']')
                        return false;
                begin++;
                end--;
        } else if (memchr(begin, ':', (size_t)(end - begin)) != NULL) {
                return false; /* an IPv6 address without brackets */
        }
        if (begin == end || strcspn(text, " \t/") < strlen(text))
                return false;
        *host = memory_copy(begin, (size_t)(end - begin));
        *port = (int)number;
        return true;
}
