/*
 * The scanner: what it accepts is held against jansson, on texts made at random and then damaged; what it finds, and which byte it
 * blames, on chosen ones.
 */
#include "worker/scan.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct scan_members members;

static void blamed(const char *text, size_t len, const char *reason, size_t offset)
{
        /* Its own memory of exactly this size, so that a sanitizer sees a byte too many. */
        char *copy = malloc(len > 0 ? len : 1);
        struct scan_fault fault;

        memcpy(copy, text, len);
        cr_assert_not(scan_index(copy, len, &members, &fault), "%.*s", (int)len, text);
        cr_assert_str_eq(fault.reason, reason, "%.*s: %s", (int)len, text, fault.reason);
        cr_assert_eq(fault.offset, offset, "%.*s: byte %zu", (int)len, text, fault.offset);
        free(copy);
}

Test(scan, blames_the_byte)
{
        static const struct {
                const char *text;
                const char *reason;
                size_t offset;
        } rows[] = {
            {"", "the text ends too early", 0},
            {"[]", "expected an object", 0},
            {" 5", "expected an object", 1},
            {"{", "the text ends too early", 1},
            {"{\"a\":1", "the text ends too early", 6},
            {"{\"a\" 1}", "expected ':'", 5},
            {"{\"a\":}", "expected a value", 5},
            {"{\"a\":tru}", "expected a value", 5},
            {"{\"a\":1 \"b\":2}", "expected ',' or '}'", 7},
            {"{\"a\":1,}", "expected the name of a member", 7},
            {"{\"a\":[1,]}", "expected a value", 8},
            {"{\"a\":[1}", "expected ',' or ']'", 7},
            {"{\"a\":{\"b\":1]}", "expected ',' or '}'", 11},
            {"{\"a\":1}x", "expected the end of the text behind the object", 7},
            {"{\"a\":1}{}", "expected the end of the text behind the object", 7},
            {"{\"a\":\"\xff\"}", "invalid UTF-8", 6},
            {"{\"a\":\"\xc0\x80\"}", "invalid UTF-8", 6},
            {"{\"a\":\"\xed\xa0\x80\"}", "invalid UTF-8", 6},
            {"{\"a\":\"\xf4\x90\x80\x80\"}", "invalid UTF-8", 6},
            {"{\"a\":\"\\x\"}", "invalid escape in a string", 6},
            {"{\"a\":\"\\ud800\"}", "invalid escape in a string", 6},
            {"{\"a\":\"\\udc00\"}", "invalid escape in a string", 6},
            {"{\"a\":\"\\u12g4\"}", "invalid escape in a string", 6},
            {"{\"a\":\"\n\"}", "control character in a string", 6},
            {"{\"a\":01}", "invalid number: a zero in front", 5},
            {"{\"a\":1.}", "invalid number: no digit behind the point", 7},
            {"{\"a\":1e}", "invalid number: no digit in the exponent", 7},
            {"{\"a\":-}", "invalid number", 6},
            {"{\"a\":1,\"b\":2,\"a\":3}", "a member is repeated", 14},
            {"{\"a\":1,\"\\u0061\":2}", "a member is repeated", 16},
        };
        size_t i;

        for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
                blamed(rows[i].text, strlen(rows[i].text), rows[i].reason, rows[i].offset);
        scan_members_free(&members);
}

/* `depth` objects within each other, the outermost one counted. */
static char *nested(unsigned depth)
{
        char *text = calloc(depth, 8);
        unsigned i;

        for (i = 0; i + 1 < depth; i++)
                strcat(text, "{\"a\":");
        strcat(text, "{}");
        for (i = 0; i + 1 < depth; i++)
                strcat(text, "}");
        return text;
}

Test(scan, takes_64_levels_and_no_more)
{
        struct scan_fault fault;
        char *text = nested(64);

        cr_assert(scan_index(text, strlen(text), &members, &fault), "%s", fault.reason);
        free(text);
        text = nested(65);
        cr_assert_not(scan_index(text, strlen(text), &members, &fault));
        cr_assert_str_eq(fault.reason, "nested deeper than 64");
        cr_assert_eq(fault.offset, 64u * 5);
        free(text);
        scan_members_free(&members);
}

