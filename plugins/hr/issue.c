#include "issue.h"

#include "common/iso_time.h"

#include <inttypes.h>
#include <pawl/jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD_MAX PAWL_S(86400) /* an event's own time beyond this is a wrong clock's */

/* ---- The event ---- */

/* When it happened: as the producer says, or else as Kafka does. */
static int64_t time_of(struct hr *hr, const struct pawl_event *ev)
{
        int64_t now = pawl_now(hr->instance);
        struct pawl_str text;
        int64_t time;

        if (pawl_event_string(ev, "timestamp", &text) && iso_time_parse(text, &time) && time <= now + AHEAD_MAX)
                return time;
        time = pawl_event_timestamp(ev);
        return time >= 0 && time <= now + AHEAD_MAX ? time : now;
}

void issue_begin(struct issue *issue, struct hr *hr, struct pawl_ctx *ctx, const struct pawl_event *ev)
{
        memset(issue, 0, sizeof *issue);
        issue->hr = hr;
        issue->ctx = ctx;
        issue->ev = ev;
        issue->time = time_of(hr, ev);
        issue->source = pawl_event_id(ev);
        if (issue->source.len > 0)
                return;
        snprintf(issue->position, sizeof issue->position, "%s/%" PRId32 "/%" PRId64, pawl_event_topic(ev).ptr,
                 pawl_event_partition(ev), pawl_event_offset(ev));
        issue->source = pawl_text(issue->position);
}

void issue_end(struct issue *issue)
{
        for (size_t i = 0; i < issue->count; i++)
                free(issue->documents[i].content);
        issue->count = 0;
}

/* ---- The database ---- */

static pawl_result open_database(struct hr *hr, struct pawl_ctx *ctx)
{
        char error[512];
        pawl_result result;

        if (hr->db == NULL)
                hr->db = db_open(hr->path, DB_WRITE, &records_design, error, sizeof error, &result);
        if (hr->db != NULL)
                return PAWL_OK;
        return result == PAWL_FATAL ? pawl_fatal(ctx, "%s", error) : pawl_unavailable(ctx, "%s", error);
}

pawl_result issue_lock(struct issue *issue)
{
        struct hr *hr = issue->hr;
        pawl_result result;

        pthread_mutex_lock(&hr->lock);
        result = open_database(hr, issue->ctx);
        if (result == PAWL_OK && !db_begin(hr->db))
                result = db_outcome(hr->db, issue->ctx);
        if (result != PAWL_OK)
                pthread_mutex_unlock(&hr->lock);
        return result;
}

pawl_result issue_unlock(struct issue *issue, pawl_result result)
{
        struct hr *hr = issue->hr;

        records_end(hr->db);
        if (result == PAWL_OK && !db_commit(hr->db))
                result = db_outcome(hr->db, issue->ctx);
        db_rollback(hr->db);
        pthread_mutex_unlock(&hr->lock);
        return result;
}

/* ---- 1: planned ---- */

static pawl_result keep(struct issue *issue, const struct record *record)
{
        struct issued *document = &issue->documents[issue->count];

        document->content = strndup(record->content.ptr, record->content.len);
        if (document->content == NULL)
                return pawl_unavailable(issue->ctx, "out of memory");
        document->record = *record;
        issue->count++;
        return PAWL_OK;
}

