#include "chain_fixture.h"
#include "verify.h"

#include <string.h>

static char faults[4096];
static char error[512];
static struct verdict verdict;
static struct verify_options options; /* no key, no file */

static bool note(void *arg, const char *text)
{
        (void)arg;
        strncat(faults, text, sizeof faults - strlen(faults) - 1);
        strncat(faults, "\n", sizeof faults - strlen(faults) - 1);
        return true;
}

static bool go_on(void *arg)
{
        (void)arg;
        return true;
}

/* Verifies, and expects this many faults, each text among what was reported. */
static void expect_faults(int64_t count, const char *text)
{
        faults[0] = '\0';
        cr_assert(verify_chain(scratch_path("audit.db"), &options, &verdict, note, go_on, NULL, error, sizeof error),
                  "%s", error);
        cr_assert_eq(verdict.faults, count, "%s", faults);
        cr_assert_not_null(strstr(faults, text), "%s", faults);
}

static void make(void)
{
        scratch_make();
        fixture_chain(100);
}

TestSuite(verify, .init = make, .fini = scratch_remove);

Test(verify, a_whole_chain_has_no_faults)
{
        expect_faults(0, "");
        cr_assert_eq(verdict.checked, 100);
        cr_assert_eq(verdict.length, 100);
        cr_assert_eq(strlen(verdict.head), 64);
}

Test(verify, more_than_one_slice_and_contradictions_are_whole_too)
{
        struct chain *chain = fixture_open();
        struct entry other;
        enum chain_fate fate;

        fixture_append(chain, 101, 12000);
        other = fixture_event(5);
        other.key = pawl_text(NULL);
        cr_assert(chain_begin(chain));
        cr_assert(chain_append(chain, &other, 1, &fate));
        cr_assert(chain_commit(chain));
        expect_faults(0, "");
        cr_assert_eq(verdict.checked, 12001);
        chain_close(&chain);
}

Test(verify, an_altered_column_is_found_whichever_it_is)
{
        static const char *const alterations[] = {
            "value = x'7b7d'",
            "value = NULL",
            "key = x'6b'",
            "topic = 'hr-events'",
            "partition = 1",
            "offset = 1000",
            "time = 0",
            "event_type = 'request.cancelled'",
            "event_type = CAST(x'00ff' AS TEXT)",
            "event_id = NULL",
            "request_id = 3000",
            "user_id = 1",
            "correlation_id = 'c'",
            "event_hash = x'00ff'",
            "recorded = 2",
            "variant = 1",
            "hash = zeroblob(32)",
            "hash = x'00'",
        };

        for (size_t i = 0; i < sizeof alterations / sizeof alterations[0]; i++) {
                char sql[256];

                fixture_sql("CREATE TABLE kept AS SELECT * FROM log WHERE seq = 17");
                snprintf(sql, sizeof sql, "UPDATE log SET %s WHERE seq = 17", alterations[i]);
                fixture_sql(sql);
                faults[0] = '\0';
                cr_assert(
                    verify_chain(scratch_path("audit.db"), &options, &verdict, note, go_on, NULL, error, sizeof error));
                cr_assert_geq(verdict.faults, 1, "%s", alterations[i]);
                cr_assert_not_null(strstr(faults, "entry 17 "), "%s: %s", alterations[i], faults);
                fixture_sql("DELETE FROM log WHERE seq = 17;"
                            "INSERT INTO log SELECT * FROM kept; DROP TABLE kept");
        }
        expect_faults(0, "");
}

Test(verify, an_altered_entry_is_named_with_its_position)
{
        fixture_sql("UPDATE log SET request_id = 9999 WHERE seq = 42");
        expect_faults(1, "entry 42 (request-events/0@42) was altered");
}

Test(verify, removed_entries_are_named)
{
        fixture_sql("DELETE FROM log WHERE seq = 17");
        expect_faults(1, "entry 17 is missing\n");
        fixture_sql("DELETE FROM log WHERE seq BETWEEN 50 AND 60");
        expect_faults(2, "entries 50 to 60 are missing\n");
}

Test(verify, removed_entries_are_found_when_the_rest_was_renumbered)
{
        fixture_sql("DELETE FROM log WHERE seq = 17;"
                    "UPDATE log SET seq = -seq WHERE seq > 17; UPDATE log SET seq = -seq - 1 WHERE seq < 0");
        expect_faults(2, "entry 17 (request-events/0@18) does not follow the one before it");
        cr_assert_not_null(strstr(faults, "entry 100 is missing: the chain's end was cut off"), "%s", faults);
}

Test(verify, reordered_entries_are_found)
{
        fixture_sql("UPDATE log SET seq = -17 WHERE seq = 17; UPDATE log SET seq = 17 WHERE seq = 18;"
                    "UPDATE log SET seq = 18 WHERE seq = -17");
        expect_faults(3, "entry 17 (request-events/0@18) does not follow the one before it");
}

Test(verify, an_end_that_was_cut_off_is_found)
{
        fixture_sql("DELETE FROM log WHERE seq > 90");
        expect_faults(1, "entries 91 to 100 are missing: the chain's end was cut off");
        fixture_sql("DELETE FROM log");
        expect_faults(1, "entries 1 to 100 are missing");
}

Test(verify, an_altered_head_is_found)
{
        fixture_sql("UPDATE head SET seq = 90");
        expect_faults(2, "entries 91 to 100 stand behind the head");
        fixture_sql("UPDATE head SET seq = 100, hash = zeroblob(32)");
        expect_faults(1, "the head record has not the hash of entry 100");
        fixture_sql("UPDATE head SET seq = 1000000000000000000");
        expect_faults(1, "entries 101 to 1000000000000000000 are missing");
        fixture_sql("DELETE FROM head");
        expect_faults(1, "the head record is missing");
}

Test(verify, an_entry_put_in_is_found)
{
        fixture_sql(
            "INSERT INTO log SELECT 0, hash, event_hash, recorded, topic, partition, 1000, variant, time, "
            "event_type, event_id, correlation_id, request_id, user_id, key, value, pruned FROM log WHERE seq = 5");
        expect_faults(1, "entries stand before the first one, from 0 on");
}

Test(verify, a_removed_entry_stays_missed_however_much_is_appended)
{
        struct chain *chain;

        fixture_sql("DELETE FROM log WHERE seq > 95");
        chain = fixture_open();
        fixture_append(chain, 101, 200);
        chain_close(&chain);
        expect_faults(1, "entries 96 to 100 are missing\n");
}

Test(verify, what_cannot_be_read_is_said)
{
        cr_assert_not(
            verify_chain(scratch_path("none.db"), &options, &verdict, note, go_on, NULL, error, sizeof error));
        cr_assert_not_null(strstr(error, "none.db"), "%s", error);
}
