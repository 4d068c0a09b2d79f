#include "base/memory.h"
#include "config/room.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char where[] = "environment";

enum kind {
        TEXT,    /* becomes the property */
        INTEGER, /* the same, not negative */
        CHOICE,  /* the same, one of `rest` */
        IGNORED, /* accepted and not applied, with a warning unless the value is one of `harmless` */
        OTHER,   /* read below by its name */
};

/* The variables that existing deployments set. One row, one variable. */
static const struct {
        const char *name;
        enum kind kind;
        const char *property;
        enum config_scope scope;
        const char *rest; /* CHOICE: the choices; IGNORED: why */
        const char *harmless;
} variables[] = {
    {"KAFKA_BOOTSTRAP_SERVERS", OTHER, NULL, 0, NULL, NULL},
    {"KAFKA_SECURITY_PROTOCOL", CHOICE, "security.protocol", CONFIG_SCOPE_ALL, "PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL",
     NULL},
    {"KAFKA_SASL_MECHANISM", TEXT, "sasl.mechanism", CONFIG_SCOPE_ALL, NULL, NULL},
    {"KAFKA_SASL_USERNAME", TEXT, "sasl.username", CONFIG_SCOPE_ALL, NULL, NULL},
    {"KAFKA_SASL_PASSWORD", TEXT, "sasl.password", CONFIG_SCOPE_ALL, NULL, NULL},
    {"KAFKA_PRODUCER_ACKS", IGNORED, NULL, 0, "fewer acknowledgements than all lose events", "all|-1"},
    {"KAFKA_PRODUCER_RETRIES", IGNORED, NULL, 0, "deliveries are retried until their time-out", NULL},
    {"KAFKA_PRODUCER_BATCH_SIZE", INTEGER, "batch.size", CONFIG_SCOPE_PRODUCER, NULL, NULL},
    {"KAFKA_PRODUCER_LINGER_MS", INTEGER, "linger.ms", CONFIG_SCOPE_PRODUCER, NULL, NULL},
    {"KAFKA_PRODUCER_COMPRESSION_TYPE", CHOICE, "compression.type", CONFIG_SCOPE_PRODUCER, "none|gzip|snappy|lz4|zstd",
     NULL},
    {"KAFKA_CONSUMER_GROUP_ID", OTHER, NULL, 0, NULL, NULL},
    {"KAFKA_CONSUMER_AUTO_OFFSET_RESET", OTHER, NULL, 0, NULL, NULL},
    {"KAFKA_CONSUMER_ENABLE_AUTO_COMMIT", IGNORED, NULL, 0,
     "committing on a timer loses events in a crash; Pawl commits an offset when all before it is done", "false|0|no"},
    {"KAFKA_CONSUMER_AUTO_COMMIT_INTERVAL_MS", IGNORED, NULL, 0,
     "a plugin's commit_interval says how often offsets are committed", NULL},
    {"KAFKA_CONSUMER_MAX_POLL_RECORDS", IGNORED, NULL, 0, "a plugin's max_in_hand bounds what it holds", NULL},
    {"KAFKA_LOG_LEVEL", OTHER, NULL, 0, NULL, NULL},
};

enum { VARIABLES = sizeof variables / sizeof *variables };

static bool ends_with(const char *text, const char *end)
{
        size_t len = strlen(text), n = strlen(end);

        return len >= n && strcmp(text + len - n, end) == 0;
}

bool config_environment_known(const char *name)
{
        for (size_t i = 0; i < VARIABLES; i++)
                if (strcmp(variables[i].name, name) == 0)
                        return true;
        return ends_with(name, "_PARTITIONS");
}

static const char *value_of(const struct config_reading *r, const char *name)
{
        const struct config_part *part = config_bundle_part(r->bundle, CONFIG_PART_ENVIRONMENT, name);

        return part == NULL ? NULL : part->bytes;
}

/* The one of "a|b|c" that equals `value` but for case; malloc'ed, lower case. */
static char *find_choice(const char *choices, const char *value)
{
        size_t len = strlen(value);

        for (const char *at = choices; at != NULL; at = strchr(at, '|'), at = at ? at + 1 : NULL)
                if (strcspn(at, "|") == len && strncasecmp(at, value, len) == 0) {
                        char *copy = memory_copy(at, len);

                        for (char *c = copy; *c != '\0'; c++)
                                *c = (char)tolower((unsigned char)*c);
                        return copy;
                }
        return NULL;
}

