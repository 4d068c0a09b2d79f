/*
 * A host for tests of plugins: loads a plugin as pawld does (the same plugin room, the same functions behind <pawl/plugin.h>),
 * but has no Kafka. Events are fed one by one; what comes of them is returned. One thread, the test's; the plugin's own
 * threads run as they like. All waiting is for a condition with a deadline.
 *
 *     struct pawl_error err;
 *     struct testhost *h = testhost_open(&(struct testhost_options){.so = AUDIT_SO, .settings = "database = \"a.db\";"}, &err);
 *     struct testhost_result r;
 *
 *     testhost_feed(h, &(struct testhost_event){.topic = "request-events", .key = "7", .json = "{…}"}, &r);
 *     assert(r.result == PAWL_OK && r.emits.count == 1);
 *     testhost_result_clear(&r);
 *     testhost_close(&h);
 */
#ifndef PAWL_TEST_TESTHOST_H
#define PAWL_TEST_TESTHOST_H

#include "base/buf.h"
#include "base/error.h"
#include "worker/emit.h"

#include <pawl/plugin.h>

struct testhost;

struct testhost_socket {
        const char *name;
        int fd; /* the test's */
};

struct testhost_options {
        const char *so;       /* the plugin's file */
        const char *settings; /* as they would stand in settings = { … }; NULL: none */
        const char *name;     /* of the plugin in the configuration; NULL: "test" */
        const char *
            dir; /* the plugin's state directory, and the folder of its configuration; NULL: a new one, removed by close */
        const struct testhost_socket *sockets;
        size_t socket_count;
        unsigned instance;
        size_t max_event;     /* 0: 10 MiB */
        size_t publish_count; /* 0: 10,000 */
        bool only_create;     /* not started: testhost_start */
};

/* Loads, checks settings, creates and starts. NULL: every reason is in `err`, one a line. */
struct testhost *testhost_open(const struct testhost_options *options, struct pawl_error *err);
void testhost_start(struct testhost *h);

/* Quiesces, stops, destroys; publications that are out are answered with PAWL_E_CANCELLED before. Accepts NULL. */
void testhost_close(struct testhost **h);

/* The same, and a new instance in the same directory, as after a worker's restart. NULLs: the same file, the same settings.
 * False (and no instance) with the reason in `err`. */
bool testhost_restart(struct testhost *h, const char *so, const char *settings, struct pawl_error *err);

/* A new instance beside the old one, then the old one's end, as a reload does. On false the old one goes on. */
bool testhost_swap(struct testhost *h, const char *so, const char *settings, struct pawl_error *err);

const char *testhost_dir(const struct testhost *h);

/* ---- events ---- */

struct testhost_header {
        const char *name;
        const char *value; /* NULL: a null header */
};

struct testhost_event {
        const char *topic;
        const char *key;  /* NULL: none */
        const char *json; /* NULL: a tombstone */
        size_t json_len;  /* 0: strlen(json) */
        int32_t partition;
        int64_t offset;    /* 0: the next one of a count that the host keeps */
        int64_t timestamp; /* nanoseconds since 1970; 0: now */
        uint32_t attempt;  /* 0: 1 */
        const struct testhost_header *headers;
        size_t header_count;
};

struct testhost_result {
        bool skipped;       /* no handler takes it */
        bool malformed;     /* dead letter, by routing or whatever the handler returned; `reason` says why */
        bool unrun;         /* of a batch: behind the one that ended it */
        pawl_result result; /* PAWL_REJECT when malformed */
        int64_t delay;      /* of PAWL_RETRY; -1: the back-off */
        char reason[1024];  /* "" where the plugin gave none */
        int64_t offset;     /* which the event had */
        struct emit_list emits;
};

/* Routes and handles one event, as a batch of one where its handler takes batches. Fills *result in any case. */
void testhost_feed(struct testhost *h, const struct testhost_event *event, struct testhost_result *result);

/* Several events for one batch handler, in one call. All must route to it. `results`: `count` of them. */
void testhost_feed_batch(struct testhost *h, const struct testhost_event *events, uint32_t count,
                         struct testhost_result *results);

void testhost_result_clear(struct testhost_result *result);

/* The next completed ticket; waits until `timeout` (nanoseconds) has passed. False: none came. */
bool testhost_ticket(struct testhost *h, int64_t timeout, struct testhost_result *result);

/* Lets the ticket of the event last fed pass its deadline. */
void testhost_expire(struct testhost *h);

/* pawl_cancelled says true from now on. */
void testhost_stopping(struct testhost *h, bool stopping);

/* ---- publications ---- */

struct publish;

/* The next one published; waits as above. NULL: none came. Its message: testhost_message. To be answered. */
struct publish *testhost_published(struct testhost *h, int64_t timeout);
const struct emit *testhost_message(const struct publish *p);

/* Tells the plugin what became of it (0, PAWL_E_REFUSED, PAWL_E_CANCELLED). Its callback has returned when this returns. */
void testhost_answer(struct testhost *h, struct publish *p, int32_t status);

/* ---- the rest ---- */

void testhost_tick(struct testhost *h);

/* Carries out a command (argv[0], the rest are its arguments); the answer is added to `reply` (may be NULL). Returns its exit status; -1: there is no such command. */
int32_t testhost_command(struct testhost *h, const char *const *argv, uint32_t argc, struct buf *reply);

/* The plugin's words about its health ("degraded: …"), "" if none. Valid until the next call. */
const char *testhost_health(struct testhost *h);

/* The value of a metric; 0 if there is none of that name. Of a histogram: how many observations. */
double testhost_metric(struct testhost *h, const char *name);

#endif
