#include "plugin/settings.h"

#include "base/memory.h"
#include "base/text.h"
#include "plugin/scalar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct block {
        struct block *next;
        max_align_t bytes[];
};

struct plugin_settings {
        struct block *blocks;
        struct pawl_value root;
};

/* One walk over schema and configuration. */
struct check {
        struct plugin_settings *to;
        struct config_errors *errors;
        const char *file; /* of the plugin's configuration */
        unsigned depth;
        const char *path[PLUGIN_DEPTH_MAX + 1]; /* names of the tables we are in */
};

/* ---- memory ---- */

static void *take(struct plugin_settings *s, size_t count, size_t size)
{
        struct block *b = memory_zero(1, sizeof *b + count * size); /* of a parsed configuration: no overflow */

        b->next = s->blocks;
        s->blocks = b;
        return b->bytes;
}

static struct pawl_str keep(struct plugin_settings *s, const char *text, size_t len)
{
        char *copy = take(s, len + 1, 1);

        memcpy(copy, text, len);
        return pawl_bytes(copy, len);
}

/* ---- texts ---- */

/* "settings.smtp.port" */
static const char *full_name(const struct check *c, const char *name, char out[static 256])
{
        size_t len = (size_t)snprintf(out, 256, "settings");
        unsigned i;

        for (i = 0; i < c->depth && len < 256; i++)
                len += (size_t)snprintf(out + len, 256 - len, ".%s", c->path[i]);
        if (len < 256)
                snprintf(out + len, 256 - len, ".%s", name);
        return out;
}

static bool problem(struct check *c, const struct config_value *at, const char *name, const char *text)
{
        char full[256];

        return config_error(c->errors, at != NULL && at->file != NULL ? at->file : c->file, at != NULL ? at->line : 0,
                            "%s: %s", full_name(c, name, full), text);
}

/* `expected an integer in 1..65535 rows, found integer 70000` */
static bool out_of_range(struct check *c, const struct pawl_setting *s, const char *name, const struct config_value *v,
                         const char *range)
{
        bool choice = s->type == PAWL_TYPE_STRING && strstr(range, "..") == NULL;
        bool length = !choice && (s->type == PAWL_TYPE_PATH || s->type == PAWL_TYPE_SECRET ||
                                  s->type == PAWL_TYPE_LIST || s->type == PAWL_TYPE_STRING);
        char text[1024], found[96];

        config_value_describe(v, found);
        snprintf(text, sizeof text, "expected %s%s %s%s%.*s, found %s", scalar_type_name(s->type),
                 choice   ? ", one of"
                 : length ? " of length"
                          : " in",
                 range, s->unit.len > 0 ? " " : "", (int)(s->unit.len < 64 ? s->unit.len : 64),
                 s->unit.len > 0 ? s->unit.ptr : "", s->type == PAWL_TYPE_SECRET ? "a secret" : found);
        return problem(c, v, name, text);
}

/* ---- values ---- */

static bool check_value(struct check *c, const struct pawl_setting *s, const char *name, const struct config_value *v,
                        struct pawl_value *out);
static bool check_table(struct check *c, const struct pawl_array *fields, const char *name,
                        const struct config_value *group, struct pawl_value *out);

static struct pawl_str absolute_path(struct check *c, struct pawl_str path, const char *file)
{
        const char *slash = file != NULL ? strrchr(file, '/') : NULL;
        char *whole, *cwd = NULL;
        struct pawl_str kept;

        if (path.len == 0 || path.ptr[0] == '/')
                return keep(c->to, path.ptr, path.len);
        if (file == NULL || file[0] != '/')
                cwd = getcwd(NULL, 0);
        whole =
            memory_printf("%s%s%.*s/%.*s", cwd != NULL ? cwd : "", cwd != NULL && slash != NULL ? "/" : "",
                          slash != NULL ? (int)(slash - file) : 0, file != NULL ? file : "", (int)path.len, path.ptr);
        free(cwd);
        kept = keep(c->to, whole, strlen(whole));
        free(whole);
        return kept;
}

/* A string in the value still points elsewhere. */
static void settle(struct check *c, struct pawl_value *v, const char *file)
{
        if (v->type == PAWL_TYPE_PATH)
                v->string = absolute_path(c, v->string, file);
        else if (v->string.ptr != NULL)
                v->string = keep(c->to, v->string.ptr, v->string.len);
}

static bool check_scalar(struct check *c, uint32_t type, const char *name, const struct config_value *v,
                         struct pawl_value *out)
{
        struct pawl_error err;

