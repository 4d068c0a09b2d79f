/*
 * Dispatch: turns what is ready in the lanes into runs and batches, as many as may be outstanding; and outages, in which
 * nothing is dispatched but one probe after another, until one is handled. Private to core/engine.
 */
#ifndef PAWL_ENGINE_DISPATCH_H
#define PAWL_ENGINE_DISPATCH_H

#include "engine/state.h"

/* Sets what the policy of a handler is from now on; the table grows to it. */
void dispatch_policy(struct engine *engine, uint16_t handler, const struct engine_policy *policy);

/* Orders what may run now. */
void dispatch_runs(struct engine *engine);

/* One event of a run came back: true if the run was a batch. */
bool dispatch_returned(struct engine *engine, uint32_t slot);

/* An event said UNAVAILABLE. */
void dispatch_unavailable(struct engine *engine, uint32_t slot);

/* An event was handled; if it was the probe, the outage is over. */
void dispatch_available(struct engine *engine, uint32_t slot);

/* An event came back with a result that tells nothing about the outage; if it was the probe, another one goes out at `at`. */
void dispatch_probe_spent(struct engine *engine, uint32_t slot, int64_t at);

/* The time that limits to waiting are counted in: it stands still during outages. */
int64_t dispatch_up_time(const struct engine *engine);

/* When dispatch_runs() has to be called again if nothing else happens. */
int64_t dispatch_next(const struct engine *engine);

#endif
