#include "base/clock.h"
#include "base/memory.h"
#include "master/backoff.h"
#include "master/build.h"
#include "master/loop.h"
#include "master/rundir.h"
#include "master/sockets.h"
#include "master/status.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Test(backoff, starts_at_once_then_waits_longer_up_to_thirty_seconds)
{
        static const int64_t expected[] = {0, 1, 2, 4, 8, 16, 30, 30};
        struct backoff backoff = {0};

        for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
                cr_assert_eq(backoff_after_death(&backoff, CLOCK_S), expected[i] * CLOCK_S, "death %zu", i);
}

Test(backoff, begins_anew_after_a_longer_life)
{
        struct backoff backoff = {0};

        for (int i = 0; i < 5; i++)
                backoff_after_death(&backoff, 0);
        cr_assert_eq(backoff_after_death(&backoff, 10 * CLOCK_S), 0);
        cr_assert_eq(backoff_after_death(&backoff, 10 * CLOCK_S - 1), CLOCK_S);
        cr_assert_eq(backoff_after_death(&backoff, 3600 * CLOCK_S), 0);
}

static char *scratch(void)
{
        char *dir = memory_string("/tmp/pawl-master-XXXXXX");

        cr_assert_not_null(mkdtemp(dir));
        return dir;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
        (void)st;
        (void)type;
        (void)at;
        return remove(path);
}

static void clean(char *dir)
{
        nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        free(dir);
}

static void write_file(const char *path, const char *text)
{
        FILE *file = fopen(path, "w");

        fputs(text, file);
        fclose(file);
}

Test(build, is_its_bytes_and_not_its_name_or_time)
{
        char *dir = scratch(), *path = memory_printf("%s/a.so", dir);
        struct build one, again, other;
        struct pawl_error err = {0};
        char bytes[8] = "";

        write_file(path, "code");
        cr_assert(build_read(&one, path, &err));
        write_file(path, "code");
        cr_assert(build_read(&again, path, &err));
        cr_assert_str_eq(one.id, again.id);
        cr_assert_str_eq(one.id, "5694d08a2e53ffcae0c3103e5ad6f6076abd960eb1f8a56577040bc1028f702b"); /* sha256sum */
        write_file(path, "CODE");
        cr_assert(build_read(&other, path, &err));
        cr_assert_str_neq(one.id, other.id);
        cr_assert_eq(pread(one.fd, bytes, sizeof bytes, 0), 4, "what was accepted is kept");
        cr_assert_str_eq(bytes, "code");
        build_clear(&one);
        build_clear(&again);
        build_clear(&other);
        unlink(path);
        cr_assert_not(build_read(&one, path, &err));
        cr_assert_not_null(strstr(err.text, path));
        cr_assert_not(build_read(&one, dir, &err), "a directory is no build");
        free(path);
        clean(dir);
}

Test(rundir, host_id_stays_and_is_checked)
{
        char *dir = scratch(), *path = memory_printf("%s/host_id", dir);
        char first[RUNDIR_HOST_ID_MAX], second[RUNDIR_HOST_ID_MAX];
        struct pawl_error err = {0};

        cr_assert(rundir_host_id(dir, first, &err), "%s", err.text);
        cr_assert(rundir_host_id(dir, second, &err), "%s", err.text);
        cr_assert_str_eq(first, second);
        cr_assert_eq(strlen(first), 36);
        write_file(path, "me\n");
        cr_assert_not(rundir_host_id(dir, first, &err));
        cr_assert_not_null(strstr(err.text, "\"me\""));
        free(path);
        clean(dir);
}

Test(rundir, makes_missing_parents)
{
        char *dir = scratch(), *deep = memory_printf("%s/a/b", dir), *file = memory_printf("%s/file", dir);
        char *below = memory_printf("%s/c", file);
        struct pawl_error err = {0};
        struct stat st;

        cr_assert(rundir_make(deep, &err));
        cr_assert(stat(deep, &st) == 0 && S_ISDIR(st.st_mode));
        write_file(file, "");
        cr_assert_not(rundir_make(below, &err));
        cr_assert_not_null(strstr(err.text, below));
        free(below);
        free(file);
        free(deep);
        clean(dir);
}

Test(sockets, replaces_a_dead_one_and_nothing_else)
{
        char *dir = scratch(), *path = memory_printf("%s/s", dir);
        struct pawl_error err = {0};
        struct stat st;
        int fd = sockets_unix(path, 0660, &err), second;

        cr_assert_geq(fd, 0, "%s", err.text);
        cr_assert(stat(path, &st) == 0 && (st.st_mode & 0777) == 0660);
        cr_assert_lt(sockets_unix(path, 0660, &err), 0, "somebody listens on it");
        close(fd);
        second = sockets_unix(path, 0660, &err);
        cr_assert_geq(second, 0, "nobody does any more: %s", err.text);
        close(second);
        unlink(path);
        write_file(path, "precious");
        cr_assert_lt(sockets_unix(path, 0660, &err), 0);
        cr_assert(stat(path, &st) == 0 && st.st_size == 8, "a file is not removed");
        free(path);
        clean(dir);
}

