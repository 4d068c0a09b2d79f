#include "base/memory.h"
#include "base/scoreboard_layout.h"
#include "base/scoreboard_read.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct scoreboard_reader *reader;
static struct scoreboard *sb;
static struct scoreboard_totals *totals;

static void setup(void)
{
        struct pawl_error err = {0};

        cr_assert(scoreboard_create(&reader, 4, &err), "%s", err.text);
        cr_assert(scoreboard_map(&sb, scoreboard_reader_fd(reader), &err), "%s", err.text);
        scoreboard_begin(sb, "audit", 0);
        totals = memory_zero(1, sizeof *totals);
}

static void teardown(void)
{
        free(totals);
        scoreboard_unmap(&sb);
        scoreboard_reader_free(&reader);
}

TestSuite(scoreboard, .init = setup, .fini = teardown);

Test(scoreboard, sums_what_every_writer_counted)
{
        for (unsigned w = 0; w <= scoreboard_other(sb); w++) {
                scoreboard_add(sb, w, SCOREBOARD_HANDLED, w + 1);
                scoreboard_observe(sb, w, SCOREBOARD_HISTOGRAM_HANDLER, 1000);
        }
        scoreboard_gauge(sb, SCOREBOARD_GAUGE_IN_HAND, -5);
        scoreboard_read(reader, totals);
        cr_assert_eq(totals->counters[SCOREBOARD_HANDLED], 1u + 2 + 3 + 4 + 5 + 6);
        cr_assert_eq(totals->histograms[SCOREBOARD_HISTOGRAM_HANDLER].count, 6u);
        cr_assert_eq(totals->gauges[SCOREBOARD_GAUGE_IN_HAND], -5);
        scoreboard_read(reader, totals);
        cr_assert_eq(totals->counters[SCOREBOARD_HANDLED], 42u, "reading adds");
        cr_assert_str_eq(scoreboard_counter_rows[SCOREBOARD_HANDLED].name, "events_handled");
}

Test(scoreboard, buckets_hold_every_value_within_a_quarter)
{
        for (unsigned shift = 0; shift < 55; shift++)
                for (uint64_t more = 0; more < 8; more++) {
                        uint64_t v = (UINT64_C(1) << shift) + more * (UINT64_C(1) << shift) / 8;
                        unsigned b = scoreboard_bucket(v);
                        uint64_t bound = scoreboard_bucket_bound(b);

                        cr_assert_lt(v, bound);
                        if (b > 0)
                                cr_assert_geq(v, scoreboard_bucket_bound(b - 1));
                        if (bound != UINT64_MAX)
                                cr_assert_leq((double)bound, (double)v * 1.25 + 1);
                }
        cr_assert_eq(scoreboard_bucket(UINT64_MAX), SCOREBOARD_BUCKETS - 1u);
        for (unsigned b = 1; b < SCOREBOARD_BUCKETS; b++)
                cr_assert_gt(scoreboard_bucket_bound(b), scoreboard_bucket_bound(b - 1));
}

Test(scoreboard, quantiles_come_from_the_buckets)
{
        const struct scoreboard_sum *sum = &totals->histograms[SCOREBOARD_HISTOGRAM_AGE];

        cr_assert_eq(scoreboard_quantile(sum, 0.99), 0u);
        for (int i = 0; i < 99; i++)
                scoreboard_observe(sb, 1, SCOREBOARD_HISTOGRAM_AGE, 1000);
        scoreboard_observe(sb, 2, SCOREBOARD_HISTOGRAM_AGE, 1000000);
        scoreboard_observe(sb, 2, SCOREBOARD_HISTOGRAM_COMMIT, -5); /* clocks of two hosts: counts as zero */
        scoreboard_read(reader, totals);
        cr_assert_leq(scoreboard_quantile(sum, 0.5), 1250u);
        cr_assert_geq(scoreboard_quantile(sum, 0.5), 1000u);
        cr_assert_geq(scoreboard_quantile(sum, 1.0), 1000000u);
        cr_assert_eq(totals->histograms[SCOREBOARD_HISTOGRAM_COMMIT].buckets[0], 1u);
        cr_assert_float_eq(sum->sum, 99 * 1000.0 + 1000000.0, 0.5);
}

