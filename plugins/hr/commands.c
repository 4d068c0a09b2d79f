#include "commands.h"

#include "hr.h"
#include "money.h"
#include "records.h"

#include "common/command.h"
#include "common/iso_time.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Both ---- */

static struct db *open_db(struct pawl_ctx *ctx, const struct hr *hr, int mode)
{
        char error[512];
        struct db *db = db_open(hr->path, mode, &records_design, error, sizeof error, NULL);

        if (db == NULL)
                command_reply(ctx, "%s\n", error);
        return db;
}

static int32_t failed(struct pawl_ctx *ctx, struct db *db)
{
        command_reply(ctx, "%s\n", db_error(db));
        return COMMAND_FAILED;
}

static bool unknown(struct pawl_ctx *ctx, struct pawl_str what)
{
        char shown[128];

        command_reply(ctx, "%s: expected the id or the number of a document, or a request that has one\n",
                      command_printable(what, shown, sizeof shown));
        return false;
}

/* ---- show ---- */

static void show_record(struct pawl_ctx *ctx, const struct hr *hr, const struct record *r)
{
        char time[ISO_TIME_SIZE], amount[MONEY_TEXT_SIZE], reference[256];

        command_reply(ctx, "%s  %s  %s\n", r->number, kind_names[r->kind].document_type, r->document_id);
        if (r->request_id >= 0)
                command_reply(ctx, "  %-10s %" PRId64 "\n", "request", r->request_id);
        command_reply(ctx, "  %-10s %" PRId64 "\n", "contractor", r->contractor_id);
        if (r->amount >= 0)
                command_reply(ctx, "  %-10s %s\n", "amount", money_json(r->amount, amount));
        command_reply(ctx, "  %-10s %s\n", "date", iso_time_format(r->time, time));
        command_reply(ctx, "  %-10s %s/%s\n", "file", hr->documents, r->file);
        command_reply(ctx, "  %-10s %s\n", "sha256", r->hash[0] != '\0' ? r->hash : "- (planned, not written yet)");
        if (r->is_signed)
                command_reply(ctx, "  %-10s by %" PRId64 " at %s\n", "signed", r->signed_by,
                              iso_time_format(r->signed_at, time));
        else
                command_reply(ctx, "  %-10s no\n", "signed");
        if (r->is_paid)
                command_reply(ctx, "  %-10s at %s, reference %s\n", "paid", iso_time_format(r->paid_at, time),
                              command_printable(r->reference, reference, sizeof reference));
        else if (r->kind == DOC_INVOICE)
                command_reply(ctx, "  %-10s no\n", "paid");
}

static int32_t show(struct pawl_ctx *ctx, const struct hr *hr, struct db *db, struct pawl_str what)
{
        struct record record;
        int64_t request_id;
        int64_t count = 0;
        int more;

        if (command_number(what, &request_id) && request_id >= 0) {
                more = records_begin(db, request_id) ? 1 : -1;
                while (more > 0 && (more = records_next(db, request_id, &record)) == 1) {
                        show_record(ctx, hr, &record);
                        count++;
                }
        } else {
                more = records_find_text(db, what, &record);
                if (more == 1) {
                        show_record(ctx, hr, &record);
                        count++;
                }
        }
        if (more < 0)
                return failed(ctx, db);
        return count > 0 || unknown(ctx, what) ? COMMAND_OK : COMMAND_FAILED;
}

int32_t hr_show(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        const struct hr *hr = self;
        int32_t status;
        struct db *db;

        if (argc != 1) {
                command_reply(ctx, "show: expected a request, or the id or number of a document\n");
                return COMMAND_USAGE;
        }
        db = open_db(ctx, hr, DB_READ);
        if (db == NULL)
                return COMMAND_FAILED;
        status = show(ctx, hr, db, argv[0]);
        records_end(db);
        db_close(&db);
        return status;
}

/* ---- sign and pay: a row, and the event that tells of it, in one transaction ---- */

/* What a command wants to note of a document. */
struct deed {
        struct pawl_ctx *ctx;
        struct hr *hr;
        struct db *db;
        struct pawl_str what; /* the document or request that was named */
        int64_t by;
        int64_t at;
        struct pawl_str reference;
        struct record record;
};

