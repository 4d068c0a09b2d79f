/* Checkpoints, retention and what is too large, by the plugin itself in the tests' host. */
#include "chain_fixture.h"
#include "testhost.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE PAWL_S(20)

static struct testhost *host;
static struct testhost_result last;
static struct buf answer;

/* `settings` with the scratch directory for every $. */
static struct testhost *try_open(const char *settings, struct pawl_error *err)
{
        char text[2048] = "";
        size_t used = 0;

        for (const char *p = settings; *p != '\0'; p++) {
                if (*p == '$')
                        used += (size_t)snprintf(text + used, sizeof text - used, "%s", scratch_path("."));
                else
                        text[used++] = *p;
        }
        text[used] = '\0';
        return testhost_open(
            &(struct testhost_options){.so = AUDIT_SO, .name = "audit", .dir = scratch_path("."), .settings = text},
            err);
}

static void open_host(const char *settings)
{
        struct pawl_error err = {{0}};

        testhost_close(&host);
        host = try_open(settings, &err);
        cr_assert_not_null(host, "%s", err.text);
}

static void expect_refused(const char *settings, const char *text)
{
        struct pawl_error err = {{0}};

        cr_assert_null(try_open(settings, &err));
        cr_assert_not_null(strstr(err.text, text), "expected %s, found %s", text, err.text);
}

static void make(void)
{
        struct key *key;

        scratch_make();
        key = fixture_key("audit.key");
        key_free(&key);
        key = fixture_key("other.key");
        key_free(&key);
}

static void end(void)
{
        testhost_result_clear(&last);
        testhost_close(&host);
        buf_free(&answer);
        scratch_remove();
}

static pawl_result feed(const char *topic, int64_t offset, const char *json)
{
        testhost_result_clear(&last);
        testhost_feed(host,
                      &(struct testhost_event){
                          .topic = topic, .key = "7", .offset = offset, .timestamp = PAWL_S(1795341600), .json = json},
                      &last);
        return last.result;
}

static int32_t run(const char *command, const char *option, const char *value)
{
        const char *const argv[] = {command, option, value};

        buf_clear(&answer);
        return testhost_command(host, argv, option ? 3 : 1, &answer);
}

static void expect_answer(const char *text)
{
        cr_assert_not_null(strstr(answer.data, text), "expected %s in %s", text, answer.data);
}

/* The wall clock shows another millisecond than before: what was recorded is older than the shortest retention. */
static void let_a_millisecond_pass(void)
{
        struct timespec begin, now;

        clock_gettime(CLOCK_REALTIME, &begin);
        do
                clock_gettime(CLOCK_REALTIME, &now);
        while (now.tv_sec == begin.tv_sec && now.tv_nsec < begin.tv_nsec + 2000000);
}

#define CREATED "{\"event_type\":\"request.created\",\"event_id\":\"e-1\",\"request_id\":7}"
#define KEY     "checkpoint_key = \"$/audit.key\";"

TestSuite(upkeep, .init = make, .fini = end);

/* ---- Checkpoints ---- */

Test(upkeep, a_key_that_is_missing_or_of_another_kind_is_refused_at_create)
{
        expect_refused("checkpoint_key = \"$/none.key\";", "checkpoint_key: ");
        expect_refused("checkpoint_key = \"$/none.key\";", "none.key: No such file");
        expect_refused("checkpoint_key = \"$/audit.key.pub\";", "expected an Ed25519 private key in PEM, found none");
        expect_refused(KEY "checkpoint_folder = \"$/none\";", "checkpoint_folder: ");
}

Test(upkeep, the_first_tick_with_a_chain_makes_a_checkpoint_and_the_next_one_is_a_day_later)
{
        open_host(KEY);
        testhost_tick(host);
        cr_assert_neq(access(scratch_path("audit.db"), F_OK), 0, "a tick makes no chain");
        feed("request-events", 1, CREATED);
        cr_assert_eq(run("verify", NULL, NULL), 0);
        expect_answer("no checkpoint fits: a chain computed anew would not be noticed");
        testhost_tick(host);
        testhost_tick(host);
        cr_assert_eq(run("verify", NULL, NULL), 0);
        expect_answer("checkpoints that fit: 1, the last of ");
        open_host(KEY);
        testhost_tick(host);
        cr_assert_eq(run("verify", NULL, NULL), 0);
        expect_answer("checkpoints that fit: 1, the last of ");
}

Test(upkeep, the_checkpoint_command_makes_one_at_once)
{
        open_host("");
        cr_assert_eq(run("checkpoint", NULL, NULL), 1);
        expect_answer("no chain yet");
        feed("request-events", 1, CREATED);
        cr_assert_eq(run("checkpoint", NULL, NULL), 1);
        expect_answer("no checkpoint: checkpoint_key is not set");
        open_host(KEY);
        cr_assert_eq(run("checkpoint", NULL, NULL), 0);
        expect_answer("audit.db: entry 1 has hash ");
        cr_assert_eq(run("checkpoint", "--now", "yes"), 2);
}

