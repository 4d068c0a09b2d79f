/*
 * The documents folder: files that are whole or not there at all. Any thread, and several processes at a time.
 */
#ifndef HR_FILES_H
#define HR_FILES_H

#include <stdbool.h>
#include <stddef.h>

#define FILES_HASH_SIZE 65 /* SHA-256 in hexadecimal, and a NUL */

/*
 * Writes folder/name (`name` may stand in one folder of its own, "2026/act-2026-000001.pdf"; folders are made), so that it stands
 * after a power loss: a temporary file beside it, flushed, renamed, the folders flushed. A file of that name is replaced. False: path and reason
 * are in `error`.
 */
bool files_write(const char *folder, const char *name, const void *bytes, size_t len, char *error, size_t error_size);

bool files_exists(const char *folder, const char *name);

/* Returns `hash`. */
const char *files_hash(const void *bytes, size_t len, char hash[FILES_HASH_SIZE]);

/* The hash of a file as it is now. False: path and reason are in `error`. */
bool files_hash_of(const char *folder, const char *name, char hash[FILES_HASH_SIZE], char *error, size_t error_size);

#endif
