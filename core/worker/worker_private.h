/*
 * The inside of a worker, shared by the files it is made of. All of it belongs to the main thread, except what says otherwise.
 *
 *   open.c        opening: bundle → plugin → clients
 *   worker.c      the way from one phase to the next; closing
 *   loop.c        the main loop: what to wait for, in which order things are looked at
 *   intake.c      messages → the engine's inputs
 *   membership.c  the consumer's events → the engine's inputs
 *   orders.c      carries out what the engine answers
 *   handling.c    a pool thread's work: runs, ticks, callbacks; and their way back into the engine
 *   outbox.c      emits, dead letters and publications → the producer; its reports → the engine
 *   instances.c   generations of the plugin: opening, swapping, retiring
 *   control.c     the master's verbs, signals, alarms
 *   command_thread.c  the plugin's commands, on a thread of their own
 *   clients.c     the configuration → the clients' options
 *   trial.c       `--trial`: no worker at all
 *   standstill.c  which event a commit waits for, in words
 *   watch.c       what is looked at now and then: scoreboard, deadlines, idle partitions, old messages
 *
 * Data flows one way: consumer → intake → engine → orders → pool → handling → engine → orders → producer or commit. Whatever
 * learns something for the engine adds an input; the loop steps the engine once for all of them.
 */
#ifndef PAWL_WORKER_PRIVATE_H
#define PAWL_WORKER_PRIVATE_H

#include "base/channel.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/scoreboard.h"
#include "config/config.h"
#include "engine/engine.h"
#include "engine/lane_table.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "worker/api.h"
#include "worker/command_thread.h"
#include "worker/held.h"
#include "worker/pool.h"
#include "worker/worker.h"

#define WORKER_MAGIC 0x90a11edu
#define READ_MAX     256u /* messages of one partition between two steps of the engine */

#define PARTITION_CHUNK  64u
#define PARTITION_CHUNKS 1024u

/* How long producer and consumer may take to come to an end, after the drain. */
#define CLOSE_TIME (3 * CLOCK_S)

/* How long a revocation or a drain waits for its last commit. */
#define COMMIT_WAIT (2 * CLOCK_S)

/* What the process is doing. Only ever goes on, never back. */
enum worker_phase {
        PHASE_HOLDING,  /* prepared; waits for `join` */
        PHASE_LOCKING,  /* waits for the instance's lock, which its predecessor has until it exits */
        PHASE_LEAVING,  /* leaves the group in the name of its predecessor, which had joined it with other topics */
        PHASE_RUNNING,  /* the plugin is started, the group joined */
        PHASE_DRAINING, /* finishes what is in hand, commits */
        PHASE_CLOSING,  /* producer and consumer come to an end */
        PHASE_ENDED,
};

/* What a pool run stands for: pool_run.kind. */
enum run_kind { RUN_EVENTS, RUN_BATCH, RUN_TICK, RUN_CALLBACKS };

/* One generation of the plugin. New work goes to the worker's `current`; an older one finishes what it has, then ends. */
struct generation {
        struct generation *next;
        struct config *cfg; /* that it was made from; the current one's is the worker's */
        struct plugin_instance *instance;
        int64_t *deadlines; /* of each handler; read by pool threads */
        uint32_t runs;      /* pool runs in it, ticks included */
        bool ticking;
        bool quiesced;
        int64_t tick_at;
};

/* A pool thread's own. */
struct handling_thread {
        struct call call; /* call_open'ed on the thread */
        struct call_input *inputs;
        struct call_outcome *outcomes;
        struct scoreboard_position *places;
        uint32_t cap; /* of the three */
};

/* topic, number and row do not change once they are set; any thread that has an event of it reads them. */
struct worker_partition {
        const char *topic;
        int32_t number;
        uint32_t row;            /* of the scoreboard */
        char *dead_letter_topic; /* NULL until first needed */
        uint32_t epoch;
        int64_t committed; /* what the group had when it was assigned; -1: nothing */
        bool assigned;
        bool stopped;
        int64_t stands_at; /* the offset that the commit waits for, -1: none; standstill.c's */
        int64_t stands_since;
        uint32_t stands_epoch;
};

/* Who raises alarms; each takes back only its own. */
enum alarm_source { ALARM_OUTAGE, ALARM_PRODUCER, ALARM_CONSUMER, ALARM_SOURCES };

struct send; /* outbox.c  */
struct destination;

struct outbox {
        struct producer *producer;
        struct send *sends;
        uint32_t send_count;
        uint32_t send_cap;
        uint32_t free_first;
        struct destination *destinations;
        uint32_t destination_count;
        size_t publishing;  /* publications that the producer has not answered */
        bool callbacks_due; /* publications are over, and no run was free for their callbacks */
        bool in_trouble;    /* said by a notice, and not over */
        bool abandoned;     /* what is unacknowledged was given up, what waits is given up too */
        int64_t serve_at;
};

