/*
 * The inside of the sender, for its two files: sender.c (the thread and its turns) and sender_report.c (what people see of it).
 */
#ifndef NOTIFICATIONS_SENDER_PRIVATE_H
#define NOTIFICATIONS_SENDER_PRIVATE_H

#include "publication.h"
#include "sender.h"

#include <pthread.h>
#include <stdatomic.h>

struct sender {
        struct sender_options options;
        struct store *store;
        struct loop *loop;
        struct carrier carriers[SENDER_CHANNELS];
        struct publication *publication;
        int lock_fd; /* -1: not the one who sends */
        bool started;
        pthread_t thread;
        atomic_bool ending;
        _Atomic int64_t end_by;      /* monotonic; once ending */
        struct transfer_list ended;  /* not written yet */
        int64_t write_again;         /* monotonic; 0: the last turn was written */
        int64_t report_at, purge_at; /* monotonic */
        char trouble[512];           /* of its own, with its database; "": none */
        char said[2560];             /* the health that was told last */
        pthread_mutex_t mutex;       /* guards views and sending, which commands read */
        struct channel_view views[SENDER_CHANNELS];
        bool sending;
};

enum sender_metric { METRIC_SENT, METRIC_FAILED, METRIC_WAITING, METRIC_ATTEMPTS, METRIC_CHANNELS };
enum channel_metric { CHANNEL_SENT, CHANNEL_FAILED, CHANNEL_QUEUED, CHANNEL_OPEN, CHANNEL_BREAKER, CHANNEL_METRICS };

/* The sender has trouble of its own, with its database: the log and the health say so until a turn is written. */
void sender_trouble(struct sender *sender, const char *what);

/* Counters; channel -1: of no single one. */
void sender_count(struct sender *sender, int channel, enum sender_metric metric, uint64_t n);

/* Gauges, health and views: once a second, and at once when a channel's trouble began or ended. */
void sender_report(struct sender *sender);

#endif
