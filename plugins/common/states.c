#include "common/states.h"

#include <stdio.h>
#include <string.h>

static const char *const names[STATE_COUNT] = {
    [STATE_UNKNOWN] = "unknown",
    [STATE_NEW] = "new",
    [STATE_MANAGER_REVIEW] = "manager_review",
    [STATE_CLARIFICATION] = "clarification",
    [STATE_SENT_TO_CONTRACTORS] = "sent_to_contractors",
    [STATE_CONTRACTOR_RESPONSES] = "contractor_responses",
    [STATE_ASSIGNED] = "assigned",
    [STATE_IN_PROGRESS] = "in_progress",
    [STATE_COMPLETED] = "completed",
    [STATE_CANCELLED] = "cancelled",
};

#define CANCELLED STATE_SET(STATE_CANCELLED)

static const state_set transitions[STATE_COUNT] = {
    [STATE_UNKNOWN] = STATE_SET(STATE_NEW),
    [STATE_NEW] = STATE_SET(STATE_MANAGER_REVIEW) | CANCELLED,
    [STATE_MANAGER_REVIEW] = STATE_SET(STATE_CLARIFICATION) | STATE_SET(STATE_SENT_TO_CONTRACTORS) | CANCELLED,
    [STATE_CLARIFICATION] = STATE_SET(STATE_MANAGER_REVIEW) | CANCELLED,
    [STATE_SENT_TO_CONTRACTORS] = STATE_SET(STATE_CONTRACTOR_RESPONSES) | STATE_SET(STATE_ASSIGNED) | CANCELLED,
    [STATE_CONTRACTOR_RESPONSES] = STATE_SET(STATE_ASSIGNED) | CANCELLED,
    [STATE_ASSIGNED] = STATE_SET(STATE_IN_PROGRESS) | CANCELLED,
    [STATE_IN_PROGRESS] = STATE_SET(STATE_COMPLETED) | CANCELLED,
};

const char *state_name(enum state state)
{
        return names[state];
}

bool state_parse(struct pawl_str name, enum state *state)
{
        for (enum state s = STATE_NEW; s < STATE_COUNT; s++) {
                if (strlen(names[s]) == name.len && memcmp(names[s], name.ptr, name.len) == 0) {
                        *state = s;
                        return true;
                }
        }
        return false;
}

state_set states_after(enum state state)
{
        return transitions[state];
}

state_set states_before(enum state state)
{
        state_set set = 0;

        for (enum state s = STATE_UNKNOWN; s < STATE_COUNT; s++) {
                if (transitions[s] & STATE_SET(state))
                        set |= STATE_SET(s);
        }
        return set;
}

bool states_ahead(enum state known, state_set needed)
{
        state_set reached = transitions[known];
        state_set before;

        do {
                before = reached;
                for (enum state s = STATE_UNKNOWN; s < STATE_COUNT; s++) {
                        if (reached & STATE_SET(s))
                                reached |= transitions[s];
                }
        } while (reached != before);
        return (reached & needed) != 0;
}

const char *states_text(state_set set, char *out, size_t size)
{
        size_t used = 0;

        out[0] = '\0';
        for (enum state s = STATE_UNKNOWN; s < STATE_COUNT && used < size; s++) {
                if (set & STATE_SET(s))
                        used += (size_t)snprintf(out + used, size - used, "%s%s", used ? " or " : "", names[s]);
        }
        return out;
}
