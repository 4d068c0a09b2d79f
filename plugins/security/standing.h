/*
 * How a contractor stands: the state machine of his verification. The state is not kept anywhere: it follows from what is known
 * of each type, the policy and the time, so that it cannot disagree with them. Pure functions; any thread.
 */
#ifndef SECURITY_STANDING_H
#define SECURITY_STANDING_H

#include "policy.h"
#include "verification.h"

/* Of the required types, the first that fits from the bottom up; README.md has the table. */
enum standing {
        STANDING_INCOMPLETE,       /* nothing is known of any */
        STANDING_PENDING_SECURITY, /* something is known */
        STANDING_PENDING_MANAGER,  /* what security decides is approved; the manager's is not yet */
        STANDING_APPROVED,         /* all are approved, and not expired */
        STANDING_REJECTED,         /* one is rejected */
        STANDING_COUNT
};

#define STANDING_REASON_SIZE 512

enum standing standing_at(const struct policy *policy, const struct verification v[TYPE_COUNT], int64_t now);

/*
 * The same as it was acted upon last: an approval whose time is over counts until that is written down, for so long nobody has taken back what it
 * gave.
 */
enum standing standing_written(const struct policy *policy, const struct verification v[TYPE_COUNT]);

/* Is there a required type of which nothing is known, and none that is rejected? Then more may be on its way. */
bool standing_open(const struct policy *policy, const struct verification v[TYPE_COUNT], int64_t now);

/* Why he has access, or what is missing: each required type that is not approved, and how it stands. Returns `out`. */
const char *standing_reason(const struct policy *policy, const struct verification v[TYPE_COUNT], int64_t now,
                            char out[STANDING_REASON_SIZE]);

const char *standing_name(enum standing standing);
bool standing_parse(struct pawl_str name, enum standing *standing);

#endif
