#include "verify_inner.h"

#include "chain.h"
#include "row.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Entries are read in slices: one long read would keep SQLite from reusing its write-ahead log while the writer fills it. */
#define SLICE 5000

static const char *const statements[VERIFY_STATEMENTS] = {
    [VERIFY_BEGIN] = "BEGIN",
    [VERIFY_END] = "COMMIT",
    [VERIFY_HEAD] = "SELECT seq, hash, (SELECT max(seq) FROM log), (SELECT min(seq) FROM log) FROM head",
    [VERIFY_ANCHOR] =
        "SELECT seq, value FROM log WHERE topic = '" ANCHOR_TOPIC "' ORDER BY partition DESC, offset DESC LIMIT 1",
    [VERIFY_ENTRIES] = "SELECT " ROW_COLUMNS " FROM log WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",
    [VERIFY_RECORD] = "SELECT recorded, value FROM log WHERE seq = ? AND topic = '" PRUNE_TOPIC "'",
    [VERIFY_PRUNED] = "SELECT " ROW_COLUMNS " FROM log WHERE seq BETWEEN ? AND ? AND pruned = ? ORDER BY seq",
    [VERIFY_CHECKPOINTS] = "SELECT text FROM checkpoint ORDER BY rowid",
    [VERIFY_HASH] = "SELECT hash FROM log WHERE seq = ?",
};

void verify_report(struct verification *v, const char *fmt, ...)
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
                verify_report(v, "entry %" PRId64 " is missing%s", first, where);
        else
                verify_report(v, "entries %" PRId64 " to %" PRId64 " are missing%s", first, last, where);
}

/* Is what stands in the entry what its event hash says, or cleared as it should be? */
static bool check_content(struct verification *v, const struct entry *e, const struct link *link, bool whole)
{
        unsigned char hash[HASH_SIZE];

        if (whole && link->pruned != 0) {
                verify_cleared(v, e, link);
                return true;
        }
        if (whole && hasher_event(v->hasher, e, hash) && memcmp(hash, link->event_hash, HASH_SIZE) == 0) {
                verify_record(v, e, link);
                return true;
        }
        verify_report(v,
                      "entry %" PRId64 " (%.*s/%d@%" PRId64 ") was altered: it has not the hash of what stands in it",
                      link->seq, (int)e->topic.len, e->topic.ptr ? e->topic.ptr : "", e->partition, e->offset);
        return false;
}

/* Each fault is named once: the next entry is held against what stands in this one, right or not. */
static void check_entry(struct verification *v)
{
        struct entry e;
        struct link link;
        unsigned char hash[HASH_SIZE];
        bool whole = row_read(v->db, VERIFY_ENTRIES, &e, &link);

        if (link.seq > v->next) {
                report_missing(v, v->next, link.seq - 1, "");
                v->linked = false;
        }
        if (check_content(v, &e, &link, whole) && v->linked &&
            (!hasher_link(v->hasher, v->previous, &link, hash) || memcmp(hash, link.hash, HASH_SIZE) != 0))
                verify_report(v,
                              "entry %" PRId64 " (%.*s/%d@%" PRId64 ") does not follow the one before it: "
                              "one of the two was altered, replaced or moved",
                              link.seq, (int)e.topic.len, e.topic.ptr, e.partition, e.offset);
        v->linked = whole;
        if (whole)
                memcpy(v->previous, link.hash, HASH_SIZE);
        v->next = link.seq + 1;
        v->verdict->checked++;
}

/* Checks the next entries up to the head; *count is how many there were. */
static bool check_entries(struct verification *v, int64_t *count)
{
        int64_t before = v->verdict->checked;
        int more;

        if (!db_query(v->db, VERIFY_ENTRIES, DB_VALUES(db_int(v->next), db_int(v->verdict->length), db_int(SLICE))))
                return false;
        while ((more = db_next(v->db, VERIFY_ENTRIES)) == 1 && !v->ended && !v->failed)
                check_entry(v);
        if (more == 1)
                db_end(v->db, VERIFY_ENTRIES);
        *count = v->verdict->checked - before;
        return more >= 0 && !v->failed;
}

/* What the chain says of its own ends. */
struct ends {
        int64_t first; /* the lowest and highest numbers in the log */
        int64_t last;
        bool has_head;
        unsigned char head[HASH_SIZE];
};

static bool read_ends(struct verification *v, struct ends *ends)
{
        int found = db_query(v->db, VERIFY_HEAD, DB_NO_VALUES) ? db_next(v->db, VERIFY_HEAD) : -1;
        struct pawl_str hash = {NULL, 0};

        *ends = (struct ends){.first = v->anchor.seq + 1};
        v->verdict->length = 0;
        if (found > 0) {
                v->verdict->length = db_column_int(v->db, VERIFY_HEAD, 0);
                ends->last = db_column_int(v->db, VERIFY_HEAD, 2);
                if (!db_column_null(v->db, VERIFY_HEAD, 3))
                        ends->first = db_column_int(v->db, VERIFY_HEAD, 3);
                hash = db_column_blob(v->db, VERIFY_HEAD, 1);
                ends->has_head = hash.len == HASH_SIZE;
                if (ends->has_head)
                        memcpy(ends->head, hash.ptr, HASH_SIZE);
                db_end(v->db, VERIFY_HEAD);
        }
        hash_text(ends->head, v->verdict->head);
        return found >= 0;
}

