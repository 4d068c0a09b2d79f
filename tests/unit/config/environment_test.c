#include "kit.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(environment, .fini = kit_clear);

static const char *property(const struct config_kafka *kafka, const char *name)
{
        for (size_t i = kafka->properties.count; i-- > 0;)
                if (strcmp(kafka->properties.items[i].name, name) == 0)
                        return kafka->properties.items[i].value;
        return NULL;
}

Test(environment, overrides_the_files)
{
        static const char *const variables[][2] = {
            {"KAFKA_BOOTSTRAP_SERVERS", "k1:9092,k2:9092"},
            {"KAFKA_SECURITY_PROTOCOL", "SASL_SSL"},
            {"KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"},
            {"KAFKA_SASL_USERNAME", "user"},
            {"KAFKA_SASL_PASSWORD", "pass"},
            {"KAFKA_PRODUCER_LINGER_MS", "5"},
            {"KAFKA_PRODUCER_COMPRESSION_TYPE", "gzip"},
            {"KAFKA_CONSUMER_AUTO_OFFSET_RESET", "latest"},
            {"KAFKA_LOG_LEVEL", "WARNING"},
        };
        const struct config_plugin *p;
        struct config *cfg;

        kit_main("kafka = { brokers = \"a:1\"; properties = [ \"security.protocol=plaintext\" ]; };");
        kit_plugin("a", "start = \"earliest\"; kafka_properties = [ \"compression.type=zstd\" ];");
        for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
                kit_variable(variables[i][0], variables[i][1]);
        cfg = kit_parse();
        cr_assert_str_eq(kit_errors(), "");
        p = config_plugin(cfg, "a");
        cr_assert_str_eq(p->kafka.brokers, "k1:9092,k2:9092");
        cr_assert_str_eq(cfg->kafka.brokers, "k1:9092,k2:9092");
        cr_assert_str_eq(property(&p->kafka, "security.protocol"), "sasl_ssl");
        cr_assert_str_eq(property(&p->kafka, "sasl.mechanism"), "SCRAM-SHA-512");
        cr_assert_str_eq(property(&p->kafka, "sasl.username"), "user");
        cr_assert_str_eq(property(&p->kafka, "sasl.password"), "pass");
        cr_assert_str_eq(property(&p->kafka, "linger.ms"), "5");
        cr_assert_str_eq(property(&p->kafka, "compression.type"), "gzip");
        cr_assert_eq(p->kafka.start, CONFIG_START_LATEST);
        cr_assert_eq(cfg->log_level, LOG_LEVEL_WARN);
}

Test(environment, the_password_is_a_secret)
{
        const struct config_properties *p;

        kit_variable("KAFKA_SASL_PASSWORD", "pass");
        p = &kit_parse()->kafka.properties;
        cr_assert_str_eq(p->items[p->count - 1].value, "pass");
        cr_assert(p->items[p->count - 1].secret);
}

Test(environment, what_would_lose_events_is_accepted_with_a_warning_and_not_applied)
{
        kit_variable("KAFKA_CONSUMER_ENABLE_AUTO_COMMIT", "True");
        kit_variable("KAFKA_CONSUMER_AUTO_COMMIT_INTERVAL_MS", "5000");
        kit_variable("KAFKA_PRODUCER_ACKS", "1");
        kit_variable("KAFKA_PRODUCER_RETRIES", "3");
        kit_variable("KAFKA_CONSUMER_MAX_POLL_RECORDS", "500");
        kit_plugin("a", "");
        cr_assert_not_null(kit_parse());
        kit_says("environment: warning: KAFKA_CONSUMER_ENABLE_AUTO_COMMIT=True is not applied");
        kit_says("environment: warning: KAFKA_CONSUMER_AUTO_COMMIT_INTERVAL_MS=5000 is not applied");
        kit_says("environment: warning: KAFKA_PRODUCER_ACKS=1 is not applied");
        kit_says("environment: warning: KAFKA_PRODUCER_RETRIES=3 is not applied");
        kit_says("environment: warning: KAFKA_CONSUMER_MAX_POLL_RECORDS=500 is not applied");
        cr_assert_null(property(&config_plugin(kit_parse(), "a")->kafka, "acks"));
}

Test(environment, what_says_what_pawl_does_anyway_needs_no_warning)
{
        kit_variable("KAFKA_CONSUMER_ENABLE_AUTO_COMMIT", "false");
        kit_variable("KAFKA_PRODUCER_ACKS", "all");
        cr_assert_not_null(kit_parse());
        cr_assert_str_eq(kit_errors(), "");
}

Test(environment, wrong_values_are_reported_once)
{
        kit_variable("KAFKA_PRODUCER_LINGER_MS", "soon");
        kit_variable("KAFKA_SECURITY_PROTOCOL", "tls");
        kit_variable("KAFKA_CONSUMER_AUTO_OFFSET_RESET", "none");
        kit_variable("KAFKA_LOG_LEVEL", "loud");
        kit_variable("KAFKA_BOOTSTRAP_SERVERS", "a:b");
        kit_plugin("a", "");
        kit_plugin("b", "");
        kit_refused(
            "environment: error: KAFKA_PRODUCER_LINGER_MS: expected an integer that is not negative, found \"soon\"\n");
        kit_says(
            "environment: error: KAFKA_SECURITY_PROTOCOL: expected PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL, found \"tls\"\n");
        kit_says("environment: error: KAFKA_CONSUMER_AUTO_OFFSET_RESET: expected earliest or latest, found \"none\"\n");
        kit_says("environment: error: KAFKA_LOG_LEVEL: expected debug, info, warning or error, found \"loud\"\n");
        kit_says(
            "environment: error: KAFKA_BOOTSTRAP_SERVERS: expected host:port, separated by commas, found \"a:b\"\n");
        cr_assert_eq(strstr(strstr(kit_errors(), "LINGER") + 1, "LINGER"), NULL);
}

Test(environment, the_group_is_for_who_names_none)
{
        struct config *cfg;

        kit_variable("KAFKA_CONSUMER_GROUP_ID", "g");
        kit_plugin("a", "topics = [ \"t\" ];");
        kit_plugin("b", "topics = [ \"t\" ]; group = \"own\";");
        kit_plugin("c", "");
        cfg = kit_parse();
        cr_assert_str_eq(config_plugin(cfg, "a")->group, "g");
        cr_assert_str_eq(config_plugin(cfg, "b")->group, "own");
        cr_assert_null(config_plugin(cfg, "c")->group, "it reads nothing");
}

Test(environment, the_group_is_refused_where_two_would_share_it)
{
        kit_variable("KAFKA_CONSUMER_GROUP_ID", "g");
        kit_plugin("a", "topics = [ \"t\" ];");
        kit_plugin("b", "topics = [ \"t\" ];");
        kit_refused("found \"g\", the group of the plugin a (etc/plugins.d/a.conf) too");
        kit_says("it comes from KAFKA_CONSUMER_GROUP_ID, give each plugin a `group`");
}
