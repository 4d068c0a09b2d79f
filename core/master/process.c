#include "master/process.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define KILL_GRACE (3 * CLOCK_S) /* past its deadline a worker gives up by itself; one that does not is stuck */

static const char *member_text(const json_t *message, const char *name)
{
        const char *text = json_string_value(json_object_get(message, name));

        return text != NULL ? text : "";
}

/* Copies a text of the worker's, one line of valid UTF-8. */
static void copy_text(char *out, size_t size, const char *text)
{
        size_t len = strnlen(text, size - 1);

        len = text_utf8_prefix(text, len);
        memcpy(out, text, len);
        out[len] = '\0';
        for (char *at = out; *at != '\0'; at++)
                if ((unsigned char)*at < 0x20 || *at == 0x7f)
                        *at = ' ';
}

static void on_ready(struct process *p, const json_t *message)
{
        (void)message;
        if (p->state != PROCESS_STARTING)
                return;
        p->state = PROCESS_READY;
        /* An operator's `pawlctl log-level` holds for those that are started later too. */
        if ((int64_t)log_get_level() != p->generation->cfg->log_level)
                process_log_level(p, log_level_name(log_get_level()), NULL);
        p->events->ready(p->arg, p);
}

static void on_joined(struct process *p, const json_t *message)
{
        (void)message;
        if (p->state != PROCESS_READY)
                return;
        p->state = PROCESS_SERVING;
        p->events->joined(p->arg, p);
}

static void on_swapped(struct process *p, const json_t *message)
{
        p->events->swapped(p->arg, p, json_is_true(json_object_get(message, "ok")), member_text(message, "error"),
                           json_integer_value(json_object_get(message, "pause_ns")));
}

static void on_reply(struct process *p, const json_t *message)
{
        p->events->reply(p->arg, p, message);
}

static void on_alarm(struct process *p, const json_t *message)
{
        copy_text(p->alarm, sizeof p->alarm, member_text(message, "text"));
}

static void on_fatal(struct process *p, const json_t *message)
{
        copy_text(p->last_words, sizeof p->last_words, member_text(message, "text"));
}

static void on_stopped(struct process *p, const json_t *message)
{
        (void)message;
        p->state = PROCESS_STOPPING;
}

static const struct {
        const char *verb;
        void (*take)(struct process *p, const json_t *message);
} verbs[] = {
    {"ready", on_ready}, {"joined", on_joined}, {"swapped", on_swapped}, {"reply", on_reply},
    {"alarm", on_alarm}, {"fatal", on_fatal},   {"stopped", on_stopped},
};

static void on_message(void *arg, struct channel_message *message)
{
        struct process *p = arg;
        const char *verb = member_text(message->json, "verb");

        for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
                if (strcmp(verbs[i].verb, verb) == 0) {
                        verbs[i].take(p, message->json);
                        return;
                }
        }
        log_warn("worker %s: a message with the unknown verb \"%.40s\" is ignored", p->name, verb);
}

static void on_exited(void *arg, int status)
{
        struct process *p = arg;

        p->events->ended(p->arg, p, status);
}

struct process *process_start(struct loop *loop, struct generation *generation, const char *build,
                              const struct child_options *options, unsigned threads,
                              const struct process_events *events, void *arg, struct pawl_error *err)
{
        struct process *p = memory_zero(1, sizeof *p);
        struct child_options with = *options;

        p->generation = generation_hold(generation);
        p->held = options->hold;
        p->name = memory_printf("%s/%u", options->plugin, options->instance);
        p->started = clock_now();
        p->started_at = clock_wall();
        p->events = events;
        p->arg = arg;
        snprintf(p->build, sizeof p->build, "%s", build);
        p->child.message = on_message;
        p->child.exited = on_exited;
        p->child.arg = p;
        if (!scoreboard_create(&p->scoreboard, threads, err)) {
                process_free(&p);
                return NULL;
        }
        with.scoreboard_fd = scoreboard_reader_fd(p->scoreboard);
        if (!child_start(&p->child, loop, &with, err))
                process_free(&p);
        return p;
}

static bool send(struct process *p, json_t *message)
{
        struct pawl_error err = {0};

        if (child_send(&p->child, message, NULL, 0, &err))
                return true;
        log_warn("worker %s: %s", p->name, err.text);
        return false;
}

void process_join(struct process *process)
{
        process->held = false;
        send(process, json_pack("{ss}", "verb", "join"));
}

void process_stop(struct process *process, bool leave, bool handover, int64_t deadline)
{
        child_pause(&process->child, false);
        process->state = PROCESS_STOPPING;
        send(process, json_pack("{ss, sb, sb, sI}", "verb", "stop", "leave", leave, "handover", handover, "deadline_ns",
                                (json_int_t)deadline));
        child_kill_at(&process->child, deadline + KILL_GRACE);
}

bool process_swap(struct process *process, int bundle_fd, int plugin_fd, struct pawl_error *err)
{
        const int fds[2] = {bundle_fd, plugin_fd};

        return child_send(&process->child, json_pack("{ss}", "verb", "swap"), fds, plugin_fd >= 0 ? 2 : 1, err);
}

void process_log_level(struct process *process, const char *level, const char *format)
{
        send(process, json_pack("{ss, ss?, ss?}", "verb", "log_level", "level", level, "format", format));
}

/* ", while it handled request-events/3 at offset 42": of the thread that the signal came to, if it is known. */
static void add_handled(const struct process *p, struct buf *out)
{
        struct scoreboard_identity who = {0};
        struct scoreboard_in_hand *note = memory_zero(1, sizeof *note);
        struct scoreboard_partition row;

        scoreboard_read_identity(p->scoreboard, &who);
        if (who.fatal_signal != 0 && who.fatal_writer >= 1 &&
            who.fatal_writer <= scoreboard_reader_threads(p->scoreboard) &&
            scoreboard_read_note(p->scoreboard, who.fatal_writer, note) && !note->torn && note->count > 0 &&
            scoreboard_read_partition(p->scoreboard, note->at[0].row, &row))
                buf_printf(out, ", while it handled %s/%" PRId32 " at offset %" PRId64 "%s", row.topic, row.partition,
                           note->at[0].offset, note->count > 1 ? " and further ones of its batch" : "");
        free(note);
}

void process_end_text(const struct process *process, int status, char out[static PROCESS_END_TEXT])
{
        struct buf text = {0};
        char how[64];

        buf_add_text(&text, child_status_text(status, how));
        if (process->child.killed)
                buf_add_text(&text, " by the master, past its deadline");
        else if (WIFSIGNALED(status))
                add_handled(process, &text);
        if (process->last_words[0] != '\0')
                buf_printf(&text, ": %s", process->last_words);
        copy_text(out, PROCESS_END_TEXT, text.data);
        buf_free(&text);
}

void process_free(struct process **process)
{
        struct process *p = *process;

        *process = NULL;
        if (p == NULL)
                return;
        child_clear(&p->child);
        scoreboard_reader_free(&p->scoreboard);
        generation_release(&p->generation);
        free(p->name);
        free(p);
}

const char *process_state_name(enum process_state state)
{
        static const char *const names[] = {[PROCESS_STARTING] = "starting",
                                            [PROCESS_READY] = "ready",
                                            [PROCESS_SERVING] = "serving",
                                            [PROCESS_STOPPING] = "stopping"};

        return names[state];
}
