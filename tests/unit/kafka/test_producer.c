#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "mock.h"

static struct producer *open_producer(const struct mock *mock, size_t cap)
{
        static const struct client_property quick[] = {{"message.timeout.ms", "3000"},
                                                       {"topic.metadata.propagation.max.ms", "100"}};
        struct producer_options options = {.client = mock_client_options(mock), .max_unacked_bytes = cap};
        struct pawl_error err;

        options.client.properties = quick;
        options.client.property_count = 2;
        struct producer *producer = producer_open(&options, &err);
        cr_assert_not_null(producer, "%s", err.text);
        return producer;
}

static enum producer_push push(struct producer *producer, const char *topic, const char *key, size_t size, uint64_t tag)
{
        struct message_header headers[] = {{"ce_type", "request.created", 15}, {"empty", NULL, 0}};
        char *value = malloc(size + 1);
        struct producer_record record = {.topic = topic,
                                         .key = key,
                                         .key_len = key ? strlen(key) : 0,
                                         .value = value,
                                         .value_len = size,
                                         .headers = headers,
                                         .header_count = 2,
                                         .tag = tag};
        struct pawl_error err = {""};

        memset(value, 'v', size);
        enum producer_push result = producer_push(producer, &record, &err);
        free(value);
        if (result == PUSH_REFUSED || result == PUSH_AGAIN)
                cr_assert_str_not_empty(err.text);
        return result;
}

Test(producer, reports_every_record_once_with_its_tag)
{
        struct mock mock;
        struct producer_report reports[100];
        bool seen[300] = {false};
        size_t total = 0, count;

        mock_start(&mock, 1);
        mock_topic(&mock, "out", 3);
        struct producer *producer = open_producer(&mock, 0);
        for (uint64_t tag = 0; tag < 300; tag++)
                cr_assert_eq(push(producer, "out", "key", 100, tag), PUSH_TAKEN);
        cr_assert_eq(producer_unacked(producer), 300);
        cr_assert_eq(producer_unacked_bytes(producer, "out"), 300 * 103);
        cr_assert(producer_drain(producer, clock_now() + 10 * CLOCK_S));
        while ((count = producer_reports(producer, reports, 100)) > 0) {
                for (size_t i = 0; i < count; i++) {
                        cr_assert_eq(reports[i].outcome, REPORT_DELIVERED, "%s", reports[i].text);
                        cr_assert_not(seen[reports[i].tag]);
                        seen[reports[i].tag] = true;
                        cr_assert_eq(reports[i].partition, reports[0].partition); /* one key, one partition */
                        total++;
                }
        }
        cr_assert_eq(total, 300);
        cr_assert_eq(producer_unacked_bytes(producer, "out"), 0);
        producer_destroy(&producer);
        mock_stop(&mock);
}

Test(producer, a_thousand_records_wait_for_no_acknowledgement_of_one_another)
{
        struct mock mock;
        struct producer_report reports[100];
        size_t total = 0, count;

        mock_start(&mock, 1);
        mock_topic(&mock, "out", 1);
        struct producer *producer = open_producer(&mock, 0);
        /* Nothing can be acknowledged, and yet everything is taken. */
        rd_kafka_mock_broker_set_down(mock.cluster, 1);
        for (uint64_t tag = 0; tag < 1000; tag++)
                cr_assert_eq(push(producer, "out", "key", 553, tag), PUSH_TAKEN);
        cr_assert_eq(producer_unacked(producer), 1000);
        rd_kafka_mock_broker_set_up(mock.cluster, 1);
        cr_assert(producer_drain(producer, clock_now() + 15 * CLOCK_S));
        while ((count = producer_reports(producer, reports, 100)) > 0) {
                for (size_t i = 0; i < count; i++) {
                        cr_assert_eq(reports[i].outcome, REPORT_DELIVERED, "%s", reports[i].text);
                        cr_assert_eq(reports[i].offset, (int64_t)reports[i].tag);
                        total++;
                }
        }
        cr_assert_eq(total, 1000);
        producer_destroy(&producer);
        mock_stop(&mock);
}

Test(producer, places_keys_where_javas_clients_place_them)
{
        /* murmur2 as org.apache.kafka.common.utils.Utils has it: positive(murmur2("21")) = 1826181743 → 0-based mod 6. */
        struct mock mock;
        struct producer_report report;

        mock_start(&mock, 1);
        mock_topic(&mock, "out", 6);
        struct producer *producer = open_producer(&mock, 0);
        cr_assert_eq(push(producer, "out", "21", 10, 1), PUSH_TAKEN);
        cr_assert(producer_drain(producer, clock_now() + 10 * CLOCK_S));
        cr_assert_eq(producer_reports(producer, &report, 1), 1);
        /* Utils.murmur2("21") is -973932308 in Kafka's UtilsTest; toPositive: & 0x7fffffff. */
        cr_assert_eq(report.partition, (int32_t)((uint32_t)-973932308 & 0x7fffffff) % 6);
        producer_destroy(&producer);
        mock_stop(&mock);
}

