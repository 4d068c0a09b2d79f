/*
 * Checks a chain from its first entry to its head, while its writer goes on appending and pruning. Reports entries that were altered,
 * removed, replaced, moved, cleared without a signed record of it, or cut off at the end.
 *
 * A chain that was computed anew from some entry to its head, by whoever could write the file, is whole in itself: it is found by the
 * checkpoints, those beside the chain, and those that were brought to safety (verify_options.checkpoints).
 */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include "key.h"

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct verdict {
        int64_t length;  /* the head's number */
        int64_t removed; /* up to which number the entries were removed by retention; 0: none */
        int64_t checked;
        int64_t pruned; /* of the checked ones: cleared by retention */
        int64_t faults;
        int64_t checkpoints;  /* that fit the chain */
        int64_t last_time;    /* of them the newest one, nanoseconds since 1970; -1: none */
        int64_t last_seq;     /* where it stands */
        int64_t out_of_reach; /* checkpoints of entries that were removed since */
        char head[65];        /* the head's hash */
};

struct verify_options {
        const struct key *key;   /* whose signatures are good; NULL: signatures are not checked */
        bool need_checkpoint;    /* none at all is a fault */
        const char *checkpoints; /* a file of more of them; NULL: only those beside the chain */
        const char *host;        /* the file's other hosts are passed over */
};

/* Is told of each fault, in the order of the chain; returns false to end. */
typedef bool verify_fault_fn(void *arg, const char *text);

/* Is asked between slices of entries whether to go on. */
typedef bool verify_go_on_fn(void *arg);

/* False, with the reason in `error`, when the chain or the file of checkpoints could not be read, or the check was ended. */
bool verify_chain(const char *path, const struct verify_options *options, struct verdict *verdict,
                  verify_fault_fn *fault, verify_go_on_fn *go_on, void *arg, char *error, size_t error_size);

#endif
