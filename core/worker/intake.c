/* Messages of one partition become the engine's inputs: which handler, which lane. The hot path: no allocation, lock or system call. */
#include "base/memory.h"
#include "worker/worker_private.h"

#include <stdio.h>
#include <string.h>

/* What a message costs beyond its bytes: its places in our tables and librdkafka's. */
#define MESSAGE_COST 256

/* wyhash's step: the two halves of the product, folded. Seeded, so that nobody can choose keys that collide. */
static uint64_t mix(uint64_t a, uint64_t b)
{
        __extension__ unsigned __int128 product = (unsigned __int128)a * b;

        return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_key(uint64_t seed, const void *key, size_t len)
{
        const unsigned char *at = key;
        uint64_t hash = seed ^ len, word;

        for (; len >= 8; len -= 8, at += 8) {
                memcpy(&word, at, 8);
                hash = mix(hash ^ word, UINT64_C(0xa0761d6478bd642f));
        }
        word = 0;
        memcpy(&word, at, len);
        return mix(hash ^ word, UINT64_C(0xe7037ed1a0b428db));
}

static uint32_t lane_of(struct worker *w, const struct message *m)
{
        switch (w->plugin->ordering) {
        case CONFIG_ORDERING_PARTITION:
                return lane_table_key(w->lanes, m->partition, "", 0, m->partition * UINT64_C(0x9e3779b97f4a7c15));
        case CONFIG_ORDERING_KEY:
                if (m->key != NULL)
                        return lane_table_key(w->lanes, m->partition, m->key, m->key_len,
                                              hash_key(w->seed, m->key, m->key_len));
                return lane_table_own(w->lanes);
        default:
                return lane_table_own(w->lanes);
        }
}

uint16_t intake_route(struct worker *w, const struct message *message, const struct message_header *headers,
                      size_t header_count, struct scan_fault *fault)
{
        const struct plugin_routes *routes = w->current->instance->routes;
        struct event_route route;
        uint16_t handler;

        fault->reason = NULL;
        switch (event_route(message, headers, header_count, &route)) {
        case EVENT_TYPED:
                return plugin_route(routes, route.type.ptr, route.type.len);
        case EVENT_TOMBSTONE:
                return plugin_route_tombstone(routes);
        case EVENT_MALFORMED:
        default:
                handler = plugin_route_malformed(routes);
                if (handler == PLUGIN_NO_HANDLER)
                        *fault = route.fault;
                return handler;
        }
}

static void say_received(struct worker *w, uint32_t slot)
{
        struct log_event about;

        handling_describe(w, slot, &about);
        log_about(LOG_LEVEL_DEBUG, LOG_MARK_RECEIVED, &about, "received");
}

static void take(struct worker *w, struct message *m)
{
        const struct worker_partition *p = worker_partition(w, m->partition);
        struct engine_input *in = worker_input(w, ENGINE_MESSAGE);
        struct scan_fault fault;

        in->partition = m->partition;
        in->epoch = p->epoch;
        in->message.offset = m->offset;
        in->message.lane = ENGINE_NONE;
        in->message.size = (uint32_t)(m->key_len + m->value_len + MESSAGE_COST);
        in->handler = intake_route(w, m, NULL, 0, &fault);
        if (in->handler == PLUGIN_NO_HANDLER && fault.reason == NULL) {
                in->slot = ENGINE_NONE;
                in->message.flags = ENGINE_SKIP;
                message_release(m);
                return;
        }
        in->slot = held_take(w->held, m, w->now);
        if (fault.reason != NULL) {
                in->message.flags = ENGINE_DEAD;
                in->message.reason = CALL_REASON_MALFORMED;
                held_at(w->held, in->slot)->text =
                    memory_printf("malformed: %s at byte %zu", fault.reason, fault.offset);
                scoreboard_add(w->scoreboard, 0, SCOREBOARD_MALFORMED, 1);
                return;
        }
        in->message.lane = lane_of(w, m);
        if (log_enabled(LOG_LEVEL_DEBUG))
                say_received(w, in->slot);
}

size_t intake_read(struct worker *w)
{
        struct message messages[READ_MAX];
        uint64_t bytes = 0;
        size_t count, i;

        /* What the threads do not get to soon is better left in the client's queue: the caches matter more than the round trips. */
        if (w->consumer == NULL || pool_out(w->pool) * 2 > w->run_limit)
                return 0;
        count = consumer_read(w->consumer, messages, READ_MAX);
        for (i = 0; i < count; i++) {
                bytes += messages[i].key_len + messages[i].value_len;
                take(w, &messages[i]);
        }
        if (count > 0)
                scoreboard_add(w->scoreboard, 0, SCOREBOARD_RECEIVED_BYTES, bytes);
        return count;
}
