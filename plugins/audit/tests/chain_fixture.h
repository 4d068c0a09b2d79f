/*
 * A chain in a scratch directory, filled with numbered events.
 */
#ifndef AUDIT_CHAIN_FIXTURE_H
#define AUDIT_CHAIN_FIXTURE_H

#include "chain.h"
#include "key.h"
#include "verify.h"

#include "common/tests/scratch.h"

#include <criterion/criterion.h>
#include <stdio.h>

struct chain *fixture_open(void);

/* The event of that number: request-events/0@number, request_id number % 10. Lives until the next call. */
struct entry fixture_event(int64_t number);

/* Appends the events from `first` to `last` in one batch. */
void fixture_append(struct chain *chain, int64_t first, int64_t last);

/* A chain of `count` events, closed. */
void fixture_chain(int64_t count);

/* The same of two topics, each recorded at the second of its number: every fourth is of hr-events. */
void fixture_append_mixed(struct chain *chain, int64_t first, int64_t last);

/* A new pair of keys: NAME and NAME.pub in the scratch directory, PEM. The private one is returned, to be freed. */
struct key *fixture_key(const char *name);

/* What verify says of the chain: its faults, a line each, until the next call. */
const char *fixture_verify(const struct verify_options *options, struct verdict *verdict);

/* For verify_chain: always. */
bool fixture_go_on(void *arg);

/* Runs SQL on the file, as an intruder would. */
void fixture_sql(const char *sql);

#endif
