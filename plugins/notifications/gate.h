/*
 * How many deliveries of a channel may begin now: its rate limit, a pause that the provider asked for, a slow start, and a circuit
 * breaker, so that a provider that is away is asked by one probe at a time, with growing pauses, and not by every delivery.
 *
 *     closed ── BREAKER_FAILURES in a row ──> open ── the pause is over ──> half open ── the probe is answered ──> closed
 *                                               ^                              │
 *                                               └── a longer pause ── it fails ┘
 *
 * Pure: the caller brings the time, nanoseconds on a clock that never jumps. One thread.
 */
#ifndef NOTIFICATIONS_GATE_H
#define NOTIFICATIONS_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BREAKER_FAILURES 3 /* in a row, with no answer between them */

enum breaker_state { BREAKER_CLOSED, BREAKER_HALF_OPEN, BREAKER_OPEN };

struct gate {
        enum breaker_state state;
        int failures;  /* in a row */
        int64_t pause; /* of the breaker; 0: none so far */
        int64_t until; /* open: the end of the pause */
        int64_t pause_min, pause_max;
        int64_t held_until; /* the provider's pause */
        double per_second;  /* 0: no limit */
        double tokens;
        int64_t filled_at;
        size_t window; /* most under way at a time: grows with each answer */
        size_t connections;
};

/* per_second: 0 for no limit. pause_min, pause_max: of the breaker. */
void gate_init(struct gate *gate, size_t connections, double per_second, int64_t pause_min, int64_t pause_max,
               int64_t now);

/* How many more may begin, with `under_way` begun and not ended. */
size_t gate_room(struct gate *gate, int64_t now, size_t under_way);

/* One begins. True: it is the breaker's probe. */
bool gate_begin(struct gate *gate);

/* When room may appear by time alone, after gate_room gave none; INT64_MAX: never. */
int64_t gate_next(const struct gate *gate, int64_t now);

/* The provider answered, whatever it said of the message. True: it was away before. */
bool gate_answered(struct gate *gate);

/* The provider is away, or does not serve us. True: the breaker opened, or stays open for longer. */
bool gate_failed(struct gate *gate, int64_t now, bool probe);

/* The provider asks us to wait. */
void gate_hold(struct gate *gate, int64_t until);

/* Whether deliveries may begin at all at present, or wait for a pause to end. */
bool gate_shut(const struct gate *gate, int64_t now);

/* "closed", "half open", "open" */
const char *gate_state_name(enum breaker_state state);

#endif
