#include "commands.h"

#include "search.h"
#include "verify.h"

#include "common/command.h"
#include "common/iso_time.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEARCH_DEFAULT_LIMIT 100

/* ---- The chains of this host ---- */

static int is_chain(const struct dirent *file)
{
        size_t len = strlen(file->d_name);

        return len > 3 && strncmp(file->d_name, "audit", 5) == 0 && strcmp(file->d_name + len - 3, ".db") == 0;
}

/* Calls `each` for every chain's file, in the order of their names, and returns the worst of its exit statuses. */
static int32_t for_each_chain(struct pawl_ctx *ctx, int32_t (*each)(struct pawl_ctx *ctx, const char *path, void *arg),
                              void *arg)
{
        const char *dir = pawl_about_state_dir(ctx->instance).ptr;
        int32_t worst = COMMAND_OK;
        struct dirent **files = NULL;
        int count = scandir(dir, &files, is_chain, alphasort);

        if (count == 0)
                command_reply(ctx, "no chain in %s yet\n", dir);
        if (count < 0) {
                command_reply(ctx, "%s: %s\n", dir, strerror(errno));
                return COMMAND_FAILED;
        }
        for (int i = 0; i < count; i++) {
                char path[4096];
                int32_t status = COMMAND_FAILED;

                if (snprintf(path, sizeof path, "%s/%s", dir, files[i]->d_name) < (int)sizeof path)
                        status = each(ctx, path, arg);
                worst = status > worst ? status : worst;
                free(files[i]);
        }
        free(files);
        return worst;
}

/* ---- verify ---- */

static bool reply_fault(void *arg, const char *text)
{
        return command_reply(arg, "  %s\n", text);
}

static bool verify_goes_on(void *arg)
{
        return !pawl_cancelled(arg);
}

static int32_t verify_one(struct pawl_ctx *ctx, const char *path, void *arg)
{
        struct verdict verdict;
        char error[512];

        (void)arg;
        command_reply(ctx, "%s\n", path);
        if (!verify_chain(path, &verdict, reply_fault, verify_goes_on, ctx, error, sizeof error)) {
                command_reply(ctx, "  not verified: %s\n", error);
                return COMMAND_FAILED;
        }
        command_reply(ctx, "  %s: %" PRId64 " entries, %" PRId64 " faults, head %s\n",
                      verdict.faults == 0 ? "whole" : "NOT WHOLE", verdict.checked, verdict.faults, verdict.head);
        return verdict.faults == 0 ? COMMAND_OK : COMMAND_FAILED;
}

int32_t audit_verify(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        (void)argv;
        (void)self;
        if (argc > 0) {
                command_reply(ctx, "verify takes no arguments\n");
                return COMMAND_USAGE;
        }
        return for_each_chain(ctx, verify_one, NULL);
}

/* ---- search ---- */

struct question {
        struct pawl_ctx *ctx;
        struct search search;
        search_found_fn *found;
};

static bool reply_number(struct pawl_ctx *ctx, const char *name, struct optional_int n)
{
        return !n.present || command_reply(ctx, "  %s %" PRId64, name, n.value);
}

static bool reply_text(struct pawl_ctx *ctx, const char *name, struct pawl_str text)
{
        char shown[256];

        return text.ptr == NULL || command_reply(ctx, "  %s %s", name, command_printable(text, shown, sizeof shown));
}

static bool reply_line(void *arg, const struct entry *e, const struct link *link)
{
        struct pawl_ctx *ctx = arg;
        char type[128];
        char time[ISO_TIME_SIZE];

        command_reply(ctx, "%" PRId64 "  %s  %s  %.*s/%" PRId32 "@%" PRId64, link->seq,
                      e->time >= 0 ? iso_time_format(e->time, time) : "-",
                      command_printable(e->event_type, type, sizeof type), (int)e->topic.len, e->topic.ptr,
                      e->partition, e->offset);
        reply_number(ctx, "request", e->request_id);
        reply_number(ctx, "user", e->user_id);
        reply_text(ctx, "event", e->event_id);
        reply_text(ctx, "correlation", e->correlation_id);
        if (link->variant > 0)
                command_reply(ctx, "  CONTRADICTS an earlier entry");
        return command_reply(ctx, "\n") && !pawl_cancelled(ctx);
}

