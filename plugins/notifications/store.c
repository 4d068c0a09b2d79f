#include "store.h"

#include "common/db.h"

#include <stdlib.h>
#include <string.h>

#define PURGE_MAX "500" /* rows a time, so that nobody waits long for the write lock */

static const char *const migrations[] = {
    "CREATE TABLE handled (event TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE requests (request_id INTEGER PRIMARY KEY, customer_id INTEGER, title TEXT, region TEXT, city TEXT,"
    " address TEXT, urgency TEXT);"
    "CREATE TABLE deliveries (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, correlation_id TEXT,"
    " channel TEXT NOT NULL, message_type TEXT NOT NULL, recipient_id INTEGER NOT NULL, request_id INTEGER NOT NULL,"
    " address TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL"
    "  CHECK (state IN ('queued', 'open', 'sent', 'failed')),"
    " error TEXT, attempts INTEGER NOT NULL DEFAULT 0, next_attempt INTEGER NOT NULL, deadline INTEGER NOT NULL,"
    " created INTEGER NOT NULL, finished INTEGER, finished_at INTEGER, published INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE (event, channel, message_type, recipient_id));"
    "CREATE INDEX deliveries_due ON deliveries (next_attempt) WHERE state = 'queued';"
    "CREATE INDEX deliveries_open ON deliveries (id) WHERE state = 'open';"
    "CREATE INDEX deliveries_unpublished ON deliveries (finished) WHERE finished IS NOT NULL AND published = 0;"
    "CREATE INDEX deliveries_finished ON deliveries (finished) WHERE finished IS NOT NULL;"
    "CREATE INDEX deliveries_request ON deliveries (request_id);",
};

#define DELIVERY_COLUMNS                                                                                               \
        "id, event, correlation_id, channel, message_type, recipient_id, request_id, address, subject, body, error,"   \
        " attempts, deadline, created, finished, state"

/* `finished` numbers grow in the order of finishing, over all connections: who writes holds the file's lock. */
#define NEXT_FINISHED "(SELECT coalesce(max(finished), 0) + 1 FROM deliveries WHERE finished IS NOT NULL)"

enum {
        ADD_HANDLED,
        ADD_FACTS,
        ADD_DELIVERY,
        ADD_FAILED,
        FACTS,
        BEGIN_AGAIN,
        DUE,
        OPEN,
        NEXT_DUE,
        REQUEUE,
        FINISH,
        UNPUBLISHED,
        PUBLISHED,
        WAITING,
        PURGE_DELIVERIES,
        PURGE_HANDLED,
        LIST
};

#define ADD_COLUMNS                                                                                                    \
        "event, correlation_id, channel, message_type, recipient_id, request_id, address, subject, body, error,"       \
        " next_attempt, deadline, created"

static const char *const statements[] = {
    [ADD_HANDLED] = "INSERT OR IGNORE INTO handled VALUES (?, ?)",
    [ADD_FACTS] = "INSERT OR REPLACE INTO requests VALUES (?, ?, ?, ?, ?, ?, ?)",
    [ADD_DELIVERY] = "INSERT INTO deliveries (" ADD_COLUMNS ", state)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?11, 'queued')",
    [ADD_FAILED] = "INSERT INTO deliveries (" ADD_COLUMNS ", state, finished, finished_at)"
                   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?11, 'failed', " NEXT_FINISHED ", ?11)",
    [FACTS] = "SELECT customer_id, title, region, city, address, urgency FROM requests WHERE request_id = ?",
    [BEGIN_AGAIN] = "UPDATE deliveries SET state = 'queued' WHERE state = 'open'",
    [DUE] = "SELECT " DELIVERY_COLUMNS " FROM deliveries WHERE state = 'queued' AND next_attempt <= ?"
            " ORDER BY next_attempt, id LIMIT ?",
    [OPEN] = "UPDATE deliveries SET state = 'open', attempts = attempts + 1 WHERE id = ?",
    [NEXT_DUE] = "SELECT min(next_attempt) FROM deliveries WHERE state = 'queued'",
    [REQUEUE] = "UPDATE deliveries SET state = 'queued', next_attempt = ?, error = ? WHERE id = ?",
    [FINISH] = "UPDATE deliveries SET state = ?, error = ?, finished_at = ?, finished = " NEXT_FINISHED
               " WHERE id = ? AND state = 'open'",
    [UNPUBLISHED] = "SELECT " DELIVERY_COLUMNS " FROM deliveries WHERE finished IS NOT NULL AND published = 0"
                    " AND finished > ? ORDER BY finished LIMIT ?",
    [PUBLISHED] = "UPDATE deliveries SET published = 1 WHERE id = ?",
    [WAITING] = "SELECT count(*) FROM deliveries WHERE state IN ('queued', 'open')",
    [PURGE_DELIVERIES] = "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE published = 1 AND"
                         " finished_at < ? LIMIT " PURGE_MAX ")",
    [PURGE_HANDLED] = "DELETE FROM handled WHERE event IN (SELECT event FROM handled WHERE at < ? LIMIT " PURGE_MAX ")",
    [LIST] = "SELECT " DELIVERY_COLUMNS " FROM deliveries WHERE ?1 = 0 OR request_id = ?1 ORDER BY id DESC LIMIT ?2",
};

