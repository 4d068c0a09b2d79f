/*
 * The engine: decides what is handled when, what is produced, and what may be committed. One plugin's worker has one.
 *
 * It is a pure function of its inputs: no threads, no clock, no Kafka, no files. Whoever owns it (the worker's main thread;
 * "the shell" below) puts records of what happened into engine_step() and does what the answer orders. Given the same
 * configuration and the same inputs it gives the same answers, so a recorded history replays exactly.
 *
 * Handles are indices that the shell chooses or gets, never pointers:
 *   slot       the shell's place for one message in hand. From the message input until the engine orders its release, it is
 *              that message's name; then the shell may use it again. Slots should be small numbers (tables grow to the largest).
 *   partition  the shell's dense number of one (topic, partition).
 *   epoch      which assignment of a partition: the shell raises it with each one, and never uses 0.
 *   lane       from the lane table (lane_table.h): one for each key in hand, each partition, or each event.
 *   handler    index into the table of handler policies.
 *   tag        the engine's number of one dispatch of a slot: it names one attempt, so that a ticket's completion which comes
 *              too late (its deadline passed, its slot has another message) is recognised.
 *
 * One event's life:  MESSAGE → (queued in its lane) → a run → RESULT → [emits produced, DELIVERY…] → released.
 * A result other than OK: see enum engine_result. Whatever becomes a dead letter is ordered (`dead`), and is complete, like
 * emits, only when its DEAD_LETTER report says that it was written.
 *
 * Laws the shell keeps:
 *   - Every slot in a run comes back by exactly one RESULT, in the run's order. After the first one that is not OK, the pool
 *     calls the handler for no further event of that run, and gives the rest back as ENGINE_UNRUN. (It may give back UNRUN what
 *     it has not begun whenever it likes: at a drain, at a revocation.) A batch is the same: OK for the prefix that was
 *     handled (REJECT for what is malformed in it), the result of the next one, UNRUN for the rest.
 *   - Every emit of a `produce` order and every `dead` order is answered by exactly one report.
 *   - Messages of one partition are fed in offset order. A message is never refused: STOP is a request, and what was read
 *     before it arrived may still be fed (`over_read` is the measure that the shell keeps to).
 *   - Orders of one answer are carried out in the order of the members of struct engine_output, before the next step.
 *
 * Out-of-memory ends the process (the worker is restarted from what was committed, like after any crash).
 */
#ifndef PAWL_ENGINE_ENGINE_H
#define PAWL_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENGINE_NONE UINT32_MAX /* "no slot", "no lane", "no partition" */

/* What a handler said, or what became of the call. */
enum engine_result {
        ENGINE_OK = 1,      /* done */
        ENGINE_RETRY,       /* failed; again after back-off or the given delay; attempts exhausted: dead letter */
        ENGINE_WAIT,        /* too early; again later, not counted, until the handler's wait_limit: dead letter */
        ENGINE_UNAVAILABLE, /* a dependency is away: nothing is dispatched but one probe, until that returns OK */
        ENGINE_REJECT,      /* dead letter now */
        ENGINE_PENDING,     /* a ticket was taken: TICKET completes it. Not in a batch */
        ENGINE_FATAL,       /* the worker must restart; nothing advances any more */
        ENGINE_UNRUN,       /* given back without a call: comes again, counts as nothing */
};

/* Why an event is a dead letter. The shell's own reasons (malformed, too large, crash, …) start at ENGINE_REASON_SHELL. */
enum engine_reason {
        ENGINE_REASON_NONE,
        ENGINE_REASON_REJECTED,
        ENGINE_REASON_ATTEMPTS,     /* RETRY, and attempts are spent */
        ENGINE_REASON_WAIT_LIMIT,   /* WAIT for longer than the handler's wait_limit */
        ENGINE_REASON_TICKET,       /* a ticket passed its deadline, and attempts are spent */
        ENGINE_REASON_EMIT_REFUSED, /* a destination refused an emit for good */
        ENGINE_REASON_SHELL = 64,
};

/* What became of a produced message. What the producer retries by itself is not reported. */
enum engine_delivery {
        ENGINE_DELIVERED = 1,
        ENGINE_REFUSED, /* for good: too large, invalid. An emit: its source becomes a dead letter. A dead letter: again later */
        ENGINE_UNREACHABLE, /* repairable: topic missing, not authorised, timed out. Ordered again after back-off, for ever */
};

