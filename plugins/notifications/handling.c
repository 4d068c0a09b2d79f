/*
 * From an event to rows: what it tells of its request is remembered, the rules say who is told of it, and each message stands as a
 * delivery in the database when the handler returns PAWL_OK.
 */
#include "handling.h"

#include "common/fields.h"

#include <inttypes.h>
#include <pawl/jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long an event about a request that is not known yet may wait for the request's own event, from another topic. */
#define FACTS_WAIT PAWL_S(60)
#define CLOCK_SKEW PAWL_S(5) /* that a producer's clock may be ahead */

/* ---- The two databases ---- */

pawl_result handling_outcome(struct pawl_ctx *ctx, pawl_result result, const char *error)
{
        switch (result) {
        case PAWL_OK:
                return PAWL_OK;
        case PAWL_FATAL:
                return pawl_fatal(ctx, "%s", error);
        case PAWL_RETRY:
                return pawl_retry(ctx, "%s", error);
        default:
                return pawl_unavailable(ctx, "%s", error);
        }
}

/* Puts the people of the settings' file into the directory, where it has not had this version of it. */
static pawl_result fill_directory(struct notifications *n, struct pawl_ctx *ctx)
{
        struct directory_change change;
        pawl_result result;

        if (n->people_path == NULL)
                return PAWL_OK;
        result = directory_put(n->directory, &n->people, 0, n->people_path, n->people_state, &change);
        if (result != PAWL_OK)
                return handling_outcome(ctx, result, directory_error(n->directory));
        if (change.added + change.changed > 0)
                pawl_info(ctx, "%s: %" PRId64 " recipients added, %" PRId64 " changed", n->people_path, change.added,
                          change.changed);
        n->people_path = NULL;
        people_clear(&n->people);
        return PAWL_OK;
}

/* Both are opened on first use: create must leave the files alone. Call with the mutex held. */
static pawl_result open_databases(struct notifications *n, struct pawl_ctx *ctx)
{
        char error[512];
        pawl_result result = PAWL_OK;

        if (n->store == NULL)
                n->store = store_open(n->store_path, error, sizeof error, &result);
        if (n->store != NULL && n->directory == NULL)
                n->directory = directory_open(n->directory_path, error, sizeof error, &result);
        if (n->store == NULL || n->directory == NULL)
                return handling_outcome(ctx, result, error);
        return fill_directory(n, ctx);
}

/* ---- What is known ---- */

/* A minute is enough for the other topic; a message with gaps is better than none. */
static bool may_wait(const struct handling *h)
{
        int64_t age = h->now - pawl_event_timestamp(h->ev);

        return h->facts.request_id != FACTS_NO_ID && !facts_complete(&h->facts) && age >= -CLOCK_SKEW &&
               age < FACTS_WAIT;
}

static pawl_result learn(struct handling *h, bool told_of)
{
        bool found;
        pawl_result result = PAWL_OK;

        if (h->facts.request_id != FACTS_NO_ID)
                result = store_facts(h->n->store, &h->facts, &found);
        if (result != PAWL_OK)
                return handling_outcome(h->ctx, result, store_error(h->n->store));
        h->changed = facts_learn(&h->facts, h->ev) && h->facts.request_id != FACTS_NO_ID;
        if (told_of && may_wait(h))
                return pawl_wait(h->ctx,
                                 "request %" PRId64 " is not known yet: its request.created was not read so far",
                                 h->facts.request_id);
        return PAWL_OK;
}

/* The names of the request's parties, as values. */
static pawl_result learn_names(struct handling *h)
{
        static const char *const names[PARTY_COUNT] = {"customer_name", "manager_name", "contractor_name"};

        message_values(h->ev, &h->facts, &h->values);
        for (int i = 0; i < PARTY_COUNT; i++) {
                struct person person;
                bool found = false;
                pawl_result result = PAWL_OK;

                if (h->facts.parties[i] != FACTS_NO_ID)
                        result = directory_find(h->n->directory, party_role((enum party)i), h->facts.parties[i],
                                                &person, &found);
                if (result != PAWL_OK)
                        return handling_outcome(h->ctx, result, directory_error(h->n->directory));
                if (!found)
                        continue;
                message_set(&h->values, names[i], pawl_text(person.values[PERSON_NAME]));
                person_clear(&person);
        }
        return PAWL_OK;
}

