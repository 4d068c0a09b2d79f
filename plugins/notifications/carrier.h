/*
 * A carrier: what carries the deliveries of one channel. It holds those that are open, begins as many as its gate and its connections
 * allow, and gives back those that ended, with a verdict each. Knows nothing of the database.
 *
 * The sender's thread.
 */
#ifndef NOTIFICATIONS_CARRIER_H
#define NOTIFICATIONS_CARRIER_H

#include "gate.h"
#include "transfer.h"
#include "wire.h"

#include <pawl/plugin.h>

/* A channel's settings. */
struct carrier_options {
        const struct kind *kind;
        void *self;      /* the kind's; the carrier destroys it. NULL: the channel is not configured */
        const char *url; /* where it sends to; what follows the host may be secret */
        size_t max_open; /* deliveries taken from the database and not ended */
        size_t connections;
        double per_second; /* 0: no limit */
        int64_t attempt_time;
        int64_t retry_min; /* pause after the first failed attempt, doubled with each */
        int64_t retry_max;
};

/* Transfers in a row. */
struct transfer_list {
        struct transfer *first, *last;
        size_t count;
};

struct carrier {
        struct carrier_options options;
        struct pawl_instance *instance;
        struct gate gate;
        struct wire *wire;
        struct transfer_list waiting; /* in the order in which they were taken */
        struct transfer_list done;    /* to be collected */
        struct transfer *under_way;   /* the first of those on the wire */
        size_t under_way_count;
        char server[200];  /* "https://host:port" */
        char trouble[640]; /* why the provider counts as away; "": it does not */
        bool changed;      /* `trouble`, since its reader set this to false */
};

void transfer_append(struct transfer_list *list, struct transfer *transfer);
struct transfer *transfer_pop(struct transfer_list *list); /* NULL: it is empty */

/* Takes options->self over in any case. False: memory. */
bool carrier_init(struct carrier *carrier, const struct carrier_options *options, struct pawl_instance *instance,
                  struct loop *loop);
void carrier_clear(struct carrier *carrier);

/* Taken and not ended. */
size_t carrier_open(const struct carrier *carrier);

/* How many more it wants from the database now. */
size_t carrier_wants(struct carrier *carrier);

/* Takes a delivery over, which becomes all zero. False: memory. */
bool carrier_add(struct carrier *carrier, struct delivery *delivery);

/* Begins what may begin. Returns how many it began. */
size_t carrier_begin(struct carrier *carrier);

/* Moves what has ended to the list, with its verdict, and what waits too when the channel is shut for now. */
void carrier_collect(struct carrier *carrier, struct transfer_list *ended);

/* Moves what waits to the list, untried. */
void carrier_give_back(struct carrier *carrier, struct transfer_list *ended);

/* When time alone may let it begin, or want, more (monotonic); INT64_MAX: never. */
int64_t carrier_next(const struct carrier *carrier);

/* In how many nanoseconds carrier_collect is to be called at the latest; INT64_MAX: when something has happened. */
int64_t carrier_left(const struct carrier *carrier);

/* How long a delivery that failed for now waits, after so many attempts: anything up to the doubled pause (full jitter). */
int64_t carrier_pause(const struct carrier *carrier, int64_t attempts);

#endif
