#include "verify_inner.h"

#include "row.h"

#include "common/iso_time.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Cleared entries ---- */

static bool is_cleared(const struct entry *e)
{
        return e->key.ptr == NULL && e->value.ptr == NULL && e->event_type.ptr == NULL && e->event_id.ptr == NULL &&
               e->correlation_id.ptr == NULL && !e->request_id.present && !e->user_id.present;
}

/* The record of that number, read unless it is kept. */
static const struct told *read_told(struct verification *v, int64_t seq)
{
        struct told *told = &v->told[(uint64_t)seq % TOLD_KEPT];
        int found;

        if (seq == told->by)
                return told;
        *told = (struct told){.by = seq};
        found = db_query(v->db, VERIFY_RECORD, DB_VALUES(db_int(seq))) ? db_next(v->db, VERIFY_RECORD) : -1;
        if (found > 0) {
                told->is = record_read_prune(db_column_blob(v->db, VERIFY_RECORD, 1), &told->record);
                told->recorded = db_column_int(v->db, VERIFY_RECORD, 0);
                db_end(v->db, VERIFY_RECORD);
        }
        v->failed |= found < 0;
        return told;
}

void verify_cleared(struct verification *v, const struct entry *e, const struct link *link)
{
        const struct told *told = read_told(v, link->pruned);
        const struct prune_record *r = &told->record;

        v->verdict->pruned++;
        if (!is_cleared(e))
                verify_report(v, "entry %" PRId64 " is marked as cleared by retention, and holds something", link->seq);
        else if (!told->is || link->pruned <= link->seq || link->pruned > v->verdict->length)
                verify_report(v, "entry %" PRId64 " was cleared, and no entry of the chain tells of it", link->seq);
        else if (e->topic.len != strlen(r->topic) || memcmp(e->topic.ptr, r->topic, e->topic.len) != 0 ||
                 link->seq < r->first || link->seq > r->last)
                verify_report(v, "entry %" PRId64 " was cleared, and entry %" PRId64 " does not tell of it", link->seq,
                              link->pruned);
        else if (link->recorded > told->recorded - r->retention)
                verify_report(v,
                              "entry %" PRId64 " was cleared by entry %" PRId64 " before the retention of %s was over",
                              link->seq, link->pruned, r->topic);
}

/* ---- The chain's own entries ---- */

static bool check_digest(struct verification *v, int64_t seq, const struct prune_record *record)
{
        unsigned char digest[HASH_SIZE];
        int64_t entries = 0;
        struct entry e;
        struct link link;
        int more;

        hasher_digest_begin(v->hasher);
        if (!db_query(v->db, VERIFY_PRUNED, DB_VALUES(db_int(record->first), db_int(record->last), db_int(seq)))) {
                v->failed = true;
                return true;
        }
        while ((more = db_next(v->db, VERIFY_PRUNED)) == 1) {
                row_read(v->db, VERIFY_PRUNED, &e, &link);
                hasher_digest_add(v->hasher, &e, &link);
                entries++;
        }
        v->failed |= more < 0;
        return hasher_digest_end(v->hasher, digest) && entries == record->entries &&
               memcmp(digest, record->digest, HASH_SIZE) == 0;
}

static bool has_topic(const struct entry *e, const char *topic)
{
        return e->topic.len == strlen(topic) && memcmp(e->topic.ptr, topic, e->topic.len) == 0;
}

void verify_record(struct verification *v, const struct entry *e, const struct link *link)
{
        struct prune_record prune;
        struct anchor_record anchor;
        bool is_prune = has_topic(e, PRUNE_TOPIC);

        if (!is_prune && !has_topic(e, ANCHOR_TOPIC))
                return;
        if (!(is_prune ? record_read_prune(e->value, &prune) : record_read_anchor(e->value, &anchor)))
                verify_report(v, "entry %" PRId64 " is no record that this build can read", link->seq);
        else if (v->options->key != NULL && !key_signed(v->options->key, e->value))
                verify_report(v, "entry %" PRId64 " (%s) is not signed by the key", link->seq,
                              is_prune ? PRUNE_TYPE : ANCHOR_TYPE);
        else if (is_prune && prune.last > v->anchor.seq && !check_digest(v, link->seq, &prune))
                verify_report(v,
                              "entry %" PRId64 " tells of %" PRId64 " entries of %s between %" PRId64 " and %" PRId64
                              " that were cleared: they are not those that are",
                              link->seq, prune.entries, prune.topic, prune.first, prune.last);
}

/* ---- Checkpoints ---- */

static void fits(struct verification *v, const struct checkpoint_record *c)
{
        v->verdict->checkpoints++;
        if (c->time > v->verdict->last_time) {
                v->verdict->last_time = c->time;
                v->verdict->last_seq = c->seq;
        }
}

