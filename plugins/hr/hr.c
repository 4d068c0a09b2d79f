/*
 * hr: the documents of completed work and of verified contractors, as PDF files with numbers that have no gaps.
 *
 * Each handler plans its documents in a transaction, prints them outside of it, and emits what tells of them (issue.h says what a
 * crash leaves). Handlers run side by side; they share one connection to the database and take turns at it.
 */
#include "hr.h"

#include "commands.h"
#include "issue.h"
#include "money.h"

#include "common/fields.h"

#include <inttypes.h>
#include <pawl/jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct pawl_metric metrics[] = {
    [METRIC_DOCUMENTS] = PAWL_METRIC(PAWL_COUNTER, "documents", "", "documents made"),
    [METRIC_REPEATED] = PAWL_METRIC(PAWL_COUNTER, "repeated", "", "events whose documents stood already"),
    [METRIC_DIFFERENT] =
        PAWL_METRIC(PAWL_COUNTER, "differing_amounts", "", "completed works whose amount is not the sum of the works"),
    [METRIC_PRINTING] = PAWL_METRIC(PAWL_HISTOGRAM, "print_time", "seconds", "time to print one document"),
};

/* ---- workflow.work_completed ---- */

static void warn_of_difference(struct issue *issue, const struct completion *c)
{
        char amount[MONEY_TEXT_SIZE], sum[MONEY_TEXT_SIZE];

        if (issue->repeated || !c->has_amount || c->count == 0 || c->amount == c->sum)
                return;
        pawl_metric_add(issue->hr->instance, METRIC_DIFFERENT, 1);
        pawl_warn(issue->ctx, "completion_data.amount is %s, its works add up to %s; the documents show both",
                  money_json(c->amount, amount), money_json(c->sum, sum));
}

/* The act always; the invoice where there is something to pay. */
static pawl_result plan_documents(struct issue *issue, const struct completion *c, const char *basis)
{
        struct facts facts = {
            .kind = DOC_ACT,
            .request_id = field_int(issue->ev, "request_id"),
            .contractor_id = field_int(issue->ev, "contractor_id"),
            .completion = c,
            .notes = field_string(issue->ev, "completion_notes"),
        };
        pawl_result result = issue_lock(issue);

        if (result != PAWL_OK)
                return result;
        result = issue_plan(issue, &facts, basis);
        facts.kind = DOC_INVOICE;
        if (result == PAWL_OK && c->has_amount && c->amount > 0)
                result = issue_plan(issue, &facts, basis);
        return issue_unlock(issue, result);
}

static pawl_result make_documents(struct issue *issue, const struct completion *c)
{
        char *basis = completion_text(c, field_int(issue->ev, "contractor_id"));
        pawl_result result;

        if (basis == NULL)
                return pawl_unavailable(issue->ctx, "out of memory");
        result = plan_documents(issue, c, basis);
        free(basis);
        if (result == PAWL_OK)
                result = issue_write(issue);
        if (result == PAWL_OK)
                result = issue_emit(issue);
        if (result == PAWL_OK)
                warn_of_difference(issue, c);
        return result;
}

static pawl_result on_work_completed(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        pawl_result result = fields_check(ctx, ev);
        struct completion completion;
        struct pawl_str raw = {NULL, 0};
        struct issue issue;
        char error[1024];
        json_t *tree;

        if (result != PAWL_OK)
                return result;
        tree = pawl_event_json(ev);
        if (tree == NULL || !pawl_event_raw(ev, "completion_data", &raw))
                return pawl_reject(ctx, "completion_data: expected an object, found what is no JSON");
        if (!completion_read(json_object_get(tree, "completion_data"), raw, &completion, error, sizeof error))
                return pawl_reject(ctx, "%s", error);
        issue_begin(&issue, self, ctx, ev);
        result = make_documents(&issue, &completion);
        issue_end(&issue);
        completion_free(&completion);
        return result;
}

/* ---- security.contractor_verified, security.contractor_rejected ---- */

