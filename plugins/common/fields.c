#include "common/fields.h"

#include <pawl/jansson.h>

static bool is_id(const struct pawl_event *ev, const char *name)
{
        int64_t value;

        return pawl_event_int(ev, name, &value) && value >= 0;
}

static bool is_int(const struct pawl_event *ev, const char *name)
{
        return pawl_event_kind(ev, name) == PAWL_KIND_INT;
}

static bool is_string(const struct pawl_event *ev, const char *name)
{
        return pawl_event_kind(ev, name) == PAWL_KIND_STRING;
}

static bool is_object(const struct pawl_event *ev, const char *name)
{
        return pawl_event_kind(ev, name) == PAWL_KIND_OBJECT;
}

static bool is_id_list(const struct pawl_event *ev, const char *name)
{
        json_t *list = NULL;
        json_t *item;
        size_t i;

        if (pawl_event_kind(ev, name) == PAWL_KIND_ARRAY)
                list = json_object_get(pawl_event_json(ev), name);
        json_array_foreach(list, i, item)
        {
                if (!json_is_integer(item) || json_integer_value(item) < 0)
                        return false;
        }
        return list != NULL;
}

static const struct {
        bool (*fits)(const struct pawl_event *ev, const char *name);
        const char *expected;
} kinds[] = {
    [FIELD_ID] = {is_id, "an integer of 0 or more"},
    [FIELD_INT] = {is_int, "an integer"},
    [FIELD_STRING] = {is_string, "a string"},
    [FIELD_OBJECT] = {is_object, "an object"},
    [FIELD_ID_LIST] = {is_id_list, "an array of integers of 0 or more"},
};

pawl_result fields_check(struct pawl_ctx *ctx, const struct pawl_event *ev, const struct field *fields, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                const struct field *field = &fields[i];
                uint32_t found = pawl_event_kind(ev, field->name);

                if ((field->flags & FIELD_OPTIONAL) && (found == PAWL_KIND_MISSING || found == PAWL_KIND_NULL))
                        continue;
                if (!kinds[field->kind].fits(ev, field->name))
                        return pawl_reject_field(ctx, ev, field->name, kinds[field->kind].expected);
        }
        return PAWL_OK;
}

int64_t field_int(const struct pawl_event *ev, const char *name)
{
        int64_t value = 0;

        pawl_event_int(ev, name, &value);
        return value;
}

struct pawl_str field_string(const struct pawl_event *ev, const char *name)
{
        struct pawl_str value = {NULL, 0};

        pawl_event_string(ev, name, &value);
        return value;
}
