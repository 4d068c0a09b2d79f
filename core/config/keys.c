/* The tables of keys. A key is added here: one row, and a field in its struct. */
#include "base/clock.h"
#include "config/room.h"

#define MS       CLOCK_MS
#define S        CLOCK_S
#define DAY      (86400 * CLOCK_S)
#define KIB      INT64_C(1024)
#define MIB      (1024 * KIB)
#define GIB      (1024 * MIB)
#define HOST(m)  offsetof(struct config, m)
#define PLUG(m)  offsetof(struct config_plugin, m)
#define TOPIC(m) offsetof(struct config_topic, m)

/* clang-format off: one row, one key. */

static const struct config_key host_keys[] = {
    {"state_dir", CONFIG_KEY_PATH, HOST(state_dir), "/var/lib/pawl", 0, 0, NULL, NULL, CONFIG_EFFECT_RESTART,
     "what must outlive a restart: the host's id, locks, private copies of plugin files"},
    {"run_dir", CONFIG_KEY_PATH, HOST(run_dir), "/run/pawl", 0, 0, NULL, NULL, CONFIG_EFFECT_RESTART,
     "the admin socket and the lock against a second pawld"},
    {"plugin_dir", CONFIG_KEY_PATH, HOST(plugin_dir), NULL, 0, 0, NULL, NULL, CONFIG_EFFECT_LIVE,
     "where a plugin's file is looked for when `plugin` is a name; default: where they are installed"},
    {"plugin_conf_dir", CONFIG_KEY_PATH, HOST(plugin_conf_dir), NULL, 0, 0, NULL, NULL, CONFIG_EFFECT_LIVE,
     "directory of the plugins' files, each `*.conf` one plugin; default `plugins.d` beside this file"},
    {"topics_file", CONFIG_KEY_PATH, HOST(topics_file), NULL, 0, 0, NULL, NULL, CONFIG_EFFECT_LIVE,
     "the topics that `pawlctl topics create` makes; default `topics.conf` beside this file"},
    {"drain", CONFIG_KEY_DURATION, HOST(drain), "25s", 0, 3600 * S, NULL, NULL, CONFIG_EFFECT_LIVE,
     "how long a stop or a hand-over waits for what is in hand"},
    {"trial_deadline", CONFIG_KEY_DURATION, HOST(trial_deadline), "30s", 100 * MS, 3600 * S, NULL, NULL,
     CONFIG_EFFECT_LIVE, "how long a plugin's trial (a throw-away process that creates and destroys it) may take"},
    {"log.level", CONFIG_KEY_CHOICE, HOST(log_level), "info", 0, 0, "debug|info|warn|error", NULL, CONFIG_EFFECT_LIVE,
     "lines below it are not written"},
    {"log.format", CONFIG_KEY_CHOICE, HOST(log_format), "auto", 0, 0, "auto|pretty|logfmt|json", NULL,
     CONFIG_EFFECT_LIVE, "`auto`: pretty on a terminal, else logfmt"},
    {"admin.socket", CONFIG_KEY_PATH, HOST(admin_socket), NULL, 0, 0, NULL, NULL, CONFIG_EFFECT_RESTART,
     "the unix socket that pawlctl uses; default `admin.sock` in run_dir"},
    {"admin.listen", CONFIG_KEY_STRING, HOST(admin_listen), NULL, 0, 0, NULL, NULL, CONFIG_EFFECT_RESTART,
     "the same over TCP, \"127.0.0.1:8081\"; default none: status and metrics for whoever reaches it; nothing can be changed there"},
    {"kafka.brokers", CONFIG_KEY_STRING, HOST(kafka.brokers), "localhost:9092,localhost:9093,localhost:9094", 0, 0,
     NULL, NULL, CONFIG_EFFECT_LIVE, "the brokers to begin with, host:port separated by commas"},
    {"kafka.static_membership", CONFIG_KEY_BOOL, HOST(kafka.static_membership), "true", 0, 0, NULL, NULL,
     CONFIG_EFFECT_LIVE,
     "join groups under a fixed id, so that a restart causes no rebalance; false for a broker that does not know it"},
    {"kafka.start", CONFIG_KEY_CHOICE, HOST(kafka.start), "earliest", 0, 0, "earliest|latest", NULL, CONFIG_EFFECT_LIVE,
     "where a partition begins that never had a commit"},
    {"kafka.on_gap", CONFIG_KEY_CHOICE, HOST(kafka.on_gap), "stop", 0, 0, "stop|earliest|latest", NULL,
     CONFIG_EFFECT_LIVE,
     "what to do with a partition whose committed offset is no longer in the log; always with an alarm"},
    {"kafka.properties", CONFIG_KEY_CUSTOM, HOST(kafka.properties), NULL, 0, 0, "list of \"name=value\"",
     config_read_properties, CONFIG_EFFECT_LIVE, "librdkafka's properties, for all clients"},
    {"kafka.consumer_properties", CONFIG_KEY_CUSTOM, HOST(kafka.properties), NULL, 0, 0, "list of \"name=value\"",
     config_read_consumer_properties, CONFIG_EFFECT_LIVE, "the same, for consumers only"},
    {"kafka.producer_properties", CONFIG_KEY_CUSTOM, HOST(kafka.properties), NULL, 0, 0, "list of \"name=value\"",
     config_read_producer_properties, CONFIG_EFFECT_LIVE, "the same, for producers only"},
    {0},
};

