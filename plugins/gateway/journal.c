#include "journal.h"

#include "text.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GROUP_EVERY PAWL_MS(20) /* one sync for all that comes within it, unless somebody waits */
#define RETRY_EVERY PAWL_S(1)
#define PRUNE_EVERY PAWL_S(10)

static const char *const migrations[] = {
    "CREATE TABLE answer ("
    "  key BLOB PRIMARY KEY,"
    "  print BLOB NOT NULL,"
    "  time INTEGER NOT NULL,"
    "  request_id INTEGER NOT NULL,"
    "  status INTEGER NOT NULL,"
    "  body TEXT"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX answer_time ON answer (time);"
    "CREATE TABLE sequence ("
    "  first INTEGER PRIMARY KEY,"
    "  next INTEGER NOT NULL"
    ") STRICT;",
};

enum { PUT, FIND, PRUNE, SEQUENCE_READ, SEQUENCE_WRITE };

static const char *const statements[] = {
    [PUT] = "INSERT OR REPLACE INTO answer (key, print, time, request_id, status, body) VALUES (?, ?, ?, ?, ?, ?)",
    [FIND] = "SELECT print, time, request_id, status, body FROM answer WHERE key = ?",
    [PRUNE] = "DELETE FROM answer WHERE key IN (SELECT key FROM answer WHERE time < ? LIMIT 20000)",
    [SEQUENCE_READ] = "SELECT next FROM sequence WHERE first = ?",
    [SEQUENCE_WRITE] = "INSERT OR REPLACE INTO sequence (first, next) VALUES (?, ?)",
};

static const struct db_design design = {
    .migrations = migrations,
    .migration_count = sizeof migrations / sizeof migrations[0],
    .statements = statements,
    .statement_count = sizeof statements / sizeof statements[0],
};

struct block {
        int64_t first, last, count; /* asked for; count 0: nothing is */
        int64_t begin, end;         /* given */
        bool given;
};

struct journal {
        struct pawl_instance *instance;
        char *path;
        void (*wake)(void *arg);
        void *wake_arg;
        struct db *reader; /* the http thread's */
        struct db *db;     /* the journal's thread's */
        int64_t pruned_at;
        bool complained;
        bool started;
        pthread_t thread;
        pthread_cond_t work;
        pthread_mutex_t lock; /* everything below */
        struct journal_row *put, **put_end;
        struct journal_row *written;
        size_t waiting;
        bool urgent, stopping;
        struct block block;
};

bool journal_check(const char *path, char *error, size_t error_size)
{
        return db_check(path, &design, error, error_size);
}

void journal_row_free(struct journal_row *row)
{
        free(row->body);
        free(row);
}

/* ---- The journal's thread ---- */

static bool take_block(struct journal *j, struct block *block)
{
        int64_t next = block->first;
        int found =
            db_query(j->db, SEQUENCE_READ, DB_VALUES(db_int(block->first))) ? db_next(j->db, SEQUENCE_READ) : -1;

        if (found < 0)
                return false;
        if (found == 1)
                next = db_column_int(j->db, SEQUENCE_READ, 0);
        db_end(j->db, SEQUENCE_READ);
        block->begin = next;
        block->end = block->last - next < block->count ? block->last + 1 : next + block->count;
        if (block->end < block->begin)
                block->end = block->begin;
        return db_run(j->db, SEQUENCE_WRITE, DB_VALUES(db_int(block->first), db_int(block->end)));
}

static bool write_row(struct journal *j, const struct journal_row *row)
{
        return db_run(j->db, PUT,
                      DB_VALUES(db_blob(pawl_bytes(row->key, JOURNAL_KEY)),
                                db_blob(pawl_bytes(row->print, JOURNAL_KEY)), db_int(row->time),
                                db_int(row->request_id), db_int(row->status), db_text(pawl_text(row->body))));
}

static bool prune(struct journal *j)
{
        int64_t now = pawl_monotonic(j->instance);

        if (j->pruned_at != 0 && now - j->pruned_at < PRUNE_EVERY)
                return true;
        j->pruned_at = now;
        return db_run(j->db, PRUNE, DB_VALUES(db_int(pawl_now(j->instance) - JOURNAL_KEPT)));
}

static bool write_group(struct journal *j, const struct journal_row *rows, struct block *block)
{
        bool good = db_begin(j->db);

        for (const struct journal_row *row = rows; row != NULL && good; row = row->next)
                good = write_row(j, row);
        good = good && (block->count == 0 || take_block(j, block)) && prune(j) && db_commit(j->db);
        db_rollback(j->db);
        return good;
}

