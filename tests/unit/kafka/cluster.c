#include "cluster.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>

struct cluster {
        rd_kafka_t *rk; /* owns the mock */
        rd_kafka_mock_cluster_t *mock;
};

static void fail(const char *what, const char *reason)
{
        fprintf(stderr, "no %s: %s\n", what, reason);
        exit(1);
}

struct cluster *cluster_open(void)
{
        struct cluster *cluster = calloc(1, sizeof *cluster);
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char reason[256] = "";

        if (cluster == NULL)
                fail("mock cluster", "out of memory");
        rd_kafka_conf_set(conf, "log_level", "3", NULL, 0);
        cluster->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
        cluster->mock = cluster->rk == NULL ? NULL : rd_kafka_mock_cluster_new(cluster->rk, 1);
        if (cluster->mock == NULL)
                fail("mock cluster", reason);
        return cluster;
}

const char *cluster_brokers(const struct cluster *cluster)
{
        return rd_kafka_mock_cluster_bootstraps(cluster->mock);
}

void cluster_topic(struct cluster *cluster, const char *topic, int partitions)
{
        rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(cluster->mock, topic, partitions, 1);

        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
                fail(topic, rd_kafka_err2str(code));
}

void cluster_close(struct cluster **cluster)
{
        if (*cluster == NULL)
                return;
        rd_kafka_mock_cluster_destroy((*cluster)->mock);
        rd_kafka_destroy((*cluster)->rk);
        free(*cluster);
        *cluster = NULL;
}
