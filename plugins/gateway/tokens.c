#include "tokens.h"

#include "roles.h"
#include "text.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX  (4 * 1024 * 1024)
#define LINE_MAX_ 1024
#define RATE_MAX  1e6

/* ---- Reading a line ---- */

struct reading {
        const char *path;
        unsigned line;
        struct text faults;
};

PAWL_PRINTF(2, 3) static bool fault(struct reading *r, const char *fmt, ...)
{
        char text[512];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        text_printf(&r->faults, "%s%s:%u: %s", r->faults.len > 0 ? "; " : "", r->path, r->line, text);
        return false;
}

bool tokens_name_valid(struct pawl_str name)
{
        for (size_t i = 0; i < name.len; i++)
                if (name.ptr[i] == '\0' ||
                    strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", name.ptr[i]) == NULL)
                        return false;
        return name.len > 0 && name.len <= TOKENS_NAME_MAX && name.ptr[0] != '-';
}

static bool read_role(struct token *token, const char *value)
{
        return role_parse(pawl_text(value), &token->role);
}

static bool read_user(struct token *token, const char *value)
{
        char *end;

        errno = 0;
        token->user_id = strtoll(value, &end, 10);
        return errno == 0 && end != value && *end == '\0' && token->user_id >= 0 && value[0] != '+';
}

static bool read_amount(double *amount, const char *value)
{
        char *end;

        *amount = strtod(value, &end);
        return end != value && *end == '\0' && *amount > 0 && *amount <= RATE_MAX;
}

static bool read_rate(struct token *token, const char *value)
{
        return read_amount(&token->rate, value);
}

static bool read_burst(struct token *token, const char *value)
{
        return read_amount(&token->burst, value) && token->burst >= 1;
}

static bool read_hash(struct token *token, const char *value)
{
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < 2 * TOKENS_HASH; i++) {
                const char *digit = value[i] != '\0' ? strchr(digits, value[i]) : NULL;

                if (digit == NULL)
                        return false;
                token->hash[i / 2] = (unsigned char)(token->hash[i / 2] << 4 | (digit - digits));
        }
        return value[2 * TOKENS_HASH] == '\0';
}

static const struct {
        const char *name;
        bool (*read)(struct token *token, const char *value);
        bool required;
        const char *expected;
} keys[] = {
    {"role", read_role, true, "admin, customer, contractor, service_engineer, manager, security or hr"},
    {"user", read_user, true, "an integer of 0 or more"},
    {"sha256", read_hash, true, "64 hexadecimal digits in lower case"},
    {"rate", read_rate, false, "a number above 0, events a second"},
    {"burst", read_burst, false, "a number of 1 or more, events"},
};

#define KEY_COUNT (sizeof keys / sizeof keys[0])

static bool read_key(struct reading *r, struct token *token, char *word, unsigned *seen)
{
        char *value = strchr(word, '=');

        for (size_t i = 0; i < KEY_COUNT && value != NULL; i++) {
                if (strlen(keys[i].name) != (size_t)(value - word) ||
                    strncmp(word, keys[i].name, (size_t)(value - word)) != 0)
                        continue;
                if (*seen & (1u << i))
                        return fault(r, "%s: expected once, found twice", keys[i].name);
                *seen |= 1u << i;
                if (!keys[i].read(token, value + 1))
                        return fault(r, "%s: expected %s, found \"%.70s\"", keys[i].name, keys[i].expected, value + 1);
                return true;
        }
        return fault(r, "expected role=, user=, sha256=, rate= or burst=, found \"%.40s\"", word);
}

/* False: it is not an entry (empty, a comment, or wrong). */
static bool read_line(struct reading *r, char *line, struct token *token)
{
        char *rest, *word;
        unsigned seen = 0;
        bool good = true;

        line[strcspn(line, "#\r\n")] = '\0';
        word = strtok_r(line, " \t", &rest);
        if (word == NULL)
                return false;
        *token = (struct token){.rate = TOKENS_RATE};
        if (!tokens_name_valid(pawl_text(word)))
                good = fault(r, "expected a name of at most %d letters, digits, '-', '_' and '.', found \"%.40s\"",
                             TOKENS_NAME_MAX, word);
        else
                snprintf(token->name, sizeof token->name, "%s", word);
        while ((word = strtok_r(NULL, " \t", &rest)) != NULL)
                good = read_key(r, token, word, &seen) && good;
        for (size_t i = 0; i < KEY_COUNT && good; i++)
                if (keys[i].required && !(seen & (1u << i)))
                        good = fault(r, "%s: expected %s, found nothing", keys[i].name, keys[i].expected);
        if (token->burst == 0) /* below 1 no event would ever be let through */
                token->burst = token->rate > 1 ? token->rate : 1;
        token->level = token->burst;
        return good;
}

