/*
 * pawlctl: what an operator types. Each command is one row of a table (pawlctl.c), from which `help` is printed too. One thread.
 */
#ifndef PAWL_TOOLS_PAWLCTL_H
#define PAWL_TOOLS_PAWLCTL_H

#include "base/error.h"
#include "config/config.h"

#include <getopt.h>
#include <stdbool.h>

/* Exit statuses; a plugin's command has its own, 0 to 125. */
enum ctl_exit {
        CTL_DONE = 0,
        CTL_FAILED = 1, /* refused, failed, or not everything succeeded; stderr says what */
        CTL_USAGE = 2,
        CTL_NO_ANSWER = 125, /* a plugin's command that could not be carried out, or broke off */
};

/* What stands before the command, or among its options. */
struct ctl {
        const char *config_file;
        bool config_named;       /* by --config; else it is the default one */
        const char *socket_path; /* --socket; NULL: as the configuration says */
        const char *brokers;     /* --brokers; NULL: as the configuration says */
        bool verbose;
        struct config *cfg; /* ctl_config; NULL until asked for */
        char *found_socket;
        char *guessed; /* why found_socket is only what the text of the configuration seems to say; NULL: it is not */
};

struct ctl_command {
        const char *name;
        const char *usage; /* what follows the name */
        const char *help;
        int (*run)(struct ctl *ctl, int argc, char **argv); /* argv[0] is the command */
};

/* The options that every command takes, for a table of struct option; values from CTL_OPTION_FIRST on. */
#define CTL_OPTION_FIRST 1000
enum {
        CTL_OPTION_CONFIG = CTL_OPTION_FIRST,
        CTL_OPTION_SOCKET,
        CTL_OPTION_BROKERS,
        CTL_OPTION_VERBOSE,
        CTL_OPTION_HELP
};
#define CTL_OPTIONS                                                                                                    \
        {"config", required_argument, NULL, CTL_OPTION_CONFIG},                                                        \
            {"socket", required_argument, NULL, CTL_OPTION_SOCKET},                                                    \
            {"brokers", required_argument, NULL, CTL_OPTION_BROKERS},                                                  \
            {"verbose", no_argument, NULL, CTL_OPTION_VERBOSE}, {"help", no_argument, NULL, CTL_OPTION_HELP},          \
        {                                                                                                              \
                NULL, 0, NULL, 0                                                                                       \
        }

/* The next option of a command; -1 when none is left. Takes the common ones itself. '?' was reported already: return CTL_USAGE. */
int ctl_getopt(struct ctl *ctl, int argc, char **argv, const struct option *options);

/* Prints "pawlctl: TEXT" to stderr; returns `status`. */
int ctl_fail(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The configuration, read once; NULL after its errors were printed. */
const struct config *ctl_config(struct ctl *ctl);

/* Where the daemon listens, also when the configuration is broken at the moment. */
const char *ctl_socket(struct ctl *ctl);

/* Prints why the daemon did not answer there, and whether the place was a guess; returns `status`. */
int ctl_no_answer(const struct ctl *ctl, int status, const struct pawl_error *err);

/* -- the commands */
int cmd_status(struct ctl *ctl, int argc, char **argv);
int cmd_reload(struct ctl *ctl, int argc, char **argv);
int cmd_drain(struct ctl *ctl, int argc, char **argv);
int cmd_log_level(struct ctl *ctl, int argc, char **argv);
int cmd_topics(struct ctl *ctl, int argc, char **argv);
int cmd_publish(struct ctl *ctl, int argc, char **argv);
int cmd_consume(struct ctl *ctl, int argc, char **argv);
int cmd_schema(struct ctl *ctl, int argc, char **argv);

/* `pawlctl PLUGIN COMMAND …`; everything is the plugin's. */
int cmd_plugin(struct ctl *ctl, int argc, char **argv);

#endif
