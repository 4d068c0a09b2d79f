/* A database of an older release opens, grows and stays whole. */
#include "chain_fixture.h"
#include "prune.h"

#include <inttypes.h>

/* The schema as it was released first; a copy, which no change of the code may touch. */
#define VERSION_1                                                                                                       \
        "CREATE TABLE log ("                                                                                            \
        "  seq INTEGER PRIMARY KEY,"                                                                                    \
        "  hash BLOB NOT NULL,"                                                                                         \
        "  event_hash BLOB NOT NULL,"                                                                                   \
        "  recorded INTEGER NOT NULL,"                                                                                  \
        "  topic TEXT NOT NULL,"                                                                                        \
        "  partition INTEGER NOT NULL,"                                                                                 \
        "  offset INTEGER NOT NULL,"                                                                                    \
        "  variant INTEGER NOT NULL,"                                                                                   \
        "  time INTEGER NOT NULL,"                                                                                      \
        "  event_type TEXT,"                                                                                            \
        "  event_id TEXT,"                                                                                              \
        "  correlation_id TEXT,"                                                                                        \
        "  request_id INTEGER,"                                                                                         \
        "  user_id INTEGER,"                                                                                            \
        "  key BLOB,"                                                                                                   \
        "  value BLOB,"                                                                                                 \
        "  UNIQUE (topic, partition, offset, variant)"                                                                  \
        ") STRICT;"                                                                                                     \
        "CREATE INDEX log_time ON log (time);"                                                                          \
        "CREATE INDEX log_event_type ON log (event_type, time);"                                                        \
        "CREATE INDEX log_event_id ON log (event_id) WHERE event_id IS NOT NULL;"                                       \
        "CREATE INDEX log_correlation_id ON log (correlation_id) WHERE correlation_id IS NOT NULL;"                     \
        "CREATE INDEX log_request_id ON log (request_id) WHERE request_id IS NOT NULL;"                                 \
        "CREATE INDEX log_user_id ON log (user_id) WHERE user_id IS NOT NULL;"                                          \
        "CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;" \
        "INSERT INTO head VALUES (1, 0, zeroblob(32));"                                                                 \
        "PRAGMA user_version = 1;"

/*
 * Three entries as that release wrote them, hashes and all: request-events/0@1 to @3, values "{}", "[]" and a tombstone,
 * recorded at 1 s, 2 s and 3 s. The hashes were computed by another program, after entry.h.
 */
#define ENTRIES_1                                                                                                                                                                                                                                \
        "INSERT INTO log VALUES (1, x'e0f55ccb4bc386353cfb793858fa091985253c52fe3b2064ce12cf777441dd98', x'6a59a1e674cec67d06c312e730b6c22834c65b155f2b66935207ed1461eaf27f', 1000000000, 'request-events', 0, 1, 0, 1, NULL, NULL, NULL, 7,"    \
        " NULL, x'6b', x'7b7d');"                                                                                                                                                                                                                \
        "INSERT INTO log VALUES (2, x'a7d075762e8cc7707290d4d0e473d07ad6df24a9eed3ce8f8fdff359b158e4c7', x'aa04e6ae2933821449d45988167f3ea9afd905df45e08a13bcd8778eedb9a74d', 2000000000, 'request-events', 0, 2, 0, 2, NULL, NULL, NULL, 8,"    \
        " NULL, x'6b', x'5b5d');"                                                                                                                                                                                                                \
        "INSERT INTO log VALUES (3, x'e3be3abf9b2e3e4d30f1da279715b40b336160e4913c2a5aaf8da382b903566d', x'ab90ad76bb9718317776883fe890885913340f9b2d1312014606e1fe6a6a0119', 3000000000, 'request-events', 0, 3, 0, 3, NULL, NULL, NULL, NULL," \
        " NULL, NULL, NULL);"                                                                                                                                                                                                                    \
        "UPDATE head SET seq = 3, hash = x'e3be3abf9b2e3e4d30f1da279715b40b336160e4913c2a5aaf8da382b903566d';"

static void make(void)
{
        scratch_make();
        fixture_sql("PRAGMA journal_mode = WAL;" VERSION_1 ENTRIES_1);
}

TestSuite(migration, .init = make, .fini = scratch_remove);

Test(migration, a_chain_of_the_first_release_goes_on_and_is_whole)
{
        struct verify_options options = {0};
        struct verdict verdict;
        struct chain *chain = fixture_open();

        cr_assert_eq(chain_length(chain), 3);
        fixture_append(chain, 4, 10);
        chain_close(&chain);
        cr_assert_str_eq(fixture_verify(&options, &verdict), "");
        cr_assert_eq(verdict.checked, 10);
}

Test(migration, events_that_came_before_it_are_recognised_after_it)
{
        struct chain *chain = fixture_open();
        struct entry entry = {.topic = pawl_text("request-events"), .offset = 2, .time = 2};
        enum chain_fate fate;

        entry.key = pawl_text("k");
        entry.value = pawl_text("[]");
        entry.request_id = (struct optional_int){true, 8};
        cr_assert(chain_begin(chain));
        cr_assert(chain_append(chain, &entry, 1, &fate));
        cr_assert_eq(fate, CHAIN_REPEATED);
        cr_assert(chain_commit(chain));
        chain_close(&chain);
}

Test(migration, retention_takes_entries_of_the_first_release_too)
{
        struct prune_topic topic = {.name = "request-events", .keep = PAWL_S(1), .done = -1};
        struct key *key = fixture_key("audit.key");
        struct verify_options options = {.key = key};
        struct verdict verdict;
        struct chain *chain = fixture_open();
        int64_t entries;
        bool more;

        cr_assert(prune_topic(chain, &topic, PAWL_S(3), key, &entries, &more));
        cr_assert_eq(entries, 2);
        chain_close(&chain);
        cr_assert_str_eq(fixture_verify(&options, &verdict), "");
        cr_assert_eq(verdict.pruned, 2);
        key_free(&key);
}
