/*
 * The envelope that every event has: written around the members that a plugin gives.
 */
#ifndef PAWL_WORKER_EMIT_ENVELOPE_H
#define PAWL_WORKER_EMIT_ENVELOPE_H

#include "base/buf.h"

#include <pawl/plugin.h>

#define EMIT_DEFAULT_VERSION "1.0"
#define EMIT_DEFAULT_SOURCE  "agregator-service" /* what the existing producers write, spelled so */

/*
 * Writes the event: event_type and event_id first, so that who routes it finds its type at once; then what the body lacks of timestamp,
 * version, source and correlation_id; then the body's members as they are. False (nothing usable in `out`) when the body is no
 * JSON object, has event_type or event_id, or one of the other four of a wrong kind.
 */
bool emit_envelope(struct buf *out, const struct pawl_message *message, const char *event_id,
                   struct pawl_str correlation_id);

#endif
