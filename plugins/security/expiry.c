#include "expiry.h"

#include "decisions.h"

#include <inttypes.h>
#include <stdio.h>

#define EXPIRED "verification_expired"

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

/* Under the write lock, because another instance may have found the same. 1: one is done; 0: none is due; -1: failed. */
static int expire_next(struct pawl_ctx *ctx, struct db *db, const struct policy *policy, uint64_t tally[TALLIES])
{
        struct occasion o = {.instance = ctx->instance, .db = db, .policy = policy};
        char source[128];
        struct due due;
        int found;

        if (!db_begin(db))
                return -1;
        o.now = occasion_time(ctx->instance);
        found = due_find(db, o.now, &due);
        if (found == 1) {
                snprintf(source, sizeof source, "expired/%" PRId64 "/%s/%" PRId64, due.contractor_id,
                         verification_type_name(due.type), o.now);
                o.source = pawl_text(source);
                if (expire(&o, &due) != PAWL_OK || !db_commit(db))
                        found = -1;
        }
        for (unsigned t = 0; t < TALLIES && found == 1; t++)
                tally[t] += o.tally[t];
        db_rollback(db);
        return found;
}

bool expiry_run(struct pawl_ctx *ctx, struct db *db, const struct policy *policy, uint64_t tally[TALLIES])
{
        struct due due;
        int found = due_find(db, occasion_time(ctx->instance), &due); /* without the lock: mostly there is nothing */

        while (found == 1 && !pawl_cancelled(ctx))
                found = expire_next(ctx, db, policy, tally);
        return found >= 0;
}
