/*
 * The fixtures in the tests' own host: what plugins see of the contract, from loading to the end of a life.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "testhost.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECOND CLOCK_S

static const char *so(const char *name)
{
        static char path[4096];

        snprintf(path, sizeof path, "%s/tests/plugins/%s.so", getenv("PAWL_BUILD"), name);
        return path;
}

static struct testhost *open_or_die(const char *name, const char *settings)
{
        struct pawl_error err;
        struct testhost *h = testhost_open(&(struct testhost_options){.so = so(name), .settings = settings}, &err);

        cr_assert_not_null(h, "%s", err.text);
        return h;
}

/* Expects a refusal whose text has `part` in it. */
static void refused(const char *name, const char *settings, const char *part)
{
        struct pawl_error err;
        struct testhost *h = testhost_open(&(struct testhost_options){.so = so(name), .settings = settings}, &err);

        cr_assert_null(h);
        cr_assert_not_null(strstr(err.text, part), "expected \"%s\" in: %s", part, err.text);
}

static struct testhost_result feed(struct testhost *h, const char *json)
{
        struct testhost_result r;

        testhost_feed(h, &(struct testhost_event){.topic = "request-events", .key = "7", .json = json}, &r);
        return r;
}

static void expect(struct testhost *h, const char *json, pawl_result result, const char *reason)
{
        struct testhost_result r = feed(h, json);

        cr_assert_eq(r.result, result, "%s: result %d (%s)", json, (int)r.result, r.reason);
        cr_assert_str_eq(r.reason, reason);
        testhost_result_clear(&r);
}

/* ---- greeter ---- */

Test(greeter, handles_and_names_what_it_found_in_place_of_an_integer)
{
        struct testhost *h = open_or_die("greeter", "greeting = \"Добро пожаловать\";");

        expect(h, "{\"event_type\":\"request.created\",\"customer_id\":7}", PAWL_OK, "");
        expect(h, "{\"event_type\":\"request.created\",\"customer_id\":\"abc\"}", PAWL_REJECT,
               "customer_id: expected an integer, found string \"abc\"");
        expect(h, "{\"event_type\":\"request.created\"}", PAWL_REJECT,
               "customer_id: expected an integer, found nothing");
        expect(h, "{\"event_type\":\"request.created\",\"customer_id\":1.5}", PAWL_REJECT,
               "customer_id: expected an integer, found number 1.5");
        testhost_close(&h);
}

Test(greeter, skips_what_no_handler_takes_and_tombstones)
{
        struct testhost *h = open_or_die("greeter", NULL);
        struct testhost_result r = feed(h, "{\"event_type\":\"request.updated\"}");

        cr_assert(r.skipped);
        r = feed(h, NULL);
        cr_assert(r.skipped);
        testhost_close(&h);
}

Test(greeter, malformed_events_are_dead_letters_by_routing_or_by_the_first_accessor)
{
        struct testhost *h = open_or_die("greeter", NULL);
        struct testhost_result r = feed(h, "not JSON");

        cr_assert(r.malformed);
        cr_assert_str_eq(r.reason, "malformed event: expected an object, at byte 0");
        r = feed(h, "{\"event_type\":5}");
        cr_assert_str_eq(r.reason, "malformed event: event_type: expected a string, at byte 14");
        r = feed(h, "{\"event_type\":\"request.created\",\"customer_id\":7,}");
        cr_assert(r.malformed);
        cr_assert_eq(r.result, PAWL_REJECT);
        cr_assert_str_eq(r.reason, "malformed event: expected the name of a member, at byte 48");
        testhost_close(&h);
}

Test(greeter, settings_are_refused_with_all_reasons_and_lines)
{
        refused("greeter", "greeting = 5;\n\ngreating = \"x\";",
                "test.conf:1: error: settings.greeting: expected a string, found integer 5\n");
        refused("greeter", "greeting = 5;\n\ngreating = \"x\";",
                "test.conf:3: error: settings.greating: the plugin has no such setting; did you mean \"greeting\"?");
}

/* ---- counter ---- */

Test(counter, a_plugin_in_cxx_counts_answers_and_tells_its_health)
{
        struct testhost *h = open_or_die("counter", "limit = 2;");
        struct buf reply = {.data = NULL};
        const char *const show[] = {"show"}, *const none[] = {"no_such"};

        expect(h, "{\"event_type\":\"a\"}", PAWL_OK, "");
        expect(h, "{\"event_type\":\"b\"}", PAWL_OK, "");
        expect(h, "{\"event_type\":\"a\"}", PAWL_OK, "");
        expect(h, "{\"event_type\":\"c\"}", PAWL_REJECT, "too many types, this is one more: c");
        cr_assert_eq(testhost_command(h, show, 1, &reply), 0);
        cr_assert_str_eq(reply.data, "a 2\nb 1\n");
        cr_assert_eq(testhost_command(h, none, 1, NULL), -1);
        cr_assert_eq(testhost_metric(h, "counted"), 3);
        cr_assert_eq(testhost_metric(h, "types"), 2);
        testhost_tick(h);
        cr_assert_str_eq(testhost_health(h), "ok: 2 types seen");
        buf_free(&reply);
        testhost_close(&h);
}

