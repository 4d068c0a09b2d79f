/*
 * One call into a plugin: a handler with its event or events, a tick, a command. Made anew for each call from an object that a
 * thread keeps, so that the hot path allocates nothing. Belongs to the thread that calls; only `stopping` is read across.
 *
 * call_event and call_batch are the one place where handlers are called and their results are judged:
 *   - an event that turned out to be malformed is a dead letter, whatever the handler returned
 *   - PENDING needs a ticket; any other result voids it
 *   - emits are kept only for OK (and for PENDING, with the ticket)
 *   - a value outside the table is told as it is: the engine restarts the worker for it
 */
#ifndef PAWL_WORKER_CALL_H
#define PAWL_WORKER_CALL_H

#include "base/error.h"
#include "base/scoreboard.h"
#include "engine/engine.h"
#include "plugin/instance.h"
#include "worker/emit.h"
#include "worker/event.h"

#include <stdatomic.h>

#define CALL_REASON_MAX 1024
#define CALL_RESULT_BAD UINT16_MAX /* the engine takes it for a crash on that event */

/* Why an event is a dead letter, beyond the engine's reasons (engine.h). */
enum call_reason {
        CALL_REASON_MALFORMED = ENGINE_REASON_SHELL, /* no valid event; the text has the byte offset */
};

enum call_kind { CALL_IDLE, CALL_EVENT, CALL_BATCH, CALL_TICK, CALL_COMMAND };

/* One event to be handled, as the worker has it. */
struct call_input {
        const struct message *message;
        const struct message_header *headers; /* used if message->handle is NULL */
        size_t header_count;
        struct event_place place;
        uint32_t row;  /* of its partition in the scoreboard, for its ticket's note; SCOREBOARD_NO_ROW: none */
        uint32_t slot; /* the engine's names of this attempt, for its ticket */
        uint32_t tag;
};

/* What became of it. `reason` and the emits are the receiver's: call_outcome_clear, or taken out. */
struct call_outcome {
        uint16_t result; /* enum engine_result; CALL_RESULT_BAD: the handler returned what is not in the table */
        uint16_t reason; /* 0, or enum call_reason with REJECT */
        int64_t delay;   /* RETRY: as the plugin asked; -1: by back-off */
        char *text;      /* the plugin's words, at most CALL_REASON_MAX with the NUL; NULL: none. malloc'ed */
        struct emit_list emits;
};

struct call {
        struct pawl_ctx public; /* first: what the plugin holds is a pointer to this */
        uint32_t magic;
        enum call_kind kind;
        struct event_arena arena;
        struct event *events; /* of this call; grows to the largest batch */
        const struct pawl_event **views;
        struct emit_list *emits; /* one list an event */
        uint32_t count;
        uint32_t cap;
        uint32_t current; /* index of the current event; ENGINE_NONE: none */
        const struct call_input *inputs;
        const struct pawl_handler *handler;
        int64_t deadline; /* clock_now(); INT64_MAX: none */
        int64_t delay;    /* of the outcome; -1: none */
        pawl_result said; /* whose text `text` is */
        char text[CALL_REASON_MAX];
        size_t text_len;
        pawl_ticket ticket;
        size_t max_event;                               /* bytes */
        const _Atomic bool *stopping;                   /* the worker's, for pawl_cancelled; NULL: never */
        bool (*reply)(void *arg, struct pawl_str text); /* commands */
        void *reply_arg;
};

/* Once a thread. `max_event`: the largest event in bytes. `stopping` may be NULL. */
void call_open(struct call *call, size_t max_event, const _Atomic bool *stopping);
void call_close(struct call *call);

/* Handles one event by handler number `handler`. `deadline`: clock_now() + …, for pawl_cancelled. */
void call_event(struct call *call, struct plugin_instance *in, uint32_t handler, const struct call_input *input,
                int64_t deadline, struct call_outcome *outcome);

/*
 * Handles `count` events by a batch handler. `outcomes` has room for all: OK for the prefix that was handled, the result of the
 * next one, UNRUN behind it. A malformed event within the prefix ends it: those behind it come again.
 */
void call_batch(struct call *call, struct plugin_instance *in, uint32_t handler, const struct call_input *inputs,
                uint32_t count, int64_t deadline, struct call_outcome *outcomes);

/* Calls the plugin's tick, if it has one. */
void call_tick(struct call *call, struct plugin_instance *in);

/* Carries out command number `command` of the descriptor. Returns its exit status; one outside 0..125 is told as 1. */
int32_t call_command(struct call *call, struct plugin_instance *in, uint32_t command, const struct pawl_str *argv,
                     uint32_t argc, bool (*reply)(void *arg, struct pawl_str text), void *reply_arg);

/* The number of the command of that name; false: the plugin has none. */
bool call_find_command(const struct plugin_instance *in, struct pawl_str name, uint32_t *command);

void call_outcome_clear(struct call_outcome *outcome);

#endif
