/*
 * audit: appends every event of its topics to a hash-chained log, and finds what was done to the log afterwards.
 *
 * The bytes are stored as they came, events or not. One batch is one transaction, so an offset is committed only when its event stands
 * in the file. Each instance has a chain of its own, opened at its first batch: until then its predecessor may be writing.
 */
#include "chain.h"
#include "commands.h"
#include "entry.h"

#include <inttypes.h>
#include <pawl/jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_EVENTS 1000
#define BATCH_BYTES  (8 * 1024 * 1024)
#define AUDIT_TOPIC  "audit-events"

struct audit {
        struct pawl_instance *instance;
        struct chain *chain; /* the handlers' thread, one at a time: max_concurrency is 1 */
        char path[4096];
};

enum { METRIC_APPENDED, METRIC_REPEATED, METRIC_CONTRADICTIONS, METRIC_LENGTH };

static const struct pawl_metric metrics[] = {
    PAWL_METRIC(PAWL_COUNTER, "appended", "", "entries appended to the chain"),
    PAWL_METRIC(PAWL_COUNTER, "repeated", "", "events that were in the chain already"),
    PAWL_METRIC(PAWL_COUNTER, "contradictions", "", "events that differ from what came from their offset before"),
    PAWL_METRIC(PAWL_GAUGE, "length", "", "entries in the chain"),
};

/* The first batch opens the chain; a successor waits here until its predecessor has let go. */
static pawl_result open_chain(struct audit *audit, struct pawl_ctx *ctx)
{
        char error[512];
        pawl_result result;

        if (audit->chain != NULL)
                return PAWL_OK;
        audit->chain = chain_open(audit->path, error, sizeof error, &result);
        if (audit->chain == NULL)
                return result == PAWL_FATAL ? pawl_fatal(ctx, "%s", error) : pawl_unavailable(ctx, "%s", error);
        pawl_log(audit->instance, PAWL_LOG_INFO, "chain %s: %" PRId64 " entries", audit->path,
                 chain_length(audit->chain));
        pawl_health(audit->instance, PAWL_HEALTH_OK, "appends to %s", audit->path);
        return PAWL_OK;
}

/* Says so to the world; but never about such a report, or two logs that contradict themselves would report each other for ever. */
static bool report_contradiction(struct pawl_ctx *ctx, const struct entry *e)
{
        static const char own_type[] = "audit.error_occurred";
        json_t *body;

        pawl_warn(ctx, "its bytes differ from those that came from %.*s/%" PRId32 "@%" PRId64 " before",
                  (int)e->topic.len, e->topic.ptr, e->partition, e->offset);
        pawl_health(ctx->instance, PAWL_HEALTH_DEGRADED,
                    "other bytes than before came from %.*s/%" PRId32 "@%" PRId64 ": both were kept", (int)e->topic.len,
                    e->topic.ptr, e->partition, e->offset);
        if (e->event_type.len == sizeof own_type - 1 && memcmp(e->event_type.ptr, own_type, e->event_type.len) == 0)
                return true;
        body = json_pack("{ss ss s{ss% si sI}}", "component", "audit", "error_message",
                         "the event's bytes differ from those that came from its offset before", "details", "topic",
                         e->topic.ptr, e->topic.len, "partition", (int)e->partition, "offset", (json_int_t)e->offset);
        if (e->event_id.ptr != NULL)
                json_object_set_new(body, "failed_event_id", json_stringn(e->event_id.ptr, e->event_id.len));
        return pawl_emit_json(ctx, AUDIT_TOPIC, own_type, pawl_text(NULL), body) == 0;
}

/* What became of a batch's events, by chain_fate; counted outside only when the batch is committed. */
struct tally {
        uint64_t of[CHAIN_FATES];
};

static bool append_event(struct audit *audit, struct pawl_ctx *ctx, const struct pawl_event *ev, int64_t now,
                         struct tally *tally)
{
        struct entry entry;
        enum chain_fate fate;

        entry_of_event(ev, &entry);
        if (!chain_append(audit->chain, &entry, now, &fate))
                return false;
        tally->of[fate]++;
        if ((fate == CHAIN_CONTRADICTION || fate == CHAIN_CONTRADICTION_REPEATED) && !report_contradiction(ctx, &entry))
                pawl_error(ctx, "the report of it could not be emitted");
        return true;
}

