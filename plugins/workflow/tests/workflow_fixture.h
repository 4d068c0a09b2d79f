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

/* The last event's result; its emits live until the next event. */
extern struct testhost_result last;

/*
 * Feeds an event of that type, about that request, with that event_id (NULL: none); `members` are its own, as JSON without braces. On the topic
 * that the type belongs to, at the next offset. Returns its result.
 */
pawl_result feed(const char *event_type, int64_t request_id, const char *event_id, const char *members);

/* Feeds request.created of that region, with a refrigerator to repair. */
pawl_result feed_created(int64_t request_id, const char *event_id, const char *region);

/* Feeds what the last event emitted, as it comes back from its topic. */
pawl_result feed_back(void);

/* Leads a request to a state, by the shortest way, or to "unknown". */
void lead_to(int64_t request_id, const char *state);

/* What `show` says of a request. Lives until the next call. */
const char *shown(int64_t request_id);
void expect_state(int64_t request_id, const char *state);

/* Runs SQL on the database and returns the first column of its first row as a number. */
int64_t sql(const char *text);

/* An emitted member, as text, of the last event's first emit. */
void expect_emitted(const char *member);

#endif
