/*
 * The sender: one thread that works through the queued deliveries of all channels, and tells the world what became of each.
 *
 * Of all processes and instances on this host that share the file, one sends at a time: who holds the lock beside it. The others
 * wait for the lock. Each turn of the thread writes what happened in it in one transaction: what ended, then what begins. What a provider has
 * accepted is held until it is written; only when the process dies before that is it sent again, by the next sender.
 */
#ifndef NOTIFICATIONS_SENDER_H
#define NOTIFICATIONS_SENDER_H

#include "carrier.h"

#include <pawl/plugin.h>

enum sender_channel { SENDER_EMAIL, SENDER_TELEGRAM, SENDER_SMS, SENDER_CHANNELS };

/* The metrics of the sender: the first ones in the plugin's table, in this order. Four for all channels, then five for each. */
#define SENDER_CHANNEL_METRICS(channel)                                                                                \
        PAWL_METRIC(PAWL_COUNTER, channel "_sent", "", "deliveries that the provider of this channel accepted"),       \
            PAWL_METRIC(PAWL_COUNTER, channel "_failed", "", "deliveries on this channel that were given up"),         \
            PAWL_METRIC(PAWL_GAUGE, channel "_queued", "", "deliveries on this channel that wait"),                    \
            PAWL_METRIC(PAWL_GAUGE, channel "_open", "", "deliveries on this channel that are being sent"),            \
            PAWL_METRIC(PAWL_GAUGE, channel "_breaker", "", "circuit breaker: 0 closed, 1 half open, 2 open")
#define SENDER_METRICS                                                                                                 \
        PAWL_METRIC(PAWL_COUNTER, "deliveries_sent", "", "deliveries that a provider accepted"),                       \
            PAWL_METRIC(PAWL_COUNTER, "deliveries_failed", "",                                                         \
                        "deliveries given up: refused, or past their deadline"),                                       \
            PAWL_METRIC(PAWL_GAUGE, "deliveries_waiting", "", "deliveries queued or being sent"),                      \
            PAWL_METRIC(PAWL_COUNTER, "delivery_attempts", "", "attempts to send one"),                                \
            SENDER_CHANNEL_METRICS("email"), SENDER_CHANNEL_METRICS("telegram"), SENDER_CHANNEL_METRICS("sms")

struct sender;

struct sender_options {
        struct pawl_instance *instance;
        const char *store_path;
        const char *topic; /* where notification.* go */
        struct carrier_options channels[SENDER_CHANNELS];
        int64_t keep; /* how long published deliveries are remembered */
};

/* NULL: memory. Starts nothing. The strings must outlive it, as settings do; the channels' `self` are taken over in any case. */
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

/* How a channel is at present, for people. */
struct channel_view {
        const char *name;
        char server[200];
        bool configured;
        enum breaker_state breaker;
        int64_t opens_in; /* nanoseconds until deliveries may begin again; 0: now */
        size_t open, under_way;
        int64_t queued;
        uint64_t sent, failed, attempts; /* since this process began to send */
        char trouble[640];
};

/* A copy of each channel's view, and whether this process is the one that sends. Any thread. */
bool sender_view(struct sender *sender, struct channel_view views[SENDER_CHANNELS]);

#endif