static const struct db_design design = {migrations, sizeof migrations / sizeof migrations[0], statements,
                                        sizeof statements / sizeof statements[0]};

struct store {
        struct db *db;
};

bool store_check(const char *path, char *error, size_t error_size)
{
        return db_check(path, &design, error, error_size);
}

struct store *store_open(const char *path, char *error, size_t error_size, pawl_result *result)
{
        struct store *s = calloc(1, sizeof *s);

        if (s != NULL)
                s->db = db_open(path, DB_WRITE, &design, error, error_size, result);
        if (s == NULL || s->db == NULL) {
                free(s);
                return NULL;
        }
        return s;
}

void store_close(struct store **store)
{
        if (*store == NULL)
                return;
        db_close(&(*store)->db);
        free(*store);
        *store = NULL;
}

const char *store_error(const struct store *store)
{
        return db_error(store->db);
}

/* Ends the transaction: commits if all went well so far, else undoes it. */
static pawl_result end(struct store *s, bool ok)
{
        pawl_result result;

        if (ok && db_commit(s->db))
                return PAWL_OK;
        result = db_result(s->db);
        db_rollback(s->db);
        return result;
}

static pawl_result run(struct store *s, int statement, const struct db_value *values, size_t count)
{
        return db_run(s->db, statement, values, count) ? PAWL_OK : db_result(s->db);
}

static struct db_value text(const char *string)
{
        return db_text(pawl_text(string));
}

static bool add_delivery(struct store *s, const char *event, const struct delivery *d)
{
        return db_run(s->db, d->address[0] != '\0' ? ADD_DELIVERY : ADD_FAILED,
                      DB_VALUES(text(event), text(d->correlation_id), text(d->channel), text(d->message_type),
                                db_int(d->recipient_id), db_int(d->request_id), text(d->address), text(d->subject),
                                text(d->body), text(d->error), db_int(d->created), db_int(d->deadline)));
}

static bool add_facts(struct store *s, const struct request_facts *f)
{
        return db_run(s->db, ADD_FACTS,
                      DB_VALUES(db_int(f->request_id), db_int(f->customer_id), text(f->title), text(f->region),
                                text(f->city), text(f->address), text(f->urgency)));
}

pawl_result store_add(struct store *store, const char *event, const struct request_facts *facts,
                      const struct delivery *deliveries, size_t count, bool *known)
{
        bool ok;

        *known = false;
        if (!db_begin(store->db))
                return db_result(store->db);
        ok = db_run(store->db, ADD_HANDLED, DB_VALUES(text(event), db_int(count > 0 ? deliveries[0].created : 0)));
        *known = ok && db_changes(store->db) == 0;
        if (ok && !*known && facts != NULL)
                ok = add_facts(store, facts);
        for (size_t i = 0; ok && !*known && i < count; i++)
                ok = add_delivery(store, event, &deliveries[i]);
        return end(store, ok);
}

static char *column(struct store *s, int statement, int i)
{
        struct pawl_str value = db_column_text(s->db, statement, i);

        return value.ptr ? strndup(value.ptr, value.len) : NULL;
}

pawl_result store_facts(struct store *store, int64_t request_id, struct request_facts *facts, bool *found)
{
        int row = db_query(store->db, FACTS, DB_VALUES(db_int(request_id))) ? db_next(store->db, FACTS) : -1;

        *found = row == 1;
        if (row == 1) {
                facts->customer_id = db_column_int(store->db, FACTS, 0);
                facts->title = column(store, FACTS, 1);
                facts->region = column(store, FACTS, 2);
                facts->city = column(store, FACTS, 3);
                facts->address = column(store, FACTS, 4);
                facts->urgency = column(store, FACTS, 5);
                db_end(store->db, FACTS);
        }
        return row >= 0 ? PAWL_OK : db_result(store->db);
}

void request_facts_clear(struct request_facts *facts)
{
        free(facts->title);
        free(facts->region);
        free(facts->city);
        free(facts->address);
        free(facts->urgency);
        *facts = (struct request_facts){0};
}

pawl_result store_begin(struct store *store)
{
        return run(store, BEGIN_AGAIN, DB_NO_VALUES);
}

