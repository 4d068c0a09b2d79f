/* Checkpoints hold a chain against who computes it anew. */
#include "chain_fixture.h"
#include "checkpoint.h"
#include "prune.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOST "host-1"

static struct chain *chain;
static struct key *key;
static struct verify_options options;
static struct verdict verdict;

static void make(void)
{
        scratch_make();
        key = fixture_key("audit.key");
        options = (struct verify_options){.key = key, .host = HOST};
        chain = fixture_open();
}

static void end(void)
{
        chain_close(&chain);
        key_free(&key);
        scratch_remove();
}

static void checkpoint_by(const struct key *by, const char *name, int64_t time)
{
        struct checkpoint_record record = {.host = HOST, .time = time};
        char error[512];

        snprintf(record.chain, sizeof record.chain, "%s", name);
        cr_assert(checkpoint_make(chain, by, scratch_path("."), &record, error, sizeof error), "%s", error);
}

/* Checked against the file too. */
static void with_file(void)
{
        static char path[4096];

        snprintf(path, sizeof path, "%s", scratch_path(CHECKPOINT_FILE));
        options.checkpoints = path;
}

/* The chain's file is gone, and another is begun: all but the numbered event are the same. */
static void compute_anew(int64_t changed, int64_t last)
{
        chain_close(&chain);
        unlink(scratch_path("audit.db"));
        unlink(scratch_path("audit.db-wal"));
        unlink(scratch_path("audit.db-shm"));
        chain = fixture_open();
        fixture_append(chain, 1, changed - 1);
        fixture_append(chain, changed + 1, last + 1);
}

static void expect_fits(int64_t count)
{
        const char *found = fixture_verify(&options, &verdict);

        cr_assert_eq(verdict.faults, 0, "%s", found);
        cr_assert_eq(verdict.checkpoints, count, "%" PRId64, verdict.checkpoints);
}

static void expect_fault(const char *text)
{
        const char *found = fixture_verify(&options, &verdict);

        cr_assert_geq(verdict.faults, 1, "expected: %s", text);
        cr_assert_not_null(strstr(found, text), "expected: %s, found: %s", text, found);
}

TestSuite(checkpoint, .init = make, .fini = end);

Test(checkpoint, a_chain_that_only_grew_fits_all_of_its_checkpoints)
{
        int64_t time;

        cr_assert(checkpoint_last(chain, &time));
        cr_assert_eq(time, -1);
        fixture_append(chain, 1, 10);
        checkpoint_by(key, "audit.db", PAWL_S(100));
        fixture_append(chain, 11, 20);
        checkpoint_by(key, "audit.db", PAWL_S(200));
        fixture_append(chain, 21, 30);
        with_file();
        expect_fits(4); /* each stands in the table and in the file */
        cr_assert_eq(verdict.last_time, PAWL_S(200));
        cr_assert_eq(verdict.last_seq, 20);
        cr_assert(checkpoint_last(chain, &time));
        cr_assert_eq(time, PAWL_S(200));
}

Test(checkpoint, an_empty_chain_has_nothing_to_be_signed)
{
        struct checkpoint_record record = {.chain = "audit.db", .host = HOST, .time = 1};
        char error[512];

        cr_assert_not(checkpoint_make(chain, key, scratch_path("."), &record, error, sizeof error));
        cr_assert_str_eq(error, "the chain is empty");
        expect_fits(0);
}

Test(checkpoint, a_chain_computed_anew_is_whole_in_itself_and_found_out_by_the_file)
{
        fixture_append(chain, 1, 20);
        checkpoint_by(key, "audit.db", PAWL_S(100));
        compute_anew(5, 20);
        expect_fits(0);
        with_file();
        expect_fault("entry 20 has not the hash that it had at the checkpoint of 1970-01-01T00:01:40");
        cr_assert_eq(verdict.faults, 1);
}

Test(checkpoint, a_chain_computed_anew_is_found_out_by_the_checkpoints_beside_it)
{
        fixture_append(chain, 1, 20);
        checkpoint_by(key, "audit.db", PAWL_S(100));
        fixture_append(chain, 21, 25);
        fixture_sql("UPDATE log SET hash = zeroblob(32) WHERE seq = 20");
        expect_fault("entry 20 has not the hash that it had");
}

