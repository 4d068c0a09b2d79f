#include "chain_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* The value stands last, so that reading a row's other columns does not touch the pages of a large event. */
static const char first_schema[] =
    "CREATE TABLE log ("
    "  seq INTEGER PRIMARY KEY,"
    "  hash BLOB NOT NULL,"
    "  event_hash BLOB NOT NULL,"
    "  recorded INTEGER NOT NULL,"
    "  topic TEXT NOT NULL,"
    "  partition INTEGER NOT NULL,"
    "  offset INTEGER NOT NULL,"
    "  variant INTEGER NOT NULL,"
    "  time INTEGER NOT NULL,"
    "  event_type TEXT,"
    "  event_id TEXT,"
    "  correlation_id TEXT,"
    "  request_id INTEGER,"
    "  user_id INTEGER,"
    "  key BLOB,"
    "  value BLOB,"
    "  UNIQUE (topic, partition, offset, variant)"
    ") STRICT;"
    "CREATE INDEX log_time ON log (time);"
    "CREATE INDEX log_event_type ON log (event_type, time);"
    "CREATE INDEX log_event_id ON log (event_id) WHERE event_id IS NOT NULL;"
    "CREATE INDEX log_correlation_id ON log (correlation_id) WHERE correlation_id IS NOT NULL;"
    "CREATE INDEX log_request_id ON log (request_id) WHERE request_id IS NOT NULL;"
    "CREATE INDEX log_user_id ON log (user_id) WHERE user_id IS NOT NULL;"
    "CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;"
    "INSERT INTO head VALUES (1, 0, zeroblob(32));";

/* The table `retention` only remembers how far the work has come: nothing is proved by it. */
static const char with_retention[] =
    "ALTER TABLE log ADD COLUMN pruned INTEGER;"
    "CREATE TABLE checkpoint (seq INTEGER NOT NULL, time INTEGER NOT NULL, text TEXT NOT NULL) STRICT;"
    "CREATE TABLE retention (topic TEXT PRIMARY KEY, done INTEGER NOT NULL) STRICT;";

static const char *const migrations[] = {first_schema, with_retention};

static const char append_sql[] =
    "INSERT INTO log (seq, hash, event_hash, recorded, topic, partition, offset, variant, time, event_type,"
    " event_id, correlation_id, request_id, user_id, key, value)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (topic, partition, offset, variant) DO NOTHING";

static const char read_block_sql[] =
    "SELECT seq, recorded, topic, pruned IS NOT NULL, event_hash, partition, offset, time FROM log"
    " WHERE seq BETWEEN ? AND ? ORDER BY seq";

static const char prune_sql[] = "UPDATE log SET pruned = ?, key = NULL, value = NULL, event_type = NULL,"
                                " event_id = NULL, correlation_id = NULL, request_id = NULL, user_id = NULL"
                                " WHERE seq = ?";

static const char *const statements[CHAIN_STATEMENTS] = {
    [READ_HEAD] = "SELECT seq, hash FROM head",
    [WRITE_HEAD] = "UPDATE head SET seq = ?, hash = ? WHERE seq = ? AND hash = ?",
    [APPEND] = append_sql,
    [FIND_POSITION] = "SELECT event_hash FROM log WHERE topic = ? AND partition = ? AND offset = ? ORDER BY variant",
    [ZERO_WHAT_GOES] = "PRAGMA secure_delete = ON",
    [READ_BLOCK] = read_block_sql,
    [PRUNE] = prune_sql,
    [READ_DONE] = "SELECT done FROM retention WHERE topic = ?",
    [WRITE_DONE] = "INSERT INTO retention VALUES (?, ?) ON CONFLICT (topic) DO UPDATE SET done = excluded.done",
    [FIRST_ENTRY] = "SELECT min(seq) FROM log",
    [BLOCK_WHOLE] =
        "SELECT 1 FROM log WHERE seq BETWEEN ? AND ? AND pruned IS NULL AND topic NOT LIKE 'chain/%' LIMIT 1",
    [READ_HASH] = "SELECT hash FROM log WHERE seq = ?",
    [REMOVE_BLOCK] = "DELETE FROM log WHERE seq BETWEEN ? AND ?",
    [LAST_CHECKPOINT] = "SELECT max(time) FROM checkpoint",
    [WRITE_CHECKPOINT] = "INSERT INTO checkpoint VALUES (?, ?, ?)",
};

const struct db_design chain_design = {
    .migrations = migrations,
    .migration_count = sizeof migrations / sizeof migrations[0],
    .statements = statements,
    .statement_count = CHAIN_STATEMENTS,
};

/* ---- Opening ---- */

