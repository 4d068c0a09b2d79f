/*
 * A mock cluster without librdkafka's types and without Criterion: for programs of other rooms that only need brokers to
 * talk to. It ends the program when it cannot be had.
 */
#ifndef PAWL_TESTS_CLUSTER_H
#define PAWL_TESTS_CLUSTER_H

struct cluster;

struct cluster *cluster_open(void);
const char *cluster_brokers(const struct cluster *cluster); /* lives as long as the cluster */
void cluster_topic(struct cluster *cluster, const char *topic, int partitions);
void cluster_close(struct cluster **cluster);

#endif
