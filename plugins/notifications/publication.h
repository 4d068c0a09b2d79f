/*
 * What the world is told of finished deliveries: notification.email.sent, .telegram.sent, .sms.sent, and notification.failed.
 *
 * A row that is finished is published until the broker has acknowledged its event, under an id derived from the delivery, so that a
 * repeat is recognised. The sender's thread, but for the callback, which comes on threads of the host's.
 */
#ifndef NOTIFICATIONS_PUBLICATION_H
#define NOTIFICATIONS_PUBLICATION_H

#include "store.h"

#include <pawl/plugin.h>

struct publication;

/* `woken(arg)` is called, on any thread, when an acknowledgement is to be noted. `topic` must outlive it. NULL: memory. */
struct publication *publication_new(struct pawl_instance *instance, const char *topic, void (*woken)(void *arg),
                                    void *arg);
/* After the host has answered everything. Takes NULL. */
void publication_free(struct publication **publication);

/* Publishes what is finished and was not given to the host so far. */
void publication_work(struct publication *publication, struct store *store);

/* Whether acknowledgements are to be noted. */
bool publication_due(struct publication *publication);

/* Within a turn: notes them. When the turn succeeded publication_noted forgets them; else they are noted again in the next one. */
pawl_result publication_note(struct publication *publication, struct store *store);
void publication_noted(struct publication *publication);

#endif
