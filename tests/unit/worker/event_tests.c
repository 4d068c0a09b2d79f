/*
 * Events and what becomes of them: lazy looks, blame, copies, envelopes.
 */
#include "base/memory.h"
#include "worker/api.h"
#include "worker/emit_make.h"
#include "worker/event_index.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static struct message message;
static struct event_arena arena;
static struct event event;

static const struct pawl_event *opened(const char *json)
{
        static const struct event_place place = {.topic = "t", .partition = 3, .attempt = 2};

        message = (struct message){.value = json,
                                   .value_len = json != NULL ? strlen(json) : 0,
                                   .offset = 42,
                                   .timestamp_ms = 1500};
        event_open(&event, api_host(), &message, &place, &arena, 1 << 20);
        return &event.public;
}

static void closed(void)
{
        event_close(&event);
        event_arena_reset(&arena);
}

Test(event, routing_reads_the_type)
{
        struct event_route route;
        struct message m = {.value = "{\"event_type\":\"a\\u002eb\"}", .value_len = 24};

        cr_assert_eq(event_route(&m, NULL, 0, &route), EVENT_TYPED);
        cr_assert(route.type.len == 3 && memcmp(route.type.ptr, "a.b", 3) == 0);
        m.value = NULL;
        cr_assert_eq(event_route(&m, NULL, 0, &route), EVENT_TOMBSTONE);
        m.value = "";
        m.value_len = 0;
        cr_assert_eq(event_route(&m, NULL, 0, &route), EVENT_MALFORMED);
}

/* A message in hand for long is copied: a swap that routes it again must find the type where it was found before. */
Test(event, routing_of_a_copied_message_reads_its_copied_headers)
{
        static const struct message_header headers[] = {{"ce_type", "old", 3}, {"ce_type", "request.created", 15}};
        struct event_route route;
        struct message m = {.value = "{\"no\":\"envelope\"}", .value_len = 17};

        cr_assert_eq(event_route(&m, headers, 2, &route), EVENT_TYPED);
        cr_assert(route.type.len == 15 && memcmp(route.type.ptr, "request.created", 15) == 0);
        m.value = NULL;
        cr_assert_eq(event_route(&m, headers, 2, &route), EVENT_TOMBSTONE);
}

Test(event, accessors_are_typed_and_leave_the_value_alone)
{
        const struct pawl_event *ev =
            opened("{\"i\":5,\"d\":1.5,\"b\":true,\"s\":\"a\\nb\",\"n\":null,\"o\":{\"x\":1},\"big\":1e999}");
        struct pawl_str s = pawl_text("before");
        int64_t i = -1;
        double d = -1;
        bool b = false;

        cr_assert(pawl_event_int(ev, "i", &i) && i == 5);
        cr_assert(pawl_event_double(ev, "i", &d) && d == 5);
        cr_assert(pawl_event_double(ev, "d", &d) && d == 1.5);
        cr_assert(pawl_event_bool(ev, "b", &b) && b);
        cr_assert(pawl_event_string(ev, "s", &s));
        cr_assert_str_eq(s.ptr, "a\nb");
        cr_assert(pawl_event_raw(ev, "o", &s));
        cr_assert_eq(strncmp(s.ptr, "{\"x\":1}", s.len), 0);
        cr_assert_not(pawl_event_int(ev, "d", &i));
        cr_assert_not(pawl_event_int(ev, "missing", &i));
        cr_assert_not(pawl_event_double(ev, "big", &d));
        cr_assert(i == 5 && d == 1.5);
        cr_assert_eq(pawl_event_kind(ev, "n"), (uint32_t)PAWL_KIND_NULL);
        cr_assert_eq(pawl_event_kind(ev, "x"), (uint32_t)PAWL_KIND_MISSING);
        cr_assert_eq(pawl_event_timestamp(ev), PAWL_MS(1500));
        cr_assert_eq(pawl_event_attempt(ev), 2u);
        cr_assert_eq(pawl_event_offset(ev), 42);
        cr_assert_null(event_fault(&event));
        closed();
        event_arena_free(&arena);
}

Test(event, what_only_the_host_has_looked_at_blames_nobody)
{
        const struct pawl_event *ev = opened("{\"event_type\":\"a.b\",\"event_id\":\"x\"");
        struct log_event about;
        int64_t i;

        event_describe(&event, &about);
        cr_assert_eq(about.type.len, 3u);
        cr_assert_null(about.id.ptr);
        cr_assert_str_eq(event_source_id(&event).ptr, "t/3/42");
        cr_assert_str_eq(pawl_event_type(ev).ptr, "a.b");
        cr_assert_null(event_fault(&event));
        cr_assert_not(pawl_event_int(ev, "i", &i));
        cr_assert_str_eq(event_fault(&event)->reason, "the text ends too early");
        cr_assert_eq(event_fault(&event)->offset, 34u);
        closed();
        event_arena_free(&arena);
}

