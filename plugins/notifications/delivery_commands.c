#include "delivery_commands.h"

#include "common/command.h"
#include "common/iso_time.h"
#include "store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ROWS_MAX 100

/* A store of the command's own, so that no handler waits for who reads a long list. */
static struct store *open_store(struct pawl_ctx *ctx, const char *path)
{
        char error[512];
        struct store *store = store_open(path, error, sizeof error, NULL);

        if (store == NULL)
                command_reply(ctx, "%s\n", error);
        return store;
}

static bool list_row(void *arg, const struct delivery *d, const char *state)
{
        struct pawl_ctx *ctx = arg;
        char created[ISO_TIME_SIZE], request[24] = "-", address[96], error[400], id[96];

        if (d->request_id != DELIVERY_NO_ID)
                snprintf(request, sizeof request, "%" PRId64, d->request_id);
        return command_reply(ctx,
                             "%6" PRId64 "  %.19s  %-6s  request %-8s  %-8s  %-22s  %s  %" PRId64 " attempts%s%s%s%s\n",
                             d->id, iso_time_format(d->created, created), state, request, d->channel, d->message_type,
                             d->address[0] ? command_printable(pawl_text(d->address), address, sizeof address)
                                           : "(nobody)",
                             d->attempts, d->provider_id ? "  " : "",
                             d->provider_id ? command_printable(pawl_text(d->provider_id), id, sizeof id) : "",
                             d->error ? "  " : "",
                             d->error ? command_printable(pawl_text(d->error), error, sizeof error) : "");
}

/* Reads the options into the filter. False after an answer. */
static bool read_filter(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, struct store_filter *filter)
{
        static const char *const names[] = {"request", "state"};
        static const char *const states[] = {"queued", "open", "sent", "failed"};
        struct pawl_str values[2] = {PAWL_ABSENT, PAWL_ABSENT};

        if (!command_options(ctx, argv, argc, names, values, 2))
                return false;
        *filter = (struct store_filter){DELIVERY_NO_ID, NULL};
        if (values[0].ptr != NULL && (!command_number(values[0], &filter->request_id) || filter->request_id < 0)) {
                command_reply(ctx, "--request: expected a request's number, found \"%.*s\"\n", (int)values[0].len,
                              values[0].ptr);
                return false;
        }
        for (size_t i = 0; values[1].ptr != NULL && i < sizeof states / sizeof states[0]; i++) {
                if (strlen(states[i]) == values[1].len && memcmp(states[i], values[1].ptr, values[1].len) == 0)
                        filter->state = states[i];
        }
        if (values[1].ptr != NULL && filter->state == NULL)
                command_reply(ctx, "--state: expected queued, open, sent or failed, found \"%.*s\"\n",
                              (int)values[1].len, values[1].ptr);
        return values[1].ptr == NULL || filter->state != NULL;
}

int32_t command_deliveries(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, const char *store_path)
{
        struct store_filter filter;
        struct store *store;
        pawl_result status;

        if (!read_filter(ctx, argv, argc, &filter))
                return COMMAND_USAGE;
        store = open_store(ctx, store_path);
        if (store == NULL)
                return COMMAND_FAILED;
        status = store_list(store, &filter, ROWS_MAX, list_row, ctx);
        if (status != PAWL_OK)
                command_reply(ctx, "%s\n", store_error(store));
        store_close(&store);
        return status == PAWL_OK ? COMMAND_OK : COMMAND_FAILED;
}

int32_t command_channels(struct pawl_ctx *ctx, struct sender *sender)
{
        struct channel_view views[SENDER_CHANNELS];

        if (!sender_view(sender, views)) {
                command_reply(ctx,
                              "another process or instance on this host sends; ask that one, or again in a moment\n");
                return COMMAND_FAILED;
        }
        for (int i = 0; i < SENDER_CHANNELS; i++) {
                const struct channel_view *v = &views[i];

                if (!v->configured) {
                        command_reply(ctx, "%-8s  not configured\n", v->name);
                        continue;
                }
                command_reply(ctx,
                              "%-8s  breaker %s  %s  %" PRId64
                              " queued, %zu open (%zu under way)  since the start: %" PRIu64 " attempts, %" PRIu64
                              " sent, %" PRIu64 " failed\n",
                              v->name, gate_state_name(v->breaker), v->server, v->queued, v->open, v->under_way,
                              v->attempts, v->sent, v->failed);
                if (v->opens_in > 0)
                        command_reply(ctx, "          begins again in %" PRId64 " ms\n", v->opens_in / PAWL_MS(1));
                if (v->trouble[0] != '\0')
                        command_reply(ctx, "          %s\n", v->trouble);
        }
        return COMMAND_OK;
}

int32_t command_retry(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, const char *store_path,
                      struct sender *sender)
{
        int64_t id = 0, now = pawl_now(ctx->instance);
        struct store *store;
        pawl_result status;
        bool found;

        if (argc != 1 || !command_number(argv[0], &id)) {
                command_reply(ctx, "expected the number of one delivery, as `deliveries` shows it\n");
                return COMMAND_USAGE;
        }
        store = open_store(ctx, store_path);
        if (store == NULL)
                return COMMAND_FAILED;
        status = store_retry(store, id, now, now + pawl_setting_int(ctx->instance, "deadline"), &found);
        if (status != PAWL_OK)
                command_reply(ctx, "%s\n", store_error(store));
        else if (!found)
                command_reply(ctx, "there is no failed delivery %" PRId64 " that has an address\n", id);
        else
                command_reply(ctx, "delivery %" PRId64 " is queued again\n", id);
        store_close(&store);
        if (status != PAWL_OK || !found)
                return COMMAND_FAILED;
        sender_wake(sender);
        return COMMAND_OK;
}
