#include "hr_fixture.h"

#include <dirent.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ACT       "documents/2026/act-2026-000001.pdf"
#define INVOICE   "documents/2026/invoice-2026-000001.pdf"
#define COMPLETED TWO_WORKS ",\"amount\":7700.50"

TestSuite(issue, .init = fixture_make, .fini = fixture_end);

/* What the first handling emitted and wrote, to be compared with a later one's. */
static struct {
        char values[2][4096];
        char ids[2][37];
        char hashes[512];
} kept;

static const char *hashes(void)
{
        return output_of("cd '%s' && find documents -type f | sort | xargs -r sha256sum", scratch_path("."));
}

static void keep(void)
{
        const struct emit *e = last.emits.first;

        cr_assert_eq(last.emits.count, 2);
        for (int i = 0; i < 2; i++, e = e->next) {
                snprintf(kept.values[i], sizeof kept.values[i], "%.*s", (int)e->value_len, (const char *)e->value);
                memcpy(kept.ids[i], e->event_id, sizeof kept.ids[i]);
        }
        snprintf(kept.hashes, sizeof kept.hashes, "%s", hashes());
}

/* The same two documents, files and emitted bytes; two rows, whatever happened between. */
static void expect_kept(void)
{
        const struct emit *e = last.emits.first;

        cr_assert_eq(last.emits.count, 2);
        for (int i = 0; i < 2; i++, e = e->next) {
                cr_assert_eq(e->value_len, strlen(kept.values[i]));
                cr_assert_arr_eq(e->value, kept.values[i], e->value_len);
                cr_assert_str_eq(e->event_id, kept.ids[i]);
        }
        cr_assert_str_eq(hashes(), kept.hashes);
        cr_assert_eq(sql("SELECT count(*) FROM document"), 2);
        cr_assert_eq(sql("SELECT count(*) FROM document WHERE sha256 IS NULL"), 0);
        command(0, "verify", NULL, NULL, NULL);
}

static void first_time(void)
{
        cr_assert_eq(feed_completed(42, "e-1", COMPLETED), PAWL_OK, "%s", last.reason);
        keep();
}

static void again(void)
{
        cr_assert_eq(feed_completed(42, "e-1", COMPLETED), PAWL_OK, "%s", last.reason);
        expect_kept();
}

Test(issue, a_repeated_event_makes_no_second_document_and_emits_the_same)
{
        first_time();
        again();
        restart(NULL);
        again();
        cr_assert_eq(testhost_metric(host, "repeated"), 2);
}

/* Each state that a crash can leave is made by hand from the finished one. */
Test(issue, after_a_crash_behind_the_plan_the_same_files_are_written)
{
        first_time();
        sql("UPDATE document SET sha256 = NULL");
        unlink(scratch_path(ACT));
        unlink(scratch_path(INVOICE));
        restart(NULL);
        again();
}

Test(issue, after_a_crash_between_two_files_the_second_is_written)
{
        first_time();
        sql("UPDATE document SET sha256 = NULL");
        unlink(scratch_path(INVOICE));
        restart(NULL);
        again();
}

Test(issue, after_a_crash_in_the_middle_of_a_file_nothing_is_left_of_the_half)
{
        first_time();
        sql("UPDATE document SET sha256 = NULL");
        output_of("head -c 100 '%s' > '%s.tmp' && rm '%s'", scratch_path(ACT), scratch_path(ACT), scratch_path(ACT));
        restart(NULL);
        again();
}

Test(issue, after_a_crash_before_the_hash_is_noted_it_is_noted)
{
        first_time();
        sql("UPDATE document SET sha256 = NULL");
        restart(NULL);
        again();
}

