/*
 * Strings and numbers of JSON, for the scanner: where one ends, and whether it is well formed. Pure; any thread.
 */
#ifndef PAWL_WORKER_SCAN_TEXT_H
#define PAWL_WORKER_SCAN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `p`: behind the opening quote. Returns behind the closing one; with *reason set (it comes as NULL): where the fault is. */
const char *scan_string(const char *p, const char *end, bool *escaped, const char **reason);

/* `p`: its first character. Returns behind it, *kind is PAWL_KIND_INT or PAWL_KIND_NUMBER. Faults likewise. */
const char *scan_number(const char *p, const char *end, uint8_t *kind, const char **reason);

#endif
