#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "mock.h"

static const char *const topics[] = {"events"};

static struct consumer *open_consumer(const struct mock *mock, const char *group)
{
        struct consumer_options options = mock_consumer_options(mock, group, topics, 1);
        struct pawl_error err;
        struct consumer *consumer = consumer_open(&options, &err);

        cr_assert_not_null(consumer, "%s", err.text);
        return consumer;
}

static void close_consumer(struct consumer *consumer, struct seen *seen)
{
        consumer_close(consumer, true);
        MOCK_UNTIL(consumer, seen, seen->closed == 1);
        consumer_destroy(&consumer);
        cr_assert_null(consumer);
}

Test(consumer, reads_every_partition_from_the_start_and_goes_on_after_its_commit)
{
        struct mock mock;
        struct seen seen = {0};

        mock_start(&mock, 1);
        mock_topic(&mock, "events", 3);
        for (int p = 0; p < 3; p++)
                mock_produce(&mock, "events", p, 0, 1000);

        struct consumer *consumer = open_consumer(&mock, "g1");
        MOCK_UNTIL(consumer, &seen, seen.messages == 3000);
        cr_assert_eq(seen.assigns, 1);
        cr_assert_eq(seen.partition_count, 3);
        for (int p = 0; p < 3; p++) {
                cr_assert_eq(seen.partitions[p].committed, CONSUMER_NO_OFFSET);
                cr_assert_eq(seen.partitions[p].start, 0);
                cr_assert_str_empty(seen.metadata[p]);
                cr_assert_eq(consumer_marks(consumer, (uint32_t)p).position, 1000);
                cr_assert_eq(consumer_marks(consumer, (uint32_t)p).high, 1000);
        }
        struct consumer_offset offset = {.index = seen.partitions[1].index, .offset = 600, .metadata = "map:AQID"};
        cr_assert(consumer_commit(consumer, 7, &offset, 1));
        cr_assert(consumer_committing(consumer));
        cr_assert_not(consumer_commit(consumer, 8, &offset, 1)); /* one in flight */
        MOCK_UNTIL(consumer, &seen, seen.commits == 1);
        cr_assert_eq(seen.commit_id, 7);
        cr_assert_eq(seen.commit_result, COMMIT_DONE);
        cr_assert_not(consumer_committing(consumer));
        close_consumer(consumer, &seen);
        cr_assert_eq(seen.revokes, 1);

        struct seen again = {0};
        consumer = open_consumer(&mock, "g1");
        MOCK_UNTIL(consumer, &again, again.messages == 2400);
        for (size_t p = 0; p < 3; p++) {
                bool committed = again.partitions[p].partition == 1;
                cr_assert_eq(again.partitions[p].committed, committed ? 600 : CONSUMER_NO_OFFSET);
                cr_assert_str_eq(again.metadata[p], committed ? "map:AQID" : "");
        }
        close_consumer(consumer, &again);
        mock_stop(&mock);
}

Test(consumer, a_stopped_partition_gives_nothing_and_holds_up_no_other)
{
        struct mock mock;
        struct seen seen = {.hold_go = true};

        mock_start(&mock, 1);
        mock_topic(&mock, "events", 2);
        mock_produce(&mock, "events", 0, 0, 500);
        mock_produce(&mock, "events", 1, 0, 500);
        struct consumer *consumer = open_consumer(&mock, "g2");
        MOCK_UNTIL(consumer, &seen, seen.assigns == 1);
        cr_assert_eq(seen.messages, 0);
        consumer_go(consumer, 1);
        MOCK_UNTIL(consumer, &seen, seen.messages == 500);
        for (int i = 0; i < 10; i++)
                turn(consumer, &seen);
        cr_assert_eq(seen.messages, 500);
        cr_assert_eq(consumer_marks(consumer, 0).position, 0);
        consumer_go(consumer, 0); /* what it had fetched meanwhile sends no edge any more */
        MOCK_UNTIL(consumer, &seen, seen.messages == 1000);
        consumer_stop(consumer, 1);
        mock_produce(&mock, "events", 1, 500, 10);
        for (int i = 0; i < 10; i++)
                turn(consumer, &seen);
        cr_assert_eq(seen.messages, 1000);
        consumer_go(consumer, 1);
        MOCK_UNTIL(consumer, &seen, seen.messages == 1010);
        close_consumer(consumer, &seen);
        mock_stop(&mock);
}

