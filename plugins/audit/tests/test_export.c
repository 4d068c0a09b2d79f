#include "chain_fixture.h"
#include "export.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct link link_7 = {.seq = 7, .recorded = 5, .event_hash = {0xab}, .hash = {0xcd}};

static struct entry entry_with_value(const char *value, size_t len)
{
        return (struct entry){
            .topic = pawl_text("hr-events"),
            .partition = 2,
            .offset = 9,
            .time = -1,
            .value = pawl_bytes(value, len),
            .request_id = {true, -3},
        };
}

/* The CSV line's cell of that number, as it stands there; until the next call. */
static const char *cell(const char *line, int number)
{
        static char out[512];
        bool quoted = false;
        size_t used = 0;

        for (const char *p = line; *p != '\0' && number >= 0; p++) {
                quoted ^= *p == '"';
                if (*p == ',' && !quoted)
                        number--;
                else if (number == 0)
                        out[used++] = *p;
        }
        out[used] = '\0';
        return out;
}

#define VALUE        14
#define VALUE_BASE64 15

static void expect_cell(const char *value, size_t len, int number, const char *expected)
{
        struct entry entry = entry_with_value(value, len);
        char *line = export_csv(&entry, &link_7);

        cr_assert_str_eq(cell(line, number), expected, "%s", line);
        free(line);
}

Test(export, a_csv_line_has_the_columns_of_its_header)
{
        struct entry entry = entry_with_value("{}", 2);
        char *line = export_csv(&entry, &link_7);

        cr_assert_str_eq(export_csv_header, "seq,recorded,variant,topic,partition,offset,time,event_type,event_id,"
                                            "correlation_id,request_id,user_id,key,key_base64,value,value_base64,"
                                            "event_hash,hash,pruned\r\n");
        cr_assert_str_eq(line, "7,5,0,\"hr-events\",2,9,-1,,,,-3,,,,\"{}\",,"
                               "ab00000000000000000000000000000000000000000000000000000000000000,"
                               "cd00000000000000000000000000000000000000000000000000000000000000,\r\n");
        free(line);
}

Test(export, quotes_commas_and_line_ends_stay_within_their_cell)
{
        expect_cell("a \"b\", c\r\nd", 11, VALUE, "\"a \"\"b\"\", c\r\nd\"");
}

Test(export, no_text_of_an_event_is_a_formula)
{
        static const char *const formulas[] = {"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"};
        char expected[64];

        for (size_t i = 0; i < sizeof formulas / sizeof formulas[0]; i++) {
                snprintf(expected, sizeof expected, "\"'%s\"", formulas[i]);
                expect_cell(formulas[i], strlen(formulas[i]), VALUE, expected);
        }
        expect_cell("1=1", 3, VALUE, "\"1=1\"");
}

Test(export, an_event_type_is_no_formula_either)
{
        struct entry entry = entry_with_value(NULL, 0);
        char *line;

        entry.event_type = pawl_text("=cmd|' /C calc'!A0");
        line = export_csv(&entry, &link_7);
        cr_assert_str_eq(cell(line, 7), "\"'=cmd|' /C calc'!A0\"");
        free(line);
}

Test(export, absent_empty_and_binary_values_are_told_apart)
{
        expect_cell(NULL, 0, VALUE, "");
        expect_cell("", 0, VALUE, "\"\"");
        expect_cell("\xff\xfe", 2, VALUE, "");
        expect_cell("\xff\xfe", 2, VALUE_BASE64, "//4=");
        expect_cell("a\0b", 3, VALUE_BASE64, "YQBi");
}

Test(export, ndjson_stays_exact)
{
        static const char value[] = "=1+1\0\"\n";
        struct entry entry = entry_with_value(value, sizeof value - 1);
        char *line = export_ndjson(&entry, &link_7);
        json_t *object = json_loads(line, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL);
        json_t *found = json_object_get(object, "value");

        cr_assert_eq(line[strlen(line) - 1], '\n');
        cr_assert_eq(json_string_length(found), sizeof value - 1);
        cr_assert_arr_eq(json_string_value(found), value, sizeof value - 1);
        json_decref(object);
        free(line);
}
