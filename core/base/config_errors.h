/*
 * Everything that is wrong with a configuration, not only the first thing: a list of problems, each with its file and line.
 * The config room fills it while it parses, the plugin room while it checks settings. Warnings stand in the same list and
 * refuse nothing. Belongs to one thread at a time; zero-initialised it is empty.
 */
#ifndef PAWL_BASE_CONFIG_ERRORS_H
#define PAWL_BASE_CONFIG_ERRORS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct config_problem {
        bool warning;
        char *file; /* a file's name, or "environment"; NULL where neither fits */
        int line;   /* 0: the whole file */
        char *text; /* what: expected …, found … */
};

struct config_errors {
        struct config_problem *items;
        size_t count;
        size_t error_count; /* items that are no warnings */
};

/* Adds an error. Returns false, so that `return config_error(…)` reads well. */
bool config_error(struct config_errors *errors, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void config_warning(struct config_errors *errors, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Writes one line a problem, "FILE:LINE: error: TEXT\n", in order of file and line. Sorts the list. */
void config_errors_print(struct config_errors *errors, struct buf *out);

void config_errors_free(struct config_errors *errors);

#endif
