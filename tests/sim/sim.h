/*
 * The simulator: whole lives of one plugin's worker, thousands a second, driven by nothing but a seed, held against a simple
 * model. What is real is the engine, its lane table and its offset map; log, broker, pool, producer and time are played.
 *
 *   world   what outlives a worker: the log, what was really done to each event, what the broker has stored as committed. It
 *           judges: nothing is handled more often than the faults allow, no commit goes back or passes unfinished work.
 *   shell   one worker's life: feeds an engine, carries out its orders, and checks each of them against what it knows itself.
 *   life    the story: chance, faults, and at last a calm in which everything must come to its end.
 */
#ifndef PAWL_SIM_H
#define PAWL_SIM_H

#include "engine/engine.h"
#include "engine/lane_table.h"
#include "engine/list.h"
#include "engine/offsets_map.h"
#include "engine/retry.h"

#include <stdbool.h>
#include <stdint.h>

#define SIM_MS       INT64_C(1000000)
#define SIM_KEY_NONE UINT32_MAX
enum { SIM_PARTITIONS = 4, SIM_HANDLERS = 4 };

/* ---- world ---- */

enum sim_kind { SIM_NORMAL, SIM_SKIPPED, SIM_MALFORMED };
enum sim_ordering { SIM_BY_KEY, SIM_BY_PARTITION, SIM_UNORDERED };

struct sim_event {
        int64_t offset;
        uint32_t key;
        uint32_t size;
        uint32_t emits;
        uint32_t emitted; /* bit i: the broker has its emit i */
        uint32_t handled; /* how often its handling succeeded */
        uint32_t allowed; /* how often it may: 1, and 1 for each fault that had it in hand */
        int32_t previous; /* index of the one before it in its lane; -1: none */
        uint16_t handler;
        uint8_t kind;
        bool dead;     /* its dead letter was written */
        bool given_up; /* … or at least ordered: its lane went on */
};

struct sim_log {
        LIST(struct sim_event) events;
        int64_t end; /* of the log, markers included */
        int64_t committed;
        struct offsets_ranges map; /* stored with it */
        bool cut;                  /* … which does not tell all that the engine knew */
        uint32_t generation;       /* of the group's assignment: the broker refuses commits of another */
        bool elsewhere;            /* another member owns it */
};

struct sim_world {
        struct retry_random random;
        uint64_t seed, steps, trace;
        int64_t now;
        uint32_t partitions;
        enum sim_ordering ordering;
        struct sim_log logs[SIM_PARTITIONS];
        size_t broker_metadata; /* the broker's limit */
};

/* Prints seed, step and what is wrong, and ends the program with status 1. */
void sim_fail(const struct sim_world *world, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));

uint64_t sim_below(struct sim_world *world, uint64_t limit); /* uniform in [0, limit) */
bool sim_chance(struct sim_world *world, unsigned one_in);   /* 0: never */
void sim_trace(struct sim_world *world, uint64_t value);     /* adds to the fingerprint of this life */

void sim_world_new(struct sim_world *world, uint64_t seed);
void sim_world_free(struct sim_world *world);

bool sim_complete(const struct sim_event *event);
bool sim_covered(const struct sim_log *log, int64_t offset); /* by the stored commit */

/* An event's handling succeeded. */
void sim_handled(struct sim_world *world, struct sim_event *event);

/* The broker takes a commit of one partition: judges and stores it. */
void sim_commit(struct sim_world *world, uint32_t partition, int64_t offset, const char *metadata, bool rewind);

/* Another member owns the partition for a while, and handles some of it without fault. */
void sim_elsewhere(struct sim_world *world, uint32_t partition);

/* Everything must be done. */
void sim_world_finished(struct sim_world *world);

/* ---- shell ---- */

enum sim_slot_state { SIM_FREE, SIM_QUEUED, SIM_RUNNING, SIM_TICKET, SIM_HANDLED, SIM_DEAD };

