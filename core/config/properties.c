#include "base/memory.h"
#include "config/room.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool valid_name(const char *name)
{
        return *name != '\0' && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._") == strlen(name);
}

static void add_property(struct config_reading *r, struct config_properties *to, const struct config_value *v,
                         const char *name, const char *value, enum config_scope scope)
{
        if (!valid_name(name)) {
                config_error(r->errors, v->file, v->line,
                             "expected a property of librdkafka such as \"linger.ms\", found \"%.60s\"",
                             v->secret ? "a secret" : name);
                return;
        }
        config_properties_set(to, (struct config_property){
                                      .name = memory_string(name),
                                      .value = memory_string(value),
                                      .scope = scope,
                                      .secret = v->secret,
                                      .file = v->file,
                                      .line = v->line,
                                  });
}

/* ("name", value) */
static bool read_pair(struct config_reading *r, struct config_properties *to, const struct config_value *v,
                      enum config_scope scope)
{
        const struct config_value *value;
        struct config_value place;
        char number[64];

        if (v->item_count != 2 || v->items[0].type != CONFIG_VALUE_STRING || v->items[0].secret ||
            v->items[1].type > CONFIG_VALUE_STRING)
                return false;
        value = &v->items[1];
        place = *v;
        place.secret = value->secret;
        if (value->type == CONFIG_VALUE_INT)
                snprintf(number, sizeof number, "%" PRId64, value->integer);
        else if (value->type == CONFIG_VALUE_FLOAT)
                snprintf(number, sizeof number, "%g", value->number);
        else if (value->type == CONFIG_VALUE_BOOL)
                snprintf(number, sizeof number, "%s", value->boolean ? "true" : "false");
        add_property(r, to, &place, v->items[0].text, value->type == CONFIG_VALUE_STRING ? value->text : number, scope);
        return true;
}

static bool read_item(struct config_reading *r, struct config_properties *to, const struct config_value *v,
                      enum config_scope scope)
{
        const char *equals = v->type == CONFIG_VALUE_STRING ? strchr(v->text, '=') : NULL;
        char *name;

        if (v->type == CONFIG_VALUE_LIST)
                return read_pair(r, to, v, scope);
        if (equals == NULL)
                return false;
        name = memory_copy(v->text, (size_t)(equals - v->text));
        add_property(r, to, v, name, equals + 1, scope);
        free(name);
        return true;
}

static bool read_list(struct config_reading *r, struct config_properties *to, const struct config_value *v,
                      enum config_scope scope)
{
        char found[96];

        if (v->type != CONFIG_VALUE_LIST)
                return config_error(r->errors, v->file, v->line,
                                    "%s: expected a list of \"name=value\" such as [ \"linger.ms=10\" ], found %s",
                                    v->name, config_value_describe(v, found));
        for (size_t i = 0; i < v->item_count; i++)
                if (!read_item(r, to, &v->items[i], scope))
                        config_error(r->errors, v->items[i].file, v->items[i].line,
                                     "%s: expected \"name=value\" or (\"name\", value), found %s", v->name,
                                     config_value_describe(&v->items[i], found));
        return true;
}

/* The same keys stand in the host's table and in the plugins': which struct `target` is says the reading. */
static struct config_properties *properties_of(const struct config_reading *r, void *target)
{
        if (target == r->cfg)
                return &r->cfg->kafka.properties;
        return &((struct config_plugin *)target)->kafka.properties;
}

bool config_read_properties(struct config_reading *r, void *target, const struct config_value *v)
{
        return read_list(r, properties_of(r, target), v, CONFIG_SCOPE_ALL);
}

bool config_read_consumer_properties(struct config_reading *r, void *target, const struct config_value *v)
{
        return read_list(r, properties_of(r, target), v, CONFIG_SCOPE_CONSUMER);
}

bool config_read_producer_properties(struct config_reading *r, void *target, const struct config_value *v)
{
        return read_list(r, properties_of(r, target), v, CONFIG_SCOPE_PRODUCER);
}

static void free_property(struct config_property *p)
{
        if (p->value != NULL)
                explicit_bzero(p->value, strlen(p->value)); /* perhaps a password */
        free(p->name);
        free(p->value);
}

/* What was set before under this name, for these clients, is replaced; the newest stands last, so that applying in order is right. */
void config_properties_set(struct config_properties *properties, struct config_property property)
{
        size_t kept = 0;

        for (size_t i = 0; i < properties->count; i++) {
                struct config_property *p = &properties->items[i];
                bool same = strcmp(p->name, property.name) == 0 &&
                            (property.scope == CONFIG_SCOPE_ALL || p->scope == property.scope);

                if (same)
                        free_property(p);
                else
                        properties->items[kept++] = *p;
        }
        properties->items = memory_resize(properties->items, kept + 1, sizeof *properties->items);
        properties->items[kept] = property;
        properties->count = kept + 1;
}

void config_properties_copy(struct config_properties *to, const struct config_properties *from)
{
        for (size_t i = 0; i < from->count; i++) {
                struct config_property p = from->items[i];

                p.name = memory_string(p.name);
                p.value = memory_string(p.value);
                config_properties_set(to, p);
        }
}

void config_properties_free(struct config_properties *properties)
{
        for (size_t i = 0; i < properties->count; i++)
                free_property(&properties->items[i]);
        free(properties->items);
        *properties = (struct config_properties){0};
}

static const struct config_property *find(const struct config_properties *in, const struct config_property *wanted)
{
        for (size_t i = 0; i < in->count; i++)
                if (in->items[i].scope == wanted->scope && strcmp(in->items[i].name, wanted->name) == 0)
                        return &in->items[i];
        return NULL;
}

bool config_properties_equal(const struct config_properties *a, const struct config_properties *b)
{
        if (a->count != b->count)
                return false;
        for (size_t i = 0; i < a->count; i++) {
                const struct config_property *other = find(b, &a->items[i]);

                if (other == NULL || strcmp(other->value, a->items[i].value) != 0)
                        return false;
        }
        return true;
}
