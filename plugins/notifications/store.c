#include "store_private.h"

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

    /* Three channels: more columns, an unknown id is NULL instead of 0, and one person may be reached at two addresses. */
    "ALTER TABLE deliveries RENAME TO old;"
    "CREATE TABLE deliveries (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, correlation_id TEXT,"
    " channel TEXT NOT NULL, message_type TEXT NOT NULL, recipient_id INTEGER, request_id INTEGER,"
    " address TEXT NOT NULL, address_name TEXT, subject TEXT NOT NULL, text TEXT NOT NULL, html TEXT, unsubscribe TEXT,"
    " language TEXT, state TEXT NOT NULL CHECK (state IN ('queued', 'open', 'sent', 'failed')), provider_id TEXT,"
    " error TEXT, attempts INTEGER NOT NULL DEFAULT 0, next_attempt INTEGER NOT NULL, deadline INTEGER NOT NULL,"
    " created INTEGER NOT NULL, finished INTEGER, finished_at INTEGER, published INTEGER NOT NULL DEFAULT 0);"
    "INSERT INTO deliveries SELECT id, event, correlation_id, channel, message_type, nullif(recipient_id, 0),"
    " nullif(request_id, 0), address, NULL, subject, body, NULL, NULL, NULL, state, NULL, error, attempts, next_attempt,"
    " deadline, created, finished, finished_at, published FROM old;"
    "DROP TABLE old;"
    "CREATE UNIQUE INDEX deliveries_once ON deliveries (event, channel, message_type, ifnull(recipient_id, -1), address);"
    "CREATE INDEX deliveries_due ON deliveries (channel, next_attempt) WHERE state = 'queued';"
    "CREATE INDEX deliveries_deadline ON deliveries (deadline) WHERE state = 'queued';"
    "CREATE INDEX deliveries_open ON deliveries (id) WHERE state = 'open';"
    "CREATE INDEX deliveries_unpublished ON deliveries (finished) WHERE finished IS NOT NULL AND published = 0;"
    "CREATE INDEX deliveries_old ON deliveries (finished_at) WHERE published = 1;"
    "CREATE INDEX deliveries_request ON deliveries (request_id);"
    "CREATE INDEX handled_at ON handled (at);"
    "CREATE TABLE finish (number INTEGER NOT NULL);"
    "INSERT INTO finish SELECT coalesce(max(finished), 0) FROM deliveries;"
    "CREATE TRIGGER finish_by_update AFTER UPDATE OF finished ON deliveries WHEN NEW.finished IS NOT NULL"
    " BEGIN UPDATE finish SET number = NEW.finished; END;"
    "CREATE TRIGGER finish_by_insert AFTER INSERT ON deliveries WHEN NEW.finished IS NOT NULL"
    " BEGIN UPDATE finish SET number = NEW.finished; END;",

    FACTS_MIGRATION,
};

#define DELIVERY_COLUMNS                                                                                               \
        "id, event, correlation_id, channel, message_type, recipient_id, request_id, address, address_name, subject,"  \
        " text, html, unsubscribe, language, provider_id, error, attempts, deadline, created, finished, finished_at,"  \
        " next_attempt, state"

/* `finished` numbers grow in the order of finishing, over all connections, and none comes twice: who writes holds the file's lock. */
#define NEXT_FINISHED "(SELECT number + 1 FROM finish)"

#define ADD_COLUMNS                                                                                                     \
        "event, correlation_id, channel, message_type, recipient_id, request_id, address, address_name, subject, text," \
        " html, unsubscribe, language, error, next_attempt, deadline, created"
#define ADD_VALUES "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17"
#define ADD_ONCE   " ON CONFLICT (event, channel, message_type, ifnull(recipient_id, -1), address) DO NOTHING"

