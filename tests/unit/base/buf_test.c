#include "base/buf.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

Test(buf, grows_and_is_always_terminated)
{
        struct buf b = {0};

        for (int i = 0; i < 1000; i++) {
                buf_add(&b, "abc", 3);
                cr_assert_eq(b.data[b.len], '\0');
        }
        cr_assert_eq(b.len, 3000u);
        buf_free(&b);
        cr_assert_null(b.data);
}

Test(buf, printf_takes_texts_longer_than_its_room)
{
        struct buf b = {0};
        char *text;
        size_t len;

        buf_printf(&b, "%0500d|%s", 7, "end");
        text = buf_take(&b, &len);
        cr_assert_eq(len, 504u);
        cr_assert_str_eq(text + 499, "7|end");
        free(text);
}

Test(buf, an_empty_buffer_gives_an_empty_string)
{
        struct buf b = {0};
        char *text = buf_take(&b, NULL);

        cr_assert_str_eq(text, "");
        free(text);
}

/* The vectors of RFC 4648, section 10. */
Test(base64, follows_the_rfc)
{
        static const char *const vectors[][2] = {{"", ""},
                                                 {"f", "Zg=="},
                                                 {"fo", "Zm8="},
                                                 {"foo", "Zm9v"},
                                                 {"foob", "Zm9vYg=="},
                                                 {"fooba", "Zm9vYmE="},
                                                 {"foobar", "Zm9vYmFy"}};

        for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
                struct buf text = {0}, back = {0};

                buf_add_base64(&text, vectors[i][0], strlen(vectors[i][0]));
                cr_assert_str_eq(text.data, vectors[i][1]);
                cr_assert(buf_add_base64_decoded(&back, text.data, text.len));
                cr_assert_str_eq(back.data, vectors[i][0]);
                buf_free(&text);
                buf_free(&back);
        }
}

Test(base64, every_byte_comes_back)
{
        unsigned char all[256];
        struct buf text = {0}, back = {0};

        for (int i = 0; i < 256; i++)
                all[i] = (unsigned char)i;
        buf_add_base64(&text, all, sizeof all);
        cr_assert(buf_add_base64_decoded(&back, text.data, text.len));
        cr_assert_eq(back.len, sizeof all);
        cr_assert_arr_eq(back.data, all, sizeof all);
        buf_free(&text);
        buf_free(&back);
}

Test(base64, refuses_what_is_not_exact_and_leaves_the_buffer)
{
        static const char *const wrong[] = {"Zg",   "Zg=",  "Zm9v\n", "Zm 9v===", "Zh==",
                                            "Zm9=", "====", "Z===",   "Zg==Zg==", "Zm9-"};
        struct buf b = {0};

        buf_add_text(&b, "before");
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                cr_assert_not(buf_add_base64_decoded(&b, wrong[i], strlen(wrong[i])), "took %s", wrong[i]);
                cr_assert_str_eq(b.data, "before");
        }
        buf_free(&b);
}

Test(json_string, is_valid_whatever_the_bytes)
{
        unsigned seed = 1;

        for (int round = 0; round < 2000; round++) {
                unsigned char bytes[40];
                struct buf b = {0};
                json_t *parsed;

                for (size_t i = 0; i < sizeof bytes; i++)
                        bytes[i] = (unsigned char)(rand_r(&seed) >> 7);
                buf_add_json_string(&b, (const char *)bytes, sizeof bytes);
                parsed = json_loadb(b.data, b.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
                cr_assert_not_null(parsed, "%s", b.data);
                json_decref(parsed);
                buf_free(&b);
        }
}

Test(json_string, keeps_text_and_escapes_what_must_be)
{
        struct buf b = {0};

        buf_add_json_string(&b, "a\"\\\n\x01 \xd0\xa0 \xff", 10);
        cr_assert_str_eq(b.data, "\"a\\\"\\\\\\n\\u0001 \xd0\xa0 \xef\xbf\xbd\"");
        buf_free(&b);
}
