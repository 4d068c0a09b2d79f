/*
 * Settings against their schema: values, defaults, nesting, and every problem with its line.
 */
#include "plugin/settings.h"

#include "config/room.h" /* its reader of libconfig's text; nothing else makes trees */

#include <criterion/criterion.h>
#include <string.h>

static const struct pawl_setting server[] = {
    PAWL_SETTING_PLAIN(PAWL_TYPE_STRING, PAWL_REQUIRED, "host", "which server"),
    PAWL_SETTING_INT("port", "25", "1..65535", "its port"),
};
static const struct pawl_setting limits[] = {
    PAWL_SETTING_INT("rows", "100", "1..", "how many"),
    PAWL_SETTING_DURATION("age", "1h", "1s..1d", "how old"),
};
static const struct pawl_setting schema[] = {
    PAWL_SETTING_BOOL("on", "true", ""),
    PAWL_SETTING_NUMBER("share", "0.5", "0..1", ""),
    PAWL_SETTING_STRING("title", "x", ""),
    PAWL_SETTING_CHOICE("mode", "fast", "fast|slow", ""),
    PAWL_SETTING_SIZE("size", "1MiB", "1..10MiB", ""),
    PAWL_SETTING_PATH("dir", "data", ""),
    PAWL_SETTING_PLAIN(PAWL_TYPE_SECRET, 0, "password", ""),
    PAWL_SETTING_LIST(0, PAWL_TYPE_INT, "numbers", ""),
    PAWL_SETTING_TABLE(0, "smtp", server, ""),
    PAWL_SETTING_TABLE(0, "limits", limits, ""),
    PAWL_SETTING_TABLES(0, "servers", server, ""),
    PAWL_SETTING_MAP(0, PAWL_TYPE_STRING, "regions", ""),
};

static struct plugin_descriptor descriptor;
static struct config_value tree;
static struct config_errors errors;

static struct plugin_settings *check(const char *text)
{
        static const struct pawl_plugin plugin = {.head = PAWL_HEAD,
                                                  .name = PAWL_STR("test"),
                                                  .version = PAWL_STR("1"),
                                                  .settings = PAWL_ARRAY(schema)};
        struct pawl_error err;

        cr_assert(plugin_descriptor_read(&descriptor, &plugin, &err), "%s", err.text);
        cr_assert(config_tree_read(&tree, "/etc/pawl/plugins.d/test.conf", text, strlen(text), &errors));
        return plugin_settings_check(&descriptor, &tree, "/etc/pawl/plugins.d/test.conf", &errors);
}

static void done(struct plugin_settings *settings)
{
        plugin_settings_free(&settings);
        plugin_descriptor_clear(&descriptor);
        config_value_clear(&tree);
        config_errors_free(&errors);
}

static const struct pawl_value *get(const struct plugin_settings *settings, const char *name)
{
        return plugin_value_member(plugin_settings_root(settings), pawl_text(name));
}

static void refused(const char *text, const char *expected)
{
        struct buf out = {.data = NULL};

        cr_assert_null(check(text));
        config_errors_print(&errors, &out);
        cr_assert_str_eq(out.data, expected);
        buf_free(&out);
        done(NULL);
}

Test(settings, defaults_are_filled)
{
        struct plugin_settings *s = check("");

        cr_assert_not_null(s);
        cr_assert_eq(plugin_value_int(get(s, "on")), 1);
        cr_assert_eq(plugin_value_double(get(s, "share")), 0.5);
        cr_assert_str_eq(plugin_value_string(get(s, "mode")).ptr, "fast");
        cr_assert_eq(plugin_value_int(get(s, "size")), 1 << 20);
        cr_assert_str_eq(plugin_value_string(get(s, "dir")).ptr, "/etc/pawl/plugins.d/data");
        cr_assert_null(get(s, "password"));
        cr_assert_null(get(s, "numbers"));
        cr_assert_null(get(s, "smtp"), "it has a required field");
        cr_assert_eq(plugin_value_int(plugin_value_member(get(s, "limits"), pawl_text("age"))), PAWL_S(3600));
        cr_assert_null(get(s, "no_such"));
        cr_assert_eq(plugin_value_int(NULL), 0);
        cr_assert_eq(plugin_value_count(get(s, "servers")), 0u);
        done(s);
}

