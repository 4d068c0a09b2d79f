#include "verify.h"

#include "chain.h"
#include "row.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Entries are read in slices: one long read would keep SQLite from reusing its write-ahead log while the writer fills it. */
#define SLICE 5000

enum { HEAD, ENTRIES };

static const char *const statements[] = {
    [HEAD] = "SELECT seq, hash, (SELECT max(seq) FROM log), (SELECT min(seq) FROM log) FROM head",
    [ENTRIES] = "SELECT " ROW_COLUMNS " FROM log WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",
};

struct verification {
        struct db *db;
        struct hasher *hasher;
        struct verdict *verdict;
        verify_fault_fn *fault;
        void *arg;
        bool ended;   /* whoever asked wants no more */
        int64_t next; /* the number that the next entry must have */
        bool linked;  /* `previous` is the hash of entry next - 1 */
        unsigned char previous[HASH_SIZE];
};

static PAWL_PRINTF(2, 3) void report(struct verification *v, const char *fmt, ...)
{
        char text[512];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        v->verdict->faults++;
        v->ended |= !v->fault(v->arg, text);
}

static void report_missing(struct verification *v, int64_t first, int64_t last, const char *where)
{
        if (first == last)
                report(v, "entry %" PRId64 " is missing%s", first, where);
        else
                report(v, "entries %" PRId64 " to %" PRId64 " are missing%s", first, last, where);
}

/* Each fault is named once: the next entry is held against what stands in this one, right or not. */
static void check_entry(struct verification *v)
{
        struct entry e;
        struct link link;
        unsigned char hash[HASH_SIZE];
        bool whole = row_read(v->db, ENTRIES, &e, &link);

        if (link.seq > v->next) {
                report_missing(v, v->next, link.seq - 1, "");
                v->linked = false;
        }
        if (!whole || !hasher_event(v->hasher, &e, hash) || memcmp(hash, link.event_hash, HASH_SIZE) != 0)
                report(v,
                       "entry %" PRId64 " (%.*s/%d@%" PRId64 ") was altered: it has not the hash of what stands in it",
                       link.seq, (int)e.topic.len, e.topic.ptr ? e.topic.ptr : "", e.partition, e.offset);
        else if (v->linked &&
                 (!hasher_link(v->hasher, v->previous, &link, hash) || memcmp(hash, link.hash, HASH_SIZE) != 0))
                report(v,
                       "entry %" PRId64 " (%.*s/%d@%" PRId64 ") does not follow the one before it: "
                       "one of the two was altered, replaced or moved",
                       link.seq, (int)e.topic.len, e.topic.ptr, e.partition, e.offset);
        v->linked = whole;
        if (whole)
                memcpy(v->previous, link.hash, HASH_SIZE);
        v->next = link.seq + 1;
        v->verdict->checked++;
}

/* Checks the next entries up to `last`; *count is how many there were. */
static bool check_slice(struct verification *v, int64_t last, int64_t *count)
{
        int64_t before = v->verdict->checked;
        int more;

        if (!db_query(v->db, ENTRIES, DB_VALUES(db_int(v->next), db_int(last), db_int(SLICE))))
                return false;
        while ((more = db_next(v->db, ENTRIES)) == 1 && !v->ended)
                check_entry(v);
        if (more == 1)
                db_end(v->db, ENTRIES);
        *count = v->verdict->checked - before;
        return more >= 0;
}

/* The head as it stands now; entries behind it are there only if somebody put them there. */
static bool read_head(struct verification *v, unsigned char hash[HASH_SIZE])
{
        int found = db_query(v->db, HEAD, DB_NO_VALUES) ? db_next(v->db, HEAD) : -1;
        struct pawl_str bytes;
        int64_t first, last;

        if (found < 0)
                return false;
        v->verdict->length = found ? db_column_int(v->db, HEAD, 0) : 0;
        last = found ? db_column_int(v->db, HEAD, 2) : 0;
        first = found && !db_column_null(v->db, HEAD, 3) ? db_column_int(v->db, HEAD, 3) : 1;
        bytes = found ? db_column_blob(v->db, HEAD, 1) : pawl_text(NULL);
        memset(hash, 0, HASH_SIZE);
        if (bytes.len == HASH_SIZE)
                memcpy(hash, bytes.ptr, HASH_SIZE);
        else
                report(v, "the head record is missing or has no hash");
        if (first < 1)
                report(v, "entries stand before the first one, from %" PRId64 " on", first);
        if (last > v->verdict->length)
                report(v, "entries %" PRId64 " to %" PRId64 " stand behind the head", v->verdict->length + 1, last);
        if (found)
                db_end(v->db, HEAD);
        hash_text(hash, v->verdict->head);
        return true;
}

static bool check_all(struct verification *v, verify_go_on_fn *go_on)
{
        unsigned char head[HASH_SIZE];

        if (!read_head(v, head))
                return false;
        v->next = 1;
        v->linked = true;
        while (v->next <= v->verdict->length && !v->ended) {
                int64_t count;

                if (!check_slice(v, v->verdict->length, &count))
                        return false;
                if (count == 0) {
                        report_missing(v, v->next, v->verdict->length, ": the chain's end was cut off");
                        return true;
                }
                v->ended |= !go_on(v->arg);
        }
        if (v->linked && !v->ended && memcmp(head, v->previous, HASH_SIZE) != 0)
                report(v, "the head record has not the hash of entry %" PRId64, v->verdict->length);
        return true;
}

bool verify_chain(const char *path, struct verdict *verdict, verify_fault_fn *fault, verify_go_on_fn *go_on, void *arg,
                  char *error, size_t error_size)
{
        const struct db_design design = {chain_design.migrations, chain_design.migration_count, statements,
                                         sizeof statements / sizeof statements[0]};
        struct verification v = {.verdict = verdict, .fault = fault, .arg = arg};
        bool ok = false;

        *verdict = (struct verdict){0};
        v.db = db_open(path, DB_READ, &design, error, error_size, NULL);
        if (v.db == NULL)
                return false;
        v.hasher = hasher_new();
        if (v.hasher == NULL) {
                snprintf(error, error_size, "OpenSSL gives no SHA-256");
        } else if (!check_all(&v, go_on)) {
                snprintf(error, error_size, "%s", db_error(v.db));
        } else if (v.ended) {
                snprintf(error, error_size, "ended before its last entry");
        } else {
                ok = true;
        }
        hasher_free(&v.hasher);
        db_close(&v.db);
        return ok;
}
