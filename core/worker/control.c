/* What the worker hears from its master (or, without one, from signals), and what it says to it. */
#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "worker/worker_private.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define ORPHAN_GRACE 5    /* seconds past the drain's deadline: as long as a master would wait */
#define OUTPUT_PIECE 8192 /* of a command's output a message: JSON's escapes may make it six times as long */

/* ---- saying ---- */

void control_tell(struct worker *w, json_t *message)
{
        struct pawl_error err = {0};

        if (w->channel != NULL && channel_send(w->channel, message, NULL, 0, &err) == CHANNEL_ERROR)
                log_error("could not tell the master: %s", err.text);
        json_decref(message);
}

/* The master knows one text a worker. */
static void tell_alarms(struct worker *w)
{
        struct buf all = {0};

        for (size_t i = 0; i < ALARM_SOURCES; i++) {
                if (w->alarms[i] != NULL)
                        buf_printf(&all, "%s%s", all.len > 0 ? "; " : "", w->alarms[i]);
        }
        control_tell(w, json_pack("{ss ss%}", "verb", "alarm", "text", all.len > 0 ? all.data : "",
                                  all.len > 0 ? text_utf8_prefix(all.data, all.len) : (size_t)0));
        buf_free(&all);
}

void control_alarm(struct worker *w, enum alarm_source source, const char *fmt, ...)
{
        struct pawl_error text = {0};
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(text.text, sizeof text.text, fmt, ap);
        va_end(ap);
        if (text.text[0] != '\0') {
                log_warn("%s", text.text);
                scoreboard_add(w->scoreboard, 0, SCOREBOARD_ALARMS, 1);
                scoreboard_text_set(w->scoreboard, SCOREBOARD_TEXT_LAST_ERROR, text.text);
        }
        free(w->alarms[source]);
        w->alarms[source] = text.text[0] != '\0' ? memory_string(text.text) : NULL;
        tell_alarms(w);
}

/* ---- commands ---- */

static void answer_command(struct worker *w, int64_t id, const char *error)
{
        control_tell(w, json_pack("{ss sI ss}", "verb", "reply", "id", (json_int_t)id, "error", error));
}

static void begin_command(struct worker *w, const struct channel_message *message)
{
        json_t *list = json_object_get(message->json, "argv");
        int64_t id = json_integer_value(json_object_get(message->json, "id"));
        size_t count = json_array_size(list), i;
        const char **argv = memory_zero(count, sizeof *argv);
        struct pawl_error err = {0};

        for (i = 0; i < count; i++) {
                argv[i] = json_string_value(json_array_get(list, i));
                if (argv[i] == NULL)
                        argv[i] = "";
        }
        if (w->phase != PHASE_RUNNING)
                answer_command(w, id, "the worker is starting or stopping");
        else if (w->commanded != NULL)
                answer_command(w, id, "another command is under way; commands run one at a time");
        else if (!command_thread_begin(w->commands, w->current->instance, argv, count, &err))
                answer_command(w, id, err.text);
        else {
                w->commanded = w->current;
                w->commanded->runs++;
                w->command_id = id;
        }
        free(argv);
}

/* How much of the output can go now: whole characters, so that a piece is UTF-8 where the whole is. */
static size_t piece_length(const struct buf *output)
{
        size_t len = output->len < OUTPUT_PIECE ? output->len : OUTPUT_PIECE;
        size_t whole = text_utf8_prefix(output->data, len);

        return whole > 0 ? whole : len;
}

static bool send_piece(struct worker *w)
{
        struct buf quoted = {0};
        size_t len = piece_length(&w->command_output);
        json_t *text, *message;
        enum channel_status status;

        /* By way of our own quoting: it makes valid text of any bytes. */
        buf_add_json_string(&quoted, w->command_output.data, len);
        text = json_loads(quoted.data, JSON_DECODE_ANY, NULL);
        buf_free(&quoted);
        message = json_pack("{ss sI so}", "verb", "reply", "id", (json_int_t)w->command_id, "text", text);
        status = channel_send(w->channel, message, NULL, 0, NULL);
        json_decref(message);
        if (status == CHANNEL_AGAIN)
                return false;
        memmove(w->command_output.data, w->command_output.data + len, w->command_output.len - len);
        w->command_output.len -= len;
        return true;
}

void control_commands(struct worker *w)
{
        int32_t status;

        w->output_blocked = false;
        if (w->commanded == NULL)
                return;
        if (w->channel == NULL) {
                command_thread_cancel(w->commands);
                buf_clear(&w->command_output);
        }
        for (;;) {
                if (w->command_output.len == 0)
                        command_thread_take(w->commands, &w->command_output, 4 * OUTPUT_PIECE);
                if (w->command_output.len == 0)
                        break;
                if (!send_piece(w)) {
                        w->output_blocked = true;
                        return;
                }
        }
        if (!command_thread_ended(w->commands, &status))
                return;
        control_tell(w, json_pack("{ss sI si}", "verb", "reply", "id", (json_int_t)w->command_id, "status", status));
        w->commanded->runs--;
        w->commanded = NULL;
}