Test(scoreboard, notes_name_what_each_thread_handles)
{
        struct scoreboard_in_hand *note = memory_zero(1, sizeof *note);
        struct scoreboard_position batch[3] = {{0, 10}, {0, 11}, {1, 5}};

        cr_assert_not(scoreboard_read_note(reader, 2, note));
        scoreboard_note_event(sb, 2, (struct scoreboard_position){7, 42}, 3, 1234);
        cr_assert(scoreboard_read_note(reader, 2, note));
        cr_assert_eq(note->count, 1u);
        cr_assert_eq(note->at[0].row, 7u);
        cr_assert_eq(note->at[0].offset, 42);
        cr_assert_eq(note->handler, 3u);
        cr_assert_eq(note->since, 1234);
        cr_assert_not(note->torn);
        scoreboard_note_idle(sb, 2);
        cr_assert_not(scoreboard_read_note(reader, 2, note));
        scoreboard_note_batch(sb, 1, batch, 3, 0, 99);
        cr_assert(scoreboard_read_note(reader, 1, note));
        cr_assert_eq(note->count, 3u);
        cr_assert_eq(note->at[2].offset, 5);
        free(note);
}

Test(scoreboard, notes_outlive_the_process_that_wrote_them)
{
        struct scoreboard_in_hand *note = memory_zero(1, sizeof *note);
        struct scoreboard_identity identity;
        int status;
        pid_t child = fork();

        if (child == 0) {
                scoreboard_begin(sb, "hr", 2);
                scoreboard_add(sb, 1, SCOREBOARD_RECEIVED, 5);
                scoreboard_note_event(sb, 3, (struct scoreboard_position){1, 8}, 0, 1);
                scoreboard_fatal(sb, 3, 11);
                scoreboard_fatal(sb, 1, 6);
                _exit(0);
        }
        cr_assert_eq(waitpid(child, &status, 0), child);
        scoreboard_read_identity(reader, &identity);
        cr_assert_eq(identity.pid, child);
        cr_assert_str_eq(identity.plugin, "hr");
        cr_assert_eq(identity.instance, 2u);
        cr_assert_eq(identity.fatal_signal, 11, "the first stays");
        cr_assert_eq(identity.fatal_writer, 3u);
        cr_assert(scoreboard_read_note(reader, 3, note));
        cr_assert_eq(note->at[0].offset, 8);
        scoreboard_begin(sb, "hr", 2);
        scoreboard_read(reader, totals);
        cr_assert_eq(totals->counters[SCOREBOARD_RECEIVED], 5u, "counters go on");
        cr_assert_not(scoreboard_read_note(reader, 3, note), "notes begin anew");
        free(note);
}

Test(scoreboard, a_note_whose_writer_died_within_it_says_so)
{
        struct scoreboard_in_hand *note = memory_zero(1, sizeof *note);

        atomic_store(&sb->writers[1].note.seq, 7);
        cr_assert(scoreboard_read_note(reader, 1, note));
        cr_assert(note->torn);
        scoreboard_begin(sb, "audit", 0);
        scoreboard_note_event(sb, 1, (struct scoreboard_position){0, 1}, 0, 1);
        cr_assert(scoreboard_read_note(reader, 1, note));
        cr_assert_not(note->torn);
        free(note);
}

static void add_offset(void *arg, const struct scoreboard_in_hand *ticket)
{
        *(uint64_t *)arg += (uint64_t)ticket->at[0].offset; /* garbage may wrap around */
}

Test(scoreboard, tickets_are_noted_until_they_are_cleared)
{
        uint64_t sum = 0;

        scoreboard_ticket(sb, 0, (struct scoreboard_position){0, 1}, 0, 1);
        scoreboard_ticket(sb, 9000, (struct scoreboard_position){0, 20}, 0, 1);
        scoreboard_ticket(sb, SCOREBOARD_TICKETS, (struct scoreboard_position){0, 300}, 0, 1);
        scoreboard_read_tickets(reader, add_offset, &sum);
        cr_assert_eq(sum, 21u);
        scoreboard_ticket_clear(sb, 0);
        sum = 0;
        scoreboard_read_tickets(reader, add_offset, &sum);
        cr_assert_eq(sum, 20u);
}