/* Said once for each time that it goes wrong; nothing is lost, it is tried again. */
static void complain(struct journal *j, const char *error)
{
        if (!j->complained) {
                pawl_log(j->instance, PAWL_LOG_ERROR, "answers cannot be remembered now, it is tried again: %s", error);
                pawl_health(j->instance, PAWL_HEALTH_DEGRADED, "answers cannot be remembered: %s", error);
        }
        j->complained = true;
}

static bool have_database(struct journal *j)
{
        char error[512];

        if (j->db == NULL && (j->db = db_open(j->path, DB_WRITE, &design, error, sizeof error, NULL)) == NULL)
                complain(j, error);
        return j->db != NULL;
}

static bool store(struct journal *j, const struct journal_row *rows, struct block *block)
{
        if (!have_database(j))
                return false;
        if (!write_group(j, rows, block)) {
                complain(j, db_error(j->db));
                return false;
        }
        if (j->complained) {
                pawl_log(j->instance, PAWL_LOG_INFO, "answers are remembered again");
                pawl_health(j->instance, PAWL_HEALTH_OK, "answers are remembered again");
        }
        j->complained = false;
        return true;
}

/* With the lock held, which it lets go while it waits. */
static void wait_until(struct journal *j, int64_t monotonic)
{
        struct timespec at = {.tv_sec = monotonic / PAWL_S(1), .tv_nsec = monotonic % PAWL_S(1)};

        pthread_cond_timedwait(&j->work, &j->lock, &at);
}

static int64_t monotonic(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return PAWL_S((int64_t)now.tv_sec) + now.tv_nsec;
}

static void give_back(struct journal *j, struct journal_row *rows, const struct block *block)
{
        struct journal_row *last = rows;

        while (last != NULL && last->next != NULL)
                last = last->next;
        if (last != NULL) {
                last->next = j->written;
                j->written = rows;
        }
        if (block->count != 0) {
                j->block = *block;
                j->block.count = 0;
                j->block.given = true;
        }
}

/* One group. The lock is held, but not while it is written. False: it could not be written, and is back in its place. */
static bool serve_group(struct journal *j)
{
        struct journal_row *rows = j->put, **end = j->put_end;
        struct block block = j->block;
        bool good;

        j->put = NULL;
        j->put_end = &j->put;
        j->urgent = false;
        pthread_mutex_unlock(&j->lock);
        good = store(j, rows, &block);
        pthread_mutex_lock(&j->lock);
        if (good) {
                give_back(j, rows, &block);
        } else if (rows != NULL) {
                *end = j->put;
                if (j->put == NULL)
                        j->put_end = end;
                j->put = rows;
        }
        pthread_mutex_unlock(&j->lock);
        if (good)
                j->wake(j->wake_arg);
        pthread_mutex_lock(&j->lock);
        return good;
}

static void *run(void *arg)
{
        struct journal *j = arg;
        int64_t group_at = 0;

        pthread_mutex_lock(&j->lock);
        for (;;) {
                bool due = j->put != NULL || j->block.count != 0;

                if (!due && j->stopping)
                        break;
                if (!due) {
                        pthread_cond_wait(&j->work, &j->lock);
                } else if (!j->urgent && j->block.count == 0 && !j->stopping && monotonic() < group_at) {
                        wait_until(j, group_at);
                } else if (serve_group(j)) {
                        group_at = monotonic() + GROUP_EVERY;
                } else if (j->stopping) {
                        break;
                } else {
                        wait_until(j, monotonic() + RETRY_EVERY);
                }
        }
        pthread_mutex_unlock(&j->lock);
        return NULL;
}

/* ---- The http thread ---- */

struct journal *journal_open(struct pawl_instance *instance, const char *path, void (*wake)(void *arg), void *arg)
{
        struct journal *j = memory_new(1, sizeof *j);
        pthread_condattr_t clock;

        j->instance = instance;
        j->path = memory_text(path, strlen(path));
        j->wake = wake;
        j->wake_arg = arg;
        j->put_end = &j->put;
        pthread_mutex_init(&j->lock, NULL);
        pthread_condattr_init(&clock);
        pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
        pthread_cond_init(&j->work, &clock);
        pthread_condattr_destroy(&clock);
        have_database(j);
        return j;
}

