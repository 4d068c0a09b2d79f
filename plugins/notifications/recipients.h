/*
 * Who can be written to: people from a CSV file, and a mailbox for each region from the settings.
 *
 * The file's first line names its columns: `id,role,name,email,language`, in any order; fields may be quoted as in RFC 4180. Read at
 * create, read only afterwards; any thread.
 */
#ifndef NOTIFICATIONS_RECIPIENTS_H
#define NOTIFICATIONS_RECIPIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recipients;

struct recipient {
        int64_t id;     /* 0: a region's mailbox */
        char *role;     /* "customer", "manager", … as in the file */
        char *name;     /* may be empty */
        char *email;    /* checked */
        char *language; /* "ru"; empty: the default one */
};

/* NULL on a fault: file, line, expected and found in `error`. */
struct recipients *recipients_read(const char *path, char *error, size_t error_size);
void recipients_free(struct recipients **people);

/* Adds a region's mailbox; false when memory is short or the address is none (said in `error`). */
bool recipients_add_region(struct recipients *people, const char *region, const char *email, const char *language,
                           char *error, size_t error_size);

/* NULL: nobody known. */
const struct recipient *recipients_find(const struct recipients *people, const char *role, int64_t id);
const struct recipient *recipients_of_region(const struct recipients *people, const char *region);

#endif