/* ---- the master's verbs ---- */

static void on_join(struct worker *w, struct channel_message *message)
{
        (void)message;
        w->may_join = true;
}

static void on_stop(struct worker *w, struct channel_message *message)
{
        json_t *deadline = json_object_get(message->json, "deadline_ns");

        worker_stop(w, json_is_true(json_object_get(message->json, "leave")),
                    json_is_integer(deadline) ? json_integer_value(deadline) : w->now + w->plugin->drain);
}

static void on_swap(struct worker *w, struct channel_message *message)
{
        struct pawl_error err = {0};
        int64_t pause = 0;
        bool ok;

        if (message->fd_count == 0) {
                error_set(&err, "swap: expected the new configuration's descriptor, found none");
                ok = false;
        } else {
                ok = instances_swap(w, message->fds[0], message->fd_count > 1 ? message->fds[1] : -1, &pause, &err);
        }
        if (ok)
                log_at(LOG_LEVEL_INFO, LOG_MARK_RELOAD,
                       "swapped beside: generation %llu serves, nothing was handed out for %lld us",
                       (unsigned long long)w->current->instance->generation, (long long)(pause / CLOCK_US));
        else
                log_at(LOG_LEVEL_WARN, LOG_MARK_RELOAD, "not swapped: %s", err.text);
        control_tell(w, json_pack("{ss sb ss sI}", "verb", "swapped", "ok", ok, "error", err.text, "pause_ns",
                                  (json_int_t)pause));
}

static void on_log_level(struct worker *w, struct channel_message *message)
{
        const char *text = json_string_value(json_object_get(message->json, "level"));
        const char *written = json_string_value(json_object_get(message->json, "format"));
        enum log_level level;
        enum log_format format;

        (void)w;
        if (text != NULL && log_level_parse(text, &level))
                log_set_level(level);
        if (written != NULL && log_format_parse(written, &format))
                log_set_format(format);
}

static void on_command(struct worker *w, struct channel_message *message)
{
        int64_t id = json_integer_value(json_object_get(message->json, "id"));

        if (w->commands == NULL)
                answer_command(w, id, "the plugin has no commands");
        else
                begin_command(w, message);
}

static const struct {
        const char *name;
        void (*run)(struct worker *w, struct channel_message *message);
} verbs[] = {
    {"join", on_join}, {"stop", on_stop}, {"swap", on_swap}, {"log_level", on_log_level}, {"command", on_command},
};

static void obey(struct worker *w, struct channel_message *message)
{
        const char *verb = json_string_value(json_object_get(message->json, "verb"));
        size_t i;

        for (i = 0; verb != NULL && i < sizeof verbs / sizeof *verbs; i++) {
                if (strcmp(verbs[i].name, verb) == 0) {
                        verbs[i].run(w, message);
                        return;
                }
        }
        log_debug("the master's verb %s is not known here", verb != NULL ? verb : "(none)");
}

/* Who owned us is gone: nobody is left to restart us, or to tell us to leave. */
static void orphaned(struct worker *w)
{
        channel_close(&w->channel);
        if (w->phase < PHASE_DRAINING)
                log_warn("the master is gone: draining");
        worker_stop(w, false, w->now + w->plugin->drain);
        /* Nor to kill us when a handler, or the plugin's stop, does not return. */
        alarm((unsigned)(w->plugin->drain / CLOCK_S) + ORPHAN_GRACE);
}

void control_serve(struct worker *w)
{
        while (w->channel != NULL) {
                struct channel_message message;
                struct pawl_error err = {0};

                switch (channel_receive(w->channel, &message, &err)) {
                case CHANNEL_OK:
                        obey(w, &message);
                        channel_message_clear(&message);
                        break;
                case CHANNEL_CLOSED:
                        orphaned(w);
                        return;
                case CHANNEL_ERROR:
                        log_error("the control channel: %s", err.text);
                        return;
                case CHANNEL_AGAIN:
                default:
                        return;
                }
        }
}

/* ---- signals, without a master ---- */

void control_signals(struct worker *w)
{
        struct signalfd_siginfo info;

        while (read(w->signal_fd, &info, sizeof info) == sizeof info) {
                if (w->phase >= PHASE_DRAINING) {
                        log_warn("a second signal: stops at once");
                        worker_stop(w, w->leave, w->now);
                        continue;
                }
                log_info("%s: draining", info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
                worker_stop(w, true, w->now + w->plugin->drain);
        }
}
