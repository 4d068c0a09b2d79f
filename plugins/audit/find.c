/* `pawlctl audit search` and `export`: the same question, and two kinds of answer. */
#include "chains.h"
#include "commands.h"
#include "export.h"
#include "search.h"

#include "common/command.h"
#include "common/iso_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEARCH_DEFAULT_LIMIT 100

struct question {
        struct pawl_ctx *ctx;
        struct search search;
        search_found_fn *found;
        export_fn *write; /* how an export writes an entry */
        int64_t count;    /* what was found */
};

/* ---- Lines for people ---- */

static void reply_number(struct pawl_ctx *ctx, const char *name, struct optional_int n)
{
        if (n.present)
                command_reply(ctx, "  %s %" PRId64, name, n.value);
}

static void reply_text(struct pawl_ctx *ctx, const char *name, struct pawl_str text)
{
        char shown[256];

        if (text.ptr != NULL)
                command_reply(ctx, "  %s %s", name, command_printable(text, shown, sizeof shown));
}

/* "2026-11-22 10:00:00.123", always UTC. */
static const char *short_time(int64_t time, char out[ISO_TIME_SIZE])
{
        if (time < 0)
                return "-";
        iso_time_format(time, out);
        out[10] = ' ';
        out[23] = '\0';
        return out;
}

static bool reply_line(void *arg, const struct entry *e, const struct link *link)
{
        struct question *question = arg;
        struct pawl_ctx *ctx = question->ctx;
        char type[128], place[320];
        char time[ISO_TIME_SIZE];

        if (question->count++ == 0)
                command_reply(ctx, "%8s  %-23s  %-30s  %-26s\n", "ENTRY", "TIME (UTC)", "TYPE",
                              "TOPIC/PARTITION@OFFSET");
        snprintf(place, sizeof place, "%.*s/%" PRId32 "@%" PRId64, (int)e->topic.len, e->topic.ptr, e->partition,
                 e->offset);
        command_reply(ctx, "%8" PRId64 "  %-23s  %-30s  %-26s", link->seq, short_time(e->time, time),
                      command_printable(e->event_type, type, sizeof type), place);
        reply_number(ctx, "request", e->request_id);
        reply_number(ctx, "user", e->user_id);
        reply_text(ctx, "event", e->event_id);
        reply_text(ctx, "correlation", e->correlation_id);
        if (link->pruned != 0)
                command_reply(ctx, "  CLEARED by entry %" PRId64, link->pruned);
        if (link->variant > 0)
                command_reply(ctx, "  CONTRADICTS an earlier entry");
        return command_reply(ctx, "\n") && !pawl_cancelled(ctx);
}

/* ---- Lines for programs ---- */

static bool reply_exported(void *arg, const struct entry *entry, const struct link *link)
{
        struct question *question = arg;
        char *line = question->write(entry, link);
        bool ok = line != NULL && pawl_reply(question->ctx, pawl_text(line));

        free(line);
        return ok && !pawl_cancelled(question->ctx);
}

/* ---- Both ---- */

static int32_t ask_one(struct pawl_ctx *ctx, const char *path, void *arg)
{
        struct question *question = arg;
        char error[512];

        if (question->search.limit <= 0 ||
            search_chain(&question->search, path, question->found, question, error, sizeof error))
                return COMMAND_OK;
        command_reply(ctx, "%s: %s\n", path, error);
        return COMMAND_FAILED;
}

/* Takes the first `count` of the search's options. */
static bool make_question(struct question *question, const struct pawl_str *argv, uint32_t argc, size_t count,
                          int64_t limit, struct pawl_str values[SEARCH_OPTIONS])
{
        char error[512];

        if (!command_options(question->ctx, argv, argc, search_options, values, count))
                return false;
        if (search_make(&question->search, values, limit, error, sizeof error))
                return true;
        command_reply(question->ctx, "%s\n", error);
        return false;
}

int32_t audit_search(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        struct question question = {.ctx = ctx, .found = reply_line};
        struct pawl_str values[SEARCH_OPTIONS];
        int32_t status;

        (void)self;
        if (!make_question(&question, argv, argc, SEARCH_FORMAT, SEARCH_DEFAULT_LIMIT, values))
                return COMMAND_USAGE;
        status = chains_each(ctx, ask_one, &question);
        if (question.search.limit == 0)
                command_reply(ctx, "(no more than --limit asks for)\n");
        else if (question.count == 0 && status == COMMAND_OK)
                command_reply(ctx, "nothing found\n");
        return status;
}

int32_t audit_export(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        struct question question = {.ctx = ctx, .found = reply_exported, .write = export_ndjson};
        struct pawl_str values[SEARCH_OPTIONS];
        const char *format;
        char shown[64];

        (void)self;
        if (!make_question(&question, argv, argc, SEARCH_OPTIONS, INT64_MAX, values))
                return COMMAND_USAGE;
        format = values[SEARCH_FORMAT].ptr != NULL ? values[SEARCH_FORMAT].ptr : "ndjson";
        if (strcmp(format, "csv") == 0) {
                question.write = export_csv;
                command_reply(ctx, "%s", export_csv_header);
        } else if (strcmp(format, "ndjson") != 0) {
                command_reply(ctx, "--format: expected ndjson or csv, found \"%s\"\n",
                              command_printable(values[SEARCH_FORMAT], shown, sizeof shown));
                return COMMAND_USAGE;
        }
        return chains_each(ctx, ask_one, &question);
}
