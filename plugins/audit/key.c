#include "key.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_KEYS       16
#define SIGNATURE_SIZE 64
#define BASE64_SIZE    88 /* of a signature */

/* What stands between what is signed (but for its last brace) and the end of the text. */
static const char before[] = ",\"signature\":\"";
static const char behind[] = "\"}";
#define TAIL_SIZE (sizeof before - 1 + BASE64_SIZE + sizeof behind - 1)

struct key {
        EVP_PKEY *keys[MAX_KEYS]; /* a private key stands alone */
        size_t count;
};

void key_free(struct key **key)
{
        struct key *k = *key;

        *key = NULL;
        if (k == NULL)
                return;
        for (size_t i = 0; i < k->count; i++)
                EVP_PKEY_free(k->keys[i]);
        free(k);
}

/* An encrypted key is refused: nobody is there to be asked for its password. */
static int no_password(char *buffer, int size, int writing, void *arg)
{
        (void)buffer;
        (void)size;
        (void)writing;
        *(bool *)arg = true;
        return -1;
}

static bool refuse(char *error, size_t error_size, const char *path, const char *what)
{
        snprintf(error, error_size, "%s: expected %s", path, what);
        return false;
}

/* Adds the next key of the file; *more is false at its end. */
static bool read_one(struct key *key, FILE *file, const char *path, bool private_key, bool *more, char *error,
                     size_t error_size)
{
        bool encrypted = false;
        EVP_PKEY *pkey = private_key ? PEM_read_PrivateKey(file, NULL, no_password, &encrypted)
                                     : PEM_read_PUBKEY(file, NULL, no_password, &encrypted);

        ERR_clear_error();
        *more = pkey != NULL && !private_key;
        if (pkey == NULL && key->count > 0)
                return true;
        if (encrypted)
                return refuse(error, error_size, path, "a key without a password, found an encrypted one");
        if (pkey == NULL)
                return refuse(error, error_size, path,
                              private_key ? "an Ed25519 private key in PEM, found none"
                                          : "Ed25519 public keys in PEM, found none");
        if (EVP_PKEY_get_id(pkey) != EVP_PKEY_ED25519 || key->count == MAX_KEYS) {
                snprintf(error, error_size, "%s: expected %s, found %s", path,
                         key->count == MAX_KEYS ? "at most 16 keys" : "an Ed25519 key",
                         key->count == MAX_KEYS ? "more" : EVP_PKEY_get0_type_name(pkey));
                EVP_PKEY_free(pkey);
                return false;
        }
        key->keys[key->count++] = pkey;
        return true;
}

static struct key *read_keys(const char *path, bool private_key, char *error, size_t error_size)
{
        FILE *file = fopen(path, "re");
        struct key *key = calloc(1, sizeof *key);
        bool more = true, ok = true;

        if (file == NULL || key == NULL) {
                snprintf(error, error_size, "%s: %s", path, strerror(errno));
                ok = false;
        }
        while (ok && more)
                ok = read_one(key, file, path, private_key, &more, error, error_size);
        if (file != NULL)
                fclose(file);
        if (!ok)
                key_free(&key);
        return key;
}

struct key *key_read_private(const char *path, char *error, size_t error_size)
{
        return read_keys(path, true, error, error_size);
}

struct key *key_read_public(const char *path, char *error, size_t error_size)
{
        return read_keys(path, false, error, error_size);
}

static bool sign(const struct key *key, const char *text, size_t len, unsigned char signature[SIGNATURE_SIZE])
{
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        size_t size = SIGNATURE_SIZE;
        bool ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->keys[0]) == 1 &&
                  EVP_DigestSign(ctx, signature, &size, (const unsigned char *)text, len) == 1;

        EVP_MD_CTX_free(ctx);
        return ok;
}

char *key_sign(const struct key *key, json_t *object)
{
        char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
        size_t len = text != NULL ? strlen(text) : 0;
        char *grown = text != NULL ? realloc(text, len + TAIL_SIZE) : NULL;
        unsigned char signature[SIGNATURE_SIZE];

        json_decref(object);
        if (grown == NULL || !sign(key, grown, len, signature)) {
                free(grown != NULL ? grown : text);
                return NULL;
        }
        len--; /* the last brace comes behind the signature */
        memcpy(grown + len, before, sizeof before - 1);
        len += sizeof before - 1;
        EVP_EncodeBlock((unsigned char *)grown + len, signature, SIGNATURE_SIZE);
        memcpy(grown + len + BASE64_SIZE, behind, sizeof behind);
        return grown;
}

static bool signed_by(EVP_PKEY *pkey, const char *text, size_t len, const unsigned char signature[SIGNATURE_SIZE])
{
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        bool ok = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
                  EVP_DigestVerify(ctx, signature, SIGNATURE_SIZE, (const unsigned char *)text, len) == 1;

        EVP_MD_CTX_free(ctx);
        ERR_clear_error();
        return ok;
}

bool key_signed(const struct key *key, struct pawl_str text)
{
        unsigned char signature[BASE64_SIZE]; /* decoded, and what its padding gives */
        size_t len = text.len > TAIL_SIZE ? text.len - TAIL_SIZE : 0;
        const char *tail = len > 0 ? text.ptr + len : NULL;
        const char *base64 = len > 0 ? tail + sizeof before - 1 : NULL;
        bool good = false;
        char *copy;

        if (len == 0 || memcmp(tail, before, sizeof before - 1) != 0 ||
            memcmp(base64 + BASE64_SIZE, behind, sizeof behind - 1) != 0 ||
            EVP_DecodeBlock(signature, (const unsigned char *)base64, BASE64_SIZE) < SIGNATURE_SIZE)
                return false;
        copy = malloc(len + 1);
        if (copy == NULL)
                return false;
        memcpy(copy, text.ptr, len);
        copy[len] = '}';
        for (size_t i = 0; i < key->count && !good; i++)
                good = signed_by(key->keys[i], copy, len + 1, signature);
        free(copy);
        return good;
}
