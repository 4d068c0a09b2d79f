/*
 * What the tests of sending share: a folder, peers (tests/peers), the sender alone on the tests' host, and what it published. One test at a
 * time in its process; sending_end leaves nothing running.
 */
#ifndef NOTIFICATIONS_TEST_SENDING_H
#define NOTIFICATIONS_TEST_SENDING_H

#include "testhost.h"

#include <jansson.h>
#include <stdio.h>
#include <sys/types.h>

#define PATIENCE PAWL_S(20)

struct peer {
        pid_t pid;
        int input; /* its end ends the peer */
        FILE *output;
        int port;
};

extern char folder[64];
extern struct testhost *host;

void sending_begin(void);
void sending_end(void);

/* Starts a program of tests/peers, with its arguments up to NULL, and reads its port. PEER->port not 0: on that port. */
void peer_start(struct peer *peer, const char *program, const char *const *arguments);
void peer_stop(struct peer *peer);

/* tests/peers/smtp.py and http_peer.py, recording in FOLDER/mail and FOLDER/http. */
void smtp_start(struct peer *peer);
void http_start(struct peer *peer);

/* Opens the host with these settings (as printf). */
PAWL_PRINTF(1, 2) void host_open(const char *settings, ...);

/* Feeds one test.deliver event with these members (as printf: "\"channel\":\"sms\",…"); its id is new each time. */
PAWL_PRINTF(1, 2) void deliver(const char *members, ...);

/* The next published notification, acknowledged; it must be of this type. */
json_t *published(const char *type);
const char *text_in(const json_t *body, const char *name);

/* How many requests http_peer.py recorded in NAME.jsonl that have this status (0: any). */
int recorded(const char *name, int status);
/* The last one of them, as JSON. */
json_t *last_recorded(const char *name);

/* How many mails arrived; the text of the newest, malloc'ed. */
int mails(void);
char *newest_mail(void);

/* Waits until the condition holds, or fails the test. */
#define wait_until(condition)                                                                                          \
        do {                                                                                                           \
                int64_t end_ = test_clock() + PATIENCE;                                                                \
                while (!(condition) && test_clock() < end_)                                                            \
                        breathe();                                                                                     \
                cr_assert(condition, "in vain: " #condition);                                                          \
        } while (0)
int64_t test_clock(void);
void breathe(void);

/* The answer of a command; its exit status in *status (may be NULL). Valid until the next call. */
const char *command(const char *name, const char *argument, int *status);

/* The one number that this query of the database gives. */
int64_t in_database(const char *query);

#endif
