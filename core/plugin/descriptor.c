#include "plugin/descriptor.h"

#include "base/memory.h"
#include "base/scoreboard.h"
#include "plugin/elf_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KNOWN_HANDLER_FLAGS (PAWL_WANTS_TOMBSTONES | PAWL_WANTS_MALFORMED | PAWL_SERIAL)
#define BATCH_EVENTS_MAX    65535

bool plugin_name_valid(struct pawl_str name)
{
        size_t i;

        if (name.ptr == NULL || name.len == 0 || name.len > PLUGIN_NAME_LEN_MAX || name.ptr[0] < 'a' ||
            name.ptr[0] > 'z')
                return false;
        for (i = 1; i < name.len; i++) {
                char c = name.ptr[i];

                if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
                        return false;
        }
        return true;
}

void plugin_item(const struct pawl_array *array, uint32_t index, void *out, size_t size)
{
        const char *item = (const char *)array->items + (size_t)index * array->stride;
        uint32_t given;

        memcpy(&given, item, sizeof given); /* every item begins with its size */
        memset(out, 0, size);
        memcpy(out, item, given < size ? given : size);
}

bool plugin_array_check(const struct pawl_array *array, const char *what, size_t smallest, uint32_t most,
                        struct pawl_error *err)
{
        uint32_t i, size;

        if (array->count == 0)
                return true;
        if (array->items == NULL)
                return error_set(err, "%s: expected %u items, found a null pointer", what, array->count);
        if (array->count > most)
                return error_set(err, "%s: expected at most %u, found %u", what, most, array->count);
        if (array->stride < smallest)
                return error_set(err, "%s: expected a stride of at least %zu bytes, found %u", what, smallest,
                                 array->stride);
        for (i = 0; i < array->count; i++) {
                memcpy(&size, (const char *)array->items + (size_t)i * array->stride, sizeof size);
                if (size < smallest || size > array->stride)
                        return error_set(err, "%s, item %u: expected a size of %zu to %u bytes, found %u", what, i,
                                         smallest, array->stride, size);
        }
        return true;
}

