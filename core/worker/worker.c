/* A worker's life: its phases one after the other, from the lock to the end of the drain, and its closing. */
#include "worker/worker.h"

#include "base/memory.h"
#include "worker/crash.h"
#include "worker/lock.h"
#include "worker/trial.h"
#include "worker/worker_private.h"

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define ARENAS      4
#define LOCK_LOOK   (5 * CLOCK_MS)
#define LOCK_SAY    (2 * CLOCK_S)    /* a wait for the lock that is longer than this is told of */
#define CANCEL_TIME (200 * CLOCK_MS) /* for the callbacks of what is given up at the very end */

/* ---- inputs ---- */

struct engine_input *worker_input(struct worker *w, enum engine_input_kind kind)
{
        struct engine_input *in;

        if (w->input_count == w->input_cap) {
                w->input_cap = w->input_cap != 0 ? w->input_cap * 2 : 1024;
                w->inputs = memory_resize(w->inputs, w->input_cap, sizeof *w->inputs);
        }
        in = &w->inputs[w->input_count++];
        memset(in, 0, sizeof *in);
        in->now = w->now;
        in->kind = (uint16_t)kind;
        return in;
}

/* ---- ends ---- */

void worker_fail(struct worker *w, enum worker_exit status, const char *fmt, ...)
{
        struct pawl_error text = {0};
        va_list ap;

        if (w->exit_status != WORKER_EXIT_DONE)
                return;
        va_start(ap, fmt);
        vsnprintf(text.text, sizeof text.text, fmt, ap);
        va_end(ap);
        log_error("%s", text.text);
        if (w->scoreboard != NULL)
                scoreboard_text_set(w->scoreboard, SCOREBOARD_TEXT_LAST_ERROR, text.text);
        control_tell(w, json_pack("{ss ss}", "verb", "fatal", "text", text.text));
        w->exit_status = status;
        w->phase = PHASE_ENDED;
}

void worker_stop(struct worker *w, bool leave, int64_t deadline)
{
        struct engine_input *in;
        int64_t spare;

        if (w->phase >= PHASE_DRAINING) {
                w->stop_deadline = deadline < w->stop_deadline ? deadline : w->stop_deadline;
                w->close_deadline = deadline < w->close_deadline ? deadline : w->close_deadline;
                return;
        }
        atomic_store(&w->stopping, true);
        if (w->phase < PHASE_RUNNING) {
                w->phase = PHASE_ENDED; /* nothing was begun */
                return;
        }
        w->leave = leave;
        w->stop_deadline = deadline;
        w->close_deadline = INT64_MAX;
        w->phase = PHASE_DRAINING;
        w->quiet_since = w->now;
        scoreboard_text_set(w->scoreboard, SCOREBOARD_TEXT_STATE, "draining");
        pool_recall(w->pool);
        /* The engine's deadline is for the work; its last commit and the goodbye to the group come behind it. */
        spare = deadline > w->now ? (deadline - w->now) / 4 : 0;
        in = worker_input(w, ENGINE_DRAIN);
        in->leave.deadline = deadline - (spare < COMMIT_WAIT + CLOCK_S ? spare : COMMIT_WAIT + CLOCK_S);
}

/* ---- phases ---- */

/* "GROUP\nTOPIC\nTOPIC\n…", for the lock's note. */
static char *membership_text(const struct worker *w)
{
        struct buf text = {0};
        size_t i;

        buf_printf(&text, "%s\n", w->plugin->group);
        for (i = 0; i < w->plugin->topic_count; i++)
                buf_printf(&text, "%s\n", w->plugin->topics[i]);
        return buf_take(&text, NULL);
}

/* Whether the broker may know our static member with other topics: in the same group, and not having left it. */
static bool must_leave_first(const struct worker *w)
{
        char *noted = lock_noted(w->lock_fd), *own = membership_text(w);
        size_t group = strlen(w->plugin->group) + 1;
        bool other = w->plugin->kafka.static_membership && strncmp(noted, own, group) == 0 && strcmp(noted, own) != 0;

        free(noted);
        free(own);
        return other;
}