struct worker {
        uint32_t magic;
        struct worker_options options;
        struct config *cfg;
        const struct config_plugin *plugin; /* of cfg */
        char host_id[40];
        struct channel *channel; /* NULL: none, or closed by the other side */
        struct scoreboard *scoreboard;
        struct api *api;
        struct pool *pool;
        struct engine *engine;
        struct lane_table *lanes;
        struct held_table *held;
        struct consumer *consumer; /* NULL: the plugin has no topics */
        struct outbox outbox;
        struct command_thread *commands; /* NULL: the plugin has none, or there is no master */
        struct generation *commanded;    /* that the command under way runs in */
        int64_t command_id;
        struct buf command_output;      /* taken from the thread, not yet sent */
        bool output_blocked;            /* the master is behind: wait for its socket */
        struct generation *generations; /* the current one first */
        struct generation *current;
        uint64_t generation_count;
        struct handling_thread *threads; /* [1 … threads] */
        unsigned thread_count;
        uint32_t run_limit;
        uint64_t seed;

        enum worker_phase phase;
        bool may_join;
        bool joined;
        bool leave;         /* when it closes: out of the group */
        bool close_sent;    /* consumer_close was called */
        bool client_closed; /* CONSUMER_CLOSED came */
        bool undone;        /* the drain's deadline passed with work in hand */
        bool cancelled;     /* closing: what was not acknowledged in time was given up */
        int64_t stop_deadline;
        int64_t quiet_since; /* draining: no handler runs, only acknowledgements are missing */
        int64_t close_deadline;
        int exit_status;
        int lock_fd;
        int signal_fd; /* -1 under a master */
        int wake_fd;   /* tickets, publications and commands have something */

        struct engine_input *inputs; /* for the next step */
        size_t input_count;
        size_t input_cap;
        int64_t now;
        int64_t step_at; /* the engine's timer */
        int64_t consumer_at;
        bool consumer_due;
        bool producer_due;

        struct worker_partition *partitions[PARTITION_CHUNKS]; /* see worker_partition(); they never move */
        uint32_t partition_count;                              /* the largest index of the consumer's plus one */
        uint32_t assigned;
        uint32_t revoking; /* partitions that the engine is to say REVOKED for before consumer_unassign */
        bool unassign_due;
        int64_t commit_sent_at;
        bool in_trouble;             /* of the consumer; said by an alarm */
        char *alarms[ALARM_SOURCES]; /* what each said last; NULL: nothing */

        int64_t watch_at;      /* gauges, deadlines */
        int64_t slow_watch_at; /* idle partitions, old messages, the log's counts */
        int64_t
            lock_told_at; /* when it is said that the instance's lock is waited for; 0: it is not; INT64_MAX: it was said */
        struct event_arena scratch; /* of handling_describe */
        struct event described;
        struct engine_counters told; /* what the scoreboard has been told */
        uint64_t said_overrun[SCOREBOARD_THREADS_MAX + 1];
        _Atomic int64_t wall_offset; /* clock_wall() - clock_now(); any thread */
        _Atomic bool stopping;       /* for pawl_cancelled; any thread */
};

/* ---- worker.c ---- */