static bool same(struct pawl_str a, struct pawl_str b)
{
        return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* The document stands already. */
static pawl_result found_before(struct issue *issue, const struct record *record, struct pawl_str basis)
{
        if (!same(record->basis, basis))
                return pawl_reject(issue->ctx,
                                   "request %" PRId64 ": expected what document %s was made of, or a request without "
                                   "one, found another contractor, other works or another amount",
                                   record->request_id, record->number);
        issue->repeated = true;
        /* Another event said the same, and it told the world of the document. */
        return same(record->source, issue->source) ? keep(issue, record) : PAWL_OK;
}

static void derive_id(struct hr *hr, struct record *r)
{
        char name[96];

        snprintf(name, sizeof name, "%s/%" PRId64, kind_names[r->kind].document_type,
                 r->kind == DOC_CONTRACT ? r->contractor_id : r->request_id);
        pawl_derive_id(hr->instance, pawl_text(name), r->document_id);
}

static int64_t amount_of(const struct facts *facts)
{
        return facts->completion != NULL && facts->completion->has_amount ? facts->completion->amount : -1;
}

static pawl_result plan_new(struct issue *issue, struct facts *facts, struct pawl_str basis)
{
        struct hr *hr = issue->hr;
        struct record record = {
            .kind = facts->kind,
            .request_id = facts->kind == DOC_CONTRACT ? -1 : facts->request_id,
            .contractor_id = facts->contractor_id,
            .amount = amount_of(facts),
            .time = issue->time,
            .created_at = pawl_now(hr->instance),
            .source = issue->source,
            .basis = basis,
            .correlation_id = pawl_event_correlation_id(issue->ev),
        };
        int year = papers_year(hr->papers, issue->time);
        pawl_result result;
        int64_t ordinal;
        char *content;

        derive_id(hr, &record);
        if (!records_number(hr->db, hr->series, year, &record, &ordinal))
                return db_outcome(hr->db, issue->ctx);
        facts->number = record.number;
        facts->time = issue->time;
        content = papers_content(hr->papers, facts);
        if (content == NULL)
                return pawl_unavailable(issue->ctx, "out of memory");
        record.content = pawl_text(content);
        result = records_add(hr->db, hr->series, year, ordinal, &record) ? keep(issue, &record)
                                                                         : db_outcome(hr->db, issue->ctx);
        free(content);
        return result;
}

pawl_result issue_plan(struct issue *issue, struct facts *facts, const char *basis)
{
        struct db *db = issue->hr->db;
        struct record record;
        pawl_result result;
        int found = records_find(db, facts->kind,
                                 facts->kind == DOC_CONTRACT ? facts->contractor_id : facts->request_id, &record);

        if (found < 0)
                return db_outcome(db, issue->ctx);
        result = found > 0 ? found_before(issue, &record, pawl_text(basis)) : plan_new(issue, facts, pawl_text(basis));
        records_end(db);
        return result;
}

/* ---- 2 and 3: written ---- */

static bool print(struct issue *issue, const struct issued *document, struct print *out, char *error, size_t size)
{
        json_t *content = json_loads(document->content, 0, NULL);
        int64_t begun = pawl_monotonic(issue->hr->instance);
        bool ok = false;

        if (content == NULL)
                snprintf(error, size, "document %s: its content in the database is no JSON", document->record.number);
        else
                ok = press_print(issue->hr->press, content, out, error, size);
        json_decref(content);
        pawl_metric_observe(issue->hr->instance, METRIC_PRINTING, pawl_monotonic(issue->hr->instance) - begun);
        return ok;
}

/* A file that somebody removed is made again if it comes out the same; another under the same number would be a forgery. */
static bool may_restore(struct issue *issue, const struct issued *document, const char *hash)
{
        if (strcmp(document->record.hash, hash) == 0)
                return true;
        pawl_error(issue->ctx,
                   "document %s: its file %s/%s is gone, and printing it now gives other bytes (sha256 %s) than it had "
                   "(%s): it must come from a backup",
                   document->record.number, issue->hr->documents, document->record.file, hash, document->record.hash);
        return false;
}

static pawl_result write_file(struct issue *issue, struct issued *document)
{
        struct record *record = &document->record;
        struct print out = {0};
        char error[512];
        char hash[FILES_HASH_SIZE];
        bool written = true;

        if (record->hash[0] != '\0' && files_exists(issue->hr->documents, record->file))
                return PAWL_OK;
        if (!print(issue, document, &out, error, sizeof error))
                return pawl_retry(issue->ctx, "%s", error);
        files_hash(out.bytes, out.len, hash);
        if (record->hash[0] == '\0' || may_restore(issue, document, hash)) {
                written = files_write(issue->hr->documents, record->file, out.bytes, out.len, error, sizeof error);
                snprintf(record->hash, sizeof record->hash, "%s", hash);
        }
        print_free(&out);
        return written ? PAWL_OK : pawl_unavailable(issue->ctx, "%s", error);
}

static pawl_result note_written(struct issue *issue)
{
        pawl_result result = issue_lock(issue);

        if (result != PAWL_OK)
                return result;
        for (size_t i = 0; i < issue->count && result == PAWL_OK; i++) {
                const struct record *record = &issue->documents[i].record;

                if (!records_written(issue->hr->db, record->document_id, record->hash))
                        result = db_outcome(issue->hr->db, issue->ctx);
        }
        return issue_unlock(issue, result);
}

pawl_result issue_write(struct issue *issue)
{
        pawl_result result = PAWL_OK;
        bool planned = false;

        for (size_t i = 0; i < issue->count && result == PAWL_OK; i++) {
                planned = planned || issue->documents[i].record.hash[0] == '\0';
                result = write_file(issue, &issue->documents[i]);
        }
        return result == PAWL_OK && planned ? note_written(issue) : result;
}

/* ---- 4: emitted ---- */

static pawl_result emit(struct issue *issue, const char *event_type, int64_t key, json_t *body)
{
        char text[24];
        int32_t status;

        snprintf(text, sizeof text, "%" PRId64, key);
        status = pawl_emit_json(issue->ctx, HR_TOPIC, event_type, pawl_text(text), body);
        if (status == 0)
                return PAWL_OK;
        return pawl_reject(issue->ctx, "%s could not be emitted: %s", event_type,
                           status == PAWL_E_TOO_LARGE ? "it is too large" : "it is invalid");
}

static json_t *body_of(const struct issue *issue, const struct record *r)
{
        char path[4096 + RECORD_FILE_SIZE];
        char time[ISO_TIME_SIZE];

        snprintf(path, sizeof path, "%s/%s", issue->hr->documents, r->file);
        return json_pack("{ss sI ss ss}", "document_id", r->document_id, "contractor_id", (json_int_t)r->contractor_id,
                         "document_path", path, "timestamp", iso_time_format(r->created_at, time));
}

static pawl_result emit_document(struct issue *issue, const struct record *r)
{
        json_t *body = body_of(issue, r);
        pawl_result result;

        json_object_set_new(body, "document_type", json_string(kind_names[r->kind].document_type));
        if (r->request_id >= 0)
                json_object_set_new(body, "request_id", json_integer(r->request_id));
        result = emit(issue, "hr.document_created", r->request_id >= 0 ? r->request_id : r->contractor_id, body);
        if (result != PAWL_OK || r->kind != DOC_CONTRACT)
                return result;
        body = body_of(issue, r);
        json_object_set_new(body, "generated_by", json_integer(issue->hr->generated_by));
        return emit(issue, "hr.contract_generated", r->contractor_id, body);
}

pawl_result issue_emit(struct issue *issue)
{
        pawl_result result = PAWL_OK;

        for (size_t i = 0; i < issue->count && result == PAWL_OK; i++)
                result = emit_document(issue, &issue->documents[i].record);
        if (result == PAWL_OK)
                pawl_metric_add(issue->hr->instance, issue->repeated ? METRIC_REPEATED : METRIC_DOCUMENTS,
                                issue->repeated ? 1 : issue->count);
        return result;
}
