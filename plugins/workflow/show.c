#include "show.h"

#include "deadlines.h"
#include "history.h"
#include "requests.h"
#include "schema.h"

#include "common/command.h"
#include "common/iso_time.h"

#include <inttypes.h>
#include <stdio.h>

static void show_text(struct pawl_ctx *ctx, const char *name, struct pawl_str text)
{
        char shown[512];

        command_reply(ctx, "  %-10s %s\n", name, command_printable(text, shown, sizeof shown));
}

static void show_id(struct pawl_ctx *ctx, const char *name, int64_t id)
{
        if (id >= 0)
                command_reply(ctx, "  %-10s %" PRId64 "\n", name, id);
}

static void show_time(struct pawl_ctx *ctx, const char *name, int64_t time)
{
        char text[ISO_TIME_SIZE];

        if (time >= 0)
                command_reply(ctx, "  %-10s %s\n", name, iso_time_format(time, text));
}

static void show_head(struct pawl_ctx *ctx, const struct request *r)
{
        command_reply(ctx, "request %" PRId64 ": %s\n", r->id, state_name(r->state));
        show_time(ctx, "since", r->entered);
        show_text(ctx, "title", r->title);
        show_text(ctx, "region", r->region);
        if (r->equipment.ptr != NULL)
                show_text(ctx, "equipment", r->equipment);
        show_text(ctx, "urgency", r->urgency);
        show_text(ctx, "priority", r->priority);
        show_id(ctx, "customer", r->customer_id);
        show_id(ctx, "manager", r->manager_id);
        show_id(ctx, "contractor", r->contractor_id);
}

static void show_happening(struct pawl_ctx *ctx, const struct happening *h)
{
        char time[ISO_TIME_SIZE];
        char type[128], who[64], note[512];

        command_reply(ctx, "  %s  %s", h->time >= 0 ? iso_time_format(h->time, time) : "-",
                      command_printable(h->event_type, type, sizeof type));
        if (h->from != h->to)
                command_reply(ctx, "  %s -> %s", state_name(h->from), state_name(h->to));
        if (h->who.len > 0)
                command_reply(ctx, "  by %s", command_printable(h->who, who, sizeof who));
        if (h->note.len > 0)
                command_reply(ctx, "  (%s)", command_printable(h->note, note, sizeof note));
        command_reply(ctx, "\n");
}

static void show_deadline(struct pawl_ctx *ctx, const struct deadline *d)
{
        char due[ISO_TIME_SIZE], found[ISO_TIME_SIZE];

        command_reply(ctx, "  %s  %s", iso_time_format(d->due, due), state_name(d->state));
        if (d->missed < 0) /* one that was over, and left before that was seen, was told to nobody */
                command_reply(ctx, "  %s", d->ended < 0 ? "pending" : d->ended <= d->due ? "met" : "left late");
        else
                command_reply(ctx, "  missed, found %s", iso_time_format(d->missed, found));
        if (d->escalated_to >= 0)
                command_reply(ctx, ", escalated to manager %" PRId64, d->escalated_to);
        command_reply(ctx, "\n");
}

static bool show_deadlines(struct pawl_ctx *ctx, struct db *db, int64_t id)
{
        struct deadline deadline;
        int more, count = 0;

        if (!deadlines_begin(db, id))
                return false;
        while ((more = deadlines_next(db, &deadline)) == 1) {
                if (count++ == 0)
                        command_reply(ctx, "deadlines\n");
                show_deadline(ctx, &deadline);
        }
        return more == 0;
}

static bool show_history(struct pawl_ctx *ctx, struct db *db, int64_t id)
{
        struct happening happening;
        int more;

        if (!history_begin(db, id))
                return false;
        command_reply(ctx, "history\n");
        while ((more = history_next(db, &happening)) == 1)
                show_happening(ctx, &happening);
        return more == 0;
}

static int32_t show(struct pawl_ctx *ctx, struct db *db, int64_t id)
{
        struct request request;

        if (!requests_load(db, id, &request)) {
                command_reply(ctx, "%s\n", db_error(db));
                return COMMAND_FAILED;
        }
        if (request.state == STATE_UNKNOWN) {
                command_reply(ctx, "request %" PRId64 " is unknown: no request.created of it was handled\n", id);
                return COMMAND_FAILED;
        }
        show_head(ctx, &request);
        requests_end(db);
        if (show_deadlines(ctx, db, id) && show_history(ctx, db, id))
                return COMMAND_OK;
        command_reply(ctx, "%s\n", db_error(db));
        return COMMAND_FAILED;
}

int32_t show_request(struct pawl_ctx *ctx, const char *database, const struct pawl_str *argv, uint32_t argc)
{
        char error[512];
        int32_t status;
        struct db *db;
        int64_t id;

        if (argc != 1 || !command_number(argv[0], &id)) {
                command_reply(ctx, "show: expected the id of one request, a number\n");
                return COMMAND_USAGE;
        }
        db = db_open(database, DB_READ, &workflow_design, error, sizeof error, NULL);
        if (db == NULL) {
                command_reply(ctx, "%s\n", error);
                return COMMAND_FAILED;
        }
        status = show(ctx, db, id);
        db_close(&db);
        return status;
}
