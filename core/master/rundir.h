/*
 * What the master keeps on disk for itself: the lock on its run directory, so that two never run on one, and the host's id.
 */
#ifndef PAWL_MASTER_RUNDIR_H
#define PAWL_MASTER_RUNDIR_H

#include "base/error.h"

#include <stdbool.h>

#define RUNDIR_HOST_ID_MAX 40

/* Makes the directory and its missing parents. True if it is there. */
bool rundir_make(const char *path, struct pawl_error *err);

/* Takes the lock `<run_dir>/pawld.lock` and writes our process id into it. The descriptor holds the lock until it is closed; -1:
 * err says why, with the process id of a pawld that has it. */
int rundir_lock(const char *run_dir, struct pawl_error *err);

/* The id in `<state_dir>/host_id`, a UUID; makes one where there is none. */
bool rundir_host_id(const char *state_dir, char out[static RUNDIR_HOST_ID_MAX], struct pawl_error *err);

#endif
