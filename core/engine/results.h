/*
 * What a handler said, and what follows from it: attempts are counted, waits limited, tickets kept and expired. Private to
 * core/engine.
 */
#ifndef PAWL_ENGINE_RESULTS_H
#define PAWL_ENGINE_RESULTS_H

#include "engine/state.h"

/* An event of a run came back. */
void results_returned(struct engine *engine, const struct engine_input *in);

/* A ticket was completed. */
void results_ticket(struct engine *engine, const struct engine_input *in);

/* The slot's timer fired: its wait is over, or its ticket's deadline has passed. */
void results_due(struct engine *engine, uint32_t slot);

/* The slot's next dispatch calls another handler, or none (ENGINE_HANDLER_SKIP). */
void results_route(struct engine *engine, uint32_t slot, uint16_t handler);

#endif
