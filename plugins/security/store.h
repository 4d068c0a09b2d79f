/*
 * What the plugin keeps, as rows: contractors' verifications, who has access to which request, which requests are over, the history, and
 * what each event of it caused to be emitted. An event of the history is one that was handled; its line and everything that it
 * changed are written in one transaction.
 *
 * One thread at a time for each db; handlers, tick and commands have a db each. Functions fail as those of common/db.h do; those that
 * find return 1, 0 (there is none) or -1 (failed).
 */
#ifndef SECURITY_STORE_H
#define SECURITY_STORE_H

#include "verification.h"

#include "common/db.h"
#include "common/emissions.h"
#include "common/outbox.h"

#include <stdbool.h>
#include <stdint.h>

extern const struct db_design store_design;

/* As those of common/emissions.h and common/outbox.h. */
pawl_result store_emit(struct db *db, struct pawl_ctx *ctx, int64_t number, int64_t ordinal,
                       const struct emission *emission);
pawl_result store_emit_again(struct db *db, struct pawl_ctx *ctx, int64_t number);
bool store_outbox_add(struct db *db, const struct outbox_event *event);

/* For create. NULL: memory. */
struct outbox *store_outbox_new(struct pawl_instance *instance, const char *path);

/* ---- Verifications ---- */

/* All types of a contractor, without their strings; what there is no row of is RESULT_UNKNOWN. */
bool verifications_load(struct db *db, int64_t contractor_id, struct verification v[TYPE_COUNT]);

bool verification_save(struct db *db, int64_t contractor_id, enum verification_type type, const struct verification *v);

bool verification_expire(struct db *db, int64_t contractor_id, enum verification_type type);

/* An approval whose time is over at `now`. */
struct due {
        int64_t contractor_id;
        enum verification_type type;
        int64_t expires_at;
};
int due_find(struct db *db, int64_t now, struct due *due);

/* ---- Requests ---- */

/* Whom it was assigned to last; -1: nobody. `ended`: "completed", "cancelled"; "": not over, or unknown. */
struct request {
        int64_t contractor_id;
        char ended[16];
};
bool request_load(struct db *db, int64_t request_id, struct request *request);
bool request_assign(struct db *db, int64_t request_id, int64_t contractor_id);
bool request_end(struct db *db, int64_t request_id, const char *ended);

/* ---- Access ---- */

/* Why an access is over, or was not given. */
#define CAUSE_VERIFICATION "verification" /* the only one that a later verification mends */
#define CAUSE_REASSIGNED   "reassigned"
#define CAUSE_ENDED        "ended"
#define CAUSE_USER         "user" /* a person's decision */

/* One access of one contractor to one request, from its grant to its revocation; or a refusal. */
struct access {
        int64_t number;
        int64_t contractor_id;
        int64_t request_id;
        int64_t granted_at; /* -1: it was refused */
        int64_t granted_by; /* -1: nobody is named */
        struct pawl_str granted_reason;
        int64_t revoked_at; /* -1: it runs */
        int64_t revoked_by;
        struct pawl_str revoked_reason;
        struct pawl_str cause;
};

bool access_add(struct db *db, const struct access *access);
bool access_close(struct db *db, const struct access *access);

/* One that runs, without its strings and revocation: of that contractor to that request; of that contractor; to that request, but not his. */
int access_running(struct db *db, int64_t contractor_id, int64_t request_id, struct access *access);
int access_running_of(struct db *db, int64_t contractor_id, struct access *access);
int access_running_to(struct db *db, int64_t request_id, int64_t but_contractor_id, struct access *access);

/* Was this decided here, at that time? So the plugin knows its own events again when they come back from their topic. */
int access_decided(struct db *db, int64_t contractor_id, int64_t request_id, bool granted, int64_t time);

/* A request that is assigned to him and not over, to which verification alone keeps him from having access. */
int access_mendable(struct db *db, int64_t contractor_id, int64_t *request_id);

/* ---- The history ---- */

/* A line. A state is "" where the line is of no contractor. */
struct happening {
        struct pawl_str
            source;            /* of an event: its event_id, or topic/partition/offset where it has none; never twice */
        int64_t contractor_id; /* -1: none */
        int64_t request_id;    /* -1: none */
        struct pawl_str event_type;
        struct pawl_str from;
        struct pawl_str to;
        struct pawl_str note; /* may be absent */
        int64_t time;
};

bool history_add(struct db *db, const struct happening *happening, int64_t *number);

/* The line of that source, with its number, ids and type, which live until history_end. */
int history_find(struct db *db, struct pawl_str source, struct happening *happening, int64_t *number);
void history_end(struct db *db);

/* ---- For people: begin, then next until it gives 0 or -1; strings live until the next one ---- */

/* Was there an event about him? */
int contractor_known(struct db *db, int64_t contractor_id);

bool contractors_begin(struct db *db);
int contractors_next(struct db *db, int64_t *contractor_id);

bool verifications_begin(struct db *db, int64_t contractor_id);
int verifications_next(struct db *db, enum verification_type *type, struct verification *v);

bool accesses_begin(struct db *db, int64_t contractor_id);
int accesses_next(struct db *db, struct access *access);
bool accesses_count_running(struct db *db, int64_t contractor_id, int64_t *count);

bool history_begin(struct db *db, int64_t contractor_id);
int history_next(struct db *db, struct happening *happening);

#endif
