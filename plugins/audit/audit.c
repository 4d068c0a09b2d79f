/*
 * audit: appends every event of its topics to a hash-chained log, and finds what was done to the log afterwards.
 *
 * The bytes are stored as they came, events or not. One batch is one transaction, so an offset is committed only when its event stands
 * in the file. Each instance has a chain of its own, opened at its first batch: until then its predecessor may be writing.
 */
#include "audit.h"
#include "commands.h"
#include "entry.h"

#include <inttypes.h>
#include <pawl/jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH_EVENTS  1000
#define BATCH_BYTES   (8 * 1024 * 1024)
#define AUDIT_TOPIC   "audit-events"
#define OWN_TYPE      "audit.error_occurred"
#define TICK_INTERVAL PAWL_S(1)
#define TICK_WORK     PAWL_MS(100) /* of a tick's upkeep, so that handlers get the chain */

enum {
        METRIC_APPENDED,
        METRIC_REPEATED,
        METRIC_CONTRADICTIONS,
        METRIC_LENGTH,
        METRIC_REFUSED,
        METRIC_CLEARED,
        METRIC_REMOVED,
};

static const struct pawl_metric metrics[] = {
    PAWL_METRIC(PAWL_COUNTER, "appended", "", "entries appended to the chain"),
    PAWL_METRIC(PAWL_COUNTER, "repeated", "", "events that were in the chain already"),
    PAWL_METRIC(PAWL_COUNTER, "contradictions", "", "events that differ from what came from their offset before"),
    PAWL_METRIC(PAWL_GAUGE, "length", "", "entries that were ever appended to the chain"),
    PAWL_METRIC(PAWL_COUNTER, "refused", "", "events larger than what is stored, which became dead letters"),
    PAWL_METRIC(PAWL_COUNTER, "cleared", "", "entries of which retention left place and hashes"),
    PAWL_METRIC(PAWL_COUNTER, "removed", "", "entries that retention took away whole, behind an anchor"),
};

/* The first batch opens the chain; a successor waits here until its predecessor has let go. */
bool audit_open(struct audit *audit, char *error, size_t error_size, pawl_result *result)
{
        *result = PAWL_OK;
        if (audit->chain != NULL)
                return true;
        if (audit->stopped) {
                *result = PAWL_UNAVAILABLE;
                snprintf(error, error_size, "the plugin is stopping");
                return false;
        }
        audit->chain = chain_open(audit->path, error, error_size, result);
        if (audit->chain == NULL)
                return false;
        *result = PAWL_OK;
        pawl_log(audit->instance, PAWL_LOG_INFO, "chain %s: %" PRId64 " entries", audit->path,
                 chain_length(audit->chain));
        pawl_health(audit->instance, PAWL_HEALTH_OK, "appends to %s", audit->path);
        return true;
}

/* ---- What is told to the world ---- */

/* Never is anything said about such a report, or two logs that cannot store each other's would report for ever. */
static bool is_own_report(const struct entry *e)
{
        return e->event_type.len == sizeof OWN_TYPE - 1 && memcmp(e->event_type.ptr, OWN_TYPE, e->event_type.len) == 0;
}

static json_t *report_body(const struct entry *e, const char *message)
{
        json_t *body =
            json_pack("{ss ss s{ss% si sI}}", "component", "audit", "error_message", message, "details", "topic",
                      e->topic.ptr, e->topic.len, "partition", (int)e->partition, "offset", (json_int_t)e->offset);

        if (e->event_id.ptr != NULL)
                json_object_set_new(body, "failed_event_id", json_stringn(e->event_id.ptr, e->event_id.len));
        return body;
}

