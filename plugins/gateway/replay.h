/*
 * Requests that come again: the first answer is kept for 24 h under each of a caller's keys, his `Idempotency-Key` and the event_ids that he gave.
 * A key belongs to the token that brought it; nobody learns of another's. Beside the journal's file this holds what is not in it yet: what is on
 * its way to the bus, and answers whose row is being written. The http thread.
 */
#ifndef GATEWAY_REPLAY_H
#define GATEWAY_REPLAY_H

#include "journal.h"

#define REPLAY_NEW     0 /* never seen */
#define REPLAY_SAME    1 /* answered: *row has status and body, to be freed */
#define REPLAY_TAKEN   2 /* a number was taken for it, and then the process died: *row has request_id */
#define REPLAY_RUNNING 3 /* the first is on its way */
#define REPLAY_OTHER   4 /* the key was used for something else */
#define REPLAY_UNKNOWN 5 /* the file cannot be read, or too much waits to be written */

struct replay_key {
        unsigned char key[JOURNAL_KEY];
        unsigned char print[JOURNAL_KEY];
};

struct replay;

struct replay *replay_new(struct pawl_instance *instance, struct journal *journal);
void replay_free(struct replay **replay);

/* The key of `word` ("key" or "event") and its value, as `caller` brings it for `asked` (what is asked, byte for byte). */
struct replay_key replay_key_of(const char *word, const char *caller, struct pawl_str value, struct pawl_str asked,
                                const char *path);

/* REPLAY_… of the key; of what was answered, *row is the first answer (its body to be freed). */
int replay_look(struct replay *replay, const struct replay_key *key, struct journal_row *row);

int replay_look_only(struct replay *replay, const struct replay_key *key);

/* It is on its way from now on. */
void replay_begin(struct replay *replay, const struct replay_key *key);

/* The number that it uses is written before anything else; replay_serve tells the waiter when it stands in the file. */
void replay_reserve(struct replay *replay, const struct replay_key *key, int64_t request_id, void *waiter);

/* It was answered so; kept. `body` NULL: too long to be kept, whoever repeats it is answered anew from what he sent. */
void replay_end(struct replay *replay, const struct replay_key *key, int64_t request_id, unsigned status,
                const char *body);

/* It came to nothing: the next one with this key is the first. */
void replay_drop(struct replay *replay, const struct replay_key *key);

/* Forgets what the journal has written. For each number that now stands in the file, reserved(arg, waiter). */
void replay_serve(struct replay *replay, void (*reserved)(void *arg, void *waiter), void *arg);

#endif
