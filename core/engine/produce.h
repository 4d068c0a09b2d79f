/*
 * What an event causes to be produced, and waits for: its handler's emits after OK, or its dead letter. The event is complete only
 * when all of it was acknowledged; what cannot be delivered for now is ordered again, for ever. Private to core/engine.
 */
#ifndef PAWL_ENGINE_PRODUCE_H
#define PAWL_ENGINE_PRODUCE_H

#include "engine/state.h"

/* The event was handled and has this many emits (at least one). It is in no lane any more. */
void produce_emits(struct engine *engine, uint32_t slot, uint32_t emits, uint64_t bytes);

/* The event becomes a dead letter after so many attempts. It is in no lane any more. */
void produce_dead(struct engine *engine, uint32_t slot, uint16_t reason, uint32_t attempts);

/* A report of one emit, or of the dead letter. */
void produce_delivery(struct engine *engine, const struct engine_input *in);
void produce_dead_letter(struct engine *engine, const struct engine_input *in);

/* The slot's timer fired: orders again what could not be delivered. */
void produce_again(struct engine *engine, uint32_t slot);

/* Nothing more is ordered for this event, and no report is awaited. */
void produce_abandon(struct engine *engine, uint32_t slot);

#endif
