#include "requests.h"

#include "schema.h"

struct db_value requests_state_value(enum state state)
{
        return db_text(pawl_text(state_name(state)));
}

enum state requests_column_state(struct db *db, int statement, int column)
{
        enum state state = STATE_UNKNOWN;

        state_parse(db_column_text(db, statement, column), &state);
        return state;
}

bool requests_load(struct db *db, int64_t id, struct request *request)
{
        int found = db_query(db, REQUEST_LOAD, DB_VALUES(db_int(id))) ? db_next(db, REQUEST_LOAD) : -1;

        *request = (struct request){.id = id, .state = STATE_UNKNOWN, .manager_id = -1, .contractor_id = -1};
        if (found <= 0)
                return found == 0;
        request->state = requests_column_state(db, REQUEST_LOAD, 0);
        request->customer_id = db_column_int(db, REQUEST_LOAD, 1);
        request->manager_id = db_column_int(db, REQUEST_LOAD, 2);
        request->contractor_id = db_column_int(db, REQUEST_LOAD, 3);
        request->chosen_manager_id = db_column_int(db, REQUEST_LOAD, 4);
        request->title = db_column_text(db, REQUEST_LOAD, 5);
        request->region = db_column_text(db, REQUEST_LOAD, 6);
        request->urgency = db_column_text(db, REQUEST_LOAD, 7);
        request->priority = db_column_text(db, REQUEST_LOAD, 8);
        request->equipment = db_column_text(db, REQUEST_LOAD, 9);
        request->own_priority = db_column_text(db, REQUEST_LOAD, 10);
        request->entered = db_column_int(db, REQUEST_LOAD, 11);
        return true;
}

void requests_end(struct db *db)
{
        db_end(db, REQUEST_LOAD);
}

bool requests_insert(struct db *db, const struct request *r)
{
        return db_run(db, REQUEST_INSERT,
                      DB_VALUES(db_int(r->id), requests_state_value(r->state), db_int(r->customer_id),
                                db_int(r->chosen_manager_id), db_text(r->title), db_text(r->region),
                                db_text(r->urgency), db_text(r->priority), db_text(r->equipment),
                                db_text(r->own_priority)));
}

bool requests_set_state(struct db *db, int64_t id, enum state state, int64_t entered)
{
        return db_run(db, REQUEST_SET_STATE, DB_VALUES(requests_state_value(state), db_int(entered), db_int(id)));
}

bool requests_set_manager(struct db *db, int64_t id, int64_t manager_id)
{
        return db_run(db, REQUEST_SET_MANAGER, DB_VALUES(db_int(manager_id), db_int(id)));
}

bool requests_set_contractor(struct db *db, int64_t id, int64_t contractor_id)
{
        return db_run(db, REQUEST_SET_CONTRACTOR, DB_VALUES(db_int(contractor_id), db_int(id)));
}

bool requests_set_details(struct db *db, const struct request *r)
{
        return db_run(db, REQUEST_SET_DETAILS,
                      DB_VALUES(db_text(r->title), db_text(r->urgency), db_text(r->equipment), db_text(r->own_priority),
                                db_text(r->priority), db_int(r->id)));
}

static int list_statement(const struct request_filter *f)
{
        return f->state.ptr != NULL ? REQUEST_LIST_STATE : REQUEST_LIST_OPEN;
}

bool requests_list_begin(struct db *db, const struct request_filter *f)
{
        return db_query(db, list_statement(f),
                        DB_VALUES(db_text(f->state), f->manager_id < 0 ? db_null() : db_int(f->manager_id),
                                  f->overdue_at < 0 ? db_null() : db_int(f->overdue_at), db_int(f->limit)));
}

int requests_list_next(struct db *db, const struct request_filter *f, struct request_line *line)
{
        int statement = list_statement(f);
        int more = db_next(db, statement);

        if (more == 1) {
                line->request = (struct request){
                    .id = db_column_int(db, statement, 0),
                    .state = requests_column_state(db, statement, 1),
                    .manager_id = db_column_int(db, statement, 2),
                    .priority = db_column_text(db, statement, 3),
                    .entered = db_column_int(db, statement, 4),
                    .title = db_column_text(db, statement, 5),
                };
                line->due = db_column_null(db, statement, 6) ? -1 : db_column_int(db, statement, 6);
        }
        return more;
}
