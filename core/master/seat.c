#include "master/seat.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAKE_OVER_WAIT (10 * CLOCK_S)
#define JOIN_WAIT      (60 * CLOCK_S) /* subscribing waits for nobody but the instance's lock, which is free by then */

static const struct process_events process_events;

__attribute__((format(printf, 4, 5))) static void say(const struct seat *seat, enum log_level level, enum log_mark mark,
                                                      const char *fmt, ...)
{
        const struct log_field field = {.key = "instance", .number = seat->number};
        const struct log_line line = {
            .level = level, .mark = mark, .plugin = seat->plugin, .fields = &field, .field_count = 1};
        va_list ap;

        va_start(ap, fmt);
        log_vwrite(&line, fmt, ap);
        va_end(ap);
}

static void set_state(struct seat *seat, enum seat_state state)
{
        loop_disarm(seat->loop, &seat->timer);
        seat->state = state;
}

/* Ends the change under way, if there is one. */
static void finish(struct seat *seat, bool ok, const char *way, const char *error, int64_t pause_ns)
{
        const struct seat_result result = {
            .ok = ok, .way = way, .error = error, .drain_ns = seat->drain_ns, .pause_ns = pause_ns};
        seat_done_fn *done = seat->done;

        seat->done = NULL;
        seat->drain_ns = 0;
        if (done != NULL)
                done(seat->done_arg, seat, &result);
}

static void begin(struct seat *seat, seat_done_fn *done, void *arg)
{
        seat->done = done;
        seat->done_arg = arg;
        seat->note[0] = '\0';
}

static struct process *launch(struct seat *seat, bool hold, struct pawl_error *err)
{
        struct seat_source source = {0};
        struct child_options options;

        seat->owner->source(seat->owner->arg, &source);
        options = (struct child_options){
            .plugin = seat->plugin,
            .instance = seat->number,
            .hold = hold,
            .config_fd = source.generation->bundle_fd,
            .scoreboard_fd = -1,
            .plugin_fd = source.plugin_fd,
            .listen = source.listen,
            .listen_count = source.listen_count,
        };
        return process_start(seat->loop, source.generation, source.build, &options, (unsigned)source.plugin->threads,
                             &process_events, seat, err);
}

/* -- starting and dying */

static void on_restart_time(void *arg);
static void on_join_time(void *arg);

static void note_death(struct seat *seat, const char *how)
{
        snprintf(seat->last_death, sizeof seat->last_death, "%s", how);
        seat->last_death_at = clock_wall();
}

/* Starts the next process, now or after the back-off. */
static void start_after(struct seat *seat, int64_t lived)
{
        int64_t wait = backoff_after_death(&seat->backoff, lived);
        char text[32];

        if (wait > 0)
                say(seat, LOG_LEVEL_ERROR, LOG_MARK_FAILED, "worker died: %s; starts again in %s", seat->last_death,
                    text_format_duration(wait, text));
        else
                say(seat, LOG_LEVEL_ERROR, LOG_MARK_FAILED, "worker died: %s; starts again at once", seat->last_death);
        set_state(seat, SEAT_WAITING);
        /* By the timer also when it is at once: what runs now may be within the dead one's last call. */
        loop_arm(seat->loop, &seat->timer, clock_now() + wait + 1, on_restart_time, seat);
}

static void start_current(struct seat *seat)
{
        struct pawl_error err = {0};
        char how[PROCESS_END_TEXT];

        set_state(seat, SEAT_RUNNING);
        seat->current = launch(seat, false, &err);
        if (seat->current != NULL) {
                if (seat->done != NULL)
                        loop_arm(seat->loop, &seat->timer, clock_now() + JOIN_WAIT, on_join_time, seat);
                return;
        }
        snprintf(how, sizeof how, "%.600s", err.text);
        note_death(seat, how);
        start_after(seat, 0);
        finish(seat, false, "start", seat->last_death, 0);
}

