/*
 * Records of a CSV text (RFC 4180), with the line each begins in: fields may be quoted, and hold commas, quotes and line breaks then.
 * A record that is broken does not hide those behind it. The caller's thread.
 */
#ifndef NOTIFICATIONS_CSV_H
#define NOTIFICATIONS_CSV_H

#include <stddef.h>

#define CSV_FIELDS_MAX 64

struct csv {
        char *at; /* NUL-terminated; what was read is changed */
        int line; /* that `at` stands in, from 1 */
};

struct csv_record {
        char *fields[CSV_FIELDS_MAX];
        size_t count;
        int line;
};

/*
 * The next record; empty lines, and lines that begin with #, are passed over. 1: there is one; 0: the text has ended; -1: what stands there is
 * none, `fault` says why, and the next call goes on in the line behind record->line.
 */
int csv_next(struct csv *csv, struct csv_record *record, const char **fault);

#endif
