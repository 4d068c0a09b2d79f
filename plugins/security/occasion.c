#include "occasion.h"

#include "common/iso_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int64_t occasion_time(struct pawl_instance *instance)
{
        int64_t now = pawl_now(instance);

        return now - now % PAWL_US(1);
}

pawl_result occasion_db(struct occasion *o, bool ok)
{
        if (ok)
                return PAWL_OK;
        return o->ctx != NULL ? db_outcome(o->db, o->ctx) : db_result(o->db);
}

static struct pawl_str standing_text(enum standing standing)
{
        return pawl_text(standing < STANDING_COUNT ? standing_name(standing) : "");
}

pawl_result occasion_line(struct occasion *o, const struct line *line)
{
        struct happening happening = {
            .source = o->ctx != NULL ? o->source : pawl_text(NULL),
            .contractor_id = line->contractor_id,
            .request_id = line->request_id,
            .event_type = line->event_type,
            .from = standing_text(line->from),
            .to = standing_text(line->to),
            .note = line->note,
            .time = line->time,
        };

        return occasion_db(o, history_add(o->db, &happening, &o->number));
}

/* ---- Announcements ---- */

/* All that one occasion causes has one correlation id, as what an event causes has. */
static pawl_result put_out(struct occasion *o, const struct emission *e)
{
        char name[512], id[37], correlation[37];
        struct outbox_event event = {.topic = e->topic, .event_type = e->event_type, .key = e->key, .body = e->body};

        pawl_derive_id(o->instance, o->source, correlation);
        event.correlation_id = pawl_text(correlation);
        snprintf(name, sizeof name, "%.*s/%" PRId64, (int)o->source.len, o->source.ptr, o->ordinal);
        pawl_derive_id(o->instance, pawl_text(name), id);
        event.event_id = pawl_text(id);
        return occasion_db(o, store_outbox_add(o->db, &event));
}

pawl_result occasion_announce(struct occasion *o, const char *topic, const char *event_type, int64_t key, json_t *body)
{
        char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
        struct emission emission = {.topic = pawl_text(topic), .event_type = pawl_text(event_type)};
        char key_text[24];
        pawl_result result;

        json_decref(body);
        if (text == NULL)
                return o->ctx != NULL ? pawl_retry(o->ctx, "out of memory") : PAWL_RETRY;
        snprintf(key_text, sizeof key_text, "%" PRId64, key);
        emission.key = pawl_text(key_text);
        emission.body = pawl_text(text);
        result = o->ctx != NULL ? store_emit(o->db, o->ctx, o->number, o->ordinal, &emission) : put_out(o, &emission);
        o->ordinal++;
        free(text);
        return result;
}

/* A decision has no address and no browser: the catalogue wants both, so they say that it was taken here, by this plugin. */
pawl_result occasion_audit(struct occasion *o, int64_t user_id, const char *action, const char *resource_type,
                           int64_t resource_id, json_t *additional)
{
        char time[ISO_TIME_SIZE];
        json_t *body =
            json_pack("{sI ss ss ss sI ss ss sb so ss}", "user_id", (json_int_t)user_id, "user_role", "security",
                      "action", action, "resource_type", resource_type, "resource_id", (json_int_t)resource_id,
                      "ip_address", "127.0.0.1", "user_agent", "pawl/security", "success", 1, "additional_data",
                      additional, "timestamp", iso_time_format(o->now, time));

        return occasion_announce(o, AUDIT_TOPIC, "audit.user_action", user_id, body);
}
