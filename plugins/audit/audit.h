/*
 * One instance of the plugin, for its parts: audit.c, which has the handlers, and the commands.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "chain.h"
#include "upkeep.h"

#include <pthread.h>

struct audit {
        struct pawl_instance *instance;
        pthread_mutex_t lock;  /* guards chain and upkeep: the handlers' thread, the tick's, the commands' */
        struct chain *chain;   /* NULL: not opened yet */
        struct upkeep *upkeep; /* its key is read without the lock */
        bool stopped;          /* the chain is let go, and not opened again */
        bool upkeep_failed;    /* the last time; so it is said once, and taken back */
        uint64_t largest;      /* bytes of an entry's key and value */
        char path[4096];
};

/* Opens the chain unless it is open. The lock is held. False: the reason is in `error`, and *result is what a handler should return. */
bool audit_open(struct audit *audit, char *error, size_t error_size, pawl_result *result);

#endif
