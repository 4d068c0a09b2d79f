#include "pawlctl.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "locate.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int cmd_help(struct ctl *ctl, int argc, char **argv);

static const struct ctl_command commands[] = {
    {"status", "[--json] [--partitions] [--no-groups]",
     "what runs: plugins, workers, lag, health, the last reload; consumer groups and their members", cmd_status},
    {"reload", "[PLUGIN]", "take over what has changed, wait for the outcome; refused: everything stays as it was",
     cmd_reload},
    {"drain", "", "finish what is in hand, leave the groups, stop", cmd_drain},
    {"log-level", "debug|info|warn|error", "of pawld and all workers, until the next reload that changes it",
     cmd_log_level},
    {"topics", "create [NAME...] | list [--json]",
     "make the topics of topics.conf that are missing; show those of the cluster", cmd_topics},
    {"publish", "[--topic TOPIC] [--any] [--timeout TIME] [FILE | - | --json TEXT]",
     "publish one event, or one a line; checked (--any: of any type, with any members), completed, keyed", cmd_publish},
    {"consume",
     "[--topic TOPIC]... [--type PATTERN] [--key KEY] [--from beginning|end] [--count N] [--follow] [--json]",
     "show events", cmd_consume},
    {"schema", "[TYPE] | --samples [TYPE] | --asyncapi | --markdown",
     "the catalogue of events: JSON Schema, examples (one a line), an AsyncAPI document with the topics, a table",
     cmd_schema},
    {"help", "[COMMAND]", "this text", cmd_help},
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static const struct ctl_command *find_command(const char *name)
{
        for (size_t i = 0; i < COMMAND_COUNT; i++)
                if (strcmp(commands[i].name, name) == 0)
                        return &commands[i];
        return NULL;
}

static void print_usage(const struct ctl_command *command)
{
        printf("  pawlctl %s%s%s\n      %s\n", command->name, command->usage[0] != '\0' ? " " : "", command->usage,
               command->help);
}

static int cmd_help(struct ctl *ctl, int argc, char **argv)
{
        const struct ctl_command *command;

        (void)ctl;
        if (argc > 1) {
                command = find_command(argv[1]);
                if (command == NULL)
                        return ctl_fail(CTL_USAGE, "no command of the name %s; pawlctl %s help asks a plugin", argv[1],
                                        argv[1]);
                print_usage(command);
                return CTL_DONE;
        }
        puts("Usage: pawlctl [OPTION]... COMMAND [ARGUMENT]...\n");
        for (size_t i = 0; i < COMMAND_COUNT; i++)
                print_usage(&commands[i]);
        puts("  pawlctl PLUGIN COMMAND [ARGUMENT]...\n      a command of a plugin that runs: pawlctl audit verify\n\n"
             "Options:\n"
             "  --config FILE     the configuration of pawld (default " PAWL_CONFIG_FILE ")\n"
             "  --socket PATH     pawld's admin socket (default: as the configuration says)\n"
             "  --brokers LIST    Kafka's brokers, host:port,host:port (default: as the configuration says)\n"
             "  --verbose         the Kafka client's log too\n"
             "  --version");
        return CTL_DONE;
}

int ctl_fail(int status, const char *fmt, ...)
{
        va_list ap;

        fputs("pawlctl: ", stderr);
        va_start(ap, fmt);
        vfprintf(stderr, fmt, ap);
        va_end(ap);
        fputc('\n', stderr);
        return status;
}

static void take_common(struct ctl *ctl, int option)
{
        switch (option) {
        case CTL_OPTION_CONFIG:
                ctl->config_file = optarg;
                ctl->config_named = true;
                break;
        case CTL_OPTION_SOCKET:
                ctl->socket_path = optarg;
                break;
        case CTL_OPTION_BROKERS:
                ctl->brokers = optarg;
                break;
        case CTL_OPTION_VERBOSE:
                ctl->verbose = true;
                break;
        default:
                break;
        }
}

int ctl_getopt(struct ctl *ctl, int argc, char **argv, const struct option *options)
{
        int option;

        while ((option = getopt_long(argc, argv, "", options, NULL)) >= CTL_OPTION_FIRST) {
                if (option == CTL_OPTION_HELP) {
                        const struct ctl_command *command = find_command(argv[0]);

                        if (command != NULL)
                                print_usage(command);
                        exit(CTL_DONE);
                }
                take_common(ctl, option);
        }
        return option;
}

const struct config *ctl_config(struct ctl *ctl)
{
        struct config_errors errors = {0};
        struct config_bundle *bundle;
        struct buf text = {0};

        if (ctl->cfg != NULL)
                return ctl->cfg;
        bundle = config_bundle_read(ctl->config_file, environ, &errors);
        if (bundle != NULL)
                ctl->cfg = config_parse(bundle, &errors);
        if (ctl->cfg == NULL) {
                config_errors_print(&errors, &text);
                fputs(text.data != NULL ? text.data : "", stderr);
        }
        buf_free(&text);
        config_bundle_free(&bundle);
        config_errors_free(&errors);
        return ctl->cfg;
}

static char *read_text(const char *path)
{
        FILE *file = fopen(path, "re");
        struct buf text = {0};
        size_t n;

        if (file == NULL)
                return NULL;
        while (text.len < 1024 * 1024 && (n = fread(buf_reserve(&text, 4096), 1, 4096, file)) > 0)
                buf_end(&text, n);
        fclose(file);
        return buf_take(&text, NULL);
}

/* As the file says, broken as it may be. */
static char *socket_by_scan(const char *config_file)
{
        char *text = read_text(config_file);
        char *socket = text != NULL ? locate_setting(text, "socket") : NULL;
        char *run_dir = text != NULL ? locate_setting(text, "run_dir") : NULL;
        const char *dir = run_dir != NULL ? run_dir : "/run/pawl";

        if (socket == NULL || socket[0] == '\0') {
                free(socket);
                socket = memory_printf("%s/admin.sock", dir);
        }
        free(run_dir);
        free(text);
        return socket;
}

/* The first of the errors, and where all of them are to be seen. */
static char *why_guessed(const char *config_file, struct config_errors *errors)
{
        struct buf all = {0};
        char *text;

        config_errors_print(errors, &all);
        text = memory_printf("the socket's path is a guess, since the configuration has errors (pawld --check --config "
                             "%s shows all of them): %.*s",
                             config_file, all.data != NULL ? (int)strcspn(all.data, "\n") : 0,
                             all.data != NULL ? all.data : "");
        buf_free(&all);
        return text;
}

const char *ctl_socket(struct ctl *ctl)
{
        struct config_errors errors = {0};
        struct config_bundle *bundle;

        if (ctl->socket_path != NULL)
                return ctl->socket_path;
        if (ctl->found_socket != NULL)
                return ctl->found_socket;
        if (ctl->cfg == NULL) {
                bundle = config_bundle_read(ctl->config_file, environ, &errors);
                if (bundle != NULL)
                        ctl->cfg = config_parse(bundle, &errors);
                config_bundle_free(&bundle);
        }
        if (ctl->cfg == NULL)
                ctl->guessed = why_guessed(ctl->config_file, &errors);
        config_errors_free(&errors);
        ctl->found_socket = ctl->cfg != NULL ? memory_string(ctl->cfg->admin_socket) : socket_by_scan(ctl->config_file);
        return ctl->found_socket;
}

int ctl_no_answer(const struct ctl *ctl, int status, const struct pawl_error *err)
{
        ctl_fail(status, "%s", err->text);
        return ctl->guessed != NULL ? ctl_fail(status, "%s", ctl->guessed) : status;
}

int main(int argc, char **argv)
{
        static const struct option options[] = {{"version", no_argument, NULL, 'v'}, CTL_OPTIONS};
        struct ctl ctl = {.config_file = PAWL_CONFIG_FILE};
        const struct ctl_command *command;
        int option, status;

        setlocale(LC_CTYPE, "C.UTF-8");
        log_open(LOG_FORMAT_AUTO, LOG_LEVEL_WARN);
        log_set_plugin("pawlctl");
        /* "+": what follows the command is the command's. */
        while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
                if (option == 'v') {
                        puts("pawlctl " PAWL_VERSION);
                        return CTL_DONE;
                }
                if (option == '?')
                        return ctl_fail(CTL_USAGE, "see pawlctl help");
                if (option == CTL_OPTION_HELP)
                        return cmd_help(&ctl, 1, argv);
                take_common(&ctl, option);
        }
        if (optind == argc) {
                cmd_help(&ctl, 1, argv);
                return CTL_USAGE;
        }
        argc -= optind;
        argv += optind;
        optind = 0; /* glibc: begin anew */
        command = find_command(argv[0]);
        status = command != NULL ? command->run(&ctl, argc, argv) : cmd_plugin(&ctl, argc, argv);
        config_free(&ctl.cfg);
        free(ctl.found_socket);
        free(ctl.guessed);
        /* A full disk or a closed pipe behind stdout is a failure too. */
        if (fflush(stdout) != 0 && status == CTL_DONE)
                status = ctl_fail(CTL_FAILED, "writing to stdout failed");
        return status;
}