enum engine_commit_result {
        ENGINE_COMMITTED = 1,
        ENGINE_COMMIT_RETRIABLE,     /* not stored, or not known; the engine commits again after the interval */
        ENGINE_COMMIT_METADATA_SIZE, /* the broker's limit is lower than ours: the budget is halved, and committed again */
        ENGINE_COMMIT_FATAL,         /* fenced: the worker must restart */
};

/* ---- configuration ---- */

#define ENGINE_HANDLER_BATCH  1u
#define ENGINE_HANDLER_SERIAL 2u /* at most one run of this handler at a time */

/* Durations in nanoseconds, everywhere. */
struct engine_policy {
        int64_t max_wait;        /* batch: how long the first event waits for others; 0: none */
        int64_t wait_limit;      /* WAIT: from the first one on, time in an outage not counted */
        int64_t backoff;         /* ceiling of the first back-off; doubled with each */
        int64_t backoff_max;     /* ceiling of all */
        int64_t ticket_deadline; /* PENDING → counts as RETRY */
        uint32_t max_events;     /* batch: most events; single: most events of one lane in a run */
        uint32_t max_bytes;      /* batch: most bytes (a first event larger than this goes alone); 0: no limit */
        uint16_t attempts;       /* 1: never again */
        uint16_t flags;          /* ENGINE_HANDLER_* */
};

struct engine_limits {
        uint64_t max_events;     /* unfinished events; half is shared out to the partitions, half is common */
        uint64_t max_bytes;      /* their bytes */
        uint64_t max_emit_bytes; /* emits ordered and not acknowledged: above this nothing is dispatched; 0: no limit */
        uint32_t runs;           /* runs outstanding at most: threads times as many as the pool should have queued */
        uint32_t metadata;       /* most characters of a commit's metadata; 0: never a map */
};

struct engine_config {
        struct engine_limits limits;
        const struct engine_policy *handlers; /* copied */
        uint32_t handler_count;
        uint32_t over_read;      /* events of one partition that may still be fed after STOP */
        int64_t commit_interval; /* between commits */
        uint64_t commit_at;      /* as many finished events force one earlier; 0: never */
        int64_t commit_wait;     /* how long a revocation or drain waits for its final commit's answer */
        int64_t outage_backoff;  /* between probes: ceiling of the first, doubled … */
        int64_t outage_backoff_max;
        int64_t produce_backoff; /* before an unreachable emit or a dead letter not written is ordered again: fixed */
        uint64_t seed;           /* of the jitter */
};

/* ---- input ---- */

enum engine_input_kind {
        ENGINE_TICK = 1, /* nothing but `now` */
        ENGINE_MESSAGE,  /* slot, partition, epoch, handler, message */
        ENGINE_RESULT,   /* slot, tag, result */
        ENGINE_TICKET, /* slot, tag, result: any but PENDING and UNRUN; may come before the RESULT that says PENDING */
        ENGINE_DELIVERY,    /* slot, tag, report: of one emit. `tag` as in the `produce` order */
        ENGINE_DEAD_LETTER, /* slot, tag, report: of a `dead` order */
        ENGINE_COMMIT,      /* commit */
        ENGINE_MAP,         /* partition, range: one completed range of the decoded map, before ASSIGN, ascending */
        ENGINE_ASSIGN,      /* partition, epoch, offset: where reading starts (the committed offset) */
        ENGINE_REVOKE,      /* partition, leave: finish what runs, commit, then REVOKED; queued events are not begun */
        ENGINE_LOST,        /* partition: REVOKED at once, no commit */
        ENGINE_POSITION, /* partition, epoch, offset: all below it was delivered or will never be (markers, compaction) */
        ENGINE_REWIND, /* partition, epoch (a new one), offset: as LOST and ASSIGN, and commits `offset` with no map */
        ENGINE_DRAIN,  /* leave: as REVOKE for all partitions, but none is given up; then `drained` */
        ENGINE_LIMITS, /* limits */
        ENGINE_POLICY, /* handler (any index, the table grows), policy: for what is dispatched from now on */
        ENGINE_ROUTE,  /* slot, handler, or message.flags = ENGINE_SKIP: what the slot's next dispatch calls (swap) */
};

#define ENGINE_SKIP                                                                                                    \
        1u /* message.flags: no handler takes it; complete at once. Its slot may be ENGINE_NONE (no release) */
#define ENGINE_DEAD 2u /* message.flags: dead letter at once, for message.reason; lane may be ENGINE_NONE */

