/*
 * From what a caller wrote to an event that can be published, or to the list of its faults. The http thread.
 */
#ifndef GATEWAY_INTAKE_H
#define GATEWAY_INTAKE_H

#include "bus.h"
#include "exchange.h"

#include <jansson.h>

/*
 * Adds one event to the submission. `id`: its event_id where the text has none. False: its faults were added to `faults`, each with `line` (0: none).
 * *own: the text has an event_id of its own.
 */
bool intake_add(struct exchange *exchange, struct submission *submission, struct pawl_str text, const char *id,
                uint32_t line, json_t *faults, bool *own);

/* The event_id of what came under the exchange's Idempotency-Key, so that a repeat has the same; a random one without it. `line` 0: the only event. */
void intake_id(const struct exchange *exchange, uint32_t line, char id[37]);

/* 400, with every fault. Takes `faults` over. */
void intake_refuse(struct exchange *exchange, json_t *faults);

#endif