/*
 * A file of its own: closing any descriptor of the database file would drop SQLite's locks on it. The holder's process id is
 * written into it, for whoever finds it taken.
 */
static int take_lock(const char *path, char *error, size_t error_size)
{
        char lock_path[4096];
        char holder[32] = "";
        ssize_t len;
        int fd;

        snprintf(lock_path, sizeof lock_path, "%s.lock", path);
        fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0) {
                snprintf(error, error_size, "lock %s: %s", lock_path, strerror(errno));
                return -1;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
                snprintf(holder, sizeof holder, "%ld", (long)getpid());
                if (ftruncate(fd, 0) == 0 && pwrite(fd, holder, strlen(holder), 0) < 0)
                        errno = 0; /* only the text of another's error is poorer */
                return fd;
        }
        len = pread(fd, holder, sizeof holder - 1, 0);
        holder[len > 0 ? len : 0] = '\0';
        snprintf(error, error_size, "chain %s is held by another process (%s)", path, holder);
        close(fd);
        return -1;
}

static bool read_head(struct chain *chain, char *error, size_t error_size, pawl_result *result)
{
        int found = db_query(chain->db, READ_HEAD, DB_NO_VALUES) ? db_next(chain->db, READ_HEAD) : -1;
        struct pawl_str hash = {NULL, 0};

        if (found < 0) {
                *result = db_result(chain->db);
                snprintf(error, error_size, "%s", db_error(chain->db));
                return false;
        }
        if (found > 0)
                hash = db_column_blob(chain->db, READ_HEAD, 1);
        if (hash.len == HASH_SIZE) {
                chain->committed.seq = db_column_int(chain->db, READ_HEAD, 0);
                memcpy(chain->committed.hash, hash.ptr, HASH_SIZE);
                chain->head = chain->committed;
                db_end(chain->db, READ_HEAD);
                return true;
        }
        *result = PAWL_FATAL;
        snprintf(error, error_size, "chain without a head record; see `pawlctl audit verify`");
        return false;
}

/* What retention removes is overwritten in the file, and not only forgotten. */
static bool zero_what_goes(struct chain *chain, char *error, size_t error_size, pawl_result *result)
{
        if (db_run(chain->db, ZERO_WHAT_GOES, DB_NO_VALUES))
                return true;
        *result = db_result(chain->db);
        snprintf(error, error_size, "%s", db_error(chain->db));
        return false;
}

struct chain *chain_open(const char *path, char *error, size_t error_size, pawl_result *result)
{
        struct chain *chain = calloc(1, sizeof *chain);

        *result = PAWL_UNAVAILABLE;
        if (chain == NULL) {
                snprintf(error, error_size, "chain %s: out of memory", path);
                return NULL;
        }
        chain->lock = take_lock(path, error, error_size);
        if (chain->lock < 0)
                goto failed;
        chain->hasher = hasher_new();
        if (chain->hasher == NULL) {
                snprintf(error, error_size, "chain %s: OpenSSL gives no SHA-256", path);
                goto failed;
        }
        chain->db = db_open(path, DB_WRITE, &chain_design, error, error_size, result);
        if (chain->db != NULL && zero_what_goes(chain, error, error_size, result) &&
            read_head(chain, error, error_size, result))
                return chain;
failed:
        chain_close(&chain);
        return NULL;
}

void chain_close(struct chain **chain)
{
        struct chain *c = *chain;

        *chain = NULL;
        if (c == NULL)
                return;
        db_close(&c->db);
        hasher_free(&c->hasher);
        if (c->lock >= 0)
                close(c->lock);
        free(c);
}

int64_t chain_length(const struct chain *chain)
{
        return chain->committed.seq;
}

int64_t chain_head(const struct chain *chain, unsigned char hash[HASH_SIZE])
{
        memcpy(hash, chain->committed.hash, HASH_SIZE);
        return chain->committed.seq;
}

const char *chain_error(const struct chain *chain)
{
        return chain->broken != NULL ? chain->broken : db_error(chain->db);
}

pawl_result chain_outcome(struct chain *chain, struct pawl_ctx *ctx)
{
        if (chain->broken != NULL)
                return pawl_fatal(ctx, "%s", chain->broken);
        /* The chain is ours alone: a broken rule of the schema means that rows were put behind its head. */
        if (db_result(chain->db) == PAWL_RETRY)
                return pawl_fatal(ctx, "%s: the chain was altered; see `pawlctl audit verify`", db_error(chain->db));
        return db_outcome(chain->db, ctx);
}

/* ---- Appending ---- */