struct engine_input {
        int64_t now; /* monotonic; never less than in the input before */
        uint16_t kind;
        uint16_t handler;
        uint32_t slot;
        uint32_t tag;
        uint32_t partition;
        uint32_t epoch;
        uint32_t reserved; /* 0 */
        union {
                struct {
                        int64_t offset;
                        uint32_t lane;
                        uint32_t size;   /* bytes that it costs to keep */
                        uint16_t flags;  /* ENGINE_SKIP, ENGINE_DEAD */
                        uint16_t reason; /* with ENGINE_DEAD */
                } message;
                struct {
                        int64_t delay;       /* RETRY, WAIT: the given delay; negative: by back-off */
                        uint64_t emit_bytes; /* of all its emits */
                        uint32_t
                            emits; /* held for this attempt; of a ticket: the handler's and the ticket's together */
                        uint16_t result; /* enum engine_result; another value is a crash: see restart */
                        uint16_t reason; /* REJECT: a reason of the shell's instead of ENGINE_REASON_REJECTED, or 0 */
                } result;
                struct {
                        uint16_t outcome; /* enum engine_delivery */
                } report;
                struct {
                        uint64_t id;      /* of the commit order */
                        uint16_t outcome; /* enum engine_commit_result; the worst of its partitions */
                } commit;
                struct {
                        int64_t first, end; /* end: exclusive */
                } range;
                struct {
                        int64_t deadline; /* by when work must have returned; commit_wait comes on top */
                } leave;
                int64_t offset;
                struct engine_limits limits;
                struct engine_policy policy;
        };
};

/* ---- output: arrays of the engine's, valid until the next step ---- */

/* One event of a run. */
struct engine_event {
        uint32_t slot;
        uint32_t tag;
        uint32_t attempt; /* 1 on the first */
};

#define ENGINE_RUN_BATCH 1u
#define ENGINE_RUN_PROBE 2u /* the one event that finds out whether an outage is over */

/* Events for one call of a batch handler, or for successive calls of a single one: then all of one lane. */
struct engine_run {
        uint32_t first; /* in output.events */
        uint32_t count;
        uint16_t handler;
        uint16_t flags;
};

/* A slot and the attempt that is meant. */
struct engine_attempt {
        uint32_t slot;
        uint32_t tag;
};

struct engine_dead {
        uint32_t slot;
        uint32_t tag;      /* to be given back in the DEAD_LETTER report */
        uint32_t attempts; /* calls that counted, the last one included; 0: it was never handled */
        uint16_t reason;
        uint16_t again;        /* how often it was ordered before and could not be written */
        int64_t first_failure; /* the engine's time; 0: no call ever failed */
        int64_t last_failure;
};

struct engine_release {
        uint32_t slot;
        uint32_t lane; /* give it to lane_table_release() */
};

struct engine_commit_entry {
        int64_t offset;
        const char *metadata; /* "" or the map; NUL-terminated text */
        uint32_t partition;
        uint32_t rewind; /* 1: deliberate, may go back: to be logged */
};

enum engine_partition_order {
        ENGINE_STOP = 1, /* read no more for now */
        ENGINE_GO,       /* read. Before the first GO after ASSIGN it is not read */
        ENGINE_REVOKED,  /* nothing of it is needed any more: unassign */
};

struct engine_partition_entry {
        uint32_t partition;
        uint32_t order;
};

enum engine_alarm_kind {
        ENGINE_ALARM_DEAD_LETTER = 1, /* slot: its dead letter could not be written; its offset waits */
        ENGINE_ALARM_EMIT,            /* slot: an emit's destination is unreachable; its offset waits */
        ENGINE_ALARM_METADATA,        /* value: the metadata budget from now on */
        ENGINE_ALARM_MAP_CUT,         /* partition: the map did not fit; a crash now may repeat more */
        ENGINE_ALARM_OUTAGE,          /* value 1: began (slot: first to say so); 0: over */
};

struct engine_alarm {
        uint32_t kind;
        uint32_t slot;
        uint32_t partition;
        uint32_t value;
};

enum engine_restart {
        ENGINE_RESTART_FATAL = 1,  /* a handler returned FATAL */
        ENGINE_RESTART_BAD_RESULT, /* a handler returned what is not in the table: as a crash on that event */
        ENGINE_RESTART_FENCED,     /* a commit failed for good */
};