static void on_restart_time(void *arg)
{
        struct seat *seat = arg;

        seat->restarts++;
        start_current(seat);
}

static void on_join_time(void *arg)
{
        struct seat *seat = arg;
        bool joining = seat->state == SEAT_JOINING;

        set_state(seat, SEAT_RUNNING);
        finish(seat, false, joining ? "hand-over" : "start", "the worker has not subscribed within 1min", 0);
}

static void free_process(struct seat *seat, struct process **process)
{
        scoreboard_read((*process)->scoreboard, seat->past);
        process_free(process);
}

/* -- hand-over */

static void promote(struct seat *seat)
{
        seat->current = seat->successor;
        seat->successor = NULL;
        if (seat->current == NULL) {
                start_current(seat);
                return;
        }
        set_state(seat, SEAT_JOINING);
        seat->stopped_at = clock_now();
        process_join(seat->current);
        loop_arm(seat->loop, &seat->timer, clock_now() + JOIN_WAIT, on_join_time, seat);
}

static unsigned partitions_of(const struct process *process)
{
        uint32_t count = scoreboard_partition_count(process->scoreboard);
        unsigned reading = 0;

        for (uint32_t i = 0; i < count; i++) {
                struct scoreboard_partition row;

                reading += scoreboard_read_partition(process->scoreboard, i, &row) &&
                           (row.state == SCOREBOARD_PARTITION_READING || row.state == SCOREBOARD_PARTITION_FULL);
        }
        return reading;
}

static void drain_current(struct seat *seat)
{
        const struct config_plugin *plugin = config_plugin(seat->current->generation->cfg, seat->plugin);

        set_state(seat, SEAT_DRAINING);
        seat->partitions = partitions_of(seat->current);
        seat->stopped_at = clock_now();
        process_stop(seat->current, false, true, clock_now() + plugin->drain);
}

static void on_prepare_time(void *arg)
{
        struct seat *seat = arg;

        snprintf(seat->note, sizeof seat->note, "the successor was not ready in time");
        child_kill(&seat->successor->child);
}

static void hand_over(struct seat *seat)
{
        struct seat_source source = {0};
        struct pawl_error err = {0};

        seat->successor = launch(seat, true, &err);
        if (seat->successor == NULL) {
                set_state(seat, SEAT_RUNNING);
                finish(seat, false, "hand-over", err.text, 0);
                return;
        }
        seat->owner->source(seat->owner->arg, &source);
        set_state(seat, SEAT_PREPARING);
        loop_arm(seat->loop, &seat->timer, clock_now() + 2 * source.generation->cfg->trial_deadline, on_prepare_time,
                 seat);
}

static void on_successor_ended(struct seat *seat, int status)
{
        char end[PROCESS_END_TEXT], error[PROCESS_END_TEXT + sizeof seat->note + 64];

        process_end_text(seat->successor, status, end);
        snprintf(error, sizeof error, "the successor ended before it could take over: %s%s%s", end,
                 seat->note[0] != '\0' ? ": " : "", seat->note);
        free_process(seat, &seat->successor);
        if (seat->state != SEAT_PREPARING)
                return; /* draining, and the next one is started from anew; or stopping */
        say(seat, LOG_LEVEL_ERROR, LOG_MARK_RELOAD, "%s", error);
        if (seat->current != NULL) {
                set_state(seat, SEAT_RUNNING);
        } else {
                note_death(seat, end);
                start_after(seat, 0);
        }
        finish(seat, false, "hand-over", error, 0);
}

/* -- what the processes say */

static void on_ready(void *arg, struct process *process)
{
        struct seat *seat = arg;

        if (process == seat->successor && seat->state == SEAT_PREPARING) {
                if (seat->current != NULL)
                        drain_current(seat);
                else
                        promote(seat);
        }
        seat->owner->settled(seat->owner->arg, seat);
}

