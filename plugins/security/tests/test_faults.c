/* What goes wrong around it: repeats, restarts, a database that is away, kills. */
#include "security_fixture.h"

#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(faults, .init = fixture_make, .fini = fixture_end);

#define ASSIGNED "\"request_id\":5,\"contractor_id\":17,\"manager_id\":101,\"previous_status\":\"sent_to_contractors\""
#define REJECTED                                                                                                       \
        "\"contractor_id\":17,\"verification_type\":\"identity\",\"rejected_by\":8,\"rejection_reason\":\"Подделка\""

/* What the last event emitted: ids and bytes. To be freed. */
static char *all_emitted(void)
{
        struct buf text = {0};

        for (const struct emit *e = last.emits.first; e != NULL; e = e->next)
                buf_printf(&text, "%s %s %.*s %.*s\n", e->topic, e->event_id, (int)e->key_len, (const char *)e->key,
                           (int)e->value_len, (const char *)e->value);
        return text.data;
}

static void expect_the_same_again(const char *event_type, const char *id, const char *members, uint32_t emits)
{
        char *first, *again;

        cr_assert_eq(feed_aged(event_type, id, PAWL_S(3600), members), PAWL_OK, "%s", last.reason);
        cr_assert_eq(last.emits.count, emits);
        first = all_emitted();
        cr_assert_eq(feed_aged(event_type, id, 0, members), PAWL_OK, "%s", last.reason);
        again = all_emitted();
        cr_assert_str_eq(again, first);
        fixture_restart("granted_by = 77; required = [\"documents\"];");
        cr_assert_eq(feed_aged(event_type, id, 0, members), PAWL_OK, "%s", last.reason);
        free(again);
        again = all_emitted();
        cr_assert_str_eq(again, first);
        free(first);
        free(again);
}

Test(faults, a_repeated_grant_changes_nothing_and_emits_the_same_bytes)
{
        verify_all(17);
        expect_the_same_again("workflow.contractor_assigned", "a-1", ASSIGNED, 2);
        cr_assert_eq(sql("SELECT count(*) FROM access"), 1);
        cr_assert_eq(sql("SELECT count(*) FROM history"), 4);
}

Test(faults, a_repeated_refusal_changes_nothing_and_emits_the_same_bytes)
{
        expect_the_same_again("workflow.contractor_assigned", "a-1", ASSIGNED, 2);
        cr_assert_eq(sql("SELECT count(*) FROM access"), 1);
}

Test(faults, a_repeated_rejection_changes_nothing_and_emits_the_same_bytes)
{
        verify_all(17);
        assign(5, 17);
        assign(6, 17);
        expect_the_same_again("security.contractor_rejected", "a-1", REJECTED, 5);
        cr_assert_eq(testhost_metric(host, "repeated"), 2);
}

Test(faults, a_repeat_does_not_undo_what_came_after_it)
{
        verify_all(17);
        cr_assert_eq(feed_aged("workflow.contractor_assigned", "a-1", PAWL_S(3600), ASSIGNED), PAWL_OK);
        cr_assert_eq(feed_aged("security.contractor_rejected", "a-2", PAWL_S(3600), REJECTED), PAWL_OK);
        cr_assert_eq(feed_aged("workflow.contractor_assigned", "a-1", PAWL_S(3600), ASSIGNED), PAWL_OK);
        cr_assert_eq(emitted("security.access_granted"), 1);
        cr_assert_eq(running(), 0);
}

Test(faults, an_id_used_by_another_event_is_rejected_with_both_named)
{
        cr_assert_eq(feed_aged("security.contractor_rejected", "a-1", 0, REJECTED), PAWL_OK);
        cr_assert_eq(feed_aged("workflow.contractor_assigned", "a-1", PAWL_S(3600), ASSIGNED), PAWL_REJECT);
        cr_assert_str_eq(last.reason,
                         "event_id a-1: expected security.contractor_rejected of contractor 17 and request "
                         "-1, which was handled under this id, found workflow.contractor_assigned of "
                         "contractor 17 and request 5 (-1: none)");
        cr_assert_eq(sql("SELECT count(*) FROM access"), 0);
}

