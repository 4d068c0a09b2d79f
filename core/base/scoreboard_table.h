/*
 * What a worker counts: one row a counter, gauge, histogram or text, added here and nowhere else. The master renders its
 * metrics from these rows: `pawl_` NAME `_total` for a counter, `pawl_` NAME for the others. Included by scoreboard.h.
 *
 * X(CONSTANT, name, help)
 */
#ifndef PAWL_BASE_SCOREBOARD_TABLE_H
#define PAWL_BASE_SCOREBOARD_TABLE_H

/* Only ever grow; one writer an array, so that counting is a plain store. */
#define SCOREBOARD_COUNTERS(X)                                                                                         \
        X(RECEIVED, "events_received", "Events delivered to the worker")                                               \
        X(RECEIVED_BYTES, "events_received_bytes", "Bytes of the events delivered to the worker, keys and values")     \
        X(HANDLED, "events_handled", "Events that are complete: handled, and what they emitted acknowledged")          \
        X(SKIPPED, "events_skipped", "Events that no handler of the plugin takes")                                     \
        X(MALFORMED, "events_malformed", "Events that routing found to be no valid event")                             \
        X(RETRIED, "events_retried", "Handler results RETRY")                                                          \
        X(WAITED, "events_waited", "Handler results WAIT")                                                             \
        X(UNAVAILABLE, "events_unavailable", "Handler results UNAVAILABLE")                                            \
        X(REJECTED, "events_rejected", "Handler results REJECT")                                                       \
        X(PENDING, "events_pending", "Handler results PENDING (tickets taken)")                                        \
        X(DEAD_LETTERED, "events_dead_lettered", "Events written to a dead-letter topic")                              \
        X(RESTORED, "events_restored_done", "Events not handled again because the commit's map had them done")         \
        X(EPOCH_IGNORED, "late_completions", "Completions ignored because their partition had been taken away")        \
        X(TICKET_EXPIRED, "tickets_expired", "Tickets that outran their deadline")                                     \
        X(TICKET_LATE, "tickets_late", "Completions of tickets that were no longer valid, ignored")                    \
        X(DEADLINE_EXCEEDED, "handler_deadlines_exceeded", "Handlers that outran their deadline")                      \
        X(RUNS, "runs_dispatched", "Runs of events handed to the thread pool")                                         \
        X(EMITTED, "events_emitted", "Events emitted by handlers in reaction to another")                              \
        X(PUBLISHED, "events_published", "Events published by the plugin outside any event")                           \
        X(DELIVERED, "messages_delivered", "Produced messages acknowledged by the broker")                             \
        X(DELIVERY_FAILED, "messages_delivery_failed", "Produced messages that the broker refused or did not take")    \
        X(COMMITTED, "commits", "Offset commits acknowledged")                                                         \
        X(COMMIT_FAILED, "commits_failed", "Offset commits that failed")                                               \
        X(REBALANCES, "rebalances", "Assignments and revocations of partitions")                                       \
        X(KAFKA_ERRORS, "kafka_errors", "Errors that the Kafka client reported")                                       \
        X(ALARMS, "alarms", "Alarms raised")                                                                           \
        X(SWAPS, "plugin_swaps", "Plugin instances swapped in the running process")

/* The newest value; the main thread writes them. */
#define SCOREBOARD_GAUGES(X)                                                                                           \
        X(IN_HAND, "in_hand_events", "Events delivered to the worker and not covered by an acknowledged commit")       \
        X(IN_HAND_BYTES, "in_hand_bytes", "Bytes held by the events in hand")                                          \
        X(UNFINISHED, "unfinished_events", "Events in hand that are not complete")                                     \
        X(RUNNING, "running_events", "Events with a handler now")                                                      \
        X(PARKED_LANES, "parked_lanes", "Lanes held up by an event that waits or is retried")                          \
        X(ACTIVE_LANES, "active_lanes", "Lanes with events in hand")                                                   \
        X(TICKETS, "tickets", "Tickets that are out")                                                                  \
        X(EMITS_HELD, "unacknowledged_messages", "Produced messages that wait for their acknowledgement")              \
        X(EMITS_HELD_BYTES, "unacknowledged_bytes", "Bytes of the produced messages that wait")                        \
        X(PARTITIONS, "assigned_partitions", "Partitions assigned to this worker")                                     \
        X(OUTAGE, "plugin_outage", "1 while the plugin reports that what it depends on is away")                       \
        X(THREADS, "threads", "Threads of the pool")                                                                   \
        X(GENERATION, "plugin_generation", "Generation of the plugin instance that takes new events")

/* In nanoseconds; rendered in seconds. */
#define SCOREBOARD_HISTOGRAMS(X)                                                                                       \
        X(HANDLER, "handler_seconds", "Time in the handler, per call")                                                 \
        X(AGE, "event_age_seconds", "From an event's timestamp until it was handled")                                  \
        X(COMMIT, "commit_seconds", "From an offset commit's sending until its acknowledgement")                       \
        X(DELIVERY, "delivery_seconds", "From producing a message until its acknowledgement")

/* Short texts for `pawlctl status`. */
#define SCOREBOARD_TEXTS(X)                                                                                            \
        X(BROKER, "broker", "State of the connection to Kafka")                                                        \
        X(LAST_ERROR, "last_error", "The newest error")                                                                \
        X(HEALTH, "health", "The plugin's own words about its health")                                                 \
        X(STATE, "state", "What the worker is doing")                                                                  \
        X(PLUGIN_VERSION, "plugin_version", "Version of the plugin that takes new events")                             \
        X(BUILD, "build", "Which build of the plugin takes new events")

#endif
