/*
 * pawlctl topics: create what topics.conf names and the cluster does not have; list what it has.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "cluster.h"
#include "kafka/topics.h"
#include "pawlctl.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT          (30 * CLOCK_S)
#define SETTINGS_A_TOPIC 4

/* A topic of topics.conf as the broker takes it. Its settings' texts are owned. */
static struct topic_spec make_spec(const struct config_topic *topic, struct client_property settings[SETTINGS_A_TOPIC])
{
        settings[0] =
            (struct client_property){"min.insync.replicas", memory_printf("%" PRId64, topic->min_insync_replicas)};
        settings[1] = (struct client_property){"retention.ms", memory_printf("%" PRId64, topic->retention / CLOCK_MS)};
        settings[2] = (struct client_property){"max.message.bytes", memory_printf("%" PRId64, topic->max_message)};
        settings[3] = (struct client_property){"compression.type", memory_string(topic->compression)};
        return (struct topic_spec){.name = topic->name,
                                   .partitions = (int32_t)topic->partitions,
                                   .replication = (int16_t)topic->replication,
                                   .config = settings,
                                   .config_count = SETTINGS_A_TOPIC};
}

static void print_results(const struct topic_result *results, size_t count)
{
        static const char *const words[] = {[TOPIC_CREATED] = "created",
                                            [TOPIC_EXISTED] = "exists",
                                            [TOPIC_DIFFERS] = "differs",
                                            [TOPIC_FAILED] = "FAILED"};

        for (size_t i = 0; i < count; i++)
                printf("%-8s %-28s %s\n", words[results[i].outcome], results[i].name, results[i].text);
}

static int create_specs(struct ctl *ctl, const struct topic_spec *specs, size_t count)
{
        struct topic_result *results = memory_zero(count, sizeof *results);
        struct pawl_error err = {0};
        struct cluster cluster;
        struct admin *admin = NULL;
        int status = CTL_FAILED;

        if (!cluster_of(ctl, CONFIG_SCOPE_ALL, &cluster))
                goto out;
        admin = admin_open(&cluster.options, &err);
        if (admin == NULL) {
                ctl_fail(0, "%s", err.text);
                goto out;
        }
        for (size_t i = 0; i < count; i++)
                results[i] = (struct topic_result){.name = specs[i].name, .outcome = TOPIC_FAILED};
        if (topics_create(admin, specs, count, TIMEOUT, results, &err))
                status = CTL_DONE;
        print_results(results, count);
        if (status != CTL_DONE)
                ctl_fail(0, "%s", err.text);
out:
        admin_destroy(&admin);
        cluster_clear(&cluster);
        free(results);
        return status;
}

static bool wanted(const struct config_topic *topic, int argc, char **argv)
{
        for (int i = 0; i < argc; i++)
                if (strcmp(argv[i], topic->name) == 0)
                        return true;
        return argc == 0;
}

static int create(struct ctl *ctl, const struct config_topics *topics, int argc, char **argv)
{
        struct topic_spec *specs = memory_zero(topics->count, sizeof *specs);
        struct client_property *settings = memory_zero(topics->count * SETTINGS_A_TOPIC, sizeof *settings);
        size_t count = 0;
        int status = CTL_USAGE;

        for (int i = 0; i < argc; i++) {
                if (config_topic(topics, argv[i]) != NULL)
                        continue;
                ctl_fail(0, "topics.conf has no topic of the name %s; add it there first", argv[i]);
                goto out;
        }
        for (size_t i = 0; i < topics->count; i++) {
                if (wanted(&topics->items[i], argc, argv)) {
                        specs[count] = make_spec(&topics->items[i], settings + count * SETTINGS_A_TOPIC);
                        count++;
                }
        }
        status = create_specs(ctl, specs, count);
out:
        for (size_t i = 0; i < count * SETTINGS_A_TOPIC; i++)
                free((void *)(uintptr_t)settings[i].value);
        free(settings);
        free(specs);
        return status;
}

