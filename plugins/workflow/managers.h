/*
 * Which manager gets a new request: of its region's managers who are there and can take another one, the one who has the fewest requests in
 * hand; among equals the one whose last was given longest ago, then the one with the lowest id. Where nobody of the region can, the
 * default manager. Decided from the database, inside the transaction that writes the decision, so that a request sees those before it.
 *
 * One thread at a time. Functions fail as those of common/db.h do.
 */
#ifndef WORKFLOW_MANAGERS_H
#define WORKFLOW_MANAGERS_H

#include "rules.h"

#include "common/db.h"

enum choice_reason { CHOSEN_BY_REGION, NO_REGION, ALL_ABSENT, NOBODY_FREE };

struct choice {
        int64_t manager_id;
        enum choice_reason reason;
};

/* `at` is the moment of the request, by which absences are judged. */
bool managers_choose(struct db *db, const struct rules *rules, struct pawl_str region, int64_t at,
                     struct choice *choice);

/* That manager was given a request: his turn comes after everybody else's. */
bool managers_given(struct db *db, int64_t manager_id);

#endif
