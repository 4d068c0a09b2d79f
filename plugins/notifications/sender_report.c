#include "sender_private.h"

#include <stdio.h>
#include <string.h>

#define REPORT_EVERY PAWL_S(1)

void sender_trouble(struct sender *sender, const char *what)
{
        if (strcmp(sender->trouble, what) != 0)
                pawl_log(sender->options.instance, PAWL_LOG_WARN, "%s", what);
        snprintf(sender->trouble, sizeof sender->trouble, "%s", what);
}

static uint32_t metric_of(int channel, enum channel_metric metric)
{
        return (uint32_t)(METRIC_CHANNELS + channel * CHANNEL_METRICS + (int)metric);
}

void sender_count(struct sender *sender, int channel, enum sender_metric metric, uint64_t n)
{
        struct pawl_instance *in = sender->options.instance;

        pawl_metric_add(in, metric, n);
        if (channel < 0)
                return;
        if (metric == METRIC_SENT || metric == METRIC_FAILED)
                pawl_metric_add(in, metric_of(channel, metric == METRIC_SENT ? CHANNEL_SENT : CHANNEL_FAILED), n);
        pthread_mutex_lock(&sender->mutex);
        *(metric == METRIC_SENT     ? &sender->views[channel].sent
          : metric == METRIC_FAILED ? &sender->views[channel].failed
                                    : &sender->views[channel].attempts) += n;
        pthread_mutex_unlock(&sender->mutex);
}

/* Everything that is wrong, in one line; "" when nothing is. */
static void describe(const struct sender *s, char *text, size_t size)
{
        size_t len = (size_t)snprintf(text, size, "%s", s->trouble);

        for (int i = 0; i < SENDER_CHANNELS && len < size; i++) {
                if (s->carriers[i].trouble[0] != '\0')
                        len += (size_t)snprintf(text + len, size - len, "%s%s", len > 0 ? "; " : "",
                                                s->carriers[i].trouble);
        }
}

static void tell_health(struct sender *s)
{
        struct pawl_instance *in = s->options.instance;
        char text[sizeof s->said];

        describe(s, text, sizeof text);
        if (strcmp(text, s->said) == 0)
                return;
        memcpy(s->said, text, sizeof text);
        if (text[0] != '\0')
                pawl_health(in, PAWL_HEALTH_DEGRADED, "%s", text);
        else
                pawl_health(in, PAWL_HEALTH_OK, "every channel answers");
}

/* A line in the log for each channel whose trouble began, changed or ended. True: there was one. */
static bool tell_changes(struct sender *s)
{
        bool any = false;

        for (int i = 0; i < SENDER_CHANNELS; i++) {
                struct carrier *c = &s->carriers[i];

                if (!c->changed)
                        continue;
                any = true;
                c->changed = false;
                if (c->trouble[0] != '\0')
                        pawl_log(s->options.instance, PAWL_LOG_WARN, "%s", c->trouble);
                else
                        pawl_log(s->options.instance, PAWL_LOG_INFO, "%s %s answers again", c->options.kind->provider,
                                 c->server);
        }
        return any;
}

static void fill_view(struct sender *s, int channel, int64_t queued, int64_t now)
{
        const struct carrier *c = &s->carriers[channel];
        struct channel_view *v = &s->views[channel];
        int64_t next = gate_shut(&c->gate, now) ? gate_next(&c->gate, now) : INT64_MAX;

        v->name = c->options.kind->name;
        v->configured = c->options.self != NULL;
        v->breaker = c->gate.state;
        v->opens_in = next != INT64_MAX ? next - now : 0;
        v->open = carrier_open(c);
        v->under_way = c->under_way_count;
        v->queued = queued;
        memcpy(v->server, c->server, sizeof v->server);
        memcpy(v->trouble, c->trouble, sizeof v->trouble);
}

void sender_report(struct sender *sender)
{
        struct pawl_instance *in = sender->options.instance;
        int64_t now = pawl_monotonic(in), queued[SENDER_CHANNELS] = {0}, waiting = 0;
        bool changed = tell_changes(sender);

        tell_health(sender);
        if (!changed && now < sender->report_at)
                return;
        sender->report_at = now + REPORT_EVERY;
        for (int i = 0; i < SENDER_CHANNELS; i++) {
                const struct carrier *c = &sender->carriers[i];

                if (sender->store == NULL || store_queued(sender->store, c->options.kind->name, &queued[i]) != PAWL_OK)
                        queued[i] = 0;
                pawl_metric_set(in, metric_of(i, CHANNEL_QUEUED), queued[i]);
                pawl_metric_set(in, metric_of(i, CHANNEL_OPEN), (int64_t)carrier_open(c));
                pawl_metric_set(in, metric_of(i, CHANNEL_BREAKER), c->gate.state);
                waiting += queued[i] + (int64_t)carrier_open(c);
        }
        pawl_metric_set(in, METRIC_WAITING, waiting);
        pthread_mutex_lock(&sender->mutex);
        sender->sending = sender->lock_fd >= 0;
        for (int i = 0; i < SENDER_CHANNELS; i++)
                fill_view(sender, i, queued[i], now);
        pthread_mutex_unlock(&sender->mutex);
}

bool sender_view(struct sender *sender, struct channel_view views[SENDER_CHANNELS])
{
        bool sending;

        pthread_mutex_lock(&sender->mutex);
        memcpy(views, sender->views, sizeof sender->views);
        sending = sender->sending;
        pthread_mutex_unlock(&sender->mutex);
        return sending;
}
