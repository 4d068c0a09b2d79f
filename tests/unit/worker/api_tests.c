/*
 * The host's side of the contract with a plugin inside this program: the steps of its life, what becomes of each result, and ids
 * that must never change.
 */
#include "base/memory.h"
#include "base/scoreboard_read.h"
#include "worker/api.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char steps[256];
static pawl_result answer;
static int (*act)(struct pawl_ctx *ctx, const struct pawl_event *ev);
static uint32_t batch_handled;
static int32_t publish_status;
static struct pawl_instance *owner;

static int32_t try_publish(void)
{
        struct pawl_message m = pawl_message_make("t", "a.b", pawl_text(NULL), pawl_text("{}"));

        return pawl_publish(owner, &m, NULL, NULL);
}

static bool create(struct pawl_instance *instance, void **self)
{
        owner = instance;
        publish_status = try_publish();
        strcat(steps, "create ");
        *self = steps;
        return answer != PAWL_FATAL || pawl_fail(instance, "no");
}

static void start(void *self)
{
        cr_assert_eq(self, steps);
        strcat(steps, "start ");
}

static void quiesce(void *self)
{
        (void)self;
        strcat(steps, "quiesce ");
}

static void stop(void *self)
{
        (void)self;
        strcat(steps, "stop ");
}

static void destroy(void *self)
{
        (void)self;
        strcat(steps, "destroy ");
}

static pawl_result on_event(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        (void)self;
        if (act != NULL)
                act(ctx, ev);
        return answer;
}

static uint32_t on_batch(struct pawl_ctx *ctx, const struct pawl_event *const *events, uint32_t count,
                         pawl_result *rest, void *self)
{
        uint32_t i;

        (void)self;
        for (i = 0; act != NULL && i < count && (i == 0 || i < batch_handled); i++)
                act(ctx, events[i]);
        *rest = answer;
        return batch_handled;
}

static int32_t run(struct pawl_ctx *ctx, const struct pawl_str *argv, uint32_t argc, void *self)
{
        (void)self;
        pawl_reply(ctx, argc > 0 ? argv[0] : pawl_text("nothing"));
        return answer;
}

static const struct pawl_handler handlers[] = {
    PAWL_ON("one", on_event),
    PAWL_ON_BATCH("many", on_batch, 0, 10, 0, 0),
    PAWL_ON_WITH("*", on_event, PAWL_WANTS_MALFORMED, 0, 0),
};
static const struct pawl_metric metrics[] = {PAWL_METRIC(PAWL_COUNTER, "c", "", ""),
                                             PAWL_METRIC(PAWL_HISTOGRAM, "h", "seconds", "")};
static const struct pawl_command commands[] = {PAWL_COMMAND("run", "", "", run)};
static const struct pawl_plugin plugin = {
    .head = PAWL_HEAD,
    .name = PAWL_STR("test"),
    .version = PAWL_STR("1"),
    .handlers = PAWL_ARRAY(handlers),
    .metrics = PAWL_ARRAY(metrics),
    .commands = PAWL_ARRAY(commands),
    .create = create,
    .start = start,
    .quiesce = quiesce,
    .stop = stop,
    .destroy = destroy,
};

static struct plugin_build build;
static struct scoreboard *sb;
static struct api *api;
static struct plugin_instance *in;
static struct call call;
static _Atomic bool stopping;

static void make_api(void)
{
        struct pawl_error err;

        cr_assert(scoreboard_private(&sb, 1, &err), "%s", err.text);
        cr_assert(plugin_descriptor_read(&build.descriptor, &plugin, &err), "%s", err.text);
        api = api_new(&(struct api_options){.plugin = "orders",
                                            .state_dir = "/s",
                                            .host_id = "host",
                                            .instance = 2,
                                            .max_event = 1 << 20,
                                            .scoreboard = sb});
}

static void open_all(void)
{
        struct config_errors errors = {.count = 0};
        struct pawl_error err;

        make_api();
        in = api_instance(api, &build, NULL, "x.conf", 1, &errors, &err);
        cr_assert_not_null(in, "%s", err.text);
        plugin_instance_start(in);
        call_open(&call, 1 << 20, &stopping);
}

static void free_api(void)
{
        api_free(&api);
        plugin_descriptor_clear(&build.descriptor);
        scoreboard_unmap(&sb);
}

static void close_all(void)
{
        struct publish *p = publish_take(api->publish), *next;

        for (; p != NULL; p = next) {
                next = p->next;
                publish_answer(api->publish, p, 0);
        }
        call_close(&call);
        api_instance_free(api, &in);
        free_api();
}

static struct call_outcome handle(uint32_t handler, const char *json)
{
        struct message message = {.value = json, .value_len = strlen(json), .offset = 7, .key = "k", .key_len = 1};
        struct call_input input = {.message = &message,
                                   .place = {.topic = "t", .partition = 1, .attempt = 1},
                                   .row = SCOREBOARD_NO_ROW};
        struct call_outcome outcome;

