#include "driver.h"

#include <criterion/criterion.h>

static struct driver d;

static void start(void)
{
        driver_defaults(&d);
}

static void stop(void)
{
        driver_stop(&d);
}

TestSuite(lanes, .init = start, .fini = stop);

Test(lanes, events_of_one_lane_wait_for_each_other_and_others_do_not)
{
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 5, 0);
        cr_assert(driver_ran(&d, 0));
        driver_message(&d, 1, 0, 1, 5, 0);
        cr_assert_not(driver_ran(&d, 1));
        driver_message(&d, 2, 0, 2, 6, 0);
        cr_assert(driver_ran(&d, 2));
        driver_result(&d, 0, 1, ENGINE_OK);
        cr_assert(driver_ran(&d, 1));
        cr_assert(driver_released(&d, 0));
}

Test(lanes, what_is_ready_in_a_lane_goes_out_as_one_run_of_one_handler)
{
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 5, 0);
        for (uint32_t i = 1; i <= 3; i++)
                driver_message(&d, i, 0, i, 5, 1);
        driver_message(&d, 4, 0, 4, 5, 0);
        driver_result(&d, 0, 1, ENGINE_OK);
        cr_assert_eq(d.out->run_count, 1);
        cr_assert_eq(d.out->runs[0].count, 3);
        cr_assert_eq(d.out->runs[0].handler, 1);
        for (uint32_t i = 0; i < 3; i++)
                cr_assert_eq(d.out->events[i].slot, i + 1);
}

Test(lanes, what_follows_a_failure_in_a_run_comes_again_behind_it)
{
        driver_start(&d, 1);
        driver_message(&d, 9, 0, 0, 5, 0);
        for (uint32_t i = 0; i < 3; i++)
                driver_message(&d, i, 0, 1 + i, 5, 0);
        driver_result(&d, 9, 1, ENGINE_OK);
        driver_result(&d, 0, 1, ENGINE_OK);
        driver_result(&d, 1, 1, ENGINE_RETRY);
        driver_result(&d, 2, 1, ENGINE_UNRUN);
        cr_assert_eq(driver_status(&d).parked, 2);
        driver_tick(&d, 10 * MS);
        cr_assert_eq(d.out->run_count, 1);
        cr_assert_eq(d.out->runs[0].count, 2);
        cr_assert_eq(d.out->events[0].slot, 1);
        cr_assert_eq(d.out->events[0].attempt, 2);
        cr_assert_eq(d.out->events[1].slot, 2);
        cr_assert_eq(d.out->events[1].attempt, 1, "given back without a call");
}

Test(lanes, runs_are_no_more_than_may_be_outstanding)
{
        d.cfg.limits.runs = 2;
        driver_start(&d, 1);
        for (uint32_t i = 0; i < 4; i++)
                driver_message(&d, i, 0, i, i, 0);
        cr_assert_eq(driver_status(&d).runs, 2);
        driver_result(&d, 1, 1, ENGINE_OK);
        cr_assert(driver_ran(&d, 2));
        cr_assert_not(driver_ran(&d, 3));
}

Test(lanes, a_serial_handler_has_one_run_at_a_time)
{
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 3);
        driver_message(&d, 1, 0, 1, 1, 3);
        cr_assert_not(driver_ran(&d, 1));
        driver_result(&d, 0, 1, ENGINE_OK);
        cr_assert(driver_ran(&d, 1));
}

Test(lanes, a_batch_waits_until_it_is_full_or_its_time_is_up)
{
        driver_start(&d, 1);
        for (uint32_t i = 0; i < 9; i++) {
                driver_message(&d, i, 0, i, i % 3, 2);
                cr_assert_eq(d.out->run_count, 0);
        }
        driver_message(&d, 9, 0, 9, 7, 2);
        cr_assert_eq(d.out->run_count, 1);
        cr_assert_eq(d.out->runs[0].count, 10);
        cr_assert_eq(d.out->runs[0].flags, ENGINE_RUN_BATCH);
        driver_message(&d, 10, 0, 10, 8, 2);
        cr_assert_eq(engine_next_timer(d.engine), d.now + 5 * MS);
        driver_tick(&d, 5 * MS);
        cr_assert_eq(d.out->runs[0].count, 1);
}

