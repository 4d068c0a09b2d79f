/* The table "what bad input gets": every fault is reported, with file, line, expected, found. */
#include "kit.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(errors, .fini = kit_clear);

Test(errors, all_are_reported_not_only_the_first)
{
        kit_main("drain = 5;\nlog = { level = \"loud\"; };\nkafka = { brokers = \"\"; };\nno_such = 1;\n");
        kit_plugin("a", "threads = 0;\ngroup = 7;\ntopics = \"x\";\n");
        kit_plugin("b", "thread = 4;\n");
        kit_refused("etc/pawl.conf:1: error: drain: expected a duration such as \"30s\", found integer 5\n");
        kit_says(
            "etc/pawl.conf:2: error: log.level: expected one of \"debug\", \"info\", \"warn\", \"error\", found string \"loud\"\n");
        kit_says("etc/pawl.conf:3: error: kafka.brokers: expected a string that is not empty, found string \"\"\n");
        kit_says("etc/pawl.conf:4: error: unknown key \"no_such\"\n");
        kit_says("etc/plugins.d/a.conf:1: error: threads: expected an integer from 1 to 256, found integer 0\n");
        kit_says("etc/plugins.d/a.conf:2: error: group: expected a string that is not empty, found integer 7\n");
        kit_says(
            "etc/plugins.d/a.conf:3: error: topics: expected a list such as [ \"request-events\" ], found string \"x\"\n");
        kit_says("etc/plugins.d/b.conf:1: error: unknown key \"thread\": did you mean \"threads\"?\n");
}

Test(errors, an_unknown_key_in_a_group_names_the_nearest_there)
{
        kit_main("log = { levle = \"info\"; };\nlogs = { };\nkafka = { broker = \"a:1\"; };");
        kit_refused("etc/pawl.conf:1: error: unknown key \"log.levle\": did you mean \"log.level\"?\n");
        kit_says("etc/pawl.conf:2: error: unknown key \"logs\": did you mean \"log\"?\n");
        kit_says("unknown key \"kafka.broker\": did you mean \"kafka.brokers\"?\n");
}

Test(errors, syntax_is_reported_for_each_file)
{
        kit_main("a = ;\n");
        kit_plugin("x", "\n\nthreads = = 4;\n");
        kit_plugin("y", "threads = 99999;\n");
        kit_refused("etc/pawl.conf:1: error: syntax error");
        kit_says("etc/plugins.d/x.conf:3: error: syntax error");
        kit_says("etc/plugins.d/y.conf:1: error: threads: expected an integer from 1 to 256");
}

Test(errors, a_key_twice_is_an_error)
{
        kit_plugin("x", "threads = 4;\nthreads = 5;\n");
        kit_refused("etc/plugins.d/x.conf:2: error: duplicate setting name");
}

Test(errors, what_is_no_text_is_refused)
{
        kit_main("# \xff\n");
        kit_plugin("x", "# ok\n@include \"other.conf\"\n");
        kit_refused("etc/pawl.conf:1: error: expected UTF-8, found the byte 0xff\n");
        kit_says("etc/plugins.d/x.conf:2: error: @include is not supported");
}

Test(errors, an_integer_that_does_not_fit_is_refused_and_not_cut)
{
        kit_plugin("a", "# \"\n/* \n */ threads = 4294967300;\nmax_in_hand = 99999999999999999999;");
        kit_refused("a.conf:3: error: threads: expected an integer from 1 to 256, found integer 4294967300\n");
        kit_says("a.conf:4: error: expected an integer of at most 64 bits, found 99999999999999999999\n");
}

Test(errors, a_group_is_no_value_and_a_value_no_group)
{
        kit_main("log = \"info\";\nstate_dir = { };\n");
        kit_refused("etc/pawl.conf:1: error: log: expected a group { … }, found string \"info\"\n");
        kit_says("etc/pawl.conf:2: error: state_dir: expected a path, found group of 0\n");
}

