/*
 * The commands that ask pawld for something: reload, drain, log-level, and those of plugins.
 */
#include "base/memory.h"
#include "daemon.h"
#include "pawlctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One line each; what a trial has said already names its kind behind file and line. */
static void print_texts(FILE *out, const char *kind, const json_t *texts)
{
        size_t i;
        const json_t *item;

        json_array_foreach(texts, i, item)
        {
                const char *text = json_string_value(item);

                if (text != NULL && strstr(text, ": error: ") == NULL && strstr(text, ": warning: ") == NULL)
                        fprintf(out, "%s: %s\n", kind, text);
                else
                        fprintf(out, "%s\n", text != NULL ? text : "");
        }
}

static void print_report(const json_t *report)
{
        const char *name = json_string_value(json_object_get(report, "plugin"));
        const char *action = json_string_value(json_object_get(report, "action"));
        const char *why = json_string_value(json_object_get(report, "why"));
        const char *text = json_string_value(json_object_get(report, "text"));
        double drain = json_real_value(json_object_get(report, "drain_seconds"));
        double pause = json_real_value(json_object_get(report, "pause_seconds"));
        bool ok = json_is_true(json_object_get(report, "ok"));

        if (name == NULL || action == NULL || strcmp(action, "unchanged") == 0)
                return;
        printf("%s %s: %s", ok ? "✅" : "❌", name, action);
        if (why != NULL && why[0] != '\0')
                printf(" (%s)", why);
        if (drain > 0)
                printf(", drained in %.3f s", drain);
        if (pause > 0)
                printf(", pause %.3f s", pause);
        printf("%s%s\n", text != NULL && text[0] != '\0' ? ": " : "", text != NULL ? text : "");
}

static int print_outcome(const json_t *outcome)
{
        bool ok = json_is_true(json_object_get(outcome, "ok"));
        const char *text = json_string_value(json_object_get(outcome, "text"));
        size_t i;
        const json_t *report;

        print_texts(stderr, "warning", json_object_get(outcome, "warnings"));
        print_texts(stderr, "error", json_object_get(outcome, "errors"));
        json_array_foreach(json_object_get(outcome, "plugins"), i, report) print_report(report);
        fprintf(ok ? stdout : stderr, "♻️  reload: %s (generation %lld, %.3f s)\n", text != NULL ? text : "?",
                (long long)json_integer_value(json_object_get(outcome, "generation")),
                json_real_value(json_object_get(outcome, "seconds")));
        return ok ? CTL_DONE : CTL_FAILED;
}

int cmd_reload(struct ctl *ctl, int argc, char **argv)
{
        static const struct option options[] = {CTL_OPTIONS};
        struct daemon_reply reply;
        struct pawl_error err = {0};
        char path[512] = "/v1/reload";
        int status;

        if (ctl_getopt(ctl, argc, argv, options) != -1 || argc - optind > 1)
                return ctl_fail(CTL_USAGE, "reload takes one plugin at most; without one everything is reloaded");
        if (optind < argc) {
                char *name = daemon_escape(argv[optind]);

                snprintf(path, sizeof path, "/v1/reload?plugin=%s", name);
                free(name);
        }
        if (!daemon_call(ctl_socket(ctl), "POST", path, NULL, 0, &reply, &err))
                return ctl_no_answer(ctl, CTL_FAILED, &err);
        if (json_is_string(json_object_get(reply.json, "text")))
                status = print_outcome(reply.json);
        else
                status = ctl_fail(CTL_FAILED, "%s", daemon_error(&reply));
        daemon_reply_clear(&reply);
        return status;
}

