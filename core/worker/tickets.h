/*
 * Tickets: events that plugins complete later, from any thread. A ticket's number holds its place in the table and a
 * generation, so that a number that was used up never names another event. A ticket keeps a copy of its event. One that expired
 * keeps it until the plugin has completed it (too late), since a thread of the plugin's may be reading it.
 *
 * The lock "tickets" guards the table and the queue of completions; no plugin code runs under it.
 */
#ifndef PAWL_WORKER_TICKETS_H
#define PAWL_WORKER_TICKETS_H

#include "base/scoreboard.h"
#include "worker/call.h"

#define TICKETS_MAX 1048576

struct tickets;

/* For the engine: ENGINE_TICKET. The receiver frees it (ticket_completion_free), or takes text and emits out. */
struct ticket_completion {
        struct ticket_completion *next;
        struct plugin_instance *instance;
        uint32_t slot;
        uint32_t tag;
        struct call_outcome outcome; /* emits: the handler's and the ticket's together */
};
void ticket_completion_free(struct ticket_completion **completion);

/* `wake(arg)` is called when the queue of completions becomes non-empty, on the thread that completes. `sb` for counting. */
struct tickets *tickets_new(struct scoreboard *sb, void (*wake)(void *arg), void *arg);
void tickets_free(struct tickets **tickets);

/* -- the calling thread, through call.c and api.c */
struct ticket_request {
        struct plugin_instance *instance;
        const struct event *event; /* copied */
        const struct call_input *input;
        uint32_t handler;
        bool wants_malformed;
};

/* 0: there are TICKETS_MAX already. */
pawl_ticket tickets_take(struct tickets *tickets, const struct ticket_request *request);

/* The handler returned PENDING: the ticket takes its emits over. Completed already? Then it goes to the queue now. */
void tickets_pend(struct tickets *tickets, pawl_ticket ticket, struct emit_list *emits);

/* The handler returned something else. */
void tickets_void(struct tickets *tickets, pawl_ticket ticket);

/* -- any thread */
const struct pawl_event *tickets_event(struct tickets *tickets, struct plugin_instance *in, pawl_ticket ticket);
int32_t tickets_emit(struct tickets *tickets, struct plugin_instance *in, pawl_ticket ticket,
                     const struct pawl_message *message, const unsigned char *name_space);
/* `text` is copied. */
int32_t tickets_complete(struct tickets *tickets, struct plugin_instance *in, pawl_ticket ticket, pawl_result result,
                         int64_t delay, struct pawl_str text);

/* -- the main thread */

/* All completions so far, oldest first; NULL: none. */
struct ticket_completion *tickets_completions(struct tickets *tickets);

/* The engine's `expired` order (or the attempt is gone with its partition): the ticket of this attempt is void from now on. */
void tickets_expire(struct tickets *tickets, uint32_t slot, uint32_t tag);

/* How many tickets of the instance (NULL: of all) are out: not completed, not void. A quiesced instance can be stopped at 0. */
size_t tickets_out(const struct tickets *tickets, const struct plugin_instance *in);

/* After `stop`, before destroy: forgets what the instance still has, void ones included. */
void tickets_forget(struct tickets *tickets, const struct plugin_instance *in);

#endif