Test(counter, an_instance_can_be_swapped_and_a_bad_one_leaves_the_old)
{
        struct testhost *h = open_or_die("counter", "limit = 1;");
        struct pawl_error err;

        expect(h, "{\"event_type\":\"a\"}", PAWL_OK, "");
        cr_assert_not(testhost_swap(h, NULL, "limit = 0;", &err));
        cr_assert_not_null(strstr(err.text, "settings.limit: expected an integer in 1..10000, found integer 0"), "%s",
                           err.text);
        expect(h, "{\"event_type\":\"b\"}", PAWL_REJECT, "too many types, this is one more: b");
        cr_assert(testhost_swap(h, NULL, "limit = 5;", &err));
        expect(h, "{\"event_type\":\"b\"}", PAWL_OK, "");
        testhost_close(&h);
}

/* ---- deferrer: batches ---- */

Test(deferrer, a_batch_handles_a_prefix_and_the_rest_comes_again)
{
        struct testhost *h = open_or_die("deferrer", NULL);
        const struct testhost_event events[] = {
            {.topic = "t", .key = "a", .json = "{\"event_type\":\"sum.add\",\"n\":1}"},
            {.topic = "t", .key = "b", .json = "{\"event_type\":\"sum.add\",\"n\":2}"},
            {.topic = "t", .key = "a", .json = "{\"event_type\":\"sum.add\",\"n\":\"x\"}"},
            {.topic = "t", .key = "c", .json = "{\"event_type\":\"sum.add\",\"n\":4}"},
        };
        struct testhost_result r[4];
        unsigned i;

        testhost_feed_batch(h, events, 4, r);
        cr_assert_eq(r[0].result, PAWL_OK);
        cr_assert_eq(r[1].result, PAWL_OK);
        cr_assert_not_null(strstr(r[1].emits.first->value, "\"sum\":3}"));
        cr_assert_eq(r[2].result, PAWL_REJECT);
        cr_assert_str_eq(r[2].reason, "n: expected an integer, found string \"x\"");
        cr_assert_eq(r[2].emits.count, 0u);
        cr_assert(r[3].unrun);
        for (i = 0; i < 4; i++)
                testhost_result_clear(&r[i]);
        testhost_close(&h);
}

Test(deferrer, a_malformed_event_in_a_batch_is_a_dead_letter_and_ends_the_prefix)
{
        struct testhost *h = open_or_die("deferrer", NULL);
        const struct testhost_event events[] = {
            {.topic = "t", .json = "{\"event_type\":\"sum.add\",\"n\":1}"},
            {.topic = "t", .json = "{\"event_type\":\"sum.add\",\"n\":1"},
            {.topic = "t", .json = "{\"event_type\":\"sum.add\",\"n\":1}"},
        };
        struct testhost_result r[3];
        unsigned i;

        testhost_feed_batch(h, events, 3, r);
        cr_assert_eq(r[0].result, PAWL_OK);
        cr_assert(r[1].malformed);
        cr_assert_str_eq(r[1].reason, "malformed event: the text ends too early, at byte 29");
        cr_assert(r[2].unrun);
        for (i = 0; i < 3; i++)
                testhost_result_clear(&r[i]);
        testhost_close(&h);
}

/* ---- emits ---- */

static const char *text(const json_t *tree, const char *name)
{
        const char *value = json_string_value(json_object_get(tree, name));

        return value != NULL ? value : "(none)";
}

static json_t *tree_of(const struct emit *e)
{
        json_t *tree = json_loadb(e->value, e->value_len, JSON_REJECT_DUPLICATES, NULL);

        cr_assert_not_null(tree, "%.*s", (int)e->value_len, (const char *)e->value);
        return tree;
}

