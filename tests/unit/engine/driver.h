/*
 * A short way to talk to an engine in a test: each function feeds one record at the driver's time and keeps the answer.
 */
#ifndef PAWL_TESTS_ENGINE_DRIVER_H
#define PAWL_TESTS_ENGINE_DRIVER_H

#include "engine/engine.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MS INT64_C(1000000)

struct driver {
        struct engine *engine;
        const struct engine_output *out;
        int64_t now;
        struct engine_policy policy[4];
        struct engine_config cfg;
};

/* A configuration with plenty of room: 4 handlers (0, 1: single; 2: batch of at most 10 events; 3: serial), attempts 3. */
void driver_defaults(struct driver *driver);

/* Starts the engine, and assigns `partitions` at offset 0 with epoch 1. */
void driver_start(struct driver *driver, uint32_t partitions);
void driver_stop(struct driver *driver);

void driver_tick(struct driver *driver, int64_t later);
void driver_message(struct driver *driver, uint32_t slot, uint32_t partition, int64_t offset, uint32_t lane,
                    uint16_t handler);

/* The result of a slot's latest dispatch: the tag of the last run that had it. */
void driver_result(struct driver *driver, uint32_t slot, uint32_t tag, uint16_t result);
void driver_emitting(struct driver *driver, uint32_t slot, uint32_t tag, uint32_t emits);
void driver_ticket(struct driver *driver, uint32_t slot, uint32_t tag, uint16_t result);
void driver_report(struct driver *driver, uint16_t kind, uint32_t slot, uint32_t tag, uint16_t outcome);
void driver_committed(struct driver *driver, uint16_t outcome);
void driver_assign(struct driver *driver, uint32_t partition, uint32_t epoch, int64_t offset);
void driver_partition(struct driver *driver, uint16_t kind, uint32_t partition);
void driver_leave(struct driver *driver, uint16_t kind, uint32_t partition, int64_t in);

/* Whether the answer dispatches, releases, … this slot. */
bool driver_ran(const struct driver *driver, uint32_t slot);
bool driver_released(const struct driver *driver, uint32_t slot);
const struct engine_dead *driver_dead(const struct driver *driver, uint32_t slot);
bool driver_ordered(const struct driver *driver, uint32_t partition, uint32_t order);

/* The entry of this partition in the answer's commit, or NULL. */
const struct engine_commit_entry *driver_commit(const struct driver *driver, uint32_t partition);

struct engine_status driver_status(const struct driver *driver);

#endif
