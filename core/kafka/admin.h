/*
 * The client that administrative questions go through: topics.h, groups.h. One thread at a time.
 */
#ifndef PAWL_KAFKA_ADMIN_H
#define PAWL_KAFKA_ADMIN_H

#include "base/error.h"
#include "kafka/client.h"

struct admin;

/* NULL: *err names the property or defect. Does not wait for a broker. */
struct admin *admin_open(const struct client_options *options, struct pawl_error *err);
void admin_destroy(struct admin **admin);

#endif
