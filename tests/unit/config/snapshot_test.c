#include "kit.h"

#include "base/clock.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(snapshot, .fini = kit_clear);

Test(snapshot, an_empty_file_gives_the_defaults)
{
        struct config *cfg = kit_parse();

        cr_assert_str_eq(cfg->state_dir, "/var/lib/pawl");
        cr_assert_str_eq(cfg->admin_socket, "/run/pawl/admin.sock");
        cr_assert_null(cfg->admin_listen);
        cr_assert_eq(cfg->drain, 25 * CLOCK_S);
        cr_assert_eq(cfg->log_level, LOG_LEVEL_INFO);
        cr_assert_eq(cfg->log_format, LOG_FORMAT_AUTO);
        cr_assert_str_eq(cfg->kafka.brokers, "localhost:9092,localhost:9093,localhost:9094");
        cr_assert(cfg->kafka.static_membership);
        cr_assert_eq(cfg->kafka.start, CONFIG_START_EARLIEST);
        cr_assert_eq(cfg->kafka.on_gap, CONFIG_GAP_STOP);
        cr_assert_eq(cfg->plugin_count, 0u);
        cr_assert_null(cfg->topics.file);
}

Test(snapshot, a_plugin_has_the_defaults_of_the_design)
{
        const struct config_plugin *p;

        kit_plugin("audit", "group = \"audit-service\"; topics = [ \"request-events\" ];");
        p = config_plugin(kit_parse(), "audit");
        cr_assert(p->enabled);
        cr_assert_str_eq(p->plugin, "audit");
        cr_assert_eq(p->ordering, CONFIG_ORDERING_KEY);
        cr_assert_eq(p->threads, 4);
        cr_assert_eq(p->instances, 1);
        cr_assert_eq(p->deadline, 30 * CLOCK_S);
        cr_assert_eq(p->ticket_deadline, 300 * CLOCK_S);
        cr_assert_eq(p->wait_limit, 300 * CLOCK_S);
        cr_assert_eq(p->drain, 25 * CLOCK_S);
        cr_assert_eq(p->max_in_hand, 20000);
        cr_assert_eq(p->max_in_hand_bytes, 64 << 20);
        cr_assert_eq(p->commit_interval, 200 * CLOCK_MS);
        cr_assert_eq(p->max_event, 10 << 20);
        cr_assert_eq(p->retry.attempts, 5);
        cr_assert_eq(p->retry.backoff, 200 * CLOCK_MS);
        cr_assert_eq(p->retry.backoff_max, 30 * CLOCK_S);
        cr_assert_eq(p->settings.type, CONFIG_VALUE_GROUP);
        cr_assert_eq(p->settings.item_count, 0u);
}

Test(snapshot, what_is_written_is_what_is_read)
{
        const struct config_plugin *p;
        struct config *cfg;

        kit_main(
            "state_dir = \"state\"; run_dir = \"/tmp/run\"; drain = \"10s\"; log = { level = \"debug\"; format = \"json\"; };"
            "admin = { listen = \"127.0.0.1:8081\"; }; kafka = { brokers = \"a:1\"; static_membership = false; start = \"latest\"; };"
            "plugin_dir = \"../plugins\";");
        kit_plugin(
            "x",
            "name = \"hr\"; enabled = false; plugin = \"hr2\"; group = \"g\"; topics = ( \"a\", \"^b.*\" ); ordering = \"none\";"
            "threads = 8; instances = 2; deadline = \"1min\"; max_in_hand_bytes = 67108864; max_event = 4096;"
            "retry = { attempts = 1; backoff = \"1s\"; }; listen = { http = \"[::1]:8000\"; s = \"/run/s\"; };"
            "settings = { smtp = { port = 25; }; ratio = 0.5; on = true; list = ( 1, 2 ); };");
        cfg = kit_parse();
        cr_assert_str_eq(cfg->state_dir, "/cwd/etc/state");
        cr_assert_str_eq(cfg->admin_socket, "/tmp/run/admin.sock");
        cr_assert_str_eq(cfg->admin_host, "127.0.0.1");
        cr_assert_eq(cfg->admin_port, 8081);
        cr_assert_eq(cfg->log_level, LOG_LEVEL_DEBUG);
        cr_assert_eq(cfg->log_format, LOG_FORMAT_JSON);
        p = config_plugin(cfg, "hr");
        cr_assert_not(p->enabled);
        cr_assert_str_eq(p->plugin_path, "/cwd/etc/../plugins/hr2.so");
        cr_assert_eq(p->topic_count, 2u);
        cr_assert_str_eq(p->topics[1], "^b.*");
        cr_assert_eq(p->ordering, CONFIG_ORDERING_NONE);
        cr_assert_eq(p->drain, 10 * CLOCK_S, "the host's is the default");
        cr_assert_eq(p->kafka.start, CONFIG_START_LATEST);
        cr_assert_not(p->kafka.static_membership);
        cr_assert_eq(p->max_event, 4096);
        cr_assert_eq(p->retry.attempts, 1);
        cr_assert_eq(p->listen_count, 2u);
        cr_assert_str_eq(p->listen[0].host, "::1");
        cr_assert_eq(p->listen[0].port, 8000);
        cr_assert_null(p->listen[1].host);
        cr_assert_eq(config_value_get(config_value_get(&p->settings, "smtp"), "port")->integer, 25);
        cr_assert_float_eq(config_value_get(&p->settings, "ratio")->number, 0.5, 1e-9);
        cr_assert(config_value_get(&p->settings, "on")->boolean);
        cr_assert_eq(config_value_get(&p->settings, "list")->items[1].integer, 2);
        cr_assert_null(config_value_get(&p->settings, "none"));
}

