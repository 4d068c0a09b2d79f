/*
 * A whole worker in this process, on a mock cluster, with a thread that plays its master: events that retry, wait, are deferred,
 * emit and are rejected, while the plugin (live_plugin.c) is swapped beside three times. For ThreadSanitizer above all.
 */
#include "../kafka/cluster.h"
#include "base/channel.h"
#include "base/clock.h"
#include "config/bundle.h"
#include "worker/worker.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUARTERS 4
#define PATIENCE (50 * CLOCK_S)

struct trial {
        char dir[64];
        const char *brokers;
        struct channel *channel; /* the master's end */
        int progress[2];
        int64_t deadline;
};

/* What librdkafka does with its own memory is not ours to judge; its threads are known by the bridge of c11_threads.c. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
        return "called_from_lib:librdkafka.so.1\nrace:librdkafka.so.1\n";
}

static void fail(const char *what)
{
        fprintf(stderr, "not so: %s\n", what);
        exit(1);
}

static void write_file(const struct trial *t, const char *name, const char *text)
{
        char path[128];
        FILE *file;

        snprintf(path, sizeof path, "%s/%s", t->dir, name);
        file = fopen(path, "w");
        if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
                fail(path);
}

/* The configuration with this number in the plugin's settings, as the descriptor that a worker gets. */
static int bundle(const struct trial *t, int number)
{
        struct config_errors errors = {0};
        struct config_bundle *read;
        struct pawl_error err = {0};
        char text[1024], path[128];
        int fd;

        snprintf(text, sizeof text,
                 "enabled = true; plugin = \"%s\"; group = \"live\"; topics = [\"live-in\", \"live-out\"];\n"
                 "retry = { backoff = \"5ms\"; backoff_max = \"20ms\"; }; commit_interval = \"20ms\";\n"
                 "settings = { progress = %d; number = %d; };\n",
                 LIVE_PLUGIN, t->progress[1], number);
        write_file(t, "plugins.d/live.conf", text);
        snprintf(path, sizeof path, "%s/pawl.conf", t->dir);
        read = config_bundle_read(path, NULL, &errors);
        fd = read == NULL ? -1 : config_bundle_to_fd(read, &err);
        if (fd < 0)
                fail("the configuration can be read");
        config_bundle_free(&read);
        config_errors_free(&errors);
        return fd;
}

/* ---- the master's part ---- */

static bool says(const struct channel_message *message, const char *name, const char *value)
{
        const char *found = json_string_value(json_object_get(message->json, name));

        return found != NULL && strcmp(found, value) == 0;
}

/* Waits for a message with that verb, and, if `text` is not NULL, keeps its text. */
static void await(struct trial *t, const char *verb, char *text, size_t size)
{
        while (clock_now() < t->deadline) {
                struct pollfd readable = {.fd = channel_fd(t->channel), .events = POLLIN};
                struct channel_message message;
                const char *found;
                bool is_it;

                if (poll(&readable, 1, 100) != 1 || channel_receive(t->channel, &message, NULL) != CHANNEL_OK)
                        continue;
                is_it = says(&message, "verb", verb);
                if (is_it && strcmp(verb, "swapped") == 0 && !json_is_true(json_object_get(message.json, "ok")))
                        fail(json_string_value(json_object_get(message.json, "error")));
                found = json_string_value(json_object_get(message.json, "text"));
                if (is_it && text != NULL && found != NULL)
                        snprintf(text, size, "%s", found);
                channel_message_clear(&message);
                if (is_it)
                        return;
        }
        fail(verb);
}

static void await_quarter(struct trial *t)
{
        struct pollfd readable = {.fd = t->progress[0], .events = POLLIN};
        char byte;

        if (poll(&readable, 1, (int)((t->deadline - clock_now()) / CLOCK_MS)) != 1 ||
            read(t->progress[0], &byte, 1) != 1)
                fail("the next quarter of the events is handled in time");
}