Test(lanes, a_batch_holds_its_lanes_and_keeps_order_within_each)
{
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 1, 2);
        driver_message(&d, 1, 0, 1, 2, 2);
        driver_message(&d, 2, 0, 2, 1, 2);
        driver_tick(&d, 5 * MS);
        cr_assert_eq(d.out->runs[0].count, 3);
        cr_assert_eq(d.out->events[0].slot, 0);
        cr_assert_eq(d.out->events[1].slot, 2, "its lane's next, before other lanes");
        driver_message(&d, 3, 0, 3, 2, 2);
        driver_tick(&d, 5 * MS);
        cr_assert_eq(d.out->run_count, 0, "its lane is in the batch that is out");
        driver_result(&d, 0, 1, ENGINE_OK);
        driver_result(&d, 2, 1, ENGINE_RETRY);
        driver_result(&d, 1, 1, ENGINE_UNRUN);
        driver_tick(&d, 5 * MS);
        cr_assert(driver_ran(&d, 1) && driver_ran(&d, 3));
        cr_assert_eq(d.out->events[0].slot, 1);
}

Test(lanes, a_batch_that_rejects_one_in_its_middle_keeps_what_it_handled_behind_it)
{
        driver_start(&d, 1);
        for (uint32_t slot = 0; slot < 4; slot++)
                driver_message(&d, slot, 0, slot, 1, 2);
        driver_tick(&d, 5 * MS);
        cr_assert_eq(d.out->runs[0].count, 4);
        driver_result(&d, 0, 1, ENGINE_OK);
        driver_result(&d, 1, 1, ENGINE_REJECT);
        cr_assert_not_null(driver_dead(&d, 1));
        driver_result(&d, 2, 1, ENGINE_OK);
        cr_assert(driver_released(&d, 2));
        driver_result(&d, 3, 1, ENGINE_UNRUN);
        driver_report(&d, ENGINE_DEAD_LETTER, 1, 1, ENGINE_DELIVERED);
        driver_tick(&d, 5 * MS);
        cr_assert(driver_ran(&d, 3));
        cr_assert_eq(driver_status(&d).unfinished, 1);
}

Test(lanes, a_batch_keeps_to_its_bytes_but_a_single_large_event_goes)
{
        d.policy[2].max_bytes = 25;
        driver_start(&d, 1);
        for (uint32_t i = 0; i < 3; i++)
                driver_message(&d, i, 0, i, i, 2);
        cr_assert_eq(d.out->runs[0].count, 2);
        d.policy[2].max_bytes = 5;
        driver_stop(&d);
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 2);
        cr_assert(driver_ran(&d, 0));
}

Test(lanes, a_new_build_may_route_what_is_queued_to_another_handler_or_to_none)
{
        struct engine_input in = {.kind = ENGINE_ROUTE, .slot = 1, .handler = 1};

        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 5, 0);
        driver_message(&d, 1, 0, 1, 5, 0);
        driver_message(&d, 2, 0, 2, 5, 0);
        in.now = d.now;
        engine_step(d.engine, &in, 1);
        in.slot = 2;
        in.message.flags = ENGINE_SKIP;
        engine_step(d.engine, &in, 1);
        driver_result(&d, 0, 1, ENGINE_OK);
        cr_assert_eq(d.out->runs[0].handler, 1);
        driver_result(&d, 1, 1, ENGINE_OK);
        cr_assert(driver_released(&d, 1) && driver_released(&d, 2));
        cr_assert_eq(engine_counters(d.engine)->skipped, 1);
}
