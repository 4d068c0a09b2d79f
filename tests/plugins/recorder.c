/*
 * Writes down what it handled: one line an event, appended in one write, so that any number of processes can share the file.
 *
 *     VERSION PID TOPIC PARTITION OFFSET KEY ATTEMPT RESULT TIME        (separated by tabs; nanoseconds of CLOCK_MONOTONIC)
 *
 * Events steer it by their members: sleep_ms (before anything else), reject, wait, unavailable, fatal and crash (true),
 * retry (a number: fails up to that attempt), defer_ms (completed by a thread after that time), emit (a topic: emits one
 * `recorder.handled` there). It is built several times: another version, and swapped beside.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pawl/plugin.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef RECORDER_VERSION
#define RECORDER_VERSION "1"
#endif
#ifndef RECORDER_SWAP
#define RECORDER_SWAP PAWL_SWAP_HANDOVER
#endif

struct recorder {
        struct pawl_instance *instance;
        int fd;
        bool all;
        int64_t pause;
        pthread_mutex_t lock; /* guards `deferred` */
        pthread_cond_t none;
        unsigned deferred; /* threads that will complete a ticket */
};

/* A ticket on its way. */
struct later {
        struct recorder *recorder;
        pawl_ticket ticket;
        int64_t delay;
};

static void pause_for(int64_t ns)
{
        struct timespec t = {.tv_sec = (time_t)(ns / PAWL_S(1)), .tv_nsec = (long)(ns % PAWL_S(1))};

        while (ns > 0 && nanosleep(&t, &t) != 0 && errno == EINTR)
                continue;
}

static bool record(struct recorder *r, const struct pawl_event *ev, const char *result)
{
        struct pawl_str topic = pawl_event_topic(ev), key = pawl_event_key(ev);
        struct timespec now;
        char line[1024];
        int n;

        clock_gettime(CLOCK_MONOTONIC, &now);
        n = snprintf(line, sizeof line,
                     RECORDER_VERSION "\t%ld\t%.*s\t%" PRId32 "\t%" PRId64 "\t%.*s\t%" PRIu32 "\t%s\t%" PRId64 "\n",
                     (long)getpid(), (int)topic.len, topic.ptr, pawl_event_partition(ev), pawl_event_offset(ev),
                     (int)(key.len < 256 ? key.len : 256), key.ptr != NULL ? key.ptr : "", pawl_event_attempt(ev),
                     result, now.tv_sec * PAWL_S(1) + now.tv_nsec);
        return n > 0 && (size_t)n < sizeof line && write(r->fd, line, (size_t)n) == n;
}

static bool says(const struct pawl_event *ev, const char *name)
{
        bool value;

        return pawl_event_bool(ev, name, &value) && value;
}

static pawl_result ended(struct recorder *r, const struct pawl_event *ev, pawl_result result, const char *name)
{
        if ((result == PAWL_OK || r->all) && !record(r, ev, name))
                return PAWL_FATAL; /* a test that cannot trust the file must not go on */
        return result;
}

/* ---- tickets ---- */

static void *complete_later(void *arg)
{
        struct later *later = arg;
        struct recorder *r = later->recorder;
        const struct pawl_event *ev;

        pause_for(later->delay);
        ev = pawl_ticket_event(r->instance, later->ticket);
        if (ev != NULL && record(r, ev, "ok"))
                pawl_complete(r->instance, later->ticket, PAWL_OK);
        else
                pawl_complete_with(r->instance, later->ticket, PAWL_RETRY, 0,
                                   "too late, or the file cannot be written");
        free(later);
        pthread_mutex_lock(&r->lock);
        if (--r->deferred == 0)
                pthread_cond_signal(&r->none);
        pthread_mutex_unlock(&r->lock);
        return NULL;
}

static pawl_result defer(struct recorder *r, struct pawl_ctx *ctx, int64_t delay)
{
        struct later *later = malloc(sizeof *later);
        pthread_t thread;

        if (later == NULL)
                return PAWL_FATAL;
        later->recorder = r;
        later->delay = delay;
        later->ticket = pawl_defer(ctx);
        if (later->ticket == 0) {
                free(later);
                return pawl_retry(ctx, "no ticket can be had");
        }
        pthread_mutex_lock(&r->lock);
        r->deferred++;
        pthread_mutex_unlock(&r->lock);
        if (pthread_create(&thread, NULL, complete_later, later) == 0) {
                pthread_detach(thread);
                return PAWL_PENDING;
        }
        pthread_mutex_lock(&r->lock);
        r->deferred--;
        pthread_mutex_unlock(&r->lock);
        free(later);
        return pawl_retry(ctx, "no thread can be had");
}