/* Ends the process soon, with this status, without finishing what is in hand. The first one counts. */
void worker_fail(struct worker *w, enum worker_exit status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Drains, commits, exits. A second call with an earlier deadline counts too. */
void worker_stop(struct worker *w, bool leave, int64_t deadline);

/* The drain is over, or its time. */
void worker_drained(struct worker *w);

/* Goes on to the next phase if it is time. Returns when it wants to be asked again. */
int64_t worker_advance(struct worker *w);

/* Frees whatever was opened; its threads have ended. */
void worker_free(struct worker *w);

/* A fresh input for the next step, zeroed, its time set. */
struct engine_input *worker_input(struct worker *w, enum engine_input_kind kind);

/* By the consumer's index. */
static inline struct worker_partition *worker_partition(const struct worker *w, uint32_t index)
{
        return &w->partitions[index / PARTITION_CHUNK][index % PARTITION_CHUNK];
}

/* ---- open.c ---- */

/* All of it. False: the reasons were logged and sent to the master; worker_free takes what was opened. */
bool worker_open(struct worker *w);

/* The configuration; then scoreboard and api: what a trial needs too. False: `errors` has it all. */
bool worker_configure(struct worker *w, struct config_errors *errors);
bool worker_prepare(struct worker *w, struct config_errors *errors);

/* ---- loop.c ---- */
void worker_loop(struct worker *w);

/* ---- intake.c ---- */

/* Reads messages of one partition and turns them into inputs. Returns how many. */
size_t intake_read(struct worker *w);

/* Which handler of the current generation takes a message (`headers`: if it was copied); PLUGIN_NO_HANDLER: none; *fault.reason is set if it is malformed and
 * nobody wants that. */
uint16_t intake_route(struct worker *w, const struct message *message, const struct message_header *headers,
                      size_t header_count, struct scan_fault *fault);

/* ---- membership.c ---- */
void membership_serve(struct worker *w);

/* ---- orders.c ---- */
void orders_step(struct worker *w);

/* ---- handling.c ---- */
void handling_begin(void *arg, unsigned thread);
int64_t handling_execute(void *arg, unsigned thread, struct pool_run *run, int64_t now);
size_t handling_collect(struct worker *w);
void handling_tickets(struct worker *w);

/* The log's view of a message in hand; `type` and ids are looked up in it and live until the next call. */
void handling_describe(struct worker *w, uint32_t slot, struct log_event *event);

/* ---- outbox.c  ---- */
bool outbox_open(struct worker *w, const struct client_options *client, struct pawl_error *err);
void outbox_close(struct worker *w);
void outbox_emits(struct worker *w, uint32_t slot, uint32_t tag);
void outbox_dead_letter(struct worker *w, const struct engine_dead *dead);
void outbox_published(struct worker *w);
void outbox_serve(struct worker *w);
bool outbox_idle(const struct worker *w);

/* Gives up all that is not acknowledged, and what waits for room: it is reported unreachable. */
void outbox_abandon(struct worker *w);

/* ---- clients.c ---- */

struct clients_properties {
        struct client_property *list;
        const char **secrets; /* values that no log may show; NULL-terminated */
};

/* Fills in the options' properties: those of that scope and of all; with CONFIG_SCOPE_ALL every one, in the configuration's order. What they
 * point to is the configuration's; the arrays are to be freed when the client is open. */
void clients_take_properties(struct clients_properties *to, const struct config_kafka *kafka, enum config_scope scope,
                             struct client_options *options);
void clients_free_properties(struct clients_properties *properties);

/* Producer and, for a plugin with topics, consumer; neither waits for a broker. */
bool clients_open(struct worker *w, struct pawl_error *err);
bool clients_open_consumer(struct worker *w, struct pawl_error *err);

/* ---- instances.c ---- */

/* Opens the build of a configured plugin by way of a copy in `private_dir`; NULL: `errors` says why. */
const struct plugin_build *instances_load(const struct config_plugin *plugin, int plugin_fd, const char *private_dir,
                                          struct config_errors *errors);

/* Whether the configuration gives the build the topics and the sockets that it needs. */
bool instances_suits(const struct plugin_build *build, const struct config_plugin *plugin,
                     struct config_errors *errors);

/* Both, and makes an instance, as far as `create`. */
struct generation *instances_open(struct worker *w, const struct config *cfg, const struct config_plugin *plugin,
                                  int plugin_fd, struct config_errors *errors);

/* Goes through the rest of its life. Nothing may run in it any more. */
void instances_free(struct worker *w, struct generation **generation);

/* The policies of a generation's handlers; there is one for each. */
void instances_policies(const struct worker *w, const struct generation *generation, struct engine_policy *policies);

/* How long a call of this handler may take, by the newest generation that has it; 0: none has. */
int64_t instances_deadline(const struct worker *w, const struct pawl_handler *handler);

/* Shows version, build and number of the current generation. */
void instances_show(struct worker *w);

/* Ticks that are due, quiescing, and generations that can end. Returns when it wants to be asked again. */
int64_t instances_serve(struct worker *w);

/* Swaps the plugin for the one of another bundle, in this process. False: the old one serves on, and *err says why. `pause`: how
 * long no event was handed out. */
bool instances_swap(struct worker *w, int bundle_fd, int plugin_fd, int64_t *pause, struct pawl_error *err);

/* ---- control.c ---- */
void control_serve(struct worker *w);
void control_signals(struct worker *w);

/* Output and ends of commands to the master. */
void control_commands(struct worker *w);

/* Sends a message that json_pack made; its reference is taken. Nothing without a master. */
void control_tell(struct worker *w, json_t *message);

/* What an operator should know: log, scoreboard, master, which shows what all sources say. Empty: this source's is over. */
void control_alarm(struct worker *w, enum alarm_source source, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- standstill.c ---- */

/* Says in the scoreboard what the worker does and, where a partition's commit stands still, at which event. Once a second. */
void standstill_look(struct worker *w);

/* ---- watch.c ---- */

/* Looks after what is looked at now and then. Returns when it wants to be asked again. */
int64_t watch_serve(struct worker *w);

/* All counters and gauges, as they are now. */
void watch_publish(struct worker *w);

#endif
