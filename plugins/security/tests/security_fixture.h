/*
 * The plugin in the tests' host, and events for it.
 */
#ifndef SECURITY_FIXTURE_H
#define SECURITY_FIXTURE_H

#include "common/tests/scratch.h"
#include "testhost.h"

#include <criterion/criterion.h>

#define FIXTURE_SETTINGS "granted_by = 9;"

/* A new host in the scratch directory, and `.init`, `.fini` that make and end it. */
extern struct testhost *host;
void fixture_make(void);
void fixture_end(void);

/* Another instance of the plugin, in the same directory. */
struct testhost *fixture_beside(unsigned instance);

/* Ends the instance and starts another one with those settings, or with the same (NULL). */
void fixture_restart(const char *settings);

/* The last event's result; its emits live until the next event. */
extern struct testhost_result last;

/*
 * Feeds an event of that type, with that event_id (NULL: a new one); `members` are its own, as JSON without braces. Kafka's time of it is
 * `age` ago.
 */
pawl_result feed_aged(const char *event_type, const char *event_id, int64_t age, const char *members);

/* The same, long ago: nothing waits for what is not known. Members as printf. */
PAWL_PRINTF(2, 3) pawl_result feed(const char *event_type, const char *fmt, ...);

/* security.contractor_verified, by user 7; and all three types approved. These must go well. */
void verify(int64_t contractor_id, const char *type, const char *result);
void verify_all(int64_t contractor_id);

/* security.contractor_rejected, by user 8. */
void reject(int64_t contractor_id, const char *type);

/* workflow.contractor_assigned. */
void assign(int64_t request_id, int64_t contractor_id);

/*
 * The last event's emits of that type, and in each emitted body no more than that: `text` is a part of the body of one of them.
 */
unsigned emitted(const char *event_type);
void expect_emitted(const char *event_type, const char *text);

/* Feeds all that the last event emitted on security-events, as it comes back from its topic; each must go well and emit nothing. */
void feed_back(void);

/*
 * Lets the tick run until as many publications came, and answers each as acknowledged; then no more may come. Their bodies, one a line
 * behind its type, are returned; they live until the next call.
 */
const char *published(struct testhost *h, unsigned count);

/* Makes that approval's time be over since long, as if a year had passed. */
void let_expire(int64_t contractor_id, const char *type);

/* What a command answers, which must end with that status. Lives until the next call. The list ends with NULL. */
const char *answer(int32_t status, const char *command, ...);

/* How `show` says that the contractor stands. */
void expect_standing(int64_t contractor_id, const char *standing);

/* Runs SQL on the database and returns the first column of its first row as a number; -1 without a row. */
int64_t sql(const char *text);

/* How many accesses run. */
int64_t running(void);

#endif
