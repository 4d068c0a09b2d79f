/*
 * Lanes: the order of events. The events of one lane are dispatched in the order in which they came, and while one of them is
 * out (in a run, with a ticket, waiting for a retry) those behind it are not. What is ready stands in its handler's queue, first
 * come first. Private to core/engine.
 */
#ifndef PAWL_ENGINE_LANES_H
#define PAWL_ENGINE_LANES_H

#include "engine/state.h"

/* Puts a queued event at its lane's end. */
void lanes_append(struct engine *engine, uint32_t slot);

/* Takes an event out of its lane, and settles the lane: what it held up may go on. */
void lanes_remove(struct engine *engine, uint32_t slot);

/*
 * Puts a lane where it belongs after something happened to its events: into its handler's queue (at the end, or in front with
 * `urgent`), parked, or idle.
 */
void lanes_settle(struct engine *engine, uint32_t lane, bool urgent);

/* The first `events` of a ready lane go out in a run. */
void lanes_dispatched(struct engine *engine, uint32_t lane, uint32_t events);

/* Takes the partition's ready lanes out of their queues: nothing of it may be begun. */
void lanes_hold(struct engine *engine, uint32_t partition);

/* Puts the handler's ready lanes into its queue anew: its policy has changed. */
void lanes_requeue(struct engine *engine, uint16_t handler);

#endif
