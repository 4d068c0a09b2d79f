/*
 * Numbers for requests that come without one: from a range of this host's alone, in blocks that the journal writes down before they are used. What
 * is left of a block when the process dies is skipped; no number comes twice. The http thread.
 */
#ifndef GATEWAY_NUMBERS_H
#define GATEWAY_NUMBERS_H

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stdint.h>

struct exchange;
struct gateway;

/* The next number, not taken yet. False: there is none; the exchange's answer says why. */
bool numbers_peek(struct exchange *exchange, int64_t *number);
void numbers_use(struct gateway *gateway);

/* The first number that was not given out, of those that were taken from the journal; -1: none is left. After the http thread's end. */
int64_t numbers_left(const struct gateway *gateway);

/* Takes what the journal gave, and asks for more in time. */
void numbers_serve(struct gateway *gateway);

#endif
