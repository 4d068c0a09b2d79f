#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "kafka/groups.h"
#include "kafka/reader.h"
#include "kafka/topics.h"
#include "mock.h"

static const char *const topics[] = {"events"};

static struct reader *open_reader(const struct mock *mock, struct reader_options options)
{
        struct pawl_error err;

        options.client = mock_client_options(mock);
        options.topics = topics;
        options.topic_count = 1;
        struct reader *reader = reader_open(&options, 10 * CLOCK_S, &err);
        cr_assert_not_null(reader, "%s", err.text);
        return reader;
}

/* Reads to the end; returns how many messages came. */
static int read_all(struct reader *reader, int64_t *first_offset)
{
        struct message message;
        struct message_header header;
        struct pawl_error err;
        int count = 0;

        for (;;) {
                enum reader_result result = reader_next(reader, 10 * CLOCK_S, &message, &err);

                if (result == READER_END)
                        return count;
                cr_assert_eq(result, READER_MESSAGE, "%s", err.text);
                if (count++ == 0)
                        *first_offset = message.offset;
                cr_assert_eq(message_header_count(&message), 1);
                cr_assert(message_header_at(&message, 0, &header));
                cr_assert_str_eq(header.name, "n");
                cr_assert_eq(header.value_len, message.value_len);
                cr_assert(message_header_last(&message, "n", &header));
                cr_assert_not(message_header_last(&message, "m", &header));
                cr_assert_str_eq(reader_topic(reader, message.partition), "events");
                message_release(&message);
                message_release(&message); /* again: nothing */
        }
}

Test(reader, reads_from_the_start_the_last_few_or_a_given_offset)
{
        struct mock mock;
        int64_t first;

        mock_start(&mock, 1);
        mock_topic(&mock, "events", 2);
        mock_produce(&mock, "events", 0, 0, 50);
        mock_produce(&mock, "events", 1, 0, 50);
        struct reader *reader =
            open_reader(&mock, (struct reader_options){.from_earliest = true, .partition = -1, .offset = -1});
        cr_assert_eq(read_all(reader, &first), 100);
        mock_produce(&mock, "events", 1, 50, 3);
        cr_assert_eq(read_all(reader, &first), 3); /* goes on after its end */
        reader_destroy(&reader);
        reader = open_reader(&mock, (struct reader_options){.last = 5, .partition = -1, .offset = -1});
        cr_assert_eq(read_all(reader, &first), 10);
        reader_destroy(&reader);
        reader = open_reader(&mock, (struct reader_options){.offset = 47, .partition = 0});
        cr_assert_eq(read_all(reader, &first), 3);
        cr_assert_eq(first, 47);
        reader_destroy(&reader);
        mock_stop(&mock);
}

Test(reader, names_a_missing_topic_and_its_remedy)
{
        struct mock mock;
        struct pawl_error err;

        mock_start(&mock, 1);
        rd_kafka_mock_topic_set_error(mock.cluster, "events", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        struct reader_options options = {
            .client = mock_client_options(&mock), .topics = topics, .topic_count = 1, .partition = -1, .offset = -1};
        cr_assert_null(reader_open(&options, 5 * CLOCK_S, &err));
        cr_assert(strstr(err.text, "\"events\"") && strstr(err.text, "pawlctl topics create"), "%s", err.text);
        mock_stop(&mock);
}

Test(admin, without_a_broker_fails_in_its_time_with_what_was_tried)
{
        struct client_options options = {.brokers = "127.0.0.1:1"};
        struct topic_spec spec = {.name = "events", .partitions = 3, .replication = 3};
        struct topic_result result;
        struct pawl_error err;
        struct admin *admin = admin_open(&options, &err);
        int64_t began = clock_now();

        cr_assert_not(topics_create(admin, &spec, 1, CLOCK_S / 2, &result, &err));
        cr_assert_lt(clock_now() - began, 3 * CLOCK_S);
        cr_assert(strstr(err.text, "127.0.0.1:1"), "%s", err.text);
        cr_assert_eq(result.outcome, TOPIC_FAILED);
        cr_assert_str_not_empty(result.text);
        cr_assert_null(groups_describe(admin, "g", CLOCK_S / 2, &err));
        cr_assert(strstr(err.text, "127.0.0.1:1"), "%s", err.text);
        admin_destroy(&admin);
}

Test(admin, a_topic_that_exists_is_left_as_it_is)
{
        struct mock mock;
        struct topic_spec specs[] = {{.name = "a", .partitions = 3}, {.name = "b", .partitions = 6}};
        struct topic_result results[2];
        struct pawl_error err;

        mock_start(&mock, 3);
        mock_topic(&mock, "a", 3);
        mock_topic(&mock, "b", 3);
        struct client_options options = mock_client_options(&mock);
        struct admin *admin = admin_open(&options, &err);
        cr_assert(topics_create(admin, specs, 2, 10 * CLOCK_S, results, &err), "%s", err.text);
        cr_assert_eq(results[0].outcome, TOPIC_EXISTED, "%s", results[0].text);
        cr_assert_eq(results[1].outcome, TOPIC_DIFFERS);
        cr_assert_str_eq(results[1].text, "number of partitions is 3, the table says 6");
        struct topic_list *list = topics_list(admin, false, true, 10 * CLOCK_S, &err);
        cr_assert_eq(list->count, 2);
        cr_assert_eq(list->brokers, 3);
        cr_assert_str_eq(list->topics[1].name, "b");
        cr_assert_eq(list->topics[1].partition_count, 3);
        cr_assert_eq(list->topics[1].partitions[2].high, 0);
        topics_list_free(&list);
        admin_destroy(&admin);
        mock_stop(&mock);
}

Test(admin, a_job_creates_topics_while_the_main_loop_goes_on)
{
        struct mock mock;
        struct topic_spec spec = {.name = "a", .partitions = 3, .replication = 1};
        struct pawl_error err;
        size_t count;
        bool ok;

        mock_start(&mock, 1);
        mock_topic(&mock, "a", 3);
        struct client_options options = mock_client_options(&mock);
        struct topics_job *job = topics_job_start(&options, &spec, 1, 10 * CLOCK_S, &err);
        cr_assert_not_null(job, "%s", err.text);
        struct pollfd wait = {.fd = topics_job_fd(job), .events = POLLIN};
        cr_assert_eq(poll(&wait, 1, 10000), 1);
        const struct topic_result *results = topics_job_results(job, &count, &ok, &err);
        cr_assert(ok, "%s", err.text);
        cr_assert_eq(count, 1);
        cr_assert_eq(results[0].outcome, TOPIC_EXISTED);
        topics_job_destroy(&job);
        mock_stop(&mock);
}
