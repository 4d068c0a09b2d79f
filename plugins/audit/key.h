/*
 * Ed25519 keys in PEM files, and texts that are signed with them: JSON objects whose last member is the signature of what stands before it.
 *
 *     {"type":"checkpoint", …,"signature":"BASE64"}    the signature is that of the bytes {"type":"checkpoint", …}
 *
 * So the very bytes are signed, and nothing need be brought into a canonical form. A key is read once and then only used: any thread.
 */
#ifndef AUDIT_KEY_H
#define AUDIT_KEY_H

#include <jansson.h>
#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>

struct key;

/* A private key, to sign with. NULL: the reason is in `error`. */
struct key *key_read_private(const char *path, char *error, size_t error_size);

/* One public key or several, one behind the other in the file: a signature by any of them is good. */
struct key *key_read_public(const char *path, char *error, size_t error_size);

void key_free(struct key **key);

/* The object's text with the signature, to be freed; NULL when memory is out. Takes the object. */
char *key_sign(const struct key *key, json_t *object);

/* Has the text a signature of this key (its private or public half)? */
bool key_signed(const struct key *key, struct pawl_str text);

#endif
