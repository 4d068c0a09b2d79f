/*
 * From good events to the caller's answer: whether they came before, the way to the bus, and what is said when. The http thread.
 */
#ifndef GATEWAY_SENDING_H
#define GATEWAY_SENDING_H

#include "bus.h"
#include "exchange.h"

#define SENDING_NEW      0
#define SENDING_ANSWERED 1 /* the answer is set: the first one's, or a conflict */
#define SENDING_REPEATED 2 /* published before; its answer was too long to be kept */

/* Whether something under this key came before. *request_id: the number that was taken for it before this process began; -1: none. */
int sending_known(struct exchange *exchange, const struct replay_key *key, int64_t *request_id);

/* The answer to what came before, from what came now. */
void sending_again(struct exchange *exchange, struct submission *submission);

/* The key of the caller's Idempotency-Key, if he gave one, for what he asked (the whole body). */
bool sending_key(const struct exchange *exchange, struct pawl_str asked, struct replay_key *key);

/* The keys of what a submission has become: they are its own from now on, and given back if it comes to nothing. */
void sending_claim(struct gateway *gateway, const struct replay_key *key);
void sending_release(struct gateway *gateway, const struct submission *submission);

/* Takes the submission over, whose keys are claimed. Sets the answer where it is refused, else the caller waits for the bus. */
void sending_begin(struct exchange *exchange, struct submission *submission);

/* The same, once the number that it uses stands in the file. */
void sending_reserve(struct exchange *exchange, struct submission *submission);

/* For bus_hooks and replay_serve; `arg` is the gateway. */
void sending_concluded(void *arg, struct submission *submission);
void sending_late(void *arg, struct submission *submission);
void sending_reserved(void *arg, void *submission);

/* Who waits for a number that the file did not take by its deadline is told so. INT64_MAX: everybody who waits for one. */
void sending_give_up(struct gateway *gateway, int64_t now);

/* Publishing makes no sense now: the answer is set. */
bool sending_impossible(struct exchange *exchange);

#endif
