/*
 * An accepted configuration: the snapshot, the bundle that it was parsed from (in a sealed memfd, for the workers), and its number.
 * Shared by all that still runs from it; the last one to let go frees it. Main thread.
 */
#ifndef PAWL_MASTER_GENERATION_H
#define PAWL_MASTER_GENERATION_H

#include "config/config.h"

#include <stdint.h>

struct generation {
        unsigned references;
        uint64_t number; /* counts up over the master's life, from 1; 0: not accepted yet */
        struct config *cfg;
        int bundle_fd;
};

/* Reads and parses the files. NULL: every problem is in `errors` (warnings are in either case). One reference, the caller's. */
struct generation *generation_read(const char *path, struct config_errors *errors);

/* The same for checking only (config_parse_for_check): a snapshot in spite of errors. NULL only where there is no memfd to be had. */
struct generation *generation_read_for_check(const char *path, struct config_errors *errors);

/* As generation_read, all problems printed to stderr. */
struct generation *generation_read_printed(const char *path);

/* All of them to stderr. */
void generation_print_problems(struct config_errors *errors);

struct generation *generation_hold(struct generation *generation);
void generation_release(struct generation **generation);

#endif
