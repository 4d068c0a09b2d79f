#include "carrier.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_TIME   PAWL_S(15) /* longest, within attempt_time */
#define BREAKER_PAUSE  PAWL_S(30) /* longest */
#define RATE_AHEAD     2          /* seconds' worth of a rate limit that are taken from the database in advance */
#define REFUSE_AT_ONCE 256        /* rows a time of a channel that is not configured */

void transfer_append(struct transfer_list *list, struct transfer *transfer)
{
        transfer->next = NULL;
        if (list->last != NULL)
                list->last->next = transfer;
        else
                list->first = transfer;
        list->last = transfer;
        list->count++;
}

struct transfer *transfer_pop(struct transfer_list *list)
{
        struct transfer *t = list->first;

        if (t == NULL)
                return NULL;
        list->first = t->next;
        if (list->first == NULL)
                list->last = NULL;
        list->count--;
        t->next = NULL;
        return t;
}

/* The URL up to its path. */
static void write_server(struct carrier *c)
{
        const char *url = c->options.url ? c->options.url : "", *host = strstr(url, "://");
        size_t len = host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#") : strcspn(url, "/?#");

        snprintf(c->server, sizeof c->server, "%.*s", (int)len, url);
}

static int64_t least(int64_t a, int64_t b)
{
        return a < b ? a : b;
}

bool carrier_init(struct carrier *carrier, const struct carrier_options *options, struct pawl_instance *instance,
                  struct loop *loop)
{
        *carrier = (struct carrier){.options = *options, .instance = instance};
        write_server(carrier);
        if (options->self == NULL)
                return true;
        gate_init(&carrier->gate, options->connections, options->per_second, options->retry_min,
                  least(options->retry_max, BREAKER_PAUSE), pawl_monotonic(instance));
        carrier->wire = wire_new(loop, (long)options->connections);
        return carrier->wire != NULL &&
               (options->kind->own == NULL ||
                options->kind->own->attach(options->self, loop, carrier->wire, options->attempt_time));
}

static void unlink_transfer(struct carrier *c, struct transfer *t)
{
        if (t->previous != NULL)
                t->previous->next = t->next;
        else
                c->under_way = t->next;
        if (t->next != NULL)
                t->next->previous = t->previous;
        t->next = t->previous = NULL;
        c->under_way_count--;
}

static void link_transfer(struct carrier *c, struct transfer *t)
{
        t->next = c->under_way;
        if (c->under_way != NULL)
                c->under_way->previous = t;
        c->under_way = t;
        c->under_way_count++;
}

static void free_list(struct transfer_list *list)
{
        struct transfer *t;

        while ((t = transfer_pop(list)) != NULL)
                transfer_free(t);
}

void carrier_clear(struct carrier *carrier)
{
        while (carrier->under_way != NULL) {
                struct transfer *t = carrier->under_way;

                unlink_transfer(carrier, t);
                if (carrier->options.kind->own != NULL)
                        carrier->options.kind->own->cut(carrier->options.self, t);
                else
                        wire_end(carrier->wire, t->easy);
                transfer_free(t);
        }
        free_list(&carrier->waiting);
        free_list(&carrier->done);
        if (carrier->options.self != NULL)
                carrier->options.kind->destroy(carrier->options.self);
        carrier->options.self = NULL;
        wire_free(&carrier->wire);
}

size_t carrier_open(const struct carrier *carrier)
{
        return carrier->waiting.count + carrier->under_way_count + carrier->done.count;
}

size_t carrier_wants(struct carrier *carrier)
{
        const struct carrier_options *o = &carrier->options;
        size_t open = carrier_open(carrier), most = o->max_open;

        if (o->self == NULL)
                return REFUSE_AT_ONCE;
        if (gate_shut(&carrier->gate, pawl_monotonic(carrier->instance)))
                return 0;
        if (carrier->gate.state != BREAKER_CLOSED)
                return carrier->gate.state == BREAKER_OPEN && carrier->waiting.count == 0 ? 1 : 0;
        if (o->per_second > 0 && carrier->under_way_count + 1 + (size_t)(o->per_second * RATE_AHEAD) < most)
                most = carrier->under_way_count + 1 + (size_t)(o->per_second * RATE_AHEAD);
        return open < most ? most - open : 0;
}

static bool refuse(struct carrier *c, struct transfer *t, const char *why)
{
        t->verdict.outcome = OUTCOME_REFUSED;
        verdict_say(&t->verdict, "%s", why);
        transfer_append(&c->done, t);
        return true;
}

