/*
 * What is verified of a contractor, and how each of it stands: the words of security.contractor_verified, and what is
 * known of one type. Plain values; any thread.
 */
#ifndef SECURITY_VERIFICATION_H
#define SECURITY_VERIFICATION_H

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stdint.h>

enum verification_type { TYPE_IDENTITY, TYPE_DOCUMENTS, TYPE_BACKGROUND_CHECK, TYPE_COUNT };

enum verification_result {
        RESULT_UNKNOWN, /* nothing was read of it yet */
        RESULT_PENDING,
        RESULT_APPROVED,
        RESULT_REJECTED,
        RESULT_EXPIRED, /* was approved, and its time is over */
        RESULT_COUNT
};

/* Strings, where they are there, live as long as what gave them says. */
struct verification {
        enum verification_result result;
        int64_t decided_by;
        int64_t decided_at; /* nanoseconds since 1970, as all times here */
        int64_t expires_at; /* of an approval; 0: never */
        struct pawl_str notes;
        struct pawl_str documents; /* a JSON array of strings */
};

const char *verification_type_name(enum verification_type type);
bool verification_type_parse(struct pawl_str name, enum verification_type *type);

const char *verification_result_name(enum verification_result result);
bool verification_result_parse(struct pawl_str name, enum verification_result *result);

/* What it is at that time: an approval whose time is over is expired, whether or not anybody has written that down yet. */
enum verification_result verification_at(const struct verification *v, int64_t now);

#endif
