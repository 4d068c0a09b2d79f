#include "master/status.h"

#include "base/clock.h"
#include "base/memory.h"
#include "master/json_text.h"
#include "master/master_private.h"
#include "master/reload.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

static json_t *wall_json(int64_t wall)
{
        char text[CLOCK_TEXT_MAX];

        return wall == 0 ? json_null() : json_string(clock_format(wall, text));
}

static json_t *text_json(const struct process *p, enum scoreboard_text which)
{
        char text[SCOREBOARD_TEXT_MAX];

        scoreboard_read_text(p->scoreboard, which, text);
        return json_string(text);
}

static json_t *offset_json(int64_t offset)
{
        return offset < 0 ? json_null() : json_integer(offset);
}

int64_t status_lag(const struct scoreboard_partition *p)
{
        int64_t done = p->committed;

        /* Nothing was committed yet: what has been read and is not in hand any more had nothing to be done for. */
        if (done < 0 && p->position >= 0)
                done = p->position - p->in_hand;
        if (done < 0 || p->log_end < 0)
                return -1;
        return p->log_end > done ? p->log_end - done : 0;
}

/* The partitions of a process; adds what is known of its lag. */
static json_t *partitions_json(const struct process *p, int64_t *total_lag)
{
        json_t *all = json_array();
        uint32_t count = scoreboard_partition_count(p->scoreboard);

        for (uint32_t i = 0; i < count; i++) {
                struct scoreboard_partition row;
                int64_t lag;

                if (!scoreboard_read_partition(p->scoreboard, i, &row) || row.state == SCOREBOARD_PARTITION_REVOKED)
                        continue;
                lag = status_lag(&row);
                *total_lag += lag > 0 ? lag : 0;
                json_array_append_new(all,
                                      json_pack("{ss, si, ss, so, so, so, so, sI}", "topic", row.topic, "partition",
                                                (int)row.partition, "state", scoreboard_partition_state_name(row.state),
                                                "position", offset_json(row.position), "committed",
                                                offset_json(row.committed), "end", offset_json(row.log_end), "lag",
                                                offset_json(lag), "in_hand", (json_int_t)row.in_hand));
        }
        return all;
}

static json_t *counters_json(const struct seat *seat)
{
        struct scoreboard_totals *totals = memory_zero(1, sizeof *totals);
        json_t *all = json_object();

        seat_totals(seat, totals);
        for (unsigned i = 0; i < SCOREBOARD_COUNTER_COUNT; i++)
                json_object_set_new(all, scoreboard_counter_rows[i].name,
                                    json_integer((json_int_t)totals->counters[i]));
        for (unsigned i = 0; i < SCOREBOARD_GAUGE_COUNT; i++)
                json_object_set_new(all, scoreboard_gauge_rows[i].name, json_integer(totals->gauges[i]));
        json_object_set_new(
            all, "handler_p99_seconds",
            json_real((double)scoreboard_quantile(&totals->histograms[SCOREBOARD_HISTOGRAM_HANDLER], 0.99) / 1e9));
        free(totals);
        return all;
}

static void add_process(json_t *worker, const struct process *p)
{
        int64_t lag = 0;

        json_object_set_new(worker, "pid", json_integer(p->child.pid));
        json_object_set_new(worker, "started", wall_json(p->started_at));
        json_object_set_new(worker, "generation", json_integer((json_int_t)p->generation->number));
        json_object_set_new(worker, "alarm", json_string(p->alarm));
        json_object_set_new(worker, "work", text_json(p, SCOREBOARD_TEXT_STATE));
        json_object_set_new(worker, "broker", text_json(p, SCOREBOARD_TEXT_BROKER));
        json_object_set_new(worker, "health", text_json(p, SCOREBOARD_TEXT_HEALTH));
        json_object_set_new(worker, "last_error", text_json(p, SCOREBOARD_TEXT_LAST_ERROR));
        json_object_set_new(worker, "version", text_json(p, SCOREBOARD_TEXT_PLUGIN_VERSION));
        json_object_set_new(worker, "build", json_string(p->build));
        json_object_set_new(worker, "partitions", partitions_json(p, &lag));
        /* Without partitions nothing is known of a lag: 0 would say that all is read. */
        json_object_set_new(worker, "lag",
                            json_array_size(json_object_get(worker, "partitions")) > 0 ? json_integer(lag)
                                                                                       : json_null());
}

