/* What has threads of its own in the Kafka room, for ThreadSanitizer: a consumer's helper, cancelled and stopped while its
 * calls block, and a job that creates topics. No broker answers. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "kafka/asker.h"
#include "kafka/topics.h"

static void fail(const char *what)
{
        fprintf(stderr, "not so: %s\n", what);
        exit(1);
}

static void questions_are_cancelled_and_the_helper_stops(void)
{
        const struct client_property own[] = {{"group.id", "g"}};
        struct client_options options = {.brokers = "127.0.0.1:1"};
        struct client client;
        struct pawl_error err;
        struct asker_answer answer;
        int fd = eventfd(0, EFD_NONBLOCK);

        if (!client_init(&client, CLIENT_CONSUMER, &options, own, 1, 0, &err))
                fail(err.text);
        struct asker *asker = asker_start(client.rk, fd);
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(list, "t", 0);
        for (uint32_t ticket = 1; ticket <= 3; ticket++)
                asker_ask(asker, ASK_COMMITTED, ticket, list);
        asker_ask(asker, ASK_ALIVE, UINT32_MAX, NULL);
        asker_cancel(asker, 3);
        bool alive_answered = false;
        for (int64_t end = clock_now() + 20 * CLOCK_S; !alive_answered && clock_now() < end;) {
                struct pollfd wait = {.fd = fd, .events = POLLIN};
                uint64_t edges;

                poll(&wait, 1, 100);
                if (read(fd, &edges, sizeof edges) < 0)
                        continue;
                while (asker_take(asker, &answer)) {
                        if (answer.last)
                                fail("nobody answers, and an answer is final");
                        alive_answered |= answer.question == ASK_ALIVE;
                        asker_answer_free(&answer);
                }
        }
        if (!alive_answered)
                fail("cancelled questions hold up the next one");
        asker_ask(asker, ASK_COMMITTED, 4, list); /* stopped in the middle of it */
        rd_kafka_topic_partition_list_destroy(list);
        asker_stop(&asker);
        client_fini(&client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        close(fd);
}

static void a_job_ends_in_its_time(void)
{
        struct client_options options = {.brokers = "127.0.0.1:1"};
        struct topic_spec spec = {.name = "t", .partitions = 1, .replication = 1};
        struct pawl_error err;
        size_t count;
        bool ok = true;
        struct topics_job *job = topics_job_start(&options, &spec, 1, CLOCK_S / 2, &err);

        if (job == NULL)
                fail(err.text);
        struct pollfd wait = {.fd = topics_job_fd(job), .events = POLLIN};
        if (poll(&wait, 1, 10000) != 1 || topics_job_results(job, &count, &ok, &err) == NULL || ok)
                fail("the job has not failed");
        topics_job_destroy(&job);
}

int main(void)
{
        questions_are_cancelled_and_the_helper_stops();
        a_job_ends_in_its_time();
        return 0;
}