static const struct config_key plugin_keys[] = {
    {"name", CONFIG_KEY_STRING, PLUG(name), NULL, 0, 0, NULL, NULL, CONFIG_EFFECT_NONE,
     "the plugin's name in Pawl; default: the file's name without `.conf`"},
    {"enabled", CONFIG_KEY_BOOL, PLUG(enabled), "true", 0, 0, NULL, NULL, CONFIG_EFFECT_NONE, "whether it runs"},
    {"plugin", CONFIG_KEY_STRING, PLUG(plugin), NULL, 0, 0, NULL, NULL, CONFIG_EFFECT_BESIDE,
     "its file: a name (`audit`: `audit.so` in plugin_dir) or a path with a slash; default: the plugin's name"},
    {"group", CONFIG_KEY_STRING, PLUG(group), NULL, 0, 0, NULL, NULL, CONFIG_EFFECT_PROCESS,
     "consumer group, of no other enabled plugin; `{host_id}` in it becomes this host's id; default KAFKA_CONSUMER_GROUP_ID"},
    {"topics", CONFIG_KEY_CUSTOM, PLUG(topics), NULL, 0, 0, "list of strings", config_read_topic_names,
     CONFIG_EFFECT_PROCESS, "what it reads; `^` at the beginning makes a name a pattern; default none"},
    {"ordering", CONFIG_KEY_CHOICE, PLUG(ordering), "key", 0, 0, "key|partition|none", NULL, CONFIG_EFFECT_PROCESS,
     "which events are handled one after the other, in order of offset"},
    {"threads", CONFIG_KEY_INT, PLUG(threads), "4", 1, 256, NULL, NULL, CONFIG_EFFECT_PROCESS,
     "threads that run handlers"},
    {"instances", CONFIG_KEY_INT, PLUG(instances), "1", 1, 64, NULL, NULL, CONFIG_EFFECT_NONE, "worker processes"},
    {"deadline", CONFIG_KEY_DURATION, PLUG(deadline), "30s", 10 * MS, DAY, NULL, NULL, CONFIG_EFFECT_PROCESS,
     "how long a handler may take"},
    {"ticket_deadline", CONFIG_KEY_DURATION, PLUG(ticket_deadline), "5min", 10 * MS, 30 * DAY, NULL, NULL,
     CONFIG_EFFECT_PROCESS, "how long a ticket may be out; then it counts as RETRY"},
    {"wait_limit", CONFIG_KEY_DURATION, PLUG(wait_limit), "5min", 0, 30 * DAY, NULL, NULL, CONFIG_EFFECT_PROCESS,
     "how long an event may WAIT; then it is rejected"},
    {"drain", CONFIG_KEY_DURATION, PLUG(drain), NULL, 0, 3600 * S, NULL, NULL, CONFIG_EFFECT_PROCESS,
     "as the host's `drain`, which is the default"},
    {"max_in_hand", CONFIG_KEY_INT, PLUG(max_in_hand), "20000", 1, 10000000, NULL, NULL, CONFIG_EFFECT_PROCESS,
     "events that may be unfinished at a time"},
    {"max_in_hand_bytes", CONFIG_KEY_SIZE, PLUG(max_in_hand_bytes), "64MiB", 64 * KIB, 64 * GIB, NULL, NULL,
     CONFIG_EFFECT_PROCESS, "bytes of these events"},
    {"commit_interval", CONFIG_KEY_DURATION, PLUG(commit_interval), "200ms", MS, 60 * S, NULL, NULL,
     CONFIG_EFFECT_PROCESS, "from one offset commit to the next"},
    {"max_event", CONFIG_KEY_SIZE, PLUG(max_event), "10MiB", KIB, GIB, NULL, NULL, CONFIG_EFFECT_PROCESS,
     "a larger event is a dead letter"},
    {"delivery", CONFIG_KEY_CHOICE, PLUG(delivery), "at_least_once", 0, 0, "at_least_once", NULL, CONFIG_EFFECT_PROCESS,
     "what is promised about an event's emits"},
    {"retry.attempts", CONFIG_KEY_INT, PLUG(retry.attempts), "5", 1, 1000000, NULL, NULL, CONFIG_EFFECT_PROCESS,
     "how often an event is tried that a handler answers with RETRY; then it is a dead letter"},
    {"retry.backoff", CONFIG_KEY_DURATION, PLUG(retry.backoff), "200ms", MS, DAY, NULL, NULL, CONFIG_EFFECT_PROCESS,
     "the bound of the first (random) pause; doubled each time"},
    {"retry.backoff_max", CONFIG_KEY_DURATION, PLUG(retry.backoff_max), "30s", MS, DAY, NULL, NULL,
     CONFIG_EFFECT_PROCESS, "the largest bound"},
    {"listen", CONFIG_KEY_CUSTOM, PLUG(listen), NULL, 0, 0, "group of addresses", config_read_listen,
     CONFIG_EFFECT_PROCESS,
     "sockets that the master holds for it: `{ http = \"0.0.0.0:8000\"; }`, or the path of a unix socket"},
    {"start", CONFIG_KEY_CHOICE, PLUG(kafka.start), NULL, 0, 0, "earliest|latest", NULL, CONFIG_EFFECT_PROCESS,
     "as `kafka.start`, which is the default"},
    {"on_gap", CONFIG_KEY_CHOICE, PLUG(kafka.on_gap), NULL, 0, 0, "stop|earliest|latest", NULL, CONFIG_EFFECT_PROCESS,
     "as `kafka.on_gap`, which is the default"},
    {"kafka_properties", CONFIG_KEY_CUSTOM, PLUG(kafka.properties), NULL, 0, 0, "list of \"name=value\"",
     config_read_properties, CONFIG_EFFECT_PROCESS,
     "as `kafka.properties`, for this plugin's clients; added to the host's"},
    {"kafka_consumer_properties", CONFIG_KEY_CUSTOM, PLUG(kafka.properties), NULL, 0, 0, "list of \"name=value\"",
     config_read_consumer_properties, CONFIG_EFFECT_PROCESS, "the same, for its consumer only"},
    {"kafka_producer_properties", CONFIG_KEY_CUSTOM, PLUG(kafka.properties), NULL, 0, 0, "list of \"name=value\"",
     config_read_producer_properties, CONFIG_EFFECT_PROCESS, "the same, for its producer only"},
    {"settings", CONFIG_KEY_CUSTOM, PLUG(settings), NULL, 0, 0, "group", config_read_settings, CONFIG_EFFECT_BESIDE,
     "the plugin's own; it declares them, see its README"},
    {0},
};

