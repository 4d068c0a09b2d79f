#include "show.h"

#include "requests.h"
#include "schema.h"

#include "common/command.h"
#include "common/iso_time.h"

#include <inttypes.h>
#include <string.h>

#define LIMIT         50
#define ARGUMENTS_MAX 16

static const char *const option_names[] = {"state", "manager", "limit"};
enum { OPTION_STATE, OPTION_MANAGER, OPTION_LIMIT, OPTIONS };

/* Takes --overdue out of the arguments, which is the only one without a value. Returns how many are left. */
static uint32_t take_overdue(const struct pawl_str *argv, uint32_t argc, struct pawl_str *rest, bool *overdue)
{
        uint32_t count = 0;

        *overdue = false;
        for (uint32_t i = 0; i < argc; i++) {
                if (argv[i].len == 9 && memcmp(argv[i].ptr, "--overdue", 9) == 0)
                        *overdue = true;
                else
                        rest[count++] = argv[i];
        }
        return count;
}

static bool read_number(struct pawl_ctx *ctx, struct pawl_str text, const char *name, int64_t least, int64_t *number)
{
        if (text.ptr == NULL || (command_number(text, number) && *number >= least))
                return true;
        command_reply(ctx, "list: --%s: expected a number of %" PRId64 " or more\n", name, least);
        return false;
}

static bool read_filter(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, struct request_filter *f)
{
        struct pawl_str rest[ARGUMENTS_MAX] = {{0}}, values[OPTIONS];
        char states[STATES_TEXT_SIZE];
        enum state state;
        bool overdue;

        if (argc > ARGUMENTS_MAX) {
                command_reply(ctx, "list: too many arguments\n");
                return false;
        }
        argc = take_overdue(argv, argc, rest, &overdue);
        if (!command_options(ctx, rest, argc, option_names, values, OPTIONS))
                return false;
        *f = (struct request_filter){values[OPTION_STATE], -1, overdue ? pawl_now(ctx->instance) : -1, LIMIT};
        if (f->state.ptr != NULL && !state_parse(f->state, &state)) {
                command_reply(ctx, "list: --state: expected %s\n",
                              states_text(~STATE_SET(STATE_UNKNOWN), states, sizeof states));
                return false;
        }
        return read_number(ctx, values[OPTION_MANAGER], "manager", 0, &f->manager_id) &&
               read_number(ctx, values[OPTION_LIMIT], "limit", 1, &f->limit);
}

static bool print_line(struct pawl_ctx *ctx, const struct request_line *line, int64_t now)
{
        const struct request *r = &line->request;
        char since[ISO_TIME_SIZE], due[ISO_TIME_SIZE], priority[64], title[256];

        command_reply(ctx, "%" PRId64 "  %s  %s  manager %" PRId64 "  %s", r->id, state_name(r->state),
                      r->entered >= 0 ? iso_time_format(r->entered, since) : "-", r->manager_id,
                      command_printable(r->priority, priority, sizeof priority));
        if (line->due >= 0)
                command_reply(ctx, "  %s %s", line->due <= now ? "OVERDUE" : "due", iso_time_format(line->due, due));
        return command_reply(ctx, "  %s\n", command_printable(r->title, title, sizeof title));
}

static int32_t print(struct pawl_ctx *ctx, struct db *db, struct request_filter *filter)
{
        int64_t now = pawl_now(ctx->instance), limit = filter->limit, count = 0;
        struct request_line line;
        int more = -1;

        filter->limit = limit < INT64_MAX ? limit + 1 : limit; /* to know whether there are others */
        if (requests_list_begin(db, filter)) {
                while ((more = requests_list_next(db, filter, &line)) == 1 && count < limit &&
                       print_line(ctx, &line, now))
                        count++;
                if (more == 1)
                        command_reply(ctx, "… and others: --limit was %" PRId64 "\n", limit);
        }
        if (more < 0) {
                command_reply(ctx, "%s\n", db_error(db));
                return COMMAND_FAILED;
        }
        if (count == 0)
                command_reply(ctx, "no such request\n");
        return COMMAND_OK;
}

int32_t list_requests(struct pawl_ctx *ctx, const char *database, const struct pawl_str *argv, uint32_t argc)
{
        struct request_filter filter;
        char error[512];
        int32_t status;
        struct db *db;

        if (!read_filter(ctx, argv, argc, &filter))
                return COMMAND_USAGE;
        db = db_open(database, DB_READ, &workflow_design, error, sizeof error, NULL);
        if (db == NULL) {
                command_reply(ctx, "%s\n", error);
                return COMMAND_FAILED;
        }
        status = print(ctx, db, &filter);
        db_close(&db);
        return status;
}
