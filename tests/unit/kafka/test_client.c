#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "kafka/client.h"
#include "kafka/client_private.h"
#include "kafka/trouble.h"

#include "base/clock.h"

struct faults {
        size_t count;
        const struct client_property *property[8];
        char text[8][512];
};

static void note(void *ctx, const struct client_property *property, const char *text)
{
        struct faults *faults = ctx;

        if (faults->count < 8) {
                faults->property[faults->count] = property;
                snprintf(faults->text[faults->count], sizeof faults->text[0], "%s", text);
        }
        faults->count++;
}

static struct faults check(const char *name, const char *value)
{
        struct client_property property = {name, value};
        struct client_options options = {.brokers = "b:1", .properties = &property, .property_count = 1};
        struct faults faults = {0};

        cr_assert_eq(client_check(&options, note, &faults), faults.count);
        return faults;
}

static void assert_refused(const char *name, const char *value)
{
        struct faults faults = check(name, value);

        cr_assert_eq(faults.count, 1, "%s=%s gave %zu faults", name, value, faults.count);
        cr_assert(strstr(faults.text[0], name), "%s", faults.text[0]);
}

Test(client, refuses_properties_that_run_code_or_fake_a_cluster)
{
        assert_refused("plugin.library.paths", "/tmp/evil.so");
        assert_refused("sasl.kerberos.kinit.cmd", "rm -rf /");
        assert_refused("ssl.engine.location", "/tmp/evil.so");
        assert_refused("ssl.providers", "evil");
        assert_refused("test.mock.num.brokers", "3");
        assert_refused("test.mock.broker.rtt", "3");
}

Test(client, refuses_what_its_promises_stand_on)
{
        assert_refused("enable.auto.commit", "true");
        assert_refused("enable.auto.offset.store", "true");
        assert_refused("group.id", "g");
        assert_refused("group.instance.id", "g");
        assert_refused("auto.offset.reset", "latest");
        assert_refused("enable.idempotence", "false");
        assert_refused("acks", "1");
        assert_refused("partitioner", "consistent_random");
        assert_refused("partition.assignment.strategy", "cooperative-sticky");
        assert_refused("partition.assignment.strategy", "range,cooperative-sticky");
        assert_refused("allow.auto.create.topics", "true");
        assert_refused("retries", "0");
        assert_refused("bootstrap.servers", "elsewhere:1");
}

Test(client, takes_the_same_properties_with_the_values_that_are_kept)
{
        cr_assert_eq(check("acks", "all").count, 0);
        cr_assert_eq(check("acks", "-1").count, 0);
        cr_assert_eq(check("enable.idempotence", "true").count, 0);
        cr_assert_eq(check("partition.assignment.strategy", "range, roundrobin").count, 0);
        cr_assert_eq(check("partition.assignment.strategy", "roundrobin").count, 0);
        cr_assert_eq(check("linger.ms", "5").count, 0);
        cr_assert_eq(check("fetch.min.bytes", "5").count, 0);
        cr_assert_eq(check("debug", "conf").count, 0);
}

Test(client, names_an_unknown_property_with_its_nearest)
{
        struct faults faults = check("linger.mss", "10");

        cr_assert_eq(faults.count, 1);
        cr_assert(strstr(faults.text[0], "\"linger.mss\""), "%s", faults.text[0]);
        cr_assert(strstr(faults.text[0], "did you mean \"linger.ms\""), "%s", faults.text[0]);
}

Test(client, names_property_and_value_of_a_bad_value)
{
        struct faults faults = check("session.timeout.ms", "soon");

        cr_assert_eq(faults.count, 1);
        cr_assert(strstr(faults.text[0], "session.timeout.ms"), "%s", faults.text[0]);
        cr_assert(strstr(faults.text[0], "soon"), "%s", faults.text[0]);
}

