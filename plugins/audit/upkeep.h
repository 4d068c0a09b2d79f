/*
 * What is done to a chain beside appending to it: signed checkpoints, and retention. Under the chain's law: one thread at a time; the key
 * may be read by any.
 */
#ifndef AUDIT_UPKEEP_H
#define AUDIT_UPKEEP_H

#include "checkpoint.h"
#include "key.h"
#include "retention.h"

struct upkeep;

/* From the settings. `name`: of the chain's file, without its folder; it must outlive this. NULL after pawl_fail. */
struct upkeep *upkeep_new(struct pawl_instance *instance, const char *name);
void upkeep_free(struct upkeep **upkeep);

/* The configured key; NULL: none. */
const struct key *upkeep_key(const struct upkeep *upkeep);

/*
 * Makes the checkpoint that is due, and does one slice of retention; work->more: another is waiting. False: the reason is in `error`, and it will
 * be tried again.
 */
bool upkeep_slice(struct upkeep *upkeep, struct chain *chain, struct retention_work *work, char *error,
                  size_t error_size);

/* Makes a checkpoint now, and gives it back. False: the reason is in `error`. */
bool upkeep_checkpoint(struct upkeep *upkeep, struct chain *chain, struct checkpoint_record *record, char *error,
                       size_t error_size);

#endif
