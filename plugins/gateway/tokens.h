/*
 * Who may call: a file with a line a token, which holds the SHA-256 of the token and not the token itself.
 *
 *     # name        who he is                what he may send          the token's hash
 *     crm           role=manager user=7      rate=500 burst=1000       sha256=9f86d0…
 *
 * A token is 256 random bits (`pawlctl gateway token new`), so its hash needs no salt and no slowness: there is nothing to guess. The hash of what a
 * caller brings is compared with every line's, whole, whichever fits.
 *
 * `rate` is events a second, `burst` how many may come at once; a batch may take more than is there, and what it took is missing afterwards.
 * A table is immutable but for the buckets, which belong to the http thread.
 */
#ifndef GATEWAY_TOKENS_H
#define GATEWAY_TOKENS_H

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOKENS_NAME_MAX 32
#define TOKENS_HASH     32
#define TOKENS_RATE     100 /* where a line says nothing of it */
#define TOKENS_SECRET   64  /* "pawl_" and 43 characters, with room */

struct token {
        char name[TOKENS_NAME_MAX + 1];
        unsigned role; /* one ROLE_… */
        int64_t user_id;
        double rate, burst;
        unsigned char hash[TOKENS_HASH];
        double level;       /* events that may still come now; below 0 after a large batch */
        int64_t counted_at; /* monotonic; 0: never */
};

struct tokens {
        struct token *items;
        size_t count;
};

/* Reads the file. NULL: `error` says what is wrong, every fault of it, with file and line. */
struct tokens *tokens_read(const char *path, char *error, size_t error_size);
void tokens_free(struct tokens **tokens);

/* Letters, digits, '-', '_' and '.'; not too long. */
bool tokens_name_valid(struct pawl_str name);

/* The token's entry, or NULL. */
struct token *tokens_find(struct tokens *tokens, struct pawl_str secret);

/* May this one send another event at `now`? When not, *wait is how long until it may, in nanoseconds. */
bool token_may(struct token *token, int64_t now, int64_t *wait);
void token_spend(struct token *token, double events);

/* The buckets' levels of those that stand in both tables go over to the new one. */
void tokens_keep_levels(struct tokens *to, const struct tokens *from);

/* `pawlctl gateway token new NAME --role R --user N [--rate N] [--burst N]`. */
int32_t tokens_command(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self);

#endif
