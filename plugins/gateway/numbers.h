/*
 * Numbers for requests that come without one: from a range of this host's alone, in blocks that the journal writes down before they are used. What
 * is left of a block when the process ends is skipped; no number comes twice. The http thread.
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

/* Takes what the journal gave, and asks for more in time. */
void numbers_serve(struct gateway *gateway);

#endif