/* ---- The event ---- */

/* What a repeat of the event has in common with it: its id, so that one that was published twice is told of once; else its place. */
static void name_of(const struct pawl_event *ev, char *name, size_t size)
{
        struct pawl_str id = pawl_event_id(ev), topic = pawl_event_topic(ev);

        if (id.len > 0 && id.len < size)
                snprintf(name, size, "%.*s", (int)id.len, id.ptr);
        else
                snprintf(name, size, "%.*s/%" PRId32 "/%" PRId64, (int)topic.len, topic.ptr, pawl_event_partition(ev),
                         pawl_event_offset(ev));
}

/* Writes the deliveries, and what is to be remembered, in one transaction. */
static pawl_result keep(struct handling *h)
{
        struct pawl_str correlation = pawl_event_correlation_id(h->ev);
        char event[320];
        bool known;
        pawl_result result;

        if (h->count == 0 && !h->changed)
                return PAWL_OK;
        name_of(h->ev, event, sizeof event);
        for (size_t i = 0; i < h->count && correlation.ptr != NULL; i++)
                h->deliveries[i].correlation_id = strndup(correlation.ptr, correlation.len);
        result = store_add(h->n->store, event, h->changed ? &h->facts : NULL, h->deliveries, h->count, &known);
        if (result != PAWL_OK)
                return handling_outcome(h->ctx, result, store_error(h->n->store));
        for (size_t i = 0; i < h->count && !known; i++)
                pawl_info(h->ctx, "%s by %s to %s is %s", h->deliveries[i].message_type, h->deliveries[i].channel,
                          h->deliveries[i].address[0] ? h->deliveries[i].address : "nobody",
                          h->deliveries[i].error ? h->deliveries[i].error : "queued");
        return PAWL_OK;
}

static pawl_result handle(struct handling *h, const struct rule *rule)
{
        struct pawl_str type = pawl_event_type(h->ev);
        pawl_result result = open_databases(h->n, h->ctx);

        if (result == PAWL_OK)
                result = learn(h, rule != NULL);
        if (result == PAWL_OK && rule != NULL)
                result = learn_names(h);
        for (; result == PAWL_OK && rule != NULL; rule = routing_next(h->n->routing, type, rule)) {
                if (routing_fits(h->n->instance, rule, &h->values))
                        result = telling_apply(h, rule);
        }
        return result == PAWL_OK ? keep(h) : result;
}

/* Whether events of the type tell who takes part in a request, or what it is about. */
static bool tells_facts(struct pawl_str type)
{
        return strncmp(type.ptr, "request.", 8) == 0 || strncmp(type.ptr, "workflow.", 9) == 0;
}

pawl_result notifications_on_event(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        struct notifications *n = self;
        struct handling h = {.n = n, .ctx = ctx, .ev = ev, .now = pawl_now(n->instance)};
        const struct rule *rule = routing_next(n->routing, pawl_event_type(ev), NULL);
        int64_t request_id = FACTS_NO_ID;
        bool queued;
        pawl_result result;

        if (rule == NULL && !tells_facts(pawl_event_type(ev)))
                return PAWL_OK;
        result = fields_check(ctx, ev);
        if (result != PAWL_OK)
                return result;
        /* The host makes a dead letter of what cannot be read in full, whatever it is called here: nothing may be written of it. */
        if (pawl_event_json(ev) == NULL)
                return pawl_reject(ctx, "expected an event that can be read in full");
        pawl_event_int(ev, "request_id", &request_id);
        facts_init(&h.facts, request_id);
        pthread_mutex_lock(&n->mutex);
        result = handle(&h, rule);
        pthread_mutex_unlock(&n->mutex);
        queued = h.count > 0;
        while (h.count > 0)
                delivery_clear(&h.deliveries[--h.count]);
        free(h.deliveries);
        message_values_clear(&h.values);
        facts_clear(&h.facts);
        if (result == PAWL_OK && queued)
                sender_wake(n->sender);
        return result;
}