static const char *const statements[] = {
    [ADD_HANDLED] = "INSERT OR IGNORE INTO handled VALUES (?, ?)",
    [ADD_DELIVERY] = "INSERT INTO deliveries (" ADD_COLUMNS ", state) VALUES (" ADD_VALUES ", 'queued')" ADD_ONCE,
    [ADD_FAILED] = "INSERT INTO deliveries (" ADD_COLUMNS ", state, finished, finished_at)"
                   " VALUES (" ADD_VALUES ", 'failed', " NEXT_FINISHED ", ?17)" ADD_ONCE,
    [LIST] = "SELECT " DELIVERY_COLUMNS " FROM deliveries WHERE (?1 IS NULL OR request_id = ?1)"
             " AND (?2 IS NULL OR state = ?2) ORDER BY id DESC LIMIT ?3",
    [RETRY] = "UPDATE deliveries SET state = 'queued', next_attempt = ?2, deadline = ?3, finished = NULL,"
              " finished_at = NULL, published = 0 WHERE id = ?1 AND state = 'failed' AND address <> ''",
    [BEGIN_AGAIN] = "UPDATE deliveries SET state = 'queued' WHERE state = 'open'",
    [DUE] = "SELECT " DELIVERY_COLUMNS " FROM deliveries WHERE state = 'queued' AND channel = ? AND next_attempt <= ?"
            " ORDER BY next_attempt, id LIMIT ?",
    [OPEN] = "UPDATE deliveries SET state = 'open', attempts = attempts + 1 WHERE id = ?",
    [REQUEUE] = "UPDATE deliveries SET state = 'queued', next_attempt = ?2, error = ?3, attempts = attempts - ?4"
                " WHERE id = ?1 AND state = 'open'",
    [FINISH] = "UPDATE deliveries SET state = ?2, error = ?3, provider_id = ?4, finished_at = ?5,"
               " finished = " NEXT_FINISHED " WHERE id = ?1 AND state = 'open'",
    [PAST_DEADLINE] = "SELECT id FROM deliveries WHERE state = 'queued' AND deadline <= ? ORDER BY deadline LIMIT 1",
    [EXPIRE] = "UPDATE deliveries SET state = 'failed', finished_at = ?2, finished = " NEXT_FINISHED ","
               " error = 'given up at its deadline; ' || ifnull('last: ' || error, 'never tried') WHERE id = ?1",
    [PUBLISHED] = "UPDATE deliveries SET published = 1 WHERE id = ? AND finished = ?",
    [NEXT_DUE] = "SELECT min(next_attempt) FROM deliveries WHERE state = 'queued' AND channel = ?",
    [NEXT_DEADLINE] = "SELECT min(deadline) FROM deliveries WHERE state = 'queued'",
    [UNPUBLISHED] = "SELECT " DELIVERY_COLUMNS " FROM deliveries WHERE finished IS NOT NULL AND published = 0"
                    " AND finished > ? ORDER BY finished LIMIT ?",
    [QUEUED] = "SELECT count(*) FROM deliveries WHERE state = 'queued' AND channel = ?",
    [PURGE_DELIVERIES] = "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE published = 1 AND"
                         " finished_at < ? LIMIT " PURGE_MAX ")",
    [PURGE_HANDLED] = "DELETE FROM handled WHERE event IN (SELECT event FROM handled WHERE at < ? LIMIT " PURGE_MAX ")",
    [STORE_FACTS] = FACTS_STATEMENTS,
};

static const struct db_design design = {migrations, sizeof migrations / sizeof migrations[0], statements,
                                        sizeof statements / sizeof statements[0]};

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

static bool add_delivery(struct store *s, const char *event, const struct delivery *d)
{
        int64_t due = d->not_before > d->created ? d->not_before : d->created;

        return db_run(s->db, d->address[0] != '\0' ? ADD_DELIVERY : ADD_FAILED,
                      DB_VALUES(text(event), text(d->correlation_id), text(d->channel), text(d->message_type),
                                id_value(d->recipient_id), id_value(d->request_id), text(d->address),
                                text(d->address_name), text(d->subject), text(d->text), text(d->html),
                                text(d->unsubscribe), text(d->language), text(d->error), db_int(due),
                                db_int(d->deadline), db_int(d->created)));
}

pawl_result store_add(struct store *store, const char *event, const struct request_facts *facts,
                      const struct delivery *deliveries, size_t count, bool *known)
{
        bool ok;

        *known = false;
        if (!db_begin(store->db))
                return db_result(store->db);
        ok = count == 0 || db_run(store->db, ADD_HANDLED, DB_VALUES(text(event), db_int(deliveries[0].created)));
        *known = ok && count > 0 && db_changes(store->db) == 0;
        if (ok && !*known && facts != NULL)
                ok = facts_put(store->db, STORE_FACTS, facts);
        for (size_t i = 0; ok && !*known && i < count; i++)
                ok = add_delivery(store, event, &deliveries[i]);
        return end(store, ok);
}

static char *column(struct store *s, int statement, int i)
{
        struct pawl_str value = db_column_text(s->db, statement, i);

        return value.ptr ? strndup(value.ptr, value.len) : NULL;
}

