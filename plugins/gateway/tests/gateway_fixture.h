/* The gateway in the tests' host, behind a listening socket of the test's, with a token for each role; and a caller who reads what it answers. */
#ifndef GATEWAY_FIXTURE_H
#define GATEWAY_FIXTURE_H

#include "testhost.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAIT_TIME PAWL_S(20)

extern struct testhost *host;
extern int listen_fd;

/* What publications are answered with as they come; HOLD: not at all. */
#define HOLD 99
extern int32_t publications;

struct seen {
        char topic[64];
        char key[64];
        char value[4096];
};

/* What was published, in its order; of the first ones. */
extern struct seen messages[64];
extern size_t message_count;

/* Tokens are their names: admin, manager (user 7), customer (101), customer2 (102), contractor (55), engineer, slow (1 event a second). */
void gateway_make(void);
void gateway_make_with(const char *settings);
void gateway_make_full(void); /* the host's queue has room for 4 publications */
void gateway_end(void);

/* The plugin again, after testhost_close. */
void gateway_open(struct pawl_error *err);
const char *gateway_settings(const char *more);
void write_file(const char *name, const char *text);

struct reply {
        int status; /* 0: the connection ended, or nothing came in time */
        char head[4096];
        char *body;
        size_t len;
        json_t *json; /* NULL where the body is none */
};

void reply_free(struct reply *reply);
bool reply_has(const struct reply *reply, const char *header);

int caller_open(void);
void caller_write(int fd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void caller_write_bytes(int fd, const char *bytes, size_t len);
void caller_request(int fd, const char *method, const char *path, const char *token, const char *headers,
                    const char *body);

/* The next answer on this connection; publications are answered meanwhile. */
struct reply caller_read(int fd);

/* True when the peer has ended the connection; waits. */
bool caller_ended(int fd);

/* A whole exchange on a connection of its own. `last` keeps the answer until the next one. */
extern struct reply last;
int ask(const char *method, const char *path, const char *token, const char *headers, const char *body);
#define JSON   "Content-Type: application/json\r\n"
#define NDJSON "Content-Type: application/x-ndjson\r\n"

/* Takes one publication and answers it so; false: none came. */
bool answer_one(int32_t status);

/* Answers what was held with PAWL_E_CANCELLED. */
bool give_up_held(void);

/* After the end of the plugin that published it: nobody is there to be told. */
void forget_held(void);

/* Lets publications that come be answered for a moment. */
void pump(int64_t time);

/* Waits until so many were published (answered or not). */
void await_messages(size_t count);

/* A member of the last answer's document. */
const char *member(const char *name);

void feed(const char *topic, const char *json);
void feed_created(int64_t request_id, int64_t customer_id);

/* A valid event without an id; one buffer. */
const char *event(const char *members);

#endif
