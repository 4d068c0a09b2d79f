/*
 * What a descriptor may say, and which words it gets when it says something else. And routing, which is made from it.
 */
#include "plugin/descriptor.h"
#include "plugin/route.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static pawl_result on_any(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        (void)ctx;
        (void)ev;
        (void)self;
        return PAWL_OK;
}

static uint32_t on_batch(struct pawl_ctx *ctx, const struct pawl_event *const *events, uint32_t count,
                         pawl_result *rest, void *self)
{
        (void)ctx;
        (void)events;
        (void)rest;
        (void)self;
        return count;
}

static void on_tick(struct pawl_ctx *ctx, void *self)
{
        (void)ctx;
        (void)self;
}

static struct pawl_plugin plain(void)
{
        struct pawl_plugin p = {.head = PAWL_HEAD, .name = PAWL_STR("plain"), .version = PAWL_STR("1.0.0")};

        return p;
}

static void refused(const struct pawl_plugin *p, const char *text)
{
        struct plugin_descriptor d;
        struct pawl_error err = {.text = ""};

        cr_assert_not(plugin_descriptor_read(&d, p, &err));
        cr_assert_str_eq(err.text, text);
}

static void handler_refused(struct pawl_handler handler, const char *text)
{
        struct pawl_plugin p = plain();
        char whole[256];

        p.handlers = (struct pawl_array){&handler, 1, sizeof handler};
        snprintf(whole, sizeof whole, "handlers, item 0: %s", text);
        refused(&p, whole);
}

Test(descriptor, handlers_are_checked)
{
        handler_refused((struct pawl_handler)PAWL_ON("request*", on_any),
                        "event_type: expected \"a.b\", \"a.*\" or \"*\", found \"request*\"");
        handler_refused((struct pawl_handler)PAWL_ON("", on_any),
                        "event_type: expected \"a.b\", \"a.*\" or \"*\", found \"\"");
        handler_refused((struct pawl_handler)PAWL_ON("a.b", NULL),
                        "expected one of on_event and on_batch, found neither");
        handler_refused((struct pawl_handler)PAWL_HANDLER("a.b", 0, on_any, on_batch, "x", 0, 0, 1, 0, 0),
                        "expected one of on_event and on_batch, found both");
        handler_refused((struct pawl_handler)PAWL_ON_WITH("a.*", on_any, PAWL_WANTS_TOMBSTONES, 0, 0),
                        "only the handler of \"*\" can want tombstones or malformed events, found \"a.*\"");
        handler_refused((struct pawl_handler)PAWL_ON_WITH("*", on_any, 0x80, 0, 0),
                        "flags: 0x80 is not known to this host");
        handler_refused((struct pawl_handler)PAWL_ON_WITH("*", on_any, 0, -1, 0), "expected no negative duration");
        handler_refused((struct pawl_handler)PAWL_ON_BATCH("*", on_batch, 0, 0, 0, 0),
                        "max_events: expected 1 to 65535, found 0");
}

Test(descriptor, the_rest_is_checked)
{
        struct pawl_plugin p = plain();
        static const struct pawl_metric metrics[] = {PAWL_METRIC(PAWL_COUNTER, "a", "", ""),
                                                     PAWL_METRIC(PAWL_GAUGE, "a", "", "")};
        static const struct pawl_command commands[] = {PAWL_COMMAND("show", "", "", NULL)};
        static const struct pawl_need needs[] = {PAWL_NEED(7, "x", "")};

        p.name = pawl_text("Plain");
        refused(&p, "name: expected [a-z][a-z0-9_]*, at most 64 bytes");
        p = plain();
        p.tick_interval = 1;
        refused(&p, "tick_interval: expected 0 where there is no tick, found 1");
        p.tick = on_tick;
        p.tick_interval = 0;
        refused(&p, "tick_interval: expected more than 0 where there is a tick, found 0");
        p = plain();
        p.swap = 9;
        refused(&p, "swap: 9 is not known to this host");
        p = plain();
        p.metrics = (struct pawl_array)PAWL_ARRAY(metrics);
        refused(&p, "metrics, items 0 and 1 have one name, \"a\"");
        p = plain();
        p.commands = (struct pawl_array)PAWL_ARRAY(commands);
        refused(&p, "commands, item 0 (\"show\"): expected a function, found none");
        p = plain();
        p.needs = (struct pawl_array)PAWL_ARRAY(needs);
        refused(&p, "needs, item 0: kind 7 is not known to this host");
        p = plain();
        p.handlers = (struct pawl_array){NULL, 3, sizeof(struct pawl_handler)};
        refused(&p, "handlers: expected 3 items, found a null pointer");
        refused(NULL, "pawl_plugin_entry: expected a descriptor, found NULL");
}

