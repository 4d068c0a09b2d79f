/* What retention does to a chain, and that nobody can do the same without being found out. */
#include "chain_fixture.h"
#include "chain_inner.h"
#include "prune.h"
#include "record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct chain *chain;
static struct key *key;
static struct verify_options options;
static struct verdict verdict;

static void make(void)
{
        scratch_make();
        key = fixture_key("audit.key");
        options = (struct verify_options){.key = key};
        chain = fixture_open();
        fixture_append_mixed(chain, 1, 2500);
}

static void end(void)
{
        chain_close(&chain);
        key_free(&key);
        scratch_remove();
}

static struct prune_topic topic_of(const char *name, int64_t keep)
{
        struct prune_topic topic = {.keep = keep, .done = -1};

        snprintf(topic.name, sizeof topic.name, "%s", name);
        return topic;
}

/* Clears the topic's entries that were recorded up to `second`, all slices; returns how many. */
static int64_t clear_until(const char *name, int64_t second, const struct key *by)
{
        struct prune_topic topic = topic_of(name, PAWL_S(1));
        int64_t entries, all = 0;
        bool more;

        do {
                cr_assert(prune_topic(chain, &topic, PAWL_S(1 + second), by, &entries, &more), "%s",
                          chain_error(chain));
                all += entries;
        } while (more);
        return all;
}

/* Removes what can be removed at the beginning; returns how many entries went. */
static int64_t remove_front(const struct key *by)
{
        int64_t entries, all = 0;

        do {
                cr_assert(prune_anchor(chain, PAWL_S(1), by, &entries), "%s", chain_error(chain));
                all += entries;
        } while (entries > 0);
        return all;
}

static void expect_whole(int64_t checked, int64_t pruned, int64_t removed)
{
        const char *found = fixture_verify(&options, &verdict);

        cr_assert_eq(verdict.faults, 0, "%s", found);
        cr_assert_eq(verdict.checked, checked, "%" PRId64, verdict.checked);
        cr_assert_eq(verdict.pruned, pruned, "%" PRId64, verdict.pruned);
        cr_assert_eq(verdict.removed, removed, "%" PRId64, verdict.removed);
}

static void expect_fault(const char *text)
{
        const char *found = fixture_verify(&options, &verdict);

        cr_assert_geq(verdict.faults, 1, "expected: %s", text);
        cr_assert_not_null(strstr(found, text), "expected: %s, found: %s", text, found);
}

static int64_t count(const char *condition)
{
        char sql[256];
        sqlite3_stmt *stmt;
        sqlite3 *db;
        int64_t n;

        snprintf(sql, sizeof sql, "SELECT count(*) FROM log WHERE %s", condition);
        cr_assert_eq(sqlite3_open(scratch_path("audit.db"), &db), SQLITE_OK);
        cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
        sqlite3_step(stmt);
        n = sqlite3_column_int64(stmt, 0);
        sqlite3_finalize(stmt);
        sqlite3_close(db);
        return n;
}

TestSuite(retention, .init = make, .fini = end);

Test(retention, only_that_topics_entries_of_that_age_are_cleared_and_the_chain_stays_whole)
{
        cr_assert_eq(clear_until("request-events", 1500, key), 1125);
        cr_assert_eq(count("topic = 'request-events' AND seq <= 1500 AND value IS NULL AND event_id IS NULL"), 1125);
        cr_assert_eq(count("topic = 'request-events' AND seq > 1500 AND value IS NULL"), 0);
        cr_assert_eq(count("topic = 'hr-events' AND value IS NULL"), 0);
        expect_whole(2502, 1125, 0);
}

Test(retention, a_cleared_event_that_comes_again_is_still_recognised)
{
        struct entry entry = fixture_event(5);
        enum chain_fate fate;

        clear_until("request-events", 1500, key);
        cr_assert(chain_begin(chain));
        cr_assert(chain_append(chain, &entry, 1, &fate));
        cr_assert_eq(fate, CHAIN_REPEATED);
        cr_assert(chain_commit(chain));
}

