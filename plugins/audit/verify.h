/*
 * Checks a chain from its first entry to its head, while its writer goes on appending. Reports entries that were altered, removed,
 * replaced, moved or cut off at the end. What it cannot see: a chain that was computed anew from some entry to its head, by
 * whoever could write the file; against that, keep the head's hash, which `verify` prints, elsewhere.
 */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct verdict {
        int64_t length; /* the head's number */
        int64_t checked;
        int64_t faults;
        char head[65]; /* the head's hash */
};

/* Is told of each fault, in the order of the chain; returns false to end. */
typedef bool verify_fault_fn(void *arg, const char *text);

/* Is asked between slices of entries whether to go on. */
typedef bool verify_go_on_fn(void *arg);

/* False, with the reason in `error`, when the chain could not be read, or the check was ended. */
bool verify_chain(const char *path, struct verdict *verdict, verify_fault_fn *fault, verify_go_on_fn *go_on, void *arg,
                  char *error, size_t error_size);

#endif
