#include "driver.h"

#include "engine/offsets_map.h"

#include <criterion/criterion.h>
#include <string.h>

static struct driver d;

static void start(void)
{
        driver_defaults(&d);
}

static void stop(void)
{
        driver_stop(&d);
}

TestSuite(partitions, .init = start, .fini = stop);

Test(partitions, one_commit_is_in_flight_and_each_follows_the_interval)
{
        driver_start(&d, 1);
        for (uint32_t i = 0; i < 3; i++)
                driver_message(&d, i, 0, i, i, 0);
        driver_result(&d, 0, 1, ENGINE_OK);
        cr_assert_eq(driver_commit(&d, 0)->offset, 1);
        driver_result(&d, 1, 1, ENGINE_OK);
        driver_tick(&d, 1000 * MS);
        cr_assert_eq(d.out->commit_count, 0, "its answer is missing");
        driver_committed(&d, ENGINE_COMMITTED);
        cr_assert_eq(driver_commit(&d, 0)->offset, 2);
        driver_result(&d, 2, 1, ENGINE_OK);
        driver_committed(&d, ENGINE_COMMITTED);
        cr_assert_eq(d.out->commit_count, 0, "not before the interval");
        driver_tick(&d, 20 * MS);
        cr_assert_eq(driver_commit(&d, 0)->offset, 3);
        driver_committed(&d, ENGINE_COMMITTED);
        driver_tick(&d, 1000 * MS);
        cr_assert_eq(d.out->commit_count, 0, "nothing new to say");
        cr_assert_eq(driver_status(&d).uncommitted, 0);
}

Test(partitions, many_finished_events_force_a_commit_before_the_interval)
{
        d.cfg.commit_at = 3;
        driver_start(&d, 1);
        for (uint32_t i = 0; i < 5; i++)
                driver_message(&d, i, 0, i, i, 0);
        driver_result(&d, 0, 1, ENGINE_OK);
        driver_committed(&d, ENGINE_COMMITTED);
        driver_result(&d, 1, 1, ENGINE_OK);
        driver_result(&d, 2, 1, ENGINE_OK);
        cr_assert_eq(d.out->commit_count, 0);
        driver_result(&d, 3, 1, ENGINE_OK);
        cr_assert_eq(driver_commit(&d, 0)->offset, 4);
}

Test(partitions, a_failed_commit_is_said_again)
{
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 0);
        driver_result(&d, 0, 1, ENGINE_OK);
        driver_committed(&d, ENGINE_COMMIT_RETRIABLE);
        cr_assert_eq(d.out->commit_count, 0);
        driver_tick(&d, 20 * MS);
        cr_assert_eq(driver_commit(&d, 0)->offset, 1);
        driver_committed(&d, ENGINE_COMMIT_FATAL);
        cr_assert_eq(d.out->restart, ENGINE_RESTART_FENCED);
}

Test(partitions, a_broker_with_a_lower_limit_shrinks_the_map_with_an_alarm)
{
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 0);
        driver_message(&d, 1, 0, 1, 1, 0);
        driver_result(&d, 1, 1, ENGINE_OK);
        driver_committed(&d, ENGINE_COMMIT_METADATA_SIZE);
        cr_assert_eq(d.out->alarms[0].kind, ENGINE_ALARM_METADATA);
        cr_assert_eq(d.out->alarms[0].value, 2048);
        cr_assert_not_null(driver_commit(&d, 0), "and committed again at once");
}

Test(partitions, what_the_map_tells_is_not_handled_again)
{
        struct engine_input in[] = {{.now = d.now, .kind = ENGINE_MAP, .partition = 0},
                                    {.now = d.now, .kind = ENGINE_ASSIGN, .partition = 0, .epoch = 1}};

        driver_start(&d, 0);
        in[0].range.first = 6;
        in[0].range.end = 8;
        in[1].offset = 5;
        engine_step(d.engine, in, 2);
        driver_message(&d, 0, 0, 5, 0, 0);
        driver_message(&d, 1, 0, 6, 1, 0);
        cr_assert_not(driver_ran(&d, 1));
        cr_assert(driver_released(&d, 1));
        driver_message(&d, 2, 0, 8, 2, 0);
        cr_assert(driver_ran(&d, 2));
        driver_result(&d, 0, 1, ENGINE_OK);
        driver_committed(&d, ENGINE_COMMITTED);
        driver_tick(&d, 20 * MS);
        cr_assert_eq(driver_commit(&d, 0)->offset, 8);
}

Test(partitions, the_position_moves_the_commit_past_markers)
{
        struct engine_input in = {.now = d.now, .kind = ENGINE_POSITION, .partition = 0, .epoch = 1};

        driver_start(&d, 1);
        in.offset = 17;
        d.out = engine_step(d.engine, &in, 1);
        cr_assert_eq(driver_commit(&d, 0)->offset, 17);
}

Test(partitions, a_revocation_waits_for_what_runs_then_commits_then_lets_go)
{
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 0);
        driver_message(&d, 1, 0, 1, 0, 0);
        driver_leave(&d, ENGINE_REVOKE, 0, 100 * MS);
        cr_assert(driver_ordered(&d, 0, ENGINE_STOP));
        cr_assert_not(driver_ordered(&d, 0, ENGINE_REVOKED));
        driver_result(&d, 0, 1, ENGINE_OK);
        cr_assert_not(driver_ran(&d, 1), "nothing is begun any more");
        cr_assert_eq(driver_commit(&d, 0)->offset, 1);
        cr_assert_not(driver_ordered(&d, 0, ENGINE_REVOKED));
        driver_committed(&d, ENGINE_COMMITTED);
        cr_assert(driver_ordered(&d, 0, ENGINE_REVOKED));
        cr_assert(driver_released(&d, 1));
        cr_assert_eq(driver_status(&d).slots, 0);
}