Test(scan, finds_kinds_and_places)
{
        const char *text =
            " { \"i\" : -9223372036854775808 , \"n\":9223372036854775808,\"s\":\"a\\tb\",\"b\":false,\"z\":null,"
            "\"a\":[1,[2]],\"o\":{\"x\":{}},\"e\":1e3,\"\\u0071\":1 } ";
        static const uint8_t kinds[] = {PAWL_KIND_INT,    PAWL_KIND_NUMBER, PAWL_KIND_STRING,
                                        PAWL_KIND_BOOL,   PAWL_KIND_NULL,   PAWL_KIND_ARRAY,
                                        PAWL_KIND_OBJECT, PAWL_KIND_NUMBER, PAWL_KIND_INT};
        struct scan_fault fault;
        unsigned i;

        cr_assert(scan_index(text, strlen(text), &members, &fault), "%s", fault.reason);
        cr_assert_eq(members.count, 9u);
        for (i = 0; i < 9; i++)
                cr_assert_eq(members.items[i].kind, kinds[i], "member %u", i);
        cr_assert_eq(scan_int(members.items[0].value, members.items[0].value_len), INT64_MIN);
        cr_assert_eq(scan_double(members.items[1].value, members.items[1].value_len), 9223372036854775808.0);
        cr_assert(members.items[2].value_escaped);
        cr_assert_eq(strncmp(members.items[5].value, "[1,[2]]", members.items[5].value_len), 0);
        cr_assert(members.items[8].name_escaped);
        scan_members_free(&members);
}

Test(scan, many_members_are_checked_for_repeats_without_quadratic_time)
{
        char *text = malloc(4000000), *at = text;
        struct scan_fault fault;
        unsigned i;

        *at++ = '{';
        for (i = 0; i < 200000; i++)
                at += sprintf(at, "%s\"k%06u\":1", i > 0 ? "," : "", i);
        at += sprintf(at, "}");
        cr_assert(scan_index(text, (size_t)(at - text), &members, &fault));
        cr_assert_eq(members.count, 200000u);
        at--;
        at += sprintf(at, ",\"k000007\":1}");
        cr_assert_not(scan_index(text, (size_t)(at - text), &members, &fault));
        cr_assert_str_eq(fault.reason, "a member is repeated");
        free(text);
        scan_members_free(&members);
}

Test(scan, unescapes_as_jansson_does)
{
        const char *text = "{\"s\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u0416\\u20ac\\ud83d\\ude00 Ремонт\"}";
        json_t *tree = json_loads(text, 0, NULL);
        struct scan_fault fault;
        char out[128];
        size_t len;

        cr_assert(scan_index(text, strlen(text), &members, &fault));
        len = scan_unescape(members.items[0].value + 1, members.items[0].value_len - 2, out);
        cr_assert_eq(len, json_string_length(json_object_get(tree, "s")));
        cr_assert_eq(memcmp(out, json_string_value(json_object_get(tree, "s")), len), 0);
        json_decref(tree);
        scan_members_free(&members);
}

Test(scan, the_type_is_found_without_looking_further)
{
        struct pawl_str type;
        struct scan_fault fault;
        bool escaped;
        const char *early = "{\"event_type\":\"a.b\", garbage";
        const char *late = "{\"x\":{\"event_type\":\"no\"},\"event_\\u0074ype\":\"a\\u002eb\"";

        cr_assert(scan_type(early, strlen(early), &type, &escaped, &fault));
        cr_assert(type.len == 3 && memcmp(type.ptr, "a.b", 3) == 0 && !escaped);
        cr_assert(scan_type(late, strlen(late), &type, &escaped, &fault));
        cr_assert(escaped);
        cr_assert_not(scan_type("{\"a\":1}", 7, &type, &escaped, &fault));
        cr_assert_str_eq(fault.reason, "expected a member event_type");
        cr_assert_eq(fault.offset, 6u);
        cr_assert_not(scan_type("{}", 2, &type, &escaped, &fault));
        cr_assert_str_eq(fault.reason, "expected a member event_type");
}

/* ---- against jansson ---- */

static uint64_t seed;

static uint32_t random_below(uint32_t n)
{
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        return (uint32_t)(seed >> 20) % n;
}

struct text {
        char bytes[8192];
        size_t len;
};

static void add(struct text *t, const char *s)
{
        size_t n = strlen(s);

        if (t->len + n < sizeof t->bytes) {
                memcpy(t->bytes + t->len, s, n);
                t->len += n;
        }
}

static void add_space(struct text *t)
{
        static const char *const spaces[] = {"", "", "", " ", "\n", "\t", "\r\n  "};

        add(t, spaces[random_below(7)]);
}

static void add_string(struct text *t)
{
        static const char *const pieces[] = {"a",
                                             "plain text of some length that fills a vector",
                                             "é",
                                             "Ремонт холодильника",
                                             "€",
                                             "\xf0\x9f\x98\x80",
                                             "\\n",
                                             "\\u0041",
                                             "\\ud83d\\ude00",
                                             "\\\"",
                                             "\\\\",
                                             " "};
        unsigned n = random_below(5);

        add(t, "\"");
        while (n-- > 0)
                add(t, pieces[random_below(12)]);
        add(t, "\"");
}

