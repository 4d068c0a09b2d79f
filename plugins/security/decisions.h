/*
 * The decisions about access, each written as a row, announced as security.access_granted or security.access_revoked, and audited.
 * Inside an occasion, whose results they give.
 */
#ifndef SECURITY_DECISIONS_H
#define SECURITY_DECISIONS_H

#include "occasion.h"

/*
 * Decides whether the contractor has access to the request that was assigned to him: granted when all that must be verified is; else
 * what he has is revoked, or it is refused. A request that is over (`ended` not "") refuses too.
 */
pawl_result decide_assignment(struct occasion *o, int64_t contractor_id, int64_t request_id, const char *ended,
                              const struct verification v[TYPE_COUNT]);

/* Ends one access that runs, in a user's name (-1: nobody is named). `announce`: false where the event that tells of it exists already. */
struct revocation {
        const char *cause;
        int64_t user;
        struct pawl_str reason;
        bool announce;
};
pawl_result decide_revoke(struct occasion *o, const struct access *access, const struct revocation *revocation);

/* The same for all that run: of a contractor; or to a request, but not his (-1: all of it). */
pawl_result decide_revoke_all(struct occasion *o, int64_t contractor_id, const struct revocation *revocation);
pawl_result decide_revoke_others(struct occasion *o, int64_t request_id, int64_t but_contractor_id,
                                 const struct revocation *revocation);

/*
 * What follows when a contractor went from one state to another: approved no more, or rejected, he loses all access; approved, he gets
 * back what his verification alone had cost him.
 */
pawl_result decide_standing(struct occasion *o, int64_t contractor_id, enum standing from,
                            const struct verification v[TYPE_COUNT]);

/* Somebody else granted: written and audited, not announced again. */
pawl_result decide_record_grant(struct occasion *o, int64_t contractor_id, int64_t request_id, int64_t user,
                                struct pawl_str reason);

/* What a revocation says of itself when the contractor's verification is the cause. */
struct revocation revocation_by_verification(const struct occasion *o, const char *reason);

#endif