bool carrier_add(struct carrier *carrier, struct delivery *delivery)
{
        const struct carrier_options *o = &carrier->options;
        struct transfer *t = calloc(1, sizeof *t);
        const char *fault;

        if (t == NULL)
                return false;
        t->delivery = *delivery;
        *delivery = (struct delivery){0};
        if (o->self == NULL)
                return refuse(carrier, t, "the channel is not configured");
        fault = o->kind->fault(o->self, &t->delivery);
        if (fault != NULL)
                return refuse(carrier, t, fault);
        transfer_append(&carrier->waiting, t);
        return true;
}

static bool begin_one(struct carrier *c, struct transfer *t)
{
        const struct carrier_options *o = &c->options;

        if (o->kind->own != NULL)
                return o->kind->own->begin(o->self, t);
        if (!o->kind->prepare(o->self, t))
                return false;
        curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
        curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->error);
        curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)(o->attempt_time / PAWL_MS(1)));
        curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(least(o->attempt_time, CONNECT_TIME) / PAWL_MS(1)));
        return wire_begin(c->wire, t->easy);
}

size_t carrier_begin(struct carrier *carrier)
{
        int64_t now = pawl_monotonic(carrier->instance);
        size_t began = 0;
        struct transfer *t;

        while (carrier->waiting.count > 0 && gate_room(&carrier->gate, now, carrier->under_way_count) > 0) {
                t = transfer_pop(&carrier->waiting);
                if (!begin_one(carrier, t)) {
                        t->verdict.outcome = OUTCOME_LATER;
                        verdict_say(&t->verdict, "out of memory");
                        transfer_append(&carrier->done, t);
                        continue;
                }
                t->probe = gate_begin(&carrier->gate);
                link_transfer(carrier, t);
                began++;
        }
        return began;
}

static void say_away(struct carrier *c, int64_t now, const char *text)
{
        snprintf(c->trouble, sizeof c->trouble, "%s %s: %s; deliveries wait, next try in %" PRId64 " ms",
                 c->options.kind->provider, c->server, text, (c->gate.until - now) / PAWL_MS(1));
        c->changed = true;
}

/* What an end means for the channel. */
static void tell_gate(struct carrier *c, const struct transfer *t)
{
        int64_t now = pawl_monotonic(c->instance);

        if (t->verdict.outcome == OUTCOME_AWAY) {
                if (gate_failed(&c->gate, now, t->probe))
                        say_away(c, now, t->verdict.text);
                return;
        }
        if (gate_answered(&c->gate)) {
                c->trouble[0] = '\0';
                c->changed = true;
        }
        if (t->verdict.outcome == OUTCOME_HELD)
                gate_hold(&c->gate, now + t->verdict.wait);
}

void carrier_give_back(struct carrier *carrier, struct transfer_list *ended)
{
        struct transfer *t;

        while ((t = transfer_pop(&carrier->waiting)) != NULL) {
                t->verdict.outcome = OUTCOME_UNTRIED;
                transfer_append(ended, t);
        }
}

/* The next that ended by itself, with its verdict; NULL: none. */
static struct transfer *next_ended(struct carrier *c)
{
        const struct kind *kind = c->options.kind;
        struct transfer *t;
        CURLcode code;
        CURL *easy;

        if (c->wire == NULL)
                return NULL;
        if (kind->own != NULL)
                return kind->own->next(c->options.self);
        easy = wire_next(c->wire, &code);
        if (easy == NULL)
                return NULL;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
        kind->judge(c->options.self, t, code, &t->verdict);
        wire_end(c->wire, easy);
        return t;
}

void carrier_collect(struct carrier *carrier, struct transfer_list *ended)
{
        struct transfer *t;

        while ((t = next_ended(carrier)) != NULL) {
                unlink_transfer(carrier, t);
                tell_gate(carrier, t);
                transfer_append(ended, t);
        }
        while ((t = transfer_pop(&carrier->done)) != NULL)
                transfer_append(ended, t);
        if (gate_shut(&carrier->gate, pawl_monotonic(carrier->instance)))
                carrier_give_back(carrier, ended);
}

int64_t carrier_next(const struct carrier *carrier)
{
        return carrier->options.self ? gate_next(&carrier->gate, pawl_monotonic(carrier->instance)) : INT64_MAX;
}

int64_t carrier_left(const struct carrier *carrier)
{
        const struct own_way *own = carrier->options.kind->own;

        return own != NULL && carrier->wire != NULL ? own->left(carrier->options.self) : INT64_MAX;
}

int64_t carrier_pause(const struct carrier *carrier, int64_t attempts)
{
        int64_t pause = carrier->options.retry_min;

        for (; attempts > 1 && pause < carrier->options.retry_max; attempts--)
                pause *= 2;
        pause = least(pause, carrier->options.retry_max);
        return (int64_t)(((uint64_t)arc4random() << 32 | arc4random()) % (uint64_t)(pause + 1));
}