static void add_value(struct text *t, unsigned depth)
{
        static const char *const scalars[] = {"true",        "false", "null",     "0",   "-1",
                                              "12345678901", "1.5",   "-0.25e10", "1E-3"};
        unsigned n, i, what = random_below(depth > 5 ? 10 : 13);
        char name[16];

        if (what < 9) {
                add(t, scalars[what]);
                return;
        }
        if (what < 11) {
                add_string(t);
                return;
        }
        n = random_below(4);
        add(t, what == 11 ? "[" : "{");
        for (i = 0; i < n; i++) {
                add(t, i > 0 ? "," : "");
                add_space(t);
                if (what == 12) {
                        snprintf(name, sizeof name, "\"m%u\":", i);
                        add(t, name);
                        add_space(t);
                }
                add_value(t, depth + 1);
                add_space(t);
        }
        add(t, what == 11 ? "]" : "}");
}

static void make_event(struct text *t)
{
        unsigned n = random_below(20), i;
        char name[16];

        t->len = 0;
        add_space(t);
        add(t, "{");
        for (i = 0; i < n; i++) {
                add(t, i > 0 ? "," : "");
                snprintf(name, sizeof name, "\"f%u\"", i);
                add(t, name);
                add_space(t);
                add(t, ":");
                add_value(t, 1);
        }
        add(t, "}");
        add_space(t);
}

static void damage(struct text *t)
{
        static const char bytes[] = "{}[],:\"\\/ \n\t0123456789eE+-.truefalsn\x01\x7f\x80\xbf\xc3\xe2\xed\xf0\xf5\xff";
        unsigned n = 1 + random_below(3), at;

        while (n-- > 0 && t->len > 1) {
                at = random_below((uint32_t)t->len);
                switch (random_below(4)) {
                case 0:
                        t->bytes[at] = bytes[random_below(sizeof bytes - 1)];
                        break;
                case 1:
                        memmove(t->bytes + at, t->bytes + at + 1, --t->len - at);
                        break;
                case 2:
                        t->len = at + 1;
                        break;
                default:
                        if (t->len + 1 < sizeof t->bytes) {
                                memmove(t->bytes + at + 1, t->bytes + at, t->len++ - at);
                                t->bytes[at] = bytes[random_below(sizeof bytes - 1)];
                        }
                }
        }
}

/* Where the two may differ: numbers that jansson cannot hold, names repeated below the top level. */
static bool excused(const json_error_t *error)
{
        enum json_error_code code = json_error_code(error);

        return code == json_error_numeric_overflow || code == json_error_duplicate_key;
}

static void same_members(const struct text *t, json_t *tree)
{
        uint32_t i;

        cr_assert_eq(members.count, json_object_size(tree), "%.*s", (int)t->len, t->bytes);
        for (i = 0; i < members.count; i++) {
                const struct scan_member *m = &members.items[i];
                char name[256];
                json_t *value;

                if (m->name_len >= sizeof name)
                        continue;
                name[scan_unescape(m->name, m->name_len, name)] = '\0';
                value = json_object_get(tree, name);
                cr_assert_not_null(value, "%s in %.*s", name, (int)t->len, t->bytes);
                cr_assert_eq(m->kind == PAWL_KIND_STRING, json_is_string(value));
                cr_assert_eq(m->kind == PAWL_KIND_OBJECT, json_is_object(value));
                cr_assert_eq(m->kind == PAWL_KIND_INT, json_is_integer(value));
                if (m->kind == PAWL_KIND_INT)
                        cr_assert_eq(scan_int(m->value, m->value_len), json_integer_value(value));
                if (m->kind == PAWL_KIND_NUMBER)
                        cr_assert_eq(scan_double(m->value, m->value_len), json_real_value(value));
        }
}

static void compare(const struct text *t)
{
        char *copy = malloc(t->len > 0 ? t->len : 1);
        struct scan_fault fault;
        json_error_t error;
        json_t *tree;
        bool found;

        memcpy(copy, t->bytes, t->len);
        tree = json_loadb(copy, t->len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
        found = scan_index(copy, t->len, &members, &fault);
        if (tree != NULL && json_is_object(tree)) {
                cr_assert(found, "%s at byte %zu of %.*s", fault.reason, fault.offset, (int)t->len, t->bytes);
                same_members(t, tree);
        } else if (tree != NULL || !excused(&error)) {
                cr_assert_not(found, "%s: %.*s", tree == NULL ? error.text : "no object", (int)t->len, t->bytes);
                cr_assert_leq(fault.offset, t->len);
        }
        json_decref(tree);
        free(copy);
}

Test(scan, agrees_with_jansson_on_whole_and_on_damaged_texts)
{
        struct text t;
        unsigned i;

        for (i = 1; i <= 60000; i++) {
                seed = i * UINT64_C(0x9e3779b97f4a7c15);
                make_event(&t);
                if (i % 4 != 0)
                        damage(&t);
                compare(&t);
        }
        scan_members_free(&members);
}