static const struct config_key topic_keys[] = {
    {"name", CONFIG_KEY_STRING, TOPIC(name), NULL, 0, 0, NULL, NULL, CONFIG_EFFECT_NONE, "the topic's name"},
    {"partitions", CONFIG_KEY_INT, TOPIC(partitions), "3", 1, 100000, NULL, NULL, CONFIG_EFFECT_NONE,
     "partitions; KAFKA_<TOPIC>_PARTITIONS overrides"},
    {"replication", CONFIG_KEY_INT, TOPIC(replication), "3", 1, 100, NULL, NULL, CONFIG_EFFECT_NONE,
     "replicas; as many as there are brokers where these are fewer"},
    {"min_insync_replicas", CONFIG_KEY_INT, TOPIC(min_insync_replicas), "2", 1, 100, NULL, NULL, CONFIG_EFFECT_NONE,
     "`min.insync.replicas`; 1 on one broker"},
    {"retention", CONFIG_KEY_DURATION, TOPIC(retention), "7d", MS, 36500 * DAY, NULL, NULL, CONFIG_EFFECT_NONE,
     "`retention.ms`; the dead-letter topic has its source's"},
    {"max_message", CONFIG_KEY_SIZE, TOPIC(max_message), "10MiB", KIB, GIB, NULL, NULL, CONFIG_EFFECT_NONE,
     "`max.message.bytes`; the dead-letter topic's is 1 MiB larger"},
    {"compression", CONFIG_KEY_STRING, TOPIC(compression), "snappy", 0, 0, NULL, NULL, CONFIG_EFFECT_NONE,
     "`compression.type`"},
    {"dead_letter", CONFIG_KEY_CUSTOM, 0, NULL, 0, 0, "group", config_read_dead_letter, CONFIG_EFFECT_NONE,
     "`{ name = \"…\"; partitions = 3; max_message = \"…\"; }` where these are not `<topic>-dlq` and the defaults"},
    {0},
};

/* clang-format on */

const struct config_table config_host_table = {"pawl.conf", host_keys};
const struct config_table config_plugin_table = {"plugins.d/NAME.conf", plugin_keys};
const struct config_table config_topic_table = {"topics.conf", topic_keys};
