/*
 * What plugins publish outside any event: from any thread into a bounded queue, out of it by the main thread to the producer,
 * and back as a callback on a pool thread. Every accepted one is answered exactly once.
 *
 * The lock "publish" guards both queues and the counts; no plugin code runs under it.
 */
#ifndef PAWL_WORKER_PUBLISH_H
#define PAWL_WORKER_PUBLISH_H

#include "plugin/instance.h"
#include "worker/emit.h"

struct publish {
        struct publish *next;
        struct plugin_instance *instance;
        struct emit *message; /* owned */
        pawl_published_fn *done;
        void *arg;
        int32_t status;
};

struct publish_queue;

/* At most `max_count` and `max_bytes` accepted and not yet answered: beyond it PAWL_E_FULL. `wake(arg)`: the queue to the main thread
 * became non-empty; on the publishing thread. */
struct publish_queue *publish_queue_new(size_t max_count, size_t max_bytes, void (*wake)(void *arg), void *arg);
void publish_queue_free(struct publish_queue **queue);

/* Any thread: takes the message over, or returns PAWL_E_FULL and leaves it. */
int32_t publish_put(struct publish_queue *queue, struct plugin_instance *in, struct emit *message,
                    pawl_published_fn *done, void *arg);

/* Main thread: all that were accepted, oldest first; NULL: none. It now owns them, and answers each. */
struct publish *publish_take(struct publish_queue *queue);

/* Main thread: what became of it: 0, PAWL_E_REFUSED or PAWL_E_CANCELLED. Without a callback that ends it; with one it waits for
 * publish_call. Returns true if there is now a callback to be run by a pool thread. */
bool publish_answer(struct publish_queue *queue, struct publish *p, int32_t status);

/* A pool thread: calls up to `max` callbacks; returns how many. */
size_t publish_call(struct publish_queue *queue, size_t max);

/* Main thread: how many of the instance are accepted and not fully answered (its callback returned). Destroy waits for 0. */
size_t publish_pending(const struct publish_queue *queue, const struct plugin_instance *in);

#endif