Test(retention, a_pass_goes_on_where_the_last_one_ended)
{
        cr_assert_eq(clear_until("request-events", 700, key), 525);
        cr_assert_eq(clear_until("request-events", 700, key), 0);
        cr_assert_eq(clear_until("request-events", 1500, key), 600);
        chain_close(&chain);
        chain = fixture_open();
        cr_assert_eq(clear_until("request-events", 1600, key), 75);
        expect_whole(2500 + 4, 1200, 0);
}

Test(retention, what_is_cleared_leaves_no_bytes_in_the_file)
{
        char command[512];

        clear_until("request-events", 2500, key);
        chain_close(&chain);
        snprintf(command, sizeof command, "grep -qa 'Ремонт 1001\"' %s", scratch_path("audit.db"));
        cr_assert_neq(system(command), 0);
        snprintf(command, sizeof command, "grep -qa 'Ремонт 1000\"' %s", scratch_path("audit.db"));
        cr_assert_eq(system(command), 0, "that one is of hr-events");
}

Test(retention, blocks_of_remains_at_the_beginning_are_removed_behind_an_anchor)
{
        clear_until("request-events", 2300, key);
        cr_assert_eq(remove_front(key), 0, "hr-events are kept");
        clear_until("hr-events", 1200, key);
        cr_assert_eq(remove_front(key), 1000);
        cr_assert_eq(count("seq <= 1000"), 0);
        /* 2500 events, 3 prunes of request-events, 2 of hr-events, an anchor */
        expect_whole(1506, 1725 + 300 - 1000, 1000);
        clear_until("hr-events", 2300, key);
        cr_assert_eq(remove_front(key), 1000);
        expect_whole(509, 1725 + 575 - 2000, 2000);
}

Test(retention, everything_may_go_but_what_tells_of_it)
{
        clear_until("request-events", 2500, key);
        clear_until("hr-events", 2500, key);
        cr_assert_eq(remove_front(key), 2000);
        fixture_append_mixed(chain, 2501, 4000);
        clear_until("request-events", 4000, key);
        clear_until("hr-events", 4000, key);
        cr_assert_eq(remove_front(key), 2000, "with the first prunes and the first anchors among them");
        expect_whole(chain_length(chain) - 4000, 8, 4000);
        chain_close(&chain);
        chain = fixture_open();
        fixture_append_mixed(chain, 4001, 4002);
        expect_whole(chain_length(chain) - 4000, 8, 4000);
}

Test(retention, events_come_between_the_slices)
{
        struct prune_topic request = topic_of("request-events", PAWL_S(1000000));
        struct prune_topic hr = topic_of("hr-events", PAWL_S(1000000));
        int64_t now = PAWL_S(1000000 + 2000), entries, cleared = 0, number = 2500;
        bool more = true, more_hr = true;

        while (more || more_hr) {
                cr_assert(prune_topic(chain, &request, now, key, &entries, &more));
                cleared += entries;
                fixture_append_mixed(chain, number + 1, number + 70);
                number += 70;
                cr_assert(prune_topic(chain, &hr, now, key, &entries, &more_hr));
                cleared += entries;
                cr_assert_eq(fixture_verify(&options, &verdict)[0], '\0');
        }
        cr_assert_eq(cleared, 2000);
        cr_assert_eq(remove_front(key), 2000);
        expect_whole(chain_length(chain) - 2000, 0, 2000);
}

static bool prunes_once = true;

static bool prune_all(void *arg)
{
        if (prunes_once) {
                clear_until("request-events", 20000, key);
                clear_until("hr-events", 20000, key);
                if (*(const bool *)arg)
                        remove_front(key);
        }
        prunes_once = false;
        return true;
}

