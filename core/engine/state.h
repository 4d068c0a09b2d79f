/*
 * The engine's own state: what its parts share. Private to core/engine; who uses the engine includes engine.h.
 *
 * Every part is a file that does one thing to this state (lanes, dispatch, results, produce, partitions, commits, budget).
 * Inputs are applied one by one, then step decides once for all of them: timers, partitions that leave, what to read, what to
 * dispatch, what to commit.
 */
#ifndef PAWL_ENGINE_STATE_H
#define PAWL_ENGINE_STATE_H

#include "engine/engine.h"
#include "engine/list.h"
#include "engine/offsets.h"
#include "engine/retry.h"
#include "engine/timers.h"

#include <assert.h>

#define ENGINE_MAGIC        UINT32_C(0x70617745)
#define ENGINE_HANDLER_SKIP UINT16_MAX /* a slot that was routed to no handler: complete when its turn comes */

/* Where an event stands. In its lane: QUEUED to TICKET. Somebody outside works on it: RUNNING, TICKET, PRODUCED, DEAD. */
enum slot_state {
        SLOT_FREE,
        SLOT_QUEUED,       /* not dispatched; `delayed`: its timer says when it may be */
        SLOT_RUNNING,      /* in a run */
        SLOT_TICKET,       /* its ticket is out; the timer is the ticket's deadline */
        SLOT_PRODUCED,     /* handled; its emits' reports are awaited */
        SLOT_PRODUCE_WAIT, /* an emit could not be delivered; the timer orders it again */
        SLOT_DEAD,         /* its dead letter's report is awaited */
        SLOT_DEAD_WAIT,    /* the dead letter could not be written; the timer orders it again */
};

struct slot {
        uint32_t lane;
        uint32_t lane_next, lane_previous;
        uint32_t partition;
        uint32_t size;
        uint32_t tag; /* of its latest dispatch; kept when the slot is used again */
        uint32_t run; /* RUNNING: index in runs */
        uint16_t handler;
        uint16_t failures; /* results that counted as an attempt */
        uint8_t state;
        bool orphan;   /* its assignment is over; only its work's return is awaited */
        bool delayed;  /* QUEUED, and its timer is set */
        bool troubled; /* `trouble` of this slot is in use */
};

/* What only an event has that did not go through at once; apart, so that the smooth ones do not pay for it. */
struct trouble {
        struct engine_input early; /* a ticket's completion that came before PENDING; kind 0: none */
        int64_t first_failure, last_failure;
        int64_t wait_since; /* in time without outages */
        uint64_t emit_bytes;
        uint32_t emits;    /* not acknowledged */
        uint32_t reports;  /* awaited */
        uint32_t waits;    /* results WAIT */
        uint32_t attempts; /* that its dead letter tells */
        uint16_t reason;
        uint16_t again;
        bool waiting; /* wait_since is set */
        bool refused;
};

enum lane_state {
        LANE_IDLE,   /* empty, or its partition is leaving: nothing of it is dispatched */
        LANE_READY,  /* in its head's handler's queue */
        LANE_BUSY,   /* events of it are in a run */
        LANE_PARKED, /* its head waits for a timer or a ticket */
};

struct lane {
        uint32_t head, tail;
        uint32_t count;
        uint32_t running; /* the first so many are in a run */
        uint32_t partition;
        uint32_t ready_next, ready_previous;
        uint32_t ready_events; /* READY: how many at the head are of one handler, as far as a run of it may take */
        uint64_t ready_bytes;
        uint64_t bytes;
        int64_t ready_at;
        uint16_t handler; /* READY: whose queue */
        uint8_t state;
};

struct handler {
        struct engine_policy policy;
        uint32_t ready_head, ready_tail; /* lanes, first come first */
        uint32_t runs;                   /* outstanding */
        uint64_t ready_events, ready_bytes;
};

struct run {
        uint32_t left; /* events not yet returned; 0: free */
        uint32_t next_free;
        uint16_t handler;
        uint16_t flags;
};

