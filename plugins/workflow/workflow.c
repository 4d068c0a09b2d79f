/*
 * workflow: keeps every request's state machine, and assigns a manager to each new request. Events are handled in batches, each one
 * database transaction.
 */
#include "deadlines.h"
#include "events.h"
#include "rules.h"
#include "schema.h"
#include "show.h"

#include "common/batch.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCH_EVENTS 100
#define BATCH_BYTES  (1024 * 1024)

struct workflow {
        struct pawl_instance *instance;
        struct rules *rules;
        struct db *db;      /* the handlers' thread, one at a time: max_concurrency is 1 */
        struct db *tick_db; /* the tick's thread */
        struct outbox *outbox;
        bool tick_fails; /* which the health says */
        char path[4096];
};

/* The first count the outcomes: a metric's number is its outcome's. */
enum { METRIC_MISSED = OUTCOMES };

static const struct pawl_metric metrics[] = {
    [OUTCOME_MOVED] = PAWL_METRIC(PAWL_COUNTER, "transitions", "", "events that moved a request to another state"),
    [OUTCOME_NOTED] = PAWL_METRIC(PAWL_COUNTER, "noted", "", "events that left a request's state as it was"),
    [OUTCOME_REPEATED] = PAWL_METRIC(PAWL_COUNTER, "repeated", "", "events that had been handled before"),
    [METRIC_MISSED] = PAWL_METRIC(PAWL_COUNTER, "deadlines_missed", "", "deadlines that passed in their state"),
};

/* What the events of a batch came to; counted when they stand in the file. */
struct batch_tally {
        struct workflow *workflow;
        uint64_t of[OUTCOMES];
};

static pawl_result handle_one(struct pawl_ctx *ctx, const struct pawl_event *ev, void *arg)
{
        struct batch_tally *tally = arg;
        enum outcome outcome = OUTCOME_NOTED;
        pawl_result result = events_handle(ctx, ev, tally->workflow->db, tally->workflow->rules, &outcome);

        tally->of[outcome] += result == PAWL_OK;
        return result;
}

static uint32_t on_events(struct pawl_ctx *ctx, const struct pawl_event *const *events, uint32_t count,
                          pawl_result *rest, void *self)
{
        struct workflow *w = self;
        struct batch_tally tally = {.workflow = w};
        const struct batch batch = {w->path, &workflow_design, &w->db, handle_one, &tally};
        uint32_t done = batch_handle(&batch, ctx, events, count, rest);

        for (uint32_t i = 0; i < OUTCOMES && done > 0; i++)
                pawl_metric_add(w->instance, i, tally.of[i]);
        return done;
}

/* ---- The tick ---- */

/* Said once, until it is over. */
static void tick_failed(struct workflow *w, struct pawl_ctx *ctx, const char *why)
{
        if (!w->tick_fails) {
                pawl_warn(ctx, "deadlines are not watched: %s", why);
                pawl_health(w->instance, PAWL_HEALTH_DEGRADED, "deadlines are not watched: %s", why);
        }
        w->tick_fails = true;
}

static void watch_deadlines(struct workflow *w, struct pawl_ctx *ctx)
{
        uint64_t missed = 0;
        char error[512];

        if (w->tick_db == NULL)
                w->tick_db = db_open(w->path, DB_WRITE, &workflow_design, error, sizeof error, NULL);
        if (w->tick_db == NULL) {
                tick_failed(w, ctx, error);
                return;
        }
        if (!deadlines_fire(ctx, w->tick_db, w->rules, pawl_now(w->instance), &missed)) {
                tick_failed(w, ctx, db_error(w->tick_db));
        } else if (w->tick_fails) {
                w->tick_fails = false;
                pawl_health(w->instance, PAWL_HEALTH_OK, "%s", "");
        }
        pawl_metric_add(w->instance, METRIC_MISSED, missed);
}

static void on_tick(struct pawl_ctx *ctx, void *self)
{
        struct workflow *w = self;

        watch_deadlines(w, ctx);
        outbox_tick(w->outbox);
}

/* ---- Commands and life ---- */

static int32_t show_command(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        struct workflow *w = self;

        return show_request(ctx, w->path, argv, argc);
}

static int32_t list_command(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        struct workflow *w = self;

        return list_requests(ctx, w->path, argv, argc);
}

static void workflow_destroy(void *self)
{
        struct workflow *w = self;

        if (w == NULL)
                return;
        db_close(&w->db);
        db_close(&w->tick_db);
        outbox_free(&w->outbox);
        rules_free(&w->rules);
        free(w);
}

static bool workflow_create(struct pawl_instance *instance, void **self)
{
        struct pawl_str dir = pawl_about_state_dir(instance);
        struct workflow *w = calloc(1, sizeof *w);
        char error[512];

        if (w == NULL)
                return pawl_fail(instance, "out of memory");
        w->instance = instance;
        if (!rules_make(instance, &w->rules))
                goto failed;
        if (snprintf(w->path, sizeof w->path, "%s/workflow.db", dir.ptr) >= (int)sizeof w->path) {
                pawl_fail(instance, "state directory: its path is too long (%zu bytes)", dir.len);
                goto failed;
        }
        if (!db_check(w->path, &workflow_design, error, sizeof error)) {
                pawl_fail(instance, "%s", error);
                goto failed;
        }
        w->outbox = outbox_new(instance, w->path, &workflow_design, OUTBOX);
        if (w->outbox == NULL) {
                pawl_fail(instance, "out of memory");
                goto failed;
        }
        *self = w;
        return true;
failed:
        workflow_destroy(w);
        return false;
}

#define ON(type) PAWL_ON_BATCH(type, on_events, 0, BATCH_EVENTS, BATCH_BYTES, 0)

static const struct pawl_handler handlers[] = {
    ON("request.created"),
    ON("request.updated"),
    ON("request.cancelled"),
    ON("request.clarification_needed"),
    ON("workflow.manager_assigned"),
    ON("workflow.sent_to_contractors"),
    ON("workflow.contractor_assigned"),
    ON("workflow.work_started"),
    ON("workflow.work_completed"),
    ON("workflow.status_changed"),
};

static const struct pawl_command commands[] = {
    PAWL_COMMAND("show", "REQUEST", "show a request and its history", show_command),
    PAWL_COMMAND("list", "[--state STATE] [--manager MANAGER] [--overdue] [--limit N]",
                 "list requests, those first that have been in their state the longest", list_command),
};

static const struct pawl_need needs[] = {
    PAWL_NEED(PAWL_NEED_TOPIC, WORKFLOW_TOPIC, "workflow.manager_assigned and workflow.status_changed"),
    PAWL_NEED(PAWL_NEED_TOPIC, AUDIT_TOPIC, "audit.system_event, for each missed deadline"),
};

static const struct pawl_plugin workflow = {
    PAWL_DESCRIPTOR("workflow", "1.0.0"),
    .handlers = PAWL_ARRAY(handlers),
    .settings = PAWL_ARRAY(rules_settings),
    .metrics = PAWL_ARRAY(metrics),
    .commands = PAWL_ARRAY(commands),
    .needs = PAWL_ARRAY(needs),
    .create = workflow_create,
    .tick = on_tick,
    .destroy = workflow_destroy,
    .tick_interval = PAWL_S(1),
    .max_concurrency = 1,
};

PAWL_EXPORT(workflow);
