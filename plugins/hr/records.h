/*
 * The documents, as rows, with their numbers; what was signed and paid; and contractors' verifications. A document is first `planned`:
 * its number and everything that stands in it are there, so that it can be printed again and again; it is `written` when its
 * file stands, and its hash is noted. No row is ever removed, so the numbers of a kind, series and year have no gaps.
 *
 * One thread at a time. Functions fail as those of common/db.h do.
 */
#ifndef HR_RECORDS_H
#define HR_RECORDS_H

#include "files.h"
#include "kinds.h"

#include "common/db.h"
#include "common/outbox.h"

#define RECORD_ID_SIZE     37
#define RECORD_NUMBER_SIZE 96
#define RECORD_FILE_SIZE   96

extern const struct db_design records_design;
extern const int records_outbox; /* where its statements begin */

struct record {
        enum kind kind;
        char document_id[RECORD_ID_SIZE];
        char number[RECORD_NUMBER_SIZE];
        char file[RECORD_FILE_SIZE]; /* in the documents folder */
        int64_t request_id;          /* -1: none */
        int64_t contractor_id;
        int64_t amount;             /* kopecks; -1: none */
        int64_t time;               /* of its event */
        int64_t created_at;         /* when it was planned: the time of what is emitted */
        char hash[FILES_HASH_SIZE]; /* "": planned, not written */
        struct pawl_str source;     /* what names its event; the strings live until records_end */
        struct pawl_str basis;      /* what the event said that matters, in a canonical form; absent: of a contract */
        struct pawl_str correlation_id;
        struct pawl_str content; /* for the press */
        bool is_signed;
        int64_t signed_by;
        int64_t signed_at;
        bool is_paid;
        int64_t paid_at;
        struct pawl_str reference;
};

/* One document: 1, and then records_end; 0: there is none; -1: failed. By request (contractor, for a contract); by id or number. */
int records_find(struct db *db, enum kind kind, int64_t id, struct record *record);
int records_find_text(struct db *db, struct pawl_str id_or_number, struct record *record);
void records_end(struct db *db);

/* A request's documents; all documents when request_id is -1. Begin, then next until it gives 0 or -1. */
bool records_begin(struct db *db, int64_t request_id);
int records_next(struct db *db, int64_t request_id, struct record *record);

/*
 * The next number: fills in number and file by kind and `year`. Inside the transaction that adds the record. `series` may be "".
 */
bool records_number(struct db *db, const char *series, int year, struct record *record, int64_t *ordinal);

/* Adds a planned document, with the ordinal that records_number gave. */
bool records_add(struct db *db, const char *series, int year, int64_t ordinal, const struct record *record);
bool records_written(struct db *db, const char *document_id, const char *hash);

bool records_sign(struct db *db, const char *document_id, int64_t by, int64_t at);
bool records_pay(struct db *db, const char *document_id, struct pawl_str reference, int64_t at);

/* ---- Verifications: each event that said something of one ---- */

struct verification {
        struct pawl_str source;
        int64_t contractor_id;
        struct pawl_str type;
        bool approved;
        int64_t time;
};

/* 1: an event of that source was handled; 0: not; -1: failed. */
int verifications_find(struct db *db, struct pawl_str source);
bool verifications_add(struct db *db, const struct verification *verification);

/* How many of the contractor's verifications are approved by what was said last of each. -1: failed. */
int verifications_approved(struct db *db, int64_t contractor_id);

#endif
