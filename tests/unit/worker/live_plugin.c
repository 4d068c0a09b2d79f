/*
 * The plugin of live_test.c: publishes its own events on ticks, and handles them in every way there is. What it counts is the
 * process's, since several generations of it live one after the other; it writes a byte to `progress` for each quarter.
 */
#include <inttypes.h>
#include <pawl/plugin.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EVENTS    4000
#define EACH_TICK 40
#define KEYS      37
#define TICKETS   4096

/* Each event ends once, each eighth is followed by an echo, each publication is acknowledged. */
#define QUARTER ((EVENTS + EVENTS / 8 + EVENTS) / 4)

static _Atomic int published, acknowledged, made, echoed, twice, rejected, all;
static _Atomic bool seen[EVENTS];

struct live {
        struct pawl_instance *instance;
        int progress;
        pthread_t completer;
        pthread_mutex_t lock; /* guards what follows */
        pthread_cond_t changed;
        pawl_ticket tickets[TICKETS];
        int first, last;
        bool stop;
};

/* Counts one event's end, or one publication's. */
static void done(struct live *l, _Atomic int *counter)
{
        atomic_fetch_add(counter, 1);
        if ((atomic_fetch_add(&all, 1) + 1) % QUARTER == 0 && write(l->progress, ".", 1) != 1)
                abort();
}

static void *complete(void *arg)
{
        struct live *l = arg;

        pthread_mutex_lock(&l->lock);
        while (!l->stop || l->first != l->last) {
                pawl_ticket ticket;

                if (l->first == l->last) {
                        pthread_cond_wait(&l->changed, &l->lock);
                        continue;
                }
                ticket = l->tickets[l->first++ % TICKETS];
                pthread_mutex_unlock(&l->lock);
                if (pawl_ticket_event(l->instance, ticket) == NULL || pawl_complete(l->instance, ticket, PAWL_OK) != 0)
                        abort();
                done(l, &made);
                pthread_mutex_lock(&l->lock);
        }
        pthread_mutex_unlock(&l->lock);
        return NULL;
}

static pawl_result defer(struct live *l, struct pawl_ctx *ctx)
{
        pawl_ticket ticket = pawl_defer(ctx);

        if (ticket == 0)
                return pawl_retry(ctx, "no ticket");
        pthread_mutex_lock(&l->lock);
        l->tickets[l->last++ % TICKETS] = ticket;
        pthread_cond_signal(&l->changed);
        pthread_mutex_unlock(&l->lock);
        return PAWL_PENDING;
}

/* One in eight each: retried once, deferred, emits, waits once, is rejected; the others are simply done. */
static pawl_result on_made(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        struct live *l = self;
        bool first = pawl_event_attempt(ev) == 1;
        int64_t n;

        if (!pawl_event_int(ev, "n", &n) || n < 0 || n >= EVENTS)
                return pawl_fatal(ctx, "n is wrong");
        if (n % 8 == 1 && first)
                return pawl_retry_after(ctx, PAWL_MS(1), "the first attempt fails");
        if (n % 8 == 4 && first && !atomic_load(&seen[n])) {
                atomic_store(&seen[n], true); /* WAIT counts no attempt */
                return pawl_wait(ctx, "not yet");
        }
        if (n % 8 != 4 && atomic_exchange(&seen[n], true))
                atomic_fetch_add(&twice, 1);
        if (n % 8 == 2)
                return defer(l, ctx);
        if (n % 8 == 3 && pawl_emit(ctx, "live-out", "live.echo", pawl_text(NULL), pawl_text("{}")) != 0)
                return pawl_fatal(ctx, "not emitted");
        if (n % 8 == 5) {
                done(l, &rejected);
                return pawl_reject(ctx, "number %" PRId64 " is rejected", n);
        }
        done(l, &made);
        return PAWL_OK;
}

static pawl_result on_echo(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        (void)ctx;
        if (pawl_event_id(ev).ptr == NULL)
                return PAWL_FATAL;
        done(self, &echoed);
        return PAWL_OK;
}

static void on_published(void *self, void *arg, int32_t status)
{
        (void)arg;
        if (status != 0)
                abort();
        done(self, &acknowledged);
}

static void tick(struct pawl_ctx *ctx, void *self)
{
        struct live *l = self;
        int i;

        (void)ctx;
        for (i = 0; i < EACH_TICK && atomic_load(&published) < EVENTS; i++) {
                char body[32], key[16];
                struct pawl_message m;
                int n = atomic_load(&published);

                snprintf(body, sizeof body, "{\"n\": %d}", n);
                snprintf(key, sizeof key, "%d", n % KEYS);
                m = pawl_message_make("live-in", "live.made", pawl_text(key), pawl_text(body));
                if (pawl_publish(l->instance, &m, on_published, NULL) != 0)
                        return; /* full: at the next tick */
                atomic_fetch_add(&published, 1);
        }
}

static int32_t counts(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        char text[256];

        (void)argv;
        (void)argc;
        (void)self;
        snprintf(text, sizeof text, "published %d acknowledged %d made %d echoed %d rejected %d twice %d",
                 atomic_load(&published), atomic_load(&acknowledged), atomic_load(&made), atomic_load(&echoed),
                 atomic_load(&rejected), atomic_load(&twice));
        return pawl_reply(ctx, pawl_text(text)) ? 0 : 1;
}

static bool live_create(struct pawl_instance *instance, void **self)
{
        struct live *l = calloc(1, sizeof *l);

        if (l == NULL)
                return pawl_fail(instance, "no memory");
        l->instance = instance;
        l->progress = (int)pawl_setting_int(instance, "progress");
        pthread_mutex_init(&l->lock, NULL);
        pthread_cond_init(&l->changed, NULL);
        *self = l;
        return true;
}

static void live_start(void *self)
{
        struct live *l = self;

        if (pthread_create(&l->completer, NULL, complete, l) != 0)
                abort();
}

static void live_stop(void *self)
{
        struct live *l = self;

        pthread_mutex_lock(&l->lock);
        l->stop = true;
        pthread_cond_signal(&l->changed);
        pthread_mutex_unlock(&l->lock);
        pthread_join(l->completer, NULL);
}

static void live_destroy(void *self)
{
        struct live *l = self;

        pthread_mutex_destroy(&l->lock);
        pthread_cond_destroy(&l->changed);
        free(l);
}

static const struct pawl_setting settings[] = {
    PAWL_SETTING_PLAIN(PAWL_TYPE_INT, PAWL_REQUIRED, "progress", "descriptor to which each quarter is told"),
    PAWL_SETTING_INT("number", "0", "", "differs from generation to generation"),
};
static const struct pawl_handler handlers[] = {PAWL_ON("live.made", on_made), PAWL_ON("live.echo", on_echo)};
static const struct pawl_command commands[] = {PAWL_COMMAND("counts", "", "what was counted", counts)};
static const struct pawl_plugin live = {
    PAWL_DESCRIPTOR("live", "1.0.0"),
    .handlers = PAWL_ARRAY(handlers),
    .settings = PAWL_ARRAY(settings),
    .commands = PAWL_ARRAY(commands),
    .create = live_create,
    .start = live_start,
    .tick = tick,
    .stop = live_stop,
    .destroy = live_destroy,
    .tick_interval = PAWL_MS(5),
    .swap = PAWL_SWAP_BESIDE,
};
PAWL_EXPORT(live);