Test(upkeep, verify_takes_a_public_key_and_a_file_of_checkpoints)
{
        open_host(KEY);
        feed("request-events", 1, CREATED);
        cr_assert_eq(run("verify", "--key", scratch_path("audit.key.pub")), 1);
        expect_answer("no checkpoint holds this chain");
        cr_assert_eq(run("checkpoint", NULL, NULL), 0);
        cr_assert_eq(run("verify", "--key", scratch_path("audit.key.pub")), 0, "%s", answer.data);
        expect_answer("whole: 1 entries, 0 faults");
        cr_assert_eq(run("verify", "--key", scratch_path("other.key.pub")), 1);
        expect_answer("checkpoint 1 is not signed by the key");
        cr_assert_eq(run("verify", "--checkpoints", scratch_path("checkpoints.ndjson")), 0, "%s", answer.data);
        expect_answer("checkpoints that fit: 2,");
        cr_assert_eq(run("verify", "--checkpoints", scratch_path("none")), 1);
        cr_assert_eq(run("verify", "--key", "audit.key.pub"), 2);
        expect_answer("--key: expected an absolute path, found \"audit.key.pub\"");
        cr_assert_eq(run("verify", "--key", scratch_path("none.pub")), 2);
}

Test(upkeep, a_checkpoint_that_cannot_be_written_is_said_and_made_when_it_can)
{
        char folder[4096];

        snprintf(folder, sizeof folder, "mkdir %s", scratch_path("kept"));
        cr_assert_eq(system(folder), 0);
        open_host(KEY "checkpoint_folder = \"$/kept\";");
        feed("request-events", 1, CREATED);
        cr_assert_eq(rmdir(scratch_path("kept")), 0);
        testhost_tick(host);
        cr_assert_not_null(strstr(testhost_health(host), "kept/checkpoints.ndjson: No such file"), "%s",
                           testhost_health(host));
        cr_assert_eq(system(folder), 0);
        testhost_tick(host);
        cr_assert_not_null(strstr(testhost_health(host), "appends to"), "%s", testhost_health(host));
        cr_assert_eq(access(scratch_path("kept/checkpoints.ndjson"), F_OK), 0);
}

/* ---- Retention ---- */

Test(upkeep, retention_without_a_key_or_a_duration_is_refused)
{
        expect_refused("retention = { request-events = \"1d\"; };", "retention: expected a checkpoint_key too");
        expect_refused(KEY "retention = { request-events = \"0s\"; };",
                       "retention.request-events: expected a duration");
        expect_refused(KEY "retention = { request-events = \"soon\"; };", "retention");
}

Test(upkeep, the_tick_clears_the_named_topics_old_entries_and_the_chain_is_whole)
{
        open_host(KEY "retention = { request-events = \"1ms\"; notification-events = \"365d\"; };");
        for (int64_t i = 1; i <= 5; i++) {
                cr_assert_eq(feed("request-events", i, CREATED), PAWL_OK, "%s", last.reason);
                cr_assert_eq(feed("notification-events", i, CREATED), PAWL_OK, "%s", last.reason);
                cr_assert_eq(feed("hr-events", i, CREATED), PAWL_OK, "%s", last.reason);
        }
        let_a_millisecond_pass();
        for (int i = 0; i < 100 && testhost_metric(host, "cleared") < 5; i++)
                testhost_tick(host);
        cr_assert_eq(testhost_metric(host, "cleared"), 5);
        cr_assert_eq(feed("request-events", 6, CREATED), PAWL_OK, "%s", last.reason);
        cr_assert_eq(feed("request-events", 1, CREATED), PAWL_OK, "%s", last.reason);
        cr_assert_eq(testhost_metric(host, "repeated"), 1);
        cr_assert_eq(run("verify", NULL, NULL), 0, "%s", answer.data);
        expect_answer("whole: 17 entries, 0 faults");
        expect_answer("cleared by retention: 5 of these");
        cr_assert_eq(run("search", "--topic", "request-events"), 0);
        expect_answer("CLEARED by entry 16");
        cr_assert_eq(run("search", "--type", "chain.pruned"), 0);
        expect_answer("chain/prune/0@16");
        cr_assert_eq(run("export", "--limit", "1"), 0);
        expect_answer("\"key\":null,\"value\":null,");
        expect_answer("\"pruned\":16}");
        cr_assert_eq(run("export", "--format", "csv"), 0);
        expect_answer("seq,recorded,variant,topic,");
        expect_answer("\r\n16,");
        cr_assert_eq(run("export", "--format", "xml"), 2);
}

