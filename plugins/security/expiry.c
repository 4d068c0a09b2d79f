#include "expiry.h"

#include "decisions.h"

#include <inttypes.h>
#include <stdio.h>

#define EXPIRED         "verification_expired"
#define ONE_TRANSACTION 100 /* expiries; handlers wait for it */

/* The contractor as he stood before and as he stands now, that one type apart. */
static pawl_result expire(struct occasion *o, const struct due *due)
{
        struct verification v[TYPE_COUNT];
        struct line line = {.event_type = pawl_text(EXPIRED),
                            .contractor_id = due->contractor_id,
                            .request_id = -1,
                            .note = pawl_text(verification_type_name(due->type)),
                            .time = o->now};
        pawl_result result;

        if (!verifications_load(o->db, due->contractor_id, v))
                return occasion_db(o, false);
        line.from = standing_at(o->policy, v, due->expires_at - 1);
        if (!verification_expire(o->db, due->contractor_id, due->type))
                return occasion_db(o, false);
        line.to = standing_at(o->policy, v, o->now);
        result = occasion_line(o, &line);
        if (result == PAWL_OK)
                result = occasion_audit(o, o->policy->user, EXPIRED, "contractor", due->contractor_id,
                                        json_pack("{ss ss ss}", "verification_type", verification_type_name(due->type),
                                                  "state_before", standing_name(line.from), "state",
                                                  standing_name(line.to)));
        if (result == PAWL_OK)
                result = decide_standing(o, due->contractor_id, line.from, v);
        o->tally[TALLY_EXPIRED]++;
        return result;
}

/* The next one that is due. 1: it is done; 0: none is; -1: failed. */
static int expire_next(struct pawl_ctx *ctx, struct db *db, const struct policy *policy, uint64_t tally[TALLIES])
{
        struct occasion o = {.instance = ctx->instance,
                             .db = db,
                             .policy = policy,
                             .now = occasion_time(ctx->instance)};
        char source[128];
        struct due due;
        int found = due_find(db, o.now, &due);

        if (found != 1)
                return found;
        snprintf(source, sizeof source, "expired/%" PRId64 "/%s/%" PRId64, due.contractor_id,
                 verification_type_name(due.type), o.now);
        o.source = pawl_text(source);
        if (expire(&o, &due) != PAWL_OK)
                return -1;
        for (unsigned t = 0; t < TALLIES; t++)
                tally[t] += o.tally[t];
        return 1;
}

/*
 * Under the write lock, because another instance may have found the same. Those who were taken in on one day expire on one day, so many are
 * one transaction. 1: there may be more; 0: none is due; -1: failed.
 */
static int expire_some(struct pawl_ctx *ctx, struct db *db, const struct policy *policy, uint64_t tally[TALLIES])
{
        uint64_t some[TALLIES] = {0};
        int found = 1;

        if (!db_begin(db))
                return -1;
        for (int i = 0; i < ONE_TRANSACTION && found == 1; i++)
                found = expire_next(ctx, db, policy, some);
        if (found >= 0 && !db_commit(db))
                found = -1;
        for (unsigned t = 0; t < TALLIES && found >= 0; t++)
                tally[t] += some[t];
        db_rollback(db);
        return found;
}

bool expiry_run(struct pawl_ctx *ctx, struct db *db, const struct policy *policy, uint64_t tally[TALLIES])
{
        struct due due;
        int found = due_find(db, occasion_time(ctx->instance), &due); /* without the lock: mostly there is nothing */

        while (found == 1 && !pawl_cancelled(ctx))
                found = expire_some(ctx, db, policy, tally);
        return found >= 0;
}
