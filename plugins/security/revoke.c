#include "commands.h"
#include "decisions.h"

#include "common/command.h"

#include <inttypes.h>
#include <stdio.h>

/* What an officer wants to be revoked. */
struct order {
        int64_t contractor_id;
        int64_t request_id; /* -1: all */
        int64_t user;
        struct pawl_str reason;
};

static bool refuse(struct pawl_ctx *ctx, const char *what)
{
        command_reply(ctx, "revoke: expected %s\n", what);
        return false;
}

static bool read_order(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, struct order *order)
{
        static const char *const names[] = {"request", "reason", "by"};
        struct pawl_str values[3];

        order->request_id = -1;
        if (argc < 1 || !command_number(argv[0], &order->contractor_id) || order->contractor_id < 0)
                return refuse(ctx, "the id of a contractor, a number");
        if (!command_options(ctx, argv + 1, argc - 1, names, values, 3))
                return false;
        if (values[0].ptr != NULL && (!command_number(values[0], &order->request_id) || order->request_id < 0))
                return refuse(ctx, "--request with the id of a request, a number");
        if (values[1].len == 0)
                return refuse(ctx, "--reason with a text");
        if (!command_number(values[2], &order->user) || order->user < 0)
                return refuse(ctx, "--by with your user id, a number");
        order->reason = values[1];
        return true;
}

static pawl_result revoke_one(struct occasion *o, const struct order *order, const struct revocation *revocation)
{
        struct access access;
        int found = access_running(o->db, order->contractor_id, order->request_id, &access);

        if (found < 0)
                return occasion_db(o, false);
        return found == 1 ? decide_revoke(o, &access, revocation) : PAWL_OK;
}

/* The line, and what follows; nothing is written where nothing ran. */
static pawl_result carry_out(struct occasion *o, const struct order *order)
{
        struct revocation revocation = {CAUSE_USER, order->user, order->reason, true};
        struct verification v[TYPE_COUNT];
        struct line line = {
            .event_type = pawl_text("revoke"),
            .contractor_id = order->contractor_id,
            .request_id = order->request_id,
            .note = order->reason,
            .time = o->now,
        };
        pawl_result result;

        if (!verifications_load(o->db, order->contractor_id, v))
                return occasion_db(o, false);
        line.from = line.to = standing_at(o->policy, v, o->now);
        result = occasion_line(o, &line);
        if (result != PAWL_OK)
                return result;
        return order->request_id >= 0 ? revoke_one(o, order, &revocation)
                                      : decide_revoke_all(o, order->contractor_id, &revocation);
}

static int32_t revoke(struct pawl_ctx *ctx, struct db *db, const struct policy *policy, const struct order *order,
                      uint64_t tally[TALLIES])
{
        struct occasion o = {.instance = ctx->instance, .db = db, .policy = policy};
        char source[128];
        bool done;

        if (!db_begin(db)) {
                command_reply(ctx, "%s\n", db_error(db));
                return COMMAND_FAILED;
        }
        o.now = occasion_time(ctx->instance);
        snprintf(source, sizeof source, "revoked/%" PRId64 "/%" PRId64, order->contractor_id, o.now);
        o.source = pawl_text(source);
        done = carry_out(&o, order) == PAWL_OK;
        if (done && o.tally[TALLY_REVOKED] == 0) {
                db_rollback(db);
                command_reply(ctx, "contractor %" PRId64 " has no access that could be revoked\n",
                              order->contractor_id);
                return COMMAND_FAILED;
        }
        if (!done || !db_commit(db)) {
                command_reply(ctx, "nothing was revoked: %s\n", db_error(db));
                db_rollback(db);
                return COMMAND_FAILED;
        }
        for (unsigned t = 0; t < TALLIES; t++)
                tally[t] += o.tally[t];
        command_reply(ctx, "access to %" PRIu64 " requests is revoked\n", o.tally[TALLY_REVOKED]);
        return COMMAND_OK;
}

int32_t command_revoke(struct pawl_ctx *ctx, const char *database, const struct policy *policy,
                       const struct pawl_str *argv, uint32_t argc, uint64_t tally[TALLIES])
{
        struct order order;
        char error[512];
        int32_t status;
        struct db *db;

        if (!read_order(ctx, argv, argc, &order))
                return COMMAND_USAGE;
        db = db_open(database, DB_WRITE, &store_design, error, sizeof error, NULL);
        if (db == NULL) {
                command_reply(ctx, "%s\n", error);
                return COMMAND_FAILED;
        }
        status = revoke(ctx, db, policy, &order, tally);
        db_close(&db);
        return status;
}