Test(faults, without_an_id_the_position_names_the_event)
{
        struct testhost_event event = {
            .topic = "security-events",
            .key = "17",
            .offset = 77,
            .json = "{\"event_type\":\"security.contractor_rejected\"," REJECTED "}",
        };

        for (int i = 0; i < 2; i++) {
                testhost_result_clear(&last);
                testhost_feed(host, &event, &last);
                cr_assert_eq(last.result, PAWL_OK);
                cr_assert_eq(last.emits.count, 1);
        }
        cr_assert_eq(sql("SELECT count(*) FROM history WHERE source = 'security-events/0/77'"), 1);
}

Test(faults, a_locked_database_is_unavailable_and_the_event_is_done_afterwards)
{
        sqlite3 *other;

        verify_all(17);
        cr_assert_eq(sqlite3_open(scratch_path("security.db"), &other), SQLITE_OK);
        cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        cr_assert_eq(feed_aged("workflow.contractor_assigned", "a-1", 0, ASSIGNED), PAWL_UNAVAILABLE);
        cr_assert_not_null(strstr(last.reason, "locked"), "%s", last.reason);
        cr_assert_eq(last.emits.count, 0);
        cr_assert_not_null(strstr(answer(1, "revoke", "17", "--reason", "x", "--by", "1", NULL), "locked"));
        cr_assert_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(other);
        cr_assert_eq(feed_aged("workflow.contractor_assigned", "a-1", 0, ASSIGNED), PAWL_OK);
        cr_assert_eq(emitted("security.access_granted"), 1);
}

Test(faults, a_full_disk_is_unavailable_and_all_catches_up_when_there_is_room)
{
        static char notes[300000];
        static char members[sizeof notes + 256];

        verify_all(17);
        memset(notes, 'x', sizeof notes - 1);
        snprintf(
            members, sizeof members,
            "\"contractor_id\":17,\"verification_type\":\"identity\",\"rejected_by\":8,\"rejection_reason\":\"%s\"",
            notes);
        scratch_limit_files(200000);
        cr_assert_eq(feed_aged("security.contractor_rejected", "a-1", 0, members), PAWL_UNAVAILABLE, "%s", last.reason);
        cr_assert_eq(last.emits.count, 0);
        scratch_limit_files(0);
        expect_standing(17, "approved");
        cr_assert_eq(feed_aged("security.contractor_rejected", "a-1", 0, members), PAWL_OK, "%s", last.reason);
        expect_standing(17, "rejected");
}

Test(faults, a_failure_in_the_middle_leaves_nothing_of_the_event)
{
        verify_all(17);
        assign(5, 17);
        sql("CREATE TRIGGER broken BEFORE INSERT ON emission WHEN new.ordinal = 2"
            " BEGIN SELECT RAISE(ABORT, 'broken'); END");
        cr_assert_eq(feed_aged("security.contractor_rejected", "a-1", 0, REJECTED), PAWL_RETRY);
        cr_assert_not_null(strstr(last.reason, "broken"), "%s", last.reason);
        cr_assert_eq(last.emits.count, 0);
        cr_assert_eq(running(), 1);
        expect_standing(17, "approved");
        sql("DROP TRIGGER broken");
        cr_assert_eq(feed_aged("security.contractor_rejected", "a-1", 0, REJECTED), PAWL_OK);
        cr_assert_eq(emitted("security.access_revoked"), 1);
        cr_assert_eq(testhost_metric(host, "revoked"), 1);
}