pawl_result store_facts(struct store *store, struct request_facts *facts, bool *found)
{
        return facts_get(store->db, STORE_FACTS, facts, found) ? PAWL_OK : db_result(store->db);
}

static int64_t id_column(struct store *s, int q, int i)
{
        return db_column_null(s->db, q, i) ? DELIVERY_NO_ID : db_column_int(s->db, q, i);
}

static void read_delivery(struct store *s, int q, struct delivery *d)
{
        struct pawl_str state = db_column_text(s->db, q, COLUMN_STATE);

        *d = (struct delivery){
            .id = db_column_int(s->db, q, COLUMN_ID),
            .event = column(s, q, COLUMN_EVENT),
            .correlation_id = column(s, q, COLUMN_CORRELATION_ID),
            .channel = column(s, q, COLUMN_CHANNEL),
            .message_type = column(s, q, COLUMN_MESSAGE_TYPE),
            .recipient_id = id_column(s, q, COLUMN_RECIPIENT_ID),
            .request_id = id_column(s, q, COLUMN_REQUEST_ID),
            .address = column(s, q, COLUMN_ADDRESS),
            .address_name = column(s, q, COLUMN_ADDRESS_NAME),
            .subject = column(s, q, COLUMN_SUBJECT),
            .text = column(s, q, COLUMN_TEXT),
            .html = column(s, q, COLUMN_HTML),
            .unsubscribe = column(s, q, COLUMN_UNSUBSCRIBE),
            .language = column(s, q, COLUMN_LANGUAGE),
            .provider_id = column(s, q, COLUMN_PROVIDER_ID),
            .error = column(s, q, COLUMN_ERROR),
            .attempts = db_column_int(s->db, q, COLUMN_ATTEMPTS),
            .not_before = db_column_int(s->db, q, COLUMN_NEXT_ATTEMPT),
            .deadline = db_column_int(s->db, q, COLUMN_DEADLINE),
            .created = db_column_int(s->db, q, COLUMN_CREATED),
            .finished = db_column_int(s->db, q, COLUMN_FINISHED),
            .finished_at = db_column_int(s->db, q, COLUMN_FINISHED_AT),
            .sent = state.len == 4 && memcmp(state.ptr, "sent", 4) == 0,
        };
}

void delivery_clear(struct delivery *delivery)
{
        char *const strings[] = {delivery->event,        delivery->correlation_id, delivery->channel,
                                 delivery->message_type, delivery->address,        delivery->address_name,
                                 delivery->subject,      delivery->text,           delivery->html,
                                 delivery->unsubscribe,  delivery->language,       delivery->provider_id,
                                 delivery->error};

        for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++)
                free(strings[i]);
        *delivery = (struct delivery){0};
}

bool store_read_rows(struct store *s, int statement, struct delivery *rows, size_t *count)
{
        int row;

        *count = 0;
        while ((row = db_next(s->db, statement)) == 1)
                read_delivery(s, statement, &rows[(*count)++]);
        while (row < 0 && *count > 0)
                delivery_clear(&rows[--*count]);
        return row == 0;
}

pawl_result store_list(struct store *store, const struct store_filter *filter, size_t max,
                       bool (*row)(void *arg, const struct delivery *delivery, const char *state), void *arg)
{
        bool more = db_query(store->db, LIST,
                             DB_VALUES(id_value(filter->request_id), text(filter->state), db_int((int64_t)max)));
        int status = more ? 1 : -1;

        while (more && (status = db_next(store->db, LIST)) == 1) {
                struct delivery d;

                read_delivery(store, LIST, &d);
                more = row(arg, &d, db_column_text(store->db, LIST, COLUMN_STATE).ptr);
                delivery_clear(&d);
        }
        if (status == 1)
                db_end(store->db, LIST);
        return status >= 0 ? PAWL_OK : db_result(store->db);
}

pawl_result store_retry(struct store *store, int64_t id, int64_t now, int64_t deadline, bool *found)
{
        pawl_result result = run(store, RETRY, DB_VALUES(db_int(id), db_int(now), db_int(deadline)));

        *found = result == PAWL_OK && db_changes(store->db) == 1;
        return result;
}

pawl_result store_turn(struct store *store)
{
        return db_begin(store->db) ? PAWL_OK : db_result(store->db);
}

pawl_result store_turn_end(struct store *store, bool ok)
{
        return end(store, ok);
}
