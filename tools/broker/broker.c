/*
 * The embedded broker: librdkafka's mock cluster as a program of its own, for trials without Kafka. It lives in memory and on
 * loopback, and ends with SIGTERM, SIGINT or, where its standard input is a pipe, with that. What it does not prove is what
 * tools/kafka is for: no static membership, no transactions' offsets, 5 MiB a partition.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "config/config.h"

enum { EXIT_USAGE = 2 };

struct broker {
        rd_kafka_t *client; /* the mock cluster lives on a client's threads */
        rd_kafka_mock_cluster_t *cluster;
        int brokers;
};

static void usage(FILE *out)
{
        fputs(
            "usage: pawl-broker [--brokers N] [--topics FILE] [--topic NAME:PARTITIONS]...\n"
            "  --brokers N             how many brokers the cluster has (1)\n"
            "  --topics FILE           the topics to create (etc/topics.conf, unless --topic is given)\n"
            "  --topic NAME:PARTITIONS one more topic\n"
            "Prints bootstrap=HOST:PORT,... and serves until SIGTERM, or until the pipe on its standard input closes.\n"
            "Everything is in memory. It knows no static members: who joins again after a restart or a hand-over waits some\n"
            "seconds for partitions. It describes no groups: pawlctl status shows them as not known.\n",
            out);
}

static bool broker_open(struct broker *broker, struct pawl_error *err)
{
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char text[512];

        /* It is no client of any cluster, which would be warned of. */
        rd_kafka_conf_set(conf, "log_level", "3", NULL, 0);
        broker->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
        if (!broker->client)
                return error_set(err, "cannot create the client that carries the mock cluster: %s", text);
        broker->cluster = rd_kafka_mock_cluster_new(broker->client, broker->brokers);
        if (!broker->cluster)
                return error_set(err, "cannot create a mock cluster of %d brokers", broker->brokers);
        return true;
}

static void broker_close(struct broker *broker)
{
        if (broker->cluster)
                rd_kafka_mock_cluster_destroy(broker->cluster);
        if (broker->client)
                rd_kafka_destroy(broker->client);
}

static bool create_topic(struct broker *broker, const char *name, int64_t partitions, int64_t replication,
                         struct pawl_error *err)
{
        int copies = replication < broker->brokers ? (int)replication : broker->brokers;
        rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(broker->cluster, name, (int)partitions, copies);

        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
                return error_set(err, "topic %s with %lld partitions: %s", name, (long long)partitions,
                                 rd_kafka_err2str(code));
        return true;
}

/* "NAME:PARTITIONS" of the command line. */
static bool create_named(struct broker *broker, const char *argument, struct pawl_error *err)
{
        const char *colon = strrchr(argument, ':');
        char *end = NULL;
        long partitions = colon ? strtol(colon + 1, &end, 10) : 0;
        char name[256];

        if (!colon || colon == argument || (size_t)(colon - argument) >= sizeof(name) || *end || partitions < 1 ||
            partitions > 1000)
                return error_set(err, "--topic: expected NAME:PARTITIONS with 1 to 1000 partitions, found \"%s\"",
                                 argument);
        snprintf(name, sizeof(name), "%.*s", (int)(colon - argument), argument);
        return create_topic(broker, name, partitions, 1, err);
}

static bool create_configured(struct broker *broker, const char *path, struct pawl_error *err)
{
        struct config_errors errors = {0};
        struct config_topics topics = {0};
        struct buf text = {0};
        bool ok = config_topics_read(&topics, path, environ, &errors);

        config_errors_print(&errors, &text);
        if (text.len > 0)
                fputs(text.data, stderr);
        buf_free(&text);
        if (!ok)
                error_set(err, "%s: expected a list of topics, found the errors above", path);
        for (size_t i = 0; ok && i < topics.count; i++) {
                const struct config_topic *topic = &topics.items[i];

                ok = create_topic(broker, topic->name, topic->partitions, topic->replication, err);
        }
        config_topics_free(&topics);
        config_errors_free(&errors);
        return ok;
}

/* Whether the end of standard input is the end of who started us. /dev/null, which shells give to what runs in the background, is
 * at its end from the first, and a terminal has Control-C. */
static bool stdin_is_a_lifeline(void)
{
        struct stat st;

        return fstat(STDIN_FILENO, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

static bool serve(int signal_fd, struct pawl_error *err)
{
        struct pollfd fds[] = {
            {.fd = signal_fd, .events = POLLIN},
            {.fd = stdin_is_a_lifeline() ? STDIN_FILENO : -1, .events = POLLIN},
        };
        char ignored[256];

        while (!fds[0].revents) {
                if (poll(fds, 2, -1) < 0 && errno != EINTR)
                        return error_set(err, "poll: %s", strerror(errno));
                if (fds[1].revents && read(STDIN_FILENO, ignored, sizeof(ignored)) <= 0)
                        break;
        }
        return true;
}

/* Blocked before the client starts its threads, so that these signals reach nobody but the descriptor. */
static int open_signals(void)
{
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigprocmask(SIG_BLOCK, &set, NULL);
        return signalfd(-1, &set, SFD_CLOEXEC);
}

struct options {
        int brokers;
        const char *file;   /* NULL: none */
        const char **named; /* NAME:PARTITIONS */
        size_t named_count;
};

/* Returns -1 to go on, or the exit status. */
static int parse_options(int argc, char **argv, struct options *options)
{
        static const struct option known[] = {
            {"brokers", required_argument, NULL, 'b'},
            {"topics", required_argument, NULL, 'f'},
            {"topic", required_argument, NULL, 't'},
            {"help", no_argument, NULL, 'h'},
            {NULL, 0, NULL, 0},
        };
        int option;

        while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
                switch (option) {
                case 'b':
                        options->brokers = atoi(optarg);
                        break;
                case 'f':
                        options->file = optarg;
                        break;
                case 't':
                        options->named[options->named_count++] = optarg;
                        break;
                case 'h':
                        usage(stdout);
                        return EXIT_SUCCESS;
                default:
                        usage(stderr);
                        return EXIT_USAGE;
                }
        }
        if (optind < argc || options->brokers < 1 || options->brokers > 100) {
                usage(stderr);
                return EXIT_USAGE;
        }
        if (!options->file && options->named_count == 0)
                options->file = "etc/topics.conf";
        return -1;
}

static bool run(struct broker *broker, const struct options *options, int signal_fd, struct pawl_error *err)
{
        if (!broker_open(broker, err) || (options->file && !create_configured(broker, options->file, err)))
                return false;
        for (size_t i = 0; i < options->named_count; i++) {
                if (!create_named(broker, options->named[i], err))
                        return false;
        }
        printf("bootstrap=%s\n", rd_kafka_mock_cluster_bootstraps(broker->cluster));
        fflush(stdout);
        return serve(signal_fd, err);
}

int main(int argc, char **argv)
{
        struct options options = {.brokers = 1, .named = calloc((size_t)argc, sizeof(char *))};
        struct broker broker = {0};
        struct pawl_error err = {0};
        int status = options.named ? parse_options(argc, argv, &options) : EXIT_FAILURE;

        if (status < 0) {
                int signal_fd = open_signals();

                broker.brokers = options.brokers;
                status = run(&broker, &options, signal_fd, &err) ? EXIT_SUCCESS : EXIT_FAILURE;
                if (status != EXIT_SUCCESS)
                        fprintf(stderr, "pawl-broker: %s\n", err.text);
                broker_close(&broker);
                close(signal_fd);
        }
        free(options.named);
        return status;
}
