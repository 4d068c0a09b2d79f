#include "base/config_errors.h"
#include "base/config_value.h"
#include "base/error.h"

#include <criterion/criterion.h>
#include <string.h>

static char name_a[] = "a", name_b[] = "b", text_x[] = "x", long_text[200];

Test(config_value, groups_are_equal_in_any_order_and_from_any_line)
{
        struct config_value one[2] = {{.type = CONFIG_VALUE_INT, .name = name_a, .integer = 1, .line = 3},
                                      {.type = CONFIG_VALUE_STRING, .name = name_b, .text = text_x, .text_len = 1}};
        struct config_value two[2] = {one[1], one[0]};
        struct config_value left = {.type = CONFIG_VALUE_GROUP, .items = one, .item_count = 2};
        struct config_value right = {.type = CONFIG_VALUE_GROUP, .items = two, .item_count = 2};

        two[1].line = 9;
        cr_assert(config_value_equal(&left, &right));
        two[1].integer = 2;
        cr_assert_not(config_value_equal(&left, &right));
        left.type = right.type = CONFIG_VALUE_LIST;
        two[1].integer = 1;
        cr_assert_not(config_value_equal(&left, &right), "a list has an order");
}

Test(config_value, describes_what_was_found_but_never_a_secret)
{
        struct config_value v = {.type = CONFIG_VALUE_STRING, .text = text_x, .text_len = 1};
        char out[96];

        cr_assert_str_eq(config_value_describe(&v, out), "string \"x\"");
        v.secret = true;
        cr_assert_str_eq(config_value_describe(&v, out), "a secret");
        memset(long_text, 'y', sizeof long_text - 1);
        v = (struct config_value){.type = CONFIG_VALUE_STRING, .text = long_text, .text_len = sizeof long_text - 1};
        cr_assert_lt(strlen(config_value_describe(&v, out)), 96u);
        cr_assert_not_null(strstr(out, "…"));
}

Test(config_value, a_duration_says_what_it_expected_and_found)
{
        struct config_value v = {.type = CONFIG_VALUE_INT, .integer = 30};
        struct pawl_error err;
        int64_t ns;

        cr_assert_not(config_value_duration(&v, &ns, &err));
        cr_assert_str_eq(err.text, "expected a duration such as \"30s\", found integer 30");
}

Test(config_errors, are_printed_in_order_of_file_and_line)
{
        struct config_errors errors = {0};
        struct buf out = {0};

        config_error(&errors, "b.conf", 7, "second %d", 2);
        config_warning(&errors, "b.conf", 2, "first");
        config_error(&errors, "a.conf", 0, "whole file");
        config_error(&errors, NULL, 0, "nowhere");
        cr_assert_eq(errors.error_count, 3u);
        config_errors_print(&errors, &out);
        cr_assert_str_eq(
            out.data,
            "error: nowhere\na.conf: error: whole file\nb.conf:2: warning: first\nb.conf:7: error: second 2\n");
        buf_free(&out);
        config_errors_free(&errors);
}

Test(error, prefix_says_where_and_never_overflows)
{
        struct pawl_error err;

        cr_assert_not(error_set(&err, "expected %d, found %d", 1, 2));
        error_prefix(&err, "file %s", "x");
        cr_assert_str_eq(err.text, "file x: expected 1, found 2");
        for (int i = 0; i < 400; i++)
                error_prefix(&err, "deep");
        cr_assert_eq(strlen(err.text), sizeof err.text - 1);
        error_set(NULL, "nobody listens");
}
