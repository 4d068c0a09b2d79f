/*
 * The file that fills the directory: CSV (RFC 4180) in UTF-8 whose first record names the columns, in any order. Needed are id and role; a
 * column that is left out is empty for all. The caller's thread.
 */
#ifndef NOTIFICATIONS_PEOPLE_FILE_H
#define NOTIFICATIONS_PEOPLE_FILE_H

#include "directory.h"
#include "faults.h"

#include <stdbool.h>

/* Fills `people`, which must be empty, with everybody in the file. False when there is a fault: each line that is wrong is told of, with what was expected and found. */
bool people_file_read(const char *path, struct people *people, struct faults *faults);

/* A text that tells versions of the file apart. False: it cannot be looked at. */
bool people_file_state(const char *path, char *state, size_t size);

#endif
