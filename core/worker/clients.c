/* The configuration's words for Kafka become the clients' options. */
#include "base/memory.h"
#include "worker/worker_private.h"

#include <stdlib.h>

static void client_line(void *log_ctx, enum client_severity severity, const char *line)
{
        static const enum log_level levels[] = {LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG};

        (void)log_ctx;
        log_at(levels[severity], LOG_MARK_NONE, "librdkafka: %s", line);
}

/* Those properties that are for this client; the array is the caller's, what it points to is the configuration's. */
static void fill_client(const struct worker *w, enum config_scope scope, const char *client_id,
                        struct client_property **list, struct client_options *options)
{
        const struct config_kafka *kafka = &w->plugin->kafka;
        size_t i, count = 0;

        *list = memory_zero(kafka->properties.count, sizeof **list);
        for (i = 0; i < kafka->properties.count; i++) {
                const struct config_property *from = &kafka->properties.items[i];

                if (from->scope == CONFIG_SCOPE_ALL || from->scope == scope)
                        (*list)[count++] = (struct client_property){from->name, from->value};
        }
        *options = (struct client_options){
            .brokers = kafka->brokers,
            .client_id = client_id,
            .properties = *list,
            .property_count = count,
            .log = client_line,
        };
}

bool clients_open_consumer(struct worker *w, struct pawl_error *err)
{
        static const enum consumer_reset starts[] = {
            [CONFIG_START_EARLIEST] = RESET_EARLIEST, [CONFIG_START_LATEST] = RESET_LATEST};
        static const enum consumer_reset gaps[] = {
            [CONFIG_GAP_STOP] = RESET_STOP, [CONFIG_GAP_EARLIEST] = RESET_EARLIEST, [CONFIG_GAP_LATEST] = RESET_LATEST};
        struct consumer_options options = {
            .group = w->plugin->group,
            .topics = (const char *const *)w->plugin->topics,
            .topic_count = w->plugin->topic_count,
            .start = starts[w->plugin->kafka.start],
            .on_gap = gaps[w->plugin->kafka.on_gap],
            .hold = true,
        };
        struct client_property *list;
        char *client_id = memory_printf("pawl-%s-%u", w->plugin->name, w->options.instance);
        char *instance_id = memory_printf("%s-%s-%u", w->host_id, w->plugin->name, w->options.instance);

        fill_client(w, CONFIG_SCOPE_CONSUMER, client_id, &list, &options.client);
        options.instance_id = w->plugin->kafka.static_membership ? instance_id : NULL;
        w->consumer = consumer_open(&options, err);
        free(list);
        free(instance_id);
        free(client_id);
        return w->consumer != NULL || error_prefix(err, "consumer");
}

bool clients_open(struct worker *w, struct pawl_error *err)
{
        char *client_id = memory_printf("pawl-%s-%u", w->plugin->name, w->options.instance);
        struct client_options options;
        struct client_property *list;
        bool opened;

        fill_client(w, CONFIG_SCOPE_PRODUCER, client_id, &list, &options);
        opened = outbox_open(w, &options, err);
        free(list);
        free(client_id);
        if (!opened)
                return error_prefix(err, "producer");
        return w->plugin->topic_count == 0 || clients_open_consumer(w, err);
}
