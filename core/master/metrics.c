#include "master/status.h"

#include "base/memory.h"
#include "master/master_private.h"
#include "master/reload.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The scoreboard's buckets are finer than anybody wants to store: one in four is shown, from 2^10 ns (1 µs) to 2^40 ns (18 min). */
#define FIRST_EXPONENT 10
#define LAST_EXPONENT  40
#define EXPONENT_STEP  2

void metrics_label(struct buf *out, const char *value)
{
        for (; *value != '\0'; value++) {
                if (*value == '\n')
                        buf_add_text(out, "\\n");
                else if (*value == '"' || *value == '\\')
                        buf_printf(out, "\\%c", *value);
                else
                        buf_add_char(out, *value);
        }
}

static void family(struct buf *out, const char *name, const char *suffix, const char *type, const char *help)
{
        buf_printf(out, "# HELP %s%s ", name, suffix);
        for (; *help != '\0'; help++)
                if (*help == '\n' || *help == '\\')
                        buf_add_text(out, *help == '\n' ? "\\n" : "\\\\");
                else
                        buf_add_char(out, *help);
        buf_printf(out, "\n# TYPE %s%s %s\n", name, suffix, type);
}

/* `name{plugin="…",instance="0"` without the closing brace. */
static void sample(struct buf *out, const char *name, const char *suffix, const char *plugin, unsigned instance)
{
        buf_printf(out, "%s%s{plugin=\"", name, suffix);
        metrics_label(out, plugin);
        buf_printf(out, "\",instance=\"%u\"", instance);
}

static void number(struct buf *out, double value)
{
        if (isnan(value))
                buf_add_text(out, "NaN");
        else if (isinf(value))
                buf_add_text(out, value > 0 ? "+Inf" : "-Inf");
        else
                buf_printf(out, "%.17g", value);
}

static void histogram(struct buf *out, const char *name, const struct metrics_worker *w,
                      const struct scoreboard_sum *sum)
{
        uint64_t below = 0;
        unsigned bucket = 0;

        for (unsigned exponent = FIRST_EXPONENT; exponent <= LAST_EXPONENT; exponent += EXPONENT_STEP) {
                uint64_t bound = UINT64_C(1) << exponent;

                while (bucket < SCOREBOARD_BUCKETS && scoreboard_bucket_bound(bucket) <= bound)
                        below += sum->buckets[bucket++];
                sample(out, name, "_bucket", w->plugin, w->instance);
                buf_printf(out, ",le=\"%.9g\"} %" PRIu64 "\n", (double)bound / 1e9, below);
        }
        while (bucket < SCOREBOARD_BUCKETS)
                below += sum->buckets[bucket++];
        sample(out, name, "_bucket", w->plugin, w->instance);
        buf_printf(out, ",le=\"+Inf\"} %" PRIu64 "\n", below);
        sample(out, name, "_sum", w->plugin, w->instance);
        buf_add_text(out, "} ");
        number(out, sum->sum / 1e9);
        buf_add_char(out, '\n');
        sample(out, name, "_count", w->plugin, w->instance);
        buf_printf(out, "} %" PRIu64 "\n", below);
}

static void counter_family(struct buf *out, unsigned row, const struct metrics_worker *workers, size_t count)
{
        char *name = memory_printf("pawl_%s", scoreboard_counter_rows[row].name);

        family(out, name, "_total", "counter", scoreboard_counter_rows[row].help);
        for (size_t i = 0; i < count; i++) {
                sample(out, name, "_total", workers[i].plugin, workers[i].instance);
                buf_printf(out, "} %" PRIu64 "\n", workers[i].totals->counters[row]);
        }
        free(name);
}

static void gauge_family(struct buf *out, unsigned row, const struct metrics_worker *workers, size_t count)
{
        char *name = memory_printf("pawl_%s", scoreboard_gauge_rows[row].name);

        family(out, name, "", "gauge", scoreboard_gauge_rows[row].help);
        for (size_t i = 0; i < count; i++) {
                sample(out, name, "", workers[i].plugin, workers[i].instance);
                buf_printf(out, "} %" PRId64 "\n", workers[i].totals->gauges[row]);
        }
        free(name);
}

