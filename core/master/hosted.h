/*
 * A hosted plugin: what was accepted for it (configuration, build, listening sockets) and its seats, one an instance. Main thread.
 */
#ifndef PAWL_MASTER_HOSTED_H
#define PAWL_MASTER_HOSTED_H

#include "master/build.h"
#include "master/seat.h"

/* What the master wants to hear of all seats; as struct seat_owner's. */
struct hosted_calls {
        void (*settled)(void *arg);
        void (*reply)(void *arg, struct seat *seat, const json_t *message);
        void (*lost)(void *arg, struct seat *seat, const char *why);
        void *arg;
};

struct hosted {
        char *name;
        struct loop *loop;
        struct generation *generation;      /* the newest that was accepted for it */
        const struct config_plugin *plugin; /* of that generation */
        struct build build;
        struct child_listen *listen; /* descriptors are the sockets table's */
        size_t listen_count;
        struct seat **seats;
        size_t seat_count;
        bool leaving; /* all its seats are being stopped for good */
        bool stale; /* the last reload was accepted, but a seat still runs what was before: the next one tries again */
        struct seat_owner owner; /* of its seats */
        struct hosted_calls calls;
};

/* Without seats yet. */
struct hosted *hosted_new(struct loop *loop, const char *name, const struct hosted_calls *calls);

/* Kills what still runs. */
void hosted_free(struct hosted **hosted);

/* What its processes are started from, from now on. Takes the build's bytes over; `listen` descriptors in the order of the plugin's
 * `listen`. */
void hosted_accept(struct hosted *hosted, struct generation *generation, const struct config_plugin *plugin,
                   struct build *build, const int *listen_fds);

/* One more seat, not started. */
struct seat *hosted_add_seat(struct hosted *hosted);

/* Frees the seats from number `count` on. */
void hosted_drop_seats(struct hosted *hosted, size_t count);

#endif
