/*
 * The occasion on which something is decided: an event, an expiry or a command. It is one line of the history, all its decisions bear
 * the same time, and it knows how they are announced: an event's are emitted in reaction to it, and kept, so that a repeat
 * emits the same; the others have no event and go through the outbox.
 *
 * Inside a transaction that the caller undoes unless all went well. The thread of its db. Every function gives PAWL_OK, or what a
 * handler should return, with the reason set where there is a handler.
 */
#ifndef SECURITY_OCCASION_H
#define SECURITY_OCCASION_H

#include "policy.h"
#include "standing.h"
#include "store.h"

#include <jansson.h>
#include <pawl/plugin.h>

#define SECURITY_TOPIC "security-events"
#define AUDIT_TOPIC    "audit-events"

/* A metric's number is its place. */
enum tally { TALLY_VERIFICATIONS, TALLY_GRANTED, TALLY_REVOKED, TALLY_EXPIRED, TALLY_REPEATED, TALLY_OWN, TALLIES };

struct occasion {
        struct pawl_instance *instance;
        struct pawl_ctx *ctx; /* a handler's; NULL: announcements go to the outbox */
        struct db *db;
        const struct policy *policy;
        struct pawl_str source;  /* what names it */
        int64_t now;             /* whole microseconds: as it is written, so it is announced */
        int64_t number;          /* of its line in the history */
        int64_t ordinal;         /* of the next announcement */
        uint64_t tally[TALLIES]; /* to be counted when the transaction stands */
};

/* The present, as an occasion bears it. */
int64_t occasion_time(struct pawl_instance *instance);

/* Writes its line: of a contractor and a request (-1: none), with his state before and after (STANDING_COUNT: of no contractor). */
struct line {
        struct pawl_str event_type;
        int64_t contractor_id;
        int64_t request_id;
        enum standing from;
        enum standing to;
        struct pawl_str note;
        int64_t time;
};
pawl_result occasion_line(struct occasion *o, const struct line *line);

/* Announces an event, and gives `body` up (NULL: there was no memory for it). After occasion_line. */
pawl_result occasion_announce(struct occasion *o, const char *topic, const char *event_type, int64_t key, json_t *body);

/* audit.user_action: who did what to which. Gives `additional` up. */
pawl_result occasion_audit(struct occasion *o, int64_t user_id, const char *action, const char *resource_type,
                           int64_t resource_id, json_t *additional);

/* PAWL_OK if `ok`; else what the database's failure means. */
pawl_result occasion_db(struct occasion *o, bool ok);

#endif