Test(errors, ranges_are_named_in_their_units)
{
        kit_plugin(
            "a",
            "deadline = \"1ms\";\nmax_in_hand_bytes = \"1KiB\";\ncommit_interval = \"2min\";\nmax_event = \"2 XB\";\n");
        kit_refused("a.conf:1: error: deadline: expected a duration from 10ms to 1d, found string \"1ms\"\n");
        kit_says("a.conf:2: error: max_in_hand_bytes: expected a size from 64KiB to 64GiB, found string \"1KiB\"\n");
        kit_says("a.conf:3: error: commit_interval: expected a duration from 1ms to 1min, found string \"2min\"\n");
        kit_says("a.conf:4: error: max_event: expected a size such as");
}

Test(errors, bounds_that_contradict_each_other_are_refused)
{
        kit_plugin("a", "max_event = \"1GiB\";\nretry = { backoff = \"1min\"; };\n");
        kit_refused("a.conf:1: error: max_event: expected not more than max_in_hand_bytes");
        kit_says("a.conf:2: error: retry: expected a backoff that is not longer than backoff_max");
}

Test(errors, two_plugins_of_one_name_are_both_named)
{
        kit_plugin("a", "enabled = false;");
        kit_plugin("b", "\nname = \"a\";");
        kit_refused(
            "etc/plugins.d/b.conf:2: error: name: expected a name of its own, found \"a\" in etc/plugins.d/a.conf too\n");
}

Test(errors, one_group_in_two_enabled_plugins_is_refused_naming_both)
{
        kit_plugin("a", "group = \"g\"; topics = [ \"t\" ];");
        kit_plugin("b", "\ngroup = \"g\"; topics = [ \"t\" ];");
        kit_refused(
            "etc/plugins.d/b.conf:2: error: group: expected a consumer group of its own for the plugin b, found \"g\", the group "
            "of the plugin a (etc/plugins.d/a.conf) too");
}

Test(errors, a_disabled_plugin_may_share_a_group)
{
        kit_plugin("a", "group = \"g\"; topics = [ \"t\" ];");
        kit_plugin("b", "group = \"g\"; topics = [ \"t\" ]; enabled = false;");
        cr_assert_not_null(kit_parse(), "%s", kit_errors());
}

Test(errors, topics_need_a_group)
{
        kit_plugin("a", "\ntopics = [ \"t\" ];");
        kit_refused("a.conf:2: error: expected a consumer group (`group`, or KAFKA_CONSUMER_GROUP_ID), found none\n");
}

Test(errors, topics_are_names_and_each_once)
{
        kit_plugin("a", "group = \"g\";\ntopics = ( \"a b\", \"c\", \"c\", 5, \"..\" );");
        kit_refused("found \"a b\"");
        kit_says("expected each topic once, found \"c\" again");
        kit_says("topics: expected a string that is not empty, found integer 5");
        kit_says("found \"..\"");
}

Test(errors, addresses_are_checked_and_each_once)
{
        kit_main("admin = { listen = \"8081\"; };\nkafka = { brokers = \"a:1,b:x,\"; };");
        kit_plugin("a", "listen = { http = \"nowhere\";\n s = \"0.0.0.0:8000\"; };");
        kit_plugin("b", "listen = { http = \"0.0.0.0:8000\"; };");
        kit_refused(
            "etc/pawl.conf:1: error: admin.listen: expected \"host:port\" or \"[host]:port\", found \"8081\"\n");
        kit_says("etc/pawl.conf:2: error: kafka.brokers: expected host:port, separated by commas, found \"b:x\"\n");
        kit_says("found \"\"\n");
        kit_says(
            "a.conf:1: error: listen.http: expected \"host:port\", \"[host]:port\" or a path that begins with /, found \"nowhere\"\n");
        kit_says("b.conf:1: error: listen.http: expected an address of its own, found 0.0.0.0:8000 in the plugin a");
}

Test(errors, names_of_plugins_are_plain)
{
        kit_plugin("a b", "");
        kit_plugin("c", "name = \"../x\";");
        kit_refused("a b.conf: error: name: expected at most 64 letters, digits, - and _, found \"a b\"\n");
        kit_says("c.conf:1: error: name: expected at most 64 letters");
}

Test(errors, a_secret_that_is_not_there_is_named_where_it_is_asked_for)
{
        kit_plugin("a", "settings = {\n  a = \"@file:/no/such\";\n  b = \"@env:NO_SUCH\";\n};");
        kit_refused("a.conf:2: error: \"@file:/no/such\": expected a file that can be read");
        kit_says("a.conf:3: error: \"@env:NO_SUCH\": expected the environment variable NO_SUCH to be set");
}