struct sim_slot {
        uint32_t partition, event, epoch, lane, tag, run;
        uint32_t failures;     /* that count */
        uint32_t held;         /* emits of the latest attempt that must be produced or dropped */
        uint32_t acknowledged; /* bit i: emit i of the latest attempt */
        uint32_t reports;      /* awaited */
        uint16_t reason;       /* that its dead letter must give; 0: any */
        uint8_t state;
        bool counted_out; /* the engine knows of its partition's end */
        bool must_die;    /* its wait_limit is spent */
        bool waiting;
        int64_t wait_since; /* in time without outages */
        int64_t not_before;
};

struct sim_run {
        uint32_t count, next; /* next: the first not returned */
        uint16_t handler, flags;
        bool stopped; /* one of it was not OK */
        uint32_t *slots;
};

struct sim_ticket {
        uint32_t slot, tag, partition, event;
        int64_t deadline;
        bool live;  /* the engine must accept it */
        bool early; /* completed before the handler returned */
        bool early_ok;
};

struct sim_report {
        uint32_t slot, tag, emit; /* emit: index, or ENGINE_NONE for the dead letter */
};

struct sim_reader {
        uint32_t epoch, next;
        uint32_t over; /* how many may still be fed although stopped */
        bool assigned, go, leaving;
};

struct sim_commit_part {
        int64_t offset;
        char *metadata;
        uint32_t partition, generation;
        bool rewind;
};

struct sim_shell {
        struct sim_world *world;
        struct engine *engine;
        struct lane_table *lanes;
        struct engine_config cfg;
        struct engine_policy policies[SIM_HANDLERS];
        LIST(struct engine_input) inputs;
        LIST(struct sim_slot) slots;
        LIST(uint32_t) free_slots;
        LIST(struct sim_run) runs;
        LIST(struct sim_ticket) tickets;
        LIST(struct sim_report) reports;
        LIST(struct sim_commit_part) commit; /* in flight, not yet at the broker */
        struct sim_reader readers[SIM_PARTITIONS];
        uint64_t commit_id;
        bool in_flight, applied, refused; /* the commit: unanswered; at the broker; too large for it */
        uint32_t runs_out[SIM_HANDLERS];
        int64_t outage_since, outage_total; /* since: -1: none */
        size_t ignored;                     /* ticket completions in this step that must be ignored */
        int64_t leave_by; /* the deadline of the latest revocation or drain: after it, not all is told */
        bool calm;        /* nothing fails any more */
        bool away;        /* what the plugin depends on is */
        bool draining, unclean, drained, restart;
};

void sim_shell_new(struct sim_shell *shell, struct sim_world *world, const struct engine_config *cfg);

/* The worker is gone, cleanly or not. */
void sim_shell_free(struct sim_shell *shell);

/* A record for the next step; fill in the rest. */
struct engine_input *sim_input(struct sim_shell *shell, uint16_t kind);

/* Gives the engine what was collected (a tick if nothing was), and carries out its orders. */
void sim_step(struct sim_shell *shell);

/* Checks and carries out one answer (orders.c). */
void sim_orders(struct sim_shell *shell, const struct engine_output *output);

/* Things that happen to a worker; each collects inputs. */
void sim_assign(struct sim_shell *shell, uint32_t partition);
void sim_read(struct sim_shell *shell, uint32_t partition, uint32_t most);
void sim_read_one(struct sim_shell *shell, uint32_t partition, uint32_t number);
void sim_return_run(struct sim_shell *shell, uint32_t run);
void sim_complete_ticket(struct sim_shell *shell, uint32_t ticket);
void sim_report(struct sim_shell *shell, uint32_t report);
void sim_apply_commit(struct sim_shell *shell);
void sim_answer_commit(struct sim_shell *shell);

/* What of this partition was in hand may be handled once more; `all`: even what is complete but not covered by a commit. */
void sim_allow(struct sim_shell *shell, uint32_t partition, bool all);

/* ---- trace (pawl_sim --trace) ---- */

extern bool sim_tracing;

/* Prints what goes into the engine and what comes out, when tracing. */
void sim_trace_input(const struct sim_world *world, const struct engine_input *in);
void sim_trace_output(const struct engine_output *output);

/* ---- life ---- */

/* Plays one life; returns its fingerprint. */
uint64_t sim_life(uint64_t seed, uint64_t *steps, uint64_t *events);

#endif
