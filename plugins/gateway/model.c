#include "model.h"

#include "common/fields.h"
#include "model_private.h"
#include "text.h"

#include <pawl/jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_LIMIT PAWL_S(300) /* as long as workflow lets an event wait for the state that it needs */

struct model {
        char *path;
        pthread_mutex_t lock; /* "model": the database; the handlers of both kinds of events take it for a batch */
        struct db *db;
};

/* What an event does to a request: the state that it leads to, and whom it names. */
static const struct rule {
        const char *event_type;
        enum state to; /* STATE_COUNT: the one in `state_field`; STATE_UNKNOWN: none */
        const char *state_field;
        const char *person; /* the field that names him; NULL: none */
        int set;            /* the statement that notes him */
} rules[] = {
    {"request.created", STATE_NEW, NULL, NULL, 0},
    {"request.updated", STATE_UNKNOWN, NULL, NULL, 0},
    {"request.cancelled", STATE_CANCELLED, NULL, NULL, 0},
    {"request.clarification_needed", STATE_CLARIFICATION, NULL, NULL, 0},
    {"workflow.manager_assigned", STATE_MANAGER_REVIEW, NULL, "manager_id", MODEL_SET_MANAGER},
    {"workflow.sent_to_contractors", STATE_SENT_TO_CONTRACTORS, NULL, NULL, 0},
    {"workflow.contractor_assigned", STATE_ASSIGNED, NULL, "contractor_id", MODEL_SET_CONTRACTOR},
    {"workflow.work_started", STATE_IN_PROGRESS, NULL, NULL, 0},
    {"workflow.work_completed", STATE_COMPLETED, NULL, NULL, 0},
    {"workflow.status_changed", STATE_COUNT, "new_status", NULL, 0},
};

static const struct rule *rule_of(struct pawl_str type)
{
        for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
                if (strlen(rules[i].event_type) == type.len && memcmp(rules[i].event_type, type.ptr, type.len) == 0)
                        return &rules[i];
        return NULL;
}

bool model_check(const char *path, char *error, size_t error_size)
{
        return db_check(path, &model_design, error, error_size);
}

struct model *model_new(const char *path)
{
        struct model *model = memory_new(1, sizeof *model);

        model->path = memory_text(path, strlen(path));
        pthread_mutex_init(&model->lock, NULL);
        return model;
}

void model_free(struct model **model)
{
        struct model *m = *model;

        *model = NULL;
        if (m == NULL)
                return;
        db_close(&m->db);
        pthread_mutex_destroy(&m->lock);
        free(m->path);
        free(m);
}

bool model_open(struct model *m, char *error, size_t error_size, pawl_result *result)
{
        if (m->db == NULL)
                m->db = db_open(m->path, DB_WRITE, &model_design, error, error_size, result);
        return m->db != NULL;
}

/* ---- States ---- */

static bool read_state(struct model *m, int64_t id, enum state *state)
{
        int found = db_query(m->db, MODEL_FIND, DB_VALUES(db_int(id))) ? db_next(m->db, MODEL_FIND) : -1;

        *state = STATE_UNKNOWN;
        if (found == 1)
                state_parse(db_column_text(m->db, MODEL_FIND, 0), state);
        db_end(m->db, MODEL_FIND);
        return found >= 0;
}

/* The oldest one that waits and can take effect in `state`. 1: there is one; 0: none; -1: failed. */
static int next_effect(struct model *m, int64_t id, int64_t since, enum state state, int64_t *number, enum state *to,
                       const struct rule **rule, int64_t *person)
{
        int found = db_query(m->db, MODEL_WAITING, DB_VALUES(db_int(id), db_int(since))) ? 1 : -1;

        while (found == 1 && (found = db_next(m->db, MODEL_WAITING)) == 1) {
                *number = db_column_int(m->db, MODEL_WAITING, 0);
                *rule = rule_of(db_column_text(m->db, MODEL_WAITING, 1));
                *person = db_column_int(m->db, MODEL_WAITING, 3);
                if (state_parse(db_column_text(m->db, MODEL_WAITING, 2), to) &&
                    (*to == state || (states_after(state) & STATE_SET(*to))))
                        break;
        }
        db_end(m->db, MODEL_WAITING);
        return found;
}