struct engine_output {
        /* Attempts whose held emits must be dropped: not OK, or their partition is gone. */
        const struct engine_attempt *drops;
        size_t drop_count;
        /*
         * Ticket completions that came too late, twice, or before a result that voids the ticket: counted and ignored. What
         * was emitted through the ticket is to be dropped; the attempt itself, if it is still the slot's, is not concerned.
         */
        const struct engine_attempt *ignored;
        size_t ignored_count;
        /* Tickets past their deadline: void from now on, and all that the attempt holds is to be dropped. */
        const struct engine_attempt *expired;
        size_t expired_count;
        /* Emits to produce: all of the slot that are not acknowledged yet. */
        const struct engine_attempt *produce;
        size_t produce_count;
        const struct engine_dead *dead;
        size_t dead_count;
        const struct engine_release *releases;
        size_t release_count;
        const struct engine_run *runs;
        size_t run_count;
        const struct engine_event *events;
        size_t event_count;
        const struct engine_partition_entry *partitions;
        size_t partition_count;
        /* At most one commit; none while another one's answer is missing. */
        const struct engine_commit_entry *commit;
        size_t commit_count;
        uint64_t commit_id;
        const struct engine_alarm *alarms;
        size_t alarm_count;
        uint32_t restart;      /* 0 or enum engine_restart */
        uint32_t restart_slot; /* whose result it was, or ENGINE_NONE */
        bool drained;          /* the drain is over: close and exit. Said once */
};

/* ---- what it counts: totals since engine_new() ---- */

struct engine_counters {
        uint64_t received;     /* messages of a current epoch */
        uint64_t skipped;      /* no handler */
        uint64_t already_done; /* complete by the map: not handled again */
        uint64_t handled;      /* results OK, tickets' included */
        uint64_t retried;      /* results RETRY, expired tickets included */
        uint64_t waited;
        uint64_t unavailable;
        uint64_t rejected;
        uint64_t pending;
        uint64_t dead_lettered; /* written */
        uint64_t emitted;       /* emits ordered */
        uint64_t delivered;     /* emits acknowledged */
        uint64_t delivery_failed;
        uint64_t completed; /* events complete: handled and emits acknowledged, skipped, or dead letter written */
        uint64_t committed; /* commits acknowledged */
        uint64_t commit_failed;
        uint64_t epoch_ignored; /* messages and completions of an earlier assignment */
        uint64_t ticket_expired;
        uint64_t ticket_ignored; /* completions late or twice */
};

/* Gauges. */
struct engine_status {
        uint64_t unfinished;       /* events fed, and neither complete nor given up */
        uint64_t unfinished_bytes; /* their size */
        uint64_t uncommitted;      /* complete, and in no acknowledged commit yet: with `unfinished`, what is in hand */
        uint64_t slots;   /* not released: unfinished, and those of earlier epochs whose work has not returned */
        uint64_t running; /* events in runs */
        uint64_t tickets;
        uint64_t parked;     /* events in lanes that wait for a retry or a ticket */
        uint64_t emit_bytes; /* ordered and not acknowledged */
        uint32_t runs;
        uint32_t metadata; /* budget in force */
        bool outage;
        bool draining;
};

struct engine_partition_status {
        uint32_t epoch;      /* 0: not assigned */
        bool reading;        /* GO in force */
        bool leaving;        /* between REVOKE and REVOKED */
        int64_t position;    /* next offset expected */
        int64_t committable; /* everything below is complete */
        int64_t committed;   /* acknowledged; -1: none in this epoch */
        uint64_t unfinished;
        uint64_t parked;
};

/* ---- functions ---- */

struct engine;

/* Never fails. `cfg` is copied. */
struct engine *engine_new(const struct engine_config *cfg);

/* Accepts NULL; sets the caller's pointer to NULL. Orders nothing: whoever frees it has lost interest in what it holds. */
void engine_free(struct engine **engine);

/* Takes `count` records (at least one: a TICK) in order, then decides. The answer is the engine's until the next step. */
const struct engine_output *engine_step(struct engine *engine, const struct engine_input *inputs, size_t count);

/* When a TICK is due at the latest, if nothing else happens; INT64_MAX: never. */
int64_t engine_next_timer(const struct engine *engine);

const struct engine_counters *engine_counters(const struct engine *engine);
void engine_status(const struct engine *engine, struct engine_status *status);

/* False (and epoch 0): no such partition has ever been assigned. */
bool engine_partition_status(const struct engine *engine, uint32_t partition, struct engine_partition_status *status);

#endif