Test(emit, has_the_envelope_and_carries_correlation_and_trace_on)
{
        struct testhost *h = open_or_die("deferrer", NULL);
        const struct testhost_header headers[] = {{"traceparent", "00-abc-def-01"}};
        const struct testhost_event event = {.topic = "t",
                                             .key = "k1",
                                             .json = "{\"event_type\":\"sum.add\",\"event_id\":\"e-1\","
                                                     "\"correlation_id\":\"c-1\",\"n\":1}",
                                             .headers = headers,
                                             .header_count = 1};
        struct testhost_result r;
        const struct emit *e;
        json_t *tree;

        testhost_feed(h, &event, &r);
        cr_assert_eq(r.emits.count, 1u);
        e = r.emits.first;
        cr_assert_str_eq(e->topic, "sums");
        cr_assert(e->key_len == 2 && memcmp(e->key, "k1", 2) == 0);
        cr_assert_eq(e->header_count, 1u);
        cr_assert_str_eq(e->headers[0].name, "traceparent");
        cr_assert_str_eq(e->headers[0].value, "00-abc-def-01");
        cr_assert_eq(strncmp(e->value, "{\"event_type\":\"sum.done\",\"event_id\":\"", 37), 0);
        tree = tree_of(e);
        cr_assert_str_eq(text(tree, "event_type"), "sum.done");
        cr_assert_str_eq(text(tree, "event_id"), e->event_id);
        cr_assert_eq(e->event_id[14], '5', "a UUID of version 5: %s", e->event_id);
        cr_assert_str_eq(text(tree, "correlation_id"), "c-1");
        cr_assert_str_eq(text(tree, "version"), "1.0");
        cr_assert_str_eq(text(tree, "source"), "agregator-service");
        cr_assert_eq(strlen(text(tree, "timestamp")), strlen("2026-11-22T10:00:00.123456+00:00"));
        json_decref(tree);
        testhost_result_clear(&r);
        testhost_close(&h);
}

Test(emit, ids_repeat_with_the_event_and_differ_between_events)
{
        struct testhost *h = open_or_die("deferrer", NULL);
        const char *json = "{\"event_type\":\"sum.add\",\"n\":1}";
        struct testhost_event event = {.topic = "t", .key = "k", .json = json, .offset = 5};
        struct testhost_result first, again, other;

        testhost_feed(h, &event, &first);
        event.attempt = 2;
        testhost_feed(h, &event, &again);
        event.offset = 6;
        testhost_feed(h, &event, &other);
        cr_assert_str_eq(first.emits.first->event_id, again.emits.first->event_id);
        cr_assert_str_neq(first.emits.first->event_id, other.emits.first->event_id);
        testhost_result_clear(&first);
        testhost_result_clear(&again);
        testhost_result_clear(&other);
        testhost_close(&h);
}

/* ---- tickets ---- */

Test(ticket, is_completed_by_another_thread_with_its_emits)
{
        struct testhost *h = open_or_die("deferrer", NULL);
        struct testhost_result r = feed(h, "{\"event_type\":\"later.on\"}");

        cr_assert_eq(r.result, PAWL_PENDING);
        cr_assert(testhost_ticket(h, 10 * SECOND, &r));
        cr_assert_eq(r.result, PAWL_OK);
        cr_assert_eq(r.emits.count, 1u);
        cr_assert_str_eq(r.emits.first->topic, "later");
        testhost_result_clear(&r);
        r = feed(h, "{\"event_type\":\"later.on\",\"fail\":\"not \\u0442oday\"}");
        cr_assert_eq(r.result, PAWL_PENDING);
        cr_assert(testhost_ticket(h, 10 * SECOND, &r));
        cr_assert_eq(r.result, PAWL_RETRY);
        cr_assert_eq(r.delay, SECOND);
        cr_assert_str_eq(r.reason, "not тoday");
        cr_assert_not(testhost_ticket(h, 0, &r));
        testhost_close(&h);
}

Test(ticket, its_event_found_malformed_is_a_dead_letter)
{
        struct testhost *h = open_or_die("deferrer", NULL);
        struct testhost_result r = feed(h, "{\"event_type\":\"later.on\",\"fail\":tru}");

        cr_assert_eq(r.result, PAWL_PENDING);
        cr_assert(testhost_ticket(h, 10 * SECOND, &r));
        cr_assert(r.malformed);
        cr_assert_eq(r.emits.count, 0u);
        testhost_close(&h);
}

/* ---- publications and sockets ---- */

Test(publish, has_a_derived_id_and_its_callback_comes_once)
{
        struct testhost *h = open_or_die("deferrer", NULL);
        const char *const good[] = {"publish", "{\"a\":1,\"source\":\"me\"}"};
        const char *const bad[] = {"publish", "{\"event_id\":\"x\"}"};
        struct buf reply = {.data = NULL};
        struct publish *p, *same;
        json_t *tree;

        cr_assert_eq(testhost_command(h, good, 2, &reply), 0);
        p = testhost_published(h, 0);
        cr_assert_not_null(p);
        cr_assert_eq(testhost_command(h, good, 2, &reply), 0);
        same = testhost_published(h, 0);
        cr_assert_str_eq(testhost_message(p)->event_id, testhost_message(same)->event_id);
        tree = tree_of(testhost_message(p));
        cr_assert_str_eq(text(tree, "source"), "me");
        cr_assert_eq(strlen(text(tree, "correlation_id")), 36u);
        json_decref(tree);
        testhost_answer(h, p, 0);
        testhost_answer(h, same, PAWL_E_REFUSED);
        buf_clear(&reply);
        cr_assert_eq(testhost_command(h, bad, 2, &reply), 1);
        cr_assert_str_eq(reply.data, "-1 -4998\n"); /* refused at once; the callbacks were told 0 and -5 */
        cr_assert_null(testhost_published(h, 0));
        buf_free(&reply);
        testhost_close(&h);
}

