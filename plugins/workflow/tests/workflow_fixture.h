/*
 * The plugin in the tests' host, and events for it.
 */
#ifndef WORKFLOW_FIXTURE_H
#define WORKFLOW_FIXTURE_H

#include "common/tests/scratch.h"
#include "testhost.h"

#include <criterion/criterion.h>

#define FIXTURE_SETTINGS                                                                                                     \
        "regions = ({ region = \"Москва\"; managers = [101, 102]; }, { region = \"Тверь\"; managers = [201]; });" \
        "default_manager = 100; assigned_by = 7;"                                                                            \
        "priorities = ({ urgency = \"срочно\"; priority = \"high\"; });"

/* A new host in the scratch directory, and `.init`, `.fini` that make and end it. */
extern struct testhost *host;
void fixture_make(void);
void fixture_end(void);

/* The same database with other settings behind FIXTURE_SETTINGS, as after a restart. */
void fixture_settings(const char *more);

/* Another instance beside `host`, on the same database; with the same `more`. To be closed. */
struct testhost *fixture_beside(const char *more);

/* The last event's result; its emits live until the next event. */
extern struct testhost_result last;

/* Kafka's time of the events that are fed; 0: now. */
extern int64_t feed_time;
#define HOURS(n) ((n)*PAWL_S(3600))
int64_t now(void);

/*
 * Feeds an event of that type, about that request, with that event_id (NULL: none); `members` are its own, as JSON without braces. On the topic
 * that the type belongs to, at the next offset. Returns its result.
 */
pawl_result feed(const char *event_type, int64_t request_id, const char *event_id, const char *members);

/* Feeds request.created of that region, with a refrigerator to repair. */
pawl_result feed_created(int64_t request_id, const char *event_id, const char *region);

/* Feeds what the last event emitted, as it comes back from its topic. */
pawl_result feed_back(void);

/* Takes the last event's result away, to be fed back later. */
struct testhost_result take_last(void);
pawl_result feed_taken(struct testhost_result *taken);

/* Leads a request to a state, by the shortest way, or to "unknown". */
void lead_to(int64_t request_id, const char *state);

/* Runs a command whose arguments are given, and NULL; what it answered lives until the next one. Expects that exit status. */
const char *command(int32_t status, const char *const *argv);
#define COMMAND(status, ...) command(status, (const char *const[]){__VA_ARGS__, NULL})

/* What `show` says of a request. Lives until the next call. */
const char *shown(int64_t request_id);
void expect_state(int64_t request_id, const char *state);

/* Runs SQL on the database and returns the first column of its first row as a number. */
int64_t sql(const char *text);

/* An emitted member, as JSON text, of the last event's first emit. */
void expect_emitted(const char *member);

#endif
