#include "commands.h"

#include "decisions.h"

#include "common/command.h"
#include "common/iso_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int32_t failed(struct pawl_ctx *ctx, const char *error)
{
        command_reply(ctx, "%s\n", error);
        return COMMAND_FAILED;
}

/* ---- show ---- */

static void show_text(struct pawl_ctx *ctx, struct pawl_str text)
{
        char shown[512];

        if (text.len > 0)
                command_reply(ctx, "  (%s)", command_printable(text, shown, sizeof shown));
}

static void show_user(struct pawl_ctx *ctx, int64_t user)
{
        if (user >= 0)
                command_reply(ctx, " by user %" PRId64, user);
}

static void show_verification(struct pawl_ctx *ctx, enum verification_type type, const struct verification *v,
                              int64_t now)
{
        char time[ISO_TIME_SIZE], documents[512];

        command_reply(ctx, "  %-16s  %s", verification_type_name(type),
                      verification_result_name(verification_at(v, now)));
        show_user(ctx, v->decided_by);
        command_reply(ctx, " at %s", iso_time_format(v->decided_at, time));
        if (v->expires_at != 0)
                command_reply(ctx, ", until %s", iso_time_format(v->expires_at, time));
        show_text(ctx, v->notes);
        if (v->documents.len > 0)
                command_reply(ctx, "  %s", command_printable(v->documents, documents, sizeof documents));
        command_reply(ctx, "\n");
}

static bool show_verifications(struct pawl_ctx *ctx, struct db *db, int64_t contractor_id)
{
        enum verification_type type = TYPE_IDENTITY;
        bool known[TYPE_COUNT] = {false};
        struct verification v;
        int more;

        if (!verifications_begin(db, contractor_id))
                return false;
        while ((more = verifications_next(db, &type, &v)) == 1) {
                show_verification(ctx, type, &v, pawl_now(ctx->instance));
                known[type] = true;
        }
        for (type = 0; type < TYPE_COUNT; type++) {
                if (!known[type])
                        command_reply(ctx, "  %-16s  not known\n", verification_type_name(type));
        }
        return more == 0;
}

static void show_access(struct pawl_ctx *ctx, const struct access *a)
{
        char time[ISO_TIME_SIZE];

        command_reply(ctx, "  request %" PRId64, a->request_id);
        if (a->granted_at >= 0) {
                command_reply(ctx, "  granted at %s", iso_time_format(a->granted_at, time));
                show_user(ctx, a->granted_by);
                show_text(ctx, a->granted_reason);
        }
        if (a->revoked_at >= 0) {
                command_reply(ctx, "  %s at %s", a->granted_at >= 0 ? "revoked" : "refused",
                              iso_time_format(a->revoked_at, time));
                show_user(ctx, a->revoked_by);
                show_text(ctx, a->revoked_reason);
        }
        command_reply(ctx, "\n");
}

static bool show_accesses(struct pawl_ctx *ctx, struct db *db, int64_t contractor_id)
{
        struct access access;
        int more;

        if (!accesses_begin(db, contractor_id))
                return false;
        command_reply(ctx, "access\n");
        while ((more = accesses_next(db, &access)) == 1)
                show_access(ctx, &access);
        return more == 0;
}

static void show_happening(struct pawl_ctx *ctx, const struct happening *h)
{
        char time[ISO_TIME_SIZE], type[128];

        command_reply(ctx, "  %s  %s", iso_time_format(h->time, time),
                      command_printable(h->event_type, type, sizeof type));
        if (h->request_id >= 0)
                command_reply(ctx, "  request %" PRId64, h->request_id);
        if (h->from.len != h->to.len || memcmp(h->from.ptr, h->to.ptr, h->from.len) != 0)
                command_reply(ctx, "  %.*s -> %.*s", (int)h->from.len, h->from.ptr, (int)h->to.len, h->to.ptr);
        show_text(ctx, h->note);
        command_reply(ctx, "\n");
}

static bool show_history(struct pawl_ctx *ctx, struct db *db, int64_t contractor_id)
{
        struct happening happening;
        int more;

        if (!history_begin(db, contractor_id))
                return false;
        command_reply(ctx, "history\n");
        while ((more = history_next(db, &happening)) == 1)
                show_happening(ctx, &happening);
        return more == 0;
}