/* What waits takes effect, one after the other, as long as something can. */
static bool take_effect(struct model *m, int64_t id, int64_t time)
{
        const struct rule *rule;
        int64_t number, person;
        enum state state, to;
        int found;

        if (!read_state(m, id, &state))
                return false;
        while ((found = next_effect(m, id, time - WAIT_LIMIT, state, &number, &to, &rule, &person)) == 1) {
                if (!db_run(m->db, MODEL_APPLIED, DB_VALUES(db_int(number), db_text(pawl_text(state_name(state))))) ||
                    !db_run(m->db, MODEL_SET_STATE, DB_VALUES(db_int(id), db_text(pawl_text(state_name(to))))))
                        return false;
                if (rule != NULL && rule->person != NULL &&
                    !db_run(m->db, rule->set, DB_VALUES(db_int(id), db_int(person))))
                        return false;
                state = to;
        }
        return found == 0;
}

/* ---- What is known of a request ---- */

static const char *const detail_names[] = {"title", "description", "urgency",       "region",
                                           "city",  "address",     "equipment_type"};

static void pick_details(json_t *details, const json_t *from)
{
        for (size_t i = 0; i < sizeof detail_names / sizeof detail_names[0]; i++) {
                json_t *value = json_object_get(from, detail_names[i]);

                if (json_is_string(value))
                        json_object_set(details, detail_names[i], value);
        }
}

static const char *priority_in(const json_t *object, const char *otherwise)
{
        const char *priority = json_string_value(json_object_get(object, "priority"));

        return priority != NULL ? priority : otherwise;
}

static bool note_created(struct model *m, const struct pawl_event *ev, int64_t id, int64_t time)
{
        const json_t *event = pawl_event_json(ev);
        json_t *details = json_object();
        char *text;
        bool good;

        pick_details(details, event);
        text = json_dumps(details, JSON_COMPACT);
        good = db_run(m->db, MODEL_CREATE,
                      DB_VALUES(db_int(id), db_text(pawl_text(priority_in(event, "normal"))),
                                db_int(field_int(ev, "customer_id")), db_text(pawl_text(text)), db_int(time)));
        free(text);
        json_decref(details);
        return good;
}

static bool note_updated(struct model *m, const struct pawl_event *ev, int64_t id)
{
        const json_t *fields = json_object_get(pawl_event_json(ev), "updated_fields");
        int found = db_query(m->db, MODEL_FIND, DB_VALUES(db_int(id))) ? db_next(m->db, MODEL_FIND) : -1;
        struct pawl_str was, priority;
        json_t *details = NULL;
        char *text, *keep;
        bool good;

        if (found == 1) {
                priority = db_column_text(m->db, MODEL_FIND, 1);
                was = db_column_text(m->db, MODEL_FIND, 5);
                details = json_loadb(was.ptr, was.len, 0, NULL);
                keep = memory_text(priority.ptr, priority.len);
        }
        db_end(m->db, MODEL_FIND);
        if (details == NULL)
                return found >= 0;
        pick_details(details, fields);
        text = json_dumps(details, JSON_COMPACT);
        good = db_run(m->db, MODEL_SET_DETAILS,
                      DB_VALUES(db_int(id), db_text(pawl_text(priority_in(fields, keep))), db_text(pawl_text(text))));
        free(keep);
        free(text);
        json_decref(details);
        return good;
}

/* The priority that workflow gave the request stands in the metadata of its assignment, and counts from then on. */
static bool note_assigned(struct model *m, const struct pawl_event *ev, int64_t id)
{
        const json_t *metadata = json_object_get(pawl_event_json(ev), "metadata");
        const char *priority = json_string_value(json_object_get(metadata, "priority"));

        return priority == NULL ||
               db_run(m->db, MODEL_SET_PRIORITY, DB_VALUES(db_int(id), db_text(pawl_text(priority))));
}

/* ---- Events ---- */

/* What names the event: its id, or, where it has none, its place. */
static struct pawl_str source_of(const struct pawl_event *ev, char *place, size_t size)
{
        struct pawl_str id = pawl_event_id(ev), topic = pawl_event_topic(ev);

        if (id.ptr != NULL)
                return id;
        snprintf(place, size, "%.*s/%d/%lld", (int)topic.len, topic.ptr, (int)pawl_event_partition(ev),
                 (long long)pawl_event_offset(ev));
        return pawl_text(place);
}

