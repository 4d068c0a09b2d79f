#include "locate.h"
#include "status_text.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void expect_setting(const char *text, const char *name, const char *value)
{
        char *found = locate_setting(text, name);

        if (value == NULL)
                cr_assert_null(found, "%s: found %s", text, found);
        else
                cr_assert_str_eq(found, value);
        free(found);
}

Test(locate, finds_a_setting_in_a_broken_file)
{
        expect_setting("run_dir = \"/run/x\"; kafka = { brokers = ", "run_dir", "/run/x");
        expect_setting("# run_dir = \"/no\";\n// run_dir = \"/no\";\n/* run_dir = \"/no\"; */ run_dir : \"/yes\"",
                       "run_dir", "/yes");
        expect_setting("a = \"run_dir = \\\"/no\\\"\";", "run_dir", NULL);
        expect_setting("my_run_dir = \"/no\"; run_dirs = \"/no\";", "run_dir", NULL);
        expect_setting("admin = { socket = \"/s\\\"q\" }", "socket", "/s\"q");
        expect_setting("run_dir = \"/unclosed", "run_dir", "/unclosed");
        expect_setting("run_dir = 5; run_dir", "run_dir", NULL);
        expect_setting("/* unclosed run_dir = \"/no\"", "run_dir", NULL);
        expect_setting("", "run_dir", NULL);
}

Test(status, is_a_table_with_what_is_wrong)
{
        json_t *status = json_loads(
            "{\"version\":\"1\",\"pid\":5,\"state\":\"running\",\"started\":\"now\",\"generation\":2,\"host_id\":\"h\","
            "\"brokers\":\"b:1\",\"log_level\":\"info\",\"healthy\":false,\"complaints\":\"worker hr/0 does not run\\n\","
            "\"last_reload\":{\"generation\":1,\"refused\":true,\"time\":\"t\",\"text\":\"refused\",\"errors\":[\"x.conf:3: y\"]},"
            "\"plugins\":[{\"name\":\"audit\",\"enabled\":true,\"workers\":[{\"instance\":0,\"state\":\"serving\",\"pid\":9,"
            "\"counters\":{\"events_handled\":12},\"health\":\"well\",\"lag\":3,\"partitions\":[{\"topic\":\"t\",\"partition\":1,"
            "\"state\":\"reading\",\"position\":7,\"committed\":null,\"end\":9,\"lag\":2,\"in_hand\":1}]}]},"
            "{\"name\":\"hr\",\"enabled\":false,\"workers\":[]}]}",
            0, NULL);
        struct buf text = {0};

        cr_assert_not_null(status);
        status_text(status, true, &text);
        cr_assert_not_null(strstr(text.data, "pawld 1, process 5, running since now, generation 2, host h\n"));
        cr_assert_not_null(strstr(text.data, "last reload t: refused\n    x.conf:3: y\n"));
        cr_assert_not_null(strstr(text.data, "worker hr/0 does not run\n"));
        cr_assert_not_null(strstr(text.data, "\naudit/0                serving          9"));
        cr_assert_not_null(strstr(text.data, "    health: well\n"));
        cr_assert_not_null(strstr(text.data, "    t/1: reading, position 7, committed -, end 9, lag 2, in hand 1\n"));
        cr_assert_not_null(strstr(text.data, "\nhr                     disabled\n"));
        buf_clear(&text);
        status_pad(&text, "жёлтый", 8);
        cr_assert_str_eq(text.data, "жёлтый   ");
        buf_free(&text);
        json_decref(status);
}