Test(consumer, start_latest_is_a_number_that_can_be_committed)
{
        struct mock mock;
        struct seen seen = {0};
        struct pawl_error err;

        mock_start(&mock, 1);
        mock_topic(&mock, "events", 1);
        mock_produce(&mock, "events", 0, 0, 100);
        struct consumer_options options = mock_consumer_options(&mock, "g3", topics, 1);
        options.start = RESET_LATEST;
        struct consumer *consumer = consumer_open(&options, &err);
        MOCK_UNTIL(consumer, &seen, seen.assigns == 1);
        cr_assert_eq(seen.partitions[0].committed, CONSUMER_NO_OFFSET);
        cr_assert_eq(seen.partitions[0].start, 100);
        mock_produce(&mock, "events", 0, 100, 5);
        MOCK_UNTIL(consumer, &seen, seen.messages == 5);
        cr_assert_str_eq(seen.last_value, "104");
        close_consumer(consumer, &seen);
        mock_stop(&mock);
}

Test(consumer, a_failed_commit_may_be_sent_again)
{
        struct mock mock;
        struct seen seen = {0};

        mock_start(&mock, 1);
        mock_topic(&mock, "events", 1);
        mock_produce(&mock, "events", 0, 0, 10);
        struct consumer *consumer = open_consumer(&mock, "g4");
        MOCK_UNTIL(consumer, &seen, seen.messages == 10);
        struct consumer_offset offset = {.index = 0, .offset = 10, .metadata = "x"};

        rd_kafka_mock_push_request_errors(mock.cluster, 8 /* OffsetCommit */, 1,
                                          RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE);
        cr_assert(consumer_commit(consumer, 1, &offset, 1));
        MOCK_UNTIL(consumer, &seen, seen.commits == 1);
        cr_assert_eq(seen.commit_result, COMMIT_METADATA_LARGE, "%s", seen.text);

        rd_kafka_mock_push_request_errors(mock.cluster, 8, 1, RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE);
        cr_assert(consumer_commit(consumer, 2, &offset, 1));
        MOCK_UNTIL(consumer, &seen, seen.commits == 2);
        cr_assert_eq(seen.commit_result, COMMIT_AGAIN);

        cr_assert(consumer_commit(consumer, 3, &offset, 1));
        MOCK_UNTIL(consumer, &seen, seen.commits == 3);
        cr_assert_eq(seen.commit_result, COMMIT_DONE);
        close_consumer(consumer, &seen);
        mock_stop(&mock);
}

Test(consumer, an_offset_out_of_range_stands_still_or_goes_on_as_asked)
{
        struct mock mock;
        struct seen seen = {0};

        mock_start(&mock, 1);
        mock_topic(&mock, "events", 2);
        mock_produce(&mock, "events", 0, 0, 10);
        mock_produce(&mock, "events", 1, 0, 10);
        struct consumer *consumer = open_consumer(&mock, "g5");
        MOCK_UNTIL(consumer, &seen, seen.messages == 20);
        struct consumer_offset offset = {.index = 0, .offset = 1000};
        cr_assert(consumer_commit(consumer, 1, &offset, 1));
        MOCK_UNTIL(consumer, &seen, seen.commits == 1);
        close_consumer(consumer, &seen);

        struct seen stop = {0};
        consumer = open_consumer(&mock, "g5");
        MOCK_UNTIL(consumer, &stop, stop.gaps == 1);
        cr_assert_eq(stop.partitions[0].start, CONSUMER_NO_OFFSET);
        cr_assert(strstr(stop.text, "1000") && strstr(stop.text, "on_gap"), "%s", stop.text);
        MOCK_UNTIL(consumer, &stop, stop.messages == 10); /* the other partition goes on */
        close_consumer(consumer, &stop);

        struct seen on = {0};
        struct consumer_options options = mock_consumer_options(&mock, "g5", topics, 1);
        options.on_gap = RESET_EARLIEST;
        struct pawl_error err;
        consumer = consumer_open(&options, &err);
        MOCK_UNTIL(consumer, &on, on.gaps == 1);
        cr_assert_eq(on.partition_count, 1);
        cr_assert_eq(on.partitions[0].start, 0);
        cr_assert_eq(on.epoch, 2);
        MOCK_UNTIL(consumer, &on, on.messages >= 20);
        cr_assert_eq(on.last_offset[0], 9);
        cr_assert_eq(on.last_offset[1], 9);
        close_consumer(consumer, &on);
        mock_stop(&mock);
}

