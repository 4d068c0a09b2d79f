/*
 * Makes messages out of what plugins pass in: checks it, derives ids, writes the envelope. For the files of the host's api.
 */
#ifndef PAWL_WORKER_EMIT_MAKE_H
#define PAWL_WORKER_EMIT_MAKE_H

#include "worker/emit.h"
#include "worker/event.h"

struct emit_source {
        struct event *event;            /* reacted to; NULL: a publication */
        const struct emit_list *before; /* what was emitted for the event so far, for the ordinal; NULL: nothing */
        bool ticket; /* emitted by a ticket, which may be while the handler emits too: ids of its own */
        const unsigned char *name_space; /* UUID, of the plugin's emits */
        size_t max_event;
};

/* 0 and *out, to be freed with free(); or PAWL_E_INVALID, PAWL_E_TOO_LARGE. */
int32_t emit_make(const struct emit_source *source, const struct pawl_message *message, struct emit **out);

#endif
