#include "record.h"

#include "common/iso_time.h"

#include <stdlib.h>
#include <string.h>

/* Where memory is out, json_pack gives NULL, and key_sign too. */
char *record_write_prune(const struct prune_record *record, const struct key *key)
{
        char digest[2 * HASH_SIZE + 1];

        return key_sign(key, json_pack("{ss ss sI sI sI sI ss}", "type", "prune", "topic", record->topic, "first",
                                       (json_int_t)record->first, "last", (json_int_t)record->last, "entries",
                                       (json_int_t)record->entries, "retention", (json_int_t)record->retention,
                                       "digest", hash_text(record->digest, digest)));
}

char *record_write_anchor(const struct anchor_record *record, const struct key *key)
{
        char hash[2 * HASH_SIZE + 1];

        return key_sign(key, json_pack("{ss sI ss}", "type", "anchor", "seq", (json_int_t)record->seq, "hash",
                                       hash_text(record->hash, hash)));
}

char *record_write_checkpoint(const struct checkpoint_record *record, const struct key *key)
{
        char hash[2 * HASH_SIZE + 1];
        char time[ISO_TIME_SIZE];

        return key_sign(key, json_pack("{ss ss ss sI ss ss}", "type", "checkpoint", "chain", record->chain, "host",
                                       record->host, "seq", (json_int_t)record->seq, "hash",
                                       hash_text(record->hash, hash), "time", iso_time_format(record->time, time)));
}

/* ---- Reading: the members are taken by name, so that a later version may add some ---- */

static bool read_hash(const char *text, unsigned char hash[HASH_SIZE])
{
        static const char digits[] = "0123456789abcdef";

        if (strlen(text) != 2 * HASH_SIZE || strspn(text, digits) != 2 * HASH_SIZE)
                return false;
        for (size_t i = 0; i < HASH_SIZE; i++)
                hash[i] = (unsigned char)((strchr(digits, text[2 * i]) - digits) * 16 +
                                          (strchr(digits, text[2 * i + 1]) - digits));
        return true;
}

static bool copy_text(char *out, size_t size, const char *text)
{
        size_t len = strlen(text);

        if (len >= size)
                return false;
        memcpy(out, text, len + 1);
        return true;
}

static json_t *parse(struct pawl_str text, const char *type)
{
        json_t *object = text.ptr != NULL ? json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
        const char *found = json_string_value(json_object_get(object, "type"));

        if (found != NULL && strcmp(found, type) == 0)
                return object;
        json_decref(object);
        return NULL;
}

bool record_read_prune(struct pawl_str text, struct prune_record *record)
{
        json_t *object = parse(text, "prune");
        json_int_t first, last, entries, retention;
        const char *topic, *digest;
        bool ok = object != NULL &&
                  json_unpack(object, "{ss sI sI sI sI ss}", "topic", &topic, "first", &first, "last", &last, "entries",
                              &entries, "retention", &retention, "digest", &digest) == 0 &&
                  copy_text(record->topic, sizeof record->topic, topic) && read_hash(digest, record->digest);

        if (ok) {
                record->first = first;
                record->last = last;
                record->entries = entries;
                record->retention = retention;
        }
        json_decref(object);
        return ok;
}

bool record_read_anchor(struct pawl_str text, struct anchor_record *record)
{
        json_t *object = parse(text, "anchor");
        const char *hash;
        json_int_t seq;
        bool ok = object != NULL && json_unpack(object, "{sI ss}", "seq", &seq, "hash", &hash) == 0 && seq > 0 &&
                  read_hash(hash, record->hash);

        if (ok)
                record->seq = seq;
        json_decref(object);
        return ok;
}

bool record_read_checkpoint(struct pawl_str text, struct checkpoint_record *record)
{
        json_t *object = parse(text, "checkpoint");
        const char *chain, *host, *hash, *time;
        json_int_t seq;
        bool ok = object != NULL &&
                  json_unpack(object, "{ss ss sI ss ss}", "chain", &chain, "host", &host, "seq", &seq, "hash", &hash,
                              "time", &time) == 0 &&
                  seq > 0 && copy_text(record->chain, sizeof record->chain, chain) &&
                  copy_text(record->host, sizeof record->host, host) && read_hash(hash, record->hash) &&
                  iso_time_parse(pawl_text(time), &record->time);

        if (ok)
                record->seq = seq;
        json_decref(object);
        return ok;
}