Test(settings, values_lists_and_tables_are_read)
{
        struct plugin_settings *s =
            check("on = false; share = 1; title = \"Ж\"; mode = \"slow\"; size = \"2KiB\"; dir = \"/x\";\n"
                  "password = \"p\"; numbers = [3, 1, 2]; smtp = { host = \"h\"; };\n"
                  "servers = ({ host = \"a\"; port = 1; }, { host = \"b\"; });\n"
                  "regions = { moscow = \"m\"; kazan = \"k\"; };");
        const struct pawl_value *servers, *item;
        struct pawl_str name;

        cr_assert_not_null(s);
        cr_assert_eq(plugin_value_int(get(s, "on")), 0);
        cr_assert_eq(plugin_value_double(get(s, "share")), 1.0);
        cr_assert_str_eq(plugin_value_string(get(s, "title")).ptr, "Ж");
        cr_assert_eq(plugin_value_int(get(s, "size")), 2048);
        cr_assert_str_eq(plugin_value_string(get(s, "dir")).ptr, "/x");
        cr_assert_eq(plugin_value_type(get(s, "password")), (uint32_t)PAWL_TYPE_SECRET);
        cr_assert_eq(plugin_value_count(get(s, "numbers")), 3u);
        cr_assert_eq(plugin_value_int(plugin_value_at(get(s, "numbers"), 1, NULL)), 1);
        cr_assert_null(plugin_value_at(get(s, "numbers"), 3, NULL));
        cr_assert_eq(plugin_value_int(plugin_value_member(get(s, "smtp"), pawl_text("port"))), 25);
        servers = get(s, "servers");
        cr_assert_eq(plugin_value_int(plugin_value_member(plugin_value_at(servers, 0, NULL), pawl_text("port"))), 1);
        cr_assert_eq(plugin_value_int(plugin_value_member(plugin_value_at(servers, 1, NULL), pawl_text("port"))), 25);
        item = plugin_value_at(get(s, "regions"), 1, &name);
        cr_assert_str_eq(name.ptr, "kazan");
        cr_assert_str_eq(plugin_value_string(item).ptr, "k");
        done(s);
}

Test(settings, every_problem_is_told_with_its_line)
{
        refused(
            "on = 1;\n"
            "share = 2.0;\n"
            "mode = \"medium\";\n"
            "size = \"10 apples\";\n"
            "numbers = (1,\n"
            "\"two\");\n"
            "limts = { };\n",
            "/etc/pawl/plugins.d/test.conf:1: error: settings.on: expected true or false, found integer 1\n"
            "/etc/pawl/plugins.d/test.conf:2: error: settings.share: expected a number in 0..1, found number 2\n"
            "/etc/pawl/plugins.d/test.conf:3: error: settings.mode: expected a string, one of fast|slow, found string "
            "\"medium\"\n"
            "/etc/pawl/plugins.d/test.conf:4: error: settings.size: expected a size such as \"64KiB\", \"10MiB\" or \"1GB\", found \"10 apples\"\n"
            "/etc/pawl/plugins.d/test.conf:6: error: settings.numbers[1]: expected an integer, found string \"two\"\n"
            "/etc/pawl/plugins.d/test.conf:7: error: settings.limts: the plugin has no such setting; did you mean "
            "\"limits\"?\n");
}

Test(settings, problems_within_tables_have_their_full_name)
{
        refused(
            "smtp = {\n"
            "  port = 0;\n"
            "};\n"
            "servers = ( { host = \"a\"; prt = 1; },\n"
            "  5 );\n"
            "regions = { a = 1; };\n",
            "/etc/pawl/plugins.d/test.conf:1: error: settings.smtp.host: expected a string, found nothing (which server)\n"
            "/etc/pawl/plugins.d/test.conf:2: error: settings.smtp.port: expected an integer in 1..65535, found integer 0\n"
            "/etc/pawl/plugins.d/test.conf:4: error: settings.servers[0].prt: the plugin has no such setting; did you mean "
            "\"port\"?\n"
            "/etc/pawl/plugins.d/test.conf:5: error: settings.servers[1]: expected a group { … }, found integer 5\n"
            "/etc/pawl/plugins.d/test.conf:6: error: settings.regions.a: expected a string, found integer 1\n");
}