/* The hand-over has ended when the successor reads as many partitions as the old one did: until then nobody handles them. */
static void on_take_over_time(void *arg)
{
        struct seat *seat = arg;
        int64_t now = clock_now();

        if (partitions_of(seat->current) < seat->partitions && now - seat->stopped_at < TAKE_OVER_WAIT) {
                loop_arm(seat->loop, &seat->timer, now + 2 * CLOCK_MS, on_take_over_time, seat);
                return;
        }
        if (partitions_of(seat->current) < seat->partitions)
                snprintf(seat->note, sizeof seat->note,
                         "the successor has joined, but does not read all partitions yet");
        set_state(seat, SEAT_RUNNING);
        finish(seat, true, "hand-over", seat->note, now - seat->stopped_at);
}

static void on_joined(void *arg, struct process *process)
{
        struct seat *seat = arg;

        if (process != seat->current)
                return;
        if (seat->state == SEAT_JOINING) {
                on_take_over_time(seat);
        } else if (seat->state == SEAT_RUNNING) {
                set_state(seat, SEAT_RUNNING);
                finish(seat, true, "start", seat->note, 0);
        }
}

static void on_swapped(void *arg, struct process *process, bool ok, const char *error, int64_t pause_ns)
{
        struct seat *seat = arg;
        struct seat_source source = {0};

        if (seat->state != SEAT_SWAPPING || process != seat->current)
                return;
        if (!ok) {
                snprintf(seat->note, sizeof seat->note, "%.600s", error);
                hand_over(seat);
                return;
        }
        seat->owner->source(seat->owner->arg, &source);
        generation_release(&process->generation);
        process->generation = generation_hold(source.generation);
        snprintf(process->build, sizeof process->build, "%s", source.build);
        set_state(seat, SEAT_RUNNING);
        finish(seat, true, "beside", "", pause_ns);
}

static void on_swap_time(void *arg)
{
        struct seat *seat = arg;

        snprintf(seat->note, sizeof seat->note, "the worker did not answer the swap in time");
        hand_over(seat);
}

static void on_reply(void *arg, struct process *process, const json_t *message)
{
        struct seat *seat = arg;

        if (process == seat->current)
                seat->owner->reply(seat->owner->arg, seat, message);
}

static void on_drained(struct seat *seat, int status, const char *how)
{
        if (status != 0)
                say(seat, LOG_LEVEL_WARN, LOG_MARK_RELOAD,
                    "the old worker did not finish (%s): what it had in hand is handled again by its successor", how);
        seat->drain_ns = clock_now() - seat->stopped_at;
        promote(seat);
}

/* What was asked for is over: all processes have ended. */
static void on_stopped(struct seat *seat)
{
        if (seat->current != NULL || seat->successor != NULL)
                return;
        set_state(seat, SEAT_EMPTY);
        finish(seat, !seat->stop_killed, "stop", seat->stop_killed ? "had to be killed past its deadline" : "", 0);
}

static void on_current_ended(struct seat *seat, int status)
{
        int64_t lived = clock_now() - seat->current->started;
        bool killed = seat->current->child.killed;
        enum seat_state state = seat->state;
        char how[PROCESS_END_TEXT];

        process_end_text(seat->current, status, how);
        seat->kills += killed;
        free_process(seat, &seat->current);
        seat->owner->lost(seat->owner->arg, seat, how);
        if (state == SEAT_DRAINING) {
                on_drained(seat, status, how);
        } else if (state == SEAT_STOPPING) {
                seat->stop_killed = killed;
                on_stopped(seat);
        } else if (state == SEAT_PREPARING) { /* its successor, once ready, takes over without more ado */
                note_death(seat, how);
        } else {
                note_death(seat, how);
                start_after(seat, lived);
                finish(seat, false, "start", seat->last_death, 0);
        }
        seat->owner->settled(seat->owner->arg, seat);
}