Test(snapshot, a_plugin_given_by_path_is_found_beside_its_file)
{
        struct config *cfg;

        kit_plugin("a", "plugin = \"./build/a.so\";");
        kit_plugin("b", "plugin = \"/opt/b.so\";");
        cfg = kit_parse();
        cr_assert_str_eq(config_plugin(cfg, "a")->plugin_path, "/cwd/etc/plugins.d/./build/a.so");
        cr_assert_str_eq(config_plugin(cfg, "b")->plugin_path, "/opt/b.so");
}

Test(snapshot, settings_know_their_file_and_line)
{
        const struct config_value *v;

        kit_plugin("a", "\n\nsettings = {\n  greeting = \"hello\";\n};");
        v = config_value_get(&config_plugin(kit_parse(), "a")->settings, "greeting");
        cr_assert_str_eq(v->file, "etc/plugins.d/a.conf");
        cr_assert_eq(v->line, 4);
}

Test(snapshot, large_integers_are_kept)
{
        const struct config_value *v;

        kit_plugin(
            "a",
            "settings = { a = 31536000000; b = -5000000000L; c = 2147483648; d = -2147483649; e = 0xFFFFFFFFFF; f = 1.5e10;\n"
            "g-2147483648 = \"9999999999\"; // 9999999999\n h = 9223372036854775807; /* 9999999999 */ i = +7; # 9999999999\n};");
        v = kit_parse() == NULL ? NULL : &config_plugin(kit_parse(), "a")->settings;
        cr_assert_not_null(v, "%s", kit_errors());
        cr_assert_eq(config_value_get(v, "a")->integer, INT64_C(31536000000));
        cr_assert_eq(config_value_get(v, "b")->integer, INT64_C(-5000000000));
        cr_assert_eq(config_value_get(v, "c")->integer, INT64_C(2147483648));
        cr_assert_eq(config_value_get(v, "d")->integer, INT64_C(-2147483649));
        cr_assert_eq(config_value_get(v, "e")->integer, INT64_C(0xFFFFFFFFFF));
        cr_assert_float_eq(config_value_get(v, "f")->number, 1.5e10, 1);
        cr_assert_str_eq(config_value_get(v, "g-2147483648")->text, "9999999999");
        cr_assert_eq(config_value_get(v, "h")->integer, INT64_MAX);
        cr_assert_eq(config_value_get(v, "i")->integer, 7);
}

Test(snapshot, secrets_take_the_place_of_their_references)
{
        const struct config_value *v;
        char out[96];

        kit_plugin("a", "settings = { password = \"@file:secret\"; token = \"@@handle\"; };");
        kit_secret("/cwd/etc/plugins.d/secret", "s3cret");
        v = &config_plugin(kit_parse(), "a")->settings;
        cr_assert_str_eq(config_value_get(v, "password")->text, "s3cret");
        cr_assert(config_value_get(v, "password")->secret);
        cr_assert_str_eq(config_value_describe(config_value_get(v, "password"), out), "a secret");
        cr_assert_str_eq(config_value_get(v, "token")->text, "@handle");
        cr_assert_not(config_value_get(v, "token")->secret);
}

Test(snapshot, plugins_stand_in_order_of_name)
{
        struct config *cfg;

        kit_plugin("z", "");
        kit_plugin("b", "name = \"n\";");
        kit_plugin("a", "");
        cfg = kit_parse();
        cr_assert_str_eq(cfg->plugins[0].name, "a");
        cr_assert_str_eq(cfg->plugins[1].name, "n");
        cr_assert_str_eq(cfg->plugins[2].name, "z");
}

Test(reference, names_every_key_once)
{
        const struct config_table *tables[] = {&config_host_table, &config_plugin_table, &config_topic_table};
        struct buf page = {0};

        config_reference(&page);
        for (size_t i = 0; i < 3; i++)
                for (const struct config_key *key = tables[i]->keys; key->name != NULL; key++) {
                        char row[80];

                        snprintf(row, sizeof row, "| `%s` | ", key->name);
                        cr_assert_not_null(strstr(page.data, row), "%s", row);
                        cr_assert(strlen(key->help) > 5, "%s", key->name);
                }
        buf_free(&page);
}

Test(snapshot, the_hosts_id_takes_its_place_in_a_group)
{
        struct config *cfg;

        kit_plugin("a", "topics = [ \"t\" ]; group = \"reads-{host_id}-{host_id}\";");
        kit_plugin("b", "topics = [ \"t\" ]; group = \"plain\";");
        kit_plugin("c", "");
        cfg = kit_parse();
        cr_assert_str_eq(config_plugin(cfg, "a")->group, "reads-{host_id}-{host_id}");
        config_use_host_id(cfg, "h-1");
        cr_assert_str_eq(config_plugin(cfg, "a")->group, "reads-h-1-h-1");
        cr_assert_str_eq(config_plugin(cfg, "b")->group, "plain");
        cr_assert_null(config_plugin(cfg, "c")->group);
}

Test(snapshot, a_group_with_other_braces_is_refused)
{
        kit_plugin("a", "topics = [ \"t\" ]; group = \"reads-{hostid}\";");
        kit_refused("group: expected no braces but those of {host_id}, found \"reads-{hostid}\"");
}
