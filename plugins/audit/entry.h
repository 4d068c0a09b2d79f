/*
 * One entry of the log: an event as it came, the columns by which it is found again, and the two hashes that hold it.
 *
 *     event hash = SHA-256( str(topic) ‖ i32(partition) ‖ i64(offset) ‖ i64(time) ‖ opt(key) ‖ opt(value)
 *                           ‖ opt(event_type) ‖ opt(event_id) ‖ opt(correlation_id) ‖ num(request_id) ‖ num(user_id) )
 *     hash       = SHA-256( previous entry's hash ‖ i64(recorded) ‖ i32(variant) ‖ event hash )
 *
 * Integers are big-endian, two's complement. str(s) is i64(length) and the bytes; opt(s) is the byte 1 and str(s), or the byte 0 when it
 * is absent; num(n) is the byte 1 and i64(n), or the byte 0. The hash before the first entry is 32 zero bytes. Every column is
 * covered (seq by the entry's place in the chain), every length is written: no two entries have the same encoding.
 */
#ifndef AUDIT_ENTRY_H
#define AUDIT_ENTRY_H

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_SIZE 32

struct optional_int {
        bool present;
        int64_t value;
};

struct entry {
        struct pawl_str topic;
        int32_t partition;
        int64_t offset;
        int64_t time; /* Kafka's, nanoseconds since 1970; -1: none */
        struct pawl_str key;
        struct pawl_str value; /* absent: a tombstone */
        struct pawl_str event_type;
        struct pawl_str event_id;
        struct pawl_str correlation_id;
        struct optional_int request_id;
        struct optional_int user_id;
};

/* Where in the chain an entry stands. */
struct link {
        int64_t seq;      /* from 1, without gaps */
        int64_t recorded; /* when it was appended, nanoseconds since 1970 */
        int32_t variant;  /* 0; 1, 2, …: other bytes had come from the same topic, partition and offset before */
        int64_t
            pruned; /* 0; else the number of the chain's own entry that tells of the removal of what this one said */
        unsigned char event_hash[HASH_SIZE];
        unsigned char hash[HASH_SIZE];
};

/* Views into the event, for as long as it lives. Of a malformed event only its bytes are known. */
void entry_of_event(const struct pawl_event *ev, struct entry *entry);

/* Computes hashes, on one thread at a time. NULL: OpenSSL has no SHA-256 for us. */
struct hasher;
struct hasher *hasher_new(void);
void hasher_free(struct hasher **hasher);

/* False: OpenSSL failed, which it does only when memory is out; hasher_failed then says so. */
bool hasher_event(struct hasher *hasher, const struct entry *entry, unsigned char hash[HASH_SIZE]);
bool hasher_link(struct hasher *hasher, const unsigned char previous[HASH_SIZE], const struct link *link,
                 unsigned char hash[HASH_SIZE]);

/*
 * A digest over entries, which retention's records carry: SHA-256 over i64(seq) ‖ i32(partition) ‖ i64(offset) ‖ i64(time) ‖ event hash of each.
 * Between begin and end the hasher does nothing else.
 */
void hasher_digest_begin(struct hasher *hasher);
void hasher_digest_add(struct hasher *hasher, const struct entry *entry, const struct link *link);
bool hasher_digest_end(struct hasher *hasher, unsigned char digest[HASH_SIZE]);

bool hasher_failed(const struct hasher *hasher);

/* Lower-case hexadecimal. Returns `out`. */
const char *hash_text(const unsigned char hash[HASH_SIZE], char out[2 * HASH_SIZE + 1]);

#endif