Test(producer, a_full_destination_would_block_and_others_would_not)
{
        struct mock mock = {.brokers = "127.0.0.1:1"};
        struct producer *producer = open_producer(&mock, 10000);

        cr_assert_eq(push(producer, "a", "k", 6000, 1), PUSH_TAKEN);
        cr_assert_eq(push(producer, "a", "k", 6000, 2), PUSH_FULL);
        cr_assert_eq(push(producer, "b", "k", 6000, 3), PUSH_TAKEN);
        cr_assert_eq(push(producer, "c", "k", 60000, 4), PUSH_TAKEN); /* larger than the cap: alone */
        producer_destroy(&producer);
}

Test(producer, a_record_that_is_too_large_is_refused_for_good)
{
        struct mock mock;
        struct producer_report report;

        mock_start(&mock, 1);
        mock_topic(&mock, "out", 1);
        struct producer *producer = open_producer(&mock, 0);
        cr_assert_eq(push(producer, "out", "k", 20u << 20, 1), PUSH_REFUSED);
        rd_kafka_mock_push_request_errors(mock.cluster, 0 /* Produce */, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        cr_assert_eq(push(producer, "out", "k", 100, 2), PUSH_TAKEN);
        cr_assert(producer_drain(producer, clock_now() + 10 * CLOCK_S));
        cr_assert_eq(producer_reports(producer, &report, 1), 1);
        cr_assert_eq(report.outcome, REPORT_REFUSED);
        cr_assert_str_not_empty(report.text);
        producer_destroy(&producer);
        mock_stop(&mock);
}

Test(producer, a_missing_topic_waits_with_a_notice_that_names_it)
{
        struct mock mock;
        struct producer_report report;
        struct producer_notice notice;

        mock_start(&mock, 1);
        rd_kafka_mock_topic_set_error(mock.cluster, "nowhere", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        struct producer *producer = open_producer(&mock, 0);
        enum producer_push result = push(producer, "nowhere", "k", 10, 5);
        cr_assert(result == PUSH_TAKEN || result == PUSH_AGAIN);
        cr_assert(producer_drain(producer, clock_now() + 10 * CLOCK_S));
        cr_assert_eq(producer_reports(producer, &report, 1), 1);
        cr_assert_eq(report.outcome, REPORT_AGAIN, "%s", report.text);
        cr_assert_eq(report.trouble, TROUBLE_TOPIC_MISSING, "%s", report.text);
        cr_assert(producer_notice(producer, &notice));
        cr_assert_eq(notice.trouble, TROUBLE_TOPIC_MISSING);
        cr_assert(strstr(notice.text, "\"nowhere\"") && strstr(notice.text, "pawlctl topics create"), "%s",
                  notice.text);
        producer_destroy(&producer);
        mock_stop(&mock);
}

Test(producer, without_a_broker_gives_back_what_it_was_given)
{
        struct mock mock = {.brokers = "127.0.0.1:1"};
        struct producer_report reports[10];
        struct producer *producer = open_producer(&mock, 0);

        for (uint64_t tag = 0; tag < 5; tag++)
                cr_assert_eq(push(producer, "out", "k", 10, tag), PUSH_TAKEN);
        cr_assert_not(producer_drain(producer, clock_now() + CLOCK_S / 5));
        producer_abandon(producer);
        cr_assert(producer_drain(producer, clock_now() + 5 * CLOCK_S));
        cr_assert_eq(producer_reports(producer, reports, 10), 5);
        for (int i = 0; i < 5; i++)
                cr_assert_eq(reports[i].outcome, REPORT_AGAIN);
        producer_destroy(&producer);
}

Test(producer, makes_its_client_anew_after_a_fatal_error)
{
        struct mock mock;
        struct producer_report report;

        mock_start(&mock, 1);
        mock_topic(&mock, "out", 1);
        struct producer *producer = open_producer(&mock, 0);
        cr_assert_eq(push(producer, "out", "k", 10, 1), PUSH_TAKEN);
        cr_assert(producer_drain(producer, clock_now() + 10 * CLOCK_S));
        cr_assert_eq(producer_reports(producer, &report, 1), 1);
        /* What an idempotent producer cannot go on after. */
        rd_kafka_mock_push_request_errors(mock.cluster, 0, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
        cr_assert_eq(push(producer, "out", "k", 10, 2), PUSH_TAKEN);
        cr_assert(producer_drain(producer, clock_now() + 10 * CLOCK_S));
        cr_assert_eq(producer_reports(producer, &report, 1), 1);
        cr_assert_eq(report.tag, 2);
        cr_assert_eq(report.outcome, REPORT_AGAIN, "%s", report.text);
        for (int64_t end = clock_now() + 10 * CLOCK_S; clock_now() < end;) {
                producer_serve(producer, clock_now());
                if (push(producer, "out", "k", 10, 3) == PUSH_TAKEN)
                        break;
        }
        cr_assert(producer_drain(producer, clock_now() + 10 * CLOCK_S));
        cr_assert_eq(producer_reports(producer, &report, 1), 1);
        cr_assert_eq(report.tag, 3);
        cr_assert_eq(report.outcome, REPORT_DELIVERED, "%s", report.text);
        producer_destroy(&producer);
        mock_stop(&mock);
}
