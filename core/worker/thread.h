/*
 * Starts a thread as all of a worker's are started: named, and with every signal blocked but those that a fault raises, since
 * the others are the main thread's to take.
 */
#ifndef PAWL_WORKER_THREAD_H
#define PAWL_WORKER_THREAD_H

#include <pthread.h>

/* 0, or an errno value as pthread_create gives it. `name`: at most 15 bytes. */
int thread_start(pthread_t *handle, const char *name, void *(*main)(void *arg), void *arg);

#endif