/* ---- events ---- */

static bool emit(struct pawl_ctx *ctx, const struct pawl_event *ev)
{
        struct pawl_str topic;
        char body[128];

        if (!pawl_event_string(ev, "emit", &topic))
                return true;
        snprintf(body, sizeof body, "{\"offset\":%" PRId64 ",\"attempt\":%" PRIu32 "}", pawl_event_offset(ev),
                 pawl_event_attempt(ev));
        return pawl_emit(ctx, topic.ptr, "recorder.handled", pawl_text(NULL), pawl_text(body)) == 0;
}

static pawl_result on_any(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        struct recorder *r = self;
        int64_t n;

        pause_for(r->pause);
        if (pawl_event_int(ev, "sleep_ms", &n))
                pause_for(PAWL_MS(n));
        if (says(ev, "crash"))
                abort();
        if (says(ev, "fatal"))
                return ended(r, ev, pawl_fatal(ctx, "the event says fatal"), "fatal");
        if (says(ev, "reject"))
                return ended(r, ev, pawl_reject(ctx, "the event says reject"), "reject");
        if (says(ev, "wait"))
                return ended(r, ev, pawl_wait(ctx, "the event says wait"), "wait");
        if (says(ev, "unavailable"))
                return ended(r, ev, pawl_unavailable(ctx, "the event says unavailable"), "unavailable");
        if (pawl_event_int(ev, "retry", &n) && n >= pawl_event_attempt(ev))
                return ended(r, ev, pawl_retry(ctx, "the event says retry %" PRId64, n), "retry");
        if (!emit(ctx, ev))
                return ended(r, ev, pawl_reject(ctx, "the event's emit was refused"), "reject");
        if (pawl_event_int(ev, "defer_ms", &n))
                return defer(r, ctx, PAWL_MS(n));
        return ended(r, ev, PAWL_OK, "ok");
}

static bool recorder_create(struct pawl_instance *instance, void **self)
{
        struct recorder *r = calloc(1, sizeof *r);
        struct pawl_str file = pawl_setting_string(instance, "file");

        if (r == NULL)
                return pawl_fail(instance, "no memory");
        r->instance = instance;
        r->fd = open(file.ptr, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (r->fd < 0) {
                free(r);
                return pawl_fail(instance, "%s: %s", file.ptr, strerror(errno));
        }
        r->all = pawl_setting_bool(instance, "all");
        r->pause = pawl_setting_int(instance, "pause");
        pthread_mutex_init(&r->lock, NULL);
        pthread_cond_init(&r->none, NULL);
        *self = r;
        return true;
}

static void recorder_stop(void *self)
{
        struct recorder *r = self;

        pthread_mutex_lock(&r->lock);
        while (r->deferred > 0)
                pthread_cond_wait(&r->none, &r->lock);
        pthread_mutex_unlock(&r->lock);
}

static void recorder_destroy(void *self)
{
        struct recorder *r = self;

        pthread_cond_destroy(&r->none);
        pthread_mutex_destroy(&r->lock);
        close(r->fd);
        free(r);
}

static const struct pawl_setting settings[] = {
    PAWL_SETTING_PLAIN(PAWL_TYPE_PATH, PAWL_REQUIRED, "file", "where the lines go"),
    PAWL_SETTING_DURATION("pause", "0", "", "how long each event takes"),
    PAWL_SETTING_BOOL("all", "false", "a line for every result, not only for OK"),
};

static const struct pawl_handler handlers[] = {PAWL_ON("*", on_any)};

static const struct pawl_plugin recorder = {
    PAWL_DESCRIPTOR("recorder", RECORDER_VERSION ".0.0"),
    .handlers = PAWL_ARRAY(handlers),
    .settings = PAWL_ARRAY(settings),
    .create = recorder_create,
    .stop = recorder_stop,
    .destroy = recorder_destroy,
    .swap = RECORDER_SWAP,
};

PAWL_EXPORT(recorder);
