/*
 * pawlctl status: what pawld says of itself, and what Kafka says of its consumer groups; the second also when pawld is away.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "cluster.h"
#include "daemon.h"
#include "kafka/groups.h"
#include "pawlctl.h"
#include "status_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_TIMEOUT (3 * CLOCK_S)

static void print_group(const struct group_description *g)
{
        struct buf line = {0};

        status_pad(&line, g->group, 28);
        status_pad(&line, g->state, 20);
        buf_printf(&line, "%7zu %9" PRId64 "   %s\n", g->member_count, g->total_lag,
                   g->coordinator != NULL ? g->coordinator : "");
        for (size_t i = 0; i < g->member_count; i++) {
                const struct group_member *m = &g->members[i];

                buf_printf(&line, "    %s %s, %s, %zu partitions\n", m->instance_id != NULL ? "static" : "dynamic",
                           m->instance_id != NULL ? m->instance_id : m->member_id, m->host != NULL ? m->host : "",
                           m->partitions);
        }
        fwrite(line.data, 1, line.len, stdout);
        buf_free(&line);
}

/* The groups of all enabled plugins. One that cannot be described ends it: the next one's answer would be the same, later. */
static void print_groups(struct ctl *ctl, char *const *groups, size_t count)
{
        struct cluster cluster;
        struct admin *admin = NULL;
        struct pawl_error err = {0};

        if (count == 0 || !cluster_of(ctl, CONFIG_SCOPE_ALL, &cluster))
                return;
        printf("\n%-28s %-20s %7s %9s   %s\n", "GROUP", "STATE", "MEMBERS", "LAG", "COORDINATOR");
        admin = admin_open(&cluster.options, &err);
        for (size_t i = 0; admin != NULL && i < count; i++) {
                struct group_description *description = groups_describe(admin, groups[i], GROUP_TIMEOUT, &err);

                if (description == NULL)
                        break;
                print_group(description);
                groups_free(&description);
        }
        /* With a question unanswered, librdkafka 2.0.2 was seen to wait for ever in its destructor; the process ends anyway. */
        if (err.text[0] != '\0')
                printf("not known: %s\n", err.text);
        else
                admin_destroy(&admin);
        cluster_clear(&cluster);
}

static void add_group(char ***groups, size_t *count, const char *group)
{
        if (group == NULL || group[0] == '\0')
                return;
        *groups = memory_resize(*groups, *count + 1, sizeof(char *));
        (*groups)[(*count)++] = memory_string(group);
}

static void groups_of_status(const json_t *status, char ***groups, size_t *count)
{
        size_t i;
        const json_t *plugin;

        json_array_foreach(json_object_get(status, "plugins"), i, plugin)
        {
                if (json_is_true(json_object_get(plugin, "enabled")))
                        add_group(groups, count, json_string_value(json_object_get(plugin, "group")));
        }
}

/* Without a daemon to ask. One with "{host_id}" in it is left out: only the daemon's user reads the id. */
static void groups_of_config(const struct config *cfg, char ***groups, size_t *count)
{
        for (size_t i = 0; cfg != NULL && i < cfg->plugin_count; i++)
                if (cfg->plugins[i].enabled && cfg->plugins[i].group != NULL &&
                    strchr(cfg->plugins[i].group, '{') == NULL)
                        add_group(groups, count, cfg->plugins[i].group);
}

static void print_status(const json_t *status, bool partitions)
{
        struct buf text = {0};

        status_text(status, partitions, &text);
        fwrite(text.data, 1, text.len, stdout);
        buf_free(&text);
}

static int show(struct ctl *ctl, bool json, bool partitions, bool groups)
{
        struct daemon_reply reply;
        struct pawl_error err = {0};
        char **names = NULL;
        size_t count = 0;
        int status = CTL_DONE;

        if (!daemon_call(ctl_socket(ctl), "GET", "/v1/status", NULL, 10, &reply, &err)) {
                status = ctl_no_answer(ctl, CTL_FAILED, &err);
                groups_of_config(json ? NULL : ctl_config(ctl), &names, &count);
        } else if (reply.status != 200 || !json_is_object(reply.json)) {
                status = ctl_fail(CTL_FAILED, "%s", daemon_error(&reply));
        } else if (json) {
                json_dumpf(reply.json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
                putchar('\n');
        } else {
                print_status(reply.json, partitions);
                groups_of_status(reply.json, &names, &count);
        }
        daemon_reply_clear(&reply);
        fflush(stdout);
        if (groups && !json)
                print_groups(ctl, names, count);
        for (size_t i = 0; i < count; i++)
                free(names[i]);
        free(names);
        return status;
}

int cmd_status(struct ctl *ctl, int argc, char **argv)
{
        enum { OPTION_JSON = 1, OPTION_PARTITIONS, OPTION_NO_GROUPS };
        static const struct option options[] = {{"json", no_argument, NULL, OPTION_JSON},
                                                {"partitions", no_argument, NULL, OPTION_PARTITIONS},
                                                {"no-groups", no_argument, NULL, OPTION_NO_GROUPS},
                                                CTL_OPTIONS};
        bool json = false, partitions = false, groups = true;
        int option;

        while ((option = ctl_getopt(ctl, argc, argv, options)) != -1) {
                if (option == '?')
                        return CTL_USAGE;
                json = json || option == OPTION_JSON;
                partitions = partitions || option == OPTION_PARTITIONS;
                groups = groups && option != OPTION_NO_GROUPS;
        }
        if (optind < argc)
                return ctl_fail(CTL_USAGE, "status takes no argument, found %s", argv[optind]);
        return show(ctl, json, partitions, groups);
}
