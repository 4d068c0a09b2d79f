#include "cluster.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static void on_log(void *arg, enum client_severity severity, const char *line)
{
        (void)severity;
        if (*(const bool *)arg)
                log_warn("%s", line);
}

static void take_properties(const struct config_properties *from, enum config_scope scope, struct cluster *cluster)
{
        size_t secrets = 0;

        cluster->properties = memory_zero(from->count, sizeof *cluster->properties);
        cluster->secrets = memory_zero(from->count + 1, sizeof *cluster->secrets);
        for (size_t i = 0; i < from->count; i++) {
                const struct config_property *p = &from->items[i];

                if (p->scope != CONFIG_SCOPE_ALL && p->scope != scope)
                        continue;
                cluster->properties[cluster->options.property_count++] =
                    (struct client_property){.name = p->name, .value = p->value};
                if (p->secret)
                        cluster->secrets[secrets++] = p->value;
        }
        cluster->options.secrets = cluster->secrets;
        cluster->options.properties = cluster->properties;
}

bool cluster_of(struct ctl *ctl, enum config_scope scope, struct cluster *cluster)
{
        *cluster = (struct cluster){.options = {.client_id = "pawlctl", .log = on_log, .log_ctx = &ctl->verbose}};
        /* Brokers that are named by hand, and no configuration: whoever asks so wants nothing of this host's. */
        if (ctl->brokers != NULL && !ctl->config_named) {
                cluster->options.brokers = ctl->brokers;
                return true;
        }
        if (ctl_config(ctl) == NULL) {
                ctl_fail(
                    0,
                    "the configuration says how to reach Kafka; mend it, name another with --config, or the brokers with "
                    "--brokers");
                return false;
        }
        cluster->options.brokers = ctl->brokers != NULL ? ctl->brokers : ctl->cfg->kafka.brokers;
        take_properties(&ctl->cfg->kafka.properties, scope, cluster);
        return true;
}

void cluster_clear(struct cluster *cluster)
{
        free(cluster->properties);
        free(cluster->secrets);
        *cluster = (struct cluster){0};
}