Test(issue, a_crash_before_the_next_number_is_used_leaves_no_gap)
{
        first_time();
        sql("UPDATE document SET sha256 = NULL");
        unlink(scratch_path(ACT));
        restart(NULL);
        cr_assert_eq(feed_completed(43, "e-2", ""), PAWL_OK, "%s", last.reason);
        cr_assert_eq(sql("SELECT ordinal FROM document WHERE request_id = 43"), 2);
        cr_assert_eq(feed_completed(42, "e-1", COMPLETED), PAWL_OK, "%s", last.reason);
        cr_assert_eq(sql("SELECT ordinal FROM document WHERE request_id = 42 AND document_type = 'invoice'"), 1);
        cr_assert_eq(sql("SELECT count(*) FROM document WHERE sha256 IS NULL"), 0);
}

/* The content is kept with the number: other templates and requisites do not change a document that has one. */
Test(issue, what_was_planned_is_printed_as_planned_after_the_settings_changed)
{
        struct pawl_error err;

        first_time();
        sql("UPDATE document SET sha256 = NULL");
        unlink(scratch_path(ACT));
        cr_assert(testhost_restart(host, NULL,
                                   "templates = \"" HR_TEMPLATES "\"; organisation = { name = \"Другая\"; };", &err),
                  "%s", err.text);
        again();
}

static int64_t feed_many(int64_t from)
{
        for (int64_t i = from;; i++) {
                char id[24];

                snprintf(id, sizeof id, "e-%d", (int)i);
                if (feed_completed(i, id, COMPLETED) != PAWL_OK)
                        return i;
        }
}

/* How many files there are, half ones too. */
static int count_files(void)
{
        struct dirent *entry;
        DIR *dir = opendir(scratch_path("documents/2026"));
        int count = 0;

        while (dir != NULL && (entry = readdir(dir)) != NULL)
                count += entry->d_name[0] != '.';
        if (dir != NULL)
                closedir(dir);
        return count;
}

/* A worker killed wherever it is: what it did not finish comes again, and there is no gap and nothing twice. */
Test(issue, killed_at_any_moment_the_rest_is_made_and_numbers_have_no_gaps, .timeout = 60)
{
        testhost_close(&host);
        for (int round = 0; round < 4; round++) {
                struct pawl_error err;
                pid_t child = fork();
                struct testhost_options options = {.so = HR_SO,
                                                   .settings = FIXTURE_SETTINGS,
                                                   .name = "hr",
                                                   .dir = scratch_path(".")};

                if (child == 0) {
                        host = testhost_open(&options, &err);
                        feed_many(1);
                        _exit(1);
                }
                /* Until it has got on by some documents. */
                while (count_files() < round * 10 + 7 + round)
                        cr_assert_eq(waitpid(child, NULL, WNOHANG), 0);
                kill(child, SIGKILL);
                cr_assert_eq(waitpid(child, NULL, 0), child);
        }
        host = testhost_open(&(struct testhost_options){.so = HR_SO,
                                                        .settings = FIXTURE_SETTINGS,
                                                        .name = "hr",
                                                        .dir = scratch_path(".")},
                             &(struct pawl_error){0});
        cr_assert_not_null(host);
        for (int i = 1; i <= (int)sql("SELECT max(request_id) FROM document"); i++) {
                char id[24];

                snprintf(id, sizeof id, "e-%d", i);
                cr_assert_eq(feed_completed(i, id, COMPLETED), PAWL_OK, "%s", last.reason);
                cr_assert_eq(last.emits.count, 2);
        }
        cr_assert_eq(sql("SELECT count(*) = 2 * max(ordinal) AND count(*) = 2 * max(request_id) FROM document"), 1);
        cr_assert_eq(sql("SELECT count(*) FROM document WHERE sha256 IS NULL"), 0);
        cr_assert_str_eq(output_of("find '%s' -name '*.tmp' | wc -l", scratch_path("documents")), "0\n");
        command(0, "verify", NULL, NULL, NULL);
}

/* ---- Other events about the same ---- */

Test(issue, the_same_said_by_another_event_makes_and_emits_nothing)
{
        first_time();
        cr_assert_eq(feed_completed(42, "e-2", "\"amount\":7.7005e3," TWO_WORKS), PAWL_OK, "%s", last.reason);
        cr_assert_eq(last.emits.count, 0);
        cr_assert_eq(sql("SELECT count(*) FROM document"), 2);
}

