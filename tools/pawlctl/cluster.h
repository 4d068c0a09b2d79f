/*
 * How pawlctl's Kafka clients are configured: as the host's own are (brokers, security), or by --brokers alone.
 */
#ifndef PAWL_TOOLS_CLUSTER_H
#define PAWL_TOOLS_CLUSTER_H

#include "kafka/client.h"
#include "pawlctl.h"

struct cluster {
        struct client_options options;
        struct client_property *properties; /* what options.properties points to */
        const char **secrets;               /* and options.secrets */
};

/* False after the reason was printed. `scope`: what the client is for; CONFIG_SCOPE_ALL for administrative questions. */
bool cluster_of(struct ctl *ctl, enum config_scope scope, struct cluster *cluster);
void cluster_clear(struct cluster *cluster);

#endif