static enum state leads_to(const struct rule *rule, const struct pawl_event *ev)
{
        enum state to = rule->to;

        if (to == STATE_COUNT && !state_parse(field_string(ev, rule->state_field), &to))
                to = STATE_UNKNOWN;
        return to;
}

/* False: the database failed. A repeat changes nothing. */
static bool record(struct model *m, const struct pawl_event *ev, const struct rule *rule, int64_t id, int64_t time,
                   bool *fresh)
{
        enum state to = leads_to(rule, ev);
        char place[320];

        if (!db_run(m->db, MODEL_ADD,
                    DB_VALUES(db_text(source_of(ev, place, sizeof place)), db_int(id), db_int(time),
                              db_text(pawl_event_type(ev)), db_text(pawl_event_id(ev)),
                              db_text(pawl_event_correlation_id(ev)), db_text(pawl_event_source(ev)),
                              db_text(pawl_event_topic(ev)), db_int(pawl_event_partition(ev)),
                              db_int(pawl_event_offset(ev)),
                              rule->person != NULL ? db_int(field_int(ev, rule->person)) : db_null(),
                              to != STATE_UNKNOWN ? db_text(pawl_text(state_name(to))) : db_null(),
                              db_int(to != STATE_UNKNOWN))))
                return false;
        *fresh = db_changes(m->db) > 0;
        return true;
}

static bool apply(struct model *m, const struct pawl_event *ev, const struct rule *rule)
{
        int64_t id = field_int(ev, "request_id"), time = pawl_event_timestamp(ev);
        bool fresh;

        if (!record(m, ev, rule, id, time, &fresh))
                return false;
        if (!fresh)
                return true;
        if (!db_run(m->db, MODEL_TOUCH, DB_VALUES(db_int(id), db_int(time))))
                return false;
        if (rule->to == STATE_NEW && !note_created(m, ev, id, time))
                return false;
        if (strcmp(rule->event_type, "request.updated") == 0 && !note_updated(m, ev, id))
                return false;
        if (strcmp(rule->event_type, "workflow.manager_assigned") == 0 && !note_assigned(m, ev, id))
                return false;
        return take_effect(m, id, time);
}

static pawl_result take_one(struct model *m, struct pawl_ctx *ctx, const struct pawl_event *ev)
{
        const struct rule *rule = rule_of(pawl_event_type(ev));
        pawl_result result = rule != NULL ? fields_check(ctx, ev) : PAWL_OK;

        if (result != PAWL_OK || rule == NULL)
                return result;
        /* The host makes a dead letter of what cannot be read in full, whatever it is called here: nothing may be written of it. */
        if (pawl_event_json(ev) == NULL)
                return pawl_reject(ctx, "expected an event that can be read in full");
        if (!db_part_begin(m->db))
                return db_outcome(m->db, ctx);
        if (apply(m, ev, rule) && db_part_keep(m->db))
                return PAWL_OK;
        result = db_outcome(m->db, ctx);
        db_part_undo(m->db);
        return result;
}

static uint32_t take_batch(struct model *m, struct pawl_ctx *ctx, const struct pawl_event *const *events,
                           uint32_t count, pawl_result *rest)
{
        uint32_t done = 0;
        char error[512];

        *rest = PAWL_OK;
        if (!model_open(m, error, sizeof error, rest)) {
                *rest = *rest == PAWL_FATAL ? pawl_fatal(ctx, "%s", error) : pawl_unavailable(ctx, "%s", error);
                return 0;
        }
        if (!db_begin(m->db))
                *rest = db_outcome(m->db, ctx);
        while (*rest == PAWL_OK && done < count) {
                pawl_batch_at(ctx, done);
                *rest = take_one(m, ctx, events[done]);
                done += *rest == PAWL_OK;
        }
        if (done > 0 && !db_commit(m->db)) {
                *rest = db_outcome(m->db, ctx);
                done = 0;
        }
        db_rollback(m->db);
        return done;
}

uint32_t model_take(struct model *m, struct pawl_ctx *ctx, const struct pawl_event *const *events, uint32_t count,
                    pawl_result *rest)
{
        uint32_t done;

        pthread_mutex_lock(&m->lock);
        done = take_batch(m, ctx, events, count, rest);
        pthread_mutex_unlock(&m->lock);
        return done;
}
