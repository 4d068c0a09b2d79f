/*
 * The lock of one instance of one plugin on this host: held by its worker until it has exited, so that a successor that would
 * take the same place in the consumer group waits for it. Main thread.
 */
#ifndef PAWL_WORKER_LOCK_H
#define PAWL_WORKER_LOCK_H

#include "base/error.h"

#include <stdbool.h>

/* Opens `<state_dir>/locks/<plugin>.<instance>`, made if missing; -1 with the reason. Does not take the lock. */
int lock_open(const char *state_dir, const char *plugin, unsigned instance, struct pawl_error *err);

/* Tries to take it; false: another process has it. The descriptor holds it until it is closed. */
bool lock_try(int fd);

/* Makes a directory and its missing parents. */
bool lock_make_directory(const char *path, struct pawl_error *err);

#endif
