/*
 * The configuration as one immutable snapshot, a pure function of a bundle (bundle.h): the same bytes give the same snapshot in
 * the master and in each worker, whatever stands on disk by then. Parsed once, then read by any thread; freed by who parsed it.
 * Durations are int64 nanoseconds, sizes int64 bytes. Every key is a row of a table in keys.c; config_reference prints them.
 */
#ifndef PAWL_CONFIG_CONFIG_H
#define PAWL_CONFIG_CONFIG_H

#include "base/buf.h"
#include "base/config_errors.h"
#include "base/config_value.h"
#include "base/log.h"
#include "config/bundle.h"

enum config_ordering { CONFIG_ORDERING_KEY, CONFIG_ORDERING_PARTITION, CONFIG_ORDERING_NONE };

/* Where a partition without a commit begins. */
enum config_start { CONFIG_START_EARLIEST, CONFIG_START_LATEST };

/* What to do when the committed offset is no longer in the log. */
enum config_gap { CONFIG_GAP_STOP, CONFIG_GAP_EARLIEST, CONFIG_GAP_LATEST };

enum config_delivery { CONFIG_DELIVERY_AT_LEAST_ONCE };

enum config_scope { CONFIG_SCOPE_ALL, CONFIG_SCOPE_CONSUMER, CONFIG_SCOPE_PRODUCER };

/* A librdkafka property that somebody set, as it was written: which ones there are, which are refused and what Pawl's own
 * defaults are is the Kafka room's to know (client_check). Applied in order: of two of one name, the later one counts. */
struct config_property {
        char *name;
        char *value;
        enum config_scope scope; /* which client it is for */
        bool secret;      /* it came from @file: or @env:, never to be printed (some names say so by themselves) */
        const char *file; /* where it was written, or "environment" */
        int line;
};

struct config_properties {
        struct config_property *items; /* each name and scope once: host < plugin < environment */
        size_t count;
};

/* What a plugin's clients are made of; the host's values, overridden by the plugin's own. */
struct config_kafka {
        char *brokers;
        bool static_membership;
        int64_t start;  /* enum config_start */
        int64_t on_gap; /* enum config_gap */
        struct config_properties properties;
};

struct config_retry {
        int64_t attempts;
        int64_t backoff;
        int64_t backoff_max;
};

struct config_listen {
        char *name;    /* what the plugin asks for: "http" */
        char *address; /* "0.0.0.0:8000", "[::1]:8000" or "/path/of/a/unix/socket" */
        char *host;    /* NULL for a unix socket */
        int port;
        int line;
};

/* The lines of a plugin's file that say something, for an error found later; 0: it does not. */
struct config_plugin_lines {
        int name, plugin, group, topics, listen;
};

/* What of a plugin was written so wrongly that nothing more can be said about it; only in a snapshot for checking. */
enum config_lost {
        CONFIG_LOST_BUILD = 1, /* which file it is */
        CONFIG_LOST_TOPICS = 2,
        CONFIG_LOST_LISTEN = 4,
        CONFIG_LOST_SETTINGS = 8,
};

struct config_plugin {
        char *name;       /* letters, digits, - and _; the file's name without .conf, or `name =` */
        const char *file; /* of plugins.d */
        struct config_plugin_lines lines;
        unsigned lost; /* enum config_lost */
        bool enabled;
        char *plugin;      /* as written */
        char *plugin_path; /* absolute: plugin_dir/NAME.so for a name, else relative to the file */
        char *group;       /* NULL only for a plugin without topics; config_use_host_id */
        char **topics;     /* a name that begins with ^ is a pattern, as in librdkafka */
        size_t topic_count;
        int64_t ordering; /* enum config_ordering */
        int64_t threads;
        int64_t instances;
        int64_t deadline;
        int64_t ticket_deadline;
        int64_t wait_limit;
        int64_t drain;
        int64_t max_in_hand;
        int64_t max_in_hand_bytes;
        int64_t commit_interval;
        int64_t max_event;
        int64_t delivery; /* enum config_delivery */
        struct config_retry retry;
        struct config_listen *listen;
        size_t listen_count;
        struct config_kafka kafka;
        struct config_value settings; /* always a group, perhaps empty; not yet checked against the plugin's schema */
};

