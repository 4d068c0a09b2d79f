#include "events.h"

#include "handling.h"

#include "common/fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool equal(struct pawl_str a, struct pawl_str b)
{
        return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

static const struct event_rule *find_rule(struct pawl_str type)
{
        for (size_t i = 0; i < event_rule_count; i++) {
                if (equal(type, pawl_text(event_rules[i].event_type)))
                        return &event_rules[i];
        }
        return NULL;
}

/* ---- An event that was handled before ---- */

/* An id that two different events carry would make one of them disappear without a word. */
static pawl_result repeat(struct handling *h, const struct happening *before, int64_t number)
{
        struct pawl_str type = pawl_event_type(h->ev);

        if (before->contractor_id != h->contractor_id || before->request_id != h->request_id ||
            !equal(before->event_type, type))
                return pawl_reject(h->o.ctx,
                                   "event_id %.*s: expected %.*s of contractor %" PRId64 " and request %" PRId64
                                   ", which was handled under this id, found %.*s of contractor %" PRId64
                                   " and request %" PRId64 " (-1: none)",
                                   (int)before->source.len, before->source.ptr, (int)before->event_type.len,
                                   before->event_type.ptr, before->contractor_id, before->request_id, (int)type.len,
                                   type.ptr, h->contractor_id, h->request_id);
        h->o.tally[TALLY_REPEATED]++;
        return store_emit_again(h->o.db, h->o.ctx, number);
}

/* ---- Each event once ---- */

static int64_t id_of(const struct pawl_event *ev, const char *name)
{
        return pawl_event_kind(ev, name) == PAWL_KIND_INT ? field_int(ev, name) : -1;
}

static pawl_result handle_once(struct handling *h, const struct event_rule *rule)
{
        struct happening before;
        int64_t number = 0;
        pawl_result result;
        int found = history_find(h->o.db, h->o.source, &before, &number);

        if (found < 0)
                result = occasion_db(&h->o, false);
        else
                result = found > 0 ? repeat(h, &before, number) : rule->handle(h);
        history_end(h->o.db);
        return result;
}

pawl_result events_handle(struct pawl_ctx *ctx, const struct pawl_event *ev, struct db *db, const struct policy *policy,
                          uint64_t tally[TALLIES])
{
        const struct event_rule *rule = find_rule(pawl_event_type(ev));
        char position[EMISSIONS_SOURCE_SIZE];
        struct handling h = {
            .o = {.instance = ctx->instance, .ctx = ctx, .db = db, .policy = policy},
            .ev = ev,
        };
        pawl_result result;

        if (rule == NULL)
                return pawl_reject(ctx, "no rule for this type of event");
        result = fields_check(ctx, ev);
        if (result != PAWL_OK)
                return result;
        h.o.now = occasion_time(ctx->instance);
        h.o.source = emissions_source(ev, position);
        h.contractor_id = id_of(ev, "contractor_id");
        h.request_id = id_of(ev, "request_id");
        result = handle_once(&h, rule);
        for (unsigned t = 0; t < TALLIES && result == PAWL_OK; t++)
                tally[t] += h.o.tally[t];
        return result;
}
