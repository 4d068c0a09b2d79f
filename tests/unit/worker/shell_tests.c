/* The parts of the worker's shell that stand by themselves: messages in hand, dead letters, the instance's lock. */
#include "base/clock.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "worker/call.h"
#include "worker/deadletter.h"
#include "worker/held.h"
#include "worker/lock.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- messages in hand ---- */

static const struct message plain = {.key = "k", .key_len = 1, .value = "v", .value_len = 1, .timestamp_ms = 7};

Test(held, a_released_slot_is_the_next_one_taken)
{
        struct held_table *table = held_table_new();
        uint32_t a = held_take(table, &plain, 1), b = held_take(table, &plain, 1), c;

        cr_assert_neq(a, b);
        held_release(table, a);
        c = held_take(table, &plain, 1);
        cr_assert_eq(c, a);
        cr_assert_eq(held_count(table), 2u);
        cr_assert_eq(held_end(table), 2u);
        held_table_free(&table);
        cr_assert_null(table);
}

Test(held, a_slot_never_moves_while_others_are_added)
{
        struct held_table *table = held_table_new();
        struct held *first = held_at(table, held_take(table, &plain, 1));

        for (int i = 0; i < 5000; i++)
                held_take(table, &plain, 1);
        cr_assert_eq(held_at(table, 0), first);
        cr_assert_eq(first->message.timestamp_ms, 7);
        held_table_free(&table);
}

Test(held, a_slot_that_is_taken_again_remembers_nothing)
{
        struct held_table *table = held_table_new();
        uint32_t slot = held_take(table, &plain, 1);
        struct held *held = held_at(table, slot);
        static const struct pawl_handler handler;

        held->tag = 5;
        held->handler = &handler;
        held->text = memory_string("why");
        held_release(table, slot);
        cr_assert_eq(held_take(table, &plain, 2), slot);
        cr_assert_eq(held->tag, HELD_NO_TAG);
        cr_assert_null(held->handler);
        cr_assert_null(held->text);
        held_table_free(&table);
}

/* ---- dead letters ---- */

static const char *header(const struct message_header *headers, size_t count, const char *name)
{
        static char value[2048];

        for (size_t i = 0; i < count; i++) {
                if (strcmp(headers[i].name, name) == 0) {
                        snprintf(value, sizeof value, "%.*s", (int)headers[i].value_len,
                                 (const char *)headers[i].value);
                        return value;
                }
        }
        return NULL;
}

Test(deadletter, carries_the_original_headers_first_and_untouched)
{
        const struct message_header own[] = {{"trace", "t\0t", 3},
                                             {"empty", "", 0},
                                             {"null", NULL, 0},
                                             {"trace", "u", 1}};
        struct held held = {.message = plain, .headers = own, .header_count = 4};
        struct deadletter_facts facts = {.plugin = "p", .version = PAWL_STR("1"), .group = "g", .topic = "t"};
        size_t count;
        struct message_header *headers = deadletter_headers(&held, &facts, &count);

        cr_assert_gt(count, 4u);
        for (size_t i = 0; i < 4; i++) {
                cr_assert_str_eq(headers[i].name, own[i].name);
                cr_assert_eq(headers[i].value_len, own[i].value_len);
                cr_assert_eq(headers[i].value == NULL, own[i].value == NULL);
                cr_assert(own[i].value_len == 0 || memcmp(headers[i].value, own[i].value, own[i].value_len) == 0);
        }
        free(headers);
}

/* It may wait for room for longer than the message stays in its fetch buffer (held_copy_old), and than its text. */
Test(deadletter, outlives_the_headers_and_the_text_that_it_was_made_of)
{
        char name[] = "trace", value[] = "00-ab", error[] = "no such customer";
        const struct message_header own[] = {{name, value, 5}};
        struct held held = {.message = plain, .headers = own, .header_count = 1};
        struct deadletter_facts facts = {.plugin = "p", .version = PAWL_STR("1"), .topic = "t", .error = error};
        size_t count;
        struct message_header *headers = deadletter_headers(&held, &facts, &count);

        memset(name, '?', sizeof name - 1);
        memset(value, '?', sizeof value - 1);
        memset(error, '?', sizeof error - 1);
        cr_expect_str_eq(headers[0].name, "trace");
        cr_expect_str_eq(header(headers, count, "trace"), "00-ab");
        cr_expect_str_eq(header(headers, count, "pawl-dlq-error"), "no such customer");
        free(headers);
}