Test(event, cloudevents_headers_come_before_the_value)
{
        static const struct message_header headers[] = {{"ce_type", "h.type", 6},
                                                        {"ce_id", "h-1", 3},
                                                        {"ce_source", "h-source", 8},
                                                        {"correlation_id", "h-c", 3}};
        const struct pawl_event *ev = opened("{\"event_type\":\"v\",\"event_id\":\"v\",\"source\":\"v\"}");
        struct pawl_str name, value;

        event_set_headers(&event, headers, 4);
        cr_assert_str_eq(pawl_event_type(ev).ptr, "h.type");
        cr_assert_str_eq(pawl_event_id(ev).ptr, "h-1");
        cr_assert_str_eq(pawl_event_source(ev).ptr, "h-source");
        cr_assert_str_eq(pawl_event_correlation_id(ev).ptr, "h-c");
        cr_assert_eq(pawl_event_header_count(ev), 4u);
        cr_assert(pawl_event_header_at(ev, 1, &name, &value));
        cr_assert_str_eq(name.ptr, "ce_id");
        cr_assert_not(pawl_event_header_at(ev, 4, &name, &value));
        closed();
        event_arena_free(&arena);
}

Test(event, a_tree_is_refused_for_what_it_cannot_hold)
{
        static const struct {
                const char *json;
                const char *reason;
        } rows[] = {
            {"{\"a\":{\"b\":1,\"b\":2}}", "a member is repeated"},
            {"{\"a\":\"\\u0000\"}", "a NUL in a string, which a tree cannot hold"},
            {"{\"a\":1e999}", "a number that is too large for a tree"},
            {"{\"a\":1", "the text ends too early"},
        };
        const struct pawl_event *ev = opened("{\"a\":[1,2]}");
        size_t i;

        cr_assert_eq(json_array_size(json_object_get(event_tree(ev), "a")), 2u);
        cr_assert_eq(event_tree(ev), event_tree(ev));
        closed();
        for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                ev = opened(rows[i].json);
                cr_assert_null(event_tree(ev));
                cr_assert_str_eq(event_fault(&event)->reason, rows[i].reason);
                closed();
        }
        ev = opened("{\"a\":1}");
        event.max_bytes = 3;
        cr_assert_null(event_tree(ev));
        cr_assert_str_eq(event_fault(&event)->reason, "larger than the largest event");
        closed();
        event_arena_free(&arena);
}

Test(event, a_copy_outlives_its_message)
{
        static const struct message_header headers[] = {{"h", "v", 1}, {"null", NULL, 0}};
        char *json = memory_string("{\"event_type\":\"a\",\"s\":\"text\"}");
        struct event_copy *copy;
        struct pawl_str name, value;

        opened(json);
        event_set_headers(&event, headers, 2);
        copy = event_copy_new(&event);
        closed();
        memset(json, 'x', strlen(json));
        free(json);
        cr_assert(pawl_event_string(&copy->event.public, "s", &value));
        cr_assert_str_eq(value.ptr, "text");
        cr_assert(pawl_event_header_at(&copy->event.public, 1, &name, &value));
        cr_assert_str_eq(name.ptr, "null");
        cr_assert_null(value.ptr);
        cr_assert_str_eq(pawl_event_topic(&copy->event.public).ptr, "t");
        event_copy_free(&copy);
        event_arena_free(&arena);
}

Test(event, found_values_are_described)
{
        static const struct {
                const char *name;
                const char *found;
        } rows[] = {{"i", "integer 5"}, {"s", "string \"abc\""}, {"n", "null"},   {"a", "an array"},
                    {"o", "an object"}, {"b", "boolean true"},   {"x", "nothing"}};
        char out[128];
        size_t i;

        opened("{\"i\":5,\"s\":\"abc\",\"n\":null,\"a\":[],\"o\":{},\"b\":true}");
        for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                event_describe_member(&event, pawl_text(rows[i].name), out, sizeof out);
                cr_assert_str_eq(out, rows[i].found);
        }
        closed();
        event_arena_free(&arena);
}

/* ---- what is emitted ---- */

static const unsigned char space[16] = {1, 2, 3};

static int32_t make(const struct pawl_message *m, bool react, struct emit **out)
{
        struct emit_source source = {.event = react ? &event : NULL, .name_space = space, .max_event = 1000};

        return emit_make(&source, m, out);
}

static int32_t made(const char *body)
{
        struct pawl_message m = pawl_message_make("t", "a.b", pawl_text("k"), pawl_text(body));
        struct emit *e = NULL;
        int32_t status = make(&m, true, &e);

        free(e);
        return status;
}

