#include "kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct config *build(const char *host, const char *plugin)
{
        struct config_bundle *bundle = calloc(1, sizeof *bundle);
        struct config_errors errors = {0};
        struct config *cfg;

        config_bundle_add(bundle, CONFIG_PART_MAIN, "pawl.conf", host, strlen(host));
        config_bundle_add(bundle, CONFIG_PART_PLUGIN, "a.conf", plugin, strlen(plugin));
        cfg = config_parse(bundle, &errors);
        cr_assert_not_null(cfg);
        config_bundle_free(&bundle);
        return cfg;
}

static void expect(enum config_change wanted, const char *keys, const char *host, const char *plugin)
{
        struct config *old = build("", "group = \"g\"; topics = [ \"t\" ]; settings = { a = 1; b = { c = \"x\"; }; };");
        struct config *new = build(host, plugin);
        struct buf changed = {0};

        buf_add_text(&changed, "");
        cr_assert_eq(config_compare(&old->plugins[0], &new->plugins[0], &changed), wanted, "%s %s", host, plugin);
        cr_assert_str_eq(changed.data, keys);
        buf_free(&changed);
        config_free(&old);
        config_free(&new);
}

Test(compare, comments_order_and_written_defaults_change_nothing)
{
        expect(
            CONFIG_SAME, "", "drain = \"25s\";",
            "# c\n\nsettings = { b = { c = \"x\"; }; a = 1; }; topics = ( \"t\" ); group = \"g\"; threads = 4; plugin = \"a\";");
        expect(
            CONFIG_SAME, "", "log = { level = \"debug\"; };",
            "group = \"g\"; topics = [ \"t\" ]; enabled = false; instances = 3; settings = { a = 1; b = { c = \"x\"; }; };");
}

Test(compare, settings_and_the_plugin_file_can_be_swapped_beside)
{
        expect(CONFIG_CHANGED_BESIDE, "settings", "",
               "group = \"g\"; topics = [ \"t\" ]; settings = { a = 2; b = { c = \"x\"; }; };");
        expect(CONFIG_CHANGED_BESIDE, "plugin", "",
               "plugin = \"a2\"; group = \"g\"; topics = [ \"t\" ]; settings = { a = 1; b = { c = \"x\"; }; };");
        expect(CONFIG_CHANGED_BESIDE, "plugin_dir", "plugin_dir = \"/other\";",
               "group = \"g\"; topics = [ \"t\" ]; settings = { a = 1; b = { c = \"x\"; }; };");
}

Test(compare, what_the_client_or_the_worker_is_built_from_needs_a_new_process)
{
        static const char rest[] = "settings = { a = 1; b = { c = \"x\"; }; };";
        char text[400];

        snprintf(text, sizeof text, "group = \"h\"; topics = [ \"t\", \"u\" ]; ordering = \"none\"; threads = 2; %s",
                 rest);
        expect(CONFIG_CHANGED_PROCESS, "group, topics, ordering, threads", "", text);
        snprintf(text, sizeof text, "group = \"g\"; topics = [ \"t\" ]; %s", rest);
        expect(CONFIG_CHANGED_PROCESS, "kafka.brokers", "kafka = { brokers = \"b:1\"; };", text);
        expect(CONFIG_CHANGED_PROCESS, "kafka.static_membership", "kafka = { static_membership = false; };", text);
        expect(CONFIG_CHANGED_PROCESS, "kafka.properties", "kafka = { properties = [ \"linger.ms=7\" ]; };", text);
        expect(CONFIG_CHANGED_PROCESS, "start", "kafka = { start = \"latest\"; };", text);
        snprintf(text, sizeof text,
                 "group = \"g\"; topics = [ \"t\" ]; listen = { http = \"0.0.0.0:1\"; }; retry = { attempts = 9; }; %s",
                 rest);
        expect(CONFIG_CHANGED_PROCESS, "retry.attempts, listen", "", text);
        expect(CONFIG_CHANGED_PROCESS, "threads, settings", "", "group = \"g\"; topics = [ \"t\" ]; threads = 5;");
}

Test(compare, the_host_says_what_waits_for_a_restart)
{
        struct config *old = build("", ""),
                      *new = build("run_dir = \"/r\"; drain = \"1s\"; admin = { listen = \"[::]:1\"; };", "");
        struct buf changed = {0};

        cr_assert(config_host_changed(old, new, &changed));
        cr_assert_str_eq(changed.data, "run_dir, admin.socket, admin.listen");
        cr_assert_not(config_host_changed(old, old, NULL));
        buf_free(&changed);
        config_free(&old);
        config_free(&new);
}