Test(checkpoint, a_chain_that_ends_before_a_checkpoint_is_found)
{
        fixture_append(chain, 1, 20);
        checkpoint_by(key, "audit.db", PAWL_S(100));
        compute_anew(5, 12);
        with_file();
        expect_fault("is of entry 20, which is not there: the chain was cut off, or begun anew");
}

Test(checkpoint, a_forged_checkpoint_for_a_chain_computed_anew_is_found)
{
        struct key *other = fixture_key("other.key");

        fixture_append(chain, 1, 20);
        compute_anew(5, 20);
        checkpoint_by(other, "audit.db", PAWL_S(100));
        expect_fault("checkpoint 1 is not signed by the key");
        with_file();
        expect_fault("the file's line 1 is not signed by the key");
        key_free(&other);
}

Test(checkpoint, an_altered_checkpoint_is_not_signed)
{
        fixture_append(chain, 1, 20);
        checkpoint_by(key, "audit.db", PAWL_S(100));
        fixture_sql("UPDATE checkpoint SET text = replace(text, '\"seq\":20', '\"seq\":19')");
        expect_fault("checkpoint 1 is not signed by the key");
}

Test(checkpoint, what_is_no_checkpoint_is_named_by_its_line)
{
        FILE *file;

        fixture_append(chain, 1, 20);
        checkpoint_by(key, "audit.db", PAWL_S(100));
        file = fopen(scratch_path(CHECKPOINT_FILE), "a");
        fputs("{\"type\":\"checkpoint\",\"chain", file);
        fclose(file);
        with_file();
        expect_fault("the file's line 2 is no checkpoint");
        /* A line that a crash cut off spoils only itself. */
        checkpoint_by(key, "audit.db", PAWL_S(200));
        expect_fault("the file's line 2 is no checkpoint");
        cr_assert_eq(verdict.faults, 1);
        cr_assert_eq(verdict.checkpoints, 4);
}

Test(checkpoint, a_file_without_one_of_this_chain_holds_nothing)
{
        fixture_append(chain, 1, 20);
        checkpoint_by(key, "audit-1.db", PAWL_S(100));
        with_file();
        expect_fault("has no checkpoint of this chain");
        options.host = "host-2";
        checkpoint_by(key, "audit.db", PAWL_S(100));
        expect_fault("has no checkpoint of this chain");
}

Test(checkpoint, with_a_key_given_no_checkpoint_at_all_is_a_fault)
{
        fixture_append(chain, 1, 20);
        options.need_checkpoint = true;
        expect_fault("no checkpoint holds this chain");
}

Test(checkpoint, a_file_that_is_not_there_ends_the_check)
{
        char error[512];

        fixture_append(chain, 1, 20);
        options.checkpoints = "/nowhere/checkpoints.ndjson";
        cr_assert_not(
            verify_chain(scratch_path("audit.db"), &options, &verdict, NULL, fixture_go_on, NULL, error, sizeof error));
        cr_assert_not_null(strstr(error, "/nowhere/checkpoints.ndjson: No such file"), "%s", error);
}

Test(checkpoint, a_folder_that_is_away_makes_no_checkpoint_and_no_row)
{
        struct checkpoint_record record = {.chain = "audit.db", .host = HOST, .time = 1};
        char error[512];
        int64_t time;

        fixture_append(chain, 1, 20);
        cr_assert_not(checkpoint_make(chain, key, "/nowhere", &record, error, sizeof error));
        cr_assert_not_null(strstr(error, "/nowhere/checkpoints.ndjson: No such file"), "%s", error);
        cr_assert(checkpoint_last(chain, &time));
        cr_assert_eq(time, -1);
}

Test(checkpoint, those_of_removed_entries_are_out_of_reach_and_that_at_the_cut_fits)
{
        struct prune_topic topic = {.name = "request-events", .keep = PAWL_S(1), .done = -1};
        int64_t entries;
        bool more;

        fixture_append(chain, 1, 500);
        checkpoint_by(key, "audit.db", PAWL_S(100));
        fixture_append(chain, 501, 1000);
        checkpoint_by(key, "audit.db", PAWL_S(200));
        fixture_append(chain, 1001, 1100);
        checkpoint_by(key, "audit.db", PAWL_S(300));
        cr_assert(prune_topic(chain, &topic, PAWL_S(1000), key, &entries, &more));
        cr_assert(prune_anchor(chain, PAWL_S(1000), key, &entries));
        cr_assert_eq(entries, 1000);
        expect_fits(2);
        cr_assert_eq(verdict.out_of_reach, 1);
}
