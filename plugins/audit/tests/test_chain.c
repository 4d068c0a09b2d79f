#include "chain_fixture.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static enum chain_fate append_one(struct chain *chain, struct entry entry)
{
        enum chain_fate fate = CHAIN_FATES;

        cr_assert(chain_begin(chain));
        cr_assert(chain_append(chain, &entry, 1, &fate));
        cr_assert(chain_commit(chain));
        return fate;
}

TestSuite(chain, .init = scratch_make, .fini = scratch_remove);

Test(chain, a_repeat_is_recognised_and_changes_nothing)
{
        struct chain *chain = fixture_open();

        fixture_append(chain, 1, 10);
        cr_assert_eq(append_one(chain, fixture_event(5)), CHAIN_REPEATED);
        chain_close(&chain);
        chain = fixture_open();
        cr_assert_eq(append_one(chain, fixture_event(10)), CHAIN_REPEATED);
        cr_assert_eq(chain_length(chain), 10);
        chain_close(&chain);
}

Test(chain, a_forged_event_id_hides_nothing)
{
        struct chain *chain = fixture_open();
        struct entry forged;

        fixture_append(chain, 1, 3);
        forged = fixture_event(4);
        forged.event_id = pawl_text("id-2");
        cr_assert_eq(append_one(chain, forged), CHAIN_APPENDED);
        chain_close(&chain);
}

Test(chain, other_bytes_from_the_same_offset_are_kept_beside_the_first)
{
        struct chain *chain = fixture_open();
        struct entry other;

        fixture_append(chain, 1, 3);
        other = fixture_event(2);
        other.value = pawl_text("{}");
        cr_assert_eq(append_one(chain, other), CHAIN_CONTRADICTION);
        cr_assert_eq(append_one(chain, other), CHAIN_CONTRADICTION_REPEATED);
        cr_assert_eq(append_one(chain, fixture_event(2)), CHAIN_REPEATED);
        other.value = pawl_text(NULL);
        cr_assert_eq(append_one(chain, other), CHAIN_CONTRADICTION, "a tombstone is other bytes too");
        cr_assert_eq(chain_length(chain), 5);
        chain_close(&chain);
}

Test(chain, a_second_writer_is_kept_out_until_the_first_lets_go)
{
        struct chain *chain = fixture_open();
        char error[512], expected[32];
        pawl_result result = PAWL_OK;

        cr_assert_null(chain_open(scratch_path("audit.db"), error, sizeof error, &result));
        cr_assert_eq(result, PAWL_UNAVAILABLE);
        snprintf(expected, sizeof expected, "process (%ld)", (long)getpid());
        cr_assert_not_null(strstr(error, expected), "%s", error);
        chain_close(&chain);
        chain = fixture_open();
        chain_close(&chain);
}

Test(chain, a_killed_writer_leaves_whole_batches_and_no_lock)
{
        pid_t child = fork();
        struct chain *chain;
        struct entry entry;
        enum chain_fate fate;

        if (child == 0) {
                chain = fixture_open();
                fixture_append(chain, 1, 100);
                entry = fixture_event(101);
                if (chain_begin(chain) && chain_append(chain, &entry, 1, &fate))
                        kill(getpid(), SIGKILL);
                _exit(1);
        }
        cr_assert_eq(waitpid(child, NULL, 0), child);
        chain = fixture_open();
        cr_assert_eq(chain_length(chain), 100);
        cr_assert_eq(append_one(chain, fixture_event(100)), CHAIN_REPEATED);
        cr_assert_eq(append_one(chain, fixture_event(101)), CHAIN_APPENDED);
        chain_close(&chain);
}

Test(chain, a_batch_that_could_not_begin_comes_again_whole)
{
        struct chain *chain = fixture_open();
        sqlite3 *other;

        fixture_append(chain, 1, 2);
        cr_assert_eq(sqlite3_open(scratch_path("audit.db"), &other), SQLITE_OK);
        cr_assert_eq(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
        cr_assert_not(chain_begin(chain));
        cr_assert_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(other);
        fixture_append(chain, 3, 4);
        cr_assert_eq(chain_length(chain), 4);
        chain_close(&chain);
}

Test(chain, a_head_that_another_moved_stops_the_writer)
{
        struct chain *chain = fixture_open();
        struct entry entry;
        enum chain_fate fate;

        fixture_append(chain, 1, 2);
        fixture_sql("UPDATE head SET seq = 1");
        entry = fixture_event(3);
        cr_assert(chain_begin(chain));
        cr_assert(chain_append(chain, &entry, 1, &fate));
        cr_assert_not(chain_commit(chain));
        cr_assert_eq(chain_length(chain), 2);
        chain_close(&chain);
}
