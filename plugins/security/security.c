/*
 * security: keeps the verification of contractors, and decides who has access to which request.
 *
 * Events are handled in batches, each one database transaction. The tick finds approvals whose time is over; what it and the commands
 * decide goes out through the outbox.
 */
#include "commands.h"
#include "events.h"
#include "expiry.h"
#include "policy.h"
#include "store.h"

#include "common/batch.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCH_EVENTS 100
#define BATCH_BYTES  (1024 * 1024)

/* Longer than `verification_wait` can make an assignment wait: afterwards it is decided, not rejected. */
#define ASSIGNMENT_WAIT_LIMIT PAWL_S(3600)

struct security {
        struct pawl_instance *instance;
        struct policy policy;
        struct db *db;         /* the handlers' thread, one at a time: max_concurrency is 1 */
        struct db *tick_db;    /* the tick's */
        struct outbox *outbox; /* the tick's */
        bool degraded;         /* the tick's: what it said of itself last */
        char path[4096];
};

static const struct pawl_metric metrics[] = {
    [TALLY_VERIFICATIONS] =
        PAWL_METRIC(PAWL_COUNTER, "verifications", "", "verifications and rejections of contractors that were read"),
    [TALLY_GRANTED] = PAWL_METRIC(PAWL_COUNTER, "granted", "", "accesses that were granted"),
    [TALLY_REVOKED] = PAWL_METRIC(PAWL_COUNTER, "revoked", "", "accesses that were revoked or refused"),
    [TALLY_EXPIRED] = PAWL_METRIC(PAWL_COUNTER, "expired", "", "approvals whose time was over"),
    [TALLY_REPEATED] = PAWL_METRIC(PAWL_COUNTER, "repeated", "", "events that had been handled before"),
    [TALLY_OWN] = PAWL_METRIC(PAWL_COUNTER, "own", "", "decisions of this plugin that came back from their topic"),
};

static void count(struct security *s, const uint64_t tally[TALLIES])
{
        for (uint32_t t = 0; t < TALLIES; t++)
                pawl_metric_add(s->instance, t, tally[t]);
}

/* ---- Events ---- */

/* What the events of a batch came to; counted when they stand in the file. */
struct batch_tally {
        struct security *security;
        uint64_t of[TALLIES];
};

static pawl_result handle_one(struct pawl_ctx *ctx, const struct pawl_event *ev, void *arg)
{
        struct batch_tally *tally = arg;

        return events_handle(ctx, ev, tally->security->db, &tally->security->policy, tally->of);
}

static uint32_t on_events(struct pawl_ctx *ctx, const struct pawl_event *const *events, uint32_t event_count,
                          pawl_result *rest, void *self)
{
        struct security *s = self;
        struct batch_tally tally = {.security = s};
        const struct batch batch = {s->path, &store_design, &s->db, handle_one, &tally};
        uint32_t done = batch_handle(&batch, ctx, events, event_count, rest);

        if (done > 0)
                count(s, tally.of);
        return done;
}

/* ---- The tick ---- */

/* Said once, until it is over: a tick comes often, and what it could not do it does later. */
static void tell_trouble(struct security *s, const char *error)
{
        if (!s->degraded)
                pawl_log(s->instance, PAWL_LOG_WARN, "expired verifications wait to be revoked: %s", error);
        pawl_health(s->instance, PAWL_HEALTH_DEGRADED, "expired verifications wait to be revoked: %s", error);
        s->degraded = true;
}

static void tell_recovery(struct security *s)
{
        if (s->degraded)
                pawl_health(s->instance, PAWL_HEALTH_OK, "verifications expire on time");
        s->degraded = false;
}

static void security_tick(struct pawl_ctx *ctx, void *self)
{
        struct security *s = self;
        uint64_t tally[TALLIES] = {0};
        char error[512];

        if (s->tick_db == NULL)
                s->tick_db = db_open(s->path, DB_WRITE, &store_design, error, sizeof error, NULL);
        if (s->tick_db == NULL) {
                tell_trouble(s, error);
                return;
        }
        if (expiry_run(ctx, s->tick_db, &s->policy, tally))
                tell_recovery(s);
        else
                tell_trouble(s, db_error(s->tick_db));
        count(s, tally);
        outbox_tick(s->outbox);
}

