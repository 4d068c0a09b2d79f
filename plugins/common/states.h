/*
 * The states of a request and the transitions between them:
 *
 *     unknown → new → manager_review → sent_to_contractors → contractor_responses → assigned → in_progress → completed
 *                       ↕                     └────────────────────────────────────────↗
 *                     clarification                     any from new on that is not final → cancelled
 *
 * `unknown` is a request of which no request.created was handled. completed and cancelled are final. Pure; any thread.
 */
#ifndef PLUGINS_COMMON_STATES_H
#define PLUGINS_COMMON_STATES_H

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum state {
        STATE_UNKNOWN,
        STATE_NEW,
        STATE_MANAGER_REVIEW,
        STATE_CLARIFICATION,
        STATE_SENT_TO_CONTRACTORS,
        STATE_CONTRACTOR_RESPONSES,
        STATE_ASSIGNED,
        STATE_IN_PROGRESS,
        STATE_COMPLETED,
        STATE_CANCELLED,
        STATE_COUNT
};

/* A set of states, a bit each. */
typedef uint32_t state_set;
#define STATE_SET(state) (UINT32_C(1) << (state))

const char *state_name(enum state state);

/* False when there is no state of that name; "unknown" is not a state that an event can name. */
bool state_parse(struct pawl_str name, enum state *state);

/* The states that one transition leads to, and those that one leads from. */
state_set states_after(enum state state);
state_set states_before(enum state state);

/* Can the request come to any state of the set yet, by one transition or several? */
bool states_ahead(enum state known, state_set needed);

/* Room for every state. */
#define STATES_TEXT_SIZE 200

/* "assigned", "sent_to_contractors or contractor_responses". Returns `out`. */
const char *states_text(state_set set, char *out, size_t size);

#endif