bool chain_begin(struct chain *chain)
{
        chain->head = chain->committed;
        return db_begin(chain->db);
}

static struct db_value optional_value(struct optional_int n)
{
        return n.present ? db_int(n.value) : db_null();
}

static struct db_value hash_value(const unsigned char hash[HASH_SIZE])
{
        return db_blob(pawl_bytes(hash, HASH_SIZE));
}

/* Appends it as that variant; *appended is false when the variant is there already. */
static bool append(struct chain *chain, const struct entry *e, struct link *link, bool *appended)
{
        link->seq = chain->head.seq + 1;
        if (!hasher_link(chain->hasher, chain->head.hash, link, link->hash))
                return false;
        if (!db_run(chain->db, APPEND,
                    DB_VALUES(db_int(link->seq), hash_value(link->hash), hash_value(link->event_hash),
                              db_int(link->recorded), db_text(e->topic), db_int(e->partition), db_int(e->offset),
                              db_int(link->variant), db_int(e->time), db_text(e->event_type), db_text(e->event_id),
                              db_text(e->correlation_id), optional_value(e->request_id), optional_value(e->user_id),
                              db_blob(e->key), db_blob(e->value))))
                return false;
        *appended = db_changes(chain->db) == 1;
        if (*appended) {
                chain->head.seq = link->seq;
                memcpy(chain->head.hash, link->hash, HASH_SIZE);
        }
        return true;
}

/* Looks for the event among those of its position: the variant that it is, or else the next free one, and *found is false. */
static bool find_variant(struct chain *chain, const struct entry *e, struct link *link, bool *found)
{
        int more;

        *found = false;
        link->variant = 0;
        if (!db_query(chain->db, FIND_POSITION, DB_VALUES(db_text(e->topic), db_int(e->partition), db_int(e->offset))))
                return false;
        while ((more = db_next(chain->db, FIND_POSITION)) == 1) {
                struct pawl_str hash = db_column_blob(chain->db, FIND_POSITION, 0);

                if (hash.len == HASH_SIZE && memcmp(hash.ptr, link->event_hash, HASH_SIZE) == 0) {
                        *found = true;
                        db_end(chain->db, FIND_POSITION);
                        return true;
                }
                link->variant++;
        }
        return more == 0;
}

/* Most events are new: they are appended without a look. Only when the position is taken is it read. */
static bool append_or_find(struct chain *chain, const struct entry *e, struct link *link, enum chain_fate *fate)
{
        bool done;

        if (!append(chain, e, link, &done))
                return false;
        *fate = CHAIN_APPENDED;
        if (done)
                return true;
        if (!find_variant(chain, e, link, &done))
                return false;
        if (done) {
                *fate = link->variant == 0 ? CHAIN_REPEATED : CHAIN_CONTRADICTION_REPEATED;
                return true;
        }
        *fate = CHAIN_CONTRADICTION;
        return append(chain, e, link, &done);
}

bool chain_append(struct chain *chain, const struct entry *entry, int64_t recorded, enum chain_fate *fate)
{
        struct link link = {.recorded = recorded, .variant = 0};

        if (hasher_event(chain->hasher, entry, link.event_hash) && append_or_find(chain, entry, &link, fate))
                return true;
        if (hasher_failed(chain->hasher))
                chain->broken = "OpenSSL failed to compute a SHA-256";
        db_rollback(chain->db);
        return false;
}

bool chain_append_record(struct chain *chain, const char *topic, const char *type, struct pawl_str text,
                         int64_t recorded, int64_t *seq)
{
        enum chain_fate fate;

        *seq = chain->head.seq + 1;
        return chain_append(chain,
                            &(struct entry){.topic = pawl_text(topic),
                                            .offset = *seq,
                                            .time = recorded,
                                            .event_type = pawl_text(type),
                                            .value = text},
                            recorded, &fate);
}

/* Moves the head from where this process left it, and from nowhere else. */
static bool write_head(struct chain *chain)
{
        if (chain->head.seq == chain->committed.seq)
                return true;
        if (!db_run(chain->db, WRITE_HEAD,
                    DB_VALUES(db_int(chain->head.seq), hash_value(chain->head.hash), db_int(chain->committed.seq),
                              hash_value(chain->committed.hash))))
                return false;
        if (db_changes(chain->db) != 1)
                chain->broken = "the head of the chain is not where this process left it; see `pawlctl audit verify`";
        return chain->broken == NULL;
}

bool chain_commit(struct chain *chain)
{
        if (!write_head(chain)) {
                db_rollback(chain->db);
                return false;
        }
        if (!db_commit(chain->db))
                return false;
        chain->committed = chain->head;
        return true;
}