/* ---- The file ---- */

static void add(struct reading *r, struct tokens *tokens, const struct token *token)
{
        for (size_t i = 0; i < tokens->count; i++) {
                if (strcmp(tokens->items[i].name, token->name) == 0)
                        fault(r, "expected a name of its own, found %s again", token->name);
                else if (CRYPTO_memcmp(tokens->items[i].hash, token->hash, TOKENS_HASH) == 0)
                        fault(r, "expected a token of its own, found that of %s again", tokens->items[i].name);
        }
        tokens->items = realloc(tokens->items, (tokens->count + 1) * sizeof *tokens->items);
        if (tokens->items == NULL)
                abort();
        tokens->items[tokens->count++] = *token;
}

static void read_file(struct reading *r, FILE *file, struct tokens *tokens)
{
        char line[LINE_MAX_];
        struct token token;
        size_t total = 0;

        while (fgets(line, sizeof line, file) != NULL) {
                size_t len = strlen(line);

                r->line++;
                total += len;
                if (len + 1 == sizeof line || total > FILE_MAX) {
                        fault(r, "expected lines of at most %d bytes, %d in all", LINE_MAX_ - 2, FILE_MAX);
                        return;
                }
                if (read_line(r, line, &token))
                        add(r, tokens, &token);
        }
        OPENSSL_cleanse(line, sizeof line);
}

struct tokens *tokens_read(const char *path, char *error, size_t error_size)
{
        struct tokens *tokens = memory_new(1, sizeof *tokens);
        struct reading r = {.path = path};
        FILE *file = fopen(path, "re");

        if (file == NULL) {
                snprintf(error, error_size, "%s: %s", path, strerror(errno));
                tokens_free(&tokens);
                return NULL;
        }
        read_file(&r, file, tokens);
        if (ferror(file))
                fault(&r, "cannot be read");
        fclose(file);
        if (r.faults.len > 0) {
                snprintf(error, error_size, "%s", r.faults.data);
                tokens_free(&tokens);
        }
        text_free(&r.faults);
        return tokens;
}

void tokens_free(struct tokens **tokens)
{
        if (*tokens != NULL)
                free((*tokens)->items);
        free(*tokens);
        *tokens = NULL;
}

/* ---- Callers ---- */

/* Looks at every entry, whole, whatever it finds: how long it takes says nothing of which fits, or how far. */
struct token *tokens_find(struct tokens *tokens, struct pawl_str secret)
{
        unsigned char hash[TOKENS_HASH];
        struct token *found = NULL;

        if (EVP_Digest(secret.ptr, secret.len, hash, NULL, EVP_sha256(), NULL) != 1)
                return NULL;
        for (size_t i = 0; i < tokens->count; i++)
                if (CRYPTO_memcmp(tokens->items[i].hash, hash, TOKENS_HASH) == 0)
                        found = &tokens->items[i];
        return found;
}

bool token_may(struct token *token, int64_t now, int64_t *wait)
{
        if (token->counted_at != 0)
                token->level += (double)(now - token->counted_at) / (double)PAWL_S(1) * token->rate;
        if (token->level > token->burst)
                token->level = token->burst;
        token->counted_at = now;
        *wait = token->level >= 1 ? 0 : (int64_t)((1 - token->level) / token->rate * (double)PAWL_S(1));
        return *wait == 0;
}

void token_spend(struct token *token, double events)
{
        token->level -= events;
}

void tokens_keep_levels(struct tokens *to, const struct tokens *from)
{
        for (size_t i = 0; i < to->count && from != NULL; i++) {
                for (size_t k = 0; k < from->count; k++) {
                        if (strcmp(to->items[i].name, from->items[k].name) != 0)
                                continue;
                        to->items[i].level = from->items[k].level;
                        to->items[i].counted_at = from->items[k].counted_at;
                }
        }
}