Test(sockets, keeps_what_is_named_in_a_sweep)
{
        struct sockets sockets = {0};
        struct pawl_error err = {0};
        int a = sockets_take(&sockets, "127.0.0.1:0", "127.0.0.1", 0, &err), b;

        cr_assert_geq(a, 0, "%s", err.text);
        cr_assert_eq(sockets_take(&sockets, "127.0.0.1:0", "127.0.0.1", 0, &err), a, "one address, one socket");
        b = sockets_take(&sockets, "localhost:0", "localhost", 0, &err);
        cr_assert_geq(b, 0);
        sockets_sweep_begin(&sockets);
        sockets_sweep_want(&sockets, "localhost:0");
        sockets_sweep_end(&sockets);
        cr_assert_eq(sockets.count, 1);
        cr_assert_eq(sockets.entries[0].fd, b);
        sockets_clear(&sockets);
        cr_assert_lt(sockets_tcp("some.host.name", 80, &err), 0, "no name is asked for");
}

static int calls;
static struct loop *the_loop;
static struct loop_timer timers[3];

static void on_timer(void *arg)
{
        int *order = arg;

        *order = ++calls;
        loop_disarm(the_loop, &timers[2]); /* a later one that must not come any more */
}

Test(loop, timers_come_in_their_order_and_can_be_disarmed)
{
        int order[3] = {0};
        int64_t now = clock_now();
        struct pawl_error err = {0};

        the_loop = loop_new(&err);
        loop_arm(the_loop, &timers[0], now + 2 * CLOCK_MS, on_timer, &order[0]);
        loop_arm(the_loop, &timers[1], now + CLOCK_MS, on_timer, &order[1]);
        loop_arm(the_loop, &timers[2], now + 3 * CLOCK_MS, on_timer, &order[2]);
        while (calls < 2)
                loop_turn(the_loop, now + CLOCK_S);
        loop_turn(the_loop, clock_now() + 5 * CLOCK_MS);
        cr_assert_eq(order[0], 2);
        cr_assert_eq(order[1], 1);
        cr_assert_eq(order[2], 0);
        loop_free(&the_loop);
}

Test(status, lag_is_known_without_a_commit)
{
        cr_assert_eq(status_lag(&(struct scoreboard_partition){.position = 12, .committed = 10, .log_end = 15}), 5);
        cr_assert_eq(status_lag(
                         &(struct scoreboard_partition){.position = 12, .committed = -1, .log_end = 15, .in_hand = 4}),
                     7);
        cr_assert_eq(status_lag(&(struct scoreboard_partition){.position = 0, .committed = -1, .log_end = 0}), 0);
        cr_assert_eq(status_lag(&(struct scoreboard_partition){.position = -1, .committed = -1, .log_end = 9}), -1);
        cr_assert_eq(status_lag(&(struct scoreboard_partition){.position = 9, .committed = 9, .log_end = 8}), 0);
}

Test(metrics, histograms_are_cumulative_and_in_seconds)
{
        struct scoreboard *sb = NULL;
        struct scoreboard_reader *reader;
        struct scoreboard_totals *totals = memory_zero(1, sizeof *totals);
        struct metrics_worker worker = {.plugin = "a\"b", .instance = 1, .totals = totals};
        struct buf out = {0};
        struct pawl_error err = {0};
        uint32_t own = 0;

        cr_assert(scoreboard_private(&sb, 2, &err), "%s", err.text);
        scoreboard_begin(sb, "a", 1);
        scoreboard_observe(sb, 1, SCOREBOARD_HISTOGRAM_HANDLER, 500);         /* below the first bound */
        scoreboard_observe(sb, 2, SCOREBOARD_HISTOGRAM_HANDLER, 3 * CLOCK_S); /* below 2^32 ns */
        cr_assert(scoreboard_metric_declare(sb, "mails", SCOREBOARD_METRIC_COUNTER, "Mails sent", &own, &err));
        scoreboard_metric_add(sb, 1, own, 3);
        reader = scoreboard_reader_of(sb);
        scoreboard_read(reader, totals);
        metrics_scoreboards(&worker, 1, &out);
        cr_assert_not_null(
            strstr(out.data, "pawl_handler_seconds_bucket{plugin=\"a\\\"b\",instance=\"1\",le=\"1.024e-06\"} 1\n"));
        cr_assert_not_null(strstr(out.data, ",le=\"1.07374182\"} 1\n"));
        cr_assert_not_null(strstr(out.data, ",le=\"4.2949673\"} 2\n"));
        cr_assert_not_null(
            strstr(out.data, "pawl_handler_seconds_bucket{plugin=\"a\\\"b\",instance=\"1\",le=\"+Inf\"} 2\n"));
        cr_assert_not_null(strstr(out.data, "pawl_handler_seconds_count{plugin=\"a\\\"b\",instance=\"1\"} 2\n"));
        cr_assert_not_null(
            strstr(out.data, "# HELP pawl_a_b_mails_total Mails sent\n# TYPE pawl_a_b_mails_total counter\n"));
        cr_assert_not_null(strstr(out.data, "pawl_a_b_mails_total{plugin=\"a\\\"b\",instance=\"1\"} 3\n"));
        buf_free(&out);
        scoreboard_reader_free(&reader);
        scoreboard_unmap(&sb);
        free(totals);
}
