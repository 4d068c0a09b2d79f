/* How long a request may stand in its state, and what is told when it stood there longer. */
#include "workflow_fixture.h"

#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(deadlines, .init = fixture_make, .fini = fixture_end);

#define DEADLINES                                                                                                      \
        "deadlines = { manager_review = \"1h\"; assigned = \"10ms\"; }; deadline_grace = \"0s\";"                      \
        "escalation_manager = 900;"

/* What an instance's tick published, in order; answered by `answer_all`. */
struct told {
        struct publish *publishes[256];
        size_t count;
};

static void tick(struct testhost *h, struct told *told)
{
        struct publish *p;

        testhost_tick(h);
        while ((p = testhost_published(h, 0)) != NULL)
                told->publishes[told->count++] = p;
}

static void answer_all(struct testhost *h, struct told *told, int32_t status)
{
        for (size_t i = 0; i < told->count; i++)
                testhost_answer(h, told->publishes[i], status);
        told->count = 0;
}

static void expect_told(const struct told *told, size_t i, const char *topic, const char *text)
{
        const struct emit *e;
        char *value;

        cr_assert_lt(i, told->count);
        e = testhost_message(told->publishes[i]);
        value = strndup(e->value, e->value_len);
        cr_assert_str_eq(e->topic, topic);
        cr_assert_not_null(strstr(value, text), "expected %s in %s", text, value);
        free(value);
}

/* Feeds an event that was published, as it comes back from its topic. */
static pawl_result feed_told(const struct told *told, size_t i)
{
        const struct emit *e = testhost_message(told->publishes[i]);
        char *json = strndup(e->value, e->value_len), *key = strndup(e->key, e->key_len);

        testhost_result_clear(&last);
        testhost_feed(host, &(struct testhost_event){.topic = e->topic, .key = key, .json = json}, &last);
        free(json);
        free(key);
        return last.result;
}

/* A request that has been in that state, and the one before, since then. */
static void lead_since(int64_t request, const char *state, int64_t since)
{
        feed_time = since;
        lead_to(request, state);
        feed_time = 0;
}

static struct told told;

Test(deadlines, one_that_is_over_is_told_of_once_and_the_request_goes_to_the_escalation_manager)
{
        fixture_settings(DEADLINES);
        lead_since(7, "manager_review", now() - HOURS(2));
        tick(host, &told);
        cr_assert_eq(told.count, 2);
        expect_told(&told, 0, "audit-events", "\"event_type\":\"audit.system_event\"");
        expect_told(&told, 0, "audit-events", "\"component\":\"workflow\",\"action\":\"deadline_missed\"");
        expect_told(&told, 0, "audit-events",
                    "\"details\":{\"request_id\":7,\"state\":\"manager_review\",\"entered\":");
        expect_told(&told, 0, "audit-events", "\"manager_id\":300,\"contractor_id\":null,\"escalated_to\":900}");
        expect_told(&told, 1, "workflow-events", "\"event_type\":\"workflow.manager_assigned\"");
        expect_told(&told, 1, "workflow-events",
                    "\"request_id\":7,\"manager_id\":900,\"assigned_by\":7,"
                    "\"assignment_reason\":\"deadline missed: manager_review since ");
        cr_assert_eq(feed_told(&told, 1), PAWL_OK, "%s", last.reason);
        answer_all(host, &told, 0);
        for (int i = 0; i < 3; i++)
                tick(host, &told);
        cr_assert_eq(told.count, 0);
        cr_assert_eq(sql("SELECT count(*) FROM outbox"), 0);
        cr_assert_eq(testhost_metric(host, "deadlines_missed"), 1);
        expect_state(7, "manager_review");
        cr_assert_not_null(strstr(shown(7), "manager    900\n"));
        cr_assert_not_null(strstr(shown(7), ", escalated to manager 900\n"), "%s", shown(7));
}

Test(deadlines, one_that_is_not_over_is_told_to_nobody)
{
        fixture_settings(DEADLINES);
        lead_to(1, "manager_review");
        tick(host, &told);
        cr_assert_eq(told.count, 0);
        cr_assert_not_null(strstr(shown(1), "  manager_review  pending\n"), "%s", shown(1));
}

Test(deadlines, leaving_the_state_ends_its_deadline)
{
        fixture_settings(DEADLINES);
        lead_since(1, "manager_review", now() - HOURS(2));
        feed("workflow.sent_to_contractors", 1, NULL, "\"manager_id\":3,\"contractor_ids\":[1]");
        tick(host, &told);
        cr_assert_eq(told.count, 0);
        cr_assert_not_null(strstr(shown(1), "  manager_review  left late\n"), "%s", shown(1));
        lead_since(2, "sent_to_contractors", now() - PAWL_S(1));
        cr_assert_not_null(strstr(shown(2), "  manager_review  met\n"), "%s", shown(2));
}