/* The property's value; NULL (with an error, if this is the host's turn) when the variable holds none. */
static char *property_value(struct config_reading *r, size_t i, const char *value, bool report)
{
        char *text = NULL, *end;

        if (variables[i].kind == TEXT)
                text = memory_string(value);
        else if (variables[i].kind == CHOICE)
                text = find_choice(variables[i].rest, value);
        else if (isdigit((unsigned char)*value) && strtoll(value, &end, 10) >= 0 && *end == '\0')
                text = memory_string(value);
        if (text == NULL && report)
                config_error(r->errors, where, 0, "%s: expected %s, found \"%.60s\"", variables[i].name,
                             variables[i].kind == CHOICE ? variables[i].rest : "an integer that is not negative",
                             value);
        return text;
}

static void set_properties(struct config_reading *r, struct config_kafka *kafka, bool report)
{
        for (size_t i = 0; i < VARIABLES; i++) {
                const char *value = value_of(r, variables[i].name);
                char *text;

                if (variables[i].property == NULL || value == NULL)
                        continue;
                text = property_value(r, i, value, report);
                if (text == NULL)
                        continue;
                config_properties_set(&kafka->properties,
                                      (struct config_property){
                                          .name = memory_string(variables[i].property),
                                          .value = text,
                                          .scope = variables[i].scope,
                                          .secret = strstr(variables[i].property, "password") != NULL,
                                          .file = where,
                                      });
        }
}

/* Each thing is wrong once: what is wrong with a variable is said at the host's turn, not again at each plugin's. */
void config_environment_kafka(struct config_reading *r, struct config_kafka *kafka)
{
        const char *brokers = value_of(r, "KAFKA_BOOTSTRAP_SERVERS"),
                   *reset = value_of(r, "KAFKA_CONSUMER_AUTO_OFFSET_RESET");
        bool report = kafka == &r->cfg->kafka;

        if (brokers != NULL) {
                free(kafka->brokers);
                kafka->brokers = memory_string(brokers);
        }
        if (reset != NULL && strcasecmp(reset, "earliest") == 0)
                kafka->start = CONFIG_START_EARLIEST;
        else if (reset != NULL && strcasecmp(reset, "latest") == 0)
                kafka->start = CONFIG_START_LATEST;
        else if (reset != NULL && report)
                config_error(r->errors, where, 0,
                             "KAFKA_CONSUMER_AUTO_OFFSET_RESET: expected earliest or latest, found \"%.60s\"", reset);
        set_properties(r, kafka, report);
}

void config_environment_host(struct config_reading *r)
{
        const char *level = value_of(r, "KAFKA_LOG_LEVEL");
        enum log_level parsed;

        config_environment_kafka(r, &r->cfg->kafka);
        if (level != NULL && log_level_parse(level, &parsed))
                r->cfg->log_level = (int64_t)parsed;
        else if (level != NULL)
                config_error(r->errors, where, 0,
                             "KAFKA_LOG_LEVEL: expected debug, info, warning or error, found \"%.60s\"", level);
        for (size_t i = 0; i < VARIABLES; i++) {
                const char *value = value_of(r, variables[i].name);
                char *harmless;

                if (variables[i].kind != IGNORED || value == NULL)
                        continue;
                harmless = variables[i].harmless == NULL ? NULL : find_choice(variables[i].harmless, value);
                if (harmless == NULL)
                        config_warning(r->errors, where, 0, "%s=%.60s is not applied: %s", variables[i].name, value,
                                       variables[i].rest);
                free(harmless);
        }
}

/* request-events: KAFKA_REQUEST_EVENTS_PARTITIONS */
static char *partitions_variable(const char *topic)
{
        char *name = memory_printf("KAFKA_%s_PARTITIONS", topic);

        for (char *c = name; *c != '\0'; c++)
                *c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
        return name;
}

void config_environment_topics(struct config_reading *r, struct config_topics *topics)
{
        for (size_t i = 0; i < topics->count; i++) {
                char *name = partitions_variable(topics->items[i].name), *end = NULL;
                const char *value = value_of(r, name);
                long number = value == NULL ? 0 : strtol(value, &end, 10);

                if (value != NULL && (*end != '\0' || number < 1 || number > 100000))
                        config_error(r->errors, where, 0, "%s: expected an integer from 1 to 100000, found \"%.60s\"",
                                     name, value);
                else if (value != NULL)
                        topics->items[i].partitions = number;
                free(name);
        }
}