/* topics.conf: as the configuration has it, or a file named by --topics. */
static int cmd_create(struct ctl *ctl, const char *file, int argc, char **argv)
{
        struct config_topics topics = {0};
        struct config_errors errors = {0};
        struct buf text = {0};
        int status = CTL_FAILED;

        if (file == NULL)
                return ctl_config(ctl) != NULL ? create(ctl, &ctl->cfg->topics, argc, argv) : CTL_FAILED;
        if (config_topics_read(&topics, file, environ, &errors))
                status = create(ctl, &topics, argc, argv);
        config_errors_print(&errors, &text);
        fputs(text.data != NULL ? text.data : "", stderr);
        buf_free(&text);
        config_errors_free(&errors);
        config_topics_free(&topics);
        return status;
}

static void print_list(const struct topic_list *list)
{
        printf("%-32s %10s %8s %8s %14s\n", "TOPIC", "PARTITIONS", "REPLICAS", "IN SYNC", "MESSAGES");
        for (size_t i = 0; i < list->count; i++) {
                const struct topic_description *t = &list->topics[i];
                int32_t replicas = t->partition_count > 0 ? t->partitions[0].replicas : 0, in_sync = replicas;
                int64_t messages = 0;

                for (size_t n = 0; n < t->partition_count; n++) {
                        const struct topic_partition *p = &t->partitions[n];

                        in_sync = p->in_sync < in_sync ? p->in_sync : in_sync;
                        messages += p->low >= 0 && p->high >= p->low ? p->high - p->low : 0;
                }
                printf("%-32s %10zu %8" PRId32 " %8" PRId32 " %14" PRId64 "%s%s\n", t->name, t->partition_count,
                       replicas, in_sync, messages, t->error != NULL ? "  " : "", t->error != NULL ? t->error : "");
        }
        printf("%zu topics, %d brokers\n", list->count, list->brokers);
}

static void print_list_json(const struct topic_list *list)
{
        json_t *all = json_array();

        for (size_t i = 0; i < list->count; i++) {
                const struct topic_description *t = &list->topics[i];
                json_t *partitions = json_array();

                for (size_t n = 0; n < t->partition_count; n++) {
                        const struct topic_partition *p = &t->partitions[n];

                        json_array_append_new(partitions,
                                              json_pack("{si, si, si, si, sI, sI}", "partition", (int)p->partition,
                                                        "leader", (int)p->leader, "replicas", (int)p->replicas,
                                                        "in_sync", (int)p->in_sync, "low", (json_int_t)p->low, "high",
                                                        (json_int_t)p->high));
                }
                json_array_append_new(all, json_pack("{ss, ss?, so}", "topic", t->name, "error", t->error, "partitions",
                                                     partitions));
        }
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(all);
}

static int cmd_list(struct ctl *ctl, bool json)
{
        struct pawl_error err = {0};
        struct topic_list *list = NULL;
        struct admin *admin = NULL;
        struct cluster cluster;

        if (!cluster_of(ctl, CONFIG_SCOPE_ALL, &cluster))
                return CTL_FAILED;
        admin = admin_open(&cluster.options, &err);
        if (admin != NULL)
                list = topics_list(admin, false, true, TIMEOUT, &err);
        if (list == NULL)
                ctl_fail(0, "%s", err.text);
        else if (json)
                print_list_json(list);
        else
                print_list(list);
        admin_destroy(&admin);
        cluster_clear(&cluster);
        if (list == NULL)
                return CTL_FAILED;
        topics_list_free(&list);
        return CTL_DONE;
}

int cmd_topics(struct ctl *ctl, int argc, char **argv)
{
        enum { OPTION_JSON = 1, OPTION_TOPICS };
        static const struct option options[] = {{"json", no_argument, NULL, OPTION_JSON},
                                                {"topics", required_argument, NULL, OPTION_TOPICS},
                                                CTL_OPTIONS};
        const char *file = NULL, *verb;
        bool json = false;
        int option;

        while ((option = ctl_getopt(ctl, argc, argv, options)) != -1) {
                if (option == '?')
                        return CTL_USAGE;
                json = json || option == OPTION_JSON;
                if (option == OPTION_TOPICS)
                        file = optarg;
        }
        verb = optind < argc ? argv[optind++] : "";
        if (strcmp(verb, "create") == 0)
                return cmd_create(ctl, file, argc - optind, argv + optind);
        if (strcmp(verb, "list") == 0 && optind == argc)
                return cmd_list(ctl, json);
        return ctl_fail(CTL_USAGE, "expected topics create [NAME...] or topics list; found topics %s", verb);
}
