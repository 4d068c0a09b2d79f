/*
 * The bodies of what a handler emits, and how the plugin knows them again when they come back from their topic: each names the event that
 * caused it, as `caused_by` of its metadata, and bears a time of its own, written once and kept, so that a repeat is the same byte for byte.
 */
#ifndef WORKFLOW_EMITTED_H
#define WORKFLOW_EMITTED_H

#include "handling.h"
#include "managers.h"

/* workflow.manager_assigned for a new request: who was chosen, and why. NULL: memory. */
json_t *emitted_assignment(const struct handling *h, const struct request *request, enum choice_reason reason);

/* workflow.status_changed, for the transition to h->to; `reason` where the event's note has none. NULL: memory. */
json_t *emitted_status(const struct handling *h, const char *who, const char *reason);

/*
 * Did this plugin emit the event that is being handled? 1: yes; 0: no; -1: the database failed. Its metadata are read by themselves: what somebody
 * else put there, and a tree could not hold, is no fault of the event.
 */
int emitted_own(const struct handling *h);

#endif