        if (handlers[handler].on_batch != NULL)
                call_batch(&call, in, handler, &input, 1, INT64_MAX, &outcome);
        else
                call_event(&call, in, handler, &input, INT64_MAX, &outcome);
        return outcome;
}

static void expect(uint32_t handler, uint16_t result, const char *text)
{
        struct call_outcome o = handle(handler, "{\"event_type\":\"one\"}");

        cr_assert_eq(o.result, result, "result %u (%s)", o.result, o.text != NULL ? o.text : "");
        cr_assert_str_eq(o.text != NULL ? o.text : "", text);
        call_outcome_clear(&o);
}

/* ---- life ---- */

Test(life, has_its_steps_in_order_and_publishes_only_while_it_is_started)
{
        open_all();
        cr_assert_eq(publish_status, PAWL_E_STATE, "in create");
        cr_assert_eq(try_publish(), 0);
        plugin_instance_quiesce(in);
        cr_assert_eq(try_publish(), PAWL_E_STATE);
        cr_assert_not(api_instance_idle(api, in));
        close_all();
        cr_assert_str_eq(steps, "create start quiesce stop destroy ");
}

Test(life, a_create_that_fails_is_not_destroyed)
{
        struct config_errors errors = {.count = 0};
        struct pawl_error err;

        make_api();
        answer = PAWL_FATAL;
        cr_assert_null(api_instance(api, &build, NULL, "x.conf", 1, &errors, &err));
        cr_assert_str_eq(err.text, "no");
        cr_assert_str_eq(steps, "create ");
        free_api();
}

/* ---- results ---- */

static int say_later(struct pawl_ctx *ctx, const struct pawl_event *ev)
{
        (void)ev;
        return pawl_retry_after(ctx, PAWL_S(3), "later, %d", 5);
}

static int take_ticket(struct pawl_ctx *ctx, const struct pawl_event *ev)
{
        (void)ev;
        cr_assert_neq(pawl_defer(ctx), 0u);
        return 0;
}

static int read_member(struct pawl_ctx *ctx, const struct pawl_event *ev)
{
        (void)ctx;
        return pawl_event_kind(ev, "x") == PAWL_KIND_MISSING;
}

Test(results, words_and_delay_belong_to_the_result_that_was_said)
{
        struct call_outcome o;

        open_all();
        act = say_later;
        answer = PAWL_RETRY;
        o = handle(0, "{}");
        cr_assert_eq(o.result, ENGINE_RETRY);
        cr_assert_eq(o.delay, PAWL_S(3));
        cr_assert_str_eq(o.text, "later, 5");
        call_outcome_clear(&o);
        answer = PAWL_REJECT;
        expect(0, ENGINE_REJECT, "");
        answer = PAWL_OK;
        expect(0, ENGINE_OK, "");
        answer = PAWL_OK;
        close_all();
}

Test(results, what_is_none_is_told_as_it_is)
{
        open_all();
        answer = 77;
        expect(0, CALL_RESULT_BAD, "the handler returned 77, which is no result");
        answer = PAWL_PENDING;
        expect(0, ENGINE_RETRY, "the handler returned PENDING, but took no ticket");
        expect(1, CALL_RESULT_BAD, "the batch handler stopped before this event with PENDING");
        answer = PAWL_OK;
        expect(1, CALL_RESULT_BAD, "the batch handler stopped before this event with OK");
        batch_handled = 5;
        expect(1, CALL_RESULT_BAD, "the handler returned -2147483648, which is no result");
        batch_handled = 1;
        expect(1, ENGINE_OK, "");
        close_all();
}

/* The handler has dealt with those behind it: to give them to it once more would handle them twice without need. */
Test(results, a_malformed_event_in_a_batch_undoes_no_other_that_was_handled)
{
        static const char *const values[] = {"{\"event_type\":\"many\"}", "{\"event_type\":\"many\",}",
                                             "{\"event_type\":\"many\" }", "{\"event_type\": \"many\"}", "{}"};
        static const uint16_t expected[] = {ENGINE_OK, ENGINE_REJECT, ENGINE_OK, ENGINE_UNAVAILABLE, ENGINE_UNRUN};
        struct message messages[5] = {{.handle = NULL}};
        struct call_input inputs[5] = {{.message = NULL}};
        struct call_outcome outcomes[5];

        open_all();
        for (uint32_t i = 0; i < 5; i++) {
                messages[i] = (struct message){.value = values[i], .value_len = strlen(values[i]), .offset = i};
                inputs[i] = (struct call_input){.message = &messages[i],
                                                .place = {.topic = "t", .attempt = 1},
                                                .row = SCOREBOARD_NO_ROW};
        }
        act = read_member;
        batch_handled = 3;
        answer = PAWL_UNAVAILABLE;
        call_batch(&call, in, 1, inputs, 5, INT64_MAX, outcomes);
        for (uint32_t i = 0; i < 5; i++) {
                cr_expect_eq(outcomes[i].result, expected[i], "event %u: %u", i, outcomes[i].result);
                call_outcome_clear(&outcomes[i]);
        }
        answer = PAWL_OK;
        close_all();
}

