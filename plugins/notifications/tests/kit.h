/*
 * What the tests of routing share: the plugin on the tests' host with a few people, and the rows it writes. The mail server of these tests
 * is never there: what is queued stays so.
 */
#ifndef NOTIFICATIONS_TESTS_KIT_H
#define NOTIFICATIONS_TESTS_KIT_H

#include "testhost.h"

extern char folder[64];
extern struct testhost *host;

/* A folder with people.csv, and the plugin with the rules of the configuration as it is installed. */
void kit_set_up(void);
void kit_tear_down(void);

void put(const char *name, const char *content);
char *settings_with(const char *rules, const char *more);

/* The plugin with other rules. */
void open_with(const char *rules, const char *more);

/* Events, with an event_id of its own each. feed: must be handled. `timestamp` 0: now. */
pawl_result feed_at(const char *type, const char *members, int64_t timestamp);
void feed(const char *type, const char *members);
void create_request(int customer);

/* What a query on the deliveries' database selects, a row a line, with | between the columns and - for NULL. Until the next call. */
const char *rows(const char *query);
#define WHO "SELECT message_type, channel, recipient_id, address, language FROM deliveries ORDER BY id"

/* The subject and the text of the only delivery of a message. */
const char *text_of(const char *message);

/* Removes all deliveries. */
void forget(void);

#endif