Test(deadlines, coming_back_to_a_state_begins_a_new_one)
{
        fixture_settings(DEADLINES);
        lead_since(1, "clarification", now() - HOURS(2));
        tick(host, &told);
        cr_assert_eq(told.count, 0, "clarification has no deadline");
        feed("request.updated", 1, NULL, "\"customer_id\":5,\"updated_by\":5,\"updated_fields\":{}");
        tick(host, &told);
        cr_assert_eq(told.count, 0);
        cr_assert_eq(sql("SELECT count(*) FROM deadline WHERE state = 'manager_review'"), 2);
        cr_assert_eq(sql("SELECT count(*) FROM deadline WHERE ended IS NULL"), 1);
}

Test(deadlines, another_manager_in_the_same_state_begins_no_new_one)
{
        fixture_settings(DEADLINES);
        lead_since(1, "manager_review", now() - HOURS(2));
        feed("workflow.manager_assigned", 1, NULL, "\"manager_id\":301,\"assigned_by\":9");
        tick(host, &told);
        cr_assert_eq(told.count, 2);
        answer_all(host, &told, 0);
}

Test(deadlines, in_a_state_without_managers_to_assign_it_is_told_to_the_audit_alone)
{
        fixture_settings(DEADLINES);
        lead_since(1, "assigned", now() - HOURS(2));
        tick(host, &told);
        cr_assert_eq(told.count, 1);
        expect_told(&told, 0, "audit-events", "\"state\":\"assigned\"");
        expect_told(&told, 0, "audit-events", "\"manager_id\":300,\"contractor_id\":1,\"escalated_to\":null}");
        answer_all(host, &told, 0);
}

Test(deadlines, nobody_is_assigned_who_has_the_request_already)
{
        fixture_settings(
            "deadlines = { manager_review = \"1h\"; }; deadline_grace = \"0s\"; escalation_manager = 300;");
        lead_since(1, "manager_review", now() - HOURS(2));
        tick(host, &told);
        cr_assert_eq(told.count, 1);
        answer_all(host, &told, 0);
}

Test(deadlines, an_escalation_overtaken_by_others_changes_nothing)
{
        fixture_settings(DEADLINES);
        lead_since(1, "manager_review", now() - HOURS(2));
        lead_since(2, "manager_review", now() - HOURS(2));
        tick(host, &told);
        cr_assert_eq(told.count, 4);
        feed("workflow.sent_to_contractors", 1, NULL, "\"manager_id\":3,\"contractor_ids\":[1]");
        cr_assert_eq(feed_told(&told, 1), PAWL_OK, "%s", last.reason);
        expect_state(1, "sent_to_contractors");
        cr_assert_not_null(strstr(shown(1), "manager    300\n"));
        feed("request.clarification_needed", 2, NULL, "\"customer_id\":5,\"manager_id\":3,\"question\":\"?\"");
        feed("request.updated", 2, NULL, "\"customer_id\":5,\"updated_by\":5,\"updated_fields\":{}");
        cr_assert_eq(feed_told(&told, 3), PAWL_OK, "%s", last.reason);
        cr_assert_not_null(strstr(shown(2), "manager    300\n"), "it was about the time before the question");
        answer_all(host, &told, 0);
}

Test(deadlines, an_event_handled_late_leaves_time_for_what_is_behind_it)
{
        fixture_settings("deadlines = { manager_review = \"1h\"; }; deadline_grace = \"1h\";");
        lead_since(1, "manager_review", now() - HOURS(2));
        tick(host, &told);
        cr_assert_eq(told.count, 0);
        cr_assert_eq(sql("SELECT fires - due >= 3600000000000 FROM deadline"), 1);
}

Test(deadlines, an_event_handled_in_time_has_its_own_deadline_however_short)
{
        fixture_settings("deadlines = { manager_review = \"10s\"; }; deadline_grace = \"1h\";");
        lead_since(1, "manager_review", now() - PAWL_S(1));
        cr_assert_eq(sql("SELECT fires - due FROM deadline"), 0);
}

Test(deadlines, what_a_reload_changes_holds_for_those_that_begin_after_it)
{
        fixture_settings(DEADLINES);
        lead_since(1, "manager_review", now() - HOURS(2));
        fixture_settings("deadlines = { manager_review = \"4h\"; }; deadline_grace = \"0s\";");
        lead_since(2, "manager_review", now() - HOURS(2));
        tick(host, &told);
        cr_assert_eq(told.count, 1);
        expect_told(&told, 0, "audit-events", "\"request_id\":1,");
        answer_all(host, &told, 0);
}

/* ---- Once ---- */

static void lead_many(int64_t count)
{
        for (int64_t i = 1; i <= count; i++)
                lead_since(i, "manager_review", now() - HOURS(2));
}

Test(deadlines, one_that_passes_while_no_instance_runs_is_told_of_by_the_next)
{
        struct pawl_error err;

        fixture_settings(DEADLINES);
        lead_many(1);
        cr_assert(testhost_restart(host, NULL, NULL, &err), "%s", err.text);
        tick(host, &told);
        cr_assert_eq(told.count, 2);
        answer_all(host, &told, 0);
}

