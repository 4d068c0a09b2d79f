/*
 * The settings of the channels, and how they become the sender's options. A channel whose table is not there is not configured.
 */
#ifndef NOTIFICATIONS_CHANNEL_SETTINGS_H
#define NOTIFICATIONS_CHANNEL_SETTINGS_H

#include "sender.h"

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>

extern const struct pawl_setting smtp_fields[14];
extern const struct pawl_setting telegram_fields[10];
extern const struct pawl_setting sms_fields[16];

/* To stand in the plugin's table of settings. `deadline` and `keep` are also read by whoever adds deliveries. */
#define CHANNEL_SETTINGS                                                                                               \
        PAWL_SETTING_TABLE(0, "smtp", smtp_fields, "e-mail: the mail server"),                                         \
            PAWL_SETTING_TABLE(0, "telegram", telegram_fields, "Telegram: the bot"),                                   \
            PAWL_SETTING_TABLE(0, "sms", sms_fields, "SMS: the gateway, and how it is asked"),                         \
            PAWL_SETTING_STRING("topic", "notification-events", "where notification.* events go"),                     \
            PAWL_SETTING_DURATION("deadline", "24h", "1s..30d", "after which a delivery is given up"),                 \
            PAWL_SETTING_DURATION("keep", "90d", "1d..3650d", "how long finished deliveries are remembered")

/* A sender for this instance's settings. NULL: the reason is in `error`. `store_path` must outlive it. */
struct sender *channel_settings_sender(struct pawl_instance *instance, const char *store_path, char *error,
                                       size_t error_size);

#endif
