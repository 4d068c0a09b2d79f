/* What the files of the config room share; nobody else includes it. */
#ifndef PAWL_CONFIG_ROOM_H
#define PAWL_CONFIG_ROOM_H

#include "config/config.h"

#define CONFIG_MAGIC    0xc0f19u
#define CONFIG_FILE_MAX (4u << 20)

/* -- tree.c: libconfig's text to values. The only file that knows libconfig. */

/* The file's settings as one group. False, with an error, when the text cannot be read as settings; a single value that is wrong is
 * an error too, and the rest is read. `file` must live as long as the tree. */
bool config_tree_read(struct config_value *root, const char *file, const char *text, size_t len,
                      struct config_errors *errors);

/* Calls `each` for every string in the tree; `in_properties`: it stands in a list named `…properties`. */
void config_tree_strings(struct config_value *node,
                         void (*each)(void *arg, struct config_value *string, bool in_properties), void *arg);

/* -- literals.c: the text with an L behind each integer that needs more than 32 bits. */
void config_widen_integers(const char *text, const char *file, struct buf *out, struct config_errors *errors);

/* -- bundle.c */
void config_bundle_add(struct config_bundle *bundle, enum config_part_kind kind, const char *name, const void *bytes,
                       size_t len);

/* PATH as it is meant in FILE: absolute, by the file's directory and the bundle's working directory. malloc'ed. */
char *config_bundle_path(const struct config_bundle *bundle, const char *file, const char *path);

/* topics.conf and the environment only. */
struct config_bundle *config_bundle_read_topics(const char *path, char *const *environment);

/* Where in a string a secret's reference begins ("@file:…", in a property also behind the first '='); NULL: it has none. */
const char *config_secret_reference(const char *text, bool in_properties);

/* Puts what the references of a tree name in their place; every one that is not there is an error. */
void config_secrets_resolve(struct config_value *root, const struct config_bundle *bundle,
                            struct config_errors *errors);

/* -- keys.c: the tables. */
enum config_key_type {
        CONFIG_KEY_BOOL,
        CONFIG_KEY_INT,
        CONFIG_KEY_DURATION,
        CONFIG_KEY_SIZE,
        CONFIG_KEY_STRING, /* not empty */
        CONFIG_KEY_PATH,   /* made absolute by the file's directory */
        CONFIG_KEY_CHOICE, /* the place of the word in `choices` */
        CONFIG_KEY_CUSTOM, /* `read` */
};

enum config_key_effect {
        CONFIG_EFFECT_NONE,    /* not compared: what follows from it is decided elsewhere */
        CONFIG_EFFECT_LIVE,    /* the host takes it at a reload */
        CONFIG_EFFECT_RESTART, /* the host takes it when it is started again */
        CONFIG_EFFECT_BESIDE,  /* a new plugin instance takes it */
        CONFIG_EFFECT_PROCESS, /* a new worker process takes it */
};

struct config_reading {
        const struct config_bundle *bundle;
        struct config *cfg; /* NULL when topics.conf is read by itself */
        struct config_errors *errors;
        bool plugin_dir_lost; /* what pawl.conf says of it cannot be read */
};

struct config_key {
        const char *name; /* with its groups: "log.level" */
        enum config_key_type type;
        size_t offset;             /* of the field in the table's struct */
        const char *default_value; /* as it would be written; NULL: see help */
        int64_t min, max;          /* INT, DURATION, SIZE */
        const char *choices;       /* "a|b|c" */
        bool (*read)(struct config_reading *r, void *target, const struct config_value *v);
        enum config_key_effect effect;
        const char *help;
};

struct config_table {
        const char *title;
        const struct config_key *keys; /* ended by a row without a name */
};

extern const struct config_table config_host_table;   /* struct config */
extern const struct config_table config_plugin_table; /* struct config_plugin */
extern const struct config_table config_topic_table;  /* struct config_topic */

/* -- read.c: a group by its table. */
void config_defaults(struct config_reading *r, const struct config_table *table, void *target, const char *file);
void config_read_group(struct config_reading *r, const struct config_table *table, void *target,
                       const struct config_value *group);

/* Reads one value into the field of `target` that the row names. */
bool config_read_key(struct config_reading *r, const struct config_key *key, void *target,
                     const struct config_value *v);

/* A string that is not empty and no secret; NULL, with an error that names `what`, for anything else. */
const char *config_plain_string(struct config_reading *r, const struct config_value *v, const char *what);

/* Frees what the table's keys hold in `target` (strings). */
void config_clear(const struct config_table *table, void *target);

/* "host:port", "[host]:port"; false if it is none. `host` is malloc'ed. */
bool config_address_parse(const char *text, char **host, int *port);

/* -- properties.c */
bool config_read_properties(struct config_reading *r, void *target, const struct config_value *v);
bool config_read_consumer_properties(struct config_reading *r, void *target, const struct config_value *v);
bool config_read_producer_properties(struct config_reading *r, void *target, const struct config_value *v);
void config_properties_set(struct config_properties *properties, struct config_property property);
void config_properties_copy(struct config_properties *to, const struct config_properties *from);
void config_properties_free(struct config_properties *properties);
bool config_properties_equal(const struct config_properties *a, const struct config_properties *b);

/* -- environment.c: the KAFKA_* variables. */
bool config_environment_known(const char *name);

/* Overrides the host's values; warns of what is accepted and not applied. */
void config_environment_host(struct config_reading *r);

/* Overrides a client's values, after the files. */
void config_environment_kafka(struct config_reading *r, struct config_kafka *kafka);

/* KAFKA_<TOPIC>_PARTITIONS. */
void config_environment_topics(struct config_reading *r, struct config_topics *topics);

/* -- plugin.c */
bool config_read_topic_names(struct config_reading *r, void *target, const struct config_value *v);
bool config_read_listen(struct config_reading *r, void *target, const struct config_value *v);
bool config_read_settings(struct config_reading *r, void *target, const struct config_value *v);
void config_plugin_read(struct config_reading *r, struct config_plugin *p, const char *file, struct config_value *root);
void config_plugin_clear(struct config_plugin *p);

/* -- topics.c */
bool config_read_dead_letter(struct config_reading *r, void *target, const struct config_value *v);
void config_topics_parse(struct config_reading *r, struct config_topics *topics, const char *file,
                         const struct config_value *root);

#endif