Test(emit, bodies_are_checked)
{
        opened("{\"event_type\":\"x\"}");
        cr_assert_eq(made("{}"), 0);
        cr_assert_eq(made(" {\"a\":1} "), 0);
        cr_assert_eq(made("[]"), PAWL_E_INVALID);
        cr_assert_eq(made("{\"a\":}"), PAWL_E_INVALID);
        cr_assert_eq(made("{\"event_type\":\"x\"}"), PAWL_E_INVALID);
        cr_assert_eq(made("{\"event\\u005fid\":\"x\"}"), PAWL_E_INVALID);
        cr_assert_eq(made("{\"timestamp\":5}"), PAWL_E_INVALID);
        cr_assert_eq(made("{\"correlation_id\":null}"), 0);
        cr_assert_eq(made("{\"timestamp\":\"2026-11-22T10:00:00\",\"version\":\"2\",\"source\":\"s\"}"), 0);
        closed();
        event_arena_free(&arena);
}

Test(emit, topics_flags_and_ids_are_checked)
{
        struct pawl_message m = pawl_message_make("no spaces", "a.b", pawl_text(NULL), pawl_text("{}"));
        struct emit *e = NULL;

        opened("{\"event_type\":\"x\"}");
        cr_assert_eq(make(&m, true, &e), PAWL_E_INVALID);
        m.topic = pawl_text("t");
        m.flags = 0x80;
        cr_assert_eq(make(&m, true, &e), PAWL_E_INVALID);
        m.flags = 0;
        m.event_id = pawl_text("0a1b2c3d-1111-4222-8333-444455556666");
        cr_assert_eq(make(&m, true, &e), PAWL_E_INVALID, "an emit's id is derived");
        cr_assert_eq(make(&m, false, &e), 0);
        cr_assert_str_eq(e->event_id, m.event_id.ptr);
        free(e);
        m.event_id = pawl_text("no uuid");
        cr_assert_eq(make(&m, false, &e), PAWL_E_INVALID);
        m.event_id = pawl_text(NULL);
        m.size = 8;
        cr_assert_eq(make(&m, false, &e), PAWL_E_INVALID);
        closed();
        event_arena_free(&arena);
}

Test(emit, raw_messages_and_tombstones_have_no_envelope)
{
        struct pawl_message m = pawl_message_make("t", NULL, pawl_text("k"), pawl_text("any bytes"));
        struct emit *e = NULL;

        opened("{\"event_type\":\"x\"}");
        m.flags = PAWL_MESSAGE_RAW;
        cr_assert_eq(make(&m, true, &e), 0);
        cr_assert(e->value_len == 9 && memcmp(e->value, "any bytes", 9) == 0);
        free(e);
        m.flags = PAWL_MESSAGE_TOMBSTONE;
        cr_assert_eq(make(&m, true, &e), PAWL_E_INVALID);
        m.body = pawl_text(NULL);
        cr_assert_eq(make(&m, true, &e), 0);
        cr_assert_null(e->value);
        free(e);
        m.flags |= PAWL_MESSAGE_NO_KEY;
        m.key = pawl_text(NULL);
        cr_assert_eq(make(&m, true, &e), 0);
        cr_assert_null(e->key);
        free(e);
        closed();
        event_arena_free(&arena);
}

Test(emit, what_is_too_large_is_told)
{
        struct pawl_message m = pawl_message_make("t", "a.b", pawl_text("k"), pawl_text("{}"));
        char *body = memory_zero(1200, 1);
        struct emit *e = NULL;

        opened("{\"event_type\":\"x\"}");
        memset(body, 'x', 1100);
        memcpy(body, "{\"a\":\"", 6);
        m.body = pawl_bytes(body, 1100);
        cr_assert_eq(make(&m, true, &e), PAWL_E_TOO_LARGE);
        memcpy(body + 898, "\"}", 2);
        m.body = pawl_bytes(body, 900);
        cr_assert_eq(make(&m, true, &e), PAWL_E_TOO_LARGE, "with its envelope it is");
        free(body);
        closed();
        event_arena_free(&arena);
}

Test(emit, equals_are_told_apart_by_their_order)
{
        struct pawl_message m = pawl_message_make("t", "a.b", pawl_text("k"), pawl_text("{}"));
        struct emit_list list = {.first = NULL};
        struct emit_source source = {.event = &event, .before = &list, .name_space = space, .max_event = 1000};
        struct emit *first, *second, *other;

        opened("{\"event_type\":\"x\"}");
        cr_assert_eq(emit_make(&source, &m, &first), 0);
        emit_list_add(&list, first);
        cr_assert_eq(emit_make(&source, &m, &second), 0);
        emit_list_add(&list, second);
        m.key = pawl_text("k2");
        cr_assert_eq(emit_make(&source, &m, &other), 0);
        emit_list_add(&list, other);
        cr_assert_str_neq(first->event_id, second->event_id);
        cr_assert_str_neq(first->event_id, other->event_id);
        cr_assert_eq(list.count, 3u);
        emit_list_free(&list);
        closed();
        event_arena_free(&arena);
}
