/*
 * A pawld whose workers are puppets: the real master, and in place of a worker a process that speaks the control protocol and
 * behaves as its plugin's settings say. So supervision and reload can be tested without Kafka, plugins and time.
 *
 *   settings = { trial = "refuse" | "crash" | "hang"; swap = "beside" | "handover" | "fail"; die = "start" | "join" | "handling";
 *                drain = "2s"; stuck = true; }
 *
 * Commands: echo WORD..., flood COUNT, exit STATUS, crash.
 */
#include "base/channel.h"
#include "base/clock.h"
#include "base/config_value.h"
#include "base/log.h"
#include "base/scoreboard.h"
#include "config/config.h"
#include "master/master.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct puppet {
        const char *plugin;
        unsigned instance;
        const char *trial;
        bool hold;
        int control_fd, scoreboard_fd, config_fd, plugin_fd;
        struct channel *channel;
        struct scoreboard *scoreboard;
        struct config *cfg;
        int64_t end_at; /* clock_now(); 0: not told to stop */
};

static const char *setting(const struct puppet *p, const char *name)
{
        const struct config_plugin *plugin = config_plugin(p->cfg, p->plugin);
        const struct config_value *value = config_value_get(&plugin->settings, name);

        return value != NULL && value->type == CONFIG_VALUE_STRING ? value->text : "";
}

static bool is(const struct puppet *p, const char *name, const char *wanted)
{
        return strcmp(setting(p, name), wanted) == 0;
}

static struct config *read_bundle(int fd)
{
        struct pawl_error err = {0};
        struct config_errors errors = {0};
        struct config_bundle *bundle = config_bundle_from_fd(fd, &err);
        struct config *cfg;

        if (bundle == NULL) {
                log_error("puppet: %s", err.text);
                exit(1);
        }
        cfg = config_parse_for_check(bundle, &errors);
        config_bundle_free(&bundle);
        config_errors_free(&errors);
        return cfg;
}

static void say(struct puppet *p, const char *verb)
{
        channel_sendf(p->channel, NULL, "{ss}", "verb", verb);
}

static int run_trial(struct puppet *p)
{
        bool refuse = is(p, "trial", "refuse");

        log_info("trial %s of %s", p->trial, p->plugin);
        if (is(p, "trial", "crash"))
                abort();
        if (is(p, "trial", "hang"))
                pause();
        channel_sendf(p->channel, NULL, "{ss, sb, s[s], ss}", "verb", "trial", "ok", !refuse, "errors",
                      "create: the database is away", "swap", is(p, "swap", "handover") ? "handover" : "beside");
        return refuse;
}

/* A passed trial must not carry errors; sent apart to keep the pack formats constant. */
static int run_good_trial(struct puppet *p)
{
        log_info("trial %s of %s", p->trial, p->plugin);
        channel_sendf(p->channel, NULL, "{ss, sb, s[], ss}", "verb", "trial", "ok", 1, "errors", "swap",
                      is(p, "swap", "handover") ? "handover" : "beside");
        return 0;
}

static void joined(struct puppet *p)
{
        uint32_t row = scoreboard_partition_row(p->scoreboard, "request-events", (int32_t)p->instance);

        scoreboard_partition_state(p->scoreboard, row, SCOREBOARD_PARTITION_READING);
        scoreboard_partition_set(p->scoreboard, row, 12, 10, 15, 2);
        scoreboard_add(p->scoreboard, 0, SCOREBOARD_HANDLED, 7);
        scoreboard_text_set(p->scoreboard, SCOREBOARD_TEXT_STATE, setting(p, "text"));
        log_info("puppet %s/%u joined with text \"%s\"", p->plugin, p->instance, setting(p, "text"));
        say(p, "joined");
        if (is(p, "die", "handling")) {
                scoreboard_note_event(p->scoreboard, 1, (struct scoreboard_position){.row = row, .offset = 12}, 0,
                                      clock_now());
                scoreboard_fatal(p->scoreboard, 1, SIGSEGV);
        }
        if (setting(p, "die")[0] != '\0') {
                signal(SIGSEGV, SIG_DFL); /* a sanitizer would make an exit of it */
                raise(SIGSEGV);
        }
}

static void on_stop(struct puppet *p, const json_t *message)
{
        int64_t drain = 0;
        const struct config_plugin *plugin = config_plugin(p->cfg, p->plugin);
        const struct config_value *value = config_value_get(&plugin->settings, "drain");
        struct pawl_error err;

        log_info("puppet %s/%u stops: leave %d, handover %d", p->plugin, p->instance,
                 json_is_true(json_object_get(message, "leave")), json_is_true(json_object_get(message, "handover")));
        if (value != NULL)
                config_value_duration(value, &drain, &err);
        p->end_at = clock_now() + drain;
        if (config_value_get(&plugin->settings, "stuck") != NULL)
                p->end_at = INT64_MAX;
        else if (json_integer_value(json_object_get(message, "deadline_ns")) < p->end_at)
                p->end_at = json_integer_value(json_object_get(message, "deadline_ns"));
}

static void on_swap(struct puppet *p, struct channel_message *message)
{
        struct config *old = p->cfg;

        if (is(p, "swap", "fail")) {
                channel_sendf(p->channel, NULL, "{ss, sb, ss}", "verb", "swapped", "ok", 0, "error",
                              "GNU-unique symbols");
                return;
        }
        p->cfg = read_bundle(message->fds[0]);
        config_free(&old);
        scoreboard_text_set(p->scoreboard, SCOREBOARD_TEXT_STATE, setting(p, "text"));
        log_info("puppet %s/%u swapped to text \"%s\"", p->plugin, p->instance, setting(p, "text"));
        channel_sendf(p->channel, NULL, "{ss, sb, sI}", "verb", "swapped", "ok", 1, "pause_ns",
                      (json_int_t)(2 * CLOCK_MS));
}