Test(descriptor, strides_and_sizes_are_the_plugins)
{
        /* As a later minor would build it: each handler with something behind it. */
        struct {
                struct pawl_handler handler;
                uint64_t more;
        } handlers[2] = {{PAWL_ON("a", on_any), 1}, {PAWL_ON("b", on_any), 2}};
        struct pawl_plugin p = plain();
        struct plugin_descriptor d;
        struct pawl_error err;

        handlers[0].handler.size = handlers[1].handler.size = sizeof handlers[0];
        p.handlers = (struct pawl_array)PAWL_ARRAY(handlers);
        cr_assert(plugin_descriptor_read(&d, &p, &err), "%s", err.text);
        cr_assert_eq(d.handlers[1].event_type.ptr[0], 'b');
        plugin_descriptor_clear(&d);
        handlers[1].handler.size = 8;
        refused(&p, "handlers, item 1: expected a size of 104 to 112 bytes, found 8");
        p.handlers.stride = 16;
        refused(&p, "handlers: expected a stride of at least 104 bytes, found 16");
}

static void setting_refused(struct pawl_setting s, const char *text)
{
        struct pawl_plugin p = plain();
        char whole[256];

        p.settings = (struct pawl_array){&s, 1, sizeof s};
        snprintf(whole, sizeof whole, "settings, item 0 (%.*s): %s", (int)s.name.len, s.name.ptr, text);
        refused(&p, whole);
}

Test(descriptor, schemas_are_checked)
{
        setting_refused((struct pawl_setting)PAWL_SETTING_INT("Port", "1", "", ""), "expected a name [a-z][a-z0-9_]*");
        setting_refused((struct pawl_setting)PAWL_SETTING_INT("port", "x", "", ""),
                        "default_text: expected an integer, found \"x\"");
        setting_refused((struct pawl_setting)PAWL_SETTING_INT("port", "0", "1..65535", ""),
                        "default_text: expected 1..65535, found \"0\"");
        setting_refused((struct pawl_setting)PAWL_SETTING_INT("port", "5", "9..1", ""),
                        "range: expected the lower bound first, found \"9..1\"");
        setting_refused((struct pawl_setting)PAWL_SETTING_INT("port", "5", "a|b", ""),
                        "range: expected a range such as \"1..100\", found \"a|b\"");
        setting_refused((struct pawl_setting)PAWL_SETTING_CHOICE("mode", "z", "x|y", ""),
                        "default_text: expected x|y, found \"z\"");
        setting_refused((struct pawl_setting)PAWL_SETTING_PLAIN(99, 0, "x", ""), "type 99 is not known to this host");
        setting_refused((struct pawl_setting)PAWL_SETTING_LIST(0, PAWL_TYPE_LIST, "x", ""),
                        "expected item_type to be a scalar type, found 9");
        setting_refused((struct pawl_setting)PAWL_SETTING_LIST(0, PAWL_TYPE_TABLE, "x", ""),
                        "expected fields for a list of tables, found none");
        setting_refused((struct pawl_setting)PAWL_SETTING(PAWL_TYPE_INT, PAWL_REQUIRED, 0, "x", PAWL_ABSENT,
                                                          PAWL_STR("1"), PAWL_ABSENT, "", PAWL_NONE),
                        "expected a default or PAWL_REQUIRED, found both");
}

