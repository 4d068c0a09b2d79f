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

/*
 * What the holder notes in the lock's file: which topics it joins its group with. A static member that comes back with other
 * topics is given its old partitions by the broker, without a rebalance; so whoever finds other topics noted than its own must
 * first leave the group in the old one's name. lock_noted: malloc'ed, "" if nothing is noted.
 */
char *lock_noted(int fd);
bool lock_note(int fd, const char *text);

/* Makes a directory and its missing parents. */
bool lock_make_directory(const char *path, struct pawl_error *err);

#endif