/* Waits for room: a real worker's replies wait in its loop. */
static void reply(struct puppet *p, json_t *message)
{
        while (channel_send(p->channel, message, NULL, 0, NULL) == CHANNEL_AGAIN) {
                struct pollfd fd = {.fd = channel_fd(p->channel), .events = POLLOUT};

                poll(&fd, 1, 1000);
        }
        json_decref(message);
}

static void on_command(struct puppet *p, const json_t *message)
{
        json_t *id = json_object_get(message, "id"), *argv = json_object_get(message, "argv"), *word;
        const char *name = json_string_value(json_array_get(argv, 0));
        const char *argument = json_string_value(json_array_get(argv, 1));
        size_t i;

        if (strcmp(name, "crash") == 0)
                raise(SIGABRT);
        if (strcmp(name, "echo") == 0)
                json_array_foreach(argv, i, word) if (i > 0)
                    reply(p, json_pack("{ss, sO, so}", "verb", "reply", "id", id, "text",
                                       json_sprintf("%s\n", json_string_value(word))));
        if (strcmp(name, "flood") == 0)
                for (int n = 0; n < atoi(argument); n++)
                        reply(p, json_pack("{ss, sO, so}", "verb", "reply", "id", id, "text",
                                           json_sprintf("%0999d\n", n)));
        reply(p, json_pack("{ss, sO, si}", "verb", "reply", "id", id, "status",
                           strcmp(name, "exit") == 0 ? atoi(argument) : 0));
}

static void take(struct puppet *p, struct channel_message *message)
{
        const char *verb = json_string_value(json_object_get(message->json, "verb"));

        if (strcmp(verb, "join") == 0)
                joined(p);
        else if (strcmp(verb, "stop") == 0)
                on_stop(p, message->json);
        else if (strcmp(verb, "swap") == 0)
                on_swap(p, message);
        else if (strcmp(verb, "command") == 0)
                on_command(p, message->json);
        else if (strcmp(verb, "log_level") == 0 && json_object_get(message->json, "level") != NULL)
                log_info("puppet %s/%u: log level %s", p->plugin, p->instance,
                         json_string_value(json_object_get(message->json, "level")));
}

static int work(struct puppet *p)
{
        struct pawl_error err = {0};

        if (!scoreboard_map(&p->scoreboard, p->scoreboard_fd, &err)) {
                log_error("%s", err.text);
                return 1;
        }
        scoreboard_begin(p->scoreboard, p->plugin, p->instance);
        if (is(p, "die", "start")) {
                channel_sendf(p->channel, NULL, "{ss, ss}", "verb", "fatal", "text", "no table of that name");
                return 1;
        }
        say(p, "ready");
        if (!p->hold)
                joined(p);
        while (p->end_at == 0 || clock_now() < p->end_at) {
                struct pollfd fd = {.fd = channel_fd(p->channel), .events = POLLIN};
                struct channel_message message;
                enum channel_status status;

                if (poll(&fd, 1, 10) == 0)
                        continue;
                status = channel_receive(p->channel, &message, &err);
                if (status == CHANNEL_CLOSED) {
                        log_info("puppet %s/%u: the master is gone", p->plugin, p->instance);
                        return 0;
                }
                if (status != CHANNEL_OK)
                        continue;
                take(p, &message);
                channel_message_clear(&message);
        }
        say(p, "stopped");
        return 0;
}

static int run_puppet(int argc, char **argv)
{
        struct puppet p = {.scoreboard_fd = -1, .plugin_fd = -1};
        int status;

        for (int i = 1; i < argc; i++) {
                const char *next = i + 1 < argc ? argv[i + 1] : "";

                if (strcmp(argv[i], "--worker") == 0)
                        p.plugin = next;
                else if (strcmp(argv[i], "--instance") == 0)
                        p.instance = (unsigned)atoi(next);
                else if (strcmp(argv[i], "--trial") == 0)
                        p.trial = next;
                else if (strcmp(argv[i], "--hold") == 0)
                        p.hold = true;
                else if (strcmp(argv[i], "--control-fd") == 0)
                        p.control_fd = atoi(next);
                else if (strcmp(argv[i], "--scoreboard-fd") == 0)
                        p.scoreboard_fd = atoi(next);
                else if (strcmp(argv[i], "--config-fd") == 0)
                        p.config_fd = atoi(next);
        }
        log_set_plugin(p.plugin);
        p.cfg = read_bundle(p.config_fd);
        p.channel = channel_open(p.control_fd, NULL);
        if (p.trial == NULL)
                status = work(&p);
        else if (setting(&p, "trial")[0] != '\0')
                status = run_trial(&p);
        else
                status = run_good_trial(&p);
        channel_close(&p.channel);
        scoreboard_unmap(&p.scoreboard);
        config_free(&p.cfg);
        return status;
}

/* pawld_fake [--check] --config FILE */
int main(int argc, char **argv)
{
        if (argc > 2 && strcmp(argv[1], "--worker") == 0)
                return run_puppet(argc, argv);
        return strcmp(argv[1], "--check") == 0 ? master_check(argv[argc - 1]) : master_main(argv[argc - 1]);
}
