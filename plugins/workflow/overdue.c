/* The tick's half of the deadlines: what is over is marked as missed and told of. */
#include "deadlines.h"
#include "events.h"
#include "requests.h"
#include "schema.h"

#include "common/iso_time.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define ONE_TRANSACTION 100 /* deadlines; handlers wait for it */

/* A deadline that is over, and its request; the strings live until the query ends. */
struct overdue {
        int64_t number;
        int64_t request_id;
        enum state state;
        int64_t entered;
        int64_t due;
        struct pawl_str correlation_id;
        int64_t manager_id;    /* -1: none */
        int64_t contractor_id; /* -1: none */
        int64_t customer_id;
        struct pawl_str region;
        int64_t escalate_to; /* -1: nobody */
};

/* Where a manager is assigned at all: the others' events would be impossible. */
static int64_t whom_to_escalate(const struct rules *rules, const struct overdue *o)
{
        int64_t manager = rules_escalation_manager(rules, o->region);

        if (o->state != STATE_NEW && o->state != STATE_MANAGER_REVIEW)
                return -1;
        return manager != o->manager_id ? manager : -1;
}

/* 1: there is one; 0: none; -1: failed. */
static int next_overdue(struct db *db, const struct rules *rules, int64_t now, struct overdue *o)
{
        int found = db_query(db, DEADLINE_DUE, DB_VALUES(db_int(now))) ? db_next(db, DEADLINE_DUE) : -1;

        if (found != 1)
                return found;
        *o = (struct overdue){
            .number = db_column_int(db, DEADLINE_DUE, 0),
            .request_id = db_column_int(db, DEADLINE_DUE, 1),
            .state = requests_column_state(db, DEADLINE_DUE, 2),
            .entered = db_column_int(db, DEADLINE_DUE, 3),
            .due = db_column_int(db, DEADLINE_DUE, 4),
            .correlation_id = db_column_text(db, DEADLINE_DUE, 5),
            .manager_id = db_column_int(db, DEADLINE_DUE, 6),
            .contractor_id = db_column_int(db, DEADLINE_DUE, 7),
            .customer_id = db_column_int(db, DEADLINE_DUE, 8),
            .region = db_column_text(db, DEADLINE_DUE, 9),
        };
        o->escalate_to = whom_to_escalate(rules, o);
        return 1;
}

/* ---- The events ---- */

static json_t *id_or_null(int64_t id)
{
        return id >= 0 ? json_integer(id) : json_null();
}

/* request_id stands outside too: it is what the audit log and whoever routes events look for. */
static json_t *missed_json(const struct overdue *o, int64_t now)
{
        char entered[ISO_TIME_SIZE], due[ISO_TIME_SIZE], missed[ISO_TIME_SIZE];
        json_t *details = json_pack("{sI ss ss ss sI so so so}", "request_id", (json_int_t)o->request_id, "state",
                                    state_name(o->state), "entered", iso_time_format(o->entered, entered), "due",
                                    iso_time_format(o->due, due), "customer_id", (json_int_t)o->customer_id,
                                    "manager_id", id_or_null(o->manager_id), "contractor_id",
                                    id_or_null(o->contractor_id), "escalated_to", id_or_null(o->escalate_to));

        return json_pack("{ss ss sI so ss}", "component", "workflow", "action", "deadline_missed", "request_id",
                         (json_int_t)o->request_id, "details", details, "timestamp", iso_time_format(now, missed));
}

static json_t *escalation_json(const struct overdue *o, const struct rules *rules, int64_t now)
{
        char entered[ISO_TIME_SIZE], due[ISO_TIME_SIZE], missed[ISO_TIME_SIZE];
        char reason[256];

        snprintf(reason, sizeof reason, "deadline missed: %s since %s, due %s", state_name(o->state),
                 iso_time_format(o->entered, entered), iso_time_format(o->due, due));
        return json_pack("{sI sI sI ss ss}", "request_id", (json_int_t)o->request_id, "manager_id",
                         (json_int_t)o->escalate_to, "assigned_by", (json_int_t)rules_assigned_by(rules),
                         "assignment_reason", reason, "timestamp", iso_time_format(now, missed));
}

/* The same deadline gives the same ids, wherever and however often it is told of. */
static void derive(struct pawl_ctx *ctx, const struct overdue *o, const char *what, char id[37])
{
        char name[128];

        snprintf(name, sizeof name, "deadline/%" PRId64 "/%s/%" PRId64 "/%" PRId64 "/%s", o->request_id,
                 state_name(o->state), o->entered, o->number, what);
        pawl_derive_id(ctx->instance, pawl_text(name), id);
}

/* Takes the reference to `json`. */
static bool tell(struct db *db, const struct overdue *o, const char *topic, const char *type, const char *id,
                 json_t *json)
{
        char *body = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
        char key[24];
        struct outbox_event event = {
            .topic = pawl_text(topic),
            .event_type = pawl_text(type),
            .body = pawl_text(body),
            .event_id = pawl_text(id),
            .correlation_id = o->correlation_id,
        };
        bool ok;

        snprintf(key, sizeof key, "%" PRId64, o->request_id);
        event.key = pawl_text(key);
        ok = body != NULL && outbox_add(db, OUTBOX, &event);
        free(body);
        json_decref(json);
        return ok;
}

static bool miss(struct pawl_ctx *ctx, struct db *db, const struct rules *rules, const struct overdue *o, int64_t now)
{
        bool escalated = o->escalate_to >= 0;
        char missed_id[37], escalation_id[37];

        derive(ctx, o, "missed", missed_id);
        derive(ctx, o, "escalated", escalation_id);
        if (!db_run(db, DEADLINE_MISS,
                    DB_VALUES(db_int(now), escalated ? db_int(o->escalate_to) : db_null(),
                              db_text(pawl_text(escalated ? escalation_id : NULL)), db_int(o->number))))
                return false;
        if (!tell(db, o, AUDIT_TOPIC, "audit.system_event", missed_id, missed_json(o, now)))
                return false;
        return !escalated ||
               tell(db, o, WORKFLOW_TOPIC, "workflow.manager_assigned", escalation_id, escalation_json(o, rules, now));
}

/* ---- The tick ---- */

/* Read before the write lock is taken: mostly there is nothing to do, and handlers need not wait for that. */
static int any_overdue(struct db *db, const struct rules *rules, int64_t now)
{
        struct overdue o;
        int found = next_overdue(db, rules, now, &o);

        if (found == 1)
                db_end(db, DEADLINE_DUE);
        return found;
}

static bool fire_some(struct pawl_ctx *ctx, struct db *db, const struct rules *rules, int64_t now, uint64_t *missed)
{
        uint64_t count = 0;
        struct overdue o;
        int found = 0;
        bool ok = db_begin(db);

        while (ok && count < ONE_TRANSACTION && (found = next_overdue(db, rules, now, &o)) == 1) {
                ok = miss(ctx, db, rules, &o, now);
                db_end(db, DEADLINE_DUE);
                count++;
        }
        ok = ok && found >= 0 && db_commit(db);
        db_rollback(db);
        *missed += ok ? count : 0;
        return ok;
}

bool deadlines_fire(struct pawl_ctx *ctx, struct db *db, const struct rules *rules, int64_t now, uint64_t *missed)
{
        int found;

        while ((found = any_overdue(db, rules, now)) == 1 && !pawl_cancelled(ctx)) {
                if (!fire_some(ctx, db, rules, now, missed))
                        return false;
        }
        return found >= 0;
}
