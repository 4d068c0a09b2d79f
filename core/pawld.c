/*
 * pawld: the master, and, started by it, each worker. This file reads the options and nothing else.
 */
#include "base/channel.h"
#include "base/log.h"
#include "config/bundle.h"
#include "config/config.h"
#include "master/generation.h"
#include "master/master.h"
#include "master/rundir.h"
#include "master/sockets.h"
#include "worker/worker.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef PAWL_CONFIG_FILE
#define PAWL_CONFIG_FILE "/etc/pawl/pawl.conf"
#endif
#define SOCKETS_MAX 64

struct options {
        const char *config_file;
        bool check;
        bool foreground;
        const char *only;
        struct worker_options worker;
        struct worker_socket sockets[SOCKETS_MAX];
};

enum {
        OPTION_CONFIG = 1,
        OPTION_CHECK,
        OPTION_FOREGROUND,
        OPTION_ONLY,
        OPTION_VERSION,
        OPTION_HELP,
        OPTION_WORKER,
        OPTION_INSTANCE,
        OPTION_CONTROL_FD,
        OPTION_SCOREBOARD_FD,
        OPTION_CONFIG_FD,
        OPTION_PLUGIN_FD,
        OPTION_HOLD,
        OPTION_TRIAL,
        OPTION_LISTEN,
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"foreground", no_argument, NULL, OPTION_FOREGROUND},
    {"only", required_argument, NULL, OPTION_ONLY},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"help", no_argument, NULL, OPTION_HELP},
    {"worker", required_argument, NULL, OPTION_WORKER},
    {"instance", required_argument, NULL, OPTION_INSTANCE},
    {"control-fd", required_argument, NULL, OPTION_CONTROL_FD},
    {"scoreboard-fd", required_argument, NULL, OPTION_SCOREBOARD_FD},
    {"config-fd", required_argument, NULL, OPTION_CONFIG_FD},
    {"plugin-fd", required_argument, NULL, OPTION_PLUGIN_FD},
    {"hold", no_argument, NULL, OPTION_HOLD},
    {"trial", required_argument, NULL, OPTION_TRIAL},
    {"listen", required_argument, NULL, OPTION_LISTEN},
    {NULL, 0, NULL, 0},
};

static void print_help(void)
{
        puts(
            "Usage: pawld [--config FILE]                              serve every enabled plugin\n"
            "       pawld [--config FILE] --check                      say everything that is wrong with the configuration\n"
            "       pawld [--config FILE] --foreground --only PLUGIN   one plugin in this process, for a debugger\n"
            "       pawld --version | --help\n"
            "\n"
            "  --config FILE   the main file (default " PAWL_CONFIG_FILE "); plugins.d/*.conf stand beside it\n"
            "\n"
            "SIGHUP reloads, SIGTERM and SIGINT drain and stop, a second one stops at once. See also: pawlctl help.");
}

static int usage(const char *text)
{
        fprintf(stderr, "pawld: %s\nTry: pawld --help\n", text);
        return WORKER_EXIT_USAGE;
}

static bool read_number(const char *text, int *number)
{
        char *end;
        long value;

        errno = 0;
        value = strtol(text, &end, 10);
        *number = (int)value;
        return errno == 0 && end != text && *end == '\0' && value >= 0 && value <= INT_MAX;
}

/* NAME=FD */
static bool read_socket(struct options *o, char *text)
{
        char *equals = strchr(text, '=');
        struct worker_socket *socket = &o->sockets[o->worker.socket_count];

        if (equals == NULL || o->worker.socket_count == SOCKETS_MAX || !read_number(equals + 1, &socket->fd))
                return false;
        *equals = '\0';
        socket->name = text;
        o->worker.socket_count++;
        return true;
}

