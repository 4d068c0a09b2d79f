/*
 * The host's side of the contract: the table of functions behind <pawl/plugin.h>, and what it needs of the worker. A test
 * harness (tests/plugins/testhost.h) is another user of the same.
 *
 * One struct api a worker process, made by the main thread before any instance, freed after all. Its members are read by any
 * thread and do not change. What plugins ask of the main thread comes out of two queues: completions of tickets (tickets.h) and what
 * is to be published (publish.h); `wake` says that one of them has something.
 */
#ifndef PAWL_WORKER_API_H
#define PAWL_WORKER_API_H

#include "base/scoreboard.h"
#include "plugin/instance.h"
#include "worker/call.h"
#include "worker/publish.h"
#include "worker/tickets.h"

/* A listening socket by its name in the configuration. */
struct api_socket {
        const char *name;
        int fd; /* the worker's; plugins get copies */
};

struct api_options {
        const char *plugin;    /* its name in the configuration */
        const char *state_dir; /* the plugin's own, absolute, exists */
        const char *host_id;   /* UUID */
        unsigned instance;     /* number among `instances` */
        size_t max_event;      /* bytes */
        size_t publish_count;  /* 0: 10,000 */
        size_t publish_bytes;  /* 0: 16 MiB */
        struct scoreboard *scoreboard;
        const struct api_socket *sockets; /* copied; the descriptors stay the caller's */
        size_t socket_count;
        void (*wake)(void *arg); /* any thread; must not block. NULL: the owner looks by itself */
        void *wake_arg;
};

struct api {
        uint32_t magic;
        char *plugin;
        char *state_dir;
        char *host_id;
        char instance[12];
        size_t max_event;
        struct scoreboard *scoreboard;
        struct api_socket *sockets;
        size_t socket_count;
        struct tickets *tickets;
        struct publish_queue *publish;
        _Atomic(const char *) kafka;  /* static words: what keeps the worker from Kafka; NULL: nothing */
        unsigned char id_space[16];   /* UUID within which pawl_derive_id derives */
        unsigned char emit_space[16]; /* UUID within which the ids of emits are derived */
};

struct api *api_new(const struct api_options *options);
void api_free(struct api **api);

/* The one table. */
const struct pawl_host *api_host(void);

/*
 * Makes an instance with its settings checked and its metrics declared, and calls `create`. NULL: every problem is in `errors`, or (for
 * what `create` itself said) in `err`; whichever is not concerned stays empty.
 */
struct plugin_instance *api_instance(struct api *api, const struct plugin_build *build,
                                     const struct config_value *settings, const char *file, uint64_t generation,
                                     struct config_errors *errors, struct pawl_error *err);

/* True when nothing of the instance is out any more: no ticket, no publication, no callback. (Its calls are the worker's to count.) */
bool api_instance_idle(const struct api *api, const struct plugin_instance *in);

/* Forgets its tickets, goes through the rest of its life and frees it. */
void api_instance_free(struct api *api, struct plugin_instance **in);

/* Which array of the scoreboard the calling thread counts in: 0 the main thread, 1… the pool's. Once a thread; without it: the shared one. */
void api_thread_writer(unsigned writer);

/* The api of an instance. */
struct api *api_of(const struct plugin_instance *in);

#endif
