/*
 * One event being handled, and the table of what each type does (event_rules.c). events.c sees to it that each is handled once.
 */
#ifndef SECURITY_HANDLING_H
#define SECURITY_HANDLING_H

#include "decisions.h"

#include <pawl/plugin.h>

struct handling {
        struct occasion o;
        const struct pawl_event *ev;
        int64_t contractor_id; /* the event's; -1: it has none */
        int64_t request_id;
};

struct event_rule {
        const char *event_type;
        pawl_result (*handle)(struct handling *h);
};

extern const struct event_rule event_rules[];
extern const size_t event_rule_count;

#endif
