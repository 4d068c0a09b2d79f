/*
 * One event on its way to rows. Only handling.c and telling.c; the handler's thread, with the instance's mutex held.
 */
#ifndef NOTIFICATIONS_HANDLING_H
#define NOTIFICATIONS_HANDLING_H

#include "notifications.h"

struct handling {
        struct notifications *n;
        struct pawl_ctx *ctx;
        const struct pawl_event *ev;
        struct request_facts facts;
        bool changed; /* the facts, by this event */
        struct message_values values;
        int64_t now;
        struct delivery *deliveries;
        size_t count, room;
};

/* The result for a failure, with its reason. */
pawl_result handling_outcome(struct pawl_ctx *ctx, pawl_result result, const char *error);

/* telling.c: adds the deliveries that a rule causes, also those that are failed from the start because nobody can be reached. */
pawl_result telling_apply(struct handling *h, const struct rule *rule);

#endif
