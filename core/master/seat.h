/*
 * A seat: one instance of a plugin, whose processes come and go. It starts its worker, starts it again when it dies (backoff.h),
 * swaps it for a successor, stops it, and keeps what the dead ones counted. One change at a time; each change ends with one call of
 * its `done`. Main thread.
 */
#ifndef PAWL_MASTER_SEAT_H
#define PAWL_MASTER_SEAT_H

#include "master/backoff.h"
#include "master/process.h"

enum seat_state {
        SEAT_EMPTY,     /* stopped, or never started */
        SEAT_RUNNING,   /* `current` runs */
        SEAT_WAITING,   /* it died; the timer starts the next one */
        SEAT_SWAPPING,  /* `current` swaps beside */
        SEAT_PREPARING, /* hand-over: `current` serves on while `successor` prepares */
        SEAT_DRAINING,  /* hand-over: `current` finishes what it has in hand */
        SEAT_JOINING,   /* the successor, now `current`, subscribes */
        SEAT_STOPPING,
};

struct seat;

/* How a change went. */
struct seat_result {
        bool ok;
        const char *way;   /* "beside", "hand-over", "start", "stop" */
        const char *error; /* "": none */
        int64_t drain_ns;  /* hand-over: from the order to stop until the old process had ended */
        int64_t
            pause_ns; /* hand-over: from its end until the successor reads the same partitions; beside: what the worker measured */
};

typedef void seat_done_fn(void *arg, struct seat *seat, const struct seat_result *result);

/* What every seat of a plugin starts its processes from, filled in by the owner (hosted.h) for each start. */
struct seat_source {
        struct generation *generation;
        const struct config_plugin *plugin;
        const char *build;
        int plugin_fd;
        const struct child_listen *listen;
        size_t listen_count;
};

/* The owner's side. */
struct seat_owner {
        void (*source)(void *arg, struct seat_source *source);
        void (*settled)(void *arg, struct seat *seat); /* a process got ready, or died: said each time */
        void (*reply)(void *arg, struct seat *seat, const json_t *message);
        void (*lost)(void *arg, struct seat *seat, const char *why); /* `current` has ended: commands get no answer */
        void *arg;
};

struct seat {
        struct loop *loop;
        const char *plugin; /* the owner's */
        unsigned number;
        enum seat_state state;
        const struct seat_owner *owner;
        struct process *current;
        struct process *successor;
        struct backoff backoff;
        struct loop_timer timer;
        uint64_t restarts;
        uint64_t kills;                 /* of processes that outran a deadline */
        char last_death[640];           /* "" : none died unasked yet */
        int64_t last_death_at;          /* clock_wall() */
        struct scoreboard_totals *past; /* of all processes that have ended */
        bool stop_killed;               /* the stop under way, or the last one, needed SIGKILL */
        seat_done_fn *done;             /* of the change under way */
        void *done_arg;
        int64_t stopped_at; /* clock_now() when the hand-over's stop was sent */
        int64_t drain_ns;
        unsigned partitions; /* hand-over: that the old process was reading */
        char note[640];      /* why a swap beside became a hand-over */
};

struct seat *seat_new(struct loop *loop, const char *plugin, unsigned number, const struct seat_owner *owner);

/* Kills what still runs. */
void seat_free(struct seat **seat);

/* Starts the worker; done (may be NULL) when it has subscribed, or with its first death. */
void seat_start(struct seat *seat, seat_done_fn *done, void *arg);

/* Replaces the worker by a successor from the owner's present source. Done when that reads the partitions. */
void seat_handover(struct seat *seat, seat_done_fn *done, void *arg);

/* Swaps in place; where the worker cannot, by hand-over. */
void seat_swap(struct seat *seat, seat_done_fn *done, void *arg);

/* Drains, leaves the group and ends. Breaks off any other change (whose done is called first, not ok). May be called again with an
 * earlier deadline (then `done` NULL keeps the first one's). */
void seat_stop(struct seat *seat, int64_t deadline, seat_done_fn *done, void *arg);

/* Totals of all processes, the living one included. */
void seat_totals(const struct seat *seat, struct scoreboard_totals *totals);

const char *seat_state_name(const struct seat *seat);

#endif