        if (!scalar_from_config(type, v, out, &err))
                return problem(c, v, name, err.text);
        settle(c, out, v->file != NULL ? v->file : c->file);
        return true;
}

static bool check_list(struct check *c, const struct pawl_setting *s, const char *name, const struct config_value *v,
                       struct pawl_value *out)
{
        struct pawl_value *items = take(c->to, v->item_count, sizeof *items);
        bool ok = true;
        char item[128];
        size_t i;

        for (i = 0; i < v->item_count; i++) {
                const struct config_value *it = &v->items[i];

                snprintf(item, sizeof item, "%s[%zu]", name, i);
                if (s->item_type == PAWL_TYPE_TABLE)
                        ok &= check_table(c, &s->fields, item, it, &items[i]);
                else
                        ok &= check_scalar(c, s->item_type, item, it, &items[i]);
        }
        out->items = items;
        out->count = (uint32_t)v->item_count;
        return ok;
}

/* A table of any names. */
static bool check_map(struct check *c, const struct pawl_setting *s, const char *name, const struct config_value *v,
                      struct pawl_value *out)
{
        struct pawl_value *items = take(c->to, v->item_count, sizeof *items);
        bool ok = true;
        size_t i;

        c->path[c->depth++] = name;
        for (i = 0; i < v->item_count; i++) {
                ok &= check_scalar(c, s->item_type, v->items[i].name, &v->items[i], &items[i]);
                items[i].name = keep(c->to, v->items[i].name, strlen(v->items[i].name));
        }
        c->path[--c->depth] = NULL;
        out->items = items;
        out->count = (uint32_t)v->item_count;
        return ok;
}

static bool wrong_kind(struct check *c, uint32_t type, const char *name, const struct config_value *v)
{
        char text[256], found[96];

        snprintf(text, sizeof text, "expected %s, found %s", scalar_type_name(type), config_value_describe(v, found));
        return problem(c, v, name, text);
}

static bool check_value(struct check *c, const struct pawl_setting *s, const char *name, const struct config_value *v,
                        struct pawl_value *out)
{
        struct scalar_range range;
        struct pawl_error err;
        char text[512] = "";
        bool ok;

        memset(out, 0, sizeof *out);
        out->type = s->type;
        if (s->type == PAWL_TYPE_TABLE && s->fields.count > 0)
                return check_table(c, &s->fields, name, v, out);
        if ((s->type == PAWL_TYPE_TABLE && v->type != CONFIG_VALUE_GROUP) ||
            (s->type == PAWL_TYPE_LIST && v->type != CONFIG_VALUE_LIST))
                return wrong_kind(c, s->type, name, v);
        if (s->type == PAWL_TYPE_TABLE)
                return check_map(c, s, name, v, out);
        ok = s->type == PAWL_TYPE_LIST ? check_list(c, s, name, v, out) : check_scalar(c, s->type, name, v, out);
        if (s->range.len > 0 && s->range.len < sizeof text)
                memcpy(text, s->range.ptr, s->range.len);
        if (!ok || !scalar_range_parse(s->type, pawl_text(text), &range, &err) || scalar_range_holds(&range, out))
                return ok;
        return out_of_range(c, s, name, v, text);
}

/* ---- defaults ---- */

static bool any_required(const struct pawl_array *fields)
{
        struct pawl_setting s;
        uint32_t i;

        for (i = 0; i < fields->count; i++) {
                plugin_item(fields, i, &s, sizeof s);
                if ((s.flags & PAWL_REQUIRED) != 0)
                        return true;
        }
        return false;
}

/* What a setting is that the configuration does not have. *has: it has a value. A table whose fields all can do without the
 * configuration is there, with their defaults. */
static bool fill(struct check *c, const struct pawl_setting *s, const char *name, const struct config_value *group,
                 struct pawl_value *out, bool *has)
{
        char text[512] = "";
        struct pawl_error err;

        *has = false;
        if ((s->flags & PAWL_REQUIRED) != 0) {
                snprintf(text, sizeof text, "expected %s, found nothing (%.*s)", scalar_type_name(s->type),
                         (int)(s->help.len < 200 ? s->help.len : 200), s->help.ptr != NULL ? s->help.ptr : "");
                return problem(c, group, name, text);
        }
        if (s->type == PAWL_TYPE_TABLE && s->fields.count > 0 && !any_required(&s->fields)) {
                *has = true;
                memset(out, 0, sizeof *out);
                return check_table(c, &s->fields, name, NULL, out);
        }
        if (s->default_text.ptr == NULL)
                return true;
        if (s->default_text.len < sizeof text)
                memcpy(text, s->default_text.ptr, s->default_text.len);
        *has = true;
        if (!scalar_from_text(s->type, pawl_text(text), out, &err))
                return problem(c, group, name, err.text); /* the descriptor's check refuses such a default */
        settle(c, out, c->file);
        return true;
}

