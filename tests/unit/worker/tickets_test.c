/*
 * Tickets and publications under threads: handlers take tickets, other threads complete them at any moment (early, late, twice),
 * the main thread expires some; every attempt ends exactly once, and nothing is left. A plain program, for ThreadSanitizer.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "plugin/build.h"
#include "worker/api.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HANDLERS 3
#define EVENTS   4000 /* a handler thread */
#define SLOTS    (HANDLERS * EVENTS)

#define CHECK(condition)                                                                                               \
        do {                                                                                                           \
                if (!(condition)) {                                                                                    \
                        fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                 \
                        abort();                                                                                       \
                }                                                                                                      \
        } while (0)

/* ---- the plugin, in this program: its descriptor needs no file ---- */

static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pawl_ticket queue[SLOTS];
static unsigned queued;
static bool ended;

static _Atomic unsigned early, late, finished;
static _Atomic int published;

static pawl_result on_event(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        pawl_ticket ticket = pawl_defer(ctx);
        int64_t offset = pawl_event_offset(ev);

        (void)self;
        CHECK(ticket != 0);
        CHECK(pawl_defer(ctx) == 0);
        CHECK(pawl_emit(ctx, "t", "a.b", pawl_text(NULL), pawl_text("{}")) == 0);
        if (offset % 7 == 0) { /* before the handler has returned */
                CHECK(pawl_complete(ctx->instance, ticket, PAWL_OK) == 0);
                early++;
                return offset % 2 ? PAWL_PENDING : PAWL_RETRY;
        }
        pthread_mutex_lock(&queue_lock);
        queue[queued++] = ticket;
        pthread_mutex_unlock(&queue_lock);
        if (offset % 11 == 0)
                return pawl_retry(ctx, "changed its mind");
        return PAWL_PENDING;
}

static const struct pawl_handler handlers[] = {PAWL_ON("*", on_event)};
static const struct pawl_plugin plugin = {.head = PAWL_HEAD,
                                          .name = PAWL_STR("threads"),
                                          .version = PAWL_STR("1"),
                                          .handlers = PAWL_ARRAY(handlers)};

static void on_published(void *self, void *arg, int32_t status)
{
        (void)self;
        (void)arg;
        CHECK(status == 0);
        published++;
}

/* ---- the host ---- */

static struct api *api;
static struct plugin_instance *instance;
static _Atomic unsigned pending, other;

static void *handle(void *arg)
{
        unsigned first = *(unsigned *)arg * EVENTS, i;
        struct call call;

        api_thread_writer(1 + *(unsigned *)arg);
        call_open(&call, 1 << 20, NULL);
        for (i = 0; i < EVENTS; i++) {
                struct message message = {.value = "{\"event_type\":\"a.b\"}", .value_len = 20, .offset = first + i};
                struct call_input input = {.message = &message,
                                           .place = {.topic = "t", .attempt = 1},
                                           .row = SCOREBOARD_NO_ROW,
                                           .slot = first + i,
                                           .tag = i};
                struct call_outcome outcome;

                call_event(&call, instance, 0, &input, INT64_MAX, &outcome);
                if (outcome.result == ENGINE_PENDING) {
                        pending++;
                } else {
                        CHECK(outcome.result == ENGINE_RETRY);
                        other++;
                }
                call_outcome_clear(&outcome);
        }
        call_close(&call);
        return NULL;
}

static bool next_ticket(pawl_ticket *ticket, bool *over)
{
        bool found;

        pthread_mutex_lock(&queue_lock);
        found = queued > 0;
        if (found)
                *ticket = queue[--queued];
        *over = ended;
        pthread_mutex_unlock(&queue_lock);
        return found;
}

/* A thread of the plugin's. */
static void *complete(void *arg)
{
        struct pawl_message message = pawl_message_make("t", "c.d", pawl_text("k"), pawl_text("{\"x\":1}"));
        pawl_ticket ticket;
        bool over;

        (void)arg;
        for (;;) {
                if (!next_ticket(&ticket, &over)) {
                        if (over)
                                break;
                        sched_yield();
                        continue;
                }
                pawl_ticket_emit(&instance->public, ticket, &message);
                if (pawl_complete(&instance->public, ticket, PAWL_OK) != 0)
                        late++;
                CHECK(pawl_complete(&instance->public, ticket, PAWL_OK) == PAWL_E_STATE);
                while (pawl_publish(&instance->public, &message, on_published, NULL) == PAWL_E_FULL)
                        sched_yield();
        }
        finished++;
        return NULL;
}

static unsigned completed;

/* What the main thread does: takes what is there; answers publications; lets some tickets expire. */
static void serve(unsigned round)
{
        unsigned slot = round * 13 % SLOTS;
        struct ticket_completion *c = tickets_completions(api->tickets), *next;
        struct publish *p = publish_take(api->publish), *after;

        for (; c != NULL; c = next) {
                next = c->next;
                CHECK(c->outcome.result == ENGINE_OK);
                CHECK(c->outcome.emits.count == 1 || c->outcome.emits.count == 2);
                completed++;
                ticket_completion_free(&c);
        }
        for (; p != NULL; p = after) {
                after = p->next;
                publish_answer(api->publish, p, 0);
        }
        publish_call(api->publish, 100);
        if (slot % 7 != 0) /* those are completed by their handlers, and must not be too late */
                tickets_expire(api->tickets, slot, slot % EVENTS);
}

static void make_instance(struct scoreboard *sb)
{
        static struct plugin_build build;
        struct config_errors errors = {.count = 0};
        struct pawl_error err;

        CHECK(plugin_descriptor_read(&build.descriptor, &plugin, &err));
        api = api_new(&(struct api_options){.plugin = "threads",
                                            .state_dir = "/",
                                            .host_id = "h",
                                            .max_event = 1 << 20,
                                            .publish_count = 50,
                                            .scoreboard = sb});
        instance = api_instance(api, &build, NULL, "test.conf", 1, &errors, &err);
        CHECK(instance != NULL);
        plugin_instance_start(instance);
}

int main(void)
{
        pthread_t handling[HANDLERS], completing[2];
        unsigned numbers[HANDLERS] = {0, 1, 2}, i, round = 0;
        struct scoreboard *sb;
        struct pawl_error err;

        CHECK(scoreboard_private(&sb, HANDLERS, &err));
        make_instance(sb);
        for (i = 0; i < HANDLERS; i++)
                pthread_create(&handling[i], NULL, handle, &numbers[i]);
        for (i = 0; i < 2; i++)
                pthread_create(&completing[i], NULL, complete, NULL);
        while (pending + other < SLOTS)
                serve(round++);
        for (i = 0; i < HANDLERS; i++)
                pthread_join(handling[i], NULL);
        pthread_mutex_lock(&queue_lock);
        ended = true;
        pthread_mutex_unlock(&queue_lock);
        while (finished < 2)
                serve(round++);
        for (i = 0; i < 2; i++)
                pthread_join(completing[i], NULL);
        while (!api_instance_idle(api, instance))
                serve(round++);
        serve(round);
        printf("%u pending, %u completed, %u early, %u late, %d published\n", pending, completed, early, late,
               published);
        CHECK(completed <= pending && completed > 0);
        CHECK(tickets_out(api->tickets, NULL) == 0);
        plugin_instance_quiesce(instance);
        plugin_instance_stop(instance);
        api_instance_free(api, &instance);
        api_free(&api);
        scoreboard_unmap(&sb);
        return 0;
}
