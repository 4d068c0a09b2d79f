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

void clients_take_properties(struct clients_properties *to, const struct config_kafka *kafka, enum config_scope scope,
                             struct client_options *options)
{
        size_t i, count = 0, secrets = 0;

        to->list = memory_zero(kafka->properties.count, sizeof *to->list);
        to->secrets = memory_zero(kafka->properties.count + 1, sizeof *to->secrets);
        for (i = 0; i < kafka->properties.count; i++) {
                const struct config_property *from = &kafka->properties.items[i];

                if (scope != CONFIG_SCOPE_ALL && from->scope != CONFIG_SCOPE_ALL && from->scope != scope)
                        continue;
                to->list[count++] = (struct client_property){from->name, from->value};
                if (from->secret)
                        to->secrets[secrets++] = from->value;
        }
        options->properties = to->list;
        options->property_count = count;
        options->secrets = to->secrets;
}

void clients_free_properties(struct clients_properties *properties)
{
        free(properties->list);
        free(properties->secrets);
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
            .client = {.brokers = w->plugin->kafka.brokers, .log = client_line},
        };
        struct clients_properties properties;
        char *client_id = memory_printf("pawl-%s-%u", w->plugin->name, w->options.instance);
        char *instance_id = memory_printf("%s-%s-%u", w->host_id, w->plugin->name, w->options.instance);

        clients_take_properties(&properties, &w->plugin->kafka, CONFIG_SCOPE_CONSUMER, &options.client);
        options.client.client_id = client_id;
        options.instance_id = w->plugin->kafka.static_membership ? instance_id : NULL;
        w->consumer = consumer_open(&options, err);
        clients_free_properties(&properties);
        free(instance_id);
        free(client_id);
        return w->consumer != NULL || error_prefix(err, "consumer");
}

bool clients_open(struct worker *w, struct pawl_error *err)
{
        char *client_id = memory_printf("pawl-%s-%u", w->plugin->name, w->options.instance);
        struct client_options options = {.brokers = w->plugin->kafka.brokers,
                                         .client_id = client_id,
                                         .log = client_line};
        struct clients_properties properties;
        bool opened;

        clients_take_properties(&properties, &w->plugin->kafka, CONFIG_SCOPE_PRODUCER, &options);
        opened = outbox_open(w, &options, err);
        clients_free_properties(&properties);
        free(client_id);
        if (!opened)
                return error_prefix(err, "producer");
        return w->plugin->topic_count == 0 || clients_open_consumer(w, err);
}
