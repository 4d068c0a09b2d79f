/*
 * What is wrong in something that people wrote (a file, a table of rules), all of it at once: one line a fault. The caller's thread.
 */
#ifndef NOTIFICATIONS_FAULTS_H
#define NOTIFICATIONS_FAULTS_H

#include <pawl/plugin.h>
#include <stddef.h>

#define FAULTS_SHOWN 100 /* lines kept; the others are only counted */

struct faults {
        char *text; /* lines; NULL: none */
        size_t len;
        size_t count;
};

PAWL_PRINTF(2, 3) void faults_add(struct faults *faults, const char *fmt, ...);

/* The lines as a text without the last line's end, and how many there are beyond those kept. Never NULL; the faults'. */
const char *faults_text(struct faults *faults);

void faults_clear(struct faults *faults);

#endif