Test(partitions, a_revocation_does_not_wait_beyond_its_deadline)
{
        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 0, 0);
        driver_message(&d, 1, 0, 1, 1, 0);
        driver_result(&d, 1, 1, ENGINE_OK);
        driver_leave(&d, ENGINE_REVOKE, 0, 100 * MS);
        driver_tick(&d, 100 * MS);
        cr_assert_not(driver_ordered(&d, 0, ENGINE_REVOKED), "the commit's answer is awaited a little");
        driver_tick(&d, 30 * MS);
        cr_assert(driver_ordered(&d, 0, ENGINE_REVOKED));
        cr_assert_eq(driver_status(&d).slots, 1);
        driver_result(&d, 0, 1, ENGINE_OK);
        cr_assert(driver_released(&d, 0));
        cr_assert_eq(engine_counters(d.engine)->epoch_ignored, 1);
}

Test(partitions, a_late_completion_of_a_lost_assignment_changes_nothing_but_frees_its_lane)
{
        struct engine_input in = {.kind = ENGINE_MESSAGE, .slot = 5, .partition = 0, .epoch = 2};

        driver_start(&d, 1);
        driver_message(&d, 0, 0, 0, 7, 0);
        driver_partition(&d, ENGINE_LOST, 0);
        cr_assert(driver_ordered(&d, 0, ENGINE_REVOKED));
        cr_assert_eq(d.out->commit_count, 0);
        driver_assign(&d, 0, 2, 0);
        in.now = d.now;
        in.message.lane = 7;
        d.out = engine_step(d.engine, &in, 1);
        cr_assert_not(driver_ran(&d, 5), "the same key is still being handled");
        driver_emitting(&d, 0, 1, 2);
        cr_assert_eq(d.out->produce_count, 0);
        cr_assert_eq(d.out->drop_count, 1);
        cr_assert_eq(d.out->commit_count, 0);
        cr_assert(driver_released(&d, 0) && driver_ran(&d, 5));
}

Test(partitions, a_message_of_an_earlier_assignment_is_given_back)
{
        driver_start(&d, 1);
        driver_partition(&d, ENGINE_LOST, 0);
        driver_assign(&d, 0, 2, 0);
        driver_message(&d, 3, 0, 0, 0, 0);
        cr_assert(driver_released(&d, 3));
        cr_assert_not(driver_ran(&d, 3));
        cr_assert_eq(engine_counters(d.engine)->epoch_ignored, 1);
}

Test(partitions, a_drain_finishes_what_is_in_hand_and_leaves_retries_with_their_neighbours_done)
{
        struct offsets_ranges ranges = {0};

        driver_start(&d, 1);
        for (uint32_t i = 0; i < 3; i++)
                driver_message(&d, i, 0, i, i, 0);
        driver_result(&d, 0, 1, ENGINE_RETRY);
        driver_leave(&d, ENGINE_DRAIN, 0, 1000 * MS);
        cr_assert_not(d.out->drained);
        driver_result(&d, 1, 1, ENGINE_OK);
        driver_committed(&d, ENGINE_COMMITTED);
        driver_tick(&d, 40 * MS);
        cr_assert_not(driver_ran(&d, 0), "a parked retry is left");
        driver_result(&d, 2, 1, ENGINE_OK);
        cr_assert_eq(driver_commit(&d, 0)->offset, 0);
        cr_assert(offsets_map_decode(0, driver_commit(&d, 0)->metadata, strlen(driver_commit(&d, 0)->metadata), &ranges,
                                     NULL));
        cr_assert_eq(ranges.count, 1);
        cr_assert_eq(ranges.items[0].first, 1);
        cr_assert_eq(ranges.items[0].end, 3);
        driver_committed(&d, ENGINE_COMMITTED);
        cr_assert(d.out->drained);
        driver_tick(&d, 1000 * MS);
        cr_assert_not(d.out->drained);
        offsets_ranges_free(&ranges);
}

Test(partitions, a_rewind_is_one_commit_that_may_go_back_and_carries_no_map)
{
        struct engine_input in = {.kind = ENGINE_REWIND, .partition = 0, .epoch = 2};

        driver_start(&d, 1);
        for (uint32_t i = 0; i < 3; i++)
                driver_message(&d, i, 0, 10 + i, i, 0);
        driver_result(&d, 0, 1, ENGINE_OK);
        driver_committed(&d, ENGINE_COMMITTED);
        in.now = d.now;
        in.offset = 4;
        d.out = engine_step(d.engine, &in, 1);
        cr_assert_eq(driver_commit(&d, 0)->offset, 4);
        cr_assert_eq(driver_commit(&d, 0)->rewind, 1);
        cr_assert_str_eq(driver_commit(&d, 0)->metadata, "");
        cr_assert(driver_ordered(&d, 0, ENGINE_GO));
        driver_result(&d, 1, 1, ENGINE_OK);
        cr_assert_eq(engine_counters(d.engine)->epoch_ignored, 1);
}
