#include "base/config_value.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct config_value *config_value_get(const struct config_value *group, const char *name)
{
        if (group->type != CONFIG_VALUE_GROUP)
                return NULL;
        for (size_t i = 0; i < group->item_count; i++)
                if (strcmp(group->items[i].name, name) == 0)
                        return &group->items[i];
        return NULL;
}

static bool equal_items(const struct config_value *a, const struct config_value *b)
{
        if (a->item_count != b->item_count)
                return false;
        for (size_t i = 0; i < a->item_count; i++) {
                const struct config_value *other = &b->items[i];

                if (a->type == CONFIG_VALUE_GROUP)
                        other = config_value_get(b, a->items[i].name);
                if (other == NULL || !config_value_equal(&a->items[i], other))
                        return false;
        }
        return true;
}

bool config_value_equal(const struct config_value *a, const struct config_value *b)
{
        if (a->type != b->type || a->secret != b->secret)
                return false;
        switch (a->type) {
        case CONFIG_VALUE_BOOL:
                return a->boolean == b->boolean;
        case CONFIG_VALUE_INT:
                return a->integer == b->integer;
        case CONFIG_VALUE_FLOAT:
                return a->number == b->number;
        case CONFIG_VALUE_STRING:
                return a->text_len == b->text_len && memcmp(a->text, b->text, a->text_len) == 0;
        case CONFIG_VALUE_LIST:
        case CONFIG_VALUE_GROUP:
                return equal_items(a, b);
        }
        return false;
}

const char *config_value_describe(const struct config_value *v, char out[static 96])
{
        size_t cut;

        switch (v->type) {
        case CONFIG_VALUE_BOOL:
                snprintf(out, 96, "%s", v->boolean ? "true" : "false");
                break;
        case CONFIG_VALUE_INT:
                snprintf(out, 96, "integer %" PRId64, v->integer);
                break;
        case CONFIG_VALUE_FLOAT:
                snprintf(out, 96, "number %g", v->number);
                break;
        case CONFIG_VALUE_STRING:
                if (v->secret)
                        return strcpy(out, "a secret");
                cut = text_utf8_prefix(v->text, v->text_len < 60 ? v->text_len : 60);
                snprintf(out, 96, "string \"%.*s%s\"", (int)cut, v->text, cut < v->text_len ? "…" : "");
                break;
        case CONFIG_VALUE_LIST:
                snprintf(out, 96, "list of %zu", v->item_count);
                break;
        case CONFIG_VALUE_GROUP:
                snprintf(out, 96, "group of %zu", v->item_count);
                break;
        }
        return out;
}

bool config_value_duration(const struct config_value *v, int64_t *ns, struct pawl_error *err)
{
        char found[96];

        if (v->type == CONFIG_VALUE_STRING && !v->secret)
                return text_duration(v->text, ns, err);
        return error_set(err, "expected a duration such as \"30s\", found %s", config_value_describe(v, found));
}

bool config_value_size(const struct config_value *v, int64_t *bytes, struct pawl_error *err)
{
        char found[96];

        if (v->type == CONFIG_VALUE_STRING && !v->secret)
                return text_size(v->text, bytes, err);
        if (v->type == CONFIG_VALUE_INT && v->integer >= 0) {
                *bytes = v->integer;
                return true;
        }
        return error_set(err, "expected a size such as \"10MiB\", found %s", config_value_describe(v, found));
}

void config_value_clear(struct config_value *v)
{
        for (size_t i = 0; i < v->item_count; i++)
                config_value_clear(&v->items[i]);
        free(v->items);
        free(v->name);
        if (v->text != NULL && v->secret)
                explicit_bzero(v->text, v->text_len);
        free(v->text);
        *v = (struct config_value){0};
}