Test(faults, an_expiry_that_fails_in_the_middle_leaves_nothing_and_is_done_later)
{
        verify_all(17);
        assign(5, 17);
        let_expire(17, "identity");
        sql("CREATE TRIGGER broken BEFORE INSERT ON outbox WHEN new.event_type = 'security.access_revoked'"
            " BEGIN SELECT RAISE(ABORT, 'broken'); END");
        testhost_tick(host);
        cr_assert_not_null(strstr(testhost_health(host), "broken"), "%s", testhost_health(host));
        cr_assert_eq(running(), 1);
        cr_assert_eq(sql("SELECT count(*) FROM outbox"), 0);
        sql("DROP TRIGGER broken");
        published(host, 3);
        cr_assert_eq(running(), 0);
}

static void feed_many(int64_t count)
{
        for (int64_t i = 1; i <= count; i++) {
                char id[24], members[256];

                snprintf(id, sizeof id, "a-%" PRId64, i);
                snprintf(members, sizeof members,
                         "\"request_id\":%" PRId64 ",\"contractor_id\":17,\"manager_id\":101,\"previous_status\":\"x\"",
                         i);
                feed_aged("workflow.contractor_assigned", id, 0, members);
        }
}

Test(faults, a_killed_worker_leaves_whole_events_and_the_rest_is_handled_again)
{
        int64_t count;
        pid_t child;

        verify_all(17);
        testhost_close(&host);
        child = fork();
        if (child == 0) {
                host = fixture_beside(0);
                feed_many(INT64_MAX);
        }
        while (running() < 20)
                cr_assert_eq(waitpid(child, NULL, WNOHANG), 0);
        kill(child, SIGKILL);
        cr_assert_eq(waitpid(child, NULL, 0), child);
        cr_assert_eq(2 * running(), sql("SELECT count(*) FROM emission JOIN history USING (number)"
                                        " WHERE history.event_type = 'workflow.contractor_assigned'"));
        count = running() + 5;
        host = fixture_beside(0);
        feed_many(count);
        cr_assert_eq(running(), count);
        cr_assert_eq(sql("SELECT count(*) FROM access"), count);
}

Test(faults, a_batch_keeps_what_stands_before_the_event_that_waits)
{
#define ASSIGNMENT(contractor)                                                                                         \
        "{\"event_type\":\"workflow.contractor_assigned\",\"request_id\":5,\"contractor_id\":" contractor              \
        ",\"manager_id\":101,\"previous_status\":\"x\"}"
        const struct testhost_event events[] = {
            {.topic = "workflow-events", .key = "1", .json = ASSIGNMENT("17")},
            {.topic = "workflow-events", .key = "2", .json = ASSIGNMENT("18")},
            {.topic = "workflow-events", .key = "3", .json = ASSIGNMENT("17")},
        };
        struct testhost_result results[3];

        verify_all(17);
        testhost_feed_batch(host, events, 3, results);
        cr_assert_eq(results[0].result, PAWL_OK);
        cr_assert_eq(results[0].emits.count, 2);
        cr_assert_eq(results[1].result, PAWL_WAIT);
        cr_assert(results[2].unrun);
        cr_assert_eq(running(), 1);
        for (int i = 0; i < 3; i++)
                testhost_result_clear(&results[i]);
}

Test(faults, a_damaged_database_is_refused_at_create)
{
        struct pawl_error err = {{0}};
        FILE *file;

        verify_all(17);
        testhost_close(&host);
        cr_assert_eq(unlink(scratch_path("security.db")), 0);
        file = fopen(scratch_path("security.db"), "w");
        for (int i = 0; i < 1000; i++)
                fputs("this is no database\n", file);
        fclose(file);
        host =
            testhost_open(&(struct testhost_options){.so = SECURITY_SO, .name = "security", .dir = scratch_path(".")},
                          &err);
        cr_assert_null(host);
        cr_assert_not_null(strstr(err.text, "not a database"), "%s", err.text);
}

Test(faults, create_leaves_no_file)
{
        cr_assert_neq(access(scratch_path("security.db"), F_OK), 0);
        verify(17, "identity", "approved");
        cr_assert_eq(access(scratch_path("security.db"), F_OK), 0);
}
