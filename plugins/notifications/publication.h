/*
 * What the world is told of a finished delivery: notification.email.sent or notification.failed. Any thread.
 */
#ifndef NOTIFICATIONS_PUBLICATION_H
#define NOTIFICATIONS_PUBLICATION_H

#include "store.h"

#include <pawl/plugin.h>

/* Publishes it, with an id derived from the delivery, so that a repeat is recognised. Returns what pawl_publish does. */
int32_t publication_send(struct pawl_instance *instance, const char *topic, const struct delivery *delivery,
                         pawl_published_fn *done, void *arg);

#endif
