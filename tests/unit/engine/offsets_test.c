#include "engine/offsets.h"

#include "base/error.h"
#include "engine/retry.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct offsets_node nodes[100];

static struct offsets tracker_with(int64_t first, uint32_t count)
{
        struct offsets offsets = {0};

        offsets_reset(&offsets, first);
        for (uint32_t i = 0; i < count; i++)
                offsets_add(&offsets, nodes, i, first + i);
        return offsets;
}

Test(offsets, tracker_holds_commit_behind_a_gap)
{
        struct offsets offsets = tracker_with(5, 4);

        offsets_remove(&offsets, nodes, 1);
        offsets_remove(&offsets, nodes, 3);
        cr_assert_eq(offsets_committable(&offsets, nodes), 5);
        offsets_remove(&offsets, nodes, 0);
        cr_assert_eq(offsets_committable(&offsets, nodes), 7);
        offsets_remove(&offsets, nodes, 2);
        cr_assert_eq(offsets_committable(&offsets, nodes), 9);
        offsets_free(&offsets);
}

Test(offsets, holes_in_the_log_count_as_complete)
{
        struct offsets offsets = tracker_with(5, 1);

        offsets_add(&offsets, nodes, 1, 100);
        offsets_remove(&offsets, nodes, 0);
        cr_assert_eq(offsets_committable(&offsets, nodes), 100);
        offsets_remove(&offsets, nodes, 1);
        offsets_pass(&offsets, 110);
        cr_assert_eq(offsets_committable(&offsets, nodes), 110);
        offsets_pass(&offsets, 50);
        cr_assert_eq(offsets_committable(&offsets, nodes), 110);
        offsets_free(&offsets);
}

Test(offsets, what_is_complete_beyond_the_gap_includes_what_was_known_and_not_read_again)
{
        struct offsets offsets = {0};
        struct offsets_ranges ranges = {0};

        offsets_reset(&offsets, 10);
        offsets_known(&offsets, 12, 14);
        offsets_known(&offsets, 20, 30);
        offsets_add(&offsets, nodes, 0, 10);
        offsets_add(&offsets, nodes, 1, 11);
        cr_assert(offsets_is_known(&offsets, 12));
        offsets_pass(&offsets, 13);
        offsets_remove(&offsets, nodes, 1);
        offsets_complete(&offsets, nodes, &ranges);
        cr_assert_eq(ranges.count, 2);
        cr_assert_eq(ranges.items[0].first, 11);
        cr_assert_eq(ranges.items[0].end, 14);
        cr_assert_eq(ranges.items[1].first, 20);
        cr_assert_eq(ranges.items[1].end, 30);
        cr_assert_not(offsets_is_known(&offsets, 19));
        cr_assert(offsets_is_known(&offsets, 29));
        cr_assert_not(offsets_is_known(&offsets, 30));
        offsets_ranges_free(&ranges);
        offsets_free(&offsets);
}

/* ---- the map ---- */

static struct retry_random dice = {42};

static uint64_t below(uint64_t limit)
{
        return retry_random_next(&dice) % limit;
}

static struct offsets_ranges random_ranges(int64_t committed)
{
        struct offsets_ranges ranges = {0};
        int64_t at = committed;
        uint64_t scale = below(3) == 0 ? 100000 : below(2) == 0 ? 3 : 40;

        for (uint64_t i = below(300); i > 0; i--) {
                int64_t first = at + (int64_t)below(scale) + (ranges.count > 0);
                int64_t end = first + 1 + (int64_t)below(scale);

                offsets_ranges_add(&ranges, first, end);
                at = end;
        }
        return ranges;
}

Test(offsets_map, decoding_gives_back_what_was_encoded)
{
        static char text[65537];

        for (int i = 0; i < 2000; i++) {
                int64_t committed = (int64_t)below(1000000);
                struct offsets_ranges ranges = random_ranges(committed), back = {0};
                struct pawl_error err;
                bool cut;
                size_t len = offsets_map_encode(committed, ranges.items, ranges.count, 65536, text, &cut);

                cr_assert_not(cut);
                cr_assert(offsets_map_decode(committed, text, len, &back, &err), "%s", err.text);
                cr_assert_eq(back.count, ranges.count);
                cr_assert(back.count == 0 || memcmp(back.items, ranges.items, back.count * sizeof *back.items) == 0);
                offsets_ranges_free(&ranges);
                offsets_ranges_free(&back);
        }
}

