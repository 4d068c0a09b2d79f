/*
 * The master's knowledge rendered: as JSON for pawlctl and the dashboard, and as Prometheus text. README.md describes the members.
 */
#ifndef PAWL_MASTER_STATUS_H
#define PAWL_MASTER_STATUS_H

#include "base/buf.h"
#include "base/scoreboard_read.h"

#include <jansson.h>

struct master;

/* GET /v1/status. The caller's reference. */
json_t *status_json(const struct master *m);

/* Whether all is as it should be, and one line a complaint in `text`. GET /healthz. */
bool status_healthy(const struct master *m, struct buf *text);

/* How many events of the partition are not committed; -1: not known. */
int64_t status_lag(const struct scoreboard_partition *p);

/* GET /metrics. */
void metrics_text(const struct master *m, struct buf *out);

/* One worker's part of the metrics, as a sample of it: name, instance, totals. */
struct metrics_worker {
        const char *plugin;
        unsigned instance;
        const struct scoreboard_totals *totals;
};

/* The families that come from scoreboards, for these workers. */
void metrics_scoreboards(const struct metrics_worker *workers, size_t count, struct buf *out);

/* A label's value: backslash, quote and newline escaped. */
void metrics_label(struct buf *out, const char *value);

#endif
