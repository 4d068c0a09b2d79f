/*
 * The inside of a call, for the files of the host's api.
 */
#ifndef PAWL_WORKER_CALL_PRIVATE_H
#define PAWL_WORKER_CALL_PRIVATE_H

#include "worker/call.h"

#include <assert.h>

#define CALL_MAGIC 0x63616c6cu

static inline struct call *call_of(struct pawl_ctx *ctx)
{
        struct call *call = (struct call *)ctx;

        assert(call->magic == CALL_MAGIC && call->kind != CALL_IDLE);
        return call;
}

/* The engine's name of a plugin's result; CALL_RESULT_BAD for what is none. */
uint16_t call_result(pawl_result result);

#endif
