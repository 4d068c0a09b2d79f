#include "entry.h"

#include <criterion/criterion.h>
#include <openssl/sha.h>
#include <string.h>

static const struct entry example = {
    .topic = {"request-events", 14},
    .partition = 3,
    .offset = 55,
    .time = 1,
    .key = {"7", 1},
    .value = {"{}", 2},
    .event_type = {"request.created", 15},
    .request_id = {true, 7},
};

static const char *hash_of(const struct entry *entry)
{
        static char texts[2][2 * HASH_SIZE + 1];
        static unsigned next;
        unsigned char hash[HASH_SIZE];
        struct hasher *hasher = hasher_new();

        cr_assert(hasher_event(hasher, entry, hash));
        hasher_free(&hasher);
        return hash_text(hash, texts[next++ % 2]);
}

/* The encoding as entry.h writes it down, byte by byte: another program must be able to check a chain. */
Test(entry, the_event_hash_is_that_of_the_documented_encoding)
{
        static const char encoding[] = "\0\0\0\0\0\0\0\016request-events"
                                       "\0\0\0\3"
                                       "\0\0\0\0\0\0\0\067"
                                       "\0\0\0\0\0\0\0\1"
                                       "\1\0\0\0\0\0\0\0\1"
                                       "7"
                                       "\1\0\0\0\0\0\0\0\2{}"
                                       "\1\0\0\0\0\0\0\0\017request.created"
                                       "\0\0"
                                       "\1\0\0\0\0\0\0\0\7"
                                       "\0";
        unsigned char expected[HASH_SIZE];
        char text[2 * HASH_SIZE + 1];

        SHA256((const unsigned char *)encoding, sizeof encoding - 1, expected);
        cr_assert_str_eq(hash_of(&example), hash_text(expected, text));
}

Test(entry, the_link_hash_is_that_of_the_documented_encoding)
{
        unsigned char encoding[32 + 8 + 4 + 32] = {0};
        unsigned char previous[HASH_SIZE], expected[HASH_SIZE], found[HASH_SIZE];
        struct link link = {.seq = 9, .recorded = 258, .variant = 4};
        struct hasher *hasher = hasher_new();

        memset(previous, 0xaa, sizeof previous);
        memset(link.event_hash, 0xbb, HASH_SIZE);
        memset(encoding, 0xaa, 32);
        encoding[38] = 1;
        encoding[39] = 2;
        encoding[43] = 4;
        memset(encoding + 44, 0xbb, 32);
        SHA256(encoding, sizeof encoding, expected);
        cr_assert(hasher_link(hasher, previous, &link, found));
        cr_assert_arr_eq(found, expected, HASH_SIZE);
        hasher_free(&hasher);
}

Test(entry, every_member_changes_the_hash)
{
        struct entry changed[] = {example, example, example, example, example, example,
                                  example, example, example, example, example, example};
        size_t count = sizeof changed / sizeof changed[0];

        changed[0].topic = pawl_text("request-eventz");
        changed[1].partition = 4;
        changed[2].offset = 56;
        changed[3].time = 2;
        changed[4].key = pawl_text(NULL);
        changed[5].key = pawl_text("");
        changed[6].value = pawl_text(NULL);
        changed[7].value = pawl_text("[]");
        changed[8].event_type = pawl_text("request.updated");
        changed[9].event_id = pawl_text("x");
        changed[10].correlation_id = pawl_text("x");
        changed[11].user_id = (struct optional_int){true, 7};
        for (size_t i = 0; i < count; i++) {
                cr_assert_str_neq(hash_of(&changed[i]), hash_of(&example), "change %zu", i);
                for (size_t j = 0; j < i; j++)
                        cr_assert_str_neq(hash_of(&changed[i]), hash_of(&changed[j]), "changes %zu, %zu", i, j);
        }
}

Test(entry, values_larger_than_the_gathering_buffer_are_hashed_whole)
{
        static char large[100000];
        struct entry a = example, b = example;

        a.value = pawl_bytes(large, sizeof large);
        cr_assert_str_neq(hash_of(&a), hash_of(&b));
        b.value = pawl_bytes(large, sizeof large - 1);
        cr_assert_str_neq(hash_of(&a), hash_of(&b));
}
