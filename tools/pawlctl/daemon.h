/*
 * Requests to pawld's admin interface: HTTP over its unix socket.
 */
#ifndef PAWL_TOOLS_DAEMON_H
#define PAWL_TOOLS_DAEMON_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct daemon_reply {
        long status;  /* HTTP's */
        json_t *json; /* NULL: the body was none */
};

/* Sends one request; `timeout_s` 0: waits as long as it takes. False: err says why there was no answer, and what to do. */
bool daemon_call(const char *socket_path, const char *method, const char *path, const json_t *body, long timeout_s,
                 struct daemon_reply *reply, struct pawl_error *err);
void daemon_reply_clear(struct daemon_reply *reply);

/* The "error" member of a reply, or a text for the lack of it. */
const char *daemon_error(const struct daemon_reply *reply);

/* Sends a POST and calls `line` for each line of the answer, a JSON object, as it comes; borrowed. False: as above. An answer that is
 * not 200 comes as one call with its JSON. */
bool daemon_stream(const char *socket_path, const char *path, const json_t *body,
                   void (*line)(void *arg, long status, const json_t *json), void *arg, struct pawl_error *err);

/* `text` as a part of a path or query; malloc'ed. */
char *daemon_escape(const char *text);

#endif
