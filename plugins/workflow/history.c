#include "history.h"

#include "requests.h"
#include "schema.h"

bool history_add(struct db *db, const struct happening *h, int64_t *number)
{
        if (!db_run(db, HISTORY_ADD,
                    DB_VALUES(db_text(h->source), db_int(h->request_id), db_text(h->event_type),
                              requests_state_value(h->from), requests_state_value(h->to), db_text(h->note),
                              db_int(h->time), db_text(h->who))))
                return false;
        *number = db_last_id(db);
        return true;
}

int history_find(struct db *db, struct pawl_str source, struct happening *happening, int64_t *number)
{
        int found = db_query(db, HISTORY_FIND, DB_VALUES(db_text(source))) ? db_next(db, HISTORY_FIND) : -1;

        if (found == 1) {
                *number = db_column_int(db, HISTORY_FIND, 0);
                *happening = (struct happening){
                    .source = source,
                    .request_id = db_column_int(db, HISTORY_FIND, 1),
                    .event_type = db_column_text(db, HISTORY_FIND, 2),
                };
        }
        return found;
}

void history_end(struct db *db)
{
        db_end(db, HISTORY_FIND);
}

bool history_begin(struct db *db, int64_t request_id)
{
        return db_query(db, HISTORY_LIST, DB_VALUES(db_int(request_id)));
}

int history_next(struct db *db, struct happening *h)
{
        int more = db_next(db, HISTORY_LIST);

        if (more == 1) {
                *h = (struct happening){
                    .source = db_column_text(db, HISTORY_LIST, 0),
                    .event_type = db_column_text(db, HISTORY_LIST, 1),
                    .from = requests_column_state(db, HISTORY_LIST, 2),
                    .to = requests_column_state(db, HISTORY_LIST, 3),
                    .note = db_column_text(db, HISTORY_LIST, 4),
                    .time = db_column_int(db, HISTORY_LIST, 5),
                    .who = db_column_text(db, HISTORY_LIST, 6),
                };
        }
        return more;
}

int emissions_own(struct db *db, struct pawl_str source, int64_t request_id, struct pawl_str event_type,
                  struct pawl_str timestamp)
{
        const struct db_value values[] = {db_text(source), db_int(request_id), db_text(event_type), db_text(timestamp)};
        int found = db_query(db, EMISSION_OWN, values, 4) ? db_next(db, EMISSION_OWN) : -1;

        if (found == 1)
                db_end(db, EMISSION_OWN);
        return found;
}