Test(listen, gives_a_descriptor_of_the_plugins_own)
{
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        const struct testhost_socket socket = {.name = "http", .fd = fd};
        struct pawl_error err;
        struct testhost *h =
            testhost_open(&(struct testhost_options){.so = so("deferrer"), .sockets = &socket, .socket_count = 1},
                          &err);
        const char *const there[] = {"sockets", "http"}, *const missing[] = {"sockets", "https"};

        cr_assert_not_null(h, "%s", err.text);
        cr_assert_eq(testhost_command(h, there, 2, NULL), 0);
        cr_assert_eq(testhost_command(h, missing, 2, NULL), 1);
        testhost_close(&h);
        close(fd);
}

/* ---- recorder ---- */

static char *read_lines(const char *path)
{
        static char lines[4096];
        FILE *f = fopen(path, "r");
        size_t n = f != NULL ? fread(lines, 1, sizeof lines - 1, f) : 0;

        if (f != NULL)
                fclose(f);
        lines[n] = '\0';
        return lines;
}

Test(recorder, writes_a_line_for_each_event_and_does_what_events_say)
{
        struct testhost *h = open_or_die("recorder", "file = \"lines\";");
        struct testhost_event event = {.topic = "t",
                                       .key = "k",
                                       .json = "{\"event_type\":\"x\",\"retry\":1,\"emit\":\"out\"}",
                                       .offset = 9};
        char *path = memory_printf("%s/lines", testhost_dir(h)), expected[128];
        struct testhost_result r;

        testhost_feed(h, &event, &r);
        cr_assert_eq(r.result, PAWL_RETRY);
        cr_assert_str_eq(read_lines(path), "");
        event.attempt = 2;
        testhost_feed(h, &event, &r);
        cr_assert_eq(r.result, PAWL_OK);
        cr_assert_eq(r.emits.count, 1u);
        testhost_result_clear(&r);
        snprintf(expected, sizeof expected, "1\t%ld\tt\t0\t9\tk\t2\tok\t", (long)getpid());
        cr_assert_eq(strncmp(read_lines(path), expected, strlen(expected)), 0, "%s", read_lines(path));
        expect(h, "{\"event_type\":\"x\",\"reject\":true}", PAWL_REJECT, "the event says reject");
        expect(h, "{\"event_type\":\"x\",\"wait\":true}", PAWL_WAIT, "the event says wait");
        r = feed(h, "{\"event_type\":\"x\",\"defer_ms\":1}");
        cr_assert_eq(r.result, PAWL_PENDING);
        cr_assert(testhost_ticket(h, 10 * SECOND, &r));
        cr_assert_eq(r.result, PAWL_OK);
        free(path);
        testhost_close(&h);
}

Test(recorder, another_build_is_loaded_beside)
{
        struct testhost *h = open_or_die("recorder_beside", "file = \"lines\";");
        char *path = memory_printf("%s/lines", testhost_dir(h)), first[64], second[64];
        struct pawl_error err;

        expect(h, "{\"event_type\":\"x\"}", PAWL_OK, "");
        cr_assert(testhost_swap(h, so("recorder_beside_v2"), NULL, &err), "%s", err.text);
        expect(h, "{\"event_type\":\"x\"}", PAWL_OK, "");
        snprintf(first, sizeof first, "1\t%ld\t", (long)getpid());
        snprintf(second, sizeof second, "\n2\t%ld\t", (long)getpid());
        cr_assert_not_null(strstr(read_lines(path), first));
        cr_assert_not_null(strstr(read_lines(path), second));
        free(path);
        testhost_close(&h);
}

Test(recorder, says_which_required_setting_is_missing)
{
        refused("recorder", "", "settings.file: expected a path, found nothing (where the lines go)");
}

/* ---- hostile ones ---- */

Test(hostile, each_is_refused_with_its_cause)
{
        refused("hostile_minor", NULL, "the plugin wants version 1.3 of the contract, this host provides 1.1");
        refused("hostile_major", NULL, "the plugin wants version 2.1 of the contract, this host provides 1.1");
        refused("hostile_descriptor", NULL, "its descriptor: handlers, items 0 and 1 both take \"*\"");
        refused("hostile_fails", NULL, "the moon is in the wrong phase");
        refused("no_such_plugin", NULL, "no_such_plugin.so: cannot be opened: No such file or directory");
}
