#include "workflow_fixture.h"

#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(faults, .init = fixture_make, .fini = fixture_end);

/* The first emit's bytes and id, kept to be compared with another's. */
static struct {
        char value[4096];
        size_t len;
        char id[37];
} kept;

static void keep(void)
{
        cr_assert_eq(last.emits.count, 1);
        kept.len = last.emits.first->value_len;
        cr_assert_leq(kept.len, sizeof kept.value);
        memcpy(kept.value, last.emits.first->value, kept.len);
        memcpy(kept.id, last.emits.first->event_id, sizeof kept.id);
}

/* But for the correlation id, which the host makes anew for an event that has none. */
static void expect_kept(void)
{
        cr_assert_eq(last.emits.count, 1);
        cr_assert_str_eq(last.emits.first->event_id, kept.id);
        cr_assert_eq(last.emits.first->value_len, kept.len);
        cr_assert_arr_eq(last.emits.first->value, kept.value, kept.len);
}

static pawl_result feed_created_again(void)
{
        return feed("request.created", 1, "a-1",
                    "\"correlation_id\":\"c-1\",\"customer_id\":5,\"title\":\"t\",\"description\":\"d\","
                    "\"urgency\":\"u\",\"region\":\"Москва\",\"city\":\"c\",\"address\":\"a\"");
}

Test(faults, a_repeat_changes_nothing_and_emits_the_same_bytes)
{
        cr_assert_eq(feed_created_again(), PAWL_OK, "%s", last.reason);
        keep();
        cr_assert_eq(feed_back(), PAWL_OK);
        cr_assert_eq(feed_created_again(), PAWL_OK, "%s", last.reason);
        expect_kept();
        expect_state(1, "manager_review");
        cr_assert_eq(sql("SELECT count(*) FROM history"), 2);
        cr_assert_eq(testhost_metric(host, "repeated"), 1);
}

Test(faults, a_repeat_after_a_restart_with_other_settings_keeps_the_choice)
{
        struct pawl_error err;

        feed_created_again();
        keep();
        cr_assert(testhost_restart(host, NULL, "default_manager = 5;", &err), "%s", err.text);
        cr_assert_eq(feed_created_again(), PAWL_OK, "%s", last.reason);
        expect_kept();
}

Test(faults, an_id_used_by_another_event_is_rejected_with_both_named)
{
        feed_created(1, "a-1", "Москва");
        cr_assert_eq(feed_created(2, "a-1", "Москва"), PAWL_REJECT);
        cr_assert_str_eq(last.reason, "event_id a-1: expected request.created of request 1, which was handled under "
                                      "this id, found request.created of request 2");
        cr_assert_eq(sql("SELECT count(*) FROM request"), 1);
}

Test(faults, without_an_id_the_position_names_the_event)
{
        struct testhost_event event = {
            .topic = "request-events",
            .key = "1",
            .offset = 77,
            .json = "{\"event_type\":\"request.created\",\"request_id\":1,\"customer_id\":5,\"title\":\"t\","
                    "\"description\":\"d\",\"urgency\":\"u\",\"region\":\"r\",\"city\":\"c\",\"address\":\"a\","
                    "\"correlation_id\":\"c-1\"}",
        };

        testhost_feed(host, &event, &last);
        cr_assert_eq(last.result, PAWL_OK);
        keep();
        testhost_result_clear(&last);
        testhost_feed(host, &event, &last);
        cr_assert_eq(last.result, PAWL_OK);
        expect_kept();
        cr_assert_eq(sql("SELECT count(*) FROM history WHERE source = 'request-events/0/77'"), 1);
}

Test(faults, a_locked_database_is_unavailable_and_the_event_is_done_afterwards)
{
        sqlite3 *other;

        feed_created(1, NULL, "Москва");
        cr_assert_eq(sqlite3_open(scratch_path("workflow.db"), &other), SQLITE_OK);
        cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        cr_assert_eq(feed_created(2, "a-2", "Москва"), PAWL_UNAVAILABLE);
        cr_assert_not_null(strstr(last.reason, "locked"), "%s", last.reason);
        cr_assert_eq(last.emits.count, 0);
        cr_assert_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(other);
        cr_assert_eq(feed_created(2, "a-2", "Москва"), PAWL_OK);
        cr_assert_eq(last.emits.count, 1);
}

