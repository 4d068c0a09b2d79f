#include "common/batch.h"

static pawl_result open_database(const struct batch *b, struct pawl_ctx *ctx)
{
        char error[512];
        pawl_result result;

        if (*b->db == NULL)
                *b->db = db_open(b->path, DB_WRITE, b->design, error, sizeof error, &result);
        if (*b->db != NULL)
                return PAWL_OK;
        return result == PAWL_FATAL ? pawl_fatal(ctx, "%s", error) : pawl_unavailable(ctx, "%s", error);
}

/* All of it or nothing. */
static pawl_result handle_one(const struct batch *b, struct pawl_ctx *ctx, const struct pawl_event *ev)
{
        struct db *db = *b->db;
        pawl_result result;

        if (!db_part_begin(db))
                return db_outcome(db, ctx);
        result = b->handle(ctx, ev, b->arg);
        if (result == PAWL_OK && !db_part_keep(db))
                result = db_outcome(db, ctx);
        if (result != PAWL_OK)
                db_part_undo(db);
        return result;
}

uint32_t batch_handle(const struct batch *b, struct pawl_ctx *ctx, const struct pawl_event *const *events,
                      uint32_t count, pawl_result *rest)
{
        uint32_t done = 0;

        *rest = open_database(b, ctx);
        if (*rest != PAWL_OK)
                return 0;
        if (!db_begin(*b->db))
                *rest = db_outcome(*b->db, ctx);
        while (*rest == PAWL_OK && done < count) {
                pawl_batch_at(ctx, done);
                *rest = handle_one(b, ctx, events[done]);
                done += *rest == PAWL_OK;
        }
        /* Nothing was done unless it stands in the file: then the batch comes again from its first event. */
        if (done > 0 && !db_commit(*b->db)) {
                *rest = db_outcome(*b->db, ctx);
                done = 0;
        }
        db_rollback(*b->db);
        return done;
}
