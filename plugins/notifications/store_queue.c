#include "store_private.h"

pawl_result store_begin(struct store *store)
{
        return run(store, BEGIN_AGAIN, DB_NO_VALUES);
}

pawl_result store_take(struct store *store, const char *channel, int64_t now, size_t max, struct delivery *taken,
                       size_t *count)
{
        bool ok = db_query(store->db, DUE, DB_VALUES(text(channel), db_int(now), db_int((int64_t)max))) &&
                  store_read_rows(store, DUE, taken, count);

        if (!ok)
                *count = 0;
        for (size_t i = 0; ok && i < *count; i++) {
                taken[i].attempts++;
                ok = db_run(store->db, OPEN, DB_VALUES(db_int(taken[i].id)));
        }
        if (ok)
                return PAWL_OK;
        while (*count > 0)
                delivery_clear(&taken[--*count]);
        return db_result(store->db);
}

pawl_result store_requeue(struct store *store, int64_t id, int64_t retry_at, const char *error, bool counted)
{
        return run(store, REQUEUE, DB_VALUES(db_int(id), db_int(retry_at), text(error), db_int(counted ? 0 : 1)));
}

pawl_result store_finish(struct store *store, int64_t id, bool sent, const char *error, const char *provider_id,
                         int64_t now)
{
        return run(store, FINISH,
                   DB_VALUES(db_int(id), text(sent ? "sent" : "failed"), text(sent ? NULL : error), text(provider_id),
                             db_int(now)));
}

/* The one number of a query; *value is left alone, and `found` false, when there is none. */
static pawl_result number(struct store *s, int statement, const struct db_value *values, size_t count, int64_t *value,
                          bool *found)
{
        int row = db_query(s->db, statement, values, count) ? db_next(s->db, statement) : -1;

        *found = row == 1 && !db_column_null(s->db, statement, 0);
        if (*found)
                *value = db_column_int(s->db, statement, 0);
        if (row == 1)
                db_end(s->db, statement);
        return row >= 0 ? PAWL_OK : db_result(s->db);
}

/* One by one, so that each gets a number of its own in the order of finishing. */
pawl_result store_expire(struct store *store, int64_t now, size_t max, size_t *count)
{
        pawl_result result = PAWL_OK;
        bool found = true;
        int64_t id;

        for (*count = 0; result == PAWL_OK && *count < max; ++*count) {
                result = number(store, PAST_DEADLINE, DB_VALUES(db_int(now)), &id, &found);
                if (result != PAWL_OK || !found)
                        break;
                result = run(store, EXPIRE, DB_VALUES(db_int(id), db_int(now)));
        }
        return result;
}

pawl_result store_published(struct store *store, int64_t id, int64_t finished)
{
        return run(store, PUBLISHED, DB_VALUES(db_int(id), db_int(finished)));
}

pawl_result store_next_due(struct store *store, const char *channel, int64_t *due)
{
        bool found;

        *due = INT64_MAX;
        return number(store, NEXT_DUE, DB_VALUES(text(channel)), due, &found);
}

pawl_result store_next_deadline(struct store *store, int64_t *deadline)
{
        bool found;

        *deadline = INT64_MAX;
        return number(store, NEXT_DEADLINE, DB_NO_VALUES, deadline, &found);
}

pawl_result store_unpublished(struct store *store, int64_t after, size_t max, struct delivery *rows, size_t *count)
{
        *count = 0;
        if (!db_query(store->db, UNPUBLISHED, DB_VALUES(db_int(after), db_int((int64_t)max))) ||
            !store_read_rows(store, UNPUBLISHED, rows, count))
                return db_result(store->db);
        return PAWL_OK;
}

pawl_result store_queued(struct store *store, const char *channel, int64_t *count)
{
        bool found;

        *count = 0;
        return number(store, QUEUED, DB_VALUES(text(channel)), count, &found);
}

pawl_result store_purge(struct store *store, int64_t before, bool *more)
{
        pawl_result result = run(store, PURGE_DELIVERIES, DB_VALUES(db_int(before)));

        *more = result == PAWL_OK && db_changes(store->db) > 0;
        if (result == PAWL_OK)
                result = run(store, PURGE_HANDLED, DB_VALUES(db_int(before)));
        *more = *more || (result == PAWL_OK && db_changes(store->db) > 0);
        return result;
}
