/*
 * A topic's settings as the broker tells them: only for the files of this room.
 */
#ifndef PAWL_KAFKA_TOPICS_PRIVATE_H
#define PAWL_KAFKA_TOPICS_PRIVATE_H

#include "kafka/admin_private.h"
#include "kafka/topics.h"

struct topic_setting {
        char *name;
        char *value;
        bool is_default;
};

struct topic_settings {
        struct topic_setting *items;
        size_t count;
};

bool topic_settings_ask(struct admin *admin, const char *topic, int64_t timeout_ns, struct topic_settings *settings,
                        struct pawl_error *err);
const char *topic_settings_find(const struct topic_settings *settings, const char *name);
void topic_settings_free(struct topic_settings *settings);

#endif
