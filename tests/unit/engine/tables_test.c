#include "engine/lane_table.h"
#include "engine/retry.h"
#include "engine/timers.h"

#include <criterion/criterion.h>
#include <string.h>

Test(lane_table, equal_keys_of_one_partition_share_a_lane_and_no_others_do)
{
        struct lane_table *table = lane_table_new();
        uint32_t lane = lane_table_key(table, 0, "order", 5, 9);

        cr_assert_eq(lane_table_key(table, 0, "order", 5, 9), lane);
        cr_assert_neq(lane_table_key(table, 1, "order", 5, 9), lane);
        cr_assert_neq(lane_table_key(table, 0, "orders", 6, 9), lane, "hashes collide, keys do not");
        cr_assert_neq(lane_table_key(table, 0, "orde", 4, 9), lane);
        cr_assert_neq(lane_table_key(table, 0, "", 0, 9), lane);
        cr_assert_eq(lane_table_count(table), 5);
        lane_table_free(&table);
        cr_assert_null(table);
}

Test(lane_table, a_lane_lives_as_long_as_its_last_reference)
{
        struct lane_table *table = lane_table_new();
        uint32_t lane = lane_table_key(table, 0, "a", 1, 1);

        lane_table_key(table, 0, "a", 1, 1);
        lane_table_release(table, lane);
        cr_assert_eq(lane_table_key(table, 0, "a", 1, 1), lane);
        lane_table_release(table, lane);
        lane_table_release(table, lane);
        cr_assert_eq(lane_table_count(table), 0);
        cr_assert_neq(lane_table_own(table), lane_table_own(table));
        lane_table_free(&table);
}

Test(lane_table, stays_exact_through_growth_collisions_and_removals)
{
        struct lane_table *table = lane_table_new();
        static uint32_t lanes[5000];
        char key[64];

        memset(key, 'x', sizeof key);
        for (int round = 0; round < 3; round++) {
                for (uint32_t i = 0; i < 5000; i++) {
                        memcpy(key, &i, sizeof i);
                        lanes[i] = lane_table_key(table, i % 3, key, 4 + i % 60, i % 100);
                }
                for (uint32_t i = 0; i < 5000; i += 2)
                        lane_table_release(table, lanes[i]);
                cr_assert_eq(lane_table_count(table), 2500);
                for (uint32_t i = 1; i < 5000; i += 2) {
                        memcpy(key, &i, sizeof i);
                        cr_assert_eq(lane_table_key(table, i % 3, key, 4 + i % 60, i % 100), lanes[i]);
                        lane_table_release(table, lanes[i]);
                        lane_table_release(table, lanes[i]);
                }
                cr_assert_eq(lane_table_count(table), 0);
        }
        lane_table_free(&table);
}

Test(timers, fire_in_the_order_of_time_then_slot)
{
        struct timers timers = {0};
        uint32_t slot;

        timers_set(&timers, 3, 50);
        timers_set(&timers, 1, 50);
        timers_set(&timers, 2, 40);
        timers_set(&timers, 9, 10);
        timers_set(&timers, 9, 60);
        timers_cancel(&timers, 7);
        cr_assert_eq(timers_next(&timers), 40);
        cr_assert_not(timers_pop(&timers, 39, &slot));
        cr_assert(timers_pop(&timers, 55, &slot) && slot == 2);
        cr_assert(timers_pop(&timers, 55, &slot) && slot == 1);
        cr_assert(timers_pop(&timers, 55, &slot) && slot == 3);
        cr_assert_not(timers_pop(&timers, 55, &slot));
        timers_cancel(&timers, 9);
        cr_assert_eq(timers_next(&timers), INT64_MAX);
        timers_free(&timers);
}

Test(timers, keep_their_order_under_random_changes)
{
        struct timers timers = {0};
        struct retry_random dice = {1};
        int64_t due[64], last = INT64_MIN;
        uint32_t slot;

        memset(due, 0xff, sizeof due);
        for (int i = 0; i < 5000; i++) {
                slot = (uint32_t)(retry_random_next(&dice) % 64);
                if (retry_random_next(&dice) % 3 == 0) {
                        timers_cancel(&timers, slot);
                        due[slot] = -1;
                } else {
                        due[slot] = (int64_t)(retry_random_next(&dice) % 1000);
                        timers_set(&timers, slot, due[slot]);
                }
        }
        while (timers_pop(&timers, 2000, &slot)) {
                cr_assert_geq(due[slot], last);
                last = due[slot];
                due[slot] = -1;
        }
        for (slot = 0; slot < 64; slot++)
                cr_assert_eq(due[slot], -1);
        timers_free(&timers);
}

Test(retry, back_off_doubles_up_to_its_maximum)
{
        cr_assert_eq(retry_ceiling(200, 30000, 0), 200);
        cr_assert_eq(retry_ceiling(200, 30000, 3), 1600);
        cr_assert_eq(retry_ceiling(200, 30000, 50), 30000);
        cr_assert_eq(retry_ceiling(INT64_MAX / 3, INT64_MAX, 4000000000u), INT64_MAX);
        cr_assert_eq(retry_ceiling(0, 30000, 5), 0);
}

Test(retry, jitter_is_full_and_repeats_with_its_seed)
{
        struct retry_random a = {5}, b = {5};
        bool low = false, high = false;

        for (int i = 0; i < 1000; i++) {
                int64_t delay = retry_delay(&a, 100, 1000, 2);

                cr_assert(delay >= 0 && delay <= 400);
                cr_assert_eq(delay, retry_delay(&b, 100, 1000, 2));
                low |= delay < 40;
                high |= delay > 360;
        }
        cr_assert(low && high);
}
