#include "base/memory.h"
#include "base/text.h"
#include "config/room.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32 };

static int line_of(const char *text, const char *at)
{
        int line = 1;

        for (; text < at; text++)
                line += *text == '\n';
        return line;
}

/* What libconfig would take without a word, or read past: bytes that are no text, and files inside files. */
static bool check_text(const char *file, const char *text, size_t len, struct config_errors *errors)
{
        const char *nul = memchr(text, '\0', len);
        size_t good = text_utf8_prefix(text, len);
        bool ok = true;

        if (nul != NULL)
                ok = config_error(errors, file, line_of(text, nul), "expected text, found a NUL byte");
        else if (good < len)
                ok = config_error(errors, file, line_of(text, text + good), "expected UTF-8, found the byte 0x%02x",
                                  (unsigned char)text[good]);
        for (const char *at = text; at != NULL && *at != '\0'; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
                if (strncmp(at + strspn(at, " \t"), "@include", 8) == 0)
                        ok = config_error(errors, file, line_of(text, at),
                                          "@include is not supported: expected all settings in this file");
        return ok;
}

static void convert(struct config_value *to, const config_setting_t *from, const char *file, unsigned depth,
                    struct config_errors *errors);

static void convert_items(struct config_value *to, const config_setting_t *from, const char *file, unsigned depth,
                          struct config_errors *errors)
{
        int count = config_setting_length(from);

        if (depth >= DEPTH_MAX) {
                config_error(errors, file, to->line, "expected values nested at most %d deep, found deeper", DEPTH_MAX);
                return;
        }
        to->items = memory_zero((size_t)count, sizeof *to->items);
        to->item_count = (size_t)count;
        for (int i = 0; i < count; i++)
                convert(&to->items[i], config_setting_get_elem(from, (unsigned)i), file, depth + 1, errors);
}

static void convert(struct config_value *to, const config_setting_t *from, const char *file, unsigned depth,
                    struct config_errors *errors)
{
        to->name = memory_string(config_setting_name(from));
        to->file = file;
        to->line = (int)config_setting_source_line(from);
        switch (config_setting_type(from)) {
        case CONFIG_TYPE_BOOL:
                to->type = CONFIG_VALUE_BOOL;
                to->boolean = config_setting_get_bool(from);
                break;
        case CONFIG_TYPE_INT:
        case CONFIG_TYPE_INT64:
                to->type = CONFIG_VALUE_INT;
                to->integer = config_setting_get_int64(from);
                to->number = (double)to->integer;
                break;
        case CONFIG_TYPE_FLOAT:
                to->type = CONFIG_VALUE_FLOAT;
                to->number = config_setting_get_float(from);
                break;
        case CONFIG_TYPE_STRING:
                to->type = CONFIG_VALUE_STRING;
                to->text = memory_string(config_setting_get_string(from));
                if (to->text == NULL)
                        to->text = memory_string("");
                to->text_len = strlen(to->text);
                break;
        case CONFIG_TYPE_GROUP:
                to->type = CONFIG_VALUE_GROUP;
                convert_items(to, from, file, depth, errors);
                break;
        default:
                to->type = CONFIG_VALUE_LIST;
                convert_items(to, from, file, depth, errors);
        }
}

bool config_tree_read(struct config_value *root, const char *file, const char *text, size_t len,
                      struct config_errors *errors)
{
        struct buf widened = {0};
        config_t parser;
        bool ok;

        *root = (struct config_value){.type = CONFIG_VALUE_GROUP, .file = file, .line = 1};
        if (strncmp(text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark, as some editors leave one */
                text += 3;
                len -= 3;
        }
        if (!check_text(file, text, len, errors))
                return false;
        buf_add_text(&widened, "");
        config_widen_integers(text, file, &widened, errors);
        config_init(&parser);
        /* libconfig stops at a file's first syntax error; the other files are read all the same. */
        ok = config_read_string(&parser, widened.data) == CONFIG_TRUE;
        if (ok)
                convert(root, config_root_setting(&parser), file, 0, errors);
        else
                config_error(errors, file, config_error_line(&parser), "%s: expected NAME = VALUE;",
                             config_error_text(&parser));
        config_destroy(&parser);
        explicit_bzero(widened.data, widened.len); /* passwords may stand in it */
        buf_free(&widened);
        root->line = 1;
        return ok;
}

static bool named_properties(const struct config_value *v)
{
        size_t len = v->name == NULL ? 0 : strlen(v->name);

        return len >= 10 && strcmp(v->name + len - 10, "properties") == 0;
}

static void walk(struct config_value *node, bool in_properties,
                 void (*each)(void *arg, struct config_value *string, bool in_properties), void *arg)
{
        if (node->type == CONFIG_VALUE_STRING)
                each(arg, node, in_properties);
        for (size_t i = 0; i < node->item_count; i++)
                walk(&node->items[i], in_properties || named_properties(node), each, arg);
}

void config_tree_strings(struct config_value *node,
                         void (*each)(void *arg, struct config_value *string, bool in_properties), void *arg)
{
        walk(node, false, each, arg);
}