static void histogram_family(struct buf *out, unsigned row, const struct metrics_worker *workers, size_t count)
{
        char *name = memory_printf("pawl_%s", scoreboard_histogram_rows[row].name);

        family(out, name, "", "histogram", scoreboard_histogram_rows[row].help);
        for (size_t i = 0; i < count; i++)
                histogram(out, name, &workers[i], &workers[i].totals->histograms[row]);
        free(name);
}

/* -- the plugins' own */

/* pawl_<plugin>_<name>; what a metric's name cannot hold becomes an underscore. */
static char *own_name(const char *plugin, const char *name)
{
        char *full = memory_printf("pawl_%s_%s", plugin, name);

        for (char *at = full; *at != '\0'; at++)
                if (!isalnum((unsigned char)*at))
                        *at = '_';
        return full;
}

static const struct scoreboard_metric *find_metric(const struct scoreboard_totals *totals, const char *name)
{
        for (uint32_t i = 0; i < totals->metric_count; i++)
                if (strcmp(totals->metrics[i].name, name) == 0)
                        return &totals->metrics[i];
        return NULL;
}

static void own_sample(struct buf *out, const char *name, const struct metrics_worker *w,
                       const struct scoreboard_metric *metric)
{
        if (metric->type == SCOREBOARD_METRIC_HISTOGRAM) {
                histogram(out, name, w, &metric->histogram);
                return;
        }
        sample(out, name, metric->type == SCOREBOARD_METRIC_COUNTER ? "_total" : "", w->plugin, w->instance);
        buf_add_text(out, "} ");
        if (metric->type == SCOREBOARD_METRIC_COUNTER)
                buf_printf(out, "%" PRIu64, metric->counter);
        else
                number(out, metric->gauge);
        buf_add_char(out, '\n');
}

/* The metrics of one plugin: workers [from, to) are its instances. */
static void own_metrics(const struct metrics_worker *workers, size_t from, size_t to, struct buf *out)
{
        static const char *const types[] = {"counter", "gauge", "histogram"};
        const struct scoreboard_totals *first = workers[from].totals;

        for (uint32_t i = 0; i < first->metric_count; i++) {
                const struct scoreboard_metric *metric = &first->metrics[i];
                char *name = own_name(workers[from].plugin, metric->name);
                bool counter = metric->type == SCOREBOARD_METRIC_COUNTER;

                family(out, name, counter ? "_total" : "", types[metric->type], metric->help);
                for (size_t w = from; w < to; w++) {
                        const struct scoreboard_metric *its = find_metric(workers[w].totals, metric->name);

                        if (its != NULL && its->type == metric->type)
                                own_sample(out, name, &workers[w], its);
                }
                free(name);
        }
}

void metrics_scoreboards(const struct metrics_worker *workers, size_t count, struct buf *out)
{
        if (count == 0)
                return;
        for (unsigned row = 0; row < SCOREBOARD_COUNTER_COUNT; row++)
                counter_family(out, row, workers, count);
        for (unsigned row = 0; row < SCOREBOARD_GAUGE_COUNT; row++)
                gauge_family(out, row, workers, count);
        for (unsigned row = 0; row < SCOREBOARD_HISTOGRAM_COUNT; row++)
                histogram_family(out, row, workers, count);
        for (size_t from = 0, to; from < count; from = to) {
                for (to = from + 1; to < count && strcmp(workers[to].plugin, workers[from].plugin) == 0;)
                        to++;
                own_metrics(workers, from, to, out);
        }
}

/* -- the master's own */

static int64_t position_of(const struct scoreboard_partition *p)
{
        return p->position;
}

static int64_t committed_of(const struct scoreboard_partition *p)
{
        return p->committed;
}

static int64_t end_of(const struct scoreboard_partition *p)
{
        return p->log_end;
}

static const struct {
        const char *name;
        const char *help;
        int64_t (*value)(const struct scoreboard_partition *p);
} partition_rows[] = {
    {"pawl_partition_position", "Next offset to read", position_of},
    {"pawl_partition_committed", "Committed offset", committed_of},
    {"pawl_partition_log_end", "End of the log, as last seen", end_of},
    {"pawl_partition_lag", "Events between the committed offset and the end of the log", status_lag},
};

