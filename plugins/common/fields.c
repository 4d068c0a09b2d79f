#include "common/fields.h"

#include "common/catalogue.h"
#include "common/cut.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define SHOWN 80 /* bytes of what was found */

static bool is_id(const struct pawl_event *ev, const struct catalogue_field *field)
{
        int64_t value;

        return pawl_event_int(ev, field->name, &value) && value >= 0;
}

/* A string that C code, SQLite and the publishers' check all see whole: none of them would take a NUL inside. */
static bool is_text(const struct pawl_event *ev, const char *name)
{
        struct pawl_str value;

        return pawl_event_string(ev, name, &value) && memchr(value.ptr, '\0', value.len) == NULL;
}

/* Like a publisher's check: no NUL in any of its strings. It is parsed only where one could be. */
static bool is_object(const struct pawl_event *ev, const char *name)
{
        struct pawl_str text;
        json_t *object;
        bool ok;

        if (pawl_event_kind(ev, name) != PAWL_KIND_OBJECT || !pawl_event_raw(ev, name, &text))
                return false;
        if (memmem(text.ptr, text.len, "\\u0000", 6) == NULL)
                return true;
        object = json_loadb(text.ptr, text.len, 0, NULL);
        ok = object != NULL;
        json_decref(object);
        return ok;
}

static bool is_choice(const struct pawl_event *ev, const struct catalogue_field *field)
{
        struct pawl_str value;

        return pawl_event_string(ev, field->name, &value) && catalogue_is_choice(field->choices, value);
}

/* A list of which each item fits. It is parsed by itself, not the whole event. */
static bool is_list(const struct pawl_event *ev, const struct catalogue_field *field)
{
        json_t *list = NULL, *item;
        struct pawl_str text;
        bool ok;
        size_t i;

        if (pawl_event_kind(ev, field->name) == PAWL_KIND_ARRAY && pawl_event_raw(ev, field->name, &text))
                list = json_loadb(text.ptr, text.len, 0, NULL);
        ok = list != NULL;
        json_array_foreach(list, i, item)
        {
                if (field->kind == KIND_STRINGS ? !json_is_string(item)
                                                : !json_is_integer(item) || json_integer_value(item) < 0)
                        ok = false;
        }
        json_decref(list);
        return ok;
}

static bool fits(const struct pawl_event *ev, const struct catalogue_field *field, uint32_t found)
{
        switch (field->kind) {
        case KIND_ID:
                return is_id(ev, field);
        case KIND_NUMBER:
                return found == PAWL_KIND_INT || found == PAWL_KIND_NUMBER;
        case KIND_STRING:
                return is_text(ev, field->name);
        case KIND_CHOICE:
                return is_choice(ev, field);
        case KIND_BOOL:
                return found == PAWL_KIND_BOOL;
        case KIND_OBJECT:
                return is_object(ev, field->name);
        case KIND_IDS:
        case KIND_STRINGS:
                return is_list(ev, field);
        }
        return false;
}

/* Adds "NAME: expected WHAT, found TEXT" behind `used` bytes of faults; returns how many there are now. */
static size_t add_fault(char *faults, size_t size, size_t used, const struct pawl_event *ev,
                        const struct catalogue_field *field)
{
        struct pawl_str found = pawl_text("nothing");
        struct pawl_str shown;
        char expected[128];
        int len;

        pawl_event_raw(ev, field->name, &found);
        shown = cut(found, SHOWN);
        len = snprintf(faults + used, size - used, "%s%s: expected %s%s, found %.*s%s", used > 0 ? "; " : "",
                       field->name, catalogue_expected(field, expected, sizeof expected),
                       memmem(found.ptr, found.len, "\\u0000", 6) != NULL ? " without \\u0000" : "", (int)shown.len,
                       shown.ptr, shown.len < found.len ? "…" : "");
        return used + (size_t)len < size ? used + (size_t)len : size - 1;
}

/* Of the envelope, what handlers pass on. */
static const struct catalogue_field passed_on[] = {{.name = "event_id", .kind = KIND_STRING},
                                                   {.name = "correlation_id", .kind = KIND_STRING}};

pawl_result fields_check(struct pawl_ctx *ctx, const struct pawl_event *ev)
{
        struct pawl_str name = pawl_event_type(ev);
        const struct catalogue_type *type = catalogue_find(name);
        char faults[1024]; /* as much as the host keeps of a reason */
        size_t used = 0;

        if (type == NULL)
                return pawl_reject(ctx, "event_type: expected one of the catalogue, found %.*s", (int)name.len,
                                   name.ptr);
        for (const struct catalogue_field *field = type->fields; field->name != NULL; field++) {
                uint32_t found = pawl_event_kind(ev, field->name);

                if (!field->required && (found == PAWL_KIND_MISSING || found == PAWL_KIND_NULL))
                        continue;
                if (!fits(ev, field, found))
                        used = add_fault(faults, sizeof faults, used, ev, field);
        }
        for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++) {
                if (pawl_event_kind(ev, passed_on[i].name) == PAWL_KIND_STRING && !is_text(ev, passed_on[i].name))
                        used = add_fault(faults, sizeof faults, used, ev, &passed_on[i]);
        }
        return used == 0 ? PAWL_OK : pawl_reject(ctx, "%s", faults);
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
