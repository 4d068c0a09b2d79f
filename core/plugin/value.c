#include "plugin/value.h"

#include <string.h>

uint32_t plugin_value_type(const struct pawl_value *value)
{
        return value != NULL ? value->type : 0;
}

int64_t plugin_value_int(const struct pawl_value *value)
{
        return value != NULL ? value->integer : 0;
}

double plugin_value_double(const struct pawl_value *value)
{
        return value != NULL ? value->number : 0;
}

struct pawl_str plugin_value_string(const struct pawl_value *value)
{
        return value != NULL ? value->string : pawl_text(NULL);
}

uint32_t plugin_value_count(const struct pawl_value *value)
{
        return value != NULL ? value->count : 0;
}

const struct pawl_value *plugin_value_at(const struct pawl_value *value, uint32_t index, struct pawl_str *name)
{
        if (value == NULL || index >= value->count)
                return NULL;
        if (name != NULL)
                *name = value->items[index].name;
        return &value->items[index];
}

const struct pawl_value *plugin_value_member(const struct pawl_value *value, struct pawl_str name)
{
        uint32_t i;

        if (value == NULL || value->type != PAWL_TYPE_TABLE || name.ptr == NULL)
                return NULL;
        for (i = 0; i < value->count; i++)
                if (value->items[i].name.len == name.len && memcmp(value->items[i].name.ptr, name.ptr, name.len) == 0)
                        return &value->items[i];
        return NULL;
}
