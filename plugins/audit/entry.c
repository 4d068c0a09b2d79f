#include "entry.h"

#include <endian.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* The pieces of an entry are small but for key and value: gathered here, they cost one call into OpenSSL and not fifteen. */
#define GATHER_SIZE 512

struct hasher {
        EVP_MD *sha256;
        EVP_MD_CTX *ctx;
        size_t gathered;
        bool failed;
        unsigned char gather[GATHER_SIZE];
};

struct hasher *hasher_new(void)
{
        struct hasher *h = calloc(1, sizeof *h);

        if (h == NULL)
                return NULL;
        h->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
        h->ctx = EVP_MD_CTX_new();
        if (h->sha256 == NULL || h->ctx == NULL)
                hasher_free(&h);
        return h;
}

void hasher_free(struct hasher **hasher)
{
        struct hasher *h = *hasher;

        *hasher = NULL;
        if (h == NULL)
                return;
        EVP_MD_CTX_free(h->ctx);
        EVP_MD_free(h->sha256);
        free(h);
}

static void begin(struct hasher *h)
{
        h->gathered = 0;
        h->failed = EVP_DigestInit_ex2(h->ctx, h->sha256, NULL) != 1;
}

static void flush(struct hasher *h)
{
        h->failed |= EVP_DigestUpdate(h->ctx, h->gather, h->gathered) != 1;
        h->gathered = 0;
}

static bool finish(struct hasher *h, unsigned char hash[HASH_SIZE])
{
        flush(h);
        h->failed |= EVP_DigestFinal_ex(h->ctx, hash, NULL) != 1;
        return !h->failed;
}

bool hasher_failed(const struct hasher *h)
{
        return h->failed;
}

static void put(struct hasher *h, const void *bytes, size_t len)
{
        if (len > GATHER_SIZE - h->gathered)
                flush(h);
        if (len > GATHER_SIZE) {
                h->failed |= EVP_DigestUpdate(h->ctx, bytes, len) != 1;
                return;
        }
        memcpy(h->gather + h->gathered, bytes, len);
        h->gathered += len;
}

static void put_byte(struct hasher *h, unsigned char byte)
{
        put(h, &byte, 1);
}

static void put_i32(struct hasher *h, int32_t n)
{
        put(h, &(uint32_t){htobe32((uint32_t)n)}, 4);
}

static void put_i64(struct hasher *h, int64_t n)
{
        put(h, &(uint64_t){htobe64((uint64_t)n)}, 8);
}

static void put_string(struct hasher *h, struct pawl_str s)
{
        put_i64(h, (int64_t)s.len);
        if (s.len > 0)
                put(h, s.ptr, s.len);
}

static void put_optional(struct hasher *h, struct pawl_str s)
{
        put_byte(h, s.ptr != NULL);
        if (s.ptr != NULL)
                put_string(h, s);
}

static void put_number(struct hasher *h, struct optional_int n)
{
        put_byte(h, n.present);
        if (n.present)
                put_i64(h, n.value);
}

bool hasher_event(struct hasher *h, const struct entry *entry, unsigned char hash[HASH_SIZE])
{
        begin(h);
        put_string(h, entry->topic);
        put_i32(h, entry->partition);
        put_i64(h, entry->offset);
        put_i64(h, entry->time);
        put_optional(h, entry->key);
        put_optional(h, entry->value);
        put_optional(h, entry->event_type);
        put_optional(h, entry->event_id);
        put_optional(h, entry->correlation_id);
        put_number(h, entry->request_id);
        put_number(h, entry->user_id);
        return finish(h, hash);
}

bool hasher_link(struct hasher *h, const unsigned char previous[HASH_SIZE], const struct link *link,
                 unsigned char hash[HASH_SIZE])
{
        begin(h);
        put(h, previous, HASH_SIZE);
        put_i64(h, link->recorded);
        put_i32(h, link->variant);
        put(h, link->event_hash, HASH_SIZE);
        return finish(h, hash);
}

void hasher_digest_begin(struct hasher *h)
{
        begin(h);
}

void hasher_digest_add(struct hasher *h, const struct entry *entry, const struct link *link)
{
        put_i64(h, link->seq);
        put_i32(h, entry->partition);
        put_i64(h, entry->offset);
        put_i64(h, entry->time);
        put(h, link->event_hash, HASH_SIZE);
}

bool hasher_digest_end(struct hasher *h, unsigned char digest[HASH_SIZE])
{
        return finish(h, digest);
}

void entry_of_event(const struct pawl_event *ev, struct entry *entry)
{
        *entry = (struct entry){
            .topic = pawl_event_topic(ev),
            .partition = pawl_event_partition(ev),
            .offset = pawl_event_offset(ev),
            .time = pawl_event_timestamp(ev),
            .key = pawl_event_key(ev),
            .value = pawl_event_value(ev),
            .event_type = pawl_event_type(ev),
            .event_id = pawl_event_id(ev),
            .correlation_id = pawl_event_correlation_id(ev),
        };
        entry->request_id.present = pawl_event_int(ev, "request_id", &entry->request_id.value);
        entry->user_id.present = pawl_event_int(ev, "user_id", &entry->user_id.value);
}

const char *hash_text(const unsigned char hash[HASH_SIZE], char out[2 * HASH_SIZE + 1])
{
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < HASH_SIZE; i++) {
                out[2 * i] = digits[hash[i] >> 4];
                out[2 * i + 1] = digits[hash[i] & 15];
        }
        out[2 * HASH_SIZE] = '\0';
        return out;
}
