/*
 * Values for any member of an event, as JSON text: of every kind, at the ends of their ranges, and what could be taken for SQL, a template, markup,
 * a header, a path, a format or a terminal's command. Constant.
 */
#ifndef PAWL_TEST_HOSTILE_VALUES_H
#define PAWL_TEST_HOSTILE_VALUES_H

#include <stddef.h>

extern const size_t hostile_value_count;

/* NULL: the member is left out. The last one is a string of 64 KiB. Some are no JSON, or no UTF-8. */
const char *hostile_value(size_t index);

#endif