/* The hash of that entry; false where there is none, or the database failed. */
static bool read_hash(struct verification *v, int64_t seq, unsigned char hash[HASH_SIZE])
{
        int found = db_query(v->db, VERIFY_HASH, DB_VALUES(db_int(seq))) ? db_next(v->db, VERIFY_HASH) : -1;
        struct pawl_str bytes = found > 0 ? db_column_blob(v->db, VERIFY_HASH, 0) : pawl_text(NULL);

        if (bytes.len == HASH_SIZE)
                memcpy(hash, bytes.ptr, HASH_SIZE);
        if (found > 0)
                db_end(v->db, VERIFY_HASH);
        v->failed |= found < 0;
        return bytes.len == HASH_SIZE;
}

static void compare(struct verification *v, const struct checkpoint_record *c)
{
        unsigned char hash[HASH_SIZE];
        char time[ISO_TIME_SIZE];

        if (c->seq < v->anchor.seq) {
                v->verdict->out_of_reach++;
                return;
        }
        if (c->seq == v->anchor.seq)
                memcpy(hash, v->anchor.hash, HASH_SIZE);
        else if (!read_hash(v, c->seq, hash)) {
                if (!v->failed)
                        verify_report(v,
                                      "the checkpoint of %s is of entry %" PRId64 ", which is not there: "
                                      "the chain was cut off, or begun anew",
                                      iso_time_format(c->time, time), c->seq);
                return;
        }
        if (memcmp(hash, c->hash, HASH_SIZE) == 0)
                fits(v, c);
        else
                verify_report(v,
                              "entry %" PRId64 " has not the hash that it had at the checkpoint of %s: "
                              "the chain was computed anew",
                              c->seq, iso_time_format(c->time, time));
}

/* Returns whether it is one of this chain. */
static bool check_checkpoint(struct verification *v, struct pawl_str text, const char *where, int64_t number)
{
        struct checkpoint_record c;

        if (!record_read_checkpoint(text, &c)) {
                verify_report(v, "%s %" PRId64 " is no checkpoint", where, number);
                return false;
        }
        if (strcmp(c.chain, v->name) != 0 || (v->options->host != NULL && strcmp(c.host, v->options->host) != 0))
                return false;
        if (v->options->key != NULL && !key_signed(v->options->key, text))
                verify_report(v, "%s %" PRId64 " is not signed by the key", where, number);
        else
                compare(v, &c);
        return true;
}

static bool check_table(struct verification *v)
{
        int64_t number = 0;
        int more;

        if (!db_query(v->db, VERIFY_CHECKPOINTS, DB_NO_VALUES))
                return false;
        while ((more = db_next(v->db, VERIFY_CHECKPOINTS)) == 1 && !v->ended)
                check_checkpoint(v, db_column_text(v->db, VERIFY_CHECKPOINTS, 0), "checkpoint", ++number);
        if (more == 1)
                db_end(v->db, VERIFY_CHECKPOINTS);
        return more >= 0;
}

static bool check_file(struct verification *v, char *error, size_t error_size)
{
        FILE *file = fopen(v->options->checkpoints, "re");
        int64_t number = 0, ours = 0;
        size_t size = 0;
        char *line = NULL;
        ssize_t len;
        bool ok;

        if (file == NULL) {
                snprintf(error, error_size, "%s: %s", v->options->checkpoints, strerror(errno));
                return false;
        }
        while (!v->ended && (len = getline(&line, &size, file)) > 0) {
                number++;
                len -= line[len - 1] == '\n';
                ours += check_checkpoint(v, pawl_bytes(line, (size_t)len), "the file's line", number);
        }
        ok = ferror(file) == 0;
        if (!ok)
                snprintf(error, error_size, "%s: %s", v->options->checkpoints, strerror(errno));
        free(line);
        fclose(file);
        if (ok && ours == 0 && v->verdict->length > 0)
                verify_report(v, "%s has no checkpoint of this chain", v->options->checkpoints);
        return ok;
}

bool verify_checkpoints(struct verification *v, char *error, size_t error_size)
{
        v->verdict->last_time = -1;
        if (!check_table(v)) {
                snprintf(error, error_size, "%s", db_error(v->db));
                return false;
        }
        if (v->options->checkpoints != NULL && !check_file(v, error, error_size))
                return false;
        if (v->failed)
                snprintf(error, error_size, "%s", db_error(v->db));
        if (v->options->need_checkpoint && v->verdict->length > 0 && !v->ended &&
            v->verdict->checkpoints + v->verdict->out_of_reach == 0)
                verify_report(v, "no checkpoint holds this chain");
        return !v->failed;
}
