#include "bus.h"

#include "text.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLICE      512        /* events published at a time, so that a large batch holds nobody up */
#define FULL_AGAIN PAWL_MS(2) /* before it is tried again where the host had no room */

struct bus {
        struct pawl_instance *instance;
        struct bus_hooks hooks;
        int64_t ack_timeout;
        struct submission *first, *last; /* on their way */
        bool away;
        bool closed;
        bool full;
        _Atomic bool acknowledged; /* since it was last looked at */
        pthread_mutex_t lock;      /* "done": what pool threads hand over */
        struct submission *done;
};

struct bus *bus_new(struct pawl_instance *instance, int64_t ack_timeout, const struct bus_hooks *hooks)
{
        struct bus *bus = memory_new(1, sizeof *bus);

        bus->instance = instance;
        bus->ack_timeout = ack_timeout;
        bus->hooks = *hooks;
        pthread_mutex_init(&bus->lock, NULL);
        return bus;
}

static void unlink_it(struct bus *bus, struct submission *s)
{
        if (s->previous != NULL)
                s->previous->next = s->next;
        else
                bus->first = s->next;
        if (s->next != NULL)
                s->next->previous = s->previous;
        else
                bus->last = s->previous;
}

void bus_free(struct bus **bus)
{
        if (*bus == NULL)
                return;
        while ((*bus)->first != NULL) {
                struct submission *s = (*bus)->first;

                unlink_it(*bus, s);
                submission_free(&s);
        }
        pthread_mutex_destroy(&(*bus)->lock);
        free(*bus);
        *bus = NULL;
}

/* ---- Submissions ---- */

struct submission *submission_new(void)
{
        struct submission *s = memory_new(1, sizeof *s);

        s->request_id = -1;
        return s;
}

struct outgoing *submission_add(struct submission *s)
{
        struct outgoing *o;

        if (s->count == s->room) {
                s->room = s->room > 0 ? s->room * 2 : 1;
                s->items = realloc(s->items, s->room * sizeof *s->items);
                if (s->items == NULL)
                        abort();
        }
        o = &s->items[s->count++];
        *o = (struct outgoing){.status = BUS_ON_ITS_WAY};
        return o;
}

void submission_free(struct submission **submission)
{
        struct submission *s = *submission;

        *submission = NULL;
        if (s == NULL)
                return;
        for (size_t i = 0; i < s->count; i++) {
                free(s->items[i].value);
                free(s->items[i].key);
        }
        free(s->items);
        free(s);
}

static void link_last(struct bus *bus, struct submission *s)
{
        s->previous = bus->last;
        s->next = NULL;
        if (bus->last != NULL)
                bus->last->next = s;
        else
                bus->first = s;
        bus->last = s;
}

/* ---- The way out and the way back ---- */

/* So many are answered. Whoever takes the last one hands the submission over; it may be freed from then on. */
static void answered(struct bus *bus, struct submission *s, size_t count)
{
        bool wakes;

        if (atomic_fetch_sub_explicit(&s->left, count, memory_order_acq_rel) != count)
                return;
        pthread_mutex_lock(&bus->lock);
        wakes = bus->done == NULL;
        s->done_next = bus->done;
        bus->done = s;
        pthread_mutex_unlock(&bus->lock);
        if (wakes)
                bus->hooks.wake(bus->hooks.arg);
}

/* A pool thread. */
static void published(void *self, void *arg, int32_t status)
{
        struct outgoing *o = arg;
        struct bus *bus = o->of->bus;

        (void)self;
        o->status = status;
        if (status == 0)
                atomic_store_explicit(&bus->acknowledged, true, memory_order_relaxed);
        answered(bus, o->of, 1);
}

static int32_t publish(struct bus *bus, struct outgoing *o)
{
        struct pawl_message message =
            pawl_message_make(o->topic, NULL, pawl_text(o->key), pawl_bytes(o->value, o->len));
        int32_t status;

        message.flags = PAWL_MESSAGE_RAW;
        status = pawl_publish(bus->instance, &message, published, o);
        if (status == 0) {
                /* From here on a callback may come; it looks at status and of alone. */
                free(o->value);
                o->value = NULL;
        }
        return status;
}