int cmd_drain(struct ctl *ctl, int argc, char **argv)
{
        static const struct option options[] = {CTL_OPTIONS};
        struct daemon_reply reply;
        struct pawl_error err = {0};
        int status = CTL_DONE;

        if (ctl_getopt(ctl, argc, argv, options) != -1 || optind < argc)
                return ctl_fail(CTL_USAGE, "drain takes no arguments");
        if (!daemon_call(ctl_socket(ctl), "POST", "/v1/drain", NULL, 0, &reply, &err))
                return ctl_no_answer(ctl, CTL_FAILED, &err);
        if (reply.status != 200)
                status = ctl_fail(CTL_FAILED, "%s", daemon_error(&reply));
        else if (!json_is_true(json_object_get(reply.json, "ok")))
                status = ctl_fail(CTL_FAILED,
                                  "pawld has stopped, but not everything was drained in time; its log says what");
        else
                puts("🛑 drained and stopped");
        daemon_reply_clear(&reply);
        return status;
}

int cmd_log_level(struct ctl *ctl, int argc, char **argv)
{
        static const struct option options[] = {CTL_OPTIONS};
        struct daemon_reply reply;
        struct pawl_error err = {0};
        int status = CTL_DONE;
        json_t *body;

        if (ctl_getopt(ctl, argc, argv, options) != -1 || argc - optind != 1)
                return ctl_fail(CTL_USAGE, "log-level takes one of debug, info, warn, error");
        body = json_pack("{ss}", "level", argv[optind]);
        if (body == NULL)
                return ctl_fail(CTL_USAGE, "log-level: expected UTF-8");
        if (!daemon_call(ctl_socket(ctl), "POST", "/v1/log-level", body, 10, &reply, &err))
                status = ctl_no_answer(ctl, CTL_FAILED, &err);
        else if (reply.status != 200)
                status = ctl_fail(CTL_FAILED, "%s", daemon_error(&reply));
        else
                printf("log level: %s\n", json_string_value(json_object_get(reply.json, "level")));
        daemon_reply_clear(&reply);
        json_decref(body);
        return status;
}

/* -- commands of plugins */

struct output {
        const char *plugin;
        int status; /* CTL_NO_ANSWER until the command has ended */
        bool explained;
};

static void on_line(void *arg, long http_status, const json_t *json)
{
        struct output *output = arg;
        const json_t *text = json_object_get(json, "text"), *status = json_object_get(json, "status");
        const json_t *error = json_object_get(json, "error");

        if (json_is_string(text))
                fwrite(json_string_value(text), 1, json_string_length(text), stdout);
        if (json_is_integer(status))
                output->status = (int)(json_integer_value(status) & 0xff);
        output->explained = output->explained || json_is_string(error);
        if (json_is_string(error) && http_status == 404)
                ctl_fail(0, "%s; %s is neither a command of pawlctl's (see pawlctl help) nor a plugin that runs",
                         json_string_value(error), output->plugin);
        else if (json_is_string(error))
                ctl_fail(0, "%s: %s", output->plugin, json_string_value(error));
}

int cmd_plugin(struct ctl *ctl, int argc, char **argv)
{
        struct output output = {.plugin = argv[0], .status = CTL_NO_ANSWER};
        json_t *words = json_array(), *body;
        struct pawl_error err = {0};
        char *name, *path;

        for (int i = 1; i < argc; i++)
                json_array_append_new(words, json_string(argv[i]));
        if (json_array_size(words) != (size_t)argc - 1 || argc < 2) {
                json_decref(words);
                return ctl_fail(CTL_USAGE,
                                argc < 2 ? "%s: expected a command; pawlctl %s help names those that it has"
                                         : "%s: expected arguments of %s in UTF-8",
                                argv[0], argv[0]);
        }
        body = json_pack("{so}", "argv", words);
        name = daemon_escape(argv[0]);
        path = memory_printf("/v1/plugins/%s/commands", name);
        if (!daemon_stream(ctl_socket(ctl), path, body, on_line, &output, &err))
                output.status = ctl_no_answer(ctl, CTL_NO_ANSWER, &err);
        else if (output.status == CTL_NO_ANSWER && !output.explained)
                ctl_fail(0, "%s: the answer broke off before its end", argv[0]);
        free(path);
        free(name);
        json_decref(body);
        return output.status;
}