/* Owes the world the event, with the correlation id of the document's. `name` and the document make its id. */
static bool owe(struct deed *d, const char *event_type, const char *name, int64_t key, const char *body)
{
        char id_name[96], id[RECORD_ID_SIZE], key_text[24];
        struct outbox_event event = {
            .topic = pawl_text(HR_TOPIC),
            .event_type = pawl_text(event_type),
            .body = pawl_text(body),
            .correlation_id = d->record.correlation_id,
        };

        snprintf(id_name, sizeof id_name, "%s/%s", name, d->record.document_id);
        pawl_derive_id(d->hr->instance, pawl_text(id_name), id);
        event.event_id = pawl_text(id);
        event.key.ptr = key_text;
        event.key.len = (size_t)snprintf(key_text, sizeof key_text, "%" PRId64, key);
        return body != NULL && outbox_add(d->db, records_outbox, &event);
}

static int32_t sign(struct deed *d)
{
        struct record *r = &d->record;
        char time[ISO_TIME_SIZE];
        char *body;
        bool ok;

        if (r->is_signed) {
                command_reply(d->ctx, "%s is signed already, by %" PRId64 " at %s\n", r->number, r->signed_by,
                              iso_time_format(r->signed_at, time));
                return COMMAND_FAILED;
        }
        if (r->hash[0] == '\0') {
                command_reply(d->ctx, "%s is planned, and its file is not written yet: it cannot be signed\n",
                              r->number);
                return COMMAND_FAILED;
        }
        if (asprintf(&body,
                     "{\"document_id\":\"%s\",\"contractor_id\":%" PRId64 ",\"signed_by\":%" PRId64
                     ",\"signed_at\":\"%s\"}",
                     r->document_id, r->contractor_id, d->by, iso_time_format(d->at, time)) < 0)
                body = NULL;
        ok = records_sign(d->db, r->document_id, d->by, d->at) &&
             owe(d, "hr.document_signed", "signed", r->contractor_id, body);
        free(body);
        if (!ok)
                return failed(d->ctx, d->db);
        command_reply(d->ctx, "%s is signed by %" PRId64 " at %s\n", r->number, d->by, iso_time_format(d->at, time));
        return COMMAND_OK;
}

/* The amount stands in the text as it is: exact, with its two decimals. */
static char *payment_body(const struct deed *d)
{
        const struct record *r = &d->record;
        json_t *reference = d->reference.ptr != NULL ? json_stringn(d->reference.ptr, d->reference.len) : json_null();
        char *quoted = json_dumps(reference, JSON_ENCODE_ANY);
        char amount[MONEY_TEXT_SIZE];
        char *body = NULL;

        if (quoted == NULL ||
            asprintf(&body,
                     "{\"contractor_id\":%" PRId64 ",\"request_id\":%" PRId64
                     ",\"document_id\":\"%s\",\"amount\":%s,\"payment_reference\":%s}",
                     r->contractor_id, r->request_id, r->document_id, money_json(r->amount, amount), quoted) < 0)
                body = NULL;
        free(quoted);
        json_decref(reference);
        return body;
}

static int32_t pay(struct deed *d)
{
        struct record *r = &d->record;
        char time[ISO_TIME_SIZE], amount[MONEY_TEXT_SIZE], reference[256];
        char *body;
        bool ok;

        if (r->kind != DOC_INVOICE) {
                command_reply(d->ctx, "%s is no invoice: %s\n", r->number, kind_names[r->kind].document_type);
                return COMMAND_FAILED;
        }
        if (r->is_paid) {
                command_reply(d->ctx, "%s is paid already, at %s, reference %s\n", r->number,
                              iso_time_format(r->paid_at, time),
                              command_printable(r->reference, reference, sizeof reference));
                return COMMAND_FAILED;
        }
        body = payment_body(d);
        if (body == NULL) {
                command_reply(d->ctx, "--reference: expected UTF-8 text\n");
                return COMMAND_USAGE;
        }
        ok = records_pay(d->db, r->document_id, d->reference, d->at) &&
             owe(d, "hr.payment_processed", "paid", r->request_id, body);
        free(body);
        if (!ok)
                return failed(d->ctx, d->db);
        command_reply(d->ctx, "%s is paid: %s roubles to contractor %" PRId64 "\n", r->number,
                      money_json(r->amount, amount), r->contractor_id);
        return COMMAND_OK;
}

