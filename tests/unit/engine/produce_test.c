#include "driver.h"

#include <criterion/criterion.h>

static struct driver d;

static void start(void)
{
        driver_defaults(&d);
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 0);
}

static void stop(void)
{
        driver_stop(&d);
}

TestSuite(produce, .init = start, .fini = stop);

Test(produce, an_event_is_complete_when_all_its_emits_are_acknowledged)
{
        driver_message(&d, 1, 0, 1, 0, 0);
        driver_emitting(&d, 0, 1, 2);
        cr_assert_eq(d.out->produce_count, 1);
        cr_assert(driver_ran(&d, 1), "its lane goes on");
        cr_assert_eq(driver_status(&d).emit_bytes, 200);
        driver_report(&d, ENGINE_DELIVERY, 0, 1, ENGINE_DELIVERED);
        cr_assert_not(driver_released(&d, 0));
        cr_assert_eq(d.out->commit_count, 0);
        driver_report(&d, ENGINE_DELIVERY, 0, 1, ENGINE_DELIVERED);
        cr_assert(driver_released(&d, 0));
        cr_assert_eq(driver_commit(&d, 0)->offset, 1);
        cr_assert_eq(driver_status(&d).emit_bytes, 0);
}

Test(produce, emits_of_what_was_not_handled_are_dropped)
{
        struct engine_input in = {.now = d.now, .kind = ENGINE_RESULT, .slot = 0, .tag = 1};

        in.result.result = ENGINE_RETRY;
        in.result.emits = 3;
        d.out = engine_step(d.engine, &in, 1);
        cr_assert_eq(d.out->drop_count, 1);
        cr_assert_eq(d.out->drops[0].slot, 0);
        cr_assert_eq(d.out->produce_count, 0);
}

Test(produce, a_refused_emit_makes_its_source_a_dead_letter)
{
        driver_emitting(&d, 0, 1, 2);
        driver_report(&d, ENGINE_DELIVERY, 0, 1, ENGINE_REFUSED);
        cr_assert_null(driver_dead(&d, 0), "another report is awaited");
        driver_report(&d, ENGINE_DELIVERY, 0, 1, ENGINE_DELIVERED);
        cr_assert_eq(driver_dead(&d, 0)->reason, ENGINE_REASON_EMIT_REFUSED);
        driver_report(&d, ENGINE_DEAD_LETTER, 0, 1, ENGINE_DELIVERED);
        cr_assert(driver_released(&d, 0));
}

Test(produce, an_unreachable_destination_is_tried_for_ever_with_an_alarm)
{
        driver_emitting(&d, 0, 1, 1);
        for (int i = 0; i < 20; i++) {
                driver_report(&d, ENGINE_DELIVERY, 0, 1, ENGINE_UNREACHABLE);
                cr_assert_eq(d.out->alarms[0].kind, ENGINE_ALARM_EMIT);
                cr_assert_null(driver_dead(&d, 0));
                driver_tick(&d, 10 * MS);
                cr_assert_eq(d.out->produce_count, 1);
        }
        driver_report(&d, ENGINE_DELIVERY, 0, 1, ENGINE_DELIVERED);
        cr_assert(driver_released(&d, 0));
}

Test(produce, an_offset_waits_for_its_dead_letter)
{
        driver_message(&d, 1, 0, 1, 1, 0);
        driver_result(&d, 0, 1, ENGINE_REJECT);
        driver_result(&d, 1, 1, ENGINE_OK);
        cr_assert_eq(driver_commit(&d, 0)->offset, 0);
        cr_assert_str_neq(driver_commit(&d, 0)->metadata, "");
        driver_committed(&d, ENGINE_COMMITTED);
        driver_report(&d, ENGINE_DEAD_LETTER, 0, 1, ENGINE_REFUSED);
        cr_assert_eq(d.out->alarms[0].kind, ENGINE_ALARM_DEAD_LETTER);
        driver_tick(&d, 10 * MS);
        cr_assert_eq(driver_dead(&d, 0)->again, 1);
        driver_report(&d, ENGINE_DEAD_LETTER, 0, 1, ENGINE_DELIVERED);
        driver_tick(&d, 20 * MS);
        cr_assert_eq(driver_commit(&d, 0)->offset, 2);
}

Test(produce, a_malformed_message_is_a_dead_letter_without_a_handler)
{
        struct engine_input in = {.now = d.now, .kind = ENGINE_MESSAGE, .slot = 1, .partition = 0, .epoch = 1};

        in.message.offset = 1;
        in.message.lane = ENGINE_NONE;
        in.message.flags = ENGINE_DEAD;
        in.message.reason = ENGINE_REASON_SHELL + 3;
        d.out = engine_step(d.engine, &in, 1);
        cr_assert_eq(driver_dead(&d, 1)->reason, ENGINE_REASON_SHELL + 3);
        cr_assert_eq(driver_dead(&d, 1)->attempts, 0);
        driver_report(&d, ENGINE_DEAD_LETTER, 1, driver_dead(&d, 1)->tag, ENGINE_DELIVERED);
        cr_assert(driver_released(&d, 1));
}

Test(produce, too_many_unacknowledged_bytes_stop_dispatch)
{
        struct engine_input in = {.now = d.now, .kind = ENGINE_LIMITS, .limits = d.cfg.limits};

        in.limits.max_emit_bytes = 200;
        engine_step(d.engine, &in, 1);
        driver_emitting(&d, 0, 1, 2);
        driver_message(&d, 1, 0, 1, 1, 0);
        cr_assert_not(driver_ran(&d, 1));
        driver_report(&d, ENGINE_DELIVERY, 0, 1, ENGINE_DELIVERED);
        driver_report(&d, ENGINE_DELIVERY, 0, 1, ENGINE_DELIVERED);
        cr_assert(driver_ran(&d, 1));
}
