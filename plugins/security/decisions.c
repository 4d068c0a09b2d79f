#include "decisions.h"

#include "common/cut.h"
#include "common/iso_time.h"

#include <stdio.h>

/* How much of a text that others wrote goes into an audit event: it must not make one too large to be emitted. */
#define QUOTED_MAX 1000

static json_t *quoted(struct pawl_str text)
{
        return text.ptr != NULL ? json_stringn(text.ptr, cut(text, QUOTED_MAX).len) : json_null();
}

static pawl_result audit(struct occasion *o, const char *action, int64_t user, int64_t contractor_id,
                         int64_t request_id, struct pawl_str reason)
{
        json_t *additional = json_pack("{sI so}", "contractor_id", (json_int_t)contractor_id, "reason", quoted(reason));

        return occasion_audit(o, user >= 0 ? user : o->policy->user, action, "request", request_id, additional);
}

/* ---- Granting ---- */

/* `time` is the access's own also where it is only confirmed: by it the plugin knows the event when it comes back. */
static pawl_result announce_grant(struct occasion *o, const struct access *a, const char *reason)
{
        char time[ISO_TIME_SIZE];
        json_t *body = json_pack("{sI sI sI ss ss}", "contractor_id", (json_int_t)a->contractor_id, "request_id",
                                 (json_int_t)a->request_id, "granted_by", (json_int_t)o->policy->user, "reason", reason,
                                 "timestamp", iso_time_format(a->granted_at, time));
        pawl_result result = occasion_announce(o, SECURITY_TOPIC, "security.access_granted", a->request_id, body);

        if (result != PAWL_OK)
                return result;
        o->tally[TALLY_GRANTED]++;
        return audit(o, "access_granted", o->policy->user, a->contractor_id, a->request_id, pawl_text(reason));
}

static pawl_result grant(struct occasion *o, int64_t contractor_id, int64_t request_id, const char *reason)
{
        struct access access = {.revoked_at = -1, .revoked_by = -1};
        int found = access_running(o->db, contractor_id, request_id, &access);

        if (found == 0) {
                access.contractor_id = contractor_id;
                access.request_id = request_id;
                access.granted_at = o->now;
                access.granted_by = o->policy->user;
                access.granted_reason = pawl_text(reason);
        }
        if (found < 0 || (found == 0 && !access_add(o->db, &access)))
                return occasion_db(o, false);
        return announce_grant(o, &access, reason);
}

pawl_result decide_record_grant(struct occasion *o, int64_t contractor_id, int64_t request_id, int64_t user,
                                struct pawl_str reason)
{
        struct access access = {
            .contractor_id = contractor_id,
            .request_id = request_id,
            .granted_at = o->now,
            .granted_by = user,
            .granted_reason = reason,
            .revoked_at = -1,
            .revoked_by = -1,
        };
        pawl_result result = occasion_db(o, access_add(o->db, &access));

        if (result != PAWL_OK)
                return result;
        o->tally[TALLY_GRANTED]++;
        return audit(o, "access_granted", user, contractor_id, request_id, reason);
}

/* ---- Revoking ---- */

static pawl_result announce_revocation(struct occasion *o, const struct access *a)
{
        char time[ISO_TIME_SIZE];
        json_t *body = json_pack("{sI sI sI so ss}", "contractor_id", (json_int_t)a->contractor_id, "request_id",
                                 (json_int_t)a->request_id, "revoked_by", (json_int_t)a->revoked_by, "reason",
                                 quoted(a->revoked_reason), "timestamp", iso_time_format(a->revoked_at, time));

        return occasion_announce(o, SECURITY_TOPIC, "security.access_revoked", a->request_id, body);
}

static pawl_result tell_revocation(struct occasion *o, const struct access *a, bool announce)
{
        pawl_result result = announce ? announce_revocation(o, a) : PAWL_OK;

        if (result != PAWL_OK)
                return result;
        o->tally[TALLY_REVOKED]++;
        return audit(o, "access_revoked", a->revoked_by, a->contractor_id, a->request_id, a->revoked_reason);
}

static void set_revoked(struct access *a, const struct occasion *o, const struct revocation *r)
{
        a->revoked_at = o->now;
        a->revoked_by = r->user;
        a->revoked_reason = r->reason;
        a->cause = pawl_text(r->cause);
}