/* Entries before and behind the chain's ends are there only if somebody put them there. */
static void check_ends(struct verification *v, const struct ends *ends)
{
        if (!ends->has_head)
                verify_report(v, "the head record is missing or has no hash");
        if (ends->first < v->anchor.seq + 1)
                verify_report(v, "entries stand before the first one, from %" PRId64 " on", ends->first);
        if (ends->last > v->verdict->length)
                verify_report(v, "entries %" PRId64 " to %" PRId64 " stand behind the head", v->verdict->length + 1,
                              ends->last);
}

/*
 * The last anchor. What it says is believed here; that it is the chain's own is checked when the walk comes to it, and so it must stand
 * where the walk comes.
 */
static bool read_anchor(struct verification *v)
{
        int found = db_query(v->db, VERIFY_ANCHOR, DB_NO_VALUES) ? db_next(v->db, VERIFY_ANCHOR) : -1;

        v->anchor.seq = 0;
        if (found > 0) {
                int64_t seq = db_column_int(v->db, VERIFY_ANCHOR, 0);

                if (!record_read_anchor(db_column_blob(v->db, VERIFY_ANCHOR, 1), &v->anchor) || v->anchor.seq >= seq)
                        v->anchor.seq = 0;
                db_end(v->db, VERIFY_ANCHOR);
        }
        v->verdict->removed = v->anchor.seq;
        return found >= 0;
}

/* Entries up to an anchor are gone: the walk begins, or goes on, behind it. */
static void pass_anchor(struct verification *v)
{
        if (v->anchor.seq == 0 || v->anchor.seq < v->next - 1)
                return;
        if (v->anchor.seq == v->next - 1 && v->linked && memcmp(v->previous, v->anchor.hash, HASH_SIZE) != 0)
                verify_report(v, "the anchor has not the hash of entry %" PRId64, v->anchor.seq);
        v->next = v->anchor.seq + 1;
        v->linked = true;
        memcpy(v->previous, v->anchor.hash, HASH_SIZE);
}

/* One slice of the file as it is at one moment: the writer may append and prune between two of them. *done: it was the last. */
static bool check_slice(struct verification *v, bool *done)
{
        struct ends ends;
        int64_t count = 0;
        bool begins = v->next == 1;

        if (!read_anchor(v) || !read_ends(v, &ends))
                return false;
        pass_anchor(v);
        if (begins)
                check_ends(v, &ends);
        if (v->next <= v->verdict->length && !check_entries(v, &count))
                return false;
        *done = v->next > v->verdict->length;
        if (!*done && count == 0) {
                report_missing(v, v->next, v->verdict->length, ": the chain's end was cut off");
                *done = true;
        } else if (*done && v->linked && !v->ended && memcmp(ends.head, v->previous, HASH_SIZE) != 0) {
                verify_report(v, "the head record has not the hash of entry %" PRId64, v->verdict->length);
        }
        return true;
}

static bool check_all(struct verification *v, verify_go_on_fn *go_on, char *error, size_t error_size)
{
        bool done = false;

        while (!done && !v->ended) {
                if (!db_run(v->db, VERIFY_BEGIN, DB_NO_VALUES) || !check_slice(v, &done) ||
                    !db_run(v->db, VERIFY_END, DB_NO_VALUES)) {
                        snprintf(error, error_size, "%s", db_error(v->db));
                        return false;
                }
                v->ended |= !go_on(v->arg);
        }
        if (v->ended) {
                snprintf(error, error_size, "ended before its last entry");
                return false;
        }
        if (db_run(v->db, VERIFY_BEGIN, DB_NO_VALUES) && read_anchor(v))
                return verify_checkpoints(v, error, error_size);
        snprintf(error, error_size, "%s", db_error(v->db));
        return false;
}

bool verify_chain(const char *path, const struct verify_options *options, struct verdict *verdict,
                  verify_fault_fn *fault, verify_go_on_fn *go_on, void *arg, char *error, size_t error_size)
{
        const struct db_design design = {chain_design.migrations, chain_design.migration_count, statements,
                                         VERIFY_STATEMENTS};
        const char *slash = strrchr(path, '/');
        struct verification v = {.options = options,
                                 .verdict = verdict,
                                 .fault = fault,
                                 .arg = arg,
                                 .name = slash != NULL ? slash + 1 : path,
                                 .next = 1,
                                 .linked = true};
        bool ok = false;

        *verdict = (struct verdict){.last_time = -1};
        v.db = db_open(path, DB_READ, &design, error, error_size, NULL);
        if (v.db == NULL)
                return false;
        v.hasher = hasher_new();
        if (v.hasher == NULL)
                snprintf(error, error_size, "OpenSSL gives no SHA-256");
        else
                ok = check_all(&v, go_on, error, error_size);
        hasher_free(&v.hasher);
        db_close(&v.db);
        return ok;
}