static void read_delivery(struct store *s, int q, struct delivery *d)
{
        struct pawl_str state = db_column_text(s->db, q, 15);

        *d = (struct delivery){
            .id = db_column_int(s->db, q, 0),
            .event = column(s, q, 1),
            .correlation_id = column(s, q, 2),
            .channel = column(s, q, 3),
            .message_type = column(s, q, 4),
            .recipient_id = db_column_int(s->db, q, 5),
            .request_id = db_column_int(s->db, q, 6),
            .address = column(s, q, 7),
            .subject = column(s, q, 8),
            .body = column(s, q, 9),
            .error = column(s, q, 10),
            .attempts = db_column_int(s->db, q, 11),
            .deadline = db_column_int(s->db, q, 12),
            .created = db_column_int(s->db, q, 13),
            .finished = db_column_int(s->db, q, 14),
            .sent = strcmp(state.ptr, "sent") == 0,
        };
}

void delivery_clear(struct delivery *delivery)
{
        free(delivery->event);
        free(delivery->correlation_id);
        free(delivery->channel);
        free(delivery->message_type);
        free(delivery->address);
        free(delivery->subject);
        free(delivery->body);
        free(delivery->error);
        *delivery = (struct delivery){0};
}

/* Reads a query's rows into an array that has room for them. False: it failed, and no row is kept. */
static bool read_rows(struct store *s, int statement, struct delivery *rows, size_t *count)
{
        int row;

        *count = 0;
        while ((row = db_next(s->db, statement)) == 1)
                read_delivery(s, statement, &rows[(*count)++]);
        while (row < 0 && *count > 0)
                delivery_clear(&rows[--*count]);
        return row == 0;
}

pawl_result store_take(struct store *store, int64_t now, size_t max, struct delivery *taken, size_t *count)
{
        pawl_result result;
        bool ok;

        *count = 0;
        if (!db_begin(store->db))
                return db_result(store->db);
        ok = db_query(store->db, DUE, DB_VALUES(db_int(now), db_int((int64_t)max))) &&
             read_rows(store, DUE, taken, count);
        for (size_t i = 0; ok && i < *count; i++) {
                taken[i].attempts++;
                ok = db_run(store->db, OPEN, DB_VALUES(db_int(taken[i].id)));
        }
        result = end(store, ok);
        while (result != PAWL_OK && *count > 0)
                delivery_clear(&taken[--*count]);
        return result;
}

/* The one number of a query without parameters; *value is left alone when it is NULL. */
static pawl_result number(struct store *s, int statement, int64_t *value)
{
        if (!db_query(s->db, statement, DB_NO_VALUES) || db_next(s->db, statement) != 1)
                return db_result(s->db);
        if (!db_column_null(s->db, statement, 0))
                *value = db_column_int(s->db, statement, 0);
        db_end(s->db, statement);
        return PAWL_OK;
}

pawl_result store_next_due(struct store *store, int64_t *due)
{
        *due = INT64_MAX;
        return number(store, NEXT_DUE, due);
}

pawl_result store_requeue(struct store *store, int64_t id, int64_t retry_at, const char *error)
{
        return run(store, REQUEUE, DB_VALUES(db_int(retry_at), text(error), db_int(id)));
}

pawl_result store_finish(struct store *store, int64_t id, bool sent, const char *error, int64_t now)
{
        return run(store, FINISH,
                   DB_VALUES(text(sent ? "sent" : "failed"), text(sent ? NULL : error), db_int(now), db_int(id)));
}

pawl_result store_unpublished(struct store *store, int64_t after, size_t max, struct delivery *rows, size_t *count)
{
        *count = 0;
        if (!db_query(store->db, UNPUBLISHED, DB_VALUES(db_int(after), db_int((int64_t)max))) ||
            !read_rows(store, UNPUBLISHED, rows, count))
                return db_result(store->db);
        return PAWL_OK;
}

pawl_result store_published(struct store *store, int64_t id)
{
        return run(store, PUBLISHED, DB_VALUES(db_int(id)));
}

pawl_result store_waiting(struct store *store, int64_t *count)
{
        *count = 0;
        return number(store, WAITING, count);
}

pawl_result store_purge(struct store *store, int64_t before)
{
        pawl_result result = run(store, PURGE_DELIVERIES, DB_VALUES(db_int(before)));

        return result == PAWL_OK ? run(store, PURGE_HANDLED, DB_VALUES(db_int(before))) : result;
}

pawl_result store_list(struct store *store, int64_t request_id, size_t max,
                       bool (*row)(void *arg, const struct delivery *delivery, const char *state), void *arg)
{
        bool more = db_query(store->db, LIST, DB_VALUES(db_int(request_id), db_int((int64_t)max)));
        int status = more ? 1 : -1;

        while (more && (status = db_next(store->db, LIST)) == 1) {
                struct delivery d;

                read_delivery(store, LIST, &d);
                more = row(arg, &d, db_column_text(store->db, LIST, 15).ptr);
                delivery_clear(&d);
        }
        if (status == 1)
                db_end(store->db, LIST);
        return status >= 0 ? PAWL_OK : db_result(store->db);
}