static bool text_equal(struct pawl_str a, struct pawl_str b)
{
        return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

/* ---- handlers ---- */

/* "request.created", "request.*" or "*", of visible ASCII. */
static bool pattern_valid(struct pawl_str p)
{
        size_t i;

        if (p.ptr == NULL || p.len == 0 || p.len > 255)
                return false;
        for (i = 0; i < p.len; i++) {
                if (p.ptr[i] <= ' ' || p.ptr[i] > '~')
                        return false;
                if (p.ptr[i] == '*' && (i != p.len - 1 || (i > 0 && p.ptr[i - 1] != '.')))
                        return false;
        }
        return p.len != 2 || p.ptr[1] != '*'; /* ".*" is no prefix */
}

static bool handler_batch_check(const struct pawl_handler *h, struct pawl_error *err)
{
        if (h->on_batch == NULL) {
                if (h->max_events > 1 || h->max_bytes != 0 || h->max_wait != 0)
                        return error_set(err, "max_events, max_bytes and max_wait are of batches, found a handler of "
                                              "single events");
                return true;
        }
        if (h->max_events == 0 || h->max_events > BATCH_EVENTS_MAX)
                return error_set(err, "max_events: expected 1 to %d, found %u", BATCH_EVENTS_MAX, h->max_events);
        return true;
}

static bool handler_check(const struct pawl_handler *h, struct pawl_error *err)
{
        if (h->name.ptr == NULL || h->name.len == 0)
                return error_set(err, "name: expected the function's name, found nothing");
        if (!pattern_valid(h->event_type))
                return error_set(err, "event_type: expected \"a.b\", \"a.*\" or \"*\", found \"%.*s\"",
                                 (int)(h->event_type.len < 80 ? h->event_type.len : 80),
                                 h->event_type.ptr != NULL ? h->event_type.ptr : "");
        if ((h->on_event == NULL) == (h->on_batch == NULL))
                return error_set(err, "expected one of on_event and on_batch, found %s",
                                 h->on_event == NULL ? "neither" : "both");
        if ((h->flags & ~KNOWN_HANDLER_FLAGS) != 0)
                return error_set(err, "flags: 0x%x is not known to this host", h->flags & ~KNOWN_HANDLER_FLAGS);
        if ((h->flags & (PAWL_WANTS_TOMBSTONES | PAWL_WANTS_MALFORMED)) != 0 &&
            !(h->event_type.len == 1 && h->event_type.ptr[0] == '*'))
                return error_set(err,
                                 "only the handler of \"*\" can want tombstones or malformed events, found \"%.*s\"",
                                 (int)h->event_type.len, h->event_type.ptr);
        if (h->deadline < 0 || h->wait_limit < 0 || h->ticket_deadline < 0 || h->max_wait < 0)
                return error_set(err, "expected no negative duration");
        if (h->reserved != 0)
                return error_set(err, "reserved: expected 0, found %u", h->reserved);
        return handler_batch_check(h, err);
}

static bool handlers_check(const struct plugin_descriptor *d, struct pawl_error *err)
{
        uint32_t i, j;

        for (i = 0; i < d->plugin.handlers.count; i++) {
                if (!handler_check(&d->handlers[i], err))
                        return error_prefix(err, "handlers, item %u", i);
                for (j = 0; j < i; j++)
                        if (text_equal(d->handlers[i].event_type, d->handlers[j].event_type))
                                return error_set(err, "handlers, items %u and %u both take \"%.*s\"", j, i,
                                                 (int)d->handlers[i].event_type.len, d->handlers[i].event_type.ptr);
        }
        return true;
}

/* ---- the other tables ---- */

static bool metrics_check(const struct pawl_array *metrics, struct pawl_error *err)
{
        uint32_t i, j, histograms = 0;
        struct pawl_metric m, other;

        if (!plugin_array_check(metrics, "metrics", sizeof m, SCOREBOARD_METRICS, err))
                return false;
        for (i = 0; i < metrics->count; i++) {
                plugin_item(metrics, i, &m, sizeof m);
                if (!plugin_name_valid(m.name))
                        return error_set(err, "metrics, item %u: expected a name [a-z][a-z0-9_]*", i);
                if (m.kind < PAWL_COUNTER || m.kind > PAWL_HISTOGRAM)
                        return error_set(err, "metrics, item %u: kind %u is not known to this host", i, m.kind);
                histograms += m.kind == PAWL_HISTOGRAM;
                for (j = 0; j < i; j++) {
                        plugin_item(metrics, j, &other, sizeof other);
                        if (text_equal(m.name, other.name))
                                return error_set(err, "metrics, items %u and %u have one name, \"%.*s\"", j, i,
                                                 (int)m.name.len, m.name.ptr);
                }
        }
        return histograms <= SCOREBOARD_METRIC_HISTOGRAMS ||
               error_set(err, "metrics: expected at most %d histograms, found %u", SCOREBOARD_METRIC_HISTOGRAMS,
                         histograms);
}

static bool commands_check(const struct pawl_array *commands, struct pawl_error *err)
{
        struct pawl_command c, other;
        uint32_t i, j;

        if (!plugin_array_check(commands, "commands", sizeof c, 256, err))
                return false;
        for (i = 0; i < commands->count; i++) {
                plugin_item(commands, i, &c, sizeof c);
                if (!plugin_name_valid(c.name))
                        return error_set(err, "commands, item %u: expected a name [a-z][a-z0-9_]*", i);
                if (c.run == NULL)
                        return error_set(err, "commands, item %u (\"%.*s\"): expected a function, found none", i,
                                         (int)c.name.len, c.name.ptr);
                for (j = 0; j < i; j++) {
                        plugin_item(commands, j, &other, sizeof other);
                        if (text_equal(c.name, other.name))
                                return error_set(err, "commands, items %u and %u have one name, \"%.*s\"", j, i,
                                                 (int)c.name.len, c.name.ptr);
                }
        }
        return true;
}

static bool needs_check(const struct pawl_array *needs, struct pawl_error *err)
{
        struct pawl_need n;
        uint32_t i;

        if (!plugin_array_check(needs, "needs", sizeof n, 256, err))
                return false;
        for (i = 0; i < needs->count; i++) {
                plugin_item(needs, i, &n, sizeof n);
                if (n.kind != PAWL_NEED_TOPIC && n.kind != PAWL_NEED_SOCKET)
                        return error_set(err, "needs, item %u: kind %u is not known to this host", i, n.kind);
                if (n.name.ptr == NULL || n.name.len == 0)
                        return error_set(err, "needs, item %u: expected a name, found nothing", i);
        }
        return true;
}

static bool rest_check(const struct pawl_plugin *p, struct pawl_error *err)
{
        if (!plugin_name_valid(p->name))
                return error_set(err, "name: expected [a-z][a-z0-9_]*, at most %d bytes", PLUGIN_NAME_LEN_MAX);
        if (p->version.ptr == NULL || p->version.len == 0 || p->version.len > 64)
                return error_set(err, "version: expected 1 to 64 bytes, found %zu", p->version.len);
        if (p->tick != NULL && p->tick_interval <= 0)
                return error_set(err, "tick_interval: expected more than 0 where there is a tick, found %lld",
                                 (long long)p->tick_interval);
        if (p->tick == NULL && p->tick_interval != 0)
                return error_set(err, "tick_interval: expected 0 where there is no tick, found %lld",
                                 (long long)p->tick_interval);
        if (p->swap > PAWL_SWAP_BESIDE)
                return error_set(err, "swap: %u is not known to this host", p->swap);
        return true;
}

bool plugin_descriptor_read(struct plugin_descriptor *d, const struct pawl_plugin *plugin, struct pawl_error *err)
{
        struct pawl_plugin *p = &d->plugin;
        size_t size;
        uint32_t i;

        memset(d, 0, sizeof *d);
        if (plugin == NULL)
                return error_set(err, "pawl_plugin_entry: expected a descriptor, found NULL");
        if (!elf_judge_head(&plugin->head, err))
                return false;
        size = plugin->head.size < sizeof *p ? plugin->head.size : sizeof *p;
        memcpy(p, plugin, size);
        if (!rest_check(p, err) || !metrics_check(&p->metrics, err) || !commands_check(&p->commands, err) ||
            !needs_check(&p->needs, err) || !plugin_schema_check(&p->settings, 0, err) ||
            !plugin_array_check(&p->handlers, "handlers", sizeof(struct pawl_handler), PLUGIN_HANDLERS_MAX, err))
                return false;
        d->handlers = memory_zero(p->handlers.count, sizeof *d->handlers);
        for (i = 0; i < p->handlers.count; i++)
                plugin_item(&p->handlers, i, &d->handlers[i], sizeof d->handlers[i]);
        if (handlers_check(d, err))
                return true;
        plugin_descriptor_clear(d);
        return false;
}

void plugin_descriptor_clear(struct plugin_descriptor *d)
{
        free(d->handlers);
        memset(d, 0, sizeof *d);
}

static bool socket_named(const char *const *sockets, size_t count, struct pawl_str name)
{
        size_t i;

        for (i = 0; i < count; i++)
                if (strlen(sockets[i]) == name.len && memcmp(sockets[i], name.ptr, name.len) == 0)
                        return true;
        return false;
}

bool plugin_needs_check(const struct plugin_descriptor *d, const char *const *sockets, size_t socket_count,
                        struct pawl_error *err)
{
        const struct pawl_array *needs = &d->plugin.needs;
        struct pawl_need n;
        char missing[512];
        size_t len = 0;
        uint32_t i;

        for (i = 0; i < needs->count; i++) {
                plugin_item(needs, i, &n, sizeof n);
                if (n.kind != PAWL_NEED_SOCKET || socket_named(sockets, socket_count, n.name))
                        continue;
                len += (size_t)snprintf(missing + len, sizeof missing - len, "%s%.*s (%.*s)", len > 0 ? ", " : "",
                                        (int)n.name.len, n.name.ptr, (int)n.help.len,
                                        n.help.ptr != NULL ? n.help.ptr : "");
                if (len >= sizeof missing)
                        break;
        }
        return len == 0 ||
               error_set(err, "listen: the plugin needs an address for %s: `listen = { NAME = \"HOST:PORT\"; }`",
                         missing);
}
