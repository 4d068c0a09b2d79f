/* pawlctl gateway token new: makes a token, and the line that lets it in. What is printed stands nowhere else. */
#include "common/command.h"
#include "roles.h"
#include "tokens.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#define RANDOM_BYTES 32

/* "pawl_" and base64 with the alphabet for addresses, without padding: 43 characters. */
static bool make_secret(char secret[TOKENS_SECRET])
{
        unsigned char random[RANDOM_BYTES], base64[48];

        if (RAND_bytes(random, sizeof random) != 1)
                return false;
        EVP_EncodeBlock(base64, random, sizeof random);
        for (size_t i = 0; i < sizeof base64; i++)
                base64[i] = base64[i] == '+' ? '-' : base64[i] == '/' ? '_' : base64[i] == '=' ? '\0' : base64[i];
        snprintf(secret, TOKENS_SECRET, "pawl_%.43s", (const char *)base64);
        OPENSSL_cleanse(random, sizeof random);
        OPENSSL_cleanse(base64, sizeof base64);
        return true;
}

static void reply_line(struct pawl_ctx *ctx, const char *name, unsigned role, int64_t user, struct pawl_str rate,
                       struct pawl_str burst, const char *secret)
{
        unsigned char hash[TOKENS_HASH];
        char hex[2 * TOKENS_HASH + 1];

        EVP_Digest(secret, strlen(secret), hash, NULL, EVP_sha256(), NULL);
        for (size_t i = 0; i < sizeof hash; i++)
                snprintf(hex + 2 * i, 3, "%02x", hash[i]);
        command_reply(ctx, "token, to be given to %s; it stands nowhere else:\n\n%s\n\n", name, secret);
        command_reply(ctx, "line to be added to the tokens file; read within a second:\n\n%s role=%s user=%lld", name,
                      role_name(role), (long long)user);
        if (rate.ptr != NULL)
                command_reply(ctx, " rate=%.*s", (int)rate.len, rate.ptr);
        if (burst.ptr != NULL)
                command_reply(ctx, " burst=%.*s", (int)burst.len, burst.ptr);
        command_reply(ctx, " sha256=%s\n", hex);
}

static bool positive(struct pawl_str text)
{
        int64_t number;

        return text.ptr == NULL || (command_number(text, &number) && number > 0);
}

int32_t tokens_command(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        static const char *const names[] = {"role", "user", "rate", "burst"};
        struct pawl_str values[4];
        char secret[TOKENS_SECRET], name[TOKENS_NAME_MAX + 1];
        unsigned role;
        int64_t user;

        (void)self;
        if (argc < 2 || argv[0].len != 3 || memcmp(argv[0].ptr, "new", 3) != 0 || !tokens_name_valid(argv[1])) {
                command_reply(ctx, "expected: token new NAME --role ROLE --user N [--rate N] [--burst N]\n");
                return COMMAND_USAGE;
        }
        if (!command_options(ctx, argv + 2, argc - 2, names, values, 4))
                return COMMAND_USAGE;
        command_printable(argv[1], name, sizeof name);
        if (values[0].ptr == NULL || !role_parse(values[0], &role)) {
                char all[128];

                command_reply(ctx, "--role: expected one of %s\n", roles_text(ROLES_ALL, all, sizeof all));
                return COMMAND_USAGE;
        }
        if (values[1].ptr == NULL || !command_number(values[1], &user) || user < 0 || !positive(values[2]) ||
            !positive(values[3])) {
                command_reply(ctx, "--user: expected an integer of 0 or more; --rate and --burst: of 1 or more\n");
                return COMMAND_USAGE;
        }
        if (!make_secret(secret)) {
                command_reply(ctx, "no random bytes are to be had\n");
                return COMMAND_FAILED;
        }
        reply_line(ctx, name, role, user, values[2], values[3], secret);
        OPENSSL_cleanse(secret, sizeof secret);
        return COMMAND_OK;
}