Test(errors, never_show_a_secret)
{
        kit_main(
            "drain = \"@file:/s\";\nkafka = { properties = [ \"@file:/s\", \"sasl.password=@file:/s\", \"group.id=@file:/s\" ]; };");
        kit_plugin(
            "a",
            "threads = \"@file:/s\"; group = \"@file:/s\"; ordering = \"@file:/s\"; max_event = \"@file:/s\"; topics = [ \"@file:/s\" ];");
        kit_secret("/s", "hunter2=1");
        cr_assert_null(kit_parse());
        cr_assert_null(strstr(kit_errors(), "hunter2"), "%s", kit_errors());
        kit_says("drain: expected a duration such as \"30s\", found a secret");
}

Test(errors, values_nested_too_deep_are_refused)
{
        struct buf text = {0};

        buf_add_text(&text, "settings = { a = ");
        for (int i = 0; i < 100; i++)
                buf_add_char(&text, '(');
        for (int i = 0; i < 100; i++)
                buf_add_char(&text, ')');
        buf_add_text(&text, "; };");
        kit_plugin("a", text.data);
        kit_refused("nested at most 32 deep");
        buf_free(&text);
}

/* What is wrong is left out of what is checked further: nothing is said of it twice. */
Test(errors, a_snapshot_for_checking_comes_in_spite_of_them)
{
        const struct config_plugin *p;
        struct config *cfg;

        kit_main("trial_deadline = 7;\nplugin_dir = \"/so\";");
        kit_plugin("a", "threads = 0; group = \"g\"; topics = [ \"t\" ]; settings = { x = 1; };");
        kit_plugin("b", "plugin = 5;\ntopics = 5;\nlisten = { http = \"nowhere\"; };\nsettings = 5;");
        kit_plugin("c", "syntax");
        kit_plugin("d", "name = \"a\"; plugin = \"other\"; topics = [ \"t\" ]; group = 7;");
        cfg = kit_parse_for_check();
        cr_assert_eq(cfg->trial_deadline, 30 * INT64_C(1000000000));
        cr_assert_eq(cfg->plugin_count, 3);
        p = config_plugin(cfg, "a");
        cr_assert_eq(p->threads, 4);
        cr_assert_eq(p->lost, 0);
        cr_assert_str_eq(p->plugin_path, "/so/a.so");
        p = config_plugin(cfg, "b");
        cr_assert_eq(p->lost, CONFIG_LOST_BUILD | CONFIG_LOST_TOPICS | CONFIG_LOST_LISTEN | CONFIG_LOST_SETTINGS);
        cr_assert_eq(p->lines.listen, 3);
        p = config_plugin(cfg, "a (etc/plugins.d/d.conf)");
        cr_assert_str_eq(p->plugin_path, "/so/other.so");
        kit_says("d.conf:1: error: group: expected a string that is not empty, found integer 7\n");
        cr_assert_null(strstr(kit_errors(), "expected a consumer group"), "%s", kit_errors());
}

Test(errors, a_main_file_that_cannot_be_read_leaves_open_which_file_a_plugin_is)
{
        struct config *cfg;

        kit_main("plugin_dir = ;");
        kit_plugin("a", "plugin = \"name\";");
        kit_plugin("b", "plugin = \"./path.so\";");
        cfg = kit_parse_for_check();
        cr_assert_eq(config_plugin(cfg, "a")->lost, CONFIG_LOST_BUILD);
        cr_assert_eq(config_plugin(cfg, "b")->lost, 0);
}

/* A file cut anywhere is refused or read; it never harms. */
Test(errors, a_file_cut_anywhere_harms_nothing)
{
        static const char text[] =
            "name = \"a\"; group = \"g\"; topics = [ \"t\" ]; retry = { attempts = 3; }; listen = { h = \"0:80\"; };"
            "kafka_properties = [ \"linger.ms=1\" ]; settings = { x = ( 1, { y = \"@file:z\"; } ); };";

        for (size_t len = 0; len < sizeof text; len++) {
                char cut[sizeof text];

                memcpy(cut, text, len);
                cut[len] = '\0';
                kit_plugin("a", cut);
                kit_parse();
                kit_clear();
        }
}