static void on_ended(void *arg, struct process *process, int status)
{
        struct seat *seat = arg;

        if (process == seat->current) {
                on_current_ended(seat, status);
                return;
        }
        on_successor_ended(seat, status);
        if (seat->state == SEAT_STOPPING)
                on_stopped(seat);
}

static const struct process_events process_events = {
    .ready = on_ready, .joined = on_joined, .swapped = on_swapped, .reply = on_reply, .ended = on_ended};

/* -- the owner's orders */

struct seat *seat_new(struct loop *loop, const char *plugin, unsigned number, const struct seat_owner *owner)
{
        struct seat *seat = memory_zero(1, sizeof *seat);

        seat->loop = loop;
        seat->plugin = plugin;
        seat->number = number;
        seat->owner = owner;
        seat->past = memory_zero(1, sizeof *seat->past);
        return seat;
}

void seat_free(struct seat **seat)
{
        struct seat *s = *seat;

        *seat = NULL;
        if (s == NULL)
                return;
        loop_disarm(s->loop, &s->timer);
        process_free(&s->current);
        process_free(&s->successor);
        free(s->past);
        free(s);
}

void seat_start(struct seat *seat, seat_done_fn *done, void *arg)
{
        begin(seat, done, arg);
        seat->backoff = (struct backoff){0};
        start_current(seat);
}

void seat_handover(struct seat *seat, seat_done_fn *done, void *arg)
{
        begin(seat, done, arg);
        seat->backoff = (struct backoff){0};
        if (seat->current == NULL)
                start_current(seat);
        else
                hand_over(seat);
}

void seat_swap(struct seat *seat, seat_done_fn *done, void *arg)
{
        struct seat_source source = {0};
        struct pawl_error err = {0};

        if (seat->current == NULL || seat->current->state != PROCESS_SERVING) {
                seat_handover(seat, done, arg);
                return;
        }
        begin(seat, done, arg);
        seat->owner->source(seat->owner->arg, &source);
        if (process_swap(seat->current, source.generation->bundle_fd, source.plugin_fd, &err)) {
                set_state(seat, SEAT_SWAPPING);
                loop_arm(seat->loop, &seat->timer, clock_now() + 2 * source.generation->cfg->trial_deadline,
                         on_swap_time, seat);
                return;
        }
        snprintf(seat->note, sizeof seat->note, "%.600s", err.text);
        hand_over(seat);
}

void seat_stop(struct seat *seat, int64_t deadline, seat_done_fn *done, void *arg)
{
        bool again = seat->state == SEAT_STOPPING && done == NULL;

        if (!again) {
                finish(seat, false, "stop", "broken off by a stop", 0);
                begin(seat, done, arg);
                seat->stop_killed = false;
        }
        set_state(seat, SEAT_STOPPING);
        if (seat->successor != NULL)
                child_kill(&seat->successor->child); /* it has not joined: there is nothing to drain */
        if (seat->current != NULL)
                process_stop(seat->current, true, false, deadline);
        on_stopped(seat);
}

void seat_totals(const struct seat *seat, struct scoreboard_totals *totals)
{
        *totals = *seat->past;
        if (seat->successor != NULL)
                scoreboard_read(seat->successor->scoreboard, totals);
        if (seat->current != NULL)
                scoreboard_read(seat->current->scoreboard, totals);
}

const char *seat_state_name(const struct seat *seat)
{
        switch (seat->state) {
        case SEAT_EMPTY:
                return "stopped";
        case SEAT_WAITING:
                return "waiting to start again";
        case SEAT_SWAPPING:
                return "swapping";
        case SEAT_PREPARING:
                return "handing over: successor prepares";
        case SEAT_DRAINING:
                return "handing over: draining";
        case SEAT_JOINING:
                return "handing over: successor joins";
        case SEAT_STOPPING:
                return "stopping";
        case SEAT_RUNNING:
                break;
        }
        return seat->current != NULL ? process_state_name(seat->current->state) : "starting";
}