static void partition_samples(const struct seat *seat, size_t row, struct buf *out)
{
        const struct scoreboard_reader *sb = seat->current->scoreboard;
        uint32_t count = scoreboard_partition_count(sb);

        for (uint32_t i = 0; i < count; i++) {
                struct scoreboard_partition p;

                if (!scoreboard_read_partition(sb, i, &p) || p.state == SCOREBOARD_PARTITION_REVOKED ||
                    partition_rows[row].value(&p) < 0)
                        continue;
                sample(out, partition_rows[row].name, "", seat->plugin, seat->number);
                buf_add_text(out, ",topic=\"");
                metrics_label(out, p.topic);
                buf_printf(out, "\",partition=\"%" PRId32 "\"} %" PRId64 "\n", p.partition,
                           partition_rows[row].value(&p));
        }
}

static void each_seat(const struct master *m, void (*write)(const struct seat *seat, size_t row, struct buf *out),
                      size_t row, struct buf *out)
{
        for (size_t i = 0; i < m->plugin_count; i++)
                for (size_t n = 0; n < m->plugins[i]->seat_count; n++)
                        if (write != partition_samples || m->plugins[i]->seats[n]->current != NULL)
                                write(m->plugins[i]->seats[n], row, out);
}

static void up_sample(const struct seat *seat, size_t row, struct buf *out)
{
        (void)row;
        sample(out, "pawl_worker_up", "", seat->plugin, seat->number);
        buf_printf(out, "} %d\n", seat->current != NULL && seat->current->state == PROCESS_SERVING);
}

static void restart_sample(const struct seat *seat, size_t row, struct buf *out)
{
        (void)row;
        sample(out, "pawl_worker_restarts_total", "", seat->plugin, seat->number);
        buf_printf(out, "} %" PRIu64 "\n", seat->restarts);
}

static void master_metrics(const struct master *m, struct buf *out)
{
        const json_t *last = reload_last(m->reloads);

        family(out, "pawl_build_info", "", "gauge", "The version of pawld");
        buf_printf(out, "pawl_build_info{version=\"%s\"} 1\n", PAWL_VERSION);
        family(out, "pawl_config_last_reload_successful", "", "gauge",
               "1 if the last start or reload was carried out whole");
        buf_printf(out, "pawl_config_last_reload_successful %d\n",
                   last == NULL || json_is_true(json_object_get(last, "ok")));
        family(out, "pawl_config_generation", "", "gauge", "Number of the accepted configuration");
        buf_printf(out, "pawl_config_generation %" PRIu64 "\n", m->generation_count);
        family(out, "pawl_worker_up", "", "gauge", "1 while the worker serves");
        each_seat(m, up_sample, 0, out);
        family(out, "pawl_worker_restarts", "_total", "counter",
               "Starts of the worker after a death that nobody asked for");
        each_seat(m, restart_sample, 0, out);
        for (size_t row = 0; row < sizeof partition_rows / sizeof partition_rows[0]; row++) {
                family(out, partition_rows[row].name, "", "gauge", partition_rows[row].help);
                each_seat(m, partition_samples, row, out);
        }
}

void metrics_text(const struct master *m, struct buf *out)
{
        struct metrics_worker *workers = NULL;
        size_t count = 0;

        for (size_t i = 0; i < m->plugin_count; i++) {
                for (size_t n = 0; n < m->plugins[i]->seat_count; n++) {
                        const struct seat *seat = m->plugins[i]->seats[n];
                        struct scoreboard_totals *totals = memory_zero(1, sizeof *totals);

                        seat_totals(seat, totals);
                        workers = memory_resize(workers, count + 1, sizeof *workers);
                        workers[count++] =
                            (struct metrics_worker){.plugin = seat->plugin, .instance = seat->number, .totals = totals};
                }
        }
        master_metrics(m, out);
        metrics_scoreboards(workers, count, out);
        for (size_t i = 0; i < count; i++)
                free((void *)(uintptr_t)workers[i].totals);
        free(workers);
}