static bool no_fault(void *arg, const char *text)
{
        (void)arg;
        cr_assert_null(text, "%s", text);
        return true;
}

Test(retention, a_verification_under_way_sees_entries_cleared_before_it)
{
        char error[512];
        bool anchor = false;

        fixture_append_mixed(chain, 2501, 12000);
        cr_assert(verify_chain(scratch_path("audit.db"), &options, &verdict, no_fault, prune_all, &anchor, error,
                               sizeof error),
                  "%s", error);
        cr_assert_eq(verdict.checked, chain_length(chain));
}

Test(retention, a_verification_under_way_sees_entries_removed_before_it)
{
        char error[512];
        bool anchor = true;

        fixture_append_mixed(chain, 2501, 12000);
        cr_assert(verify_chain(scratch_path("audit.db"), &options, &verdict, no_fault, prune_all, &anchor, error,
                               sizeof error),
                  "%s", error);
        cr_assert_eq(verdict.removed, 12000);
}

/* ---- Who is no retention ---- */

#define CLEARED                                                                                                        \
        "key = NULL, value = NULL, event_type = NULL, event_id = NULL, correlation_id = NULL, request_id = NULL,"      \
        " user_id = NULL"

Test(retention, an_entry_cleared_by_hand_is_found)
{
        clear_until("request-events", 1500, key);
        fixture_sql("UPDATE log SET " CLEARED " WHERE seq = 1701");
        expect_fault("entry 1701 (request-events/0@1701) was altered");
        fixture_sql("UPDATE log SET pruned = 1702 WHERE seq = 1701");
        expect_fault("entry 1701 was cleared, and no entry of the chain tells of it");
        fixture_sql("UPDATE log SET pruned = 99999 WHERE seq = 1701");
        expect_fault("entry 1701 was cleared, and no entry of the chain tells of it");
        fixture_sql("UPDATE log SET pruned = 2502 WHERE seq = 1701");
        expect_fault("entry 1701 was cleared, and entry 2502 does not tell of it");
        fixture_sql("UPDATE log SET topic = 'request-events', pruned = 2502, " CLEARED " WHERE seq = 1400");
        expect_fault("entry 2502 tells of 375 entries of request-events between 1001 and 1500 that were cleared: "
                     "they are not those that are");
}

Test(retention, an_entry_that_is_taken_from_those_a_prune_names_is_found)
{
        clear_until("request-events", 1500, key);
        fixture_sql("UPDATE log SET pruned = NULL WHERE seq = 1401");
        expect_fault("entry 1401 (request-events/0@1401) was altered");
        expect_fault("entry 2502 tells of 375 entries");
}

Test(retention, what_a_cleared_entry_still_says_cannot_be_changed)
{
        static const char *const alterations[] = {
            "topic = 'hr-events'",
            "offset = 90000",
            "partition = 5",
            "time = 7",
            "recorded = 7",
            "variant = 1",
            "event_hash = zeroblob(32)",
            "hash = zeroblob(32)",
            "value = x'7b7d'",
            "event_type = 'request.created'",
            "request_id = 1",
            "seq = 90000",
        };

        clear_until("request-events", 1500, key);
        for (size_t i = 0; i < sizeof alterations / sizeof alterations[0]; i++) {
                char sql[256];

                fixture_sql("CREATE TABLE kept AS SELECT * FROM log WHERE seq = 17");
                snprintf(sql, sizeof sql, "UPDATE log SET %s WHERE seq = 17", alterations[i]);
                fixture_sql(sql);
                fixture_verify(&options, &verdict);
                cr_assert_geq(verdict.faults, 1, "%s", alterations[i]);
                fixture_sql("DELETE FROM log WHERE seq IN (17, 90000); INSERT INTO log SELECT * FROM kept;"
                            "DROP TABLE kept");
        }
        expect_whole(2502, 1125, 0);
}