static int32_t show(struct pawl_ctx *ctx, struct db *db, const struct policy *policy, int64_t contractor_id)
{
        struct verification v[TYPE_COUNT];
        int known = contractor_known(db, contractor_id);

        if (known < 0 || !verifications_load(db, contractor_id, v))
                return failed(ctx, db_error(db));
        if (known == 0) {
                command_reply(ctx, "contractor %" PRId64 " is unknown: no event about him was handled\n",
                              contractor_id);
                return COMMAND_FAILED;
        }
        command_reply(ctx, "contractor %" PRId64 ": %s\n", contractor_id,
                      standing_name(standing_at(policy, v, pawl_now(ctx->instance))));
        if (show_verifications(ctx, db, contractor_id) && show_accesses(ctx, db, contractor_id) &&
            show_history(ctx, db, contractor_id))
                return COMMAND_OK;
        return failed(ctx, db_error(db));
}

int32_t command_show(struct pawl_ctx *ctx, const char *database, const struct policy *policy,
                     const struct pawl_str *argv, uint32_t argc)
{
        int64_t contractor_id;
        char error[512];
        int32_t status;
        struct db *db;

        if (argc != 1 || !command_number(argv[0], &contractor_id) || contractor_id < 0) {
                command_reply(ctx, "show: expected the id of one contractor, a number\n");
                return COMMAND_USAGE;
        }
        db = db_open(database, DB_READ, &store_design, error, sizeof error, NULL);
        if (db == NULL)
                return failed(ctx, error);
        status = show(ctx, db, policy, contractor_id);
        db_close(&db);
        return status;
}

/* ---- list ---- */

/* `wanted`: STANDING_COUNT for all. */
static bool list_one(struct pawl_ctx *ctx, struct db *db, const struct policy *policy, int64_t contractor_id,
                     enum standing wanted)
{
        int64_t now = pawl_now(ctx->instance), running = 0;
        struct verification v[TYPE_COUNT];
        char reason[STANDING_REASON_SIZE];
        enum standing standing;

        if (!verifications_load(db, contractor_id, v) || !accesses_count_running(db, contractor_id, &running))
                return false;
        standing = standing_at(policy, v, now);
        if (wanted == STANDING_COUNT || standing == wanted)
                command_reply(ctx, "%" PRId64 "  %s  access to %" PRId64 " requests  (%s)\n", contractor_id,
                              standing_name(standing), running, standing_reason(policy, v, now, reason));
        return true;
}

static int32_t list(struct pawl_ctx *ctx, struct db *db, const struct policy *policy, enum standing wanted)
{
        int64_t contractor_id;
        int more;

        if (!contractors_begin(db))
                return failed(ctx, db_error(db));
        while ((more = contractors_next(db, &contractor_id)) == 1 && !pawl_cancelled(ctx)) {
                if (!list_one(ctx, db, policy, contractor_id, wanted))
                        return failed(ctx, db_error(db));
        }
        return more < 0 ? failed(ctx, db_error(db)) : COMMAND_OK;
}

static bool list_arguments(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, enum standing *wanted)
{
        static const char *const names[] = {"state"};
        struct pawl_str state;

        *wanted = STANDING_COUNT;
        if (!command_options(ctx, argv, argc, names, &state, 1))
                return false;
        if (state.ptr == NULL || standing_parse(state, wanted))
                return true;
        command_reply(ctx, "--state: expected one of");
        for (enum standing s = 0; s < STANDING_COUNT; s++)
                command_reply(ctx, " %s", standing_name(s));
        command_reply(ctx, "\n");
        return false;
}

int32_t command_list(struct pawl_ctx *ctx, const char *database, const struct policy *policy,
                     const struct pawl_str *argv, uint32_t argc)
{
        enum standing wanted;
        char error[512];
        int32_t status;
        struct db *db;

        if (!list_arguments(ctx, argv, argc, &wanted))
                return COMMAND_USAGE;
        db = db_open(database, DB_READ, &store_design, error, sizeof error, NULL);
        if (db == NULL)
                return failed(ctx, error);
        status = list(ctx, db, policy, wanted);
        db_close(&db);
        return status;
}