Test(deadletter, says_who_what_where_and_when)
{
        struct held held = {.message = plain};
        struct deadletter_facts facts = {
            .plugin = "workflow",
            .version = PAWL_STR("1.2.3"),
            .handler = PAWL_STR("on_created"),
            .group = "workflow-service",
            .reason = ENGINE_REASON_ATTEMPTS,
            .error = "the database says no",
            .topic = "request-events",
            .partition = 3,
            .attempts = 5,
            .first_failure = INT64_C(1795401788650) * CLOCK_MS,
            .last_failure = INT64_C(1795401789000) * CLOCK_MS,
        };
        size_t n;
        struct message_header *h;

        held.message.offset = INT64_C(9007199254740993);
        h = deadletter_headers(&held, &facts, &n);
        cr_expect_str_eq(header(h, n, "pawl-dlq-plugin"), "workflow");
        cr_expect_str_eq(header(h, n, "pawl-dlq-version"), "1.2.3");
        cr_expect_str_eq(header(h, n, "pawl-dlq-handler"), "on_created");
        cr_expect_str_eq(header(h, n, "pawl-dlq-group"), "workflow-service");
        cr_expect_str_eq(header(h, n, "pawl-dlq-reason"), "attempts");
        cr_expect_str_eq(header(h, n, "pawl-dlq-error"), "the database says no");
        cr_expect_str_eq(header(h, n, "pawl-dlq-topic"), "request-events");
        cr_expect_str_eq(header(h, n, "pawl-dlq-partition"), "3");
        cr_expect_str_eq(header(h, n, "pawl-dlq-offset"), "9007199254740993");
        cr_expect_str_eq(header(h, n, "pawl-dlq-timestamp"), "7");
        cr_expect_str_eq(header(h, n, "pawl-dlq-attempts"), "5");
        cr_expect_str_eq(header(h, n, "pawl-dlq-first-failure"), "2026-11-23T02:43:08.650Z");
        cr_expect_str_eq(header(h, n, "pawl-dlq-last-failure"), "2026-11-23T02:43:09.000Z");
        free(h);
}

Test(deadletter, an_event_that_was_never_handled_names_no_handler)
{
        struct held held = {.message = plain};
        struct deadletter_facts facts = {.plugin = "p",
                                         .version = PAWL_STR("1"),
                                         .topic = "t",
                                         .reason = CALL_REASON_MALFORMED};
        size_t n;
        struct message_header *h = deadletter_headers(&held, &facts, &n);

        cr_expect_str_eq(header(h, n, "pawl-dlq-reason"), "malformed");
        cr_expect_null(header(h, n, "pawl-dlq-handler"));
        cr_expect_null(header(h, n, "pawl-dlq-error"));
        free(h);
}

Test(deadletter, a_long_error_is_cut_between_characters)
{
        char error[3 * 1024];
        struct held held = {.message = plain};
        struct deadletter_facts facts = {.plugin = "p", .version = PAWL_STR("1"), .topic = "t", .error = error};
        size_t n;
        struct message_header *h;

        for (size_t i = 0; i + 3 < sizeof error; i += 3)
                memcpy(error + i, "\xe2\x82\xac", 4);
        h = deadletter_headers(&held, &facts, &n);
        cr_expect_eq(strlen(header(h, n, "pawl-dlq-error")), 1023u); /* 341 times three bytes */
        free(h);
}

/* ---- the lock ---- */

static char *scratch(void)
{
        char name[] = "/tmp/pawl-lock-XXXXXX";

        cr_assert_not_null(mkdtemp(name));
        return memory_string(name);
}

static void forget(char *directory)
{
        char *command = memory_printf("rm -rf '%s'", directory);

        cr_assert_eq(system(command), 0);
        free(command);
        free(directory);
}

Test(lock, is_one_process_s_until_that_has_ended)
{
        char *directory = scratch();
        struct pawl_error err = {0};
        int fd = lock_open(directory, "audit", 0, &err), other, status;
        int ready[2], end[2];
        char byte;
        pid_t child;

        cr_assert_geq(fd, 0, "%s", err.text);
        cr_assert(pipe(ready) == 0 && pipe(end) == 0);
        child = fork();
        if (child == 0) {
                close(fd);
                close(end[1]);
                fd = lock_open(directory, "audit", 0, &err);
                byte = lock_try(fd) ? 'y' : 'n';
                _exit(write(ready[1], &byte, 1) == 1 && read(end[0], &byte, 1) == 0 ? 0 : 1);
        }
        cr_assert_eq(read(ready[0], &byte, 1), 1);
        cr_assert_eq(byte, 'y');
        cr_assert_not(lock_try(fd));
        other = lock_open(directory, "audit", 1, &err);
        cr_assert(lock_try(other), "another instance has a lock of its own");
        close(end[1]);
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert_eq(status, 0);
        cr_assert(lock_try(fd));
        close(fd);
        close(other);
        forget(directory);
}

Test(lock, keeps_what_its_last_holder_noted)
{
        char *directory = scratch(), *text;
        struct pawl_error err = {0};
        int fd = lock_open(directory, "audit", 0, &err);

        text = lock_noted(fd);
        cr_assert_str_empty(text);
        free(text);
        cr_assert(lock_note(fd, "group\na\nb\n"));
        cr_assert(lock_note(fd, "group\na\n"));
        close(fd);
        fd = lock_open(directory, "audit", 0, &err);
        text = lock_noted(fd);
        cr_assert_str_eq(text, "group\na\n");
        free(text);
        close(fd);
        forget(directory);
}
