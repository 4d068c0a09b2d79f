#include "plugin/descriptor.h"
#include "plugin/scalar.h"

#include <string.h>

#define TEXT_MAX 512

/* Defaults and ranges are C strings for what parses them. */
static bool text_of(struct pawl_str s, char out[TEXT_MAX], const char *what, struct pawl_error *err)
{
        if (s.ptr == NULL)
                s.len = 0;
        if (s.len >= TEXT_MAX || (s.len > 0 && memchr(s.ptr, '\0', s.len) != NULL))
                return error_set(err, "%s: expected a text of less than %d bytes without NUL", what, TEXT_MAX);
        if (s.len > 0)
                memcpy(out, s.ptr, s.len);
        out[s.len] = '\0';
        return true;
}

static bool default_check(const struct pawl_setting *s, struct pawl_error *err)
{
        char range_text[TEXT_MAX] = "", default_text[TEXT_MAX] = "";
        struct scalar_range range;
        struct pawl_value value;

        if (!text_of(s->range, range_text, "range", err) ||
            !text_of(s->default_text, default_text, "default_text", err))
                return false;
        if (!scalar_range_parse(s->type, pawl_text(range_text), &range, err))
                return error_prefix(err, "range");
        if (s->default_text.ptr == NULL)
                return true;
        if (!scalar_type(s->type))
                return error_set(err, "default_text: expected none for %s", scalar_type_name(s->type));
        if ((s->flags & PAWL_REQUIRED) != 0)
                return error_set(err, "expected a default or PAWL_REQUIRED, found both");
        if (!scalar_from_text(s->type, pawl_text(default_text), &value, err))
                return error_prefix(err, "default_text");
        return scalar_range_holds(&range, &value) ||
               error_set(err, "default_text: expected %s, found \"%s\"", range_text, default_text);
}

/* Which of item_type and fields a type has. */
static bool shape_check(const struct pawl_setting *s, struct pawl_error *err)
{
        bool fields = s->fields.count > 0;

        if (s->type < PAWL_TYPE_BOOL || s->type > PAWL_TYPE_TABLE)
                return error_set(err, "type %u is not known to this host", s->type);
        if ((s->flags & ~PAWL_REQUIRED) != 0)
                return error_set(err, "flags: 0x%x is not known to this host", s->flags & ~PAWL_REQUIRED);
        if (scalar_type(s->type))
                return (s->item_type == 0 && !fields) ||
                       error_set(err, "expected neither item_type nor fields for %s", scalar_type_name(s->type));
        if (s->type == PAWL_TYPE_LIST && s->item_type == PAWL_TYPE_TABLE)
                return fields || error_set(err, "expected fields for a list of tables, found none");
        if (s->type == PAWL_TYPE_TABLE && fields)
                return s->item_type == 0 ||
                       error_set(err, "expected no item_type for a table with fields, found %u", s->item_type);
        if (fields || !scalar_type(s->item_type))
                return error_set(err, "expected item_type to be a scalar type, found %u", s->item_type);
        return true;
}

static bool setting_check(const struct pawl_array *settings, uint32_t index, const struct pawl_setting *s,
                          unsigned depth, struct pawl_error *err)
{
        struct pawl_setting other;
        uint32_t i;

        if (!plugin_name_valid(s->name))
                return error_set(err, "expected a name [a-z][a-z0-9_]*");
        for (i = 0; i < index; i++) {
                plugin_item(settings, i, &other, sizeof other);
                if (other.name.len == s->name.len && memcmp(other.name.ptr, s->name.ptr, s->name.len) == 0)
                        return error_set(err, "item %u has the same name", i);
        }
        return shape_check(s, err) && default_check(s, err) &&
               (s->fields.count == 0 || plugin_schema_check(&s->fields, depth + 1, err));
}

bool plugin_schema_check(const struct pawl_array *settings, unsigned depth, struct pawl_error *err)
{
        struct pawl_setting s;
        uint32_t i;

        if (depth >= PLUGIN_DEPTH_MAX)
                return error_set(err, "settings: expected tables nested at most %d deep", PLUGIN_DEPTH_MAX);
        if (!plugin_array_check(settings, "settings", sizeof s, PLUGIN_SETTINGS_MAX, err))
                return false;
        for (i = 0; i < settings->count; i++) {
                plugin_item(settings, i, &s, sizeof s);
                if (!setting_check(settings, i, &s, depth, err))
                        return error_prefix(err, "settings, item %u (%.*s)", i,
                                            (int)(s.name.len < 64 ? s.name.len : 64),
                                            s.name.ptr != NULL ? s.name.ptr : "");
        }
        return true;
}