Test(client, reports_every_fault_once_with_its_property)
{
        struct client_property properties[] = {{"acks", "0"},
                                               {"linger.ms", "5"},
                                               {"no.such.thing", "1"},
                                               {"session.timeout.ms", "-"}};
        struct client_options options = {.brokers = "b:1", .properties = properties, .property_count = 4};
        struct faults faults = {0};

        cr_assert_eq(client_check(&options, note, &faults), 3);
        cr_assert_eq(faults.count, 3);
        cr_assert_eq(faults.property[0], &properties[0]);
        cr_assert_eq(faults.property[1], &properties[2]);
        cr_assert_eq(faults.property[2], &properties[3]);
}

Test(client, says_what_is_expected_of_a_property_whose_value_is_kept)
{
        struct faults faults = check("acks", "1");

        cr_assert(strstr(faults.text[0], "property \"acks\": expected all or -1, found \"1\": an event counts"), "%s",
                  faults.text[0]);
        faults = check("partition.assignment.strategy", "cooperative-sticky");
        cr_assert(strstr(faults.text[0], "expected range or roundrobin or range,roundrobin or roundrobin,range, found"),
                  "%s", faults.text[0]);
}

/* What the configuration took from a file or the environment is a secret, whatever the property's name. */
Test(client, never_repeats_a_value_that_is_declared_a_secret)
{
        struct client_property properties[] = {{"acks", "hunter2"},
                                               {"session.timeout.ms", "hunter2"},
                                               {"sasl.username", "hunter2"}};
        const char *const secrets[] = {"hunter2", NULL};
        struct client_options options = {.brokers = "127.0.0.1:1",
                                         .properties = properties,
                                         .property_count = 3,
                                         .secrets = secrets};
        char line[] = "the word is hunter2";
        struct faults faults = {0};
        struct client client;
        struct pawl_error err;

        cr_assert_eq(client_check(&options, note, &faults), 2);
        for (size_t i = 0; i < 2; i++)
                cr_assert_not(strstr(faults.text[i], "hunter2"), "%s", faults.text[i]);
        cr_assert(strstr(faults.text[0], "found a secret"), "%s", faults.text[0]);

        options.properties = &properties[2];
        options.property_count = 1;
        cr_assert(client_init(&client, CLIENT_PRODUCER, &options, NULL, 0, 0, &err), "%s", err.text);
        client_redact(&client, line);
        cr_assert_str_eq(line, "the word is *******");
        client_fini(&client, 0);
}

Test(client, never_repeats_a_secret_in_an_error)
{
        struct client_property properties[] = {{"security.protocol", "ssl"}, {"ssl.key.pem", "-----BEGIN TOPSECRET"}};
        struct client_options options = {.brokers = "b:1", .properties = properties, .property_count = 2};
        struct client client;
        struct pawl_error err = {""};

        cr_assert_not(client_init(&client, CLIENT_PRODUCER, &options, NULL, 0, 0, &err));
        client_fini(&client, 0);
        cr_assert_not(strstr(err.text, "TOPSECRET"), "%s", err.text);
        cr_assert(client_is_secret("sasl.password"));
        cr_assert(client_is_secret("ssl.key.password"));
        cr_assert(client_is_secret("sasl.oauthbearer.client.secret"));
        cr_assert_not(client_is_secret("sasl.username"));
}

static char logged[65536];

static void keep_line(void *ctx, enum client_severity severity, const char *line)
{
        (void)ctx;
        (void)severity;
        strncat(logged, line, sizeof logged - strlen(logged) - 2);
        strcat(logged, "\n");
}