/* A topic of topics.conf, as `pawlctl topics create` makes it. Its dead-letter topic is a row of its own. */
struct config_topic {
        char *name;
        int64_t partitions;
        int64_t replication; /* at most; fewer where there are fewer brokers */
        int64_t min_insync_replicas;
        int64_t retention;   /* nanoseconds */
        int64_t max_message; /* max.message.bytes */
        char *compression;   /* compression.type */
        char *dead_letter;   /* its name; NULL for a topic that is a dead-letter topic itself, or has none */
        const char *source;  /* for a dead-letter topic: whose; else NULL */
        const char *file;
        int line;
};

struct config_topics {
        char *file; /* NULL: there is none */
        struct config_topic *items;
        size_t count;
};

struct config {
        uint32_t magic;
        char *file;      /* the main file, as it was named */
        char *state_dir; /* absolute, as all paths of the host's keys */
        char *run_dir;
        char *plugin_dir;
        char *plugin_conf_dir; /* NULL: plugins.d beside the main file */
        char *topics_file;     /* NULL: topics.conf beside the main file */
        int64_t drain;
        int64_t trial_deadline;
        int64_t log_level;  /* enum log_level */
        int64_t log_format; /* enum log_format */
        char *admin_socket;
        char *admin_listen; /* NULL: no TCP */
        char *admin_host;   /* of admin_listen */
        int admin_port;
        struct config_kafka kafka;     /* the host's; a plugin's effective one is in its own struct */
        struct config_plugin *plugins; /* in order of name; disabled ones too */
        size_t plugin_count;
        struct config_topics topics;
        char **files; /* names that `file` members point to */
        size_t file_count;
};

/* The snapshot, or NULL when there is any error. Warnings are added to `errors` in either case. Reads no file, no environment, no
 * clock. */
struct config *config_parse(const struct config_bundle *bundle, struct config_errors *errors);

/* The same, but a snapshot in spite of errors, so that the rest can be checked in the same run; never to run from. What is wrong
 * has its default or is left out (enum config_lost); a plugin whose file cannot be read as settings is left out; the second plugin
 * of one name gets another. Never NULL. */
struct config *config_parse_for_check(const struct config_bundle *bundle, struct config_errors *errors);
void config_free(struct config **cfg);

/* Puts the host's id in place of "{host_id}" in the plugins' groups. Who parsed the snapshot calls it once, before anybody else reads it. */
void config_use_host_id(struct config *cfg, const char *host_id);

/* By name, also a disabled one; NULL if there is none. */
const struct config_plugin *config_plugin(const struct config *cfg, const char *name);

/* By name; NULL if topics.conf does not have it. */
const struct config_topic *config_topic(const struct config_topics *topics, const char *name);

/* topics.conf alone (for tools), with KAFKA_<TOPIC>_PARTITIONS of `environment` (NULL: none). False when there is any error. */
bool config_topics_read(struct config_topics *topics, const char *path, char *const *environment,
                        struct config_errors *errors);
void config_topics_free(struct config_topics *topics);

/* The dead-letter topic of a topic: as topics.conf names it, else `<topic>-dlq`. malloc'ed. */
char *config_dead_letter_topic(const struct config_topics *topics, const char *topic);

/* -- what a reload has to do for a plugin whose snapshot changed. (Whether its file is another build is not the config's to know.) */
enum config_change {
        CONFIG_SAME,
        CONFIG_CHANGED_BESIDE, /* settings or the plugin file: a new instance is enough, if the plugin allows two */
        CONFIG_CHANGED_PROCESS, /* anything that the worker or its Kafka client is built from: hand over to a new process */
};

/* `changed` (may be NULL) gets the keys that differ, "threads, kafka.brokers". Whether one is enabled, and its number of
 * instances, is not compared: starting and stopping is decided from these. */
enum config_change config_compare(const struct config_plugin *old, const struct config_plugin *new,
                                  struct buf *changed);

/* The same for the host's own keys that take effect only at a restart of pawld (state_dir, run_dir, admin): true if any changed. */
bool config_host_changed(const struct config *old, const struct config *new, struct buf *changed);

/* The reference page of all keys in Markdown: name, type, default, range, help. */
void config_reference(struct buf *out);

#endif
