#include "deadlines.h"

#include "requests.h"
#include "schema.h"

static int64_t later(int64_t time, int64_t by)
{
        return time > INT64_MAX - by ? INT64_MAX : time + by;
}

bool deadlines_start(struct db *db, const struct rules *rules, const struct deadline_start *s)
{
        int64_t limit = rules_deadline(rules, s->state);
        int64_t grace = rules_deadline_grace(rules);
        int64_t due, late, fires;

        if (limit == 0)
                return true;
        due = later(s->entered, limit);
        /* What answers an event that was handled late may be just behind it in its topic. */
        late = s->now > s->entered ? s->now - s->entered : 0;
        fires = later(s->now, late < grace ? late : grace);
        return db_run(db, DEADLINE_ADD,
                      DB_VALUES(db_int(s->request_id), requests_state_value(s->state), db_int(s->entered), db_int(due),
                                db_int(fires > due ? fires : due), db_text(s->correlation_id)));
}

bool deadlines_end(struct db *db, int64_t request_id, int64_t time)
{
        return db_run(db, DEADLINE_END, DB_VALUES(db_int(time), db_int(request_id)));
}

int deadlines_escalation(struct db *db, struct pawl_str event_id, int64_t request_id, bool *current)
{
        const struct db_value values[] = {db_text(event_id), db_int(request_id)};
        int found = db_query(db, DEADLINE_ESCALATION, values, 2) ? db_next(db, DEADLINE_ESCALATION) : -1;

        if (found == 1) {
                *current = db_column_int(db, DEADLINE_ESCALATION, 0) != 0;
                db_end(db, DEADLINE_ESCALATION);
        }
        return found;
}

bool deadlines_begin(struct db *db, int64_t request_id)
{
        return db_query(db, DEADLINE_LIST, DB_VALUES(db_int(request_id)));
}

int deadlines_next(struct db *db, struct deadline *d)
{
        int more = db_next(db, DEADLINE_LIST);

        if (more == 1) {
                *d = (struct deadline){
                    .state = requests_column_state(db, DEADLINE_LIST, 0),
                    .entered = db_column_int(db, DEADLINE_LIST, 1),
                    .due = db_column_int(db, DEADLINE_LIST, 2),
                    .ended = db_column_int(db, DEADLINE_LIST, 3),
                    .missed = db_column_int(db, DEADLINE_LIST, 4),
                    .escalated_to = db_column_int(db, DEADLINE_LIST, 5),
                };
        }
        return more;
}