Test(retention, a_prune_before_the_retention_was_over_is_found)
{
        struct prune_record record = {
            .topic = "request-events", .first = 5, .last = 5, .entries = 1, .retention = PAWL_S(100)};
        struct hasher *hasher = hasher_new();
        struct entry e = fixture_event(5);
        struct link link = {.seq = 5};
        int64_t seq;
        char *text;

        hasher_event(hasher, &e, link.event_hash);
        hasher_digest_begin(hasher);
        hasher_digest_add(hasher, &e, &link);
        hasher_digest_end(hasher, record.digest);
        hasher_free(&hasher);
        text = record_write_prune(&record, key);
        cr_assert(chain_begin(chain));
        cr_assert(chain_append_record(chain, PRUNE_TOPIC, PRUNE_TYPE, pawl_text(text), PAWL_S(104), &seq));
        cr_assert(chain_commit(chain));
        free(text);
        fixture_sql("UPDATE log SET pruned = 2501, " CLEARED " WHERE seq = 5");
        expect_fault("entry 5 was cleared by entry 2501 before the retention of request-events was over");
        cr_assert_eq(verdict.faults, 1);
}

Test(retention, a_prune_by_who_has_not_the_key_is_found)
{
        struct key *other = fixture_key("other.key");

        clear_until("request-events", 500, other);
        expect_fault("entry 2501 (chain.pruned) is not signed by the key");
        options.key = NULL;
        expect_whole(2501, 375, 0);
        key_free(&other);
}

Test(retention, an_anchor_by_who_has_not_the_key_is_found)
{
        struct key *other = fixture_key("other.key");

        clear_until("request-events", 1000, key);
        clear_until("hr-events", 1000, key);
        cr_assert_eq(remove_front(other), 1000);
        expect_fault("(chain.anchored) is not signed by the key");
        key_free(&other);
}

Test(retention, entries_removed_beyond_the_anchor_are_missed)
{
        clear_until("request-events", 1000, key);
        clear_until("hr-events", 1000, key);
        remove_front(key);
        expect_whole(1503, 0, 1000);
        fixture_sql("DELETE FROM log WHERE seq <= 1200");
        expect_fault("entries 1001 to 1200 are missing");
}

Test(retention, without_its_anchor_the_beginning_is_missed)
{
        clear_until("request-events", 1000, key);
        clear_until("hr-events", 1000, key);
        remove_front(key);
        fixture_sql("DELETE FROM log WHERE topic = 'chain/anchor'");
        expect_fault("entries 1 to 1000 are missing");
}

Test(retention, an_altered_anchor_is_found)
{
        clear_until("request-events", 1000, key);
        clear_until("hr-events", 1000, key);
        remove_front(key);
        fixture_sql("DELETE FROM log WHERE seq <= 1200;"
                    "UPDATE log SET value = CAST(replace(CAST(value AS TEXT), '\"seq\":1000', '\"seq\":1200') AS BLOB)"
                    " WHERE topic = 'chain/anchor'");
        expect_fault("(chain/anchor/0@2503) was altered");
        expect_fault("entry 1201 (request-events/0@1201) does not follow the one before it");
}

Test(retention, an_anchor_cannot_hide_the_walk_from_itself)
{
        struct anchor_record anchor = {.seq = 2501};
        int64_t seq;
        char *text = record_write_anchor(&anchor, key);

        cr_assert(chain_begin(chain));
        cr_assert(chain_append_record(chain, ANCHOR_TOPIC, ANCHOR_TYPE, pawl_text(text), 1, &seq));
        cr_assert(chain_commit(chain));
        cr_assert_eq(seq, 2501);
        free(text);
        fixture_sql("UPDATE log SET value = x'7b7d' WHERE seq = 9");
        expect_fault("entry 9 (request-events/0@9) was altered");
        fixture_sql("DELETE FROM log WHERE seq <= 2500");
        expect_fault("entries 1 to 2500 are missing");
}
