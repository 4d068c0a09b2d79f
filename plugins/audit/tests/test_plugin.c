/* The plugin itself, in the tests' host. */
#include "common/tests/scratch.h"
#include "testhost.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct testhost *host;
static struct testhost_result last;
static struct buf answer;

static struct testhost *open_host(unsigned instance)
{
        struct pawl_error err = {{0}};
        struct testhost *h = testhost_open(
            &(struct testhost_options){.so = AUDIT_SO, .name = "audit", .dir = scratch_path("."), .instance = instance},
            &err);

        cr_assert_not_null(h, "%s", err.text);
        return h;
}

static void make(void)
{
        scratch_make();
        host = open_host(0);
}

static void end(void)
{
        testhost_result_clear(&last);
        testhost_close(&host);
        buf_free(&answer);
        scratch_remove();
}

static pawl_result feed_at(const char *topic, int64_t offset, const char *json)
{
        testhost_result_clear(&last);
        testhost_feed(host,
                      &(struct testhost_event){
                          .topic = topic, .key = "7", .offset = offset, .timestamp = PAWL_S(1795341600), .json = json},
                      &last);
        return last.result;
}

/* Runs a command of up to three words and returns its exit status; `answer` is what it said. */
static int32_t run(const char *command, const char *argument, const char *value)
{
        const char *const argv[] = {command, argument, value};

        buf_clear(&answer);
        return testhost_command(host, argv, value ? 3 : argument ? 2 : 1, &answer);
}

static void expect_answer(const char *text)
{
        cr_assert_not_null(strstr(answer.data, text), "expected %s in %s", text, answer.data);
}

#define CREATED                                                                                                        \
        "{\"event_type\":\"request.created\",\"event_id\":\"e-1\",\"correlation_id\":\"c-1\",\"request_id\":7,"        \
        "\"title\":\"Ремонт холодильника\"}"

TestSuite(plugin, .init = make, .fini = end);

Test(plugin, events_tombstones_and_what_is_no_event_are_kept_byte_for_byte)
{
        json_t *line;

        cr_assert_eq(feed_at("request-events", 1, CREATED), PAWL_OK, "%s", last.reason);
        cr_assert_eq(feed_at("request-events", 2, NULL), PAWL_OK, "%s", last.reason);
        cr_assert_eq(feed_at("hr-events", 1, "{\"event_type\": no event"), PAWL_OK, "%s", last.reason);
        cr_assert_eq(feed_at("hr-events", 2, "\xff\xfe"), PAWL_OK, "%s", last.reason);
        cr_assert_eq(feed_at("hr-events", 3, "[1]"), PAWL_OK, "%s", last.reason);
        cr_assert_eq(run("verify", NULL, NULL), 0, "%s", answer.data);
        expect_answer("whole: 5 entries, 0 faults, head ");
        cr_assert_eq(run("export", "--topic", "request-events"), 0);
        line = json_loads(answer.data, JSON_DISABLE_EOF_CHECK, NULL);
        cr_assert_str_eq(json_string_value(json_object_get(line, "value")), CREATED);
        cr_assert_str_eq(json_string_value(json_object_get(line, "event_type")), "request.created");
        cr_assert_eq(json_integer_value(json_object_get(line, "request_id")), 7);
        cr_assert_eq(json_integer_value(json_object_get(line, "time")), PAWL_S(1795341600));
        json_decref(line);
        expect_answer("\"offset\":2,\"time\":1795341600000000000,\"event_type\":null");
        expect_answer("\"value\":null");
        cr_assert_eq(run("export", "--topic", "hr-events"), 0);
        expect_answer("\"value\":\"{\\\"event_type\\\": no event\"");
        expect_answer("\"value_base64\":\"//4=\"");
}