static bool report_contradiction(struct pawl_ctx *ctx, const struct entry *e)
{
        pawl_warn(ctx, "its bytes differ from those that came from %.*s/%" PRId32 "@%" PRId64 " before",
                  (int)e->topic.len, e->topic.ptr, e->partition, e->offset);
        pawl_health(ctx->instance, PAWL_HEALTH_DEGRADED,
                    "other bytes than before came from %.*s/%" PRId32 "@%" PRId64 ": both were kept", (int)e->topic.len,
                    e->topic.ptr, e->partition, e->offset);
        if (is_own_report(e))
                return true;
        return pawl_emit_json(ctx, AUDIT_TOPIC, OWN_TYPE, pawl_text(NULL),
                              report_body(e, "the event's bytes differ from those that came from its offset before")) ==
               0;
}

/*
 * A dead letter emits nothing, so the report is published by itself, under an id that a repeat has too. Returns what becomes of the event: a
 * dead letter, or another attempt when the report finds no room.
 */
static pawl_result refuse(struct audit *audit, struct pawl_ctx *ctx, const struct entry *e)
{
        struct pawl_message message = pawl_message_make(AUDIT_TOPIC, OWN_TYPE, e->event_id, pawl_text(NULL));
        uint64_t size = e->key.len + e->value.len;
        char name[512], text[128], id[37];
        char *body = NULL;
        int32_t status = 0;

        snprintf(text, sizeof text, "too large for the log: %" PRIu64 " bytes, at most %" PRIu64, size, audit->largest);
        if (!is_own_report(e)) {
                json_t *object = report_body(e, text);

                body = json_dumps(object, JSON_COMPACT);
                json_decref(object);
                snprintf(name, sizeof name, "too large: %.*s/%" PRId32 "@%" PRId64, (int)e->topic.len, e->topic.ptr,
                         e->partition, e->offset);
                pawl_derive_id(audit->instance, pawl_text(name), id);
                message.event_id = pawl_text(id);
                message.correlation_id = e->correlation_id;
                message.body = pawl_text(body);
                status = body != NULL ? pawl_publish(audit->instance, &message, NULL, NULL) : PAWL_E_FULL;
                free(body);
        }
        if (status != 0)
                return pawl_retry(ctx, "%s; and the report of it cannot be published now", text);
        pawl_metric_add(audit->instance, METRIC_REFUSED, 1);
        return pawl_reject(ctx, "%s", text);
}

/* ---- Events ---- */

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

