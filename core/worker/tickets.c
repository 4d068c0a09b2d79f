#include "worker/tickets.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "worker/call_private.h"
#include "worker/emit_make.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum ticket_state {
        TICKET_FREE,
        TICKET_HANDLING, /* its handler has not returned */
        TICKET_EARLY,    /* completed, and its handler has not returned */
        TICKET_PENDING,  /* its handler has returned PENDING */
        TICKET_VOID,     /* expired: kept until the plugin completes it, which will be too late */
};

struct ticket {
        enum ticket_state state;
        uint32_t generation; /* counts the uses of this place, from 1 */
        uint32_t slot;
        uint32_t tag;
        uint32_t next_free;
        bool wants_malformed;
        struct plugin_instance *instance;
        struct event_copy *copy;
        struct emit_list emits;
        struct ticket_completion *early;
};

#define NOWHERE UINT32_MAX

struct tickets {
        pthread_mutex_t lock; /* "tickets": everything below */
        struct ticket *items;
        uint32_t count; /* places ever used */
        uint32_t cap;
        uint32_t first_free;
        uint32_t *by_slot; /* the engine's slot → place; NOWHERE: none */
        uint32_t slot_count;
        size_t out;
        struct ticket_completion *first;
        struct ticket_completion *last;
        struct scoreboard *sb;
        void (*wake)(void *arg);
        void *wake_arg;
};

struct tickets *tickets_new(struct scoreboard *sb, void (*wake)(void *arg), void *arg)
{
        struct tickets *t = memory_zero(1, sizeof *t);

        pthread_mutex_init(&t->lock, NULL);
        t->first_free = NOWHERE;
        t->sb = sb;
        t->wake = wake;
        t->wake_arg = arg;
        return t;
}

void ticket_completion_free(struct ticket_completion **completion)
{
        struct ticket_completion *c = *completion;

        *completion = NULL;
        if (c == NULL)
                return;
        call_outcome_clear(&c->outcome);
        free(c);
}

/* ---- places: all with the lock ---- */

static void lock(const struct tickets *tickets)
{
        pthread_mutex_lock(&((struct tickets *)tickets)->lock);
}

static void unlock(const struct tickets *tickets)
{
        pthread_mutex_unlock(&((struct tickets *)tickets)->lock);
}

static bool is_out(const struct ticket *t)
{
        return t->state == TICKET_HANDLING || t->state == TICKET_EARLY || t->state == TICKET_PENDING;
}

static uint32_t place_of(const struct tickets *tickets, const struct ticket *t)
{
        return (uint32_t)(t - tickets->items);
}

/* The ticket of that number, if the number is its present one. */
static struct ticket *find(const struct tickets *tickets, pawl_ticket number)
{
        uint32_t place = (uint32_t)number;
        struct ticket *t;

        if (place >= tickets->count)
                return NULL;
        t = &tickets->items[place];
        return t->state != TICKET_FREE && t->generation == (uint32_t)(number >> 32) ? t : NULL;
}

static struct ticket *take_place(struct tickets *tickets)
{
        struct ticket *t;

        if (tickets->first_free != NOWHERE) {
                t = &tickets->items[tickets->first_free];
                tickets->first_free = t->next_free;
                return t;
        }
        if (tickets->count == TICKETS_MAX)
                return NULL;
        if (tickets->count == tickets->cap) {
                tickets->cap = tickets->cap != 0 ? tickets->cap * 2 : 64;
                tickets->items = memory_resize(tickets->items, tickets->cap, sizeof *tickets->items);
        }
        t = &tickets->items[tickets->count++];
        memset(t, 0, sizeof *t);
        return t;
}

/* It is no longer out: nobody looks for its slot, no note says that it is in hand. */
static void leave(struct tickets *tickets, struct ticket *t)
{
        uint32_t place = place_of(tickets, t);

        if (!is_out(t))
                return;
        if (tickets->by_slot[t->slot] == place)
                tickets->by_slot[t->slot] = NOWHERE;
        tickets->out--;
        scoreboard_ticket_clear(tickets->sb, place);
}

static void free_place(struct tickets *tickets, struct ticket *t)
{
        leave(tickets, t);
        event_copy_free(&t->copy);
        emit_list_free(&t->emits);
        ticket_completion_free(&t->early);
        t->state = TICKET_FREE;
        t->instance = NULL;
        t->next_free = tickets->first_free;
        tickets->first_free = place_of(tickets, t);
}

