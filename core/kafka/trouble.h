/*
 * The troubles that a client is in, in words, each said when it begins and again at growing intervals while it lasts.
 * Only for the files of this room; one thread.
 */
#ifndef PAWL_KAFKA_TROUBLE_H
#define PAWL_KAFKA_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kafka/client_private.h"

#define TROUBLE_MAX 16

struct trouble {
        enum client_trouble kind;
        char subject[250]; /* a topic's name, or "" for the cluster or group */
        char text[768];
        int64_t since;
        int64_t interval;
        int64_t say_at;
        uint64_t reports; /* how often the client said so */
};

/* Zero-initialised it is empty. */
struct trouble_board {
        struct trouble items[TROUBLE_MAX];
        size_t count;
};

/* What an error code means for a person. */
enum client_trouble trouble_of(rd_kafka_resp_err_t code);

/* Words for an error: who, what, which resource, what helps. `detail` is librdkafka's text; `topic`, `group` may be NULL. */
void trouble_words(const struct client *client, rd_kafka_resp_err_t code, const char *detail, const char *operation,
                   const char *topic, const char *group, char *out, size_t size);

/* Notes a trouble; one that is on the board already is only counted, its text renewed. */
void trouble_raise(struct trouble_board *board, enum client_trouble kind, const char *subject, const char *text,
                   int64_t now);

/* The next trouble that is to be said now, with how long it has lasted in `out`; false: none. */
bool trouble_say(struct trouble_board *board, int64_t now, enum client_trouble *kind, char *out, size_t size);

/* Takes troubles of that kind off the board; `subject` NULL: all of them. What it was goes to `out`; false: there was none. */
bool trouble_clear(struct trouble_board *board, enum client_trouble kind, const char *subject, char *out, size_t size);

/* When trouble_say() has something next; INT64_MAX: nothing. */
int64_t trouble_next(const struct trouble_board *board);

bool trouble_has(const struct trouble_board *board, enum client_trouble kind);

#endif
