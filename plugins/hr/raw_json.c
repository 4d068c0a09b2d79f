#include "raw_json.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

static struct pawl_str skip_space(struct pawl_str s)
{
        while (s.len > 0 && strchr(" \t\r\n", *s.ptr) != NULL) {
                s.ptr++;
                s.len--;
        }
        return s;
}

static struct pawl_str behind(struct pawl_str s, size_t len)
{
        len = len < s.len ? len : s.len;
        return pawl_bytes(s.ptr + len, s.len - len);
}

static size_t string_length(struct pawl_str s)
{
        size_t i = 1;

        while (i < s.len && s.ptr[i] != '"')
                i += s.ptr[i] == '\\' ? 2 : 1;
        return i + 1;
}

/* How long the value at the beginning is. */
static size_t value_length(struct pawl_str s)
{
        size_t depth = 0;
        size_t i = 0;

        if (s.len > 0 && s.ptr[0] != '{' && s.ptr[0] != '[' && s.ptr[0] != '"') {
                while (i < s.len && memchr(",]} \t\r\n", s.ptr[i], 7) == NULL)
                        i++;
                return i;
        }
        while (i < s.len) {
                if (s.ptr[i] == '"') {
                        i += string_length(behind(s, i));
                } else {
                        depth += s.ptr[i] == '{' || s.ptr[i] == '[';
                        depth -= s.ptr[i] == '}' || s.ptr[i] == ']';
                        i++;
                }
                if (depth == 0)
                        break;
        }
        return i < s.len ? i : s.len;
}

/* The value at the beginning of *at, which moves behind it and the comma after it. */
static struct pawl_str take_value(struct pawl_str *at)
{
        struct pawl_str value = pawl_bytes(at->ptr, value_length(*at));

        *at = skip_space(behind(*at, value.len));
        if (at->len > 0 && at->ptr[0] == ',')
                *at = skip_space(behind(*at, 1));
        return value;
}

/* A name may be written with escapes. */
static bool is_name(struct pawl_str quoted, const char *name)
{
        json_t *text;
        bool same;

        if (memchr(quoted.ptr, '\\', quoted.len) == NULL)
                return quoted.len == strlen(name) + 2 && memcmp(quoted.ptr + 1, name, quoted.len - 2) == 0;
        text = json_loadb(quoted.ptr, quoted.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        same = json_is_string(text) && json_string_length(text) == strlen(name) &&
               strcmp(json_string_value(text), name) == 0;
        json_decref(text);
        return same;
}

struct pawl_str raw_member(struct pawl_str json, const char *name)
{
        struct pawl_str at = skip_space(json);

        if (at.len == 0 || at.ptr[0] != '{')
                return pawl_text(NULL);
        at = skip_space(behind(at, 1));
        while (at.len > 0 && at.ptr[0] == '"') {
                struct pawl_str quoted = pawl_bytes(at.ptr, string_length(at));
                struct pawl_str value;

                at = skip_space(behind(at, quoted.len));
                at = skip_space(behind(at, 1)); /* the colon */
                value = take_value(&at);
                if (is_name(quoted, name))
                        return value;
        }
        return pawl_text(NULL);
}

struct pawl_str raw_items(struct pawl_str json)
{
        struct pawl_str at = skip_space(json);

        return at.len > 0 && at.ptr[0] == '[' ? skip_space(behind(at, 1)) : pawl_text(NULL);
}

struct pawl_str raw_next(struct pawl_str *items)
{
        if (items->len == 0 || items->ptr[0] == ']')
                return pawl_text(NULL);
        return take_value(items);
}
