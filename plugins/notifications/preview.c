/* `pawlctl notifications preview …`: what a message looks like, before anybody gets it. */
#include "common/command.h"
#include "notifications.h"

#include <stdio.h>
#include <string.h>

struct wish {
        struct pawl_str message;
        struct pawl_str channel;
        struct pawl_str language;
};

/* "--channel VALUE" or "--channel=VALUE": how many arguments it took; 0: it is not there. */
static uint32_t option(const struct pawl_str *argv, uint32_t argc, const char *name, struct pawl_str *value)
{
        size_t len = strlen(name);

        if (argv[0].len < len || memcmp(argv[0].ptr, name, len) != 0)
                return 0;
        if (argv[0].len > len && argv[0].ptr[len] == '=') {
                *value = pawl_bytes(argv[0].ptr + len + 1, argv[0].len - len - 1);
                return 1;
        }
        if (argv[0].len > len || argc < 2)
                return 0;
        *value = argv[1];
        return 2;
}

/* "FIELD=VALUE". False after an answer. */
static bool set_field(struct pawl_ctx *ctx, struct pawl_str argument, struct message_values *values)
{
        const char *equals = memchr(argument.ptr, '=', argument.len);
        char name[64], shown[64];

        snprintf(name, sizeof name, "%.*s", (int)(equals - argument.ptr), argument.ptr);
        if (message_set(values, name, pawl_text(equals + 1)))
                return true;
        command_reply(ctx, "%s: no such field; the message has",
                      command_printable(pawl_text(name), shown, sizeof shown));
        for (size_t i = 0; i < values->count; i++)
                command_reply(ctx, "%s %s", i > 0 ? "," : "", values->list[i].name);
        command_reply(ctx, "\n");
        return false;
}

static bool usage(struct pawl_ctx *ctx)
{
        command_reply(ctx, "expected: preview TEMPLATE [--channel CHANNEL] [--language LANGUAGE] [FIELD=VALUE ...]\n");
        return false;
}

/* The options and the template. */
static bool read_wish(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, struct wish *wish)
{
        for (uint32_t i = 0; i < argc;) {
                uint32_t taken = option(argv + i, argc - i, "--channel", &wish->channel);

                if (taken == 0)
                        taken = option(argv + i, argc - i, "--language", &wish->language);
                if (taken == 0 && argv[i].len > 2 && memcmp(argv[i].ptr, "--", 2) == 0)
                        return usage(ctx);
                if (taken == 0 && memchr(argv[i].ptr, '=', argv[i].len) == NULL) {
                        if (wish->message.ptr != NULL)
                                return usage(ctx);
                        wish->message = argv[i];
                }
                i += taken > 0 ? taken : 1;
        }
        return wish->message.ptr != NULL || usage(ctx);
}

static bool read_fields(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, struct message_values *values)
{
        struct wish ignored;

        for (uint32_t i = 0; i < argc;) {
                uint32_t taken = option(argv + i, argc - i, "--channel", &ignored.channel);

                if (taken == 0)
                        taken = option(argv + i, argc - i, "--language", &ignored.language);
                if (taken == 0 && memchr(argv[i].ptr, '=', argv[i].len) != NULL && !set_field(ctx, argv[i], values))
                        return false;
                i += taken > 0 ? taken : 1;
        }
        return true;
}

/* The channel to show: the one asked for, else the first that there is a template for. NULL after an answer. */
static const char *channel_of(struct pawl_ctx *ctx, const struct notifications *n, const struct wish *wish)
{
        char list[1024];

        if (!template_message_known(n->templates, wish->message.ptr)) {
                command_reply(ctx, "%s: no such template; expected one of %s\n",
                              command_printable(wish->message, list, 64),
                              template_list(n->templates, list + 64, sizeof list - 64));
                return NULL;
        }
        for (int i = 0; i < ADDRESS_KINDS; i++) {
                const char *channel = address_channel(i);

                if ((wish->channel.ptr == NULL || strcmp(wish->channel.ptr, channel) == 0) &&
                    template_channel_known(n->templates, wish->message.ptr, channel))
                        return channel;
        }
        command_reply(ctx, "there is no template of that message for %s\n",
                      wish->channel.ptr != NULL ? command_printable(wish->channel, list, sizeof list) : "any channel");
        return NULL;
}

static int32_t show(struct pawl_ctx *ctx, const struct notifications *n, const struct wish *wish, const char *channel,
                    const struct message_values *values)
{
        struct template_text text;

        if (!template_render(n->templates, wish->message.ptr, channel,
                             wish->language.ptr != NULL ? wish->language.ptr : n->language, values, &text)) {
                command_reply(ctx, "out of memory\n");
                return COMMAND_FAILED;
        }
        command_reply(ctx, "%s by %s, language %s\n\n", wish->message.ptr, channel, text.language);
        if (text.subject[0] != '\0')
                command_reply(ctx, "Subject: %s\n\n", text.subject);
        command_reply(ctx, "%s", text.text);
        if (text.html != NULL)
                command_reply(ctx, "\n---- the same as HTML ----\n\n%s", text.html);
        template_text_free(&text);
        return COMMAND_OK;
}

int32_t notifications_preview(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        const struct notifications *n = self;
        struct wish wish = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
        struct message_values values;
        const char *names[MESSAGE_FIELDS_MAX] = {0}, *channel;
        int32_t status = COMMAND_USAGE;

        if (!read_wish(ctx, argv, argc, &wish))
                return COMMAND_USAGE;
        channel = channel_of(ctx, n, &wish);
        if (channel == NULL)
                return COMMAND_FAILED;
        message_samples(names, routing_names(n->routing, wish.message.ptr, names), &values);
        if (read_fields(ctx, argv, argc, &values))
                status = show(ctx, n, &wish, channel, &values);
        message_values_clear(&values);
        return status;
}
