/*
 * A plugin for tests: the sender with its channels and commands, and nothing that decides what is sent. An event
 *
 *     {"event_type": "test.deliver", "event_id": …, "channel": …, "address": …, "text": …, …}
 *
 * becomes a delivery with these members; `count` makes that many, to the addresses address + 0, 1, 2, …
 */
#include "../channel_settings.h"
#include "../delivery_commands.h"
#include "../store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct alone {
        struct pawl_instance *instance;
        struct sender *sender;
        char store_path[4096];
};

/* The member, as a copy that lives until the process ends; `otherwise` where it is missing. */
static char *text_of(const struct pawl_event *ev, const char *name, const char *otherwise)
{
        struct pawl_str text;

        if (!pawl_event_string(ev, name, &text))
                return otherwise ? strdup(otherwise) : NULL;
        return strndup(text.ptr, text.len);
}

static int64_t number_of(const struct pawl_event *ev, const char *name, int64_t otherwise)
{
        int64_t number;

        return pawl_event_int(ev, name, &number) ? number : otherwise;
}

static void read_delivery(const struct alone *a, const struct pawl_event *ev, struct delivery *d)
{
        int64_t now = pawl_now(a->instance);

        *d = (struct delivery){
            .correlation_id = text_of(ev, "correlation_id", NULL),
            .channel = text_of(ev, "channel", "email"),
            .message_type = text_of(ev, "message_type", "assignment"),
            .recipient_id = number_of(ev, "recipient_id", 7),
            .request_id = number_of(ev, "request_id", 1),
            .address = text_of(ev, "address", ""),
            .address_name = text_of(ev, "address_name", NULL),
            .subject = text_of(ev, "subject", ""),
            .text = text_of(ev, "text", "text"),
            .html = text_of(ev, "html", NULL),
            .unsubscribe = text_of(ev, "unsubscribe", NULL),
            .error = text_of(ev, "error", NULL),
            .not_before = now + PAWL_MS(number_of(ev, "not_before_ms", 0)),
            .deadline = now + PAWL_MS(number_of(ev, "deadline_ms", 3600000)),
            .created = now,
        };
}

static void clear_delivery(struct delivery *d)
{
        d->event = d->provider_id = d->language = NULL;
        delivery_clear(d);
}

/* The same delivery to `count` neighbouring addresses: "+79160000000" or "100000", or "%d@example.org". */
static struct delivery *spread(const struct delivery *one, int64_t count, char (*addresses)[64])
{
        struct delivery *all = calloc((size_t)count, sizeof *all);
        int64_t base = strtoll(one->address, NULL, 10);

        for (int64_t i = 0; all != NULL && i < count; i++) {
                all[i] = *one;
                all[i].address = addresses[i];
                if (strchr(one->address, '@') != NULL)
                        snprintf(addresses[i], sizeof *addresses, "%" PRId64 "%s", i, strchr(one->address, '@'));
                else
                        snprintf(addresses[i], sizeof *addresses, "%s%" PRId64, one->address[0] == '+' ? "+" : "",
                                 base + i);
        }
        return all;
}

static pawl_result on_deliver(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        struct alone *a = self;
        struct pawl_str id = pawl_event_id(ev);
        int64_t count = number_of(ev, "count", 1);
        char error[512], event[64], (*addresses)[64] = calloc((size_t)count, sizeof *addresses);
        struct delivery one, *all;
        pawl_result result = PAWL_OK;
        struct store *store = store_open(a->store_path, error, sizeof error, &result);
        bool known;

        if (store == NULL)
                return pawl_unavailable(ctx, "%s", error);
        snprintf(event, sizeof event, "%.*s", (int)id.len, id.ptr);
        read_delivery(a, ev, &one);
        all = count > 1 ? spread(&one, count, addresses) : NULL;
        result = store_add(store, event, NULL, all ? all : &one, (size_t)count, &known);
        clear_delivery(&one);
        free(all);
        free(addresses);
        store_close(&store);
        sender_wake(a->sender);
        return result;
}

static bool alone_create(struct pawl_instance *instance, void **self)
{
        struct alone *a = calloc(1, sizeof *a);
        char error[1024];

        a->instance = instance;
        snprintf(a->store_path, sizeof a->store_path, "%s/notifications.db", pawl_about_state_dir(instance).ptr);
        a->sender = channel_settings_sender(instance, a->store_path, error, sizeof error);
        if (a->sender == NULL) {
                free(a);
                return pawl_fail(instance, "%s", error);
        }
        *self = a;
        return true;
}

static void alone_start(void *self)
{
        sender_start(((struct alone *)self)->sender);
}

static void alone_quiesce(void *self)
{
        sender_quiesce(((struct alone *)self)->sender);
}

static void alone_stop(void *self)
{
        sender_stop(((struct alone *)self)->sender);
}

static void alone_destroy(void *self)
{
        struct alone *a = self;

        sender_free(&a->sender);
        free(a);
}

static int32_t deliveries(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        return command_deliveries(ctx, argv, argc, ((struct alone *)self)->store_path);
}

static int32_t channels(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        (void)argv;
        (void)argc;
        return command_channels(ctx, ((struct alone *)self)->sender);
}

static int32_t retry(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        struct alone *a = self;

        return command_retry(ctx, argv, argc, a->store_path, a->sender);
}

static const struct pawl_setting settings[] = {CHANNEL_SETTINGS};
static const struct pawl_metric metrics[] = {SENDER_METRICS};
static const struct pawl_handler handlers[] = {PAWL_ON("test.deliver", on_deliver)};
static const struct pawl_command commands[] = {
    PAWL_COMMAND("deliveries", COMMAND_DELIVERIES_USAGE, "as in the plugin", deliveries),
    PAWL_COMMAND("channels", "", "as in the plugin", channels),
    PAWL_COMMAND("retry", "ID", "as in the plugin", retry),
};

static const struct pawl_plugin sender_alone = {
    PAWL_DESCRIPTOR("notifications", "1.0.0"),
    .handlers = PAWL_ARRAY(handlers),
    .settings = PAWL_ARRAY(settings),
    .metrics = PAWL_ARRAY(metrics),
    .commands = PAWL_ARRAY(commands),
    .create = alone_create,
    .start = alone_start,
    .quiesce = alone_quiesce,
    .stop = alone_stop,
    .destroy = alone_destroy,
    .swap = PAWL_SWAP_HANDOVER,
};
PAWL_EXPORT(sender_alone);
