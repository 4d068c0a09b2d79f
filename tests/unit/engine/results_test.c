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

TestSuite(results, .init = start, .fini = stop);

Test(results, retries_are_spent_into_a_dead_letter_that_tells_the_attempts)
{
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 0);
        for (uint32_t tag = 1; tag <= 2; tag++) {
                driver_result(&d, 0, tag, ENGINE_RETRY);
                cr_assert_null(driver_dead(&d, 0));
                driver_tick(&d, 40 * MS);
                cr_assert_eq(d.out->events[0].attempt, tag + 1);
        }
        driver_result(&d, 0, 3, ENGINE_RETRY);
        cr_assert_not_null(driver_dead(&d, 0));
        cr_assert_eq(driver_dead(&d, 0)->reason, ENGINE_REASON_ATTEMPTS);
        cr_assert_eq(driver_dead(&d, 0)->attempts, 3);
        cr_assert_eq(driver_dead(&d, 0)->last_failure - driver_dead(&d, 0)->first_failure, 80 * MS);
}

Test(results, a_given_delay_is_kept_to_the_letter)
{
        struct engine_input in = {.kind = ENGINE_RESULT, .slot = 0, .tag = 1};

        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 0);
        in.now = d.now;
        in.result.result = ENGINE_RETRY;
        in.result.delay = 77 * MS;
        engine_step(d.engine, &in, 1);
        cr_assert_eq(engine_next_timer(d.engine), d.now + 77 * MS);
        driver_tick(&d, 76 * MS);
        cr_assert_not(driver_ran(&d, 0));
        driver_tick(&d, 1 * MS);
        cr_assert(driver_ran(&d, 0));
}

Test(results, a_wait_is_not_counted_and_ends_at_its_limit)
{
        uint32_t tag = 1;

        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 0);
        for (; driver_dead(&d, 0) == NULL && tag < 100; tag++) {
                driver_result(&d, 0, tag, ENGINE_WAIT);
                if (driver_dead(&d, 0) != NULL)
                        break;
                d.now = engine_next_timer(d.engine);
                driver_tick(&d, 0);
                if (driver_ran(&d, 0))
                        cr_assert_eq(d.out->events[0].attempt, 1);
        }
        cr_assert_not_null(driver_dead(&d, 0));
        cr_assert_eq(driver_dead(&d, 0)->reason, ENGINE_REASON_WAIT_LIMIT);
        cr_assert_eq(driver_dead(&d, 0)->last_failure - driver_dead(&d, 0)->first_failure, 100 * MS,
                     "its last chance comes when the limit does");
}

Test(results, a_reject_is_a_dead_letter_at_once_and_frees_its_lane)
{
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 0);
        driver_message(&d, 1, 0, 1, 0, 0);
        driver_result(&d, 0, 1, ENGINE_REJECT);
        cr_assert_eq(driver_dead(&d, 0)->reason, ENGINE_REASON_REJECTED);
        cr_assert_eq(driver_dead(&d, 0)->attempts, 1);
        cr_assert(driver_ran(&d, 1));
        cr_assert_not(driver_released(&d, 0), "until it is written");
}

Test(results, an_outage_stops_everything_but_one_probe_until_that_is_handled)
{
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 0);
        driver_result(&d, 0, 1, ENGINE_UNAVAILABLE);
        cr_assert_eq(d.out->alarms[0].kind, ENGINE_ALARM_OUTAGE);
        driver_message(&d, 1, 0, 1, 1, 1);
        cr_assert_eq(d.out->run_count, 0);
        driver_tick(&d, 10 * MS);
        cr_assert_eq(d.out->event_count, 1);
        cr_assert_eq(d.out->events[0].slot, 0, "what said so probes");
        cr_assert_eq(d.out->events[0].attempt, 1, "not counted");
        cr_assert_eq(d.out->runs[0].flags, ENGINE_RUN_PROBE);
        driver_tick(&d, 1000 * MS);
        cr_assert_eq(d.out->run_count, 0, "one probe at a time");
        driver_result(&d, 0, 2, ENGINE_UNAVAILABLE);
        driver_tick(&d, 40 * MS);
        cr_assert_eq(d.out->event_count, 1);
        driver_result(&d, 0, 3, ENGINE_OK);
        cr_assert(driver_ran(&d, 1));
        cr_assert_not(driver_status(&d).outage);
}

