/*
 * A scratch directory for one Criterion test, made before it and removed after it: `.init = scratch_make, .fini = scratch_remove`.
 */
#ifndef PLUGINS_SCRATCH_H
#define PLUGINS_SCRATCH_H

void scratch_make(void);
void scratch_remove(void);

/* A path in it; one of four buffers, in turn. */
const char *scratch_path(const char *name);

/* Lets no file of this process grow beyond `size` bytes, as a full disk would; 0 takes that back. */
void scratch_limit_files(unsigned long size);

#endif