Test(plugin, search_gives_a_line_an_entry)
{
        feed_at("request-events", 1, CREATED);
        feed_at("request-events", 2, "{\"event_type\":\"request.updated\",\"request_id\":8,\"user_id\":9}");
        cr_assert_eq(run("search", "--request", "7"), 0);
        cr_assert_str_eq(
            answer.data,
            "   ENTRY  TIME (UTC)               TYPE                            TOPIC/PARTITION@OFFSET    \n"
            "       1  2026-11-22 10:00:00.000  request.created                 request-events/0@1        "
            "  request 7  event e-1  correlation c-1\n");
        cr_assert_eq(run("search", "--user=9", NULL), 0);
        expect_answer("request-events/0@2          request 8  user 9\n");
        cr_assert_eq(run("search", "--user", "10"), 0);
        cr_assert_str_eq(answer.data, "nothing found\n");
        cr_assert_eq(run("search", "--limit", "1"), 0);
        expect_answer("(no more than --limit asks for)");
        cr_assert_eq(run("search", "--colour", "red"), 2);
        expect_answer("--colour: no such option; options: --type --request");
        cr_assert_eq(run("search", "--type", NULL), 2);
        expect_answer("--type: expected a value behind it");
        cr_assert_eq(run("search", "--since", "soon"), 2);
}

Test(plugin, without_a_chain_the_commands_say_so)
{
        cr_assert_eq(run("verify", NULL, NULL), 0);
        expect_answer("no chain in ");
        cr_assert_neq(access(scratch_path("audit.db"), F_OK), 0, "create and start make no file");
}

Test(plugin, a_repeat_is_counted_and_not_appended)
{
        feed_at("request-events", 1, CREATED);
        cr_assert_eq(feed_at("request-events", 1, CREATED), PAWL_OK);
        cr_assert_eq(last.emits.count, 0);
        cr_assert_eq(testhost_metric(host, "appended"), 1);
        cr_assert_eq(testhost_metric(host, "repeated"), 1);
        cr_assert_eq(testhost_metric(host, "length"), 1);
}

Test(plugin, a_contradiction_is_kept_and_reported_each_time_alike)
{
        char id[37];

        feed_at("request-events", 1, CREATED);
        cr_assert_eq(feed_at("request-events", 1, "{\"event_type\":\"request.updated\",\"event_id\":\"e-1\"}"),
                     PAWL_OK);
        cr_assert_eq(last.emits.count, 1);
        cr_assert_str_eq(last.emits.first->topic, "audit-events");
        cr_assert_not_null(memmem(last.emits.first->value, last.emits.first->value_len, "\"failed_event_id\":\"e-1\"",
                                  strlen("\"failed_event_id\":\"e-1\"")));
        memcpy(id, last.emits.first->event_id, sizeof id);
        cr_assert_eq(feed_at("request-events", 1, "{\"event_type\":\"request.updated\",\"event_id\":\"e-1\"}"),
                     PAWL_OK);
        cr_assert_eq(last.emits.count, 1);
        cr_assert_str_eq(last.emits.first->event_id, id);
        cr_assert_eq(testhost_metric(host, "contradictions"), 1);
        cr_assert_eq(testhost_metric(host, "appended"), 2);
        cr_assert_not_null(strstr(testhost_health(host), "request-events/0@1"));
        cr_assert_eq(run("search", NULL, NULL), 0);
        expect_answer("CONTRADICTS an earlier entry");
        cr_assert_eq(run("verify", NULL, NULL), 0);
}

Test(plugin, a_contradiction_among_its_own_reports_is_not_reported)
{
        feed_at("audit-events", 1, "{\"event_type\":\"audit.error_occurred\",\"component\":\"a\"}");
        cr_assert_eq(feed_at("audit-events", 1, "{\"event_type\":\"audit.error_occurred\",\"component\":\"b\"}"),
                     PAWL_OK);
        cr_assert_eq(last.emits.count, 0);
        cr_assert_eq(testhost_metric(host, "contradictions"), 1);
}

Test(plugin, a_batch_is_one_transaction)
{
        struct testhost_event events[50];
        struct testhost_result results[50];

        for (int i = 0; i < 50; i++)
                events[i] = (struct testhost_event){.topic = "hr-events", .json = i % 2 ? CREATED : NULL};
        testhost_feed_batch(host, events, 50, results);
        for (int i = 0; i < 50; i++) {
                cr_assert_eq(results[i].result, PAWL_OK, "%s", results[i].reason);
                testhost_result_clear(&results[i]);
        }
        cr_assert_eq(testhost_metric(host, "length"), 50);
}

Test(plugin, a_locked_database_is_unavailable_and_nothing_is_lost)
{
        sqlite3 *other;

        feed_at("request-events", 1, CREATED);
        cr_assert_eq(sqlite3_open(scratch_path("audit.db"), &other), SQLITE_OK);
        cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        cr_assert_eq(feed_at("request-events", 2, CREATED), PAWL_UNAVAILABLE);
        cr_assert_not_null(strstr(last.reason, "locked"), "%s", last.reason);
        cr_assert_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(other);
        cr_assert_eq(feed_at("request-events", 2, CREATED), PAWL_OK);
        cr_assert_eq(run("verify", NULL, NULL), 0);
        expect_answer("2 entries");
}