Test(faults, a_full_disk_is_unavailable_and_all_catches_up_when_there_is_room)
{
        static char title[300000];
        char members[sizeof title + 256];

        feed_created(1, "a-1", "Москва");
        memset(title, 'x', sizeof title - 1);
        snprintf(members, sizeof members,
                 "\"customer_id\":5,\"title\":\"%s\",\"description\":\"d\",\"urgency\":\"u\","
                 "\"region\":\"r\",\"city\":\"c\",\"address\":\"a\"",
                 title);
        scratch_limit_files(200000);
        cr_assert_eq(feed("request.created", 2, "a-2", members), PAWL_UNAVAILABLE, "%d %s", last.result, last.reason);
        cr_assert_eq(last.emits.count, 0);
        cr_assert_eq(feed("request.created", 2, "a-2", members), PAWL_UNAVAILABLE, "%d %s", last.result, last.reason);
        scratch_limit_files(0);
        cr_assert_eq(feed("request.created", 2, "a-2", members), PAWL_OK, "%s", last.reason);
        cr_assert_eq(last.emits.count, 1);
        cr_assert_eq(sql("SELECT count(*) FROM history"), 2);
}

Test(faults, a_failure_in_the_middle_leaves_nothing_of_the_event)
{
        feed_created(1, NULL, "Москва");
        sql("CREATE TRIGGER broken BEFORE INSERT ON emission BEGIN SELECT RAISE(ABORT, 'broken'); END");
        cr_assert_eq(feed_created(2, "a-2", "Москва"), PAWL_RETRY);
        cr_assert_not_null(strstr(last.reason, "broken"), "%s", last.reason);
        cr_assert_eq(last.emits.count, 0);
        cr_assert_eq(sql("SELECT count(*) FROM request"), 1);
        cr_assert_eq(sql("SELECT count(*) FROM history"), 1);
        sql("DROP TRIGGER broken");
        cr_assert_eq(feed_created(2, "a-2", "Москва"), PAWL_OK);
        cr_assert_eq(last.emits.count, 1);
}

static struct testhost *open_again(void)
{
        struct pawl_error err;
        struct testhost *h = testhost_open(&(struct testhost_options){.so = WORKFLOW_SO,
                                                                      .settings = FIXTURE_SETTINGS,
                                                                      .name = "workflow",
                                                                      .dir = scratch_path(".")},
                                           &err);

        cr_assert_not_null(h, "%s", err.text);
        return h;
}

static void feed_many(int64_t count)
{
        for (int64_t i = 1; i <= count; i++) {
                char id[24];

                snprintf(id, sizeof id, "a-%" PRId64, i);
                feed_created(i, id, "Москва");
        }
}

Test(faults, a_killed_worker_leaves_whole_events_and_the_rest_is_handled_again)
{
        int64_t count;
        pid_t child;

        feed_created(1, "a-1", "Москва");
        testhost_close(&host);
        child = fork();
        if (child == 0) {
                host = open_again();
                feed_many(INT64_MAX);
        }
        while (sql("SELECT count(*) FROM request") < 20)
                cr_assert_eq(waitpid(child, NULL, WNOHANG), 0);
        kill(child, SIGKILL);
        cr_assert_eq(waitpid(child, NULL, 0), child);
        cr_assert_eq(sql("SELECT count(*) FROM request LEFT JOIN history USING (request_id)"
                         " LEFT JOIN emission USING (number) WHERE emission.body IS NULL"),
                     0);
        count = sql("SELECT count(*) FROM request") + 5;
        host = open_again();
        feed_many(count);
        cr_assert_eq(sql("SELECT count(*) FROM request"), count);
        cr_assert_eq(sql("SELECT count(*) FROM emission"), count);
}

Test(faults, a_batch_keeps_what_stands_before_the_event_that_cannot_be_handled)
{
#define CREATED(id)                                                                                                    \
        "{\"event_type\":\"request.created\",\"request_id\":" id ",\"customer_id\":5,\"title\":\"t\","                 \
        "\"description\":\"d\",\"urgency\":\"u\",\"region\":\"r\",\"city\":\"c\",\"address\":\"a\"}"
        const struct testhost_event events[] = {
            {.topic = "request-events", .key = "1", .json = CREATED("1")},
            {.topic = "request-events", .key = "2", .json = CREATED("2")},
            {.topic = "request-events", .key = "3", .json = CREATED("\"three\"")},
            {.topic = "request-events", .key = "4", .json = CREATED("4")},
        };
        struct testhost_result results[4];

        testhost_feed_batch(host, events, 4, results);
        cr_assert_eq(results[0].result, PAWL_OK);
        cr_assert_eq(results[1].result, PAWL_OK);
        cr_assert_eq(results[2].result, PAWL_REJECT);
        cr_assert_str_eq(results[2].reason, "request_id: expected an integer of 0 or more, found \"three\"");
        cr_assert(results[3].unrun);
        cr_assert_eq(results[0].emits.count, 1);
        cr_assert_eq(results[1].emits.count, 1);
        cr_assert_eq(sql("SELECT count(*) FROM request"), 2);
        for (int i = 0; i < 4; i++)
                testhost_result_clear(&results[i]);
}