/* ---- export ---- */

/* {"key": "…"} where the bytes are UTF-8, so that a string holds them exactly; else {"key_base64": "…"}; null when absent. */
static void set_bytes(json_t *object, const char *name, struct pawl_str bytes)
{
        json_t *text = bytes.ptr ? json_stringn(bytes.ptr, bytes.len) : json_null();
        char name_base64[32];
        unsigned char *base64;

        if (text != NULL) {
                json_object_set_new(object, name, text);
                return;
        }
        base64 = malloc(4 * (bytes.len / 3 + 1) + 1);
        if (base64 == NULL)
                return;
        EVP_EncodeBlock(base64, (const unsigned char *)bytes.ptr, (int)bytes.len);
        snprintf(name_base64, sizeof name_base64, "%s_base64", name);
        json_object_set_new(object, name_base64, json_string((const char *)base64));
        free(base64);
}

static void set_number(json_t *object, const char *name, struct optional_int n)
{
        json_object_set_new(object, name, n.present ? json_integer(n.value) : json_null());
}

static json_t *entry_json(const struct entry *e, const struct link *link)
{
        char hash[2 * HASH_SIZE + 1];
        json_t *object =
            json_pack("{sI sI si ss%}", "seq", (json_int_t)link->seq, "recorded", (json_int_t)link->recorded, "variant",
                      (int)link->variant, "topic", e->topic.ptr, e->topic.len);

        json_object_set_new(object, "partition", json_integer(e->partition));
        json_object_set_new(object, "offset", json_integer(e->offset));
        json_object_set_new(object, "time", json_integer(e->time));
        set_bytes(object, "event_type", e->event_type);
        set_bytes(object, "event_id", e->event_id);
        set_bytes(object, "correlation_id", e->correlation_id);
        set_number(object, "request_id", e->request_id);
        set_number(object, "user_id", e->user_id);
        set_bytes(object, "key", e->key);
        set_bytes(object, "value", e->value);
        json_object_set_new(object, "event_hash", json_string(hash_text(link->event_hash, hash)));
        json_object_set_new(object, "hash", json_string(hash_text(link->hash, hash)));
        return object;
}

static bool reply_json(void *arg, const struct entry *entry, const struct link *link)
{
        struct pawl_ctx *ctx = arg;
        json_t *object = entry_json(entry, link);
        char *line = json_dumps(object, JSON_COMPACT);
        bool ok = line != NULL && command_reply(ctx, "%s\n", line);

        free(line);
        json_decref(object);
        return ok && !pawl_cancelled(ctx);
}

/* ---- Both ---- */

static int32_t ask_one(struct pawl_ctx *ctx, const char *path, void *arg)
{
        struct question *question = arg;
        char error[512];

        if (question->search.limit <= 0 ||
            search_chain(&question->search, path, question->found, ctx, error, sizeof error))
                return COMMAND_OK;
        command_reply(ctx, "%s: %s\n", path, error);
        return COMMAND_FAILED;
}

static int32_t ask(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, int64_t limit,
                   search_found_fn *found)
{
        struct question question = {.ctx = ctx, .found = found};
        struct pawl_str values[SEARCH_OPTIONS];
        char error[512];
        int32_t status;

        if (!command_options(ctx, argv, argc, search_options, values, SEARCH_OPTIONS))
                return COMMAND_USAGE;
        if (!search_make(&question.search, values, limit, error, sizeof error)) {
                command_reply(ctx, "%s\n", error);
                return COMMAND_USAGE;
        }
        status = for_each_chain(ctx, ask_one, &question);
        if (question.search.limit == 0 && found == reply_line)
                command_reply(ctx, "(no more than --limit asks for)\n");
        return status;
}

int32_t audit_search(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        (void)self;
        return ask(ctx, argv, argc, SEARCH_DEFAULT_LIMIT, reply_line);
}

int32_t audit_export(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        (void)self;
        return ask(ctx, argv, argc, INT64_MAX, reply_json);
}