/* What nobody can answer any more (of a topic that was deleted, say) must not stand in the way of the next assignment's question. */
Test(consumer, an_unanswered_question_of_the_last_assignment_holds_up_no_other)
{
        enum { LIST_OFFSETS = 2, REFUSALS = 10000 };
        static rd_kafka_resp_err_t refusals[REFUSALS];
        struct mock mock;
        struct seen seen = {0}, a_seen = {0}, b_seen = {0};

        mock_start(&mock, 1);
        mock_topic(&mock, "events", 2);
        mock_produce(&mock, "events", 0, 0, 10);
        mock_produce(&mock, "events", 1, 0, 10);
        struct consumer *a = open_consumer(&mock, "g5q"), *b;
        MOCK_UNTIL(a, &seen, seen.messages == 20);
        struct consumer_offset offsets[] = {{.index = 0, .offset = 1000}, {.index = 1, .offset = 10}};
        cr_assert(consumer_commit(a, 1, offsets, 2));
        MOCK_UNTIL(a, &seen, seen.commits == 1);
        close_consumer(a, &seen);

        for (int i = 0; i < REFUSALS; i++)
                refusals[i] = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        rd_kafka_mock_push_request_errors_array(mock.cluster, LIST_OFFSETS, REFUSALS, refusals);
        a = open_consumer(&mock, "g5q");
        MOCK_UNTIL(a, &a_seen, strstr(a_seen.text, "does not exist") != NULL);
        b = open_consumer(&mock, "g5q");
        MOCK_UNTIL(a, &a_seen, (turn(b, &b_seen), a_seen.revokes == 1));
        MOCK_UNTIL(a, &a_seen, (turn(b, &b_seen), a_seen.assigns >= 2 && b_seen.assigns >= 1));
        rd_kafka_mock_clear_request_errors(mock.cluster, LIST_OFFSETS);
        close_consumer(b, &b_seen);
        close_consumer(a, &a_seen);
        mock_stop(&mock);
}

Test(consumer, seek_reads_again_and_loses_nothing_of_the_others)
{
        struct mock mock;
        struct seen seen = {0};
        struct pawl_error err;

        mock_start(&mock, 1);
        mock_topic(&mock, "events", 2);
        mock_produce(&mock, "events", 0, 0, 100);
        mock_produce(&mock, "events", 1, 0, 100);
        struct consumer *consumer = open_consumer(&mock, "g6");
        MOCK_UNTIL(consumer, &seen, seen.messages == 200);
        cr_assert(consumer_seek(consumer, 0, 40, &err), "%s", err.text);
        consumer_go(consumer, 0);
        MOCK_UNTIL(consumer, &seen, seen.messages == 260);
        mock_produce(&mock, "events", 1, 100, 50);
        MOCK_UNTIL(consumer, &seen, seen.messages == 310);
        cr_assert_eq(seen.last_offset[1], 149);
        close_consumer(consumer, &seen);
        mock_stop(&mock);
}