static void begin_serving(struct worker *w)
{
        struct pawl_error err = {0};

        if (w->consumer != NULL) {
                char *own = membership_text(w);

                if (!lock_note(w->lock_fd, own))
                        log_warn("cannot note the topics in the lock of this instance: %s", strerror(errno));
                free(own);
        }
        plugin_instance_start(w->current->instance);
        instances_show(w);
        w->phase = PHASE_RUNNING;
        scoreboard_text_set(w->scoreboard, SCOREBOARD_TEXT_STATE, "running");
        if (w->consumer != NULL && !consumer_join(w->consumer, &err)) {
                worker_fail(w, WORKER_EXIT_FAILED, "%s", err.text);
                return;
        }
        if (w->consumer != NULL)
                scoreboard_text_set(w->scoreboard, SCOREBOARD_TEXT_BROKER, consumer_state(w->consumer));
        w->consumer_at = 0;
        control_tell(w, json_pack("{ss}", "verb", "joined"));
        log_info("serving: plugin %s %.*s, generation %llu, %u threads, %zu topic%s", w->plugin->name,
                 (int)w->current->instance->build->descriptor.plugin.version.len,
                 w->current->instance->build->descriptor.plugin.version.ptr,
                 (unsigned long long)w->current->instance->generation, w->thread_count, w->plugin->topic_count,
                 w->plugin->topic_count == 1 ? "" : "s");
}

static void begin_leaving(struct worker *w)
{
        struct pawl_error err = {0};

        log_info("joins group %s to leave it: the last one here had joined with other topics", w->plugin->group);
        w->phase = PHASE_LEAVING;
        w->consumer_at = 0;
        if (!consumer_join(w->consumer, &err))
                worker_fail(w, WORKER_EXIT_FAILED, "%s", err.text);
}

/* It has left: now as somebody new. */
static void finish_leaving(struct worker *w)
{
        struct pawl_error err = {0};

        consumer_destroy(&w->consumer);
        w->client_closed = w->close_sent = false;
        if (clients_open_consumer(w, &err))
                begin_serving(w);
        else
                worker_fail(w, WORKER_EXIT_FAILED, "%s", err.text);
}

/* What a producer and a consumer that can reach nobody are given to say goodbye. */
static int64_t goodbye(const struct worker *w)
{
        bool away = w->consumer != NULL ? w->in_trouble && w->assigned == 0 : w->outbox.in_trouble;
        int64_t time = away ? 300 * CLOCK_MS : CLOSE_TIME;
        int64_t until = w->now + time;

        return until < w->stop_deadline + CLOCK_S ? until : w->stop_deadline + CLOCK_S;
}

/* Publications that the plugin made, and its callbacks of them. */
static bool publications_over(const struct worker *w)
{
        const struct generation *g;

        for (g = w->current; g != NULL; g = g->next) {
                if (publish_pending(w->api->publish, g->instance) > 0)
                        return false;
        }
        return true;
}

static int64_t advance_closing(struct worker *w)
{
        if (w->close_deadline == INT64_MAX)
                w->close_deadline = goodbye(w);
        if (w->now >= w->close_deadline && !w->cancelled && !(outbox_idle(w) && publications_over(w))) {
                log_warn("%zu produced messages were not acknowledged in time", producer_unacked(w->outbox.producer));
                w->cancelled = true;
                outbox_abandon(w); /* its publications' callbacks are owed to the plugin before destroy */
                w->close_deadline = w->now + CANCEL_TIME;
        }
        if (w->now >= w->close_deadline) {
                w->phase = PHASE_ENDED;
                return 0;
        }
        if (!outbox_idle(w) || !publications_over(w))
                return w->close_deadline;
        if (w->consumer == NULL || w->client_closed) {
                if (w->consumer != NULL && w->leave)
                        lock_note(w->lock_fd, ""); /* the broker has forgotten us */
                w->phase = PHASE_ENDED;
                return 0;
        }
        if (!w->close_sent) {
                w->close_sent = true;
                consumer_close(w->consumer, w->leave);
                w->consumer_at = 0;
                return 0;
        }
        return w->close_deadline;
}

