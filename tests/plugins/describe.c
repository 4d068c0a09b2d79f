/*
 * What a plugin says of itself, as the tables of its README: describe PLUGIN.so settings|commands|metrics|reads. Used by readme.py.
 */
#include "plugin/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const types[] = {
    [PAWL_TYPE_BOOL] = "bool",     [PAWL_TYPE_INT] = "integer",       [PAWL_TYPE_NUMBER] = "number",
    [PAWL_TYPE_STRING] = "string", [PAWL_TYPE_DURATION] = "duration", [PAWL_TYPE_SIZE] = "size",
    [PAWL_TYPE_PATH] = "path",     [PAWL_TYPE_SECRET] = "secret",     [PAWL_TYPE_LIST] = "list",
    [PAWL_TYPE_TABLE] = "table",
};

/* Text inside a table's cell: a bar would end the cell. */
static void print_cell(struct pawl_str text)
{
        for (size_t i = 0; i < text.len; i++) {
                if (text.ptr[i] == '|')
                        putchar('\\');
                putchar(text.ptr[i]);
        }
}

static void print_type(const struct pawl_setting *s)
{
        if (s->type == PAWL_TYPE_LIST || (s->type == PAWL_TYPE_TABLE && s->fields.count == 0))
                printf("%s of %ss", types[s->type], types[s->item_type]);
        else
                printf("%s", types[s->type]);
        if (s->unit.len > 0)
                printf(", %.*s", (int)s->unit.len, s->unit.ptr);
        if (s->range.len > 0) {
                printf(", `");
                print_cell(s->range);
                putchar('`');
        }
}

static void print_settings(const struct pawl_array *settings, const char *prefix)
{
        for (uint32_t i = 0; i < settings->count; i++) {
                struct pawl_setting s;
                char name[512];

                plugin_item(settings, i, &s, sizeof s);
                snprintf(name, sizeof name, "%s%.*s", prefix, (int)s.name.len, s.name.ptr);
                printf("| `%s` | ", name);
                print_type(&s);
                if (s.default_text.ptr != NULL)
                        printf(" | `%.*s` | ", s.default_text.len > 0 ? (int)s.default_text.len : 2,
                               s.default_text.len > 0 ? s.default_text.ptr : "\"\"");
                else
                        printf(" | %s | ", s.flags & PAWL_REQUIRED ? "required" : "");
                print_cell(s.help);
                puts(" |");
                strncat(name, s.type == PAWL_TYPE_LIST ? "[]." : ".", sizeof name - strlen(name) - 1);
                print_settings(&s.fields, name);
        }
}

static void print_commands(const struct pawl_plugin *plugin)
{
        for (uint32_t i = 0; i < plugin->commands.count; i++) {
                struct pawl_command c;

                plugin_item(&plugin->commands, i, &c, sizeof c);
                printf("| `pawlctl %.*s %.*s%s", (int)plugin->name.len, plugin->name.ptr, (int)c.name.len, c.name.ptr,
                       c.usage.len > 0 ? " " : "");
                print_cell(c.usage);
                printf("` | ");
                print_cell(c.help);
                puts(" |");
        }
}

static void print_metrics(const struct pawl_plugin *plugin)
{
        static const char *const kinds[] = {
            [PAWL_COUNTER] = "counter", [PAWL_GAUGE] = "gauge", [PAWL_HISTOGRAM] = "histogram"};

        for (uint32_t i = 0; i < plugin->metrics.count; i++) {
                struct pawl_metric m;

                plugin_item(&plugin->metrics, i, &m, sizeof m);
                printf("| `pawl_%.*s_%.*s%s` | %s%s%.*s | ", (int)plugin->name.len, plugin->name.ptr, (int)m.name.len,
                       m.name.ptr, m.kind == PAWL_COUNTER ? "_total" : "", kinds[m.kind], m.unit.len > 0 ? ", " : "",
                       (int)m.unit.len, m.unit.ptr);
                print_cell(m.help);
                puts(" |");
        }
}

static void print_reads(const struct plugin_descriptor *d)
{
        for (uint32_t i = 0; i < d->plugin.handlers.count; i++)
                printf("%.*s\n", (int)d->handlers[i].event_type.len, d->handlers[i].event_type.ptr);
}

int main(int argc, char **argv)
{
        char dir[] = "/tmp/pawl-describe-XXXXXX";
        char remove_dir[sizeof dir + 16];
        struct pawl_error err = {0};
        const struct plugin_build *build;

        if (argc != 3 || mkdtemp(dir) == NULL)
                return 2;
        build = plugin_build_open(argv[1], dir, &err);
        snprintf(remove_dir, sizeof remove_dir, "rm -rf %s", dir);
        if (system(remove_dir) != 0 || build == NULL) {
                fprintf(stderr, "%s\n", err.text);
                return 1;
        }
        if (strcmp(argv[2], "settings") == 0)
                print_settings(&build->descriptor.plugin.settings, "");
        else if (strcmp(argv[2], "commands") == 0)
                print_commands(&build->descriptor.plugin);
        else if (strcmp(argv[2], "metrics") == 0)
                print_metrics(&build->descriptor.plugin);
        else
                print_reads(&build->descriptor);
        return 0;
}