void journal_start(struct journal *j)
{
        if (pthread_create(&j->thread, NULL, run, j) != 0)
                abort();
        j->started = true;
}

static void free_rows(struct journal_row *row)
{
        while (row != NULL) {
                struct journal_row *next = row->next;

                journal_row_free(row);
                row = next;
        }
}

void journal_stop(struct journal **journal, int64_t first, int64_t next)
{
        struct journal *j = *journal;

        *journal = NULL;
        if (j == NULL)
                return;
        pthread_mutex_lock(&j->lock);
        j->stopping = true;
        pthread_cond_signal(&j->work);
        pthread_mutex_unlock(&j->lock);
        pthread_join(j->thread, NULL);
        if (next >= 0 && j->db != NULL)
                db_run(j->db, SEQUENCE_WRITE, DB_VALUES(db_int(first), db_int(next)));
        free_rows(j->put);
        free_rows(j->written);
        db_close(&j->reader);
        db_close(&j->db);
        pthread_cond_destroy(&j->work);
        pthread_mutex_destroy(&j->lock);
        free(j->path);
        free(j);
}

void journal_put(struct journal *j, struct journal_row *row, bool urgent)
{
        bool wakes;

        row->next = NULL;
        pthread_mutex_lock(&j->lock);
        wakes = j->put == NULL || (urgent && !j->urgent);
        *j->put_end = row;
        j->put_end = &row->next;
        j->waiting++;
        j->urgent = j->urgent || urgent;
        if (wakes)
                pthread_cond_signal(&j->work);
        pthread_mutex_unlock(&j->lock);
}

struct journal_row *journal_written(struct journal *j)
{
        struct journal_row *rows;

        pthread_mutex_lock(&j->lock);
        rows = j->written;
        j->written = NULL;
        for (const struct journal_row *row = rows; row != NULL; row = row->next)
                j->waiting--;
        pthread_mutex_unlock(&j->lock);
        return rows;
}

size_t journal_waiting(struct journal *j)
{
        size_t waiting;

        pthread_mutex_lock(&j->lock);
        waiting = j->waiting;
        pthread_mutex_unlock(&j->lock);
        return waiting;
}

static void copy_blob(unsigned char to[JOURNAL_KEY], struct pawl_str from)
{
        memset(to, 0, JOURNAL_KEY);
        if (from.len == JOURNAL_KEY)
                memcpy(to, from.ptr, JOURNAL_KEY);
}

int journal_find(struct journal *j, const unsigned char key[JOURNAL_KEY], struct journal_row *row)
{
        struct pawl_str body;
        char error[512];
        int found;

        if (j->reader == NULL)
                j->reader = db_open(j->path, DB_READ, &design, error, sizeof error, NULL);
        if (j->reader == NULL || !db_query(j->reader, FIND, DB_VALUES(db_blob(pawl_bytes(key, JOURNAL_KEY)))))
                return -1;
        found = db_next(j->reader, FIND);
        if (found == 1 && db_column_int(j->reader, FIND, 1) < pawl_now(j->instance) - JOURNAL_KEPT)
                found = 0;
        if (found == 1) {
                *row = (struct journal_row){.request_id = db_column_int(j->reader, FIND, 2),
                                            .status = (unsigned)db_column_int(j->reader, FIND, 3)};
                memcpy(row->key, key, JOURNAL_KEY);
                copy_blob(row->print, db_column_blob(j->reader, FIND, 0));
                body = db_column_text(j->reader, FIND, 4);
                row->body = body.ptr != NULL ? memory_text(body.ptr, body.len) : NULL;
        }
        db_end(j->reader, FIND);
        return found;
}

void journal_want_block(struct journal *j, int64_t first, int64_t last, int64_t count)
{
        struct block block = {.first = first, .last = last, .count = count};

        if (!j->started && store(j, NULL, &block)) {
                give_back(j, NULL, &block);
                return;
        }
        pthread_mutex_lock(&j->lock);
        if (j->block.count == 0 && !j->block.given) {
                j->block = block;
                pthread_cond_signal(&j->work);
        }
        pthread_mutex_unlock(&j->lock);
}

bool journal_block(struct journal *j, int64_t *begin, int64_t *end)
{
        bool given;

        pthread_mutex_lock(&j->lock);
        given = j->block.given;
        *begin = j->block.begin;
        *end = j->block.end;
        if (given)
                j->block = (struct block){0};
        pthread_mutex_unlock(&j->lock);
        return given;
}
