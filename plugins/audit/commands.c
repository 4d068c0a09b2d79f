#include "commands.h"

#include "audit.h"
#include "chains.h"
#include "verify.h"

#include "common/command.h"
#include "common/iso_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* ---- verify ---- */

static bool reply_fault(void *arg, const char *text)
{
        return command_reply(arg, "  %s\n", text);
}

static bool verify_goes_on(void *arg)
{
        return !pawl_cancelled(arg);
}

/* What else a reader of the verdict must know. */
static void reply_context(struct pawl_ctx *ctx, const struct verdict *v, const struct verify_options *options)
{
        char time[ISO_TIME_SIZE];

        if (v->pruned > 0)
                command_reply(ctx, "  cleared by retention: %" PRId64 " of these, which prove place and hash only\n",
                              v->pruned);
        if (v->removed > 0)
                command_reply(ctx, "  removed by retention: entries 1 to %" PRId64 "\n", v->removed);
        if (v->checkpoints > 0)
                command_reply(ctx, "  checkpoints that fit: %" PRId64 ", the last of %s at entry %" PRId64 "\n",
                              v->checkpoints, iso_time_format(v->last_time, time), v->last_seq);
        else
                command_reply(ctx, "  no checkpoint fits: a chain computed anew would not be noticed\n");
        if (v->out_of_reach > 0)
                command_reply(ctx, "  checkpoints of entries that were removed since: %" PRId64 "\n", v->out_of_reach);
        if (options->key == NULL)
                command_reply(ctx, "  signatures were not checked: no key\n");
}

static int32_t verify_one(struct pawl_ctx *ctx, const char *path, void *arg)
{
        const struct verify_options *options = arg;
        struct verdict verdict;
        char error[512];

        command_reply(ctx, "%s\n", path);
        if (!verify_chain(path, options, &verdict, reply_fault, verify_goes_on, ctx, error, sizeof error)) {
                command_reply(ctx, "  not verified: %s\n", error);
                return COMMAND_FAILED;
        }
        command_reply(ctx, "  %s: %" PRId64 " entries, %" PRId64 " faults, head %s\n",
                      verdict.faults == 0 ? "whole" : "NOT WHOLE", verdict.checked, verdict.faults, verdict.head);
        reply_context(ctx, &verdict, options);
        return verdict.faults == 0 ? COMMAND_OK : COMMAND_FAILED;
}

enum { VERIFY_KEY, VERIFY_FILE, VERIFY_OPTIONS };
static const char *const verify_names[VERIFY_OPTIONS] = {[VERIFY_KEY] = "key", [VERIFY_FILE] = "checkpoints"};

/* The daemon opens it, whose working directory is not the asker's. */
static bool is_absolute(struct pawl_ctx *ctx, const char *name, struct pawl_str path)
{
        char shown[256];

        if (path.ptr == NULL || path.ptr[0] == '/')
                return true;
        command_reply(ctx, "--%s: expected an absolute path, found \"%s\"\n", name,
                      command_printable(path, shown, sizeof shown));
        return false;
}

int32_t audit_verify(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        const struct audit *audit = self;
        struct pawl_str values[VERIFY_OPTIONS];
        struct verify_options options;
        struct key *given = NULL;
        char error[512];
        int32_t status;

        if (!command_options(ctx, argv, argc, verify_names, values, VERIFY_OPTIONS) ||
            !is_absolute(ctx, "key", values[VERIFY_KEY]) || !is_absolute(ctx, "checkpoints", values[VERIFY_FILE]))
                return COMMAND_USAGE;
        if (values[VERIFY_KEY].ptr != NULL) {
                given = key_read_public(values[VERIFY_KEY].ptr, error, sizeof error);
                if (given == NULL) {
                        command_reply(ctx, "--key: %s\n", error);
                        return COMMAND_USAGE;
                }
        }
        options = (struct verify_options){
            .key = given != NULL ? given : upkeep_key(audit->upkeep),
            .need_checkpoint = given != NULL,
            .checkpoints = values[VERIFY_FILE].ptr,
            .host = pawl_about_host_id(ctx->instance).ptr,
        };
        status = chains_each(ctx, verify_one, &options);
        key_free(&given);
        return status;
}

/* ---- checkpoint ---- */

static bool make_checkpoint(struct audit *audit, struct checkpoint_record *record, char *error, size_t error_size)
{
        pawl_result result;
        bool ok;

        if (access(audit->path, F_OK) != 0) {
                snprintf(error, error_size, "no chain yet");
                return false;
        }
        pthread_mutex_lock(&audit->lock);
        ok = audit_open(audit, error, error_size, &result) &&
             upkeep_checkpoint(audit->upkeep, audit->chain, record, error, error_size);
        pthread_mutex_unlock(&audit->lock);
        return ok;
}

int32_t audit_checkpoint(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        struct audit *audit = self;
        struct checkpoint_record record;
        char hash[2 * HASH_SIZE + 1];
        char error[512];

        (void)argv;
        if (argc > 0) {
                command_reply(ctx, "checkpoint takes no arguments\n");
                return COMMAND_USAGE;
        }
        if (!make_checkpoint(audit, &record, error, sizeof error)) {
                command_reply(ctx, "no checkpoint: %s\n", error);
                return COMMAND_FAILED;
        }
        command_reply(ctx, "%s: entry %" PRId64 " has hash %s\n", record.chain, record.seq,
                      hash_text(record.hash, hash));
        return COMMAND_OK;
}
