#include "handling.h"

#include "common/fields.h"
#include "common/iso_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Kafka's time of the event, where it has one. */
static int64_t line_time(const struct handling *h)
{
        int64_t time = pawl_event_timestamp(h->ev);

        return time >= 0 ? time : h->o.now;
}

/* The envelope's timestamp, where it is there and is one. */
static bool stated_time(const struct handling *h, int64_t *time)
{
        struct pawl_str text = field_string(h->ev, "timestamp");

        return text.len > 0 && iso_time_parse(text, time);
}

/* When its producer says that it happened; but not later than now, so that no approval counts longer than it may. */
static int64_t happened_at(const struct handling *h)
{
        int64_t time = line_time(h);

        stated_time(h, &time);
        return time < h->o.now ? time : h->o.now;
}

/* The event's line. What has no contractor has no state of his. */
static pawl_result write_line(struct handling *h, enum standing from, enum standing to, const char *note)
{
        struct line line = {
            .event_type = pawl_event_type(h->ev),
            .contractor_id = h->contractor_id,
            .request_id = h->request_id,
            .from = from,
            .to = to,
            .time = line_time(h),
        };

        if (note != NULL)
                line.note = field_string(h->ev, note);
        return occasion_line(&h->o, &line);
}

/* ---- Verifications ---- */

static pawl_result audit_verification(struct handling *h, const char *action, enum verification_type type,
                                      const struct verification *v, enum standing from, enum standing to)
{
        json_t *additional = json_pack("{ss ss ss ss}", "verification_type", verification_type_name(type),
                                       "verification_result", verification_result_name(v->result), "state_before",
                                       standing_name(from), "state", standing_name(to));

        return occasion_audit(&h->o, v->decided_by, action, "contractor", h->contractor_id, additional);
}

/* An approval that still counts is not taken back by a check that has only begun again: it ends by a rejection, or in its time. */
static bool keeps_approval(const struct handling *h, const struct verification *known, const struct verification *v)
{
        return v->result == RESULT_PENDING && verification_at(known, h->o.now) == RESULT_APPROVED;
}

static pawl_result learn(struct handling *h, enum verification_type type, const struct verification *v,
                         const char *note, const char *action)
{
        struct verification known[TYPE_COUNT];
        enum standing from, to;
        pawl_result result;

        if (!verifications_load(h->o.db, h->contractor_id, known))
                return occasion_db(&h->o, false);
        from = standing_written(h->o.policy, known);
        if (!keeps_approval(h, &known[type], v)) {
                known[type] = *v;
                if (!verification_save(h->o.db, h->contractor_id, type, v))
                        return occasion_db(&h->o, false);
        }
        to = standing_at(h->o.policy, known, h->o.now);
        result = write_line(h, from, to, note);
        if (result == PAWL_OK)
                result = audit_verification(h, action, type, v, from, to);
        if (result == PAWL_OK)
                result = decide_standing(&h->o, h->contractor_id, from, known);
        h->o.tally[TALLY_VERIFICATIONS]++;
        return result;
}

/* The words were checked by the catalogue. */
static enum verification_type type_of(const struct handling *h)
{
        enum verification_type type = TYPE_IDENTITY;

        verification_type_parse(field_string(h->ev, "verification_type"), &type);
        return type;
}

static pawl_result on_verified(struct handling *h)
{
        enum verification_type type = type_of(h);
        int64_t validity = h->o.policy->validity[type];
        struct verification v = {
            .decided_by = field_int(h->ev, "verified_by"),
            .decided_at = happened_at(h),
            .notes = field_string(h->ev, "verification_notes"),
        };

        verification_result_parse(field_string(h->ev, "verification_result"), &v.result);
        if (pawl_event_kind(h->ev, "documents_verified") == PAWL_KIND_ARRAY)
                pawl_event_raw(h->ev, "documents_verified", &v.documents);
        if (v.result == RESULT_APPROVED && validity != 0)
                v.expires_at = v.decided_at + validity;
        return learn(h, type, &v, "verification_notes",
                     v.result == RESULT_REJECTED ? "contractor_rejected" : "contractor_verified");
}

static pawl_result on_rejected(struct handling *h)
{
        struct verification v = {
            .result = RESULT_REJECTED,
            .decided_by = field_int(h->ev, "rejected_by"),
            .decided_at = happened_at(h),
            .notes = field_string(h->ev, "rejection_reason"),
        };

        return learn(h, type_of(h), &v, "rejection_reason", "contractor_rejected");
}

/* ---- Assignments ---- */

/*
 * Topics share no order: what is not known yet may stand in the other topic, so the assignment waits a while. A clock that is far off must not
 * make it wait for long.
 */
static bool more_may_come(const struct handling *h, const struct verification v[TYPE_COUNT])
{
        int64_t age = h->o.now - pawl_event_timestamp(h->ev);

        return pawl_event_timestamp(h->ev) >= 0 && age < h->o.policy->wait && age > -h->o.policy->wait &&
               standing_open(h->o.policy, v, h->o.now);
}

