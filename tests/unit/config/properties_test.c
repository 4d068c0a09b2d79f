#include "kit.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(properties, .fini = kit_clear);

/* The value that a client of that scope ends up with, applying in order; NULL: not set. */
static const struct config_property *applied(const struct config_properties *properties, enum config_scope scope,
                                             const char *name)
{
        const struct config_property *last = NULL;

        for (size_t i = 0; i < properties->count; i++)
                if ((properties->items[i].scope == CONFIG_SCOPE_ALL || properties->items[i].scope == scope) &&
                    strcmp(properties->items[i].name, name) == 0)
                        last = &properties->items[i];
        return last;
}

static const char *value(const struct config_properties *properties, enum config_scope scope, const char *name)
{
        const struct config_property *p = applied(properties, scope, name);

        return p == NULL ? NULL : p->value;
}

Test(properties, a_plugin_overrides_the_host_and_the_environment_both)
{
        const struct config_properties *a, *b;
        struct config *cfg;

        kit_main(
            "kafka = { properties = [ \"linger.ms=1\", \"check.crcs=false\" ]; producer_properties = ( (\"batch.size\", 100) ); };");
        kit_plugin("a",
                   "kafka_properties = [ \"linger.ms=2\" ]; kafka_consumer_properties = ( (\"check.crcs\", true) );");
        kit_plugin("b", "");
        kit_variable("KAFKA_PRODUCER_BATCH_SIZE", "300");
        cfg = kit_parse();
        a = &config_plugin(cfg, "a")->kafka.properties;
        b = &config_plugin(cfg, "b")->kafka.properties;
        cr_assert_str_eq(value(a, CONFIG_SCOPE_PRODUCER, "linger.ms"), "2");
        cr_assert_str_eq(value(b, CONFIG_SCOPE_PRODUCER, "linger.ms"), "1");
        cr_assert_str_eq(value(b, CONFIG_SCOPE_CONSUMER, "linger.ms"), "1", "without a scope: for all clients");
        cr_assert_str_eq(value(a, CONFIG_SCOPE_PRODUCER, "batch.size"), "300");
        cr_assert_str_eq(value(a, CONFIG_SCOPE_CONSUMER, "check.crcs"), "true");

        cr_assert_str_eq(value(a, CONFIG_SCOPE_PRODUCER, "check.crcs"), "false");
        cr_assert_str_eq(applied(a, CONFIG_SCOPE_PRODUCER, "linger.ms")->file, "etc/plugins.d/a.conf");
}

Test(properties, what_came_from_elsewhere_is_marked_a_secret)
{
        const struct config_properties *p;

        kit_main(
            "kafka = { properties = ( \"sasl.password=@file:pw\", \"linger.ms=5\", (\"sasl.username\", \"@env:U\") ); };");
        kit_secret("/cwd/etc/pw", "top=secret");
        config_bundle_add((struct config_bundle *)(uintptr_t)kit_bundle(), CONFIG_PART_SECRET_ENVIRONMENT, "U", "me",
                          2);
        p = &kit_parse()->kafka.properties;
        cr_assert_str_eq(value(p, CONFIG_SCOPE_CONSUMER, "sasl.password"), "top=secret");
        cr_assert_str_eq(value(p, CONFIG_SCOPE_CONSUMER, "sasl.username"), "me");
        cr_assert(applied(p, CONFIG_SCOPE_CONSUMER, "sasl.password")->secret);
        cr_assert_not(applied(p, CONFIG_SCOPE_CONSUMER, "linger.ms")->secret);
        cr_assert(applied(p, CONFIG_SCOPE_CONSUMER, "sasl.username")->secret);
}

/* Which are refused is the Kafka room's to say: they come to it as they were written. */
Test(properties, keep_the_place_where_they_were_written)
{
        const struct config_property *p;

        kit_main("kafka = { properties = [\n\"acks=1\",\n\"no.such.thing=1\" ]; };");
        kit_plugin("a", "\n\nkafka_consumer_properties = [ \"group.id=x\" ];");
        kit_variable("KAFKA_SECURITY_PROTOCOL", "SSL");
        cr_assert_not_null(kit_parse());
        p = config_plugin(kit_parse(), "a")->kafka.properties.items;
        cr_assert_str_eq(p[0].file, "etc/pawl.conf");
        cr_assert_eq(p[0].line, 2);
        cr_assert_eq(p[1].line, 3);
        cr_assert_str_eq(p[2].file, "etc/plugins.d/a.conf");
        cr_assert_eq(p[2].line, 3);
        cr_assert_str_eq(p[3].file, "environment");
}

Test(properties, malformed_ones_are_named)
{
        kit_main(
            "kafka = { properties = ( \"linger.ms\",\n5,\n\"Linger=1\",\n(\"a\") ); consumer_properties = \"x=1\"; };");
        kit_refused(
            "etc/pawl.conf:1: error: properties: expected \"name=value\" or (\"name\", value), found string \"linger.ms\"\n");
        kit_says("etc/pawl.conf:2: error: properties: expected \"name=value\" or (\"name\", value), found integer 5\n");
        kit_says("etc/pawl.conf:3: error: expected a property of librdkafka such as \"linger.ms\", found \"Linger\"\n");
        kit_says("etc/pawl.conf:4: error: properties: expected");
        kit_says("consumer_properties: expected a list of \"name=value\"");
}
