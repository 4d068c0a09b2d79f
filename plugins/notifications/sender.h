/*
 * The sender: one thread that works through the queued deliveries, and tells the world what became of each.
 *
 * Of all processes and instances on this host that share the file, one sends at a time: who holds the lock beside it. The others
 * wait for the lock. While the mail server is away one delivery probes it, with growing pauses, and the others wait.
 */
#ifndef NOTIFICATIONS_SENDER_H
#define NOTIFICATIONS_SENDER_H

#include "smtp.h"

#include <pawl/plugin.h>

struct sender;

struct sender_options {
        struct pawl_instance *instance;
        const char *store_path;
        const char *topic; /* where notification.* go */
        const char *from;
        const char *from_name;
        struct smtp_options smtp;
        size_t max_open;
        int64_t retry_min; /* pause after the first failed attempt, doubled with each */
        int64_t retry_max;
        int64_t keep; /* how long published deliveries are remembered */
        uint32_t metric_sent, metric_failed, metric_waiting, metric_attempts;
};

/* NULL: memory. Starts nothing. The strings are copied or, of smtp, must outlive it. */
struct sender *sender_new(const struct sender_options *options);

/* Starts the thread. */
void sender_start(struct sender *sender);

/* There is something new to send. Any thread, also before start and after stop. */
void sender_wake(struct sender *sender);

/* The thread begins nothing more; what is being sent has ten seconds to end. Does not wait. */
void sender_quiesce(struct sender *sender);

/* Waits for the thread's end. */
void sender_stop(struct sender *sender);

/* After stop. Accepts NULL, sets the caller's pointer to NULL. */
void sender_free(struct sender **sender);

/* To be given to pawl_publish as its callback. A pool thread. */
pawl_published_fn sender_published;

#endif
