#include "base/text.h"
#include "config/room.h"

#include <inttypes.h>
#include <string.h>

static void print_type(struct buf *out, const struct config_key *key)
{
        static const char *const names[] = {
            [CONFIG_KEY_BOOL] = "true or false", [CONFIG_KEY_INT] = "integer",   [CONFIG_KEY_DURATION] = "duration",
            [CONFIG_KEY_SIZE] = "size",          [CONFIG_KEY_STRING] = "string", [CONFIG_KEY_PATH] = "path",
        };
        char low[32], high[32];

        if (key->type == CONFIG_KEY_CUSTOM)
                buf_add_text(out, key->choices);
        else if (key->type == CONFIG_KEY_CHOICE)
                for (const char *c = key->choices; *c != '\0'; c++)
                        buf_add_text(out, *c == '|' ? ", " : (const char[]){*c, '\0'});
        else
                buf_add_text(out, names[key->type]);
        if (key->type == CONFIG_KEY_INT)
                buf_printf(out, ", %" PRId64 " to %" PRId64, key->min, key->max);
        else if (key->type == CONFIG_KEY_DURATION)
                buf_printf(out, ", %s to %s", text_format_duration(key->min, low),
                           text_format_duration(key->max, high));
        else if (key->type == CONFIG_KEY_SIZE)
                buf_printf(out, ", %s to %s", text_format_size(key->min, low), text_format_size(key->max, high));
}

static void print_table(struct buf *out, const struct config_table *table)
{
        buf_printf(out, "\n## %s\n\n| key | value | default | what it is |\n|---|---|---|---|\n", table->title);
        for (const struct config_key *key = table->keys; key->name != NULL; key++) {
                buf_printf(out, "| `%s` | ", key->name);
                print_type(out, key);
                if (key->default_value != NULL)
                        buf_printf(out, " | `%s` | ", key->default_value);
                else
                        buf_add_text(out, " | | ");
                buf_printf(out, "%s |\n", key->help);
        }
}

void config_reference(struct buf *out)
{
        buf_add_text(
            out,
            "# Configuration reference\n\n"
            "Durations: a number and ns, us, ms, s, min, h or d (`\"30s\"`). Sizes: a number of bytes, or with B, KiB, MiB, "
            "GiB, TiB, kB, MB, GB, TB (`\"10MiB\"`). Any string may be `\"@file:PATH\"` or `\"@env:NAME\"`: what is found there "
            "takes its place, and is never shown.\n");
        print_table(out, &config_host_table);
        print_table(out, &config_plugin_table);
        print_table(out, &config_topic_table);
}
