/*
 * Engine and pool without Kafka, for counting instructions: synthetic keyed messages of six partitions go in, a pool thread
 * answers OK to each, every commit is acknowledged at once. Time is a count of messages, so that each run does the same.
 *
 *   bench-engine EVENTS
 */
#include "engine/engine.h"
#include "base/clock.h"
#include "engine/lane_table.h"
#include "worker/pool.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        PARTITIONS = 6,
        KEYS = 100000,
        SLOTS = 20000,
        RUNS = 64,
        FEED = 256,                /* messages a step */
        SIZE = 553,                /* bytes of each */
        INPUTS = FEED + SLOTS + 8, /* messages, results of all, and what else one step may have to be told */
        NS_AN_EVENT = 500,
};

struct drive {
        struct engine *engine;
        struct lane_table *lanes;
        struct pool *pool;
        struct engine_input inputs[INPUTS];
        size_t input_count;
        uint32_t free_slots[SLOTS];
        size_t free_count;
        bool reading[PARTITIONS];
        int64_t next_offset[PARTITIONS];
        int64_t now;
        long long fed, events, released;
};

static struct engine_input *add_input(struct drive *d, enum engine_input_kind kind)
{
        struct engine_input *input = &d->inputs[d->input_count++];

        assert(d->input_count <= INPUTS);
        *input = (struct engine_input){.now = d->now, .kind = (uint16_t)kind, .epoch = 1};
        return input;
}

/* FNV-1a. */
static uint64_t hash_of(const char *key, size_t len)
{
        uint64_t hash = 14695981039346656037ull;

        for (size_t i = 0; i < len; i++)
                hash = (hash ^ (unsigned char)key[i]) * 1099511628211ull;
        return hash;
}

static void feed(struct drive *d)
{
        for (int i = 0; i < FEED && d->free_count > 0 && d->fed < d->events; i++) {
                unsigned number = (unsigned)((uint64_t)d->fed * 11400714819323198485ull >> 33) % KEYS;
                uint32_t partition = number % PARTITIONS;
                struct engine_input *input;
                char key[sizeof(number)];

                if (!d->reading[partition])
                        break;
                memcpy(key, &number, sizeof(key));
                d->now += NS_AN_EVENT;
                input = add_input(d, ENGINE_MESSAGE);
                input->slot = d->free_slots[--d->free_count];
                input->partition = partition;
                input->message.offset = d->next_offset[partition]++;
                input->message.lane = lane_table_key(d->lanes, partition, key, sizeof(key), hash_of(key, sizeof(key)));
                input->message.size = SIZE;
                d->fed++;
        }
}

static void collect(struct drive *d)
{
        struct pool_run *runs[RUNS];
        size_t count = pool_collect(d->pool, runs, RUNS);

        for (size_t i = 0; i < count; i++) {
                for (uint32_t j = 0; j < runs[i]->count; j++) {
                        const struct pool_event *event = &runs[i]->events[j];
                        struct engine_input *input = add_input(d, ENGINE_RESULT);

                        input->slot = event->slot;
                        input->tag = event->tag;
                        input->result.result = event->result;
                        input->result.delay = -1;
                }
                pool_give(d->pool, runs[i]);
        }
}

static void dispatch(struct drive *d, const struct engine_output *out)
{
        for (size_t i = 0; i < out->run_count; i++) {
                const struct engine_run *order = &out->runs[i];
                struct pool_run *run = pool_take(d->pool);

                assert(run);
                pool_events(run, order->count);
                run->count = order->count;
                for (uint32_t j = 0; j < order->count; j++) {
                        const struct engine_event *event = &out->events[order->first + j];

                        run->events[j] = (struct pool_event){.slot = event->slot, .tag = event->tag};
                }
                pool_push(d->pool, run);
        }
        pool_flush(d->pool);
}

static void step(struct drive *d)
{
        const struct engine_output *out;

        if (d->input_count == 0)
                add_input(d, ENGINE_TICK);
        out = engine_step(d->engine, d->inputs, d->input_count);
        d->input_count = 0;
        for (size_t i = 0; i < out->release_count; i++) {
                lane_table_release(d->lanes, out->releases[i].lane);
                d->free_slots[d->free_count++] = out->releases[i].slot;
        }
        d->released += (long long)out->release_count;
        dispatch(d, out);
        for (size_t i = 0; i < out->partition_count; i++)
                d->reading[out->partitions[i].partition] = out->partitions[i].order == ENGINE_GO;
        if (out->commit_count > 0) {
                struct engine_input *input = add_input(d, ENGINE_COMMIT);

                input->commit.id = out->commit_id;
                input->commit.outcome = ENGINE_COMMITTED;
        }
}

/* Nothing can be fed: what is out must come back first. */
static void wait_for_pool(struct drive *d)
{
        if (pool_sleep(d->pool, POOL_SLEEP_BRIEF)) {
                struct pollfd fd = {.fd = pool_fd(d->pool), .events = POLLIN};
                int ready = poll(&fd, 1, 1);

                pool_awake(d->pool, ready > 0);
                pool_nudge(d->pool, clock_now(), true);
        }
}

static int64_t execute(void *arg, unsigned thread, struct pool_run *run, int64_t now)
{
        (void)arg;
        (void)thread;
        for (uint32_t i = 0; i < run->count; i++)
                run->events[i].result = ENGINE_OK;
        return now;
}

static void open_drive(struct drive *d, long long events)
{
        static const struct engine_policy policy = {
            .wait_limit = 300000000000,
            .backoff = 200000000,
            .backoff_max = 30000000000,
            .ticket_deadline = 300000000000,
            .max_events = 32,
            .attempts = 5,
        };
        const struct engine_config config = {
            .limits = {.max_events = SLOTS, .max_bytes = 64 << 20, .runs = RUNS, .metadata = 4096},
            .handlers = &policy,
            .handler_count = 1,
            .over_read = FEED,
            .commit_interval = 200000000,
            .commit_at = 20000,
            .commit_wait = 5000000000,
            .outage_backoff = 1000000000,
            .outage_backoff_max = 30000000000,
            .produce_backoff = 1000000000,
            .seed = 1,
        };
        const struct pool_options options = {.threads = 1, .runs = RUNS, .execute = execute};
        struct pawl_error err;

        d->events = events;
        d->engine = engine_new(&config);
        d->lanes = lane_table_new();
        d->pool = pool_open(&options, &err);
        if (!d->pool) {
                fprintf(stderr, "bench-engine: %s\n", err.text);
                exit(EXIT_FAILURE);
        }
        for (uint32_t slot = 0; slot < SLOTS; slot++)
                d->free_slots[d->free_count++] = SLOTS - 1 - slot;
        for (uint32_t partition = 0; partition < PARTITIONS; partition++)
                add_input(d, ENGINE_ASSIGN)->partition = partition;
}

int main(int argc, char **argv)
{
        struct drive *d = calloc(1, sizeof(*d));

        if (argc != 2 || !d) {
                fputs("usage: bench-engine EVENTS\n", stderr);
                return 2;
        }
        open_drive(d, atoll(argv[1]));
        while (d->released < d->events) {
                feed(d);
                collect(d);
                if (d->input_count == 0)
                        wait_for_pool(d);
                step(d);
        }
        pool_close(&d->pool, clock_now() + 1000000000);
        lane_table_free(&d->lanes);
        engine_free(&d->engine);
        free(d);
        return EXIT_SUCCESS;
}
