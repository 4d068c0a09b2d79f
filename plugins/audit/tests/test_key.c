#include "chain_fixture.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

static char error[512];

static void write_file(const char *name, const char *text)
{
        FILE *file = fopen(scratch_path(name), "w");

        fputs(text, file);
        fclose(file);
}

static void expect_refused(const char *name, const char *text)
{
        cr_assert_null(key_read_private(scratch_path(name), error, sizeof error));
        cr_assert_not_null(strstr(error, name), "%s", error);
        cr_assert_not_null(strstr(error, text), "%s", error);
}

TestSuite(key, .init = scratch_make, .fini = scratch_remove);

Test(key, a_signed_text_is_json_and_any_other_byte_in_it_breaks_the_signature)
{
        struct key *key = fixture_key("a");
        char *text = key_sign(key, json_pack("{si ss}", "n", 1, "s", "Ремонт"));
        size_t len = strlen(text);
        json_t *object = json_loads(text, 0, NULL);

        cr_assert_eq(json_integer_value(json_object_get(object, "n")), 1);
        json_decref(object);
        cr_assert(key_signed(key, pawl_text(text)));
        for (size_t i = 0; i < len; i++) {
                text[i] ^= 1;
                cr_assert_not(key_signed(key, pawl_text(text)), "byte %zu", i);
                text[i] ^= 1;
        }
        for (size_t i = 0; i < len; i++)
                cr_assert_not(key_signed(key, pawl_bytes(text, i)), "cut at %zu", i);
        free(text);
        key_free(&key);
}

Test(key, only_its_own_public_half_finds_a_signature_good)
{
        struct key *a = fixture_key("a"), *b = fixture_key("b");
        struct key *public_a = key_read_public(scratch_path("a.pub"), error, sizeof error);
        char *text = key_sign(a, json_object());

        cr_assert_not_null(public_a, "%s", error);
        cr_assert(key_signed(public_a, pawl_text(text)));
        cr_assert_not(key_signed(b, pawl_text(text)));
        free(text);
        key_free(&public_a);
        key_free(&a);
        key_free(&b);
}

Test(key, after_a_change_of_keys_one_file_holds_both_public_ones)
{
        struct key *a = fixture_key("a"), *b = fixture_key("b"), *both;
        char *text_a = key_sign(a, json_object()), *text_b = key_sign(b, json_object());
        char command[512];

        snprintf(command, sizeof command, "cat %s %s > %s", scratch_path("a.pub"), scratch_path("b.pub"),
                 scratch_path("both.pub"));
        cr_assert_eq(system(command), 0);
        both = key_read_public(scratch_path("both.pub"), error, sizeof error);
        cr_assert_not_null(both, "%s", error);
        cr_assert(key_signed(both, pawl_text(text_a)));
        cr_assert(key_signed(both, pawl_text(text_b)));
        free(text_a);
        free(text_b);
        key_free(&both);
        key_free(&a);
        key_free(&b);
}

Test(key, what_is_no_key_of_the_right_kind_is_refused_with_the_reason)
{
        EVP_PKEY *rsa = EVP_RSA_gen(2048), *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        struct key *key = fixture_key("good");
        FILE *file = fopen(scratch_path("rsa"), "w");

        PEM_write_PrivateKey(file, rsa, NULL, NULL, 0, NULL, NULL);
        fclose(file);
        file = fopen(scratch_path("locked"), "w");
        PEM_write_PrivateKey(file, ed, EVP_aes_128_cbc(), (const unsigned char *)"secret", 6, NULL, NULL);
        fclose(file);
        write_file("text", "this is no key\n");
        expect_refused("none", "No such file");
        expect_refused("text", "expected an Ed25519 private key in PEM, found none");
        expect_refused("good.pub", "expected an Ed25519 private key in PEM, found none");
        expect_refused("rsa", "expected an Ed25519 key, found RSA");
        expect_refused("locked", "expected a key without a password, found an encrypted one");
        cr_assert_null(key_read_public(scratch_path("text"), error, sizeof error));
        cr_assert_not_null(strstr(error, "expected Ed25519 public keys in PEM"), "%s", error);
        EVP_PKEY_free(rsa);
        EVP_PKEY_free(ed);
        key_free(&key);
}
