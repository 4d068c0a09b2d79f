#include "chain_fixture.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

struct chain *fixture_open(void)
{
        char error[512] = "";
        pawl_result result;
        struct chain *chain = chain_open(scratch_path("audit.db"), error, sizeof error, &result);

        cr_assert_not_null(chain, "%s", error);
        return chain;
}

struct entry fixture_event(int64_t number)
{
        static char value[128];
        static char id[64];

        snprintf(value, sizeof value, "{\"event_type\":\"request.created\",\"title\":\"Ремонт %" PRId64 "\"}", number);
        snprintf(id, sizeof id, "id-%" PRId64, number);
        return (struct entry){
            .topic = pawl_text("request-events"),
            .offset = number,
            .time = PAWL_S(number),
            .key = pawl_text("key"),
            .value = pawl_text(value),
            .event_type = pawl_text(number % 2 ? "request.created" : "request.updated"),
            .event_id = pawl_text(id),
            .request_id = {true, number % 10},
        };
}

void fixture_append(struct chain *chain, int64_t first, int64_t last)
{
        cr_assert(chain_begin(chain));
        for (int64_t number = first; number <= last; number++) {
                struct entry entry = fixture_event(number);
                enum chain_fate fate;

                cr_assert(chain_append(chain, &entry, 1, &fate));
                cr_assert_eq(fate, CHAIN_APPENDED);
        }
        cr_assert(chain_commit(chain));
}

void fixture_append_mixed(struct chain *chain, int64_t first, int64_t last)
{
        cr_assert(chain_begin(chain));
        for (int64_t number = first; number <= last; number++) {
                struct entry entry = fixture_event(number);
                enum chain_fate fate;

                if (number % 4 == 0)
                        entry.topic = pawl_text("hr-events");
                cr_assert(chain_append(chain, &entry, PAWL_S(number), &fate));
                cr_assert_eq(fate, CHAIN_APPENDED);
        }
        cr_assert(chain_commit(chain));
}

struct key *fixture_key(const char *name)
{
        EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        char public[128], error[512];
        struct key *key;
        FILE *file;

        snprintf(public, sizeof public, "%s.pub", name);
        file = fopen(scratch_path(name), "w");
        cr_assert_eq(PEM_write_PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL), 1);
        fclose(file);
        file = fopen(scratch_path(public), "w");
        cr_assert_eq(PEM_write_PUBKEY(file, pkey), 1);
        fclose(file);
        EVP_PKEY_free(pkey);
        key = key_read_private(scratch_path(name), error, sizeof error);
        cr_assert_not_null(key, "%s", error);
        return key;
}

static char faults[8192];

static bool note(void *arg, const char *text)
{
        (void)arg;
        snprintf(faults + strlen(faults), sizeof faults - strlen(faults), "%s\n", text);
        return true;
}

bool fixture_go_on(void *arg)
{
        (void)arg;
        return true;
}

const char *fixture_verify(const struct verify_options *options, struct verdict *verdict)
{
        char error[512];

        faults[0] = '\0';
        cr_assert(verify_chain(scratch_path("audit.db"), options, verdict, note, fixture_go_on, NULL, error,
                               sizeof error),
                  "%s", error);
        return faults;
}

void fixture_chain(int64_t count)
{
        struct chain *chain = fixture_open();

        fixture_append(chain, 1, count);
        chain_close(&chain);
}

void fixture_sql(const char *sql)
{
        char *error = NULL;
        sqlite3 *db;

        cr_assert_eq(sqlite3_open(scratch_path("audit.db"), &db), SQLITE_OK);
        cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &error), SQLITE_OK, "%s: %s", sql, error);
        sqlite3_close(db);
}