#define VERIFICATION_TYPES 3 /* identity, documents, background_check */

/* Notes what was said; when it was the last approval missing, or an earlier call found so, the contract is planned. */
static pawl_result note_verification(struct issue *issue, const struct verification *v)
{
        struct db *db = issue->hr->db;
        struct facts facts = {.kind = DOC_CONTRACT, .contractor_id = v->contractor_id};
        int known = verifications_find(db, v->source);
        struct record contract;
        int found;

        if (known < 0 || (known == 0 && !verifications_add(db, v)))
                return db_outcome(db, issue->ctx);
        found = records_find(db, DOC_CONTRACT, v->contractor_id, &contract);
        if (found == 0 && known == 0 && v->approved) {
                int approved = verifications_approved(db, v->contractor_id);

                if (approved < 0)
                        return db_outcome(db, issue->ctx);
                return approved == VERIFICATION_TYPES ? issue_plan(issue, &facts, NULL) : PAWL_OK;
        }
        if (found < 0)
                return db_outcome(db, issue->ctx);
        return found > 0 ? issue_plan(issue, &facts, NULL) : PAWL_OK;
}

static pawl_result on_verification(struct pawl_ctx *ctx, const struct pawl_event *ev, struct hr *hr, bool approved)
{
        struct issue issue;
        struct verification v = {
            .contractor_id = field_int(ev, "contractor_id"),
            .type = field_string(ev, "verification_type"),
            .approved = approved,
        };
        pawl_result result;

        issue_begin(&issue, hr, ctx, ev);
        v.source = issue.source;
        v.time = issue.time;
        result = issue_lock(&issue);
        if (result == PAWL_OK)
                result = issue_unlock(&issue, note_verification(&issue, &v));
        if (result == PAWL_OK && issue.count > 0)
                result = issue_write(&issue);
        if (result == PAWL_OK && issue.count > 0)
                result = issue_emit(&issue);
        issue_end(&issue);
        return result;
}

static pawl_result on_verified(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        pawl_result result = fields_check(ctx, ev);
        struct pawl_str said = field_string(ev, "verification_result");

        if (result != PAWL_OK)
                return result;
        return on_verification(ctx, ev, self, strcmp(said.ptr, "approved") == 0);
}

static pawl_result on_rejected(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        pawl_result result = fields_check(ctx, ev);

        return result == PAWL_OK ? on_verification(ctx, ev, self, false) : result;
}

/* ---- Life ---- */

static void hr_tick(struct pawl_ctx *ctx, void *self)
{
        struct hr *hr = self;

        (void)ctx;
        outbox_tick(hr->outbox);
}

static void hr_destroy(void *self)
{
        struct hr *hr = self;

        if (hr == NULL)
                return;
        outbox_free(&hr->outbox);
        db_close(&hr->db);
        press_free(&hr->press);
        papers_free(&hr->papers);
        pthread_mutex_destroy(&hr->lock);
        free(hr);
}

static bool set_paths(struct hr *hr)
{
        struct pawl_str dir = pawl_about_state_dir(hr->instance);
        struct pawl_str documents = pawl_setting_string(hr->instance, "documents");
        int path = snprintf(hr->path, sizeof hr->path, "%s/hr.db", dir.ptr);
        int folder = documents.len > 0 ? snprintf(hr->documents, sizeof hr->documents, "%s", documents.ptr)
                                       : snprintf(hr->documents, sizeof hr->documents, "%s/documents", dir.ptr);

        if (path < (int)sizeof hr->path && folder < (int)sizeof hr->documents)
                return true;
        return pawl_fail(hr->instance, "documents: the path is too long");
}