Test(consumer, a_second_member_takes_its_share_after_the_first_has_finished)
{
        struct mock mock;
        struct seen a_seen = {0}, b_seen = {0};

        mock_start(&mock, 1);
        mock_topic(&mock, "events", 4);
        struct consumer *a = open_consumer(&mock, "g7");
        MOCK_UNTIL(a, &a_seen, a_seen.assigns == 1);
        cr_assert_eq(a_seen.partition_count, 4);
        a_seen.hold_revoke = true;
        struct consumer *b = open_consumer(&mock, "g7");
        MOCK_UNTIL(a, &a_seen, (turn(b, &b_seen), a_seen.revokes == 1));
        cr_assert_eq(b_seen.assigns, 0);
        struct consumer_offset offset = {.index = 0, .offset = 0, .metadata = "last words"};
        cr_assert(consumer_commit(a, 1, &offset, 1)); /* between revoke and unassign */
        MOCK_UNTIL(a, &a_seen, a_seen.commits == 1);
        /* The mock answers "rebalance in progress", which may be tried again; a real broker takes it (tests/kafka). */
        cr_assert_leq(a_seen.commit_result, COMMIT_AGAIN, "%s", a_seen.text);
        a_seen.hold_revoke = false;
        consumer_unassign(a);
        MOCK_UNTIL(a, &a_seen,
                   (turn(b, &b_seen), a_seen.assigns >= 2 && a_seen.partition_count == 2 && b_seen.assigns >= 1 &&
                                          b_seen.partition_count == 2));
        cr_assert_gt(a_seen.epoch, 1);
        close_consumer(b, &b_seen);
        close_consumer(a, &a_seen);
        mock_stop(&mock);
}

