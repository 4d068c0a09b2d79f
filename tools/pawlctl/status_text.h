/*
 * pawld's status, as a person reads it. Pure: JSON in, text out.
 */
#ifndef PAWL_TOOLS_STATUS_TEXT_H
#define PAWL_TOOLS_STATUS_TEXT_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>

/* `partitions`: each one too. */
void status_text(const json_t *status, bool partitions, struct buf *out);

/* Adds `text` padded with spaces to `width` columns (of characters, not bytes). */
void status_pad(struct buf *out, const char *text, size_t width);

#endif