struct partition {
        struct offsets offsets;
        struct offsets_ranges incoming; /* MAP records before ASSIGN */
        int64_t committed;              /* acknowledged in this epoch; -1: none */
        int64_t rewind_to;
        uint64_t unfinished, unfinished_bytes;
        uint64_t outstanding; /* of these: somebody outside works on it */
        uint64_t parked, parked_bytes;
        uint64_t uncommitted; /* complete, in no acknowledged commit */
        uint64_t unsent;      /* of these: in no commit order either */
        uint32_t epoch;       /* 0: not assigned */
        bool reading, leaving;
        bool dirty;  /* a commit would say something new */
        bool rewind; /* the next commit is a deliberate one */
        bool map_cut;
};

/* One partition's part of the commit in flight. */
struct commit_part {
        int64_t offset;
        uint64_t covered; /* events whose completion it tells */
        uint32_t partition, epoch;
        bool rewind;
};

struct commits {
        LIST(struct commit_part) parts;
        uint64_t last_id;
        int64_t due;    /* no earlier, unless something urges */
        bool in_flight; /* last_id's answer is missing */
        bool urgent;    /* at once: a smaller map, or a rewind */
        char *texts;
        size_t text_capacity;
        struct offsets_ranges scratch;
};

/* A revocation or a drain under way: first work returns, then one last commit. */
enum leave_phase { LEAVE_NOTHING, LEAVE_WORK, LEAVE_COMMIT, LEAVE_DONE };

struct leave {
        int64_t deadline; /* of the phase */
        uint64_t final;   /* id of the last commit; 0: not sent */
        uint8_t phase;
        bool draining, drained;
};

/* UNAVAILABLE: nothing is dispatched but a probe. */
struct outage {
        int64_t since, total; /* total: of those that are over */
        int64_t probe_at;
        uint32_t probe; /* slot that is probing; ENGINE_NONE: none */
        uint32_t tries;
        uint16_t handler; /* whose event said so last */
        bool on;
};

struct engine {
        uint32_t magic;
        uint32_t restart, restart_slot;
        int64_t now;
        struct engine_config cfg; /* limits are those in force */
        struct retry_random random;

        struct slot *slots;
        struct offsets_node *nodes; /* by slot */
        struct trouble *troubles;   /* by slot */
        size_t slot_capacity, node_capacity, trouble_capacity;
        struct timers timers;

        struct lane *lanes;
        size_t lane_capacity;
        struct handler *handlers;
        size_t handler_capacity;
        uint32_t handler_count;
        uint32_t next_handler; /* whose turn it is */
        struct partition *partitions;
        size_t partition_capacity;
        LIST(uint32_t) assigned; /* partitions with an epoch, in the order of assignment */

        struct run *runs;
        size_t run_capacity;
        uint32_t free_run; /* list through next_free */

        struct commits commits;
        struct leave leave;
        struct outage outage;
        struct engine_counters counters;
        struct engine_status status; /* the parts that are kept running */

        LIST(struct engine_attempt) drops, ignored, expired, produce;
        LIST(struct engine_dead) dead;
        LIST(struct engine_release) releases;
        LIST(struct engine_run) run_orders;
        LIST(struct engine_event) events;
        LIST(struct engine_partition_entry) partition_orders;
        LIST(struct engine_commit_entry) commit_orders;
        LIST(struct engine_alarm) alarms;
        struct engine_output output;
};

/* The slot's partition is being left: what returns is finished, nothing of it is begun. */
static inline bool engine_is_leaving(const struct engine *engine, uint32_t partition)
{
        return engine->leave.draining || engine->partitions[partition].leaving;
}

static inline void engine_alarm(struct engine *engine, uint32_t kind, uint32_t slot, uint32_t partition, uint32_t value)
{
        list_add(&engine->alarms, (struct engine_alarm){kind, slot, partition, value});
}

#endif
