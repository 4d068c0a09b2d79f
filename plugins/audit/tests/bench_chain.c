/*
 * What the chain costs: appends the same events, in the same batches, by the chain and by a bare loop that hashes the value and inserts the
 * same columns into the same table. Alternating runs, medians of CPU time.
 *
 *     bench_audit_chain [DIRECTORY]
 */
#include "chain.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 100000
#define BATCH  1000
#define RUNS   5
#define BYTES  553

static char value[BYTES + 1];

static struct entry event_of(int64_t i, char id[40])
{
        snprintf(id, 40, "%08x-0000-4000-8000-%012" PRIx64, (unsigned)i * 2654435761u, i);
        return (struct entry){
            .topic = pawl_text("request-events"),
            .partition = (int32_t)(i % 6),
            .offset = i / 6,
            .time = INT64_C(1795341600000000000) + i * 1000000,
            .key = pawl_text("4711"),
            .value = pawl_bytes(value, BYTES),
            .event_type = pawl_text("request.created"),
            .event_id = pawl_bytes(id, 36),
            .correlation_id = pawl_bytes(id, 36),
            .request_id = {true, i % 50000},
        };
}

static void must(bool ok, const char *what)
{
        if (ok)
                return;
        fprintf(stderr, "bench_audit_chain: %s failed\n", what);
        exit(1);
}

static void by_chain(const char *path)
{
        char error[512], id[40];
        pawl_result result;
        struct chain *chain = chain_open(path, error, sizeof error, &result);
        enum chain_fate fate;

        must(chain != NULL, "chain_open");
        for (int64_t i = 0; i < EVENTS;) {
                must(chain_begin(chain), "begin");
                for (int64_t end = i + BATCH; i < end; i++) {
                        struct entry entry = event_of(i, id);

                        must(chain_append(chain, &entry, i, &fate), "append");
                }
                must(chain_commit(chain), "commit");
        }
        chain_close(&chain);
}

static void bare_row(sqlite3_stmt *insert, int64_t i, const struct entry *e, const unsigned char hash[32])
{
        sqlite3_reset(insert);
        sqlite3_bind_int64(insert, 1, i + 1);
        sqlite3_bind_blob(insert, 2, hash, 32, SQLITE_STATIC);
        sqlite3_bind_blob(insert, 3, hash, 32, SQLITE_STATIC);
        sqlite3_bind_int64(insert, 4, i);
        sqlite3_bind_text(insert, 5, e->topic.ptr, (int)e->topic.len, SQLITE_STATIC);
        sqlite3_bind_int(insert, 6, e->partition);
        sqlite3_bind_int64(insert, 7, e->offset);
        sqlite3_bind_int64(insert, 8, e->time);
        sqlite3_bind_text(insert, 9, e->event_type.ptr, (int)e->event_type.len, SQLITE_STATIC);
        sqlite3_bind_text(insert, 10, e->event_id.ptr, (int)e->event_id.len, SQLITE_STATIC);
        sqlite3_bind_text(insert, 11, e->correlation_id.ptr, (int)e->correlation_id.len, SQLITE_STATIC);
        sqlite3_bind_int64(insert, 12, e->request_id.value);
        sqlite3_bind_blob(insert, 13, e->key.ptr, (int)e->key.len, SQLITE_STATIC);
        sqlite3_bind_blob(insert, 14, e->value.ptr, (int)e->value.len, SQLITE_STATIC);
        must(sqlite3_step(insert) == SQLITE_DONE, "insert");
}

static void by_bare_loop(const char *path)
{
        unsigned char hash[32] = {0};
        char error[512], id[40];
        pawl_result result;
        struct db *db = db_open(path, DB_WRITE, &chain_design, error, sizeof error, &result);
        EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        sqlite3_stmt *insert;
        sqlite3 *handle;

        must(db != NULL, "db_open");
        db_close(&db);
        sqlite3_open(path, &handle);
        sqlite3_exec(handle, "PRAGMA synchronous = FULL; PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 4000",
                     NULL, NULL, NULL);
        sqlite3_prepare_v2(handle,
                           "INSERT INTO log (seq, hash, event_hash, recorded, topic, partition, offset, variant, time,"
                           " event_type, event_id, correlation_id, request_id, key, value)"
                           " VALUES (?,?,?,?,?,?,?,0,?,?,?,?,?,?,?)",
                           -1, &insert, NULL);
        for (int64_t i = 0; i < EVENTS;) {
                sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL);
                for (int64_t end = i + BATCH; i < end; i++) {
                        struct entry entry = event_of(i, id);

                        EVP_DigestInit_ex2(ctx, sha256, NULL);
                        EVP_DigestUpdate(ctx, hash, 32);
                        EVP_DigestUpdate(ctx, entry.value.ptr, entry.value.len);
                        EVP_DigestFinal_ex(ctx, hash, NULL);
                        bare_row(insert, i, &entry, hash);
                }
                sqlite3_exec(handle, "COMMIT", NULL, NULL, NULL);
        }
        sqlite3_finalize(insert);
        sqlite3_close(handle);
        EVP_MD_CTX_free(ctx);
        EVP_MD_free(sha256);
}

static double seconds(clockid_t clock)
{
        struct timespec t;

        clock_gettime(clock, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
        return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

/* CPU and wall time of one run in a file of its own. */
static void measure(void (*run)(const char *), const char *dir, double *cpu, double *wall)
{
        static const char *const endings[] = {"", "-wal", "-shm", ".lock"};
        char path[512], file[544];

        snprintf(path, sizeof path, "%s/bench.db", dir);
        *cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
        *wall = seconds(CLOCK_MONOTONIC);
        run(path);
        *cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - *cpu;
        *wall = seconds(CLOCK_MONOTONIC) - *wall;
        for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
                snprintf(file, sizeof file, "%s%s", path, endings[i]);
                unlink(file);
        }
}

int main(int argc, char **argv)
{
        const char *dir = argc > 1 ? argv[1] : ".";
        double chain_cpu[RUNS], chain_wall[RUNS], bare_cpu[RUNS], bare_wall[RUNS];

        memset(value, 'x', BYTES);
        for (int i = 0; i < RUNS; i++) {
                measure(by_bare_loop, dir, &bare_cpu[i], &bare_wall[i]);
                measure(by_chain, dir, &chain_cpu[i], &chain_wall[i]);
        }
        qsort(chain_cpu, RUNS, sizeof(double), compare);
        qsort(chain_wall, RUNS, sizeof(double), compare);
        qsort(bare_cpu, RUNS, sizeof(double), compare);
        qsort(bare_wall, RUNS, sizeof(double), compare);
        printf("bare loop: %.2f us CPU a row, %.0f rows a second\n", bare_cpu[RUNS / 2] / EVENTS * 1e6,
               EVENTS / bare_wall[RUNS / 2]);
        printf("chain:     %.2f us CPU a row, %.0f rows a second\n", chain_cpu[RUNS / 2] / EVENTS * 1e6,
               EVENTS / chain_wall[RUNS / 2]);
        printf("audit chain: %.2f x bare loop\n", chain_cpu[RUNS / 2] / bare_cpu[RUNS / 2]);
        return 0;
}