/* Publishes on. 0: as far as a slice goes, or to the end; PAWL_E_FULL: no room now. What fails otherwise has that for its status. */
static int32_t push(struct bus *bus, struct submission *s)
{
        size_t end = s->count - s->published < SLICE ? s->count : s->published + SLICE, over = 0;
        int32_t status = 0;

        for (; s->published < end && status != PAWL_E_FULL; s->published++) {
                struct outgoing *o = &s->items[s->published];

                status = o->repeated ? 0 : publish(bus, o);
                if (status == PAWL_E_FULL || (status != 0 && s->published == 0))
                        break;
                if (o->repeated || status != 0) {
                        o->status = status;
                        over++;
                }
        }
        if (s->published == 0)
                return status;
        if (over > 0 || s->published == s->count)
                answered(bus, s, over + (s->published == s->count));
        return status == PAWL_E_FULL ? status : 0;
}

int32_t bus_send(struct bus *bus, struct submission *s)
{
        int32_t status;

        s->bus = bus;
        for (size_t i = 0; i < s->count; i++)
                s->items[i].of = s;
        s->left = s->count + 1;
        s->published = 0;
        s->deadline = pawl_monotonic(bus->instance) + bus->ack_timeout;
        status = bus->closed ? PAWL_E_STATE : push(bus, s);
        if (s->published == 0)
                return status;
        link_last(bus, s);
        bus->full = bus->full || status == PAWL_E_FULL;
        return 0;
}

bool bus_away(const struct bus *bus)
{
        return bus->away && bus->first != NULL;
}

/* ---- Serving ---- */

static void conclude(struct bus *bus)
{
        struct submission *s, *next;

        pthread_mutex_lock(&bus->lock);
        s = bus->done;
        bus->done = NULL;
        pthread_mutex_unlock(&bus->lock);
        for (; s != NULL; s = next) {
                next = s->done_next;
                unlink_it(bus, s);
                bus->hooks.concluded(bus->hooks.arg, s);
                submission_free(&s);
        }
}

/* Oldest first, a slice each; true: something is left that could go at once. */
static bool push_on(struct bus *bus)
{
        bool more = false;

        bus->full = false;
        for (struct submission *s = bus->first, *next; s != NULL && !bus->full; s = next) {
                next = s->next;
                if (s->published == s->count)
                        continue;
                bus->full = push(bus, s) == PAWL_E_FULL;
                more = more || (!bus->full && s->published < s->count);
        }
        return more;
}

void bus_close(struct bus *bus)
{
        bus->closed = true;
        for (struct submission *s = bus->first, *next; s != NULL; s = next) {
                size_t rest = s->count - s->published;

                next = s->next;
                if (rest == 0)
                        continue;
                for (size_t i = s->published; i < s->count; i++)
                        s->items[i].status = s->items[i].repeated ? 0 : PAWL_E_STATE;
                s->published = s->count;
                answered(bus, s, rest + 1);
        }
}

static void tell_late(struct bus *bus, struct submission *s)
{
        bus->hooks.late(bus->hooks.arg, s);
        s->exchange = NULL;
}

void bus_give_up(struct bus *bus)
{
        for (struct submission *s = bus->first; s != NULL; s = s->next)
                if (s->exchange != NULL)
                        tell_late(bus, s);
}

int64_t bus_serve(struct bus *bus, int64_t now)
{
        int64_t next = INT64_MAX;
        bool more;

        if (atomic_exchange_explicit(&bus->acknowledged, false, memory_order_relaxed) && bus->away) {
                bus->away = false;
                pawl_log(bus->instance, PAWL_LOG_INFO, "the bus acknowledges again");
        }
        conclude(bus);
        more = push_on(bus);
        /* In order of their deadlines, since all have the same time. */
        for (struct submission *s = bus->first; s != NULL; s = s->next) {
                if (s->exchange == NULL)
                        continue;
                if (s->deadline > now) {
                        next = s->deadline;
                        break;
                }
                if (!bus->away)
                        pawl_log(bus->instance, PAWL_LOG_WARN, "no acknowledgement came from the bus in time");
                bus->away = true;
                tell_late(bus, s);
        }
        if (more)
                return now;
        return bus->full && now + FULL_AGAIN < next ? now + FULL_AGAIN : next;
}