Test(upkeep, a_long_log_is_cleared_and_removed_in_slices_while_events_come)
{
        struct testhost_event events[1000];
        struct testhost_result results[1000];
        int64_t offset = 0;

        open_host(KEY);
        for (int batch = 0; batch < 4; batch++) {
                for (int i = 0; i < 1000; i++)
                        events[i] =
                            (struct testhost_event){.topic = "request-events", .json = CREATED, .offset = ++offset};
                testhost_feed_batch(host, events, 1000, results);
                for (int i = 0; i < 1000; i++) {
                        cr_assert_eq(results[i].result, PAWL_OK, "%s", results[i].reason);
                        testhost_result_clear(&results[i]);
                }
        }
        open_host(KEY "retention = { request-events = \"1ms\"; };");
        let_a_millisecond_pass();
        for (int i = 0; i < 1000 && testhost_metric(host, "removed") < 4000; i++) {
                testhost_tick(host);
                cr_assert_eq(feed("hr-events", i + 1, CREATED), PAWL_OK, "%s", last.reason);
                if (i % 10 == 0)
                        cr_assert_eq(run("verify", NULL, NULL), 0, "%s", answer.data);
        }
        cr_assert_eq(testhost_metric(host, "cleared"), 4000);
        cr_assert_eq(testhost_metric(host, "removed"), 4000);
        cr_assert_eq(run("verify", "--key", scratch_path("audit.key.pub")), 0, "%s", answer.data);
        expect_answer("removed by retention: entries 1 to 4000");
}

Test(upkeep, a_locked_database_puts_retention_off_and_loses_nothing)
{
        sqlite3 *other;

        open_host("");
        for (int64_t i = 1; i <= 5; i++)
                feed("request-events", i, CREATED);
        open_host(KEY "retention = { request-events = \"1ms\"; };");
        feed("hr-events", 1, CREATED);
        let_a_millisecond_pass();
        cr_assert_eq(sqlite3_open(scratch_path("audit.db"), &other), SQLITE_OK);
        cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        testhost_tick(host);
        cr_assert_not_null(strstr(testhost_health(host), "locked"), "%s", testhost_health(host));
        cr_assert_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(other);
        testhost_tick(host);
        cr_assert_eq(testhost_metric(host, "cleared"), 5);
        cr_assert_eq(run("verify", NULL, NULL), 0, "%s", answer.data);
}

/* ---- What cannot be stored ---- */

static char large[3000];

static const char *large_event(const char *type)
{
        int used = snprintf(large, sizeof large, "{\"event_type\":\"%s\",\"event_id\":\"e-9\",\"x\":\"", type);

        memset(large + used, 'x', sizeof large - (size_t)used - 3);
        memcpy(large + sizeof large - 3, "\"}", 3);
        return large;
}

Test(upkeep, an_event_that_is_too_large_is_a_dead_letter_and_is_reported_under_one_id)
{
        char id[2][37];

        open_host("largest = \"2KiB\";");
        for (int i = 0; i < 2; i++) {
                struct publish *p;
                json_t *body;

                cr_assert_eq(feed("hr-events", 3, large_event("hr.document_created")), PAWL_REJECT);
                cr_assert_str_eq(last.reason, "too large for the log: 3000 bytes, at most 2048");
                p = testhost_published(host, PATIENCE);
                cr_assert_not_null(p);
                cr_assert_str_eq(testhost_message(p)->topic, "audit-events");
                body = json_loadb((const char *)testhost_message(p)->value, testhost_message(p)->value_len, 0, NULL);
                cr_assert_str_eq(json_string_value(json_object_get(body, "event_type")), "audit.error_occurred");
                cr_assert_str_eq(json_string_value(json_object_get(body, "failed_event_id")), "e-9");
                cr_assert_str_eq(json_string_value(json_object_get(body, "component")), "audit");
                snprintf(id[i], sizeof id[i], "%s", json_string_value(json_object_get(body, "event_id")));
                json_decref(body);
                testhost_answer(host, p, 0);
        }
        cr_assert_str_eq(id[0], id[1]);
        cr_assert_eq(testhost_metric(host, "refused"), 2);
}

Test(upkeep, a_report_that_is_too_large_is_a_dead_letter_and_not_reported)
{
        open_host("largest = \"2KiB\";");
        cr_assert_eq(feed("audit-events", 3, large_event("audit.error_occurred")), PAWL_REJECT);
        cr_assert_null(testhost_published(host, 0));
}

Test(upkeep, those_before_and_behind_one_that_is_too_large_are_stored)
{
        struct testhost_event events[3] = {{.topic = "hr-events", .offset = 1, .json = CREATED},
                                           {.topic = "hr-events", .offset = 2, .json = large_event("x")},
                                           {.topic = "hr-events", .offset = 3, .json = CREATED}};
        struct testhost_result results[3];

        open_host("largest = \"2KiB\";");
        testhost_feed_batch(host, events, 3, results);
        cr_assert_eq(results[0].result, PAWL_OK);
        cr_assert_eq(results[1].result, PAWL_REJECT);
        cr_assert(results[2].unrun);
        for (int i = 0; i < 3; i++)
                testhost_result_clear(&results[i]);
        testhost_answer(host, testhost_published(host, PATIENCE), 0);
        cr_assert_eq(testhost_metric(host, "length"), 1);
}