Test(issue, another_amount_for_a_request_with_documents_is_rejected)
{
        first_time();
        cr_assert_eq(feed_completed(42, "e-2", TWO_WORKS ",\"amount\":9000"), PAWL_REJECT);
        expect_in(last.reason, "request 42: expected what document АКТ-2026-000001 was made of");
        cr_assert_eq(sql("SELECT count(*) FROM document"), 2);
}

/* ---- What is away ---- */

Test(issue, a_folder_that_cannot_be_written_is_unavailable_and_nothing_is_lost)
{
        FILE *file = fopen(scratch_path("documents"), "w");

        fclose(file);
        cr_assert_eq(feed_completed(42, "e-1", COMPLETED), PAWL_UNAVAILABLE);
        expect_in(last.reason, scratch_path("documents/2026"));
        expect_in(last.reason, "Not a directory");
        cr_assert_eq(last.emits.count, 0);
        expect_in(command(1, "verify", NULL, NULL, NULL), "АКТ-2026-000001: planned, not written yet");
        unlink(scratch_path("documents"));
        cr_assert_eq(feed_completed(42, "e-1", COMPLETED), PAWL_OK, "%s", last.reason);
        keep();
        again();
}

Test(issue, a_full_disk_is_unavailable_and_leaves_no_half_file)
{
        cr_assert_eq(feed_completed(41, "e-0", ""), PAWL_OK, "%s", last.reason);
        scratch_limit_files(20000);
        cr_assert_eq(feed_completed(42, "e-1", COMPLETED), PAWL_UNAVAILABLE, "%d %s", last.result, last.reason);
        cr_assert_eq(last.emits.count, 0);
        cr_assert_eq(feed_completed(42, "e-1", COMPLETED), PAWL_UNAVAILABLE);
        scratch_limit_files(0);
        cr_assert_str_eq(output_of("ls '%s'", scratch_path("documents/2026")), "act-2026-000001.pdf\n");
        cr_assert_eq(feed_completed(42, "e-1", COMPLETED), PAWL_OK, "%s", last.reason);
        cr_assert_eq(sql("SELECT max(ordinal) FROM document"), 2);
        command(0, "verify", NULL, NULL, NULL);
}

Test(issue, a_locked_database_is_unavailable)
{
        sqlite3 *other;

        cr_assert_eq(feed_completed(41, "e-0", ""), PAWL_OK, "%s", last.reason);
        cr_assert_eq(sqlite3_open(scratch_path("hr.db"), &other), SQLITE_OK);
        cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        cr_assert_eq(feed_completed(42, "e-1", COMPLETED), PAWL_UNAVAILABLE);
        expect_in(last.reason, "locked");
        cr_assert_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(other);
        cr_assert_eq(feed_completed(42, "e-1", COMPLETED), PAWL_OK, "%s", last.reason);
}

/* ---- Files that somebody touched ---- */

Test(issue, a_removed_file_comes_back_the_same)
{
        first_time();
        unlink(scratch_path(ACT));
        again();
}

Test(issue, a_removed_file_that_would_come_out_otherwise_is_not_forged)
{
        first_time();
        sql("UPDATE document SET sha256 = 'f00' WHERE document_type = 'work_completion_act'");
        unlink(scratch_path(ACT));
        cr_assert_eq(feed_completed(42, "e-1", COMPLETED), PAWL_OK, "%s", last.reason);
        cr_assert_eq(last.emits.count, 2);
        cr_assert_neq(access(scratch_path(ACT), F_OK), 0);
}

Test(issue, verify_names_what_was_changed_and_what_is_gone)
{
        const char *answer;

        first_time();
        output_of("echo >> '%s' && rm '%s'", scratch_path(ACT), scratch_path(INVOICE));
        answer = command(1, "verify", NULL, NULL, NULL);
        expect_in(answer, "АКТ-2026-000001: ");
        expect_in(answer, "expected sha256");
        expect_in(answer, "СЧЕТ-2026-000001: ");
        expect_in(answer, "No such file");
        expect_in(answer, "2 documents, 2 faults");
}
