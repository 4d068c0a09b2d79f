#include "prune.h"

#include "chain_inner.h"
#include "record.h"

#include <stdlib.h>
#include <string.h>

/* The last number of the block in which `seq` stands. */
static int64_t block_end(int64_t seq)
{
        return (seq - 1) / RECORD_BLOCK * RECORD_BLOCK + RECORD_BLOCK;
}

/* The first column of a query's only row, `otherwise` where it is NULL or there is no row. */
static bool read_number(struct chain *chain, int statement, const struct db_value *values, size_t count,
                        int64_t otherwise, int64_t *number)
{
        int found = db_query(chain->db, statement, values, count) ? db_next(chain->db, statement) : -1;

        *number = otherwise;
        if (found > 0 && !db_column_null(chain->db, statement, 0))
                *number = db_column_int(chain->db, statement, 0);
        if (found > 0)
                db_end(chain->db, statement);
        return found >= 0;
}

/* ---- Clearing ---- */

struct slice {
        struct prune_record record;
        int64_t seqs[RECORD_BLOCK]; /* what is to be cleared */
};

/* Where the work on the topic goes on: behind what was done, and not before the first entry that there is. */
static bool find_start(struct chain *chain, struct prune_topic *topic, int64_t *first)
{
        if (!read_number(chain, FIRST_ENTRY, DB_NO_VALUES, 1, first))
                return false;
        if (topic->done < 0 &&
            !read_number(chain, READ_DONE, DB_VALUES(db_text(pawl_text(topic->name))), 0, &topic->done))
                return false;
        if (*first < topic->done + 1)
                *first = topic->done + 1;
        return true;
}

static bool row_is_of(struct chain *chain, const char *topic)
{
        struct pawl_str name = db_column_text(chain->db, READ_BLOCK, 2);

        return db_column_int(chain->db, READ_BLOCK, 3) == 0 && name.len == strlen(topic) &&
               memcmp(name.ptr, topic, name.len) == 0;
}

static void take_row(struct chain *chain, struct slice *slice)
{
        struct pawl_str hash = db_column_blob(chain->db, READ_BLOCK, 4);
        struct link link = {.seq = db_column_int(chain->db, READ_BLOCK, 0)};
        struct entry e = {.partition = (int32_t)db_column_int(chain->db, READ_BLOCK, 5),
                          .offset = db_column_int(chain->db, READ_BLOCK, 6),
                          .time = db_column_int(chain->db, READ_BLOCK, 7)};

        if (hash.len == HASH_SIZE)
                memcpy(link.event_hash, hash.ptr, HASH_SIZE);
        hasher_digest_add(chain->hasher, &e, &link);
        slice->seqs[slice->record.entries++] = link.seq;
}

/* Reads on from record.first, to the block's end or the first entry that is not old enough, whatever its topic. */
static bool find_old(struct chain *chain, struct slice *slice, int64_t before, bool *more)
{
        struct prune_record *record = &slice->record;
        int64_t end = block_end(record->first);
        int found;

        record->entries = 0;
        record->last = record->first - 1;
        *more = end < chain->committed.seq;
        hasher_digest_begin(chain->hasher);
        if (!db_query(chain->db, READ_BLOCK, DB_VALUES(db_int(record->first), db_int(end))))
                return false;
        while ((found = db_next(chain->db, READ_BLOCK)) == 1) {
                if (db_column_int(chain->db, READ_BLOCK, 1) > before) {
                        *more = false;
                        db_end(chain->db, READ_BLOCK);
                        break;
                }
                if (row_is_of(chain, record->topic))
                        take_row(chain, slice);
                record->last = db_column_int(chain->db, READ_BLOCK, 0);
        }
        if (*more) /* entries may be missing at the block's end; that is for verify to say */
                record->last = end;
        return found >= 0 && hasher_digest_end(chain->hasher, record->digest);
}