Test(scoreboard, partitions_keep_their_rows)
{
        struct scoreboard_partition p;
        uint32_t a = scoreboard_partition_row(sb, "request-events", 3),
                 b = scoreboard_partition_row(sb, "request-events", 4);

        cr_assert_neq(a, b);
        cr_assert_eq(scoreboard_partition_row(sb, "request-events", 3), a);
        scoreboard_partition_state(sb, a, SCOREBOARD_PARTITION_READING);
        scoreboard_partition_set(sb, a, 10, 8, 12, 2);
        cr_assert_eq(scoreboard_partition_count(reader), 2u);
        cr_assert(scoreboard_read_partition(reader, a, &p));
        cr_assert_str_eq(p.topic, "request-events");
        cr_assert_eq(p.partition, 3);
        cr_assert_eq(p.log_end, 12);
        cr_assert_str_eq(scoreboard_partition_state_name(p.state), "reading");
        for (int i = 0; i < 2 * SCOREBOARD_PARTITIONS; i++)
                a = scoreboard_partition_row(sb, "many", i);
        cr_assert_eq(a, SCOREBOARD_NO_ROW);
        scoreboard_partition_set(sb, a, 1, 1, 1, 1);
        cr_assert_not(scoreboard_read_partition(reader, a, &p));
}

Test(scoreboard, texts_are_cut_and_cleaned)
{
        char long_text[2 * SCOREBOARD_TEXT_MAX], out[SCOREBOARD_TEXT_MAX];

        memset(long_text, 'x', sizeof long_text);
        long_text[sizeof long_text - 1] = '\0';
        scoreboard_text_set(sb, SCOREBOARD_TEXT_HEALTH, long_text);
        cr_assert(scoreboard_read_text(reader, SCOREBOARD_TEXT_HEALTH, out));
        cr_assert_eq(strlen(out), SCOREBOARD_TEXT_MAX - 1u);
        scoreboard_text_set(sb, SCOREBOARD_TEXT_HEALTH, "a\x1b[31m\xff\nb");
        cr_assert(scoreboard_read_text(reader, SCOREBOARD_TEXT_HEALTH, out));
        cr_assert_str_eq(out, "a [31m? b");
}

Test(scoreboard, metrics_are_declared_once_and_found_again)
{
        struct pawl_error err;
        uint32_t sent, again, open, took;

        cr_assert(scoreboard_metric_declare(sb, "mails_sent", SCOREBOARD_METRIC_COUNTER, "Mails sent", &sent, &err));
        cr_assert(scoreboard_metric_declare(sb, "open", SCOREBOARD_METRIC_GAUGE, "Open", &open, &err));
        cr_assert(scoreboard_metric_declare(sb, "took", SCOREBOARD_METRIC_HISTOGRAM, "Took", &took, &err));
        cr_assert(scoreboard_metric_declare(sb, "mails_sent", SCOREBOARD_METRIC_COUNTER, "Mails sent", &again, &err));
        cr_assert_eq(sent, again);
        cr_assert_not(scoreboard_metric_declare(sb, "mails_sent", SCOREBOARD_METRIC_GAUGE, "x", &again, &err));
        cr_assert_not(scoreboard_metric_declare(sb, "Bad name", SCOREBOARD_METRIC_GAUGE, "x", &again, &err));
        scoreboard_metric_add(sb, 1, sent, 2);
        scoreboard_metric_add(sb, scoreboard_other(sb), sent, 3);
        scoreboard_metric_set(sb, open, -1.5);
        scoreboard_metric_observe(sb, 2, took, 1000);
        scoreboard_read(reader, totals);
        scoreboard_read(reader, totals);
        cr_assert_eq(totals->metric_count, 3u);
        cr_assert_str_eq(totals->metrics[0].name, "mails_sent");
        cr_assert_eq(totals->metrics[0].counter, 10u);
        cr_assert_float_eq(totals->metrics[1].gauge, -1.5, 1e-9);
        cr_assert_eq(totals->metrics[2].histogram.count, 2u);
}