static pawl_result on_assigned(struct handling *h)
{
        struct verification v[TYPE_COUNT];
        struct request request;
        char reason[STANDING_REASON_SIZE];
        struct revocation reassigned = {CAUSE_REASSIGNED, h->o.policy->user, pawl_text(NULL), true};
        enum standing standing;
        pawl_result result;

        if (!verifications_load(h->o.db, h->contractor_id, v) || !request_load(h->o.db, h->request_id, &request))
                return occasion_db(&h->o, false);
        if (request.ended[0] == '\0' && more_may_come(h, v))
                return pawl_wait(h->o.ctx,
                                 "contractor %" PRId64 ": %s; his assignment to request %" PRId64
                                 " waits for his verification",
                                 h->contractor_id, standing_reason(h->o.policy, v, h->o.now, reason), h->request_id);
        standing = standing_at(h->o.policy, v, h->o.now);
        result = write_line(h, standing, standing, "assignment_reason");
        if (result == PAWL_OK)
                result = occasion_db(&h->o, request_assign(h->o.db, h->request_id, h->contractor_id));
        snprintf(reason, sizeof reason, "the request was assigned to contractor %" PRId64, h->contractor_id);
        reassigned.reason = pawl_text(reason);
        if (result == PAWL_OK)
                result = decide_revoke_others(&h->o, h->request_id, h->contractor_id, &reassigned);
        if (result == PAWL_OK)
                result = decide_assignment(&h->o, h->contractor_id, h->request_id, request.ended, v);
        return result;
}

/* ---- The end of a request ---- */

static pawl_result end_request(struct handling *h, const char *ended, const char *note)
{
        char reason[64];
        struct revocation over = {CAUSE_ENDED, h->o.policy->user, pawl_text(NULL), true};
        pawl_result result = write_line(h, STANDING_COUNT, STANDING_COUNT, note);

        if (result == PAWL_OK)
                result = occasion_db(&h->o, request_end(h->o.db, h->request_id, ended));
        snprintf(reason, sizeof reason, "the request is %s", ended);
        over.reason = pawl_text(reason);
        return result == PAWL_OK ? decide_revoke_others(&h->o, h->request_id, -1, &over) : result;
}

static pawl_result on_completed(struct handling *h)
{
        return end_request(h, "completed", "completion_notes");
}

/* A cancellation is told by nothing else. All other states, and words that are none, are the workflow's affair. */
static pawl_result on_status_changed(struct handling *h)
{
        static const char *const final[] = {"completed", "cancelled"};
        struct pawl_str status = field_string(h->ev, "new_status");

        for (size_t i = 0; i < sizeof final / sizeof final[0]; i++) {
                if (status.len == strlen(final[i]) && memcmp(status.ptr, final[i], status.len) == 0)
                        return end_request(h, final[i], "reason");
        }
        return PAWL_OK;
}

/* ---- Decisions that others took; and the plugin's own, when they come back from their topic ---- */

static pawl_result follow(struct handling *h, bool granted, const char *user)
{
        int64_t by = pawl_event_kind(h->ev, user) == PAWL_KIND_INT ? field_int(h->ev, user) : -1;
        struct pawl_str reason = field_string(h->ev, "reason");
        struct revocation revocation = {CAUSE_USER, by, reason, false};
        struct verification v[TYPE_COUNT];
        struct request request;
        struct access access;
        enum standing standing;
        pawl_result result;
        int running;

        running = access_running(h->o.db, h->contractor_id, h->request_id, &access);
        if (running < 0 || !verifications_load(h->o.db, h->contractor_id, v) ||
            !request_load(h->o.db, h->request_id, &request))
                return occasion_db(&h->o, false);
        standing = standing_at(h->o.policy, v, h->o.now);
        result = write_line(h, standing, standing, "reason");
        if (result != PAWL_OK)
                return result;
        if (!granted)
                return running ? decide_revoke(&h->o, &access, &revocation) : PAWL_OK;
        if (request.ended[0] != '\0')
                return decide_assignment(&h->o, h->contractor_id, h->request_id, request.ended, v);
        return running ? PAWL_OK : decide_record_grant(&h->o, h->contractor_id, h->request_id, by, reason);
}

static pawl_result on_access(struct handling *h, bool granted, const char *user)
{
        int64_t time = -1;
        int own = 0;

        if (stated_time(h, &time))
                own = access_decided(h->o.db, h->contractor_id, h->request_id, granted, time);
        if (own < 0)
                return occasion_db(&h->o, false);
        h->o.tally[TALLY_OWN] += own > 0;
        return own > 0 ? PAWL_OK : follow(h, granted, user);
}

static pawl_result on_granted(struct handling *h)
{
        return on_access(h, true, "granted_by");
}

static pawl_result on_revoked(struct handling *h)
{
        return on_access(h, false, "revoked_by");
}

/* ---- The table ---- */

const struct event_rule event_rules[] = {
    {"security.contractor_verified", on_verified},  {"security.contractor_rejected", on_rejected},
    {"security.access_granted", on_granted},        {"security.access_revoked", on_revoked},
    {"workflow.contractor_assigned", on_assigned},  {"workflow.work_completed", on_completed},
    {"workflow.status_changed", on_status_changed},
};

const size_t event_rule_count = sizeof event_rules / sizeof event_rules[0];