/* ---- Commands ---- */

static int32_t show(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        const struct security *s = self;

        return command_show(ctx, s->path, &s->policy, argv, argc);
}

static int32_t list(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        const struct security *s = self;

        return command_list(ctx, s->path, &s->policy, argv, argc);
}

static int32_t revoke(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        struct security *s = self;
        uint64_t tally[TALLIES] = {0};
        int32_t status = command_revoke(ctx, s->path, &s->policy, argv, argc, tally);

        count(s, tally);
        return status;
}

/* ---- Life ---- */

static void security_destroy(void *self)
{
        struct security *s = self;

        if (s == NULL)
                return;
        outbox_free(&s->outbox);
        db_close(&s->tick_db);
        db_close(&s->db);
        free(s);
}

static bool prepare(struct security *s)
{
        struct pawl_str dir = pawl_about_state_dir(s->instance);
        char error[512];

        if (!policy_read(s->instance, &s->policy))
                return false;
        if (snprintf(s->path, sizeof s->path, "%s/security.db", dir.ptr) >= (int)sizeof s->path)
                return pawl_fail(s->instance, "state directory: its path is too long (%zu bytes)", dir.len);
        if (!db_check(s->path, &store_design, error, sizeof error))
                return pawl_fail(s->instance, "%s", error);
        s->outbox = store_outbox_new(s->instance, s->path);
        return s->outbox != NULL || pawl_fail(s->instance, "out of memory");
}

static bool security_create(struct pawl_instance *instance, void **self)
{
        struct security *s = calloc(1, sizeof *s);

        if (s == NULL)
                return pawl_fail(instance, "out of memory");
        s->instance = instance;
        if (!prepare(s)) {
                security_destroy(s);
                return false;
        }
        *self = s;
        return true;
}

#define ON(type) PAWL_ON_BATCH(type, on_events, 0, BATCH_EVENTS, BATCH_BYTES, 0)

static const struct pawl_handler handlers[] = {
    PAWL_HANDLER("workflow.contractor_assigned", 0, NULL, on_events, "on_events", 0, ASSIGNMENT_WAIT_LIMIT,
                 BATCH_EVENTS, BATCH_BYTES, 0),
    ON("workflow.work_completed"),
    ON("workflow.status_changed"),
    ON("security.contractor_verified"),
    ON("security.contractor_rejected"),
    ON("security.access_granted"),
    ON("security.access_revoked"),
};

static const struct pawl_command commands[] = {
    PAWL_COMMAND("show", "CONTRACTOR", "show a contractor's verifications, accesses and history", show),
    PAWL_COMMAND("list", "[--state STATE]", "list the contractors and how they stand", list),
    PAWL_COMMAND("revoke", "CONTRACTOR [--request REQUEST] --reason TEXT --by USER",
                 "revoke a contractor's access to one request, or to all", revoke),
};

static const struct pawl_need needs[] = {
    PAWL_NEED(PAWL_NEED_TOPIC, SECURITY_TOPIC, "security.access_granted and security.access_revoked"),
    PAWL_NEED(PAWL_NEED_TOPIC, AUDIT_TOPIC, "audit.user_action, for each decision"),
};

static const struct pawl_plugin security = {
    PAWL_DESCRIPTOR("security", "1.0.0"),
    .handlers = PAWL_ARRAY(handlers),
    .settings = PAWL_ARRAY(policy_settings),
    .metrics = PAWL_ARRAY(metrics),
    .commands = PAWL_ARRAY(commands),
    .needs = PAWL_ARRAY(needs),
    .create = security_create,
    .tick = security_tick,
    .destroy = security_destroy,
    .tick_interval = PAWL_S(1),
    .max_concurrency = 1,
};

PAWL_EXPORT(security);
