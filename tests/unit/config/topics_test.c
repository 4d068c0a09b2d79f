#include "kit.h"

#include "base/clock.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(topics, .fini = kit_clear);

Test(topics, come_with_their_dead_letter_topics)
{
        const struct config_topic *t, *dead;
        struct config *cfg;

        kit_topics(
            "replication = 1; min_insync_replicas = 1;\n"
            "topics = ( { dead_letter = { partitions = 6; }; name = \"a-events\"; partitions = 6; retention = \"7d\"; },\n"
            "{ name = \"b\"; max_message = \"1MiB\"; dead_letter = { name = \"b.dead\"; max_message = \"3MiB\"; retention = \"1d\"; }; } );");
        cfg = kit_parse();
        cr_assert_eq(cfg->topics.count, 4u);
        t = config_topic(&cfg->topics, "a-events");
        dead = config_topic(&cfg->topics, "a-events-dlq");
        cr_assert_eq(t->partitions, 6);
        cr_assert_eq(t->retention, 7 * 86400 * CLOCK_S);
        cr_assert_eq(t->max_message, 10485760);
        cr_assert_eq(t->replication, 1);
        cr_assert_str_eq(t->dead_letter, "a-events-dlq");
        cr_assert_eq(dead->partitions, 6);
        cr_assert_eq(dead->retention, t->retention);
        cr_assert_eq(dead->max_message, 11534336);
        cr_assert_str_eq(dead->source, "a-events");
        cr_assert_null(dead->dead_letter);
        dead = config_topic(&cfg->topics, "b.dead");
        cr_assert_eq(dead->partitions, 3);
        cr_assert_eq(dead->max_message, 3 << 20);
        cr_assert_eq(dead->retention, 86400 * CLOCK_S);
        cr_assert_eq(dead->line, 3);
}

Test(topics, the_environment_overrides_partitions)
{
        struct config *cfg;

        kit_topics("topics = ( { name = \"request-events\"; partitions = 6; } );");
        kit_variable("KAFKA_REQUEST_EVENTS_PARTITIONS", "12");
        kit_variable("KAFKA_REQUEST_EVENTS_DLQ_PARTITIONS", "4");
        kit_variable("KAFKA_NUM_PARTITIONS", "many");
        cfg = kit_parse();
        cr_assert_eq(config_topic(&cfg->topics, "request-events")->partitions, 12);
        cr_assert_eq(config_topic(&cfg->topics, "request-events-dlq")->partitions, 4);
        kit_variable("KAFKA_REQUEST_EVENTS_DLQ_PARTITIONS", "0");
}

Test(topics, wrong_ones_are_reported)
{
        kit_topics(
            "partition = 3;\n"
            "topics = ( { partitions = 1; },\n { name = \"a\"; replication = 1; },\n { name = \"a-dlq\"; partitions = 0; },\n 5,\n"
            "{ name = \"c\"; dead_letter = { dead_letter = { }; }; } );");
        kit_variable("KAFKA_A_PARTITIONS", "x");
        kit_refused("etc/topics.conf:1: error: unknown key \"partition\": did you mean \"partitions\"?\n");
        kit_says("etc/topics.conf:2: error: topics: expected a name in each topic, found none\n");
        kit_says(
            "etc/topics.conf:3: error: topic a: expected min_insync_replicas not above replication, found 2 and 1\n");
        kit_says("etc/topics.conf:4: error: topic a-dlq: expected each topic once, found it in line 3 too\n");
        kit_says("etc/topics.conf:4: error: partitions: expected an integer from 1 to 100000, found integer 0\n");
        kit_says("etc/topics.conf:5: error: topics: expected a group such as");
        kit_says("etc/topics.conf:6: error: dead_letter: expected no dead-letter topic of a dead-letter topic\n");
        kit_says("environment: error: KAFKA_A_PARTITIONS: expected an integer from 1 to 100000, found \"x\"\n");
}

Test(topics, without_a_list_the_file_is_refused)
{
        kit_topics("name = \"a\";");
        kit_refused("etc/topics.conf:1: error: name: expected it within a topic of `topics`");
        kit_says("etc/topics.conf: error: topics: expected a list ( { name = …; }, … ), found none\n");
}

Test(topics, an_unlisted_topic_has_its_dead_letters_beside_it)
{
        const struct config_topics none = {0};
        char *name = config_dead_letter_topic(&none, "orders");

        cr_assert_str_eq(name, "orders-dlq");
        free(name);
}