Test(consumer, names_a_missing_topic_and_joins_when_it_exists)
{
        struct mock mock;
        struct seen seen = {0};
        struct pawl_error err;
        const struct client_property quick[] = {{"fetch.wait.max.ms", "10"},
                                                {"topic.metadata.refresh.interval.ms", "200"}};

        mock_start(&mock, 1);
        rd_kafka_mock_topic_set_error(mock.cluster, "events", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        struct consumer_options options = mock_consumer_options(&mock, "g8", topics, 1);
        options.client.more_properties = quick;
        options.client.more_property_count = 1;
        struct consumer *consumer = consumer_open(&options, &err);
        MOCK_UNTIL(consumer, &seen, seen.troubles == 1);
        cr_assert_eq(seen.trouble, TROUBLE_TOPIC_MISSING);
        cr_assert(strstr(seen.text, "\"events\"") && strstr(seen.text, "pawlctl topics create events"), "%s",
                  seen.text);
        rd_kafka_mock_topic_set_error(mock.cluster, "events", RD_KAFKA_RESP_ERR_NO_ERROR);
        MOCK_UNTIL(consumer, &seen, seen.partition_count > 0 && seen.recovered == 1);
        close_consumer(consumer, &seen);
        mock_stop(&mock);
}

Test(consumer, with_no_broker_says_what_was_tried_and_closes_at_once)
{
        struct mock mock = {.brokers = "127.0.0.1:1"};
        struct seen seen = {0};
        struct consumer *consumer = open_consumer(&mock, "g9");

        MOCK_UNTIL(consumer, &seen, seen.troubles == 1);
        cr_assert_eq(seen.trouble, TROUBLE_UNREACHABLE);
        cr_assert(strstr(seen.text, "127.0.0.1:1") && strstr(seen.text, "refused"), "%s", seen.text);
        cr_assert_str_eq(consumer_state(consumer), "joining, brokers unreachable");
        int64_t began = clock_now();
        consumer_close(consumer, true);
        MOCK_UNTIL(consumer, &seen, seen.closed == 1);
        consumer_destroy(&consumer);
        cr_assert_lt(clock_now() - began, 4 * CLOCK_S);
}

Test(consumer, an_idle_one_says_when_the_brokers_are_gone_and_when_they_are_back)
{
        struct mock mock;
        struct seen seen = {0};

        mock_start(&mock, 1);
        mock_topic(&mock, "events", 1);
        struct consumer *consumer = open_consumer(&mock, "g11");
        MOCK_UNTIL(consumer, &seen, seen.assigns == 1);
        rd_kafka_mock_broker_set_down(mock.cluster, 1);
        MOCK_UNTIL(consumer, &seen, seen.troubles >= 1);
        cr_assert_eq(seen.trouble, TROUBLE_UNREACHABLE, "%s", seen.text);
        rd_kafka_mock_broker_set_up(mock.cluster, 1);
        MOCK_UNTIL(consumer, &seen, seen.recovered >= 1);
        mock_produce(&mock, "events", 0, 0, 5);
        MOCK_UNTIL(consumer, &seen, seen.messages == 5);
        close_consumer(consumer, &seen);
        mock_stop(&mock);
}

Test(consumer, closes_though_the_brokers_are_gone)
{
        struct mock mock;
        struct seen seen = {0};

        mock_start(&mock, 1);
        mock_topic(&mock, "events", 1);
        mock_produce(&mock, "events", 0, 0, 10);
        struct consumer *consumer = open_consumer(&mock, "g12");
        MOCK_UNTIL(consumer, &seen, seen.messages == 10);
        rd_kafka_mock_broker_set_down(mock.cluster, 1);
        MOCK_UNTIL(consumer, &seen, seen.troubles >= 1);
        struct consumer_offset offset = {.index = 0, .offset = 10};
        cr_assert(consumer_commit(consumer, 1, &offset, 1)); /* no answer will come */
        int64_t began = clock_now();
        consumer_close(consumer, true);
        while (seen.revokes == 0 && clock_now() - began < CLOCK_S)
                turn(consumer, &seen);
        cr_assert_eq(seen.revokes, 1); /* that much needs no broker */
        /* CLOSED may not come while the commit has no answer: whoever has a deadline exits without it. */
        while (seen.closed == 0 && clock_now() - began < 2 * CLOCK_S)
                turn(consumer, &seen);
        consumer_destroy(&consumer);
        cr_assert_lt(clock_now() - began, 8 * CLOCK_S);
        mock_stop(&mock);
}

Test(consumer, is_refused_a_bad_configuration_with_its_name)
{
        struct mock mock = {.brokers = "127.0.0.1:1"};
        struct consumer_options options = mock_consumer_options(&mock, "g", topics, 1);
        const struct client_property bad[] = {{"session.timeout.ms", "soon"}};
        struct pawl_error err;

        options.client.more_properties = bad;
        options.client.more_property_count = 1;
        cr_assert_null(consumer_open(&options, &err));
        cr_assert(strstr(err.text, "session.timeout.ms"), "%s", err.text);
        options.client.more_property_count = 0;
        options.group = "";
        cr_assert_null(consumer_open(&options, &err));
        cr_assert(strstr(err.text, "group"), "%s", err.text);
}

Test(consumer, held_joins_only_when_told)
{
        struct mock mock;
        struct seen seen = {0};
        struct pawl_error err;

        mock_start(&mock, 1);
        mock_topic(&mock, "events", 1);
        struct consumer_options options = mock_consumer_options(&mock, "g10", topics, 1);
        options.hold = true;
        struct consumer *consumer = consumer_open(&options, &err);
        cr_assert_str_eq(consumer_state(consumer), "held");
        for (int i = 0; i < 10; i++)
                turn(consumer, &seen);
        cr_assert_eq(seen.assigns, 0);
        cr_assert(consumer_join(consumer, &err));
        MOCK_UNTIL(consumer, &seen, seen.assigns == 1);
        cr_assert_str_eq(consumer_state(consumer), "assigned 1 partition, epoch 1");
        close_consumer(consumer, &seen);
        cr_assert_eq(seen.closed, 1);
        mock_stop(&mock);
}
