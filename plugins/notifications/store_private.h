/*
 * The inside of a store, for its two files: store.c (the file itself, what handlers and commands ask) and store_queue.c (what the sender
 * asks). The statements stand in store.c.
 */
#ifndef NOTIFICATIONS_STORE_PRIVATE_H
#define NOTIFICATIONS_STORE_PRIVATE_H

#include "common/db.h"
#include "store.h"

/* The columns of every query that reads deliveries. */
enum {
        COLUMN_ID,
        COLUMN_EVENT,
        COLUMN_CORRELATION_ID,
        COLUMN_CHANNEL,
        COLUMN_MESSAGE_TYPE,
        COLUMN_RECIPIENT_ID,
        COLUMN_REQUEST_ID,
        COLUMN_ADDRESS,
        COLUMN_ADDRESS_NAME,
        COLUMN_SUBJECT,
        COLUMN_TEXT,
        COLUMN_HTML,
        COLUMN_UNSUBSCRIBE,
        COLUMN_LANGUAGE,
        COLUMN_PROVIDER_ID,
        COLUMN_ERROR,
        COLUMN_ATTEMPTS,
        COLUMN_DEADLINE,
        COLUMN_CREATED,
        COLUMN_FINISHED,
        COLUMN_FINISHED_AT,
        COLUMN_NEXT_ATTEMPT,
        COLUMN_STATE
};

enum {
        ADD_HANDLED,
        ADD_DELIVERY,
        ADD_FAILED,
        LIST,
        RETRY,
        BEGIN_AGAIN,
        DUE,
        OPEN,
        REQUEUE,
        FINISH,
        PAST_DEADLINE,
        EXPIRE,
        PUBLISHED,
        NEXT_DUE,
        NEXT_DEADLINE,
        UNPUBLISHED,
        QUEUED,
        PURGE_DELIVERIES,
        PURGE_HANDLED,
        STORE_FACTS /* FACTS_STATEMENT_COUNT of them */
};

struct store {
        struct db *db;
};

static inline pawl_result run(struct store *s, int statement, const struct db_value *values, size_t count)
{
        return db_run(s->db, statement, values, count) ? PAWL_OK : db_result(s->db);
}

static inline struct db_value text(const char *string)
{
        return db_text(pawl_text(string));
}

static inline struct db_value id_value(int64_t id)
{
        return id == DELIVERY_NO_ID ? db_null() : db_int(id);
}

/* Reads a query's rows into an array that has room for them. False: it failed, and no row is kept. */
bool store_read_rows(struct store *store, int statement, struct delivery *rows, size_t *count);

#endif