void worker_drained(struct worker *w)
{
        struct engine_status status;
        uint64_t out, left;

        engine_status(w->engine, &status);
        /* With those of earlier assignments, which are no longer ours to finish. */
        out = status.running + status.tickets;
        left = status.unfinished > out ? status.unfinished - out : 0;
        if (status.running > 0 || status.tickets > 0) {
                w->undone = true;
                log_warn("the drain's time is over: %llu event%s with a handler, %llu ticket%s out; they come again",
                         (unsigned long long)status.running, status.running == 1 ? " is" : "s are",
                         (unsigned long long)status.tickets, status.tickets == 1 ? "" : "s");
        }
        log_info("drained; %llu event%s not begun or parked, left to whoever comes next", (unsigned long long)left,
                 left == 1 ? "" : "s");
        w->phase = PHASE_CLOSING;
}

/* No handler runs any more, but acknowledgements are missing: after a while they are given up, and what caused them comes again.
 * A broker that is away, or a topic that does not exist, must not hold up the end. */
static int64_t advance_draining(struct worker *w)
{
        int64_t patience = w->in_trouble || w->outbox.in_trouble ? 300 * CLOCK_MS : 5 * CLOCK_S;
        struct engine_status status;

        if (w->now >= w->stop_deadline) { /* a second, earlier deadline, which the engine does not know */
                worker_drained(w);
                return 0;
        }
        engine_status(w->engine, &status);
        if (status.running > 0 || status.tickets > 0 || producer_unacked(w->outbox.producer) == 0)
                w->quiet_since = w->now;
        if (w->now - w->quiet_since >= patience && !w->outbox.abandoned) {
                w->outbox.abandoned = true;
                log_warn("%zu produced messages are not acknowledged: given up, what emitted them comes again",
                         producer_unacked(w->outbox.producer));
                outbox_abandon(w);
        }
        return w->now + 100 * CLOCK_MS;
}

/* A successor waits for the end of its predecessor's drain. Who starts one plugin by hand beside a daemon would wait without a word. */
static void say_lock(struct worker *w)
{
        if (w->lock_told_at == 0)
                w->lock_told_at = w->now + LOCK_SAY;
        if (w->now < w->lock_told_at)
                return;
        w->lock_told_at = INT64_MAX;
        scoreboard_text_set(w->scoreboard, SCOREBOARD_TEXT_STATE,
                            "waits until another process ends that is the same instance");
        log_info("waits for its turn: another process on this host is instance %u of plugin %s, and has its lock",
                 w->options.instance, w->plugin->name);
}

int64_t worker_advance(struct worker *w)
{
        if (w->phase == PHASE_HOLDING && w->may_join)
                w->phase = PHASE_LOCKING;
        switch (w->phase) {
        case PHASE_LOCKING:
                if (!lock_try(w->lock_fd)) {
                        say_lock(w);
                        return w->now + LOCK_LOOK;
                }
                if (w->consumer != NULL && must_leave_first(w))
                        begin_leaving(w);
                else
                        begin_serving(w);
                return 0;
        case PHASE_LEAVING:
                if (!w->client_closed)
                        return INT64_MAX;
                finish_leaving(w);
                return 0;
        case PHASE_DRAINING:
                return advance_draining(w);
        case PHASE_CLOSING:
                return advance_closing(w);
        default:
                return INT64_MAX;
        }
}

/* ---- signals ---- */

