/*
 * One event being handled, and the table of what each type does: the rules (event_rules.c) decide, what they decided is written
 * by events.c.
 */
#ifndef WORKFLOW_HANDLING_H
#define WORKFLOW_HANDLING_H

#include "requests.h"
#include "rules.h"

#include "common/fields.h"

#include <pawl/jansson.h>

/* One event being handled. */
struct handling {
        struct pawl_ctx *ctx;
        const struct pawl_event *ev;
        struct db *db;
        const struct rules *rules;
        struct pawl_str source; /* what names the event: its id, or its position */
        int64_t time;           /* Kafka's, or now where it has none */
        struct request request; /* as it is known */
        enum state to;          /* what it becomes */
        struct pawl_str note;   /* for the history */
        json_t *emit;           /* the body of an event to be emitted, of this type; NULL: none is */
        const char *emit_type;
};

/* An event's type: where it leads, what else it does. */
struct event_rule {
        const char *event_type;
        const char *note; /* the member that the history quotes; NULL: none */
        const char *who;  /* the member that says who did it: "manager_id" */
        /* Its transitions are told of by a workflow.status_changed, for which this is the reason where the note has none; NULL: it says so itself. */
        const char *announced;
        enum state to;                             /* where it leads, if a transition is all that it does */
        pawl_result (*handle)(struct handling *h); /* else this decides, and writes what is its own */
};

/* NULL: no event that this plugin knows. */
const struct event_rule *event_rule_find(struct pawl_str event_type);

/* The request takes one transition to that state: PAWL_OK; or a wait or reject that names both states. */
pawl_result handling_move(struct handling *h, enum state to);

#endif
