/*
 * How long a worker that died waits for its next start: nothing the first time; when it dies again within ten seconds of its
 * start one second, then twice as long each time, thirty at most. Who lived longer begins anew. Pure; no clock of its own.
 */
#ifndef PAWL_MASTER_BACKOFF_H
#define PAWL_MASTER_BACKOFF_H

#include <stdint.h>

struct backoff {
        unsigned deaths; /* in a row, each but the first within ten seconds of its start */
};

/* The process that died had lived for `lived` ns: how long to wait before the next start, in ns. */
int64_t backoff_after_death(struct backoff *backoff, int64_t lived);

#endif