static bool clear_entries(struct chain *chain, const struct slice *slice, int64_t seq)
{
        for (int64_t i = 0; i < slice->record.entries; i++) {
                if (!db_run(chain->db, PRUNE, DB_VALUES(db_int(seq), db_int(slice->seqs[i]))))
                        return false;
        }
        return db_run(chain->db, WRITE_DONE,
                      DB_VALUES(db_text(pawl_text(slice->record.topic)), db_int(slice->record.last)));
}

/* The entries and what is told of them, or nothing. */
static bool clear_slice(struct chain *chain, const struct slice *slice, int64_t now, const struct key *key)
{
        char *text = record_write_prune(&slice->record, key);
        int64_t seq;
        bool ok = text != NULL && chain_begin(chain);

        if (text == NULL)
                chain->broken = "no memory for a prune entry";
        if (ok && (!chain_append_record(chain, PRUNE_TOPIC, PRUNE_TYPE, pawl_text(text), now, &seq) ||
                   !clear_entries(chain, slice, seq))) {
                db_rollback(chain->db);
                ok = false;
        }
        free(text);
        return ok && chain_commit(chain);
}

bool prune_topic(struct chain *chain, struct prune_topic *topic, int64_t now, const struct key *key, int64_t *entries,
                 bool *more)
{
        struct slice *slice = calloc(1, sizeof *slice);
        bool ok;

        *entries = 0;
        *more = false;
        if (slice == NULL)
                return true; /* a later tick has memory */
        memcpy(slice->record.topic, topic->name, sizeof slice->record.topic);
        slice->record.retention = topic->keep;
        ok = find_start(chain, topic, &slice->record.first) && find_old(chain, slice, now - topic->keep, more) &&
             (slice->record.entries == 0 || clear_slice(chain, slice, now, key));
        if (ok) {
                topic->done = slice->record.last;
                *entries = slice->record.entries;
        }
        free(slice);
        return ok;
}

/* ---- Removing ---- */

static bool read_hash(struct chain *chain, int64_t seq, unsigned char hash[HASH_SIZE], bool *found)
{
        int more = db_query(chain->db, READ_HASH, DB_VALUES(db_int(seq))) ? db_next(chain->db, READ_HASH) : -1;
        struct pawl_str bytes = {NULL, 0};

        if (more > 0)
                bytes = db_column_blob(chain->db, READ_HASH, 0);
        *found = bytes.len == HASH_SIZE;
        if (*found)
                memcpy(hash, bytes.ptr, HASH_SIZE);
        if (more > 0)
                db_end(chain->db, READ_HASH);
        return more >= 0;
}

static bool remove_block(struct chain *chain, int64_t first, const struct anchor_record *anchor, int64_t now,
                         const struct key *key, int64_t *entries)
{
        char *text = record_write_anchor(anchor, key);
        int64_t seq;
        bool ok = text != NULL && chain_begin(chain);

        if (text == NULL)
                chain->broken = "no memory for an anchor";
        if (ok && (!chain_append_record(chain, ANCHOR_TOPIC, ANCHOR_TYPE, pawl_text(text), now, &seq) ||
                   !db_run(chain->db, REMOVE_BLOCK, DB_VALUES(db_int(first), db_int(anchor->seq))))) {
                db_rollback(chain->db);
                ok = false;
        }
        free(text);
        if (!ok)
                return false;
        *entries = db_changes(chain->db);
        return chain_commit(chain);
}

bool prune_anchor(struct chain *chain, int64_t now, const struct key *key, int64_t *entries)
{
        struct anchor_record anchor;
        int64_t first, whole;
        bool found;

        *entries = 0;
        if (!read_number(chain, FIRST_ENTRY, DB_NO_VALUES, 1, &first))
                return false;
        anchor.seq = block_end(first);
        if (anchor.seq > chain->committed.seq)
                return true;
        if (!read_number(chain, BLOCK_WHOLE, DB_VALUES(db_int(first), db_int(anchor.seq)), 0, &whole))
                return false;
        if (whole != 0)
                return true;
        if (!read_hash(chain, anchor.seq, anchor.hash, &found))
                return false;
        return !found || remove_block(chain, first, &anchor, now, key, entries);
}
