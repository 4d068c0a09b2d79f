#include "driver.h"

#include <criterion/criterion.h>

static struct driver d;

static void start(void)
{
        driver_defaults(&d);
        d.cfg.limits.max_events = 100;
        d.cfg.over_read = 5;
}

static void stop(void)
{
        driver_stop(&d);
}

TestSuite(budget, .init = start, .fini = stop);

static bool reading(uint32_t partition)
{
        struct engine_partition_status status;

        engine_partition_status(d.engine, partition, &status);
        return status.reading;
}

/* Reads partition 0 until it is stopped; returns how many were read. */
static uint32_t fill(uint32_t lanes)
{
        uint32_t slot = 0;

        for (; reading(0) && slot < 1000; slot++)
                driver_message(&d, slot, 0, slot, slot % lanes, 0);
        return slot;
}

Test(budget, a_partition_is_read_from_its_assignment_to_the_limit)
{
        driver_start(&d, 1);
        cr_assert(driver_ordered(&d, 0, ENGINE_GO));
        cr_assert_eq(fill(1000), 100);
        cr_assert(driver_ordered(&d, 0, ENGINE_STOP));
}

Test(budget, a_stopped_partition_goes_on_when_a_quarter_is_free)
{
        d.cfg.limits.runs = 1000;
        driver_start(&d, 1);
        fill(1000);
        for (uint32_t slot = 0; !reading(0) && slot < 100; slot++)
                driver_result(&d, slot, 1, ENGINE_OK);
        cr_assert_leq(driver_status(&d).unfinished, 88);
        cr_assert_geq(driver_status(&d).unfinished, 74);
}

Test(budget, one_full_partition_never_stops_another_one)
{
        driver_start(&d, 4);
        fill(1);
        cr_assert_not(reading(0));
        for (uint32_t p = 1; p < 4; p++) {
                cr_assert(reading(p));
                driver_message(&d, 500 + p, p, 0, 500 + p, 0);
                cr_assert(driver_ran(&d, 500 + p));
                cr_assert(reading(p));
        }
}

Test(budget, a_parked_lane_fills_its_partitions_share_only)
{
        uint32_t read;

        driver_start(&d, 4);
        driver_message(&d, 900, 0, 0, 0, 0);
        driver_result(&d, 900, 1, ENGINE_PENDING);
        for (read = 1; reading(0) && read < 1000; read++)
                driver_message(&d, read, 0, read, 0, 0);
        cr_assert_leq(read, 25);
        driver_ticket(&d, 900, 1, ENGINE_OK);
        cr_assert(reading(0));
}

Test(budget, bytes_are_limited_as_events_are)
{
        d.cfg.limits.max_bytes = 200;
        driver_start(&d, 1);
        cr_assert_eq(fill(1000), 20, "ten bytes each");
}

Test(budget, a_partition_is_read_only_while_its_map_is_sure_to_fit)
{
        uint32_t read;

        d.cfg.limits.max_events = 100000;
        d.cfg.limits.metadata = 64;
        d.cfg.limits.runs = 1000;
        driver_start(&d, 1);
        read = fill(100000);
        cr_assert_gt(read, 100);
        cr_assert_leq(read, (64 / 4 * 3 - 2) * 8);
        for (uint32_t slot = 1; slot < read; slot += 2)
                driver_result(&d, slot, 1, ENGINE_OK);
        driver_committed(&d, ENGINE_COMMITTED);
        driver_tick(&d, 20 * MS);
        cr_assert_not_null(driver_commit(&d, 0));
        for (size_t i = 0; i < d.out->alarm_count; i++)
                cr_assert_neq(d.out->alarms[i].kind, ENGINE_ALARM_MAP_CUT);
}

Test(budget, a_partition_with_nothing_in_hand_is_always_read)
{
        d.cfg.limits.max_events = 1;
        d.cfg.limits.max_bytes = 1;
        d.cfg.limits.metadata = 4;
        driver_start(&d, 2);
        cr_assert(reading(0) && reading(1));
        driver_message(&d, 0, 0, 0, 0, 0);
        cr_assert(reading(1));
        cr_assert_not(reading(0));
        driver_result(&d, 0, 1, ENGINE_OK);
        cr_assert(reading(0));
}