static void note_slot(struct tickets *tickets, uint32_t slot, uint32_t place)
{
        uint32_t count = tickets->slot_count != 0 ? tickets->slot_count : 64;

        if (slot >= tickets->slot_count) {
                while (count <= slot)
                        count *= 2;
                tickets->by_slot = memory_resize(tickets->by_slot, count, sizeof *tickets->by_slot);
                memset(tickets->by_slot + tickets->slot_count, 0xff,
                       (count - tickets->slot_count) * sizeof *tickets->by_slot);
                tickets->slot_count = count;
        }
        tickets->by_slot[slot] = place;
}

void tickets_free(struct tickets **table)
{
        struct tickets *tickets = *table;
        struct ticket_completion *c, *next;
        uint32_t i;

        *table = NULL;
        if (tickets == NULL)
                return;
        for (i = 0; i < tickets->count; i++)
                if (tickets->items[i].state != TICKET_FREE)
                        free_place(tickets, &tickets->items[i]);
        for (c = tickets->first; c != NULL; c = next) {
                next = c->next;
                ticket_completion_free(&c);
        }
        pthread_mutex_destroy(&tickets->lock);
        free(tickets->items);
        free(tickets->by_slot);
        free(tickets);
}

/* ---- the thread that handles ---- */

pawl_ticket tickets_take(struct tickets *tickets, const struct ticket_request *request)
{
        const struct call_input *input = request->input;
        struct event_copy *copy = event_copy_new(request->event);
        pawl_ticket number = 0;
        struct ticket *t;

        lock(tickets);
        t = take_place(tickets);
        if (t != NULL) {
                uint32_t place = place_of(tickets, t);

                t->state = TICKET_HANDLING;
                t->generation++;
                t->slot = input->slot;
                t->tag = input->tag;
                t->wants_malformed = request->wants_malformed;
                t->instance = request->instance;
                t->copy = copy;
                memset(&t->emits, 0, sizeof t->emits);
                t->early = NULL;
                copy = NULL;
                note_slot(tickets, t->slot, place);
                tickets->out++;
                scoreboard_ticket(tickets->sb, place,
                                  (struct scoreboard_position){.row = input->row, .offset = input->message->offset},
                                  request->handler, clock_now());
                number = (pawl_ticket)t->generation << 32 | place;
        }
        unlock(tickets);
        event_copy_free(&copy);
        return number;
}

/* With the lock: true if the queue was empty. */
static bool enqueue(struct tickets *tickets, struct ticket_completion *c)
{
        bool was_empty = tickets->first == NULL;

        c->next = NULL;
        if (was_empty)
                tickets->first = c;
        else
                tickets->last->next = c;
        tickets->last = c;
        return was_empty;
}

static void wake(const struct tickets *tickets, bool due)
{
        if (due && tickets->wake != NULL)
                tickets->wake(tickets->wake_arg);
}

/* With the lock: the ticket is over, and its completion on its way. Emits are kept only for OK. */
static bool hand_over(struct tickets *tickets, struct ticket *t, struct ticket_completion *c)
{
        if (c->outcome.result == ENGINE_OK)
                emit_list_move(&c->outcome.emits, &t->emits);
        if (t->early == c)
                t->early = NULL;
        free_place(tickets, t);
        return enqueue(tickets, c);
}

void tickets_pend(struct tickets *tickets, pawl_ticket ticket, struct emit_list *emits)
{
        struct ticket *t;
        bool due = false;

        lock(tickets);
        t = find(tickets, ticket);
        if (t != NULL && is_out(t)) {
                emit_list_move(emits, &t->emits); /* the handler's come first */
                emit_list_move(&t->emits, emits);
                if (t->state == TICKET_EARLY)
                        due = hand_over(tickets, t, t->early);
                else
                        t->state = TICKET_PENDING;
        }
        unlock(tickets);
        wake(tickets, due);
}

void tickets_void(struct tickets *tickets, pawl_ticket ticket)
{
        struct ticket *t;

        lock(tickets);
        t = find(tickets, ticket);
        if (t != NULL)
                free_place(tickets, t);
        unlock(tickets);
}

/* ---- any thread ---- */

static struct ticket *find_out(const struct tickets *tickets, const struct plugin_instance *in, pawl_ticket number)
{
        struct ticket *t = find(tickets, number);

        return t != NULL && t->instance == in && (t->state == TICKET_HANDLING || t->state == TICKET_PENDING) ? t : NULL;
}

const struct pawl_event *tickets_event(struct tickets *tickets, struct plugin_instance *in, pawl_ticket ticket)
{
        const struct pawl_event *ev = NULL;
        struct ticket *t;

        lock(tickets);
        t = find_out(tickets, in, ticket);
        if (t != NULL)
                ev = &t->copy->event.public;
        unlock(tickets);
        return ev;
}

