/*
 * A JSON string of any bytes: jansson refuses what is not UTF-8, and a text about a strange file must not be lost for it.
 */
#ifndef PAWL_MASTER_JSON_TEXT_H
#define PAWL_MASTER_JSON_TEXT_H

#include <jansson.h>

/* Never NULL; what is not UTF-8 becomes U+FFFD. NULL gives "". */
json_t *json_text(const char *text);

/* The same of printf's result. */
json_t *json_textf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
