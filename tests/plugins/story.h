/*
 * Events of one request and one contractor, in the order in which they make sense: what must have been before an event of a type is handled to
 * its end. For tests that give every type to every plugin. One thread.
 */
#ifndef PAWL_TEST_STORY_H
#define PAWL_TEST_STORY_H

#include "common/catalogue.h"
#include "testhost.h"

struct story {
        unsigned number;  /* of the request and the contractor, which no other story has */
        unsigned *events; /* the count from which each event has its id; the test's */
};

/* The id of the story's contractor, which is its request's too; the next story's is one more. */
unsigned story_contractor(const struct story *story);

/* The catalogue's example of the type for this story, as JSON, with a new event_id. `member` (NULL: none) is replaced by `value`, any text, or left out
 * (NULL). The caller frees it. */
char *story_event(const struct story *story, const char *type, const char *member, const char *value);

/* Feeds it to the plugin in the type's topic. Fills *result, which the caller clears. */
void story_feed(const struct story *story, struct testhost *h, const char *type, const char *json,
                struct testhost_result *result);

/* Feeds what must have been before an event of that type. False: one of them was neither skipped nor handled; *result tells. */
bool story_before(const struct story *story, struct testhost *h, const char *type, struct testhost_result *result);

/* Whether a publisher's check finds fault with that member; NULL: with the text as a whole, which it could not read. */
bool story_faulty(const char *json, const char *member);

/* What is wrong with a message that a plugin emitted or published, as text for people; "" if nothing: it fits the catalogue, and is in its type's
 * topic. `out` holds `size` bytes. */
const char *story_judge(const struct emit *message, char *out, size_t size);

#endif