int32_t tickets_emit(struct tickets *tickets, struct plugin_instance *in, pawl_ticket ticket,
                     const struct pawl_message *message, const unsigned char *name_space)
{
        int32_t status = PAWL_E_STATE;
        struct emit *e = NULL;
        struct ticket *t;

        lock(tickets);
        t = find_out(tickets, in, ticket);
        if (t != NULL) {
                struct emit_source source = {.event = &t->copy->event,
                                             .before = &t->emits,
                                             .ticket = true,
                                             .name_space = name_space,
                                             .max_event = t->copy->event.max_bytes};

                status = emit_make(&source, message, &e);
                if (status == 0)
                        emit_list_add(&t->emits, e);
        }
        unlock(tickets);
        return status;
}

/* What the plugin says, unless it has come upon what is malformed in the ticket's event. */
static void make_outcome(const struct ticket *t, pawl_result result, int64_t delay, struct pawl_str text,
                         struct call_outcome *outcome)
{
        const struct scan_fault *fault = event_fault(&t->copy->event);

        outcome->result = call_result(result);
        outcome->delay = result == PAWL_RETRY && delay > 0 ? delay : -1;
        if (fault != NULL && !t->wants_malformed) {
                outcome->result = ENGINE_REJECT;
                outcome->reason = CALL_REASON_MALFORMED;
                outcome->text = memory_printf("malformed event: %s, at byte %zu", fault->reason, fault->offset);
        } else if (outcome->result == CALL_RESULT_BAD || result == PAWL_PENDING) {
                outcome->result = CALL_RESULT_BAD;
                outcome->text = memory_printf("a ticket was completed with %d, which is no result", (int)result);
        } else if (text.ptr != NULL) {
                outcome->text =
                    memory_copy(text.ptr, text_utf8_prefix(text.ptr, text.len < CALL_REASON_MAX ? text.len
                                                                                                : CALL_REASON_MAX - 1));
        }
}

static bool complete(struct tickets *tickets, struct ticket *t, struct ticket_completion *c)
{
        c->instance = t->instance;
        c->slot = t->slot;
        c->tag = t->tag;
        if (t->state == TICKET_PENDING)
                return hand_over(tickets, t, c);
        t->early = c;
        t->state = TICKET_EARLY;
        return false;
}

int32_t tickets_complete(struct tickets *tickets, struct plugin_instance *in, pawl_ticket ticket, pawl_result result,
                         int64_t delay, struct pawl_str text)
{
        struct ticket_completion *c = NULL;
        int32_t status = PAWL_E_STATE;
        struct ticket *t;
        bool due = false;

        lock(tickets);
        t = find(tickets, ticket);
        if (t != NULL && t->instance == in && t->state == TICKET_VOID) {
                free_place(tickets, t);
        } else if (t != NULL && t->instance == in && t->state != TICKET_EARLY) {
                c = memory_zero(1, sizeof *c);
                make_outcome(t, result, delay, text, &c->outcome);
                due = complete(tickets, t, c);
                status = 0;
        }
        unlock(tickets);
        if (status != 0)
                scoreboard_add(tickets->sb, scoreboard_other(tickets->sb), SCOREBOARD_TICKET_LATE, 1);
        wake(tickets, due);
        return status;
}

/* ---- the main thread ---- */

struct ticket_completion *tickets_completions(struct tickets *tickets)
{
        struct ticket_completion *all;

        lock(tickets);
        all = tickets->first;
        tickets->first = tickets->last = NULL;
        unlock(tickets);
        return all;
}

void tickets_expire(struct tickets *tickets, uint32_t slot, uint32_t tag)
{
        struct ticket *t = NULL;

        lock(tickets);
        if (slot < tickets->slot_count && tickets->by_slot[slot] != NOWHERE)
                t = &tickets->items[tickets->by_slot[slot]];
        if (t != NULL && t->slot == slot && t->tag == tag && is_out(t)) {
                if (t->state == TICKET_EARLY) { /* the plugin has no further use for it */
                        free_place(tickets, t);
                } else {
                        leave(tickets, t);
                        t->state = TICKET_VOID;
                }
        }
        unlock(tickets);
}

size_t tickets_out(const struct tickets *tickets, const struct plugin_instance *in)
{
        size_t n = 0;
        uint32_t i;

        lock(tickets);
        if (in == NULL)
                n = tickets->out;
        else
                for (i = 0; tickets->out > 0 && i < tickets->count; i++)
                        n += tickets->items[i].instance == in && is_out(&tickets->items[i]);
        unlock(tickets);
        return n;
}

void tickets_forget(struct tickets *tickets, const struct plugin_instance *in)
{
        uint32_t i;

        lock(tickets);
        for (i = 0; i < tickets->count; i++)
                if (tickets->items[i].state != TICKET_FREE && tickets->items[i].instance == in)
                        free_place(tickets, &tickets->items[i]);
        unlock(tickets);
}