static bool append_batch(struct audit *audit, struct pawl_ctx *ctx, const struct pawl_event *const *events,
                         uint32_t count, struct tally *tally)
{
        int64_t now = pawl_now(audit->instance);

        if (!chain_begin(audit->chain))
                return false;
        for (uint32_t i = 0; i < count; i++) {
                pawl_batch_at(ctx, i);
                if (!append_event(audit, ctx, events[i], now, tally))
                        return false;
        }
        return chain_commit(audit->chain);
}

/* All of the batch, or nothing of it. */
static uint32_t on_events(struct pawl_ctx *ctx, const struct pawl_event *const *events, uint32_t count,
                          pawl_result *rest, void *self)
{
        struct audit *audit = self;
        struct tally tally = {{0}};

        *rest = open_chain(audit, ctx);
        if (*rest != PAWL_OK)
                return 0;
        if (!append_batch(audit, ctx, events, count, &tally)) {
                *rest = chain_outcome(audit->chain, ctx);
                return 0;
        }
        pawl_metric_add(audit->instance, METRIC_APPENDED, tally.of[CHAIN_APPENDED] + tally.of[CHAIN_CONTRADICTION]);
        pawl_metric_add(audit->instance, METRIC_REPEATED,
                        tally.of[CHAIN_REPEATED] + tally.of[CHAIN_CONTRADICTION_REPEATED]);
        pawl_metric_add(audit->instance, METRIC_CONTRADICTIONS, tally.of[CHAIN_CONTRADICTION]);
        pawl_metric_set(audit->instance, METRIC_LENGTH, chain_length(audit->chain));
        return count;
}

/* Looks at the file that is there, and leaves it alone: another instance may be writing it. */
static bool audit_create(struct pawl_instance *instance, void **self)
{
        struct pawl_str dir = pawl_about_state_dir(instance);
        struct pawl_str number = pawl_about_instance(instance);
        struct audit *audit = calloc(1, sizeof *audit);
        bool first = number.len == 1 && number.ptr[0] == '0';
        char error[512];
        int len;

        if (audit == NULL)
                return pawl_fail(instance, "out of memory");
        audit->instance = instance;
        len = snprintf(audit->path, sizeof audit->path, "%s/audit%s%s.db", dir.ptr, first ? "" : "-",
                       first ? "" : number.ptr);
        if (len >= (int)sizeof audit->path)
                snprintf(error, sizeof error, "state directory: its path is too long (%zu bytes)", dir.len);
        else if (db_check(audit->path, &chain_design, error, sizeof error)) {
                *self = audit;
                return true;
        }
        free(audit);
        return pawl_fail(instance, "%s", error);
}

/* No handler runs any more: the chain is let go here, so that a successor need not wait for the end of this process. */
static void audit_stop(void *self)
{
        struct audit *audit = self;

        chain_close(&audit->chain);
}

static void audit_destroy(void *self)
{
        struct audit *audit = self;

        chain_close(&audit->chain);
        free(audit);
}

static const struct pawl_handler handlers[] = {
    PAWL_ON_BATCH("*", on_events, PAWL_WANTS_TOMBSTONES | PAWL_WANTS_MALFORMED, BATCH_EVENTS, BATCH_BYTES, 0),
};

#define SEARCH_USAGE                                                                                                   \
        "[--type TYPE] [--request N] [--user N] [--correlation ID] [--event ID] [--topic TOPIC] "                      \
        "[--since TIME] [--until TIME] [--limit N]"

static const struct pawl_command commands[] = {
    PAWL_COMMAND("verify", "", "check every chain for entries altered, removed, moved or cut off", audit_verify),
    PAWL_COMMAND("search", SEARCH_USAGE, "list entries, a line each", audit_search),
    PAWL_COMMAND("export", SEARCH_USAGE, "write entries as NDJSON, with their bytes and hashes", audit_export),
};

static const struct pawl_need needs[] = {
    PAWL_NEED(PAWL_NEED_TOPIC, AUDIT_TOPIC, "reports of events that contradict what is stored"),
};

static const struct pawl_plugin audit = {
    PAWL_DESCRIPTOR("audit", "1.0.0"),
    .handlers = PAWL_ARRAY(handlers),
    .metrics = PAWL_ARRAY(metrics),
    .commands = PAWL_ARRAY(commands),
    .needs = PAWL_ARRAY(needs),
    .create = audit_create,
    .stop = audit_stop,
    .destroy = audit_destroy,
    .max_concurrency = 1,
};

PAWL_EXPORT(audit);
