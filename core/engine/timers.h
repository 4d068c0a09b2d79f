/*
 * What is due when: at most one timer for each slot, in a binary heap. Equal times fire in the order of slots. Pure.
 */
#ifndef PAWL_ENGINE_TIMERS_H
#define PAWL_ENGINE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
        int64_t at;
        uint32_t slot;
};

/* Zero it before first use. */
struct timers {
        struct timer *heap;
        size_t count, capacity;
        uint32_t *places; /* by slot: index in the heap + 1; 0: no timer */
        size_t place_capacity;
};

void timers_free(struct timers *timers);

/* Sets the slot's timer, in place of any it has. */
void timers_set(struct timers *timers, uint32_t slot, int64_t at);

/* Does nothing if the slot has none. */
void timers_cancel(struct timers *timers, uint32_t slot);

/* The earliest time; INT64_MAX: no timer. */
int64_t timers_next(const struct timers *timers);

/* Takes away the earliest timer if it is due at `now`. */
bool timers_pop(struct timers *timers, int64_t now, uint32_t *slot);

#endif
