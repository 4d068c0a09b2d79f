#include "status_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
        const char *text = json_string_value(json_object_get(object, name));

        return text != NULL ? text : "";
}

static int64_t number_of(const json_t *object, const char *name)
{
        return json_integer_value(json_object_get(object, name));
}

void status_pad(struct buf *out, const char *text, size_t width)
{
        size_t columns = 0;

        buf_add_text(out, text);
        for (; *text != '\0'; text++)
                columns += ((unsigned char)*text & 0xc0) != 0x80;
        do
                buf_add_char(out, ' ');
        while (++columns <= width);
}

static void add_number(struct buf *out, const json_t *value, int width)
{
        char text[32] = "-";

        if (json_is_integer(value))
                snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        buf_printf(out, "%*s ", width, text);
}

/* "   health: …" where there is something to say. */
static void add_note(struct buf *out, const char *what, const char *text)
{
        if (text[0] != '\0')
                buf_printf(out, "    %s: %s\n", what, text);
}

/* ", lag 5", or "-" for what is not known. */
static void add_offset(struct buf *out, const char *what, const json_t *value)
{
        if (json_is_integer(value))
                buf_printf(out, ", %s %" JSON_INTEGER_FORMAT, what, json_integer_value(value));
        else
                buf_printf(out, ", %s -", what);
}

static void add_partitions(struct buf *out, const json_t *partitions)
{
        static const char *const columns[] = {"position", "committed", "end", "lag"};
        size_t i;
        const json_t *p;

        json_array_foreach(partitions, i, p)
        {
                buf_printf(out, "    %s/%" PRId64 ": %s", text_of(p, "topic"), number_of(p, "partition"),
                           text_of(p, "state"));
                for (size_t n = 0; n < sizeof columns / sizeof columns[0]; n++)
                        add_offset(out, columns[n], json_object_get(p, columns[n]));
                buf_printf(out, ", in hand %" PRId64 "\n", number_of(p, "in_hand"));
        }
}

static void add_worker(struct buf *out, const char *plugin, const json_t *worker, bool partitions)
{
        static const char *const columns[] = {"events_handled", "events_retried", "events_dead_lettered",
                                              "in_hand_events"};
        const json_t *counters = json_object_get(worker, "counters"),
                     *starts = json_object_get(worker, "starts_in_seconds");
        char name[160];

        snprintf(name, sizeof name, "%.120s/%" PRId64, plugin, number_of(worker, "instance"));
        status_pad(out, name, 22);
        status_pad(out, text_of(worker, "state"), 9);
        add_number(out, json_object_get(worker, "pid"), 8);
        add_number(out, json_object_get(worker, "generation"), 4);
        add_number(out, json_object_get(worker, "restarts"), 8);
        for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
                add_number(out, json_object_get(counters, columns[i]), 9);
        buf_printf(out, "%5zu ", json_array_size(json_object_get(worker, "partitions")));
        add_number(out, json_object_get(worker, "lag"), 9);
        buf_add_char(out, '\n');
        if (json_is_number(starts))
                buf_printf(out, "    starts again in %.1f s\n", json_number_value(starts));
        add_note(out, "health", text_of(worker, "health"));
        add_note(out, "work", text_of(worker, "work"));
        add_note(out, "broker", text_of(worker, "broker"));
        add_note(out, "alarm", text_of(worker, "alarm"));
        add_note(out, "last error", text_of(worker, "last_error"));
        add_note(out, "last death", text_of(worker, "last_death"));
        if (partitions)
                add_partitions(out, json_object_get(worker, "partitions"));
}

static void add_plugins(struct buf *out, const json_t *plugins, bool partitions)
{
        size_t i, n;
        const json_t *plugin, *worker;

        status_pad(out, "WORKER", 22);
        status_pad(out, "STATE", 9);
        buf_printf(out, "%8s %4s %8s %9s %9s %9s %9s %5s %9s\n", "PID", "GEN", "RESTARTS", "HANDLED", "RETRIED", "DEAD",
                   "IN HAND", "PARTS", "LAG");
        json_array_foreach(plugins, i, plugin)
        {
                const json_t *workers = json_object_get(plugin, "workers");

                json_array_foreach(workers, n, worker) add_worker(out, text_of(plugin, "name"), worker, partitions);
                if (json_array_size(workers) > 0)
                        continue;
                status_pad(out, text_of(plugin, "name"), 22);
                buf_add_text(out, json_is_true(json_object_get(plugin, "enabled")) ? "no worker\n" : "disabled\n");
        }
}

static void add_reload(struct buf *out, const json_t *last)
{
        size_t i;
        const json_t *text;

        if (!json_is_object(last))
                return;
        buf_printf(out, "last %s %s: %s\n",
                   number_of(last, "generation") > 1 || json_is_true(json_object_get(last, "refused")) ? "reload"
                                                                                                       : "start",
                   text_of(last, "time"), text_of(last, "text"));
        json_array_foreach(json_object_get(last, "errors"), i, text)
            buf_printf(out, "    %s\n", json_is_string(text) ? json_string_value(text) : "");
}

void status_text(const json_t *status, bool partitions, struct buf *out)
{
        buf_printf(out, "pawld %s, process %" PRId64 ", %s since %s, generation %" PRId64 ", host %s\n",
                   text_of(status, "version"), number_of(status, "pid"), text_of(status, "state"),
                   text_of(status, "started"), number_of(status, "generation"), text_of(status, "host_id"));
        buf_printf(out, "brokers %s, log level %s\n", text_of(status, "brokers"), text_of(status, "log_level"));
        add_reload(out, json_object_get(status, "last_reload"));
        if (!json_is_true(json_object_get(status, "healthy")))
                buf_printf(out, "❌ %s", text_of(status, "complaints"));
        buf_add_char(out, '\n');
        add_plugins(out, json_object_get(status, "plugins"), partitions);
}
