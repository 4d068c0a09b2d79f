/*
 * The table of events in hand: takes one in, counts where it stands, and lets go of it. A slot is released exactly once, when its
 * event is complete or given up and nobody outside works on it any more. Private to core/engine.
 */
#ifndef PAWL_ENGINE_SLOTS_H
#define PAWL_ENGINE_SLOTS_H

#include "engine/state.h"

/* Takes a message of a current epoch, and puts it in its lane, or makes it a dead letter, or completes it. */
void slots_message(struct engine *engine, const struct engine_input *in);

/* The slot's record, or NULL if no event is in it (a report that comes too late). */
struct slot *slots_find(struct engine *engine, uint32_t slot);

/* Moves an event to a state and keeps the gauges true. */
void slots_enter(struct engine *engine, uint32_t slot, enum slot_state state);

/* The slot's trouble record, cleared at its first use for this event. */
struct trouble *slots_trouble(struct engine *engine, uint32_t slot);

/* Complete: its offset may be committed. The slot is released. It is in no lane (lanes_remove()). */
void slots_complete(struct engine *engine, uint32_t slot);

/* Out of its partition without completion: its assignment is over. What nobody works on is released (out of its lane first). */
void slots_orphan(struct engine *engine, uint32_t slot);

/* An orphan's work has returned; it is in no lane. */
void slots_release(struct engine *engine, uint32_t slot);

/* Orders that the held emits of this attempt be dropped, if there are any. */
void slots_drop_emits(struct engine *engine, uint32_t slot, uint32_t emits);

#endif