/* How many events from the front can be stored. */
static uint32_t count_storable(const struct audit *audit, const struct pawl_event *const *events, uint32_t count)
{
        uint32_t i = 0;

        while (i < count && pawl_event_key(events[i]).len + pawl_event_value(events[i]).len <= audit->largest)
                i++;
        return i;
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

static pawl_result refuse_at(struct audit *audit, struct pawl_ctx *ctx, const struct pawl_event *ev, uint32_t index)
{
        struct entry entry;

        pawl_batch_at(ctx, index);
        entry_of_event(ev, &entry);
        return refuse(audit, ctx, &entry);
}

/* Under the lock: all of the batch up to the first event that cannot be stored, or nothing of it. */
static uint32_t store(struct audit *audit, struct pawl_ctx *ctx, const struct pawl_event *const *events, uint32_t count,
                      pawl_result *rest)
{
        uint32_t storable = count_storable(audit, events, count);
        struct tally tally = {{0}};
        char error[512];

        if (!audit_open(audit, error, sizeof error, rest)) {
                *rest = *rest == PAWL_FATAL ? pawl_fatal(ctx, "%s", error) : pawl_unavailable(ctx, "%s", error);
                return 0;
        }
        if (storable > 0 && !append_batch(audit, ctx, events, storable, &tally)) {
                *rest = chain_outcome(audit->chain, ctx);
                return 0;
        }
        pawl_metric_add(audit->instance, METRIC_APPENDED, tally.of[CHAIN_APPENDED] + tally.of[CHAIN_CONTRADICTION]);
        pawl_metric_add(audit->instance, METRIC_REPEATED,
                        tally.of[CHAIN_REPEATED] + tally.of[CHAIN_CONTRADICTION_REPEATED]);
        pawl_metric_add(audit->instance, METRIC_CONTRADICTIONS, tally.of[CHAIN_CONTRADICTION]);
        pawl_metric_set(audit->instance, METRIC_LENGTH, chain_length(audit->chain));
        if (storable < count)
                *rest = refuse_at(audit, ctx, events[storable], storable);
        return storable;
}

static uint32_t on_events(struct pawl_ctx *ctx, const struct pawl_event *const *events, uint32_t count,
                          pawl_result *rest, void *self)
{
        struct audit *audit = self;
        uint32_t stored;

        pthread_mutex_lock(&audit->lock);
        stored = store(audit, ctx, events, count, rest);
        pthread_mutex_unlock(&audit->lock);
        return stored;
}

/* ---- Upkeep ---- */

/* Said when it begins and when it ends, and not every second. */
static void note_upkeep(struct audit *audit, bool failed, const char *error)
{
        if (failed == audit->upkeep_failed)
                return;
        audit->upkeep_failed = failed;
        if (failed) {
                pawl_log(audit->instance, PAWL_LOG_WARN, "checkpoints and retention are tried again until they go: %s",
                         error);
                pawl_health(audit->instance, PAWL_HEALTH_DEGRADED, "checkpoints and retention: %s", error);
        } else {
                pawl_log(audit->instance, PAWL_LOG_INFO, "checkpoints and retention go again");
                pawl_health(audit->instance, PAWL_HEALTH_OK, "appends to %s", audit->path);
        }
}

/* One slice, with the chain for itself. Returns whether there is more to be done at once. */
static bool tick_slice(struct audit *audit)
{
        struct retention_work work = {0};
        char error[512] = "";
        pawl_result result;
        bool opened, ok;

        pthread_mutex_lock(&audit->lock);
        opened = audit_open(audit, error, sizeof error, &result);
        ok = opened && upkeep_slice(audit->upkeep, audit->chain, &work, error, sizeof error);
        if (opened) {
                note_upkeep(audit, !ok, error);
                pawl_metric_set(audit->instance, METRIC_LENGTH, chain_length(audit->chain));
        }
        pthread_mutex_unlock(&audit->lock);
        pawl_metric_add(audit->instance, METRIC_CLEARED, (uint64_t)work.cleared);
        pawl_metric_add(audit->instance, METRIC_REMOVED, (uint64_t)work.removed);
        return ok && work.more;
}

/* A chain that is not there yet is left to the first event; one that another process holds, to a later tick. */
static void audit_tick(struct pawl_ctx *ctx, void *self)
{
        struct audit *audit = self;
        int64_t begin = pawl_monotonic(audit->instance);

        if (upkeep_key(audit->upkeep) == NULL || access(audit->path, F_OK) != 0)
                return;
        while (tick_slice(audit) && !pawl_cancelled(ctx) && pawl_monotonic(audit->instance) - begin < TICK_WORK)
                ;
}

/* ---- Life ---- */

/* Takes what create has made so far, and NULL. */
static void audit_free(struct audit *audit)
{
        if (audit == NULL)
                return;
        chain_close(&audit->chain);
        upkeep_free(&audit->upkeep);
        pthread_mutex_destroy(&audit->lock);
        free(audit);
}

/* Looks at the file that is there, and leaves it alone: another instance may be writing it. */
static bool check_file(struct audit *audit)
{
        struct pawl_str dir = pawl_about_state_dir(audit->instance);
        struct pawl_str number = pawl_about_instance(audit->instance);
        bool first = number.len == 1 && number.ptr[0] == '0';
        char error[512];
        int len;

        len = snprintf(audit->path, sizeof audit->path, "%s/audit%s%s.db", dir.ptr, first ? "" : "-",
                       first ? "" : number.ptr);
        if (len >= (int)sizeof audit->path)
                return pawl_fail(audit->instance, "state directory: its path is too long (%zu bytes)", dir.len);
        return db_check(audit->path, &chain_design, error, sizeof error) || pawl_fail(audit->instance, "%s", error);
}

static bool audit_create(struct pawl_instance *instance, void **self)
{
        struct audit *audit = calloc(1, sizeof *audit);

        if (audit == NULL)
                return pawl_fail(instance, "out of memory");
        audit->instance = instance;
        audit->largest = (uint64_t)pawl_setting_int(instance, "largest");
        pthread_mutex_init(&audit->lock, NULL);
        if (check_file(audit)) {
                audit->upkeep = upkeep_new(instance, strrchr(audit->path, '/') + 1);
                if (audit->upkeep != NULL) {
                        *self = audit;
                        return true;
                }
        }
        audit_free(audit);
        return false;
}

/* No handler runs any more, at most a command: the chain is let go here, so that a successor need not wait for the end of this process. */
static void audit_stop(void *self)
{
        struct audit *audit = self;

        pthread_mutex_lock(&audit->lock);
        audit->stopped = true;
        chain_close(&audit->chain);
        pthread_mutex_unlock(&audit->lock);
}

static void audit_destroy(void *self)
{
        audit_free(self);
}

static const struct pawl_handler handlers[] = {
    PAWL_ON_BATCH("*", on_events, PAWL_WANTS_TOMBSTONES | PAWL_WANTS_MALFORMED, BATCH_EVENTS, BATCH_BYTES, 0),
};

#define SEARCH_USAGE                                                                                                   \
        "[--type TYPE] [--request N] [--user N] [--correlation ID] [--event ID] [--topic TOPIC] "                      \
        "[--since TIME] [--until TIME] [--limit N]"

static const struct pawl_setting settings[] = {
    PAWL_SETTING_PLAIN(PAWL_TYPE_PATH, 0, "checkpoint_key",
                       "an Ed25519 private key (PEM) that signs checkpoints and what retention does; without it there "
                       "are neither"),
    PAWL_SETTING_DURATION("checkpoint_interval", "1d", "1s..366d", "from one checkpoint to the next"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_PATH, 0, "checkpoint_folder",
                       "where checkpoints.ndjson grows, to be copied to another machine; the state directory if not "
                       "set"),
    PAWL_SETTING_MAP(0, PAWL_TYPE_DURATION, "retention",
                     "how long each topic's entries are kept, by the topic's name; one that is not named is kept for "
                     "ever"),
    PAWL_SETTING_SIZE("largest", "900MiB", "1KiB..900MiB",
                      "the largest event, key and value, that is stored; a larger one becomes a dead letter and is "
                      "reported"),
};

static const struct pawl_command commands[] = {
    PAWL_COMMAND("verify", "[--key PUBLIC.pem] [--checkpoints FILE]",
                 "check every chain for entries altered, removed, moved or cut off, and against its checkpoints",
                 audit_verify),
    PAWL_COMMAND("search", SEARCH_USAGE, "list entries, a line each", audit_search),
    PAWL_COMMAND("export", SEARCH_USAGE " [--format ndjson|csv]",
                 "write entries as NDJSON, with their bytes and hashes, or as CSV", audit_export),
    PAWL_COMMAND("checkpoint", "", "make a signed checkpoint of the chain now", audit_checkpoint),
};

static const struct pawl_need needs[] = {
    PAWL_NEED(PAWL_NEED_TOPIC, AUDIT_TOPIC, "reports of events that contradict what is stored, or cannot be stored"),
};

static const struct pawl_plugin audit = {
    PAWL_DESCRIPTOR("audit", "1.0.0"),
    .handlers = PAWL_ARRAY(handlers),
    .settings = PAWL_ARRAY(settings),
    .metrics = PAWL_ARRAY(metrics),
    .commands = PAWL_ARRAY(commands),
    .needs = PAWL_ARRAY(needs),
    .create = audit_create,
    .tick = audit_tick,
    .stop = audit_stop,
    .destroy = audit_destroy,
    .tick_interval = TICK_INTERVAL,
    .max_concurrency = 1,
};

PAWL_EXPORT(audit);