Test(plugin, a_full_disk_is_unavailable_and_nothing_is_lost)
{
        static char large[300000];

        feed_at("request-events", 1, CREATED);
        memset(large, 'x', sizeof large - 1);
        scratch_limit_files(200000);
        cr_assert_eq(feed_at("request-events", 2, large), PAWL_UNAVAILABLE, "%d %s", last.result, last.reason);
        cr_assert_eq(feed_at("request-events", 2, large), PAWL_UNAVAILABLE, "%d %s", last.result, last.reason);
        scratch_limit_files(0);
        cr_assert_eq(feed_at("request-events", 2, large), PAWL_OK, "%s", last.reason);
        cr_assert_eq(run("verify", NULL, NULL), 0, "%s", answer.data);
        expect_answer("2 entries, 0 faults");
}

Test(plugin, a_successor_waits_until_its_predecessor_lets_go)
{
        struct testhost *old = host;

        feed_at("request-events", 1, CREATED);
        host = open_host(0);
        cr_assert_eq(feed_at("request-events", 2, CREATED), PAWL_UNAVAILABLE);
        cr_assert_not_null(strstr(last.reason, "held by another process"), "%s", last.reason);
        testhost_close(&old);
        cr_assert_eq(feed_at("request-events", 2, CREATED), PAWL_OK, "%s", last.reason);
        cr_assert_eq(testhost_metric(host, "length"), 2);
}

Test(plugin, each_instance_has_its_own_chain_and_commands_read_them_all)
{
        feed_at("request-events", 1, CREATED);
        testhost_close(&host);
        host = open_host(1);
        cr_assert_eq(feed_at("hr-events", 1, CREATED), PAWL_OK, "%s", last.reason);
        cr_assert_eq(access(scratch_path("audit-1.db"), F_OK), 0);
        cr_assert_eq(run("search", "--request", "7"), 0);
        expect_answer("request-events/0@1");
        expect_answer("hr-events/0@1");
        cr_assert_eq(run("verify", NULL, NULL), 0);
        expect_answer("/audit.db\n");
        expect_answer("/audit-1.db\n");
}

Test(plugin, tampering_is_found_by_the_command)
{
        sqlite3 *other;

        feed_at("request-events", 1, CREATED);
        feed_at("request-events", 2, CREATED);
        cr_assert_eq(sqlite3_open(scratch_path("audit.db"), &other), SQLITE_OK);
        cr_assert_eq(sqlite3_exec(other, "UPDATE log SET request_id = 8 WHERE seq = 1", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(other);
        cr_assert_eq(run("verify", NULL, NULL), 1);
        expect_answer("  entry 1 (request-events/0@1) was altered");
        expect_answer("  NOT WHOLE: 2 entries, 1 faults");
}

Test(plugin, rows_behind_the_head_stop_the_writer_with_the_reason)
{
        sqlite3 *other;

        feed_at("request-events", 1, CREATED);
        cr_assert_eq(sqlite3_open(scratch_path("audit.db"), &other), SQLITE_OK);
        cr_assert_eq(
            sqlite3_exec(
                other,
                "INSERT INTO log SELECT 2, hash, event_hash, recorded, topic, partition, 99, variant,"
                " time, event_type, event_id, correlation_id, request_id, user_id, key, value, pruned FROM log",
                NULL, NULL, NULL),
            SQLITE_OK);
        sqlite3_close(other);
        cr_assert_eq(feed_at("request-events", 2, CREATED), PAWL_FATAL);
        cr_assert_not_null(strstr(last.reason, "the chain was altered"), "%s", last.reason);
}

Test(plugin, a_file_that_is_no_database_is_refused_at_create)
{
        struct pawl_error err = {{0}};
        FILE *file = fopen(scratch_path("audit.db"), "w");

        for (int i = 0; i < 1000; i++)
                fputs("this is no database\n", file);
        fclose(file);
        cr_assert_null(testhost_open(&(struct testhost_options){.so = AUDIT_SO, .dir = scratch_path(".")}, &err));
        cr_assert_not_null(strstr(err.text, "not a database"), "%s", err.text);
}
