#include "common/emissions.h"

#include <inttypes.h>
#include <stdio.h>

/* The places of EMISSIONS_STATEMENTS, from the plugin's first one. */
enum { ADD, LIST };

static pawl_result emit(struct pawl_ctx *ctx, const struct emission *e)
{
        int32_t status = pawl_emit(ctx, e->topic.ptr, e->event_type.ptr, e->key, e->body);

        if (status == 0)
                return PAWL_OK;
        return pawl_reject(ctx, "%s could not be emitted: %s", e->event_type.ptr,
                           status == PAWL_E_TOO_LARGE ? "it is too large" : "it is invalid");
}

pawl_result emissions_emit(struct db *db, int statement, struct pawl_ctx *ctx, int64_t number, int64_t ordinal,
                           const struct emission *e)
{
        if (!db_run(db, statement + ADD,
                    DB_VALUES(db_int(number), db_int(ordinal), db_text(e->topic), db_text(e->event_type),
                              db_text(e->key), db_text(e->body))))
                return db_outcome(db, ctx);
        return emit(ctx, e);
}

pawl_result emissions_repeat(struct db *db, int statement, struct pawl_ctx *ctx, int64_t number)
{
        int list = statement + LIST, more = -1;
        pawl_result result = PAWL_OK;

        if (!db_query(db, list, DB_VALUES(db_int(number))))
                return db_outcome(db, ctx);
        while (result == PAWL_OK && (more = db_next(db, list)) == 1) {
                const struct emission e = {
                    .topic = db_column_text(db, list, 0),
                    .event_type = db_column_text(db, list, 1),
                    .key = db_column_text(db, list, 2),
                    .body = db_column_text(db, list, 3),
                };

                result = emit(ctx, &e);
        }
        db_end(db, list);
        return more < 0 ? db_outcome(db, ctx) : result;
}

struct pawl_str emissions_source(const struct pawl_event *ev, char text[EMISSIONS_SOURCE_SIZE])
{
        struct pawl_str source = pawl_event_id(ev);

        if (source.len > 0)
                return source;
        snprintf(text, EMISSIONS_SOURCE_SIZE, "%s/%" PRId32 "/%" PRId64, pawl_event_topic(ev).ptr,
                 pawl_event_partition(ev), pawl_event_offset(ev));
        return pawl_text(text);
}
