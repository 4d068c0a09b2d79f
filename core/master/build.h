/*
 * A build: the bytes of a plugin's file at the moment when a configuration was read, and their SHA-256. The master never opens them
 * as code; it keeps them (in a sealed memfd) and gives them to trials and workers, so that what was tried is what runs, also after a crash,
 * whatever became of the file since. A file written anew with the same bytes is the same build.
 */
#ifndef PAWL_MASTER_BUILD_H
#define PAWL_MASTER_BUILD_H

#include "base/error.h"

#include <stdbool.h>

#define BUILD_ID_LEN 64 /* SHA-256 in hexadecimal, as the plugin room's */

struct build {
        char id[BUILD_ID_LEN + 1]; /* "": none */
        int fd;                    /* sealed memfd, close-on-exec; valid if there is an id */
};

/* Reads the file. False: it cannot be read, `build` is none; err begins with its path. */
bool build_read(struct build *build, const char *path, struct pawl_error *err);
void build_clear(struct build *build);

/* Gives `from`'s bytes to `to` (which is cleared first); `from` is none afterwards. */
void build_move(struct build *to, struct build *from);

#endif