Test(scoreboard, tables_that_are_full_refuse_with_a_text)
{
        struct pawl_error err;
        char name[32];
        uint32_t index;

        for (int i = 0; i < SCOREBOARD_METRIC_HISTOGRAMS; i++) {
                snprintf(name, sizeof name, "h%d", i);
                cr_assert(scoreboard_metric_declare(sb, name, SCOREBOARD_METRIC_HISTOGRAM, "", &index, &err));
        }
        cr_assert_not(scoreboard_metric_declare(sb, "one_more", SCOREBOARD_METRIC_HISTOGRAM, "", &index, &err));
        cr_assert_not_null(strstr(err.text, "at most"));
        cr_assert(scoreboard_metric_declare(sb, "one_more", SCOREBOARD_METRIC_COUNTER, "", &index, &err));
}

/* The worker may write anything: the reader must survive it and show nothing that is not plain. */
Test(scoreboard, garbage_in_the_segment_harms_no_reader)
{
        size_t head = sizeof(struct scoreboard_head), size = scoreboard_size(4);
        struct scoreboard_in_hand *note = memory_zero(1, sizeof *note);
        unsigned char *bytes = (unsigned char *)sb->segment;
        unsigned seed = 3;
        uint64_t sum = 0;

        for (int round = 0; round < 8; round++) {
                struct scoreboard_identity identity;
                struct scoreboard_partition p;
                char text[SCOREBOARD_TEXT_MAX];

                for (size_t i = round % 2 ? 0 : head; i < size; i++)
                        bytes[i] = round == 0 ? 0xff : round == 1 ? 1 : (unsigned char)(rand_r(&seed) >> 6);
                memset(totals, 0, sizeof *totals);
                scoreboard_read(reader, totals);
                cr_assert_leq(totals->metric_count, (uint32_t)SCOREBOARD_METRICS);
                scoreboard_read_identity(reader, &identity);
                for (unsigned i = 0; i < SCOREBOARD_TEXT_COUNT; i++)
                        scoreboard_read_text(reader, (enum scoreboard_text)i, text);
                for (uint32_t i = 0; i < scoreboard_partition_count(reader); i++)
                        if (scoreboard_read_partition(reader, i, &p))
                                scoreboard_partition_state_name(p.state);
                for (unsigned w = 1; w <= scoreboard_reader_threads(reader); w++)
                        if (scoreboard_read_note(reader, w, note))
                                cr_assert_leq(note->count, (uint32_t)SCOREBOARD_BATCH_MAX);
                scoreboard_read_tickets(reader, add_offset, &sum);
        }
        free(note);
}

Test(scoreboard, a_worker_cannot_take_the_memory_away)
{
        int fd = scoreboard_reader_fd(reader);

        cr_assert_neq(ftruncate(fd, 0), 0);
        cr_assert_neq(ftruncate(fd, 1 << 30), 0);
}

Test(scoreboard_map, refuses_what_is_no_segment)
{
        struct pawl_error err;
        struct scoreboard *other;
        int fd = memfd_create("other", MFD_CLOEXEC);

        cr_assert_not(scoreboard_map(&other, fd, &err));
        cr_assert_eq(ftruncate(fd, (off_t)scoreboard_size(4)), 0);
        cr_assert_not(scoreboard_map(&other, fd, &err));
        cr_assert_null(other);
        cr_assert_not_null(strstr(err.text, "version"));
        close(fd);
        cr_assert_not(scoreboard_map(&other, fd, &err));
}

Test(scoreboard_private, is_read_like_any_other)
{
        struct scoreboard *own;
        struct scoreboard_reader *r;
        char out[SCOREBOARD_TEXT_MAX];

        cr_assert(scoreboard_private(&own, 2, NULL));
        r = scoreboard_reader_of(own);
        scoreboard_begin(own, "greeter", 0);
        scoreboard_text_set(own, SCOREBOARD_TEXT_STATE, "working");
        cr_assert(scoreboard_read_text(r, SCOREBOARD_TEXT_STATE, out));
        cr_assert_str_eq(out, "working");
        scoreboard_reader_free(&r);
        scoreboard_unmap(&own);
        cr_assert_null(own);
}