static bool take_worker_option(struct options *o, int option)
{
        int number = -1;

        switch (option) {
        case OPTION_WORKER:
                o->worker.plugin = optarg;
                return true;
        case OPTION_INSTANCE:
                if (!read_number(optarg, &number))
                        return false;
                o->worker.instance = (unsigned)number;
                return true;
        case OPTION_CONTROL_FD:
                return read_number(optarg, &o->worker.control_fd);
        case OPTION_SCOREBOARD_FD:
                return read_number(optarg, &o->worker.scoreboard_fd);
        case OPTION_CONFIG_FD:
                return read_number(optarg, &o->worker.config_fd);
        case OPTION_PLUGIN_FD:
                return read_number(optarg, &o->worker.plugin_fd);
        case OPTION_HOLD:
                o->worker.hold = true;
                return true;
        case OPTION_TRIAL:
                o->worker.trial = optarg;
                return strcmp(optarg, "check") == 0 || strcmp(optarg, "create") == 0;
        case OPTION_LISTEN:
                return read_socket(o, optarg);
        default:
                return false;
        }
}

/* Returns -1 to go on, else the exit status. */
static int read_options(struct options *o, int argc, char **argv)
{
        int option;

        while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
                switch (option) {
                case OPTION_CONFIG:
                        o->config_file = optarg;
                        break;
                case OPTION_CHECK:
                        o->check = true;
                        break;
                case OPTION_FOREGROUND:
                        o->foreground = true;
                        break;
                case OPTION_ONLY:
                        o->only = optarg;
                        break;
                case OPTION_VERSION:
                        puts("pawld " PAWL_VERSION);
                        return 0;
                case OPTION_HELP:
                        print_help();
                        return 0;
                case '?':
                        return usage("the options make no sense");
                default:
                        if (!take_worker_option(o, option))
                                return usage("an option that only pawld gives to itself has a wrong value");
                }
        }
        if (optind < argc)
                return usage("expected options only, found a word beside them");
        if (o->foreground != (o->only != NULL))
                return usage("--foreground and --only PLUGIN go together");
        if (o->worker.plugin != NULL && o->worker.config_fd < 0)
                return usage(
                    "--worker is for pawld itself; a person starts one plugin with --foreground --only PLUGIN");
        return -1;
}

static bool bind_sockets(struct options *o, const struct config_plugin *plugin, struct pawl_error *err)
{
        for (size_t i = 0; i < plugin->listen_count && i < SOCKETS_MAX; i++) {
                const struct config_listen *l = &plugin->listen[i];
                int fd = l->host != NULL ? sockets_tcp(l->host, l->port, err) : sockets_unix(l->address, 0660, err);

                if (fd < 0)
                        return error_prefix(err, "%s:%d: listen.%s", plugin->file, l->line, l->name);
                o->sockets[i] = (struct worker_socket){.name = l->name, .fd = fd};
                o->worker.socket_count = i + 1;
        }
        return true;
}

/* One plugin in this process, with a configuration of its own reading and no master. */
static int run_foreground(struct options *o)
{
        struct generation *generation = generation_read_printed(o->config_file);
        char host_id[RUNDIR_HOST_ID_MAX];
        struct pawl_error err = {0};
        const struct config_plugin *plugin;
        int status = MASTER_EXIT_FAILED;

        if (generation == NULL)
                return status;
        log_open((enum log_format)generation->cfg->log_format, (enum log_level)generation->cfg->log_level);
        plugin = config_plugin(generation->cfg, o->only);
        if (plugin == NULL)
                log_error("%s: no plugin of the name %s is configured", o->config_file, o->only);
        else if (!rundir_make(generation->cfg->state_dir, &err) ||
                 !rundir_host_id(generation->cfg->state_dir, host_id, &err) || !bind_sockets(o, plugin, &err))
                log_error("%s", err.text);
        else {
                o->worker.plugin = o->only;
                o->worker.config_fd = generation->bundle_fd;
                status = worker_main(&o->worker);
        }
        generation_release(&generation);
        return status;
}

int main(int argc, char **argv)
{
        struct options o = {
            .config_file = PAWL_CONFIG_FILE,
            .worker = {.config_fd = -1, .control_fd = -1, .scoreboard_fd = -1, .plugin_fd = -1},
        };
        int status = read_options(&o, argc, argv);

        o.worker.sockets = o.sockets;
        if (status >= 0)
                return status;
        if (o.worker.plugin != NULL)
                return worker_main(&o.worker);
        if (o.foreground)
                return run_foreground(&o);
        return o.check ? master_check(o.config_file) : master_main(o.config_file);
}