/* ---- tables ---- */

static bool unknown_member(struct check *c, const struct pawl_array *fields, const struct config_value *v)
{
        const char *best = NULL;
        char names[2][PLUGIN_NAME_LEN_MAX + 1], text[256];
        struct pawl_setting s;
        unsigned turn = 0;
        uint32_t i;

        for (i = 0; i < fields->count; i++) {
                plugin_item(fields, i, &s, sizeof s);
                snprintf(names[turn], sizeof names[turn], "%.*s", (int)s.name.len, s.name.ptr);
                if (text_nearest(v->name, best, names[turn]) == names[turn]) {
                        best = names[turn];
                        turn = !turn; /* the best one keeps its buffer */
                }
        }
        if (best != NULL)
                snprintf(text, sizeof text, "the plugin has no such setting; did you mean \"%s\"?", best);
        else
                snprintf(text, sizeof text, "the plugin has no such setting");
        return problem(c, v, v->name, text);
}

static bool check_unknown(struct check *c, const struct pawl_array *fields, const struct config_value *group)
{
        struct pawl_setting s;
        bool ok = true;
        uint32_t f;
        size_t i;

        for (i = 0; i < group->item_count; i++) {
                const char *name = group->items[i].name;

                for (f = 0; f < fields->count; f++) {
                        plugin_item(fields, f, &s, sizeof s);
                        if (strlen(name) == s.name.len && memcmp(name, s.name.ptr, s.name.len) == 0)
                                break;
                }
                if (f == fields->count)
                        ok = unknown_member(c, fields, &group->items[i]);
        }
        return ok;
}

/* Checks each declared member; `group` NULL: none is there. */
static bool check_members(struct check *c, const struct pawl_array *fields, const struct config_value *group,
                          struct pawl_value *out)
{
        struct pawl_value *items = take(c->to, fields->count, sizeof *items);
        struct pawl_setting s;
        bool ok = true, has;
        uint32_t i, n = 0;

        for (i = 0; i < fields->count; i++) {
                char name[PLUGIN_NAME_LEN_MAX + 1];
                const struct config_value *v;

                plugin_item(fields, i, &s, sizeof s);
                snprintf(name, sizeof name, "%.*s", (int)s.name.len, s.name.ptr);
                v = group != NULL ? config_value_get(group, name) : NULL;
                has = v != NULL;
                ok &= v != NULL ? check_value(c, &s, name, v, &items[n]) : fill(c, &s, name, group, &items[n], &has);
                items[n].name = keep(c->to, name, s.name.len);
                n += has;
        }
        out->items = items;
        out->count = n;
        return ok;
}

static bool check_table(struct check *c, const struct pawl_array *fields, const char *name,
                        const struct config_value *group, struct pawl_value *out)
{
        bool ok = true;

        out->type = PAWL_TYPE_TABLE;
        if (group != NULL && group->type != CONFIG_VALUE_GROUP)
                return wrong_kind(c, PAWL_TYPE_TABLE, name, group);
        if (name != NULL)
                c->path[c->depth++] = name;
        if (group != NULL)
                ok = check_unknown(c, fields, group);
        ok &= check_members(c, fields, group, out);
        if (name != NULL)
                c->path[--c->depth] = NULL;
        return ok;
}

/* ---- the whole ---- */

struct plugin_settings *plugin_settings_check(const struct plugin_descriptor *d, const struct config_value *settings,
                                              const char *file, struct config_errors *errors)
{
        struct plugin_settings *s = memory_zero(1, sizeof *s);
        struct check c = {.to = s, .errors = errors, .file = file};

        if (!check_table(&c, &d->plugin.settings, NULL, settings, &s->root))
                plugin_settings_free(&s);
        return s;
}

void plugin_settings_free(struct plugin_settings **settings)
{
        struct plugin_settings *s = *settings;
        struct block *b, *next;

        *settings = NULL;
        if (s == NULL)
                return;
        for (b = s->blocks; b != NULL; b = next) {
                next = b->next;
                free(b);
        }
        free(s);
}

const struct pawl_value *plugin_settings_root(const struct plugin_settings *settings)
{
        return &settings->root;
}