/* Under a master the terminal's and the service manager's signals are the master's business: it tells us. */
static bool take_signals(struct worker *w)
{
        sigset_t set;

        signal(SIGPIPE, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        if (w->options.control_fd >= 0) {
                signal(SIGINT, SIG_IGN);
                signal(SIGTERM, SIG_IGN);
                return true;
        }
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigprocmask(SIG_BLOCK, &set, NULL);
        w->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
        return w->signal_fd >= 0;
}

/* ---- closing ---- */

static bool threads_end(struct worker *w)
{
        if (!command_thread_close(&w->commands))
                return false;
        return pool_close(&w->pool, clock_now() + 100 * CLOCK_MS);
}

static void free_partitions(struct worker *w)
{
        uint32_t i, j;

        for (i = 0; i < PARTITION_CHUNKS; i++) {
                for (j = 0; w->partitions[i] != NULL && j < PARTITION_CHUNK; j++)
                        free(w->partitions[i][j].dead_letter_topic);
                free(w->partitions[i]);
        }
}

static void free_threads(struct worker *w)
{
        unsigned i;

        for (i = 1; w->threads != NULL && i <= w->thread_count; i++) {
                call_close(&w->threads[i].call);
                free(w->threads[i].inputs);
                free(w->threads[i].outcomes);
                free(w->threads[i].places);
        }
        free(w->threads);
}

/* Whatever of a worker was opened. Its threads have ended. */
void worker_free(struct worker *w)
{
        struct generation *g = w->current, *next;

        for (; g != NULL; g = next) {
                next = g->next;
                instances_free(w, &g);
        }
        event_close(&w->described);
        event_arena_free(&w->scratch);
        held_table_free(&w->held);
        if (w->consumer != NULL)
                consumer_destroy(&w->consumer);
        outbox_close(w);
        free_threads(w);
        free_partitions(w);
        engine_free(&w->engine);
        lane_table_free(&w->lanes);
        api_free(&w->api);
        buf_free(&w->command_output);
        free(w->inputs);
        for (size_t i = 0; i < ALARM_SOURCES; i++)
                free(w->alarms[i]);
        if (w->lock_fd >= 0)
                close(w->lock_fd);
        if (w->wake_fd >= 0)
                close(w->wake_fd);
        if (w->signal_fd >= 0)
                close(w->signal_fd);
        if (w->channel != NULL)
                channel_close(&w->channel);
        config_free(&w->cfg);
        scoreboard_unmap(&w->scoreboard);
}

/* Ends at once where something would have to be waited for that may never come: a handler that does not return, or a client
 * that cannot reach its cluster. The plugin's stop and destroy are then left out, as in any crash. */
static int close_worker(struct worker *w)
{
        int status = w->exit_status != WORKER_EXIT_DONE ? w->exit_status
                     : w->undone                        ? WORKER_EXIT_UNDONE
                                                        : WORKER_EXIT_DONE;
        bool clean = w->exit_status == WORKER_EXIT_DONE && threads_end(w);

        if (w->engine != NULL && w->outbox.producer != NULL)
                watch_publish(w);
        scoreboard_text_set(w->scoreboard, SCOREBOARD_TEXT_STATE, "ended");
        if (clean && !w->in_trouble && (w->consumer == NULL || w->client_closed || !w->close_sent) && outbox_idle(w)) {
                control_tell(w, json_pack("{ss}", "verb", "stopped"));
                log_info("stopped");
                log_tick();
                worker_free(w);
                return status;
        }
        if (clean) { /* the plugin at least ends as it should */
                struct generation *g;

                for (g = w->current; g != NULL; g = g->next)
                        api_instance_free(w->api, &g->instance);
        }
        if (w->exit_status == WORKER_EXIT_DONE)
                control_tell(w, json_pack("{ss}", "verb", "stopped"));
        log_info("stopped%s", clean ? "" : ", without waiting for what still runs");
        log_tick();
        _exit(status);
}

int worker_main(const struct worker_options *options)
{
        struct worker *w = memory_zero(1, sizeof *w);
        struct pawl_error err = {0};
        int status = WORKER_EXIT_FAILED;

        /* librdkafka allocates on one thread what another frees: with an arena for each thread, each would keep what it once held. */
        mallopt(M_ARENA_MAX, ARENAS);
        w->magic = WORKER_MAGIC;
        w->options = *options;
        w->lock_fd = w->signal_fd = w->wake_fd = -1;
        w->may_join = !options->hold;
        if (options->control_fd >= 0 && (w->channel = channel_open(options->control_fd, &err)) == NULL) {
                log_error("--control-fd %d: %s", options->control_fd, err.text);
                free(w);
                return WORKER_EXIT_USAGE;
        }
        /* Who hangs in a plugin's create does not see its master go, and nothing is in hand yet; the loop sees it, and drains. */
        if (w->channel != NULL)
                prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (options->trial != NULL) {
                status = trial_run(w);
        } else if (take_signals(w) && worker_open(w)) {
                prctl(PR_SET_PDEATHSIG, 0);
                w->phase = PHASE_HOLDING;
                control_tell(w, json_pack("{ss}", "verb", "ready"));
                worker_loop(w);
                status = close_worker(w);
        } else {
                pool_close(&w->pool, clock_now() + CLOCK_S);
                command_thread_close(&w->commands);
                worker_free(w);
        }
        free(w);
        return status;
}