static void *play_master(void *arg)
{
        struct trial *t = arg;
        char counts[256] = "";
        int quarter;

        await(t, "ready", NULL, 0);
        channel_sendf(t->channel, NULL, "{ss}", "verb", "join");
        await(t, "joined", NULL, 0);
        for (quarter = 1; quarter <= QUARTERS; quarter++) {
                json_t *swap;
                int fd;

                await_quarter(t);
                if (quarter == QUARTERS)
                        break;
                fd = bundle(t, quarter);
                swap = json_pack("{ss}", "verb", "swap");
                channel_send(t->channel, swap, &fd, 1, NULL);
                json_decref(swap);
                await(t, "swapped", NULL, 0);
                close(fd);
        }
        channel_sendf(t->channel, NULL, "{ss si s[s]}", "verb", "command", "id", 7, "argv", "counts");
        await(t, "reply", counts, sizeof counts);
        if (strcmp(counts, "published 4000 acknowledged 4000 made 3500 echoed 500 rejected 500 twice 0") != 0)
                fail(counts);
        channel_sendf(t->channel, NULL, "{ss sb sI}", "verb", "stop", "leave", 1, "deadline_ns",
                      (json_int_t)(clock_now() + 10 * CLOCK_S));
        await(t, "stopped", NULL, 0);
        return NULL;
}

/* ---- the cluster and the files ---- */

static struct cluster *open_cluster(void)
{
        struct cluster *cluster = cluster_open();

        cluster_topic(cluster, "live-in", 3);
        cluster_topic(cluster, "live-out", 1);
        cluster_topic(cluster, "live-in-dlq", 1);
        return cluster;
}

static void write_files(struct trial *t)
{
        char path[128], text[512];

        snprintf(t->dir, sizeof t->dir, "/tmp/pawl-live-XXXXXX");
        if (mkdtemp(t->dir) == NULL)
                fail("a directory");
        snprintf(path, sizeof path, "%s/plugins.d", t->dir);
        mkdir(path, 0700);
        snprintf(path, sizeof path, "%s/state", t->dir);
        mkdir(path, 0700);
        write_file(t, "state/host_id", "11111111-2222-3333-4444-555555555555\n");
        write_file(t, "topics.conf", "topics = ();\n");
        snprintf(text, sizeof text,
                 "state_dir = \"%s/state\"; run_dir = \"%s/run\"; log = { level = \"error\"; };\n"
                 "kafka = { brokers = \"%s\"; static_membership = false; };\n",
                 t->dir, t->dir, t->brokers);
        write_file(t, "pawl.conf", text);
}

static void remove_files(const struct trial *t)
{
        char command[128];

        snprintf(command, sizeof command, "rm -rf '%s'", t->dir);
        if (system(command) != 0)
                fail(command);
}

int main(void)
{
        struct trial t = {.deadline = clock_now() + PATIENCE};
        struct worker_options options = {.plugin = "live", .scoreboard_fd = -1, .plugin_fd = -1, .hold = true};
        struct cluster *cluster = open_cluster();
        struct pawl_error err;
        pthread_t master;
        int fds[2], status;

        t.brokers = cluster_brokers(cluster);
        write_files(&t);
        if (pipe(t.progress) != 0 || !channel_pair(fds, &err) || (t.channel = channel_open(fds[0], &err)) == NULL)
                fail("pipes");
        options.control_fd = fds[1];
        options.config_fd = bundle(&t, 0);
        if (pthread_create(&master, NULL, play_master, &t) != 0)
                fail("a thread");
        status = worker_main(&options);
        if (status != WORKER_EXIT_DONE) {
                fprintf(stderr, "the worker ended with %d\n", status);
                return 1;
        }
        pthread_join(master, NULL);
        channel_close(&t.channel);
        close(t.progress[0]);
        close(t.progress[1]);
        close(options.config_fd);
        remove_files(&t);
        cluster_close(&cluster);
        puts("live: ok");
        return 0;
}