Test(deadlines, what_was_not_acknowledged_before_a_restart_is_told_again_with_the_same_ids)
{
        char ids[2][37];
        struct pawl_error err;

        fixture_settings(DEADLINES);
        lead_many(1);
        tick(host, &told);
        cr_assert_eq(told.count, 2);
        for (int i = 0; i < 2; i++)
                memcpy(ids[i], testhost_message(told.publishes[i])->event_id, 37);
        answer_all(host, &told, PAWL_E_CANCELLED);
        cr_assert(testhost_restart(host, NULL, NULL, &err), "%s", err.text);
        tick(host, &told);
        cr_assert_eq(told.count, 2);
        for (int i = 0; i < 2; i++)
                cr_assert_str_eq(testhost_message(told.publishes[i])->event_id, ids[i]);
        answer_all(host, &told, 0);
        tick(host, &told);
        cr_assert_eq(told.count, 0);
        cr_assert_eq(testhost_metric(host, "deadlines_missed"), 1);
}

Test(deadlines, two_instances_on_one_database_tell_of_each_once)
{
        struct testhost *second;
        struct told other = {.count = 0};

        fixture_settings(DEADLINES);
        second = fixture_beside(DEADLINES);
        for (int round = 0; round < 10; round++) {
                lead_since(2 * round + 1, "manager_review", now() - HOURS(2));
                tick(round % 2 ? host : second, round % 2 ? &told : &other);
                tick(round % 2 ? second : host, round % 2 ? &other : &told);
        }
        tick(host, &told);
        tick(second, &other);
        cr_assert_eq(told.count + other.count, 20);
        cr_assert(told.count == 0 || other.count == 0, "one publishes at a time");
        cr_assert_eq(testhost_metric(host, "deadlines_missed") + testhost_metric(second, "deadlines_missed"), 10);
        answer_all(host, &told, 0);
        answer_all(second, &other, 0);
        testhost_close(&second);
        tick(host, &told);
        cr_assert_eq(told.count, 0);
}

Test(deadlines, what_cannot_be_written_whole_is_not_written_and_done_later)
{
        fixture_settings(DEADLINES);
        lead_many(3);
        sql("CREATE TRIGGER broken BEFORE INSERT ON outbox WHEN NEW.event_type = 'workflow.manager_assigned'"
            " BEGIN SELECT RAISE(ABORT, 'broken'); END");
        tick(host, &told);
        cr_assert_eq(told.count, 0);
        cr_assert_eq(sql("SELECT count(*) FROM outbox"), 0);
        cr_assert_eq(sql("SELECT count(*) FROM deadline WHERE missed IS NOT NULL"), 0);
        cr_assert_not_null(strstr(testhost_health(host), "broken"), "%s", testhost_health(host));
        sql("DROP TRIGGER broken");
        tick(host, &told);
        cr_assert_eq(told.count, 6);
        cr_assert_null(strstr(testhost_health(host), "broken"), "%s", testhost_health(host));
        answer_all(host, &told, 0);
}

Test(deadlines, a_locked_database_is_waited_for)
{
        sqlite3 *other;

        fixture_settings(DEADLINES);
        lead_many(1);
        cr_assert_eq(sqlite3_open(scratch_path("workflow.db"), &other), SQLITE_OK);
        cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        tick(host, &told);
        cr_assert_eq(told.count, 0);
        cr_assert_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(other);
        tick(host, &told);
        cr_assert_eq(told.count, 2);
        answer_all(host, &told, 0);
}

/* An instance in a process of its own, killed in the middle of telling; the next one tells of the rest. */
Test(deadlines, a_killed_instance_leaves_none_untold_and_none_told_twice)
{
#define MANY 1000
        pid_t child;

        fixture_settings("deadlines = { manager_review = \"1h\"; }; deadline_grace = \"0s\";");
        lead_to(1, "manager_review");
        sql("WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
            " INSERT INTO request SELECT i, state, customer_id, manager_id, contractor_id, chosen_manager_id, title,"
            " region, urgency, priority, equipment, own_priority, entered FROM n, request");
        sql("DELETE FROM deadline");
        testhost_close(&host);
        child = fork();
        if (child == 0) {
                host = fixture_beside("");
                for (;;)
                        testhost_tick(host);
        }
        sql("INSERT INTO deadline (request_id, state, entered, due, fires) SELECT request_id, state, 0, 1, 1 FROM request");
        while (sql("SELECT count(*) FROM deadline WHERE missed IS NOT NULL") < MANY / 5)
                cr_assert_eq(waitpid(child, NULL, WNOHANG), 0);
        kill(child, SIGKILL);
        cr_assert_eq(waitpid(child, NULL, 0), child);
        host = fixture_beside("");
        testhost_tick(host);
        cr_assert_eq(sql("SELECT count(*) FROM deadline WHERE missed IS NULL"), 0);
        cr_assert_eq(sql("SELECT count(DISTINCT key) FROM outbox"), MANY);
        cr_assert_eq(sql("SELECT count(*) FROM outbox"), MANY);
}

Test(deadlines, many_are_told_of_by_one_tick)
{
        fixture_settings("deadlines = { manager_review = \"1h\"; }; deadline_grace = \"0s\";");
        lead_many(120);
        tick(host, &told);
        cr_assert_eq(told.count, 120);
        answer_all(host, &told, 0);
}