static bool within(const struct offsets_ranges *ranges, const struct offsets_range *part)
{
        for (size_t i = 0; i < ranges->count; i++) {
                if (part->first >= ranges->items[i].first && part->end <= ranges->items[i].end)
                        return true;
        }
        return false;
}

Test(offsets_map, a_map_that_is_cut_stays_within_its_budget_and_true)
{
        static char text[4097];

        for (int i = 0; i < 2000; i++) {
                size_t budget = below(400), len;
                struct offsets_ranges ranges = random_ranges(7), back = {0};
                bool cut;

                len = offsets_map_encode(7, ranges.items, ranges.count, budget, text, &cut);
                cr_assert_leq(len, budget);
                cr_assert_eq(strlen(text), len);
                cr_assert(offsets_map_decode(7, text, len, &back, NULL));
                for (size_t r = 0; r < back.count; r++)
                        cr_assert(within(&ranges, &back.items[r]));
                cr_assert(cut || back.count == ranges.count);
                offsets_ranges_free(&ranges);
                offsets_ranges_free(&back);
        }
}

Test(offsets_map, a_span_that_fits_is_never_cut_whatever_completes)
{
        static char text[4097];

        for (int i = 0; i < 3000; i++) {
                size_t budget = 16 + below(300);
                int64_t span = 1 + (int64_t)below(below(2) == 0 ? 3000 : 3000000);
                struct offsets_ranges ranges = {0};
                uint64_t gaps = 0;
                bool cut;

                for (int64_t at = 0; at < span;) {
                        int64_t gap = 1 + (int64_t)below((uint64_t)span / (1 + below(20)) + 1);
                        int64_t run = 1 + (int64_t)below((uint64_t)span / (1 + below(20)) + 1);

                        gaps++;
                        if (at + gap + run > span)
                                break;
                        offsets_ranges_add(&ranges, at + gap, at + gap + run);
                        at += gap + run;
                }
                offsets_map_encode(0, ranges.items, ranges.count, budget, text, &cut);
                cr_assert(!cut || !offsets_map_fits(span, gaps, budget), "span %lld, %llu gaps, budget %zu",
                          (long long)span, (unsigned long long)gaps, budget);
                offsets_ranges_free(&ranges);
        }
}

Test(offsets_map, twenty_thousand_events_in_a_row_fit_the_brokers_default)
{
        cr_assert(offsets_map_fits(20000 + 256, 20000 + 256, 4096));
        cr_assert(offsets_map_fits(INT64_C(1) << 40, 300, 4096));
        cr_assert_not(offsets_map_fits(100000, 20000, 4096));
        cr_assert_not(offsets_map_fits(1, 1, 0));
}

Test(offsets_map, strangers_text_is_refused_with_the_reason)
{
        static const char *const wrong[] = {
            "x",    "====", "AQ==",     "AgEB",     "AQMB",     "hello, world",
            "AQIB", "AQEA", "AQIBAA==", "AQL/////", "AQEB\x80", "null", /* "AQEA" is an empty bitmap: a map */
        };
        struct offsets_ranges ranges = {0};

        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                struct pawl_error err = {""};
                bool ok = offsets_map_decode(5, wrong[i], strlen(wrong[i]), &ranges, &err);

                cr_assert(ok == (strcmp(wrong[i], "AQEA") == 0), "%s", wrong[i]);
                cr_assert_eq(ranges.count, 0);
                cr_assert(ok || err.text[0] != '\0');
        }
        offsets_ranges_free(&ranges);
}

Test(offsets_map, random_text_never_yields_ranges_out_of_order)
{
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

        for (int i = 0; i < 20000; i++) {
                char text[64];
                size_t len = 4 * (1 + below(15));
                int64_t committed = below(2) == 0 ? 3 : INT64_MAX - (int64_t)below(1000), last = committed - 1;
                struct offsets_ranges ranges = {0};

                for (size_t c = 0; c < len; c++)
                        text[c] = letters[below(below(10) == 0 ? 65 : 64)];
                memcpy(text, below(2) == 0 ? "AQE" : "AQI", 3);
                offsets_map_decode(committed, text, len, &ranges, NULL);
                for (size_t r = 0; r < ranges.count; r++) {
                        cr_assert_gt(ranges.items[r].first, last);
                        cr_assert_gt(ranges.items[r].end, ranges.items[r].first);
                        last = ranges.items[r].end;
                }
                offsets_ranges_free(&ranges);
        }
}