/* It stands in numbers and in the names of files. */
static bool set_series(struct hr *hr)
{
        struct pawl_str series = pawl_setting_string(hr->instance, "series");

        hr->series = series.ptr != NULL ? series.ptr : "";
        if (series.len <= 16 &&
            strspn(hr->series, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") == series.len)
                return true;
        return pawl_fail(hr->instance, "series: expected at most 16 Latin letters and digits, found \"%s\"",
                         hr->series);
}

static bool set_up(struct hr *hr)
{
        char error[512];

        if (!set_paths(hr) || !set_series(hr) || !papers_make(hr->instance, &hr->papers))
                return false;
        hr->generated_by = pawl_setting_int(hr->instance, "generated_by");
        hr->press = press_new(pawl_setting_string(hr->instance, "font").ptr, error, sizeof error);
        if (hr->press == NULL || !db_check(hr->path, &records_design, error, sizeof error))
                return pawl_fail(hr->instance, "%s", error);
        hr->outbox = outbox_new(hr->instance, hr->path, &records_design, records_outbox);
        return hr->outbox != NULL || pawl_fail(hr->instance, "out of memory");
}

static bool hr_create(struct pawl_instance *instance, void **self)
{
        struct hr *hr = calloc(1, sizeof *hr);

        if (hr == NULL)
                return pawl_fail(instance, "out of memory");
        hr->instance = instance;
        pthread_mutex_init(&hr->lock, NULL);
        if (!set_up(hr)) {
                hr_destroy(hr);
                return false;
        }
        *self = hr;
        return true;
}

static const struct pawl_setting settings[] = {
    PAWL_SETTING_PLAIN(PAWL_TYPE_PATH, PAWL_REQUIRED, "templates", "the folder of the documents' templates"),
    PAWL_SETTING_PLAIN(PAWL_TYPE_PATH, 0, "documents",
                       "the folder of the documents; without it, documents in the plugin's state directory"),
    PAWL_SETTING_MAP(0, PAWL_TYPE_STRING, "organisation",
                     "requisites of the organisation by name, for the templates' {{organisation.NAME}}"),
    PAWL_SETTING_TABLES(0, "contractors", papers_contractor_fields,
                        "names and requisites of contractors; one who is not here stands in the documents by his id"),
    PAWL_SETTING_STRING(
        "series", "",
        "letters and digits in this host's numbers, so that hosts with databases of their own share none"),
    PAWL_SETTING_STRING("utc_offset", "+00:00", "the organisation's offset from UTC, for the dates in documents"),
    PAWL_SETTING_INT("generated_by", "1", "0..", "the user in whose name contracts are generated"),
    PAWL_SETTING_STRING("font", "DejaVu Sans", "the family of the documents' font"),
};

static const struct pawl_handler handlers[] = {
    PAWL_ON("workflow.work_completed", on_work_completed),
    PAWL_ON("security.contractor_verified", on_verified),
    PAWL_ON("security.contractor_rejected", on_rejected),
};

static const struct pawl_command commands[] = {
    PAWL_COMMAND("show", "REQUEST|DOCUMENT", "show a request's documents, or one", hr_show),
    PAWL_COMMAND("sign", "DOCUMENT --by USER [--at TIME]", "note that a document is signed, and say so on the bus",
                 hr_sign),
    PAWL_COMMAND("pay", "REQUEST|DOCUMENT [--reference TEXT]", "note that an invoice is paid, and say so on the bus",
                 hr_pay),
    PAWL_COMMAND("verify", "", "compare every document's file with the hash that it was written with", hr_verify),
};

static const struct pawl_need needs[] = {
    PAWL_NEED(PAWL_NEED_TOPIC, HR_TOPIC, "hr.*"),
};

static const struct pawl_plugin hr = {
    PAWL_DESCRIPTOR("hr", "1.0.0"),
    .handlers = PAWL_ARRAY(handlers),
    .settings = PAWL_ARRAY(settings),
    .metrics = PAWL_ARRAY(metrics),
    .commands = PAWL_ARRAY(commands),
    .needs = PAWL_ARRAY(needs),
    .create = hr_create,
    .tick = hr_tick,
    .destroy = hr_destroy,
    .tick_interval = PAWL_MS(250),
};

PAWL_EXPORT(hr);