Test(results, any_but_pending_voids_the_ticket)
{
        open_all();
        act = take_ticket;
        answer = PAWL_OK;
        expect(0, ENGINE_OK, "");
        cr_assert_eq(tickets_out(api->tickets, in), 0u);
        answer = PAWL_PENDING;
        expect(0, ENGINE_PENDING, "");
        cr_assert_eq(tickets_out(api->tickets, in), 1u);
        answer = PAWL_OK;
        close_all();
}

Test(results, a_malformed_event_is_a_dead_letter_unless_it_is_wanted)
{
        struct call_outcome o;

        open_all();
        act = read_member;
        answer = PAWL_OK;
        o = handle(0, "{\"event_type\":\"one\",}");
        cr_assert_eq(o.result, ENGINE_REJECT);
        cr_assert_eq(o.reason, CALL_REASON_MALFORMED);
        call_outcome_clear(&o);
        o = handle(2, "{\"event_type\":\"one\",}");
        cr_assert_eq(o.result, ENGINE_OK);
        call_outcome_clear(&o);
        act = NULL;
        o = handle(0, "{\"event_type\":\"one\",}");
        cr_assert_eq(o.result, ENGINE_OK, "nobody read what is malformed");
        call_outcome_clear(&o);
        close_all();
}

/* ---- the rest ---- */

static int look_around(struct pawl_ctx *ctx, const struct pawl_event *ev)
{
        struct pawl_message m = pawl_message_make("t", "a.b", pawl_text(NULL), pawl_text("{}"));

        (void)ev;
        cr_assert_not(pawl_cancelled(ctx));
        stopping = true;
        cr_assert(pawl_cancelled(ctx));
        stopping = false;
        cr_assert_not(pawl_batch_at(ctx, 0), "no batch");
        cr_assert_not(pawl_reply(ctx, pawl_text("x")), "no command");
        cr_assert_eq(pawl_emit_message(ctx, &m), 0);
        pawl_metric_add(ctx->instance, 0, 3);
        pawl_metric_add(ctx->instance, 1, 3); /* another kind */
        pawl_metric_add(ctx->instance, 9, 3); /* none */
        pawl_metric_observe(ctx->instance, 1, PAWL_MS(5));
        return 0;
}

static bool keep_reply(void *arg, struct pawl_str text)
{
        strncat(arg, text.ptr, text.len);
        return true;
}

Test(host, offers_what_the_header_says)
{
        struct scoreboard_totals *totals = memory_zero(1, sizeof *totals);
        struct scoreboard_reader *reader;
        const struct pawl_str argument = PAWL_STR("argument");
        char reply[64] = "";
        uint32_t command;

        open_all();
        act = look_around;
        expect(0, ENGINE_OK, "");
        cr_assert_str_eq(pawl_about_name(owner).ptr, "orders");
        cr_assert_str_eq(pawl_about_instance(owner).ptr, "2");
        cr_assert_str_eq(pawl_about_state_dir(owner).ptr, "/s");
        cr_assert_eq(pawl_listen(owner, "http"), -1);
        cr_assert(pawl_monotonic(owner) > 0 && pawl_now(owner) > PAWL_S(1600000000));
        cr_assert(call_find_command(in, pawl_text("run"), &command));
        answer = 200;
        cr_assert_eq(call_command(&call, in, command, &argument, 1, keep_reply, reply), 1, "not an exit status");
        cr_assert_str_eq(reply, "argument");
        reader = scoreboard_reader_of(sb);
        scoreboard_read(reader, totals);
        cr_assert_eq(totals->metric_count, 2u);
        cr_assert_eq(totals->metrics[0].counter, 3u);
        cr_assert_eq(totals->metrics[1].histogram.count, 1u);
        scoreboard_reader_free(&reader);
        free(totals);
        close_all();
}

/* Consumers drop repeats by these: another version of Pawl must derive the same. */
Test(ids, never_change)
{
        struct call_outcome o;
        char id[37];

        open_all();
        pawl_derive_id(owner, pawl_text("invoice 5"), id);
        cr_assert_str_eq(id, "79277d05-3329-5299-a591-654c8fc4914e");
        act = look_around;
        o = handle(0, "{\"event_type\":\"one\",\"event_id\":\"0a1b2c3d-1111-4222-8333-444455556666\"}");
        cr_assert_str_eq(o.emits.first->event_id, "9baa595a-4845-55f1-b907-72a29169784f");
        call_outcome_clear(&o);
        o = handle(0, "{\"event_type\":\"one\"}");
        cr_assert_str_eq(o.emits.first->event_id, "afd16f5d-1c46-57d8-a17a-cb8824ab1d82");
        call_outcome_clear(&o);
        close_all();
}
