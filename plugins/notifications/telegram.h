/*
 * The Telegram channel: the Bot API's sendMessage over HTTPS (https://core.telegram.org/bots/api#sendmessage).
 *
 * The bot's token is part of the URL: no URL is ever written anywhere.
 */
#ifndef NOTIFICATIONS_TELEGRAM_H
#define NOTIFICATIONS_TELEGRAM_H

#include "transfer.h"

#define TELEGRAM_TEXT_MAX                                                                                              \
        4096 /* characters of a message, as the Bot API limits it; counted in UTF-16 units, as Telegram counts */

struct telegram_options {
        const char *base_url; /* "https://api.telegram.org" */
        const char *token;
        const char *ca_file; /* "": the system's */
};

extern const struct kind telegram_kind;

/* NULL: memory. The options' strings must outlive it, as settings do. */
void *telegram_new(const struct telegram_options *options);

/* How many bytes of the text fit into a message; all of them, or as many as leave room for an ellipsis. */
size_t telegram_text_length(const char *text);

/* The text as it is sent, malloc'ed; NULL: memory. */
char *telegram_text(const char *text);

#endif