Test(client, debug_conf_shows_no_password)
{
        struct client_property properties[] = {{"debug", "conf,security"},
                                               {"security.protocol", "sasl_plaintext"},
                                               {"sasl.mechanism", "PLAIN"},
                                               {"sasl.username", "pawl"},
                                               {"sasl.password", "hunter2hunter2"}};
        struct client_options options = {.brokers = "127.0.0.1:1",
                                         .properties = properties,
                                         .property_count = 5,
                                         .log = keep_line};
        struct client client;
        struct pawl_error err;

        cr_assert(client_init(&client, CLIENT_PRODUCER, &options, NULL, 0, 0, &err), "%s", err.text);
        rd_kafka_queue_t *queue = rd_kafka_queue_get_main(client.rk);
        rd_kafka_set_log_queue(client.rk, queue);
        for (int64_t end = clock_now() + CLOCK_S; clock_now() < end && strlen(logged) < 4000;) {
                rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 50);
                if (event != NULL && rd_kafka_event_type(event) == RD_KAFKA_EVENT_LOG)
                        client_log_event(&client, event);
                if (event != NULL)
                        rd_kafka_event_destroy(event);
        }
        cr_assert(strstr(logged, "sasl.username"), "%s", logged);
        cr_assert_not(strstr(logged, "hunter2"), "%s", logged);
        client_log(&client, CLIENT_INFO, "the word is hunter2hunter2 indeed");
        cr_assert(strstr(logged, "the word is ************** indeed"));
        rd_kafka_queue_destroy(queue);
        client_fini(&client, 0);
}

Test(client, judges_versions_with_known_defects)
{
        struct pawl_error text;

        cr_assert_eq(client_judge_version(0x020100ff, &text), CLIENT_VERSION_REFUSED);
        cr_assert(strstr(text.text, "2.1.0") && strstr(text.text, "#4442"), "%s", text.text);
        cr_assert_eq(client_judge_version(0x020200ff, &text), CLIENT_VERSION_REFUSED);
        cr_assert_eq(client_judge_version(0x020a00ff, &text), CLIENT_VERSION_REFUSED);
        cr_assert_eq(client_judge_version(0x010902ff, &text), CLIENT_VERSION_REFUSED);
        cr_assert_eq(client_judge_version(0x020002ff, &text), CLIENT_VERSION_WARN);
        cr_assert(strstr(text.text, "#4187") && strstr(text.text, "2.14.2"), "%s", text.text);
        cr_assert_eq(client_judge_version(0x020800ff, &text), CLIENT_VERSION_WARN);
        cr_assert_eq(client_judge_version(0x020f00ff, &text), CLIENT_VERSION_GOOD);
        cr_assert_str_empty(text.text);
}

Test(trouble, is_said_at_once_and_then_at_growing_intervals)
{
        struct trouble_board board = {0};
        enum client_trouble kind;
        char text[832];
        int said = 0;

        for (int64_t now = 0; now < 100 * CLOCK_S; now += CLOCK_S / 10) {
                trouble_raise(&board, TROUBLE_UNREACHABLE, "", "no answer", now);
                while (trouble_say(&board, now, &kind, text, sizeof text))
                        said++;
        }
        cr_assert_eq(said, 5, "%d", said); /* 0, 5, 15, 35, 75 s …: and not a line for each of 1000 reports */
}

Test(trouble, that_is_over_is_taken_off)
{
        struct trouble_board board = {0};
        char text[832];

        trouble_raise(&board, TROUBLE_TOPIC_MISSING, "a", "topic a", 0);
        trouble_raise(&board, TROUBLE_TOPIC_MISSING, "b", "topic b", 0);
        cr_assert(trouble_clear(&board, TROUBLE_TOPIC_MISSING, "a", text, sizeof text));
        cr_assert_str_eq(text, "topic a");
        cr_assert_not(trouble_clear(&board, TROUBLE_TOPIC_MISSING, "a", text, sizeof text));
        cr_assert(trouble_has(&board, TROUBLE_TOPIC_MISSING));
}

Test(trouble, of_authorisation_names_principal_operation_resource_and_remedy)
{
        struct client client = {.username = (char *)"audit", .brokers = (char *)"b:1"};
        char text[768];

        trouble_words(&client, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "", "Read", "hr-events", "g", text,
                      sizeof text);
        cr_assert(strstr(text, "User:audit") && strstr(text, "Read") && strstr(text, "\"hr-events\"") &&
                      strstr(text, "kafka-acls.sh"),
                  "%s", text);
        trouble_words(&client, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "", "Read", NULL, "g", text, sizeof text);
        cr_assert(strstr(text, "consumer group \"g\""), "%s", text);
}
