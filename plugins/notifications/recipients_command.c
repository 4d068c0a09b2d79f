/* `pawlctl notifications recipients …`: fills the directory, and shows who stands in it. */
#include "common/command.h"
#include "notifications.h"
#include "people_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool is(struct pawl_str text, const char *word)
{
        return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

static int32_t usage(struct pawl_ctx *ctx)
{
        command_reply(ctx, "expected: recipients import FILE.csv [--dry-run] [--replace] | recipients list |"
                           " recipients show ID\n");
        return COMMAND_USAGE;
}

/* A connection of the command's own; NULL after an answer that says why. */
static struct directory *open_own(struct pawl_ctx *ctx, const struct notifications *n)
{
        char error[512] = "out of memory";
        struct directory *directory = directory_open(n->directory_path, error, sizeof error, NULL);

        if (directory == NULL)
                command_reply(ctx, "%s\n", error);
        return directory;
}

/* ---- import ---- */

static int32_t put(struct pawl_ctx *ctx, const struct notifications *n, const struct people *people, unsigned flags)
{
        struct directory *directory = open_own(ctx, n);
        struct directory_change change;
        pawl_result result;

        if (directory == NULL)
                return COMMAND_FAILED;
        result = directory_put(directory, people, flags, NULL, NULL, &change);
        if (result == PAWL_OK)
                command_reply(ctx,
                              "%zu recipients: %" PRId64 " added, %" PRId64 " changed, %" PRId64 " as before, %" PRId64
                              " removed%s\n",
                              people->count, change.added, change.changed, change.same, change.removed,
                              (flags & DIRECTORY_DRY_RUN) != 0 ? " (dry run: nothing is written)" : "");
        else
                command_reply(ctx, "%s\n", directory_error(directory));
        directory_close(&directory);
        return result == PAWL_OK ? COMMAND_OK : COMMAND_FAILED;
}

static int32_t import(struct pawl_ctx *ctx, const struct notifications *n, const struct pawl_str *argv, uint32_t argc)
{
        struct people people = {0};
        struct faults faults = {0};
        const char *path = NULL;
        unsigned flags = 0;
        int32_t status = COMMAND_FAILED;

        for (uint32_t i = 0; i < argc; i++) {
                if (is(argv[i], "--dry-run"))
                        flags |= DIRECTORY_DRY_RUN;
                else if (is(argv[i], "--replace"))
                        flags |= DIRECTORY_REPLACE;
                else if (path == NULL && argv[i].len > 0 && argv[i].ptr[0] != '-')
                        path = argv[i].ptr;
                else
                        return usage(ctx);
        }
        if (path == NULL)
                return usage(ctx);
        if (path[0] != '/') {
                command_reply(ctx, "expected an absolute path, as it is pawld that reads the file, found \"%s\"\n",
                              path);
                return COMMAND_USAGE;
        }
        if (people_file_read(path, &people, &faults))
                status = put(ctx, n, &people, flags);
        else
                command_reply(ctx, "%s\nnothing was imported\n", faults_text(&faults));
        faults_clear(&faults);
        people_clear(&people);
        return status;
}

/* ---- list, show ---- */

static void show_line(struct pawl_ctx *ctx, const struct person *p)
{
        char name[128];

        command_reply(ctx, "%8" PRId64 "  %-10s  %s%s%s%s%s%s%s\n", p->id, p->values[PERSON_ROLE],
                      command_printable(pawl_text(p->values[PERSON_NAME]), name, sizeof name),
                      p->values[PERSON_EMAIL][0] ? "  email " : "", p->values[PERSON_EMAIL],
                      p->values[PERSON_TELEGRAM_CHAT_ID][0] ? "  telegram " : "", p->values[PERSON_TELEGRAM_CHAT_ID],
                      p->values[PERSON_PHONE][0] ? "  sms " : "", p->values[PERSON_PHONE]);
}

static void show_all(struct pawl_ctx *ctx, const struct person *p)
{
        char value[256];

        command_reply(ctx, "%-18s %" PRId64 "\n", "id", p->id);
        for (int i = 0; i < PERSON_VALUES; i++)
                command_reply(ctx, "%-18s %s\n", person_column((enum person_value)i),
                              p->values[i][0] ? command_printable(pawl_text(p->values[i]), value, sizeof value) : "-");
        command_reply(ctx, "\n");
}

/* One id in whichever roles, or everybody. */
static int32_t show(struct pawl_ctx *ctx, const struct notifications *n, int64_t id)
{
        struct directory *directory = open_own(ctx, n);
        struct people people = {0};
        pawl_result result;

        if (directory == NULL)
                return COMMAND_FAILED;
        result = directory_list(directory, id, &people);
        for (size_t i = 0; result == PAWL_OK && i < people.count; i++)
                (id == PERSON_NOBODY ? show_line : show_all)(ctx, &people.list[i]);
        if (result != PAWL_OK)
                command_reply(ctx, "%s\n", directory_error(directory));
        else if (people.count == 0)
                command_reply(ctx, id == PERSON_NOBODY ? "nobody stands in the directory\n"
                                                       : "nobody of that id stands in the directory\n");
        directory_close(&directory);
        result = result == PAWL_OK && (people.count > 0 || id == PERSON_NOBODY) ? COMMAND_OK : COMMAND_FAILED;
        people_clear(&people);
        return result;
}

int32_t notifications_recipients(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        const struct notifications *n = self;
        int64_t id;

        if (argc >= 1 && is(argv[0], "import"))
                return import(ctx, n, argv + 1, argc - 1);
        if (argc == 1 && is(argv[0], "list"))
                return show(ctx, n, PERSON_NOBODY);
        if (argc == 2 && is(argv[0], "show") && command_number(argv[1], &id) && id >= 0)
                return show(ctx, n, id);
        return usage(ctx);
}
