/*
 * The part of a client that needs librdkafka's types: only for the files of this room.
 */
#ifndef PAWL_KAFKA_CLIENT_PRIVATE_H
#define PAWL_KAFKA_CLIENT_PRIVATE_H

#include <librdkafka/rdkafka.h>

#include "kafka/client.h"

struct client {
        rd_kafka_t *rk; /* NULL: not opened */
        client_log_fn log;
        void *log_ctx;
        char *brokers;
        char *client_id;
        char *username; /* sasl.username as set, else NULL */
        char *password;
        bool certificate; /* a TLS client certificate is configured */
        char **secrets;   /* values that no line may contain */
        size_t secret_count;
        char failure[256]; /* why the last connection failed, as librdkafka logged it */
};

/*
 * Opens a client. `own` are the properties that Pawl decides for it, set last; `events` the RD_KAFKA_EVENT_* that its queues
 * give. Its log lines come as RD_KAFKA_EVENT_LOG on its main queue, for client_log_event().
 */
bool client_init(struct client *client, enum client_kind kind, const struct client_options *options,
                 const struct client_property *own, size_t own_count, int events, struct pawl_error *err);

/* One line to the caller's function, redacted. */
void client_log(struct client *client, enum client_severity severity, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Hands a RD_KAFKA_EVENT_LOG's line to the caller's function, redacted. */
void client_log_event(struct client *client, rd_kafka_event_t *event);

/* Overwrites every secret value in `text` by asterisks. */
void client_redact(const struct client *client, char *text);

/* Destroys what client_init() made, the librdkafka client included (`flags`: RD_KAFKA_DESTROY_F_…). Half-made ones are fine. */
void client_fini(struct client *client, int flags);

/* "User:kafka-user", or words for a certificate or for nobody: what a broker's ACLs know us as. */
void client_principal(const struct client *client, char *out, size_t size);

/* ---- rules.c: what the properties' rules are ---- */

/* Why a property may not be set, or not to that value; false: it may. The text names the property, and its value unless `secret`. */
bool rules_refuse(const char *name, const char *value, bool secret, struct pawl_error *why);

/* Pawl's own defaults for a kind of client, in force unless a property says otherwise. `set` is called for each. */
void rules_defaults(enum client_kind kind, int version, void (*set)(void *ctx, const char *name, const char *value),
                    void *ctx);

/* Whether librdkafka knows the property, and for which kind; `nearest` (NULL: none) is a suggestion for an unknown one. */
bool rules_known(const char *name, bool *consumer, bool *producer, const char **nearest);

#endif