static json_t *seat_json(const struct seat *seat)
{
        json_t *worker = json_pack("{si, ss, sI, sI, so, so, so}", "instance", (int)seat->number, "state",
                                   seat_state_name(seat), "restarts", (json_int_t)seat->restarts, "kills",
                                   (json_int_t)seat->kills, "last_death", json_text(seat->last_death), "last_death_at",
                                   wall_json(seat->last_death_at), "counters", counters_json(seat));

        if (seat->state == SEAT_WAITING && seat->timer.at > 0)
                json_object_set_new(worker, "starts_in_seconds",
                                    json_real((double)(seat->timer.at - clock_now()) / 1e9));
        if (seat->current != NULL)
                add_process(worker, seat->current);
        else
                json_object_update_new(worker, json_pack("{sn, s[]}", "pid", "partitions"));
        if (seat->successor != NULL)
                json_object_set_new(worker, "successor_pid", json_integer(seat->successor->child.pid));
        return worker;
}

static json_t *texts_json(char *const *texts, size_t count)
{
        json_t *all = json_array();

        for (size_t i = 0; i < count; i++)
                json_array_append_new(all, json_text(texts[i]));
        return all;
}

static json_t *plugin_json(const struct config_plugin *plugin, const struct hosted *hosted)
{
        json_t *workers = json_array();

        for (size_t i = 0; hosted != NULL && i < hosted->seat_count; i++)
                json_array_append_new(workers, seat_json(hosted->seats[i]));
        return json_pack("{ss, sb, so, so, so, ss, sI, sb, so}", "name", plugin->name, "enabled", plugin->enabled,
                         "file", json_text(plugin->file), "group", json_text(plugin->group), "topics",
                         texts_json(plugin->topics, plugin->topic_count), "build",
                         hosted != NULL ? hosted->build.id : "", "generation",
                         (json_int_t)(hosted != NULL ? hosted->generation->number : 0), "stale",
                         hosted != NULL && hosted->stale, "workers", workers);
}

/* The plugins that run, then those that the accepted configuration only names. */
static json_t *plugins_json(const struct master *m)
{
        json_t *all = json_array();

        for (size_t i = 0; i < m->plugin_count; i++)
                json_array_append_new(all, plugin_json(m->plugins[i]->plugin, m->plugins[i]));
        for (size_t i = 0; m->accepted != NULL && i < m->accepted->cfg->plugin_count; i++) {
                const struct config_plugin *plugin = &m->accepted->cfg->plugins[i];

                if (master_plugin(m, plugin->name) == NULL)
                        json_array_append_new(all, plugin_json(plugin, NULL));
        }
        return all;
}

json_t *status_json(const struct master *m)
{
        static const char *const states[] = {"starting", "running", "stopping"};
        const json_t *last = reload_last(m->reloads);
        const struct config *cfg = m->accepted != NULL ? m->accepted->cfg : NULL;
        struct buf unhealthy = {0};
        bool healthy = status_healthy(m, &unhealthy);
        json_t *status;

        assert(m->accepted == NULL || cfg != NULL);
        status =
            json_pack("{ss, ss, sI, ss, sb, so, so, sI, so, so, ss, sO?, so}", "version", PAWL_VERSION, "host_id",
                      m->host_id, "pid", (json_int_t)getpid(), "state",
                      reload_under_way(m->reloads) && m->state == MASTER_RUNNING ? "reloading" : states[m->state],
                      "healthy", healthy, "complaints", json_text(unhealthy.data), "started", wall_json(m->started_at),
                      "generation", (json_int_t)m->generation_count, "config", json_text(m->config_file), "brokers",
                      json_text(cfg != NULL ? cfg->kafka.brokers : NULL), "log_level", log_level_name(log_get_level()),
                      "last_reload", last, "plugins", plugins_json(m));
        buf_free(&unhealthy);
        return status;
}

bool status_healthy(const struct master *m, struct buf *text)
{
        if (m->state != MASTER_RUNNING)
                buf_printf(text, "pawld is %s\n", m->state == MASTER_STARTING ? "starting" : "stopping");
        for (size_t i = 0; i < m->plugin_count; i++) {
                const struct hosted *h = m->plugins[i];

                for (size_t n = 0; n < h->seat_count && !h->leaving; n++) {
                        const struct seat *seat = h->seats[n];

                        if (seat->current == NULL)
                                buf_printf(text, "worker %s/%zu does not run: %s\n", h->name, n, seat->last_death);
                        else if (seat->current->alarm[0] != '\0')
                                buf_printf(text, "worker %s/%zu: %s\n", h->name, n, seat->current->alarm);
                }
                if (h->stale)
                        buf_printf(text, "plugin %s: the last reload could not replace it\n", h->name);
        }
        return text->len == 0;
}
