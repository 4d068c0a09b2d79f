/*
 * Templates of requests to an SMS gateway: {{phone}}, {{text}}, {{id}}, each escaped for where it stands. Pure; any thread.
 */
#ifndef NOTIFICATIONS_FILL_H
#define NOTIFICATIONS_FILL_H

#include <stdbool.h>
#include <stddef.h>

enum fill_escape {
        FILL_JSON, /* for between the quotes of a JSON string */
        FILL_URL   /* per cent, for URLs and forms */
};

struct fill_values {
        const char *phone;
        const char *text;
        const char *id;
};

/* False, with what is wrong in `error`, when the template has another place than these three. `what` names the template. */
bool fill_check(const char *what, const char *template, char *error, size_t error_size);

/* The template with its values, malloc'ed; NULL: memory. A value is never read for places. */
char *fill(const char *template, enum fill_escape escape, const struct fill_values *values);

#endif