Test(results, an_outage_kills_no_event_that_waits)
{
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 0);
        driver_message(&d, 1, 0, 1, 1, 1);
        driver_result(&d, 0, 1, ENGINE_WAIT);
        driver_result(&d, 1, 1, ENGINE_UNAVAILABLE);
        driver_tick(&d, 10000 * MS);
        cr_assert(driver_ran(&d, 1));
        driver_result(&d, 1, 2, ENGINE_OK);
        cr_assert(driver_ran(&d, 0));
        driver_result(&d, 0, 2, ENGINE_WAIT);
        cr_assert_null(driver_dead(&d, 0), "the ten seconds of the outage do not count");
}

Test(results, a_fatal_result_restarts_and_nothing_advances_any_more)
{
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 0);
        driver_message(&d, 1, 0, 1, 1, 0);
        driver_result(&d, 0, 1, ENGINE_FATAL);
        cr_assert_eq(d.out->restart, ENGINE_RESTART_FATAL);
        cr_assert_eq(d.out->restart_slot, 0);
        driver_result(&d, 1, 1, ENGINE_OK);
        driver_tick(&d, 1000 * MS);
        cr_assert_eq(d.out->commit_count, 0);
        cr_assert_eq(d.out->release_count, 0);
        cr_assert_eq(engine_next_timer(d.engine), INT64_MAX);
}

Test(results, a_value_outside_the_table_and_pending_in_a_batch_are_the_plugins_bug)
{
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 0);
        driver_result(&d, 0, 1, 77);
        cr_assert_eq(d.out->restart, ENGINE_RESTART_BAD_RESULT);
        driver_stop(&d);
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 2);
        driver_tick(&d, 5 * MS);
        driver_result(&d, 0, 1, ENGINE_PENDING);
        cr_assert_eq(d.out->restart, ENGINE_RESTART_BAD_RESULT);
}

/* ---- tickets ---- */

Test(results, a_ticket_parks_its_lane_until_it_is_completed)
{
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 0);
        driver_message(&d, 1, 0, 1, 0, 0);
        driver_result(&d, 0, 1, ENGINE_PENDING);
        cr_assert_eq(driver_status(&d).tickets, 1);
        cr_assert_not(driver_ran(&d, 1));
        driver_ticket(&d, 0, 1, ENGINE_OK);
        cr_assert(driver_released(&d, 0) && driver_ran(&d, 1));
}

Test(results, a_ticket_may_be_completed_before_its_handler_returns)
{
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 0);
        driver_ticket(&d, 0, 1, ENGINE_OK);
        cr_assert_not(driver_released(&d, 0));
        driver_ticket(&d, 0, 1, ENGINE_REJECT);
        cr_assert_eq(d.out->ignored_count, 1, "the first one counts");
        driver_result(&d, 0, 1, ENGINE_PENDING);
        cr_assert(driver_released(&d, 0));
        cr_assert_eq(driver_status(&d).tickets, 0);
}

Test(results, any_result_but_pending_voids_the_ticket)
{
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 0);
        driver_ticket(&d, 0, 1, ENGINE_OK);
        driver_result(&d, 0, 1, ENGINE_RETRY);
        cr_assert_eq(d.out->ignored_count, 1);
        cr_assert_not(driver_released(&d, 0));
        driver_ticket(&d, 0, 1, ENGINE_OK);
        cr_assert_eq(d.out->ignored_count, 1);
        cr_assert_not(driver_released(&d, 0));
}

Test(results, a_ticket_past_its_deadline_is_a_retry_and_its_late_completion_is_ignored)
{
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 0);
        driver_result(&d, 0, 1, ENGINE_PENDING);
        driver_tick(&d, 50 * MS);
        cr_assert_eq(d.out->expired_count, 1);
        cr_assert_eq(d.out->expired[0].tag, 1);
        driver_tick(&d, 10 * MS);
        cr_assert_eq(d.out->events[0].attempt, 2);
        driver_ticket(&d, 0, 1, ENGINE_OK);
        cr_assert_eq(d.out->ignored_count, 1);
        cr_assert_eq(engine_counters(d.engine)->ticket_ignored, 1);
        cr_assert_not(driver_released(&d, 0));
        driver_result(&d, 0, 2, ENGINE_OK);
        cr_assert(driver_released(&d, 0));
}