Test(faults, a_damaged_database_is_refused_at_create)
{
        struct pawl_error err = {{0}};
        FILE *file;

        feed_created(1, NULL, "Москва");
        testhost_close(&host);
        cr_assert_eq(unlink(scratch_path("workflow.db")), 0);
        file = fopen(scratch_path("workflow.db"), "w");
        for (int i = 0; i < 1000; i++)
                fputs("this is no database\n", file);
        fclose(file);
        host = testhost_open(&(struct testhost_options){.so = WORKFLOW_SO,
                                                        .settings = FIXTURE_SETTINGS,
                                                        .name = "workflow",
                                                        .dir = scratch_path(".")},
                             &err);
        cr_assert_null(host);
        cr_assert_not_null(strstr(err.text, "not a database"), "%s", err.text);
}

Test(faults, create_leaves_no_file)
{
        cr_assert_neq(access(scratch_path("workflow.db"), F_OK), 0);
        feed_created(1, NULL, "Москва");
        cr_assert_eq(access(scratch_path("workflow.db"), F_OK), 0);
}

static void expect_refused(const char *settings, const char *text)
{
        struct pawl_error err = {{0}};
        struct testhost *other =
            testhost_open(&(struct testhost_options){.so = WORKFLOW_SO, .settings = settings}, &err);

        cr_assert_null(other, "%s", settings);
        cr_assert_not_null(strstr(err.text, text), "%s: %s", settings, err.text);
}

Test(faults, wrong_settings_are_refused_with_their_reason)
{
        expect_refused("", "default_manager");
        expect_refused("default_manager = 1; regions = ({ region = \"a\"; managers = []; });", "managers");
        expect_refused("default_manager = 1; regions = ({ region = \"a\"; managers = [-1]; });", "found -1");
        expect_refused("default_manager = 1; regions = ({ region = \"a\"; managers = [1]; },"
                       "{ region = \"a \"; managers = [2]; });",
                       "\"a\" stands there twice");
        expect_refused("default_manager = 1; priorities = ({ urgency = \"a\"; priority = \"x\"; },"
                       "{ urgency = \"a\"; priority = \"y\"; });",
                       "\"a\" stands there twice");
}

#define MANAGER(members)    "default_manager = 1; managers = ({ id = 7; " members " });"
#define ABSENT(from, until) MANAGER("absent = ({ from = \"" from "\"; until = \"" until "\"; });")

Test(faults, wrong_managers_priorities_and_deadlines_are_refused_with_their_reason)
{
        expect_refused(ABSENT("Christmas", "2027-01-08"),
                       "absence of 7: from: expected a day like 2026-12-24, found \"Christmas\"");
        expect_refused(ABSENT("2026-12-24", "2026-12-23"), "until \"2026-12-23\" is before from \"2026-12-24\"");
        expect_refused(MANAGER("absent = ({ from = \"2026-12-24\"; });"), "until");
        expect_refused(MANAGER("capacity = -1;"), "capacity");
        expect_refused("default_manager = 1; managers = ({ id = 7; capacity = 1; }, { id = 7; capacity = 2; });",
                       "7 has two capacities");
        expect_refused("default_manager = 1; equipment_priorities = ({ equipment_type = \"a\"; at_least = \"x\"; });",
                       "\"x\" is none of the priority_levels");
        expect_refused("default_manager = 1; equipment_priorities = ({ equipment_type = \"a\"; at_least = \"low\"; },"
                       "{ equipment_type = \"a\"; at_least = \"high\"; });",
                       "\"a\" stands there twice");
        expect_refused("default_manager = 1; deadlines = { completed = \"1h\"; };", "completed");
        expect_refused("default_manager = 1; deadlines = { assigned = \"0s\"; };", "assigned");
        expect_refused("default_manager = 1; deadlines = { assigned = \"soon\"; };", "soon");
}
