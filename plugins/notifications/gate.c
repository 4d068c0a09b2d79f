#include "gate.h"

#define CLOCK_GRAIN 1000000 /* ns; a time that has just passed is looked at again after it */
#define WINDOW_MIN  32      /* under way at first, and again after the provider was away */

void gate_init(struct gate *gate, size_t connections, double per_second, int64_t pause_min, int64_t pause_max,
               int64_t now)
{
        *gate = (struct gate){.pause_min = pause_min,
                              .pause_max = pause_max,
                              .per_second = per_second,
                              .tokens = 1,
                              .filled_at = now,
                              .window = WINDOW_MIN,
                              .connections = connections};
}

/* A second's worth at most, so that a quiet hour does not pay for a burst; never less than one. */
static void fill(struct gate *g, int64_t now)
{
        double most = g->per_second > 1 ? g->per_second : 1;

        g->tokens += g->per_second * (double)(now - g->filled_at) / 1e9;
        if (g->tokens > most)
                g->tokens = most;
        g->filled_at = now;
}

static size_t less(size_t a, size_t b)
{
        return a < b ? a : b;
}

size_t gate_room(struct gate *gate, int64_t now, size_t under_way)
{
        size_t most = less(gate->window, gate->connections), room;

        if (gate_shut(gate, now))
                return 0;
        if (gate->state == BREAKER_HALF_OPEN)
                return 0; /* the probe is under way */
        if (gate->state == BREAKER_OPEN)
                room = 1; /* the probe; what began before the breaker opened does not stand in its way */
        else
                room = under_way < most ? most - under_way : 0;
        if (gate->per_second > 0) {
                fill(gate, now);
                room = less(room, (size_t)gate->tokens);
        }
        return room;
}

bool gate_begin(struct gate *gate)
{
        bool probe = gate->state == BREAKER_OPEN;

        if (gate->per_second > 0)
                gate->tokens -= 1;
        if (probe)
                gate->state = BREAKER_HALF_OPEN;
        return probe;
}

int64_t gate_next(const struct gate *gate, int64_t now)
{
        int64_t next = now;

        if (gate->state == BREAKER_OPEN && gate->until > next)
                next = gate->until;
        if (gate->held_until > next)
                next = gate->held_until;
        if (gate->per_second > 0 && gate->tokens < 1) {
                int64_t token = gate->filled_at + (int64_t)((1 - gate->tokens) / gate->per_second * 1e9);

                next = token > next ? token : next + CLOCK_GRAIN;
        }
        return next > now ? next : INT64_MAX;
}

bool gate_answered(struct gate *gate)
{
        bool was_away = gate->state != BREAKER_CLOSED;

        if (gate->window < gate->connections)
                gate->window++;
        gate->state = BREAKER_CLOSED;
        gate->failures = 0;
        gate->pause = 0;
        return was_away;
}

bool gate_failed(struct gate *gate, int64_t now, bool probe)
{
        gate->window = gate->window / 2 > WINDOW_MIN ? gate->window / 2 : WINDOW_MIN;
        if (gate->state == BREAKER_CLOSED ? ++gate->failures < BREAKER_FAILURES : !probe)
                return false;
        gate->pause = gate->pause == 0 ? gate->pause_min : 2 * gate->pause;
        if (gate->pause > gate->pause_max)
                gate->pause = gate->pause_max;
        gate->until = now + gate->pause;
        gate->state = BREAKER_OPEN;
        return true;
}

void gate_hold(struct gate *gate, int64_t until)
{
        if (until > gate->held_until)
                gate->held_until = until;
}

bool gate_shut(const struct gate *gate, int64_t now)
{
        return now < gate->held_until || (gate->state == BREAKER_OPEN && now < gate->until);
}

const char *gate_state_name(enum breaker_state state)
{
        static const char *const names[] = {"closed", "half open", "open"};

        return names[state];
}
