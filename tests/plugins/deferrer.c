/*
 * Batches and tickets. `sum.*` comes in batches: adds up the members `n`, stops at one that has none, emits the running sum.
 * `later.*` is handed to a thread of the plugin's own, which emits and completes. Also publishes on its own, and listens.
 */
#include <inttypes.h>
#include <pawl/plugin.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define QUEUE_MAX 1024

struct deferrer {
        struct pawl_instance *instance;
        _Atomic int64_t sum;
        _Atomic int64_t published; /* sum of the statuses that callbacks were told, times 1000, plus their number */
        pthread_t thread;
        bool running;
        pthread_mutex_t lock; /* guards all below */
        pthread_cond_t changed;
        pawl_ticket queue[QUEUE_MAX];
        unsigned count;
        bool ending;
};

/* ---- batches ---- */

static uint32_t on_sums(struct pawl_ctx *ctx, const struct pawl_event *const *events, uint32_t count, pawl_result *rest,
                        void *self)
{
        struct deferrer *d = self;
        char body[64];
        int64_t n;
        uint32_t i;

        for (i = 0; i < count; i++) {
                if (!pawl_event_int(events[i], "n", &n)) {
                        *rest = pawl_reject_field(ctx, events[i], "n", "an integer");
                        return i;
                }
                snprintf(body, sizeof body, "{\"sum\":%" PRId64 "}", atomic_fetch_add(&d->sum, n) + n);
                pawl_batch_at(ctx, i);
                if (pawl_emit(ctx, "sums", "sum.done", pawl_text(NULL), pawl_text(body)) != 0) {
                        *rest = PAWL_RETRY;
                        return i;
                }
        }
        return count;
}

/* ---- tickets ---- */

static pawl_result on_later(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        struct deferrer *d = self;
        pawl_ticket ticket = pawl_defer(ctx);
        bool room;

        (void)ev;
        if (ticket == 0)
                return pawl_retry(ctx, "no ticket can be had");
        pthread_mutex_lock(&d->lock);
        room = d->count < QUEUE_MAX;
        if (room)
                d->queue[d->count++] = ticket;
        pthread_cond_signal(&d->changed);
        pthread_mutex_unlock(&d->lock);
        return room ? PAWL_PENDING : pawl_retry(ctx, "%d tickets wait already", QUEUE_MAX);
}

static void finish(struct deferrer *d, pawl_ticket ticket)
{
        const struct pawl_event *ev = pawl_ticket_event(d->instance, ticket);
        struct pawl_message message =
            pawl_message_make("later", "later.done", pawl_text(NULL), pawl_text("{\"done\":true}"));
        struct pawl_str how;

        if (ev != NULL && pawl_event_string(ev, "fail", &how)) {
                pawl_complete_with(d->instance, ticket, PAWL_RETRY, PAWL_S(1), how.ptr);
                return;
        }
        pawl_ticket_emit(d->instance, ticket, &message);
        pawl_complete(d->instance, ticket, PAWL_OK);
        pawl_complete(d->instance, ticket, PAWL_OK); /* once too often: counted, and otherwise harmless */
}

static void *work(void *arg)
{
        struct deferrer *d = arg;
        pawl_ticket ticket;

        pthread_mutex_lock(&d->lock);
        for (;;) {
                while (d->count == 0 && !d->ending)
                        pthread_cond_wait(&d->changed, &d->lock);
                if (d->count == 0)
                        break;
                ticket = d->queue[--d->count];
                pthread_mutex_unlock(&d->lock);
                finish(d, ticket);
                pthread_mutex_lock(&d->lock);
        }
        pthread_mutex_unlock(&d->lock);
        return NULL;
}

/* ---- publications and sockets, by command ---- */

static void on_published(void *self, void *arg, int32_t status)
{
        struct deferrer *d = self;

        (void)arg;
        atomic_fetch_add(&d->published, 1000 * status + 1);
}

static int32_t publish(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        struct deferrer *d = self;
        struct pawl_message message =
            pawl_message_make("news", "news.told", pawl_text("k"), argc > 0 ? argv[0] : pawl_text("{}"));
        char id[37], answer[128];
        int32_t status;

        pawl_derive_id(d->instance, pawl_text("the news"), id);
        message.event_id = pawl_text(id);
        status = pawl_publish(d->instance, &message, on_published, NULL);
        snprintf(answer, sizeof answer, "%" PRId32 " %" PRId64 "\n", status, atomic_load(&d->published));
        pawl_reply(ctx, pawl_text(answer));
        return status == 0 ? 0 : 1;
}

static int32_t sockets(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        struct deferrer *d = self;
        int fd = argc == 1 ? pawl_listen(d->instance, argv[0].ptr) : -1;

        pawl_reply(ctx, pawl_text(fd >= 0 ? "listening\n" : "no such socket\n"));
        if (fd >= 0)
                close(fd);
        return fd >= 0 ? 0 : 1;
}

/* ---- life ---- */

static bool deferrer_create(struct pawl_instance *instance, void **self)
{
        struct deferrer *d = calloc(1, sizeof *d);

        if (d == NULL)
                return pawl_fail(instance, "no memory");
        d->instance = instance;
        pthread_mutex_init(&d->lock, NULL);
        pthread_cond_init(&d->changed, NULL);
        *self = d;
        return true;
}

static void deferrer_start(void *self)
{
        struct deferrer *d = self;

        d->running = pthread_create(&d->thread, NULL, work, d) == 0;
}

static void deferrer_stop(void *self)
{
        struct deferrer *d = self;

        pthread_mutex_lock(&d->lock);
        d->ending = true;
        pthread_cond_signal(&d->changed);
        pthread_mutex_unlock(&d->lock);
        if (d->running)
                pthread_join(d->thread, NULL);
}

static void deferrer_destroy(void *self)
{
        struct deferrer *d = self;

        pthread_cond_destroy(&d->changed);
        pthread_mutex_destroy(&d->lock);
        free(d);
}

static const struct pawl_handler handlers[] = {
    PAWL_ON_BATCH("sum.*", on_sums, PAWL_SERIAL, 100, 1 << 20, PAWL_MS(5)),
    PAWL_ON("later.*", on_later),
};

static const struct pawl_command commands[] = {
    PAWL_COMMAND("publish", "BODY", "publishes one event", publish),
    PAWL_COMMAND("sockets", "NAME", "tries a listening socket", sockets),
};

static const struct pawl_plugin deferrer = {
    PAWL_DESCRIPTOR("deferrer", "1.0.0"),
    .handlers = PAWL_ARRAY(handlers),
    .commands = PAWL_ARRAY(commands),
    .create = deferrer_create,
    .start = deferrer_start,
    .stop = deferrer_stop,
    .destroy = deferrer_destroy,
    .swap = PAWL_SWAP_BESIDE,
};

PAWL_EXPORT(deferrer);