Test(descriptor, needs_of_sockets_are_held_against_the_configuration)
{
        static const struct pawl_need needs[] = {PAWL_NEED(PAWL_NEED_SOCKET, "http", "where requests come in"),
                                                 PAWL_NEED(PAWL_NEED_TOPIC, "t", "")};
        const char *const sockets[] = {"other", "http"};
        struct pawl_plugin p = plain();
        struct plugin_descriptor d;
        struct pawl_error err;

        p.needs = (struct pawl_array)PAWL_ARRAY(needs);
        cr_assert(plugin_descriptor_read(&d, &p, &err), "%s", err.text);
        cr_assert(plugin_needs_check(&d, sockets, 2, &err));
        cr_assert_not(plugin_needs_check(&d, sockets, 1, &err));
        cr_assert_str_eq(err.text, "listen: the plugin needs an address for http (where requests come in): `listen = { "
                                   "NAME = \"HOST:PORT\"; }`");
        plugin_descriptor_clear(&d);
}

/* ---- routing ---- */

static struct plugin_routes *routes_of(const struct pawl_handler *handlers, uint32_t count)
{
        struct pawl_plugin p = plain();
        struct plugin_descriptor d;
        struct plugin_routes *routes;
        struct pawl_error err;

        p.handlers = (struct pawl_array){handlers, count, sizeof *handlers};
        cr_assert(plugin_descriptor_read(&d, &p, &err), "%s", err.text);
        routes = plugin_routes_new(&d);
        plugin_descriptor_clear(&d);
        return routes;
}

static uint16_t routed(const struct plugin_routes *routes, const char *type)
{
        return plugin_route(routes, type, strlen(type));
}

Test(route, the_most_specific_handler_is_called)
{
        static const struct pawl_handler handlers[] = {
            PAWL_ON_WITH("*", on_any, PAWL_WANTS_TOMBSTONES, 0, 0),
            PAWL_ON("request.*", on_any),
            PAWL_ON("request.created", on_any),
            PAWL_ON("request.created.*", on_any),
        };
        struct plugin_routes *routes = routes_of(handlers, 4);

        cr_assert_eq(routed(routes, "request.created"), 2);
        cr_assert_eq(routed(routes, "request.updated"), 1);
        cr_assert_eq(routed(routes, "request.created.late"), 3);
        cr_assert_eq(routed(routes, "request."), 0, "a prefix with nothing behind it is no event of it");
        cr_assert_eq(routed(routes, "requests.x"), 0);
        cr_assert_eq(routed(routes, ""), 0);
        cr_assert_eq(plugin_route_tombstone(routes), 0);
        cr_assert_eq(plugin_route_malformed(routes), PLUGIN_NO_HANDLER);
        plugin_routes_free(&routes);
}

Test(route, without_a_handler_there_is_none)
{
        static const struct pawl_handler handlers[] = {PAWL_ON("a.b", on_any)};
        struct plugin_routes *routes = routes_of(handlers, 1);

        cr_assert_eq(routed(routes, "a.b"), 0);
        cr_assert_eq(routed(routes, "a.c"), PLUGIN_NO_HANDLER);
        cr_assert_eq(plugin_route_tombstone(routes), PLUGIN_NO_HANDLER);
        plugin_routes_free(&routes);
        routes = routes_of(NULL, 0);
        cr_assert_eq(routed(routes, "a.b"), PLUGIN_NO_HANDLER);
        plugin_routes_free(&routes);
}

Test(route, each_of_many_types_finds_its_own)
{
        static char names[500][24];
        static struct pawl_handler handlers[500];
        struct plugin_routes *routes;
        unsigned i;

        for (i = 0; i < 500; i++) {
                snprintf(names[i], sizeof names[i], "%.*s.%u", (int)(i % 9) + 1, "abcdefghi", i);
                handlers[i] = (struct pawl_handler)PAWL_ON("x", on_any);
                handlers[i].event_type = pawl_text(names[i]);
        }
        routes = routes_of(handlers, 500);
        for (i = 0; i < 500; i++)
                cr_assert_eq(routed(routes, names[i]), i);
        cr_assert_eq(routed(routes, "abc.9999"), PLUGIN_NO_HANDLER);
        plugin_routes_free(&routes);
}
