#include "common/states.h"

#include <criterion/criterion.h>

/* domain.md's transitions, one by one; every other pair is impossible. */
static const enum state allowed[][2] = {
    {STATE_UNKNOWN, STATE_NEW},
    {STATE_NEW, STATE_MANAGER_REVIEW},
    {STATE_MANAGER_REVIEW, STATE_CLARIFICATION},
    {STATE_CLARIFICATION, STATE_MANAGER_REVIEW},
    {STATE_MANAGER_REVIEW, STATE_SENT_TO_CONTRACTORS},
    {STATE_SENT_TO_CONTRACTORS, STATE_CONTRACTOR_RESPONSES},
    {STATE_SENT_TO_CONTRACTORS, STATE_ASSIGNED},
    {STATE_CONTRACTOR_RESPONSES, STATE_ASSIGNED},
    {STATE_ASSIGNED, STATE_IN_PROGRESS},
    {STATE_IN_PROGRESS, STATE_COMPLETED},
};

static bool is_allowed(enum state from, enum state to)
{
        if (to == STATE_CANCELLED)
                return from >= STATE_NEW && from <= STATE_IN_PROGRESS;
        for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
                if (allowed[i][0] == from && allowed[i][1] == to)
                        return true;
        }
        return false;
}

Test(states, every_pair_is_allowed_or_not_as_the_domain_says)
{
        for (enum state from = STATE_UNKNOWN; from < STATE_COUNT; from++) {
                for (enum state to = STATE_UNKNOWN; to < STATE_COUNT; to++) {
                        bool found = states_after(from) & STATE_SET(to);

                        cr_assert_eq(found, is_allowed(from, to), "%s to %s", state_name(from), state_name(to));
                        cr_assert_eq(found, (states_before(to) & STATE_SET(from)) != 0);
                }
        }
}

Test(states, ahead_is_what_some_transitions_still_lead_to)
{
        cr_assert(states_ahead(STATE_UNKNOWN, STATE_SET(STATE_IN_PROGRESS)));
        cr_assert(states_ahead(STATE_NEW, STATE_SET(STATE_ASSIGNED)));
        cr_assert(states_ahead(STATE_CLARIFICATION, STATE_SET(STATE_CLARIFICATION)), "by way of manager_review");
        cr_assert_not(states_ahead(STATE_ASSIGNED, STATE_SET(STATE_NEW)));
        cr_assert_not(states_ahead(STATE_ASSIGNED, STATE_SET(STATE_ASSIGNED)));
        cr_assert_not(states_ahead(STATE_COMPLETED, ~STATE_SET(STATE_COMPLETED)));
        cr_assert_not(states_ahead(STATE_CANCELLED, ~UINT32_C(0)));
}

Test(states, names_are_read_back_and_others_are_none)
{
        enum state state;

        for (enum state s = STATE_NEW; s < STATE_COUNT; s++) {
                cr_assert(state_parse(pawl_text(state_name(s)), &state));
                cr_assert_eq(state, s);
        }
        cr_assert_not(state_parse(pawl_text("unknown"), &state));
        cr_assert_not(state_parse(pawl_text("New"), &state));
        cr_assert_not(state_parse(pawl_text(""), &state));
}

Test(states, a_set_is_written_in_words)
{
        char text[160], cut[8];

        cr_assert_str_eq(states_text(STATE_SET(STATE_ASSIGNED), text, sizeof text), "assigned");
        cr_assert_str_eq(states_text(states_before(STATE_ASSIGNED), text, sizeof text),
                         "sent_to_contractors or contractor_responses");
        cr_assert_str_eq(states_text(~UINT32_C(0), cut, sizeof cut), "unknown");
}
