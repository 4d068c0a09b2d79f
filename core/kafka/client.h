/*
 * What every Kafka client of Pawl has in common: how it is configured, which properties and versions are refused, and how
 * its log and its errors become words.
 *
 * Properties are librdkafka's, by name. Three kinds are refused: those that let a configuration value run code or fake a
 * cluster, those whose value Pawl's promises stand on, and unknown ones. The rest passes through.
 */
#ifndef PAWL_KAFKA_CLIENT_H
#define PAWL_KAFKA_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct client_property {
        const char *name;
        const char *value;
};

/* Syslog's severities, as librdkafka uses them, folded to four. */
enum client_severity { CLIENT_ERROR, CLIENT_WARNING, CLIENT_INFO, CLIENT_DEBUG };

/*
 * Takes one line of a client's log, without a newline, secrets redacted. Called from the functions of this room that the
 * caller calls (…_serve, …_open), on their thread, never on librdkafka's.
 */
typedef void (*client_log_fn)(void *log_ctx, enum client_severity severity, const char *line);

struct client_options {
        const char *brokers;   /* "host:port,host:port" */
        const char *client_id; /* shown by brokers in their logs and quotas; NULL: "pawl" */
        const struct client_property *properties;
        size_t property_count;
        const struct client_property *more_properties; /* one plugin's; they win over `properties` */
        size_t more_property_count;
        const char *const
            *secrets;      /* values that no line and no error may hold, besides those of properties whose names
                                     * say so (client_is_secret); ended by NULL. NULL: none */
        client_log_fn log; /* NULL: dropped */
        void *log_ctx;
};

/* What the properties are for: librdkafka knows properties that only one of the two takes. */
enum client_kind { CLIENT_CONSUMER, CLIENT_PRODUCER };

/*
 * Checks all properties without opening a client, for trials and `pawld --check`: calls `report` once for each fault, with the
 * property (a member of the options' arrays) and a text that names it, what was found and what is expected. Returns the number
 * of faults. Any thread.
 */
size_t client_check(const struct client_options *options,
                    void (*report)(void *report_ctx, const struct client_property *property, const char *text),
                    void *report_ctx);

enum client_verdict { CLIENT_VERSION_GOOD, CLIENT_VERSION_WARN, CLIENT_VERSION_REFUSED };

/* Judges a version of librdkafka (0xMMmmrrff). `text` says which defects, or is empty. Any thread. Opening any client refuses
 * a refused one; a consumer's log begins with the warning. */
enum client_verdict client_judge_version(int version, struct pawl_error *text);

/* The version that this process runs with (0xMMmmrrff). */
int client_version(void);

/* True if a property's value must never be shown (passwords, keys, tokens). */
bool client_is_secret(const char *property_name);

/* What kind of trouble a client is in; the text that goes with it says what was tried and what would help. */
enum client_trouble {
        TROUBLE_NONE,
        TROUBLE_UNREACHABLE,    /* no broker answers; the client keeps trying */
        TROUBLE_TOPIC_MISSING,  /* text names it, and the command that creates it */
        TROUBLE_AUTHENTICATION, /* the broker does not accept who we are */
        TROUBLE_AUTHORIZATION,  /* it does, but refuses the operation: principal, operation, resource, remedy */
        TROUBLE_FENCED,         /* another member with our group.instance.id took the place: this one must end */
        TROUBLE_FATAL,          /* this client cannot go on */
        TROUBLE_OTHER
};

#endif
