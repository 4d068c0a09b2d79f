/*
 * Finds entries of a chain, while its writer goes on appending.
 */
#ifndef AUDIT_SEARCH_H
#define AUDIT_SEARCH_H

#include "entry.h"

#include "common/db.h"

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The options of a search, for command_options; an export takes them all, the search for people all but the last. */
enum {
        SEARCH_TYPE,
        SEARCH_REQUEST,
        SEARCH_USER,
        SEARCH_CORRELATION,
        SEARCH_EVENT,
        SEARCH_TOPIC,
        SEARCH_SINCE,
        SEARCH_UNTIL,
        SEARCH_LIMIT,
        SEARCH_FORMAT,
        SEARCH_OPTIONS
};
extern const char *const search_options[SEARCH_OPTIONS];

struct search {
        char sql[1024];
        struct db_value values[SEARCH_OPTIONS]; /* of the statement's parameters; the last is the limit */
        size_t value_count;
        int64_t limit; /* how many entries are still wanted */
};

/* Makes a search of the options' values (SEARCH_OPTIONS of them), which must outlive it. False: the reason is in `error`. `limit` is the default. */
bool search_make(struct search *search, const struct pawl_str *values, int64_t limit, char *error, size_t error_size);

/* Is given an entry that was found, for the time of the call; returns false to end. */
typedef bool search_found_fn(void *arg, const struct entry *entry, const struct link *link);

/*
 * Gives what it finds in one chain, in the chain's order (of a type or a time alone: in the order of time), and takes that from search->limit. False: the reason is in `error`.
 */
bool search_chain(struct search *search, const char *path, search_found_fn *found, void *arg, char *error,
                  size_t error_size);

#endif