pawl_result decide_revoke(struct occasion *o, const struct access *access, const struct revocation *r)
{
        struct access closed = *access;
        pawl_result result;

        set_revoked(&closed, o, r);
        result = occasion_db(o, access_close(o->db, &closed));
        return result == PAWL_OK ? tell_revocation(o, &closed, r->announce) : result;
}

/* There was nothing to revoke: the refusal is a row of its own, and is announced as a revocation. */
static pawl_result refuse(struct occasion *o, int64_t contractor_id, int64_t request_id, const struct revocation *r)
{
        struct access refused = {
            .contractor_id = contractor_id,
            .request_id = request_id,
            .granted_at = -1,
            .granted_by = -1,
        };
        pawl_result result;

        set_revoked(&refused, o, r);
        result = occasion_db(o, access_add(o->db, &refused));
        return result == PAWL_OK ? tell_revocation(o, &refused, true) : result;
}

/* One that is revoked runs no more, so the next search finds the next one. */
pawl_result decide_revoke_all(struct occasion *o, int64_t contractor_id, const struct revocation *r)
{
        struct access access;
        pawl_result result = PAWL_OK;
        int found = 0;

        while (result == PAWL_OK && (found = access_running_of(o->db, contractor_id, &access)) == 1)
                result = decide_revoke(o, &access, r);
        return result == PAWL_OK ? occasion_db(o, found == 0) : result;
}

pawl_result decide_revoke_others(struct occasion *o, int64_t request_id, int64_t but_contractor_id,
                                 const struct revocation *r)
{
        struct access access;
        pawl_result result = PAWL_OK;
        int found = 0;

        while (result == PAWL_OK && (found = access_running_to(o->db, request_id, but_contractor_id, &access)) == 1)
                result = decide_revoke(o, &access, r);
        return result == PAWL_OK ? occasion_db(o, found == 0) : result;
}

struct revocation revocation_by_verification(const struct occasion *o, const char *reason)
{
        return (struct revocation){CAUSE_VERIFICATION, o->policy->user, pawl_text(reason), true};
}

/* ---- What is decided when ---- */

static pawl_result deny(struct occasion *o, int64_t contractor_id, int64_t request_id, const struct revocation *r)
{
        struct access access;
        int found = access_running(o->db, contractor_id, request_id, &access);

        if (found < 0)
                return occasion_db(o, false);
        return found == 1 ? decide_revoke(o, &access, r) : refuse(o, contractor_id, request_id, r);
}

pawl_result decide_assignment(struct occasion *o, int64_t contractor_id, int64_t request_id, const char *ended,
                              const struct verification v[TYPE_COUNT])
{
        char reason[STANDING_REASON_SIZE];
        struct revocation revocation;

        if (ended[0] != '\0') {
                snprintf(reason, sizeof reason, "the request is %s", ended);
                revocation = (struct revocation){CAUSE_ENDED, o->policy->user, pawl_text(reason), true};
                return deny(o, contractor_id, request_id, &revocation);
        }
        standing_reason(o->policy, v, o->now, reason);
        if (standing_at(o->policy, v, o->now) == STANDING_APPROVED)
                return grant(o, contractor_id, request_id, reason);
        revocation = revocation_by_verification(o, reason);
        return deny(o, contractor_id, request_id, &revocation);
}

/* A grant changes the last row of its request, so the next search finds the next one. */
static pawl_result mend(struct occasion *o, int64_t contractor_id, const char *reason)
{
        pawl_result result = PAWL_OK;
        int64_t request_id;
        int found = 0;

        while (result == PAWL_OK && (found = access_mendable(o->db, contractor_id, &request_id)) == 1)
                result = grant(o, contractor_id, request_id, reason);
        return result == PAWL_OK ? occasion_db(o, found == 0) : result;
}

pawl_result decide_standing(struct occasion *o, int64_t contractor_id, enum standing from,
                            const struct verification v[TYPE_COUNT])
{
        enum standing to = standing_at(o->policy, v, o->now);
        char reason[STANDING_REASON_SIZE];
        struct revocation revocation;

        standing_reason(o->policy, v, o->now, reason);
        if (to == STANDING_APPROVED)
                return mend(o, contractor_id, reason);
        if (from != STANDING_APPROVED && to != STANDING_REJECTED)
                return PAWL_OK;
        revocation = revocation_by_verification(o, reason);
        return decide_revoke_all(o, contractor_id, &revocation);
}