/* Finds the document (a request means its invoice) and does it, whole or not at all. */
static int32_t in_transaction(struct deed *d, bool request_too, int32_t (*act)(struct deed *d))
{
        int32_t status = COMMAND_FAILED;
        int64_t request_id;
        int found;

        if (!db_begin(d->db))
                return failed(d->ctx, d->db);
        if (request_too && command_number(d->what, &request_id))
                found = records_find(d->db, DOC_INVOICE, request_id, &d->record);
        else
                found = records_find_text(d->db, d->what, &d->record);
        if (found == 1)
                status = act(d);
        else if (found == 0)
                unknown(d->ctx, d->what);
        else
                failed(d->ctx, d->db);
        records_end(d->db);
        if (status == COMMAND_OK && !db_commit(d->db))
                status = failed(d->ctx, d->db);
        db_rollback(d->db);
        return status;
}

static int32_t carry_out(struct deed *d, bool request_too, int32_t (*act)(struct deed *d))
{
        int32_t status;

        d->db = open_db(d->ctx, d->hr, DB_WRITE);
        if (d->db == NULL)
                return COMMAND_FAILED;
        status = in_transaction(d, request_too, act);
        db_close(&d->db);
        return status;
}

int32_t hr_sign(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        static const char *const names[] = {"by", "at"};
        struct deed d = {.ctx = ctx, .hr = self, .at = pawl_now(ctx->instance)};
        struct pawl_str values[2];

        if (argc < 1) {
                command_reply(ctx, "sign: expected a document, and --by USER\n");
                return COMMAND_USAGE;
        }
        d.what = argv[0];
        if (!command_options(ctx, argv + 1, argc - 1, names, values, 2))
                return COMMAND_USAGE;
        if (!command_number(values[0], &d.by) || d.by < 0) {
                command_reply(ctx, "--by: expected the id of a user, a number of 0 or more\n");
                return COMMAND_USAGE;
        }
        if (values[1].ptr != NULL && !iso_time_parse(values[1], &d.at)) {
                command_reply(ctx, "--at: expected a time like 2026-11-22T10:00:00+03:00\n");
                return COMMAND_USAGE;
        }
        return carry_out(&d, false, sign);
}

int32_t hr_pay(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        static const char *const names[] = {"reference"};
        struct deed d = {.ctx = ctx, .hr = self, .at = pawl_now(ctx->instance)};

        if (argc < 1) {
                command_reply(ctx, "pay: expected a request, or the id or number of an invoice\n");
                return COMMAND_USAGE;
        }
        d.what = argv[0];
        if (!command_options(ctx, argv + 1, argc - 1, names, &d.reference, 1))
                return COMMAND_USAGE;
        return carry_out(&d, true, pay);
}

/* ---- verify ---- */

static bool verify_record(struct pawl_ctx *ctx, const struct hr *hr, const struct record *r)
{
        char hash[FILES_HASH_SIZE];
        char error[4400];

        if (r->hash[0] == '\0')
                return !command_reply(ctx, "%s: planned, not written yet\n", r->number);
        if (!files_hash_of(hr->documents, r->file, hash, error, sizeof error))
                return !command_reply(ctx, "%s: %s\n", r->number, error);
        if (strcmp(hash, r->hash) != 0)
                return !command_reply(ctx, "%s: %s/%s: expected sha256 %s, found %s\n", r->number, hr->documents,
                                      r->file, r->hash, hash);
        return true;
}

int32_t hr_verify(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        const struct hr *hr = self;
        struct db *db = open_db(ctx, hr, DB_READ);
        int64_t count = 0, faults = 0;
        struct record record;
        int more = 1;

        (void)argv;
        (void)argc;
        if (db == NULL)
                return COMMAND_FAILED;
        if (!records_begin(db, -1))
                more = -1;
        while (more > 0 && !pawl_cancelled(ctx) && (more = records_next(db, -1, &record)) == 1) {
                count++;
                faults += !verify_record(ctx, hr, &record);
        }
        records_end(db);
        if (more < 0)
                command_reply(ctx, "%s\n", db_error(db));
        else
                command_reply(ctx, "%" PRId64 " documents, %" PRId64 " faults\n", count, faults);
        db_close(&db);
        return more == 0 && faults == 0 ? COMMAND_OK : COMMAND_FAILED;
}
