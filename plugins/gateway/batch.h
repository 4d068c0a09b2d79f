/*
 * A body of many events, a line each (NDJSON), taken apart as it arrives: no more of it is parsed in one turn than came in one, so that a large
 * body holds nobody up. Nothing of it is published before its last line has been found good. The http thread.
 */
#ifndef GATEWAY_BATCH_H
#define GATEWAY_BATCH_H

#include <stddef.h>

struct batch;
struct exchange;

struct batch *batch_new(struct exchange *exchange);
void batch_free(struct batch **batch);

void batch_take(struct batch *batch, const char *bytes, size_t len);

/* The body is whole: answers it, or sends its events on their way. */
void batch_end(struct batch *batch);

#endif
