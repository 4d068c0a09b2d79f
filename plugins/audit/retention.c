#include "retention.h"

#include <stdlib.h>
#include <string.h>

#define PASS_INTERVAL PAWL_S(24 * 60 * 60)

struct retention {
        struct pawl_instance *instance;
        struct prune_topic *topics;
        size_t count;
        size_t current;    /* of this pass; count: the anchor's turn; count + 1: no pass runs */
        int64_t pass_now;  /* the wall clock at its beginning */
        int64_t next_pass; /* monotonic */
};

static bool add_topic(struct retention *retention, struct pawl_str name, int64_t keep)
{
        struct prune_topic *topic = &retention->topics[retention->count++];

        if (name.len >= sizeof topic->name)
                return pawl_fail(retention->instance, "retention: expected a topic's name, found one of %zu bytes",
                                 name.len);
        if (keep <= 0)
                return pawl_fail(retention->instance, "retention.%s: expected a duration above 0", name.ptr);
        memcpy(topic->name, name.ptr, name.len);
        topic->keep = keep;
        topic->done = -1;
        return true;
}

struct retention *retention_new(struct pawl_instance *instance)
{
        const struct pawl_value *topics = pawl_setting_value(instance, "retention");
        uint32_t count = pawl_value_count(instance, topics);
        struct retention *retention = calloc(1, sizeof *retention);
        bool ok = true;

        if (retention != NULL)
                retention->topics = calloc(count + 1, sizeof *retention->topics);
        if (retention == NULL || retention->topics == NULL) {
                retention_free(&retention);
                pawl_fail(instance, "out of memory");
                return NULL;
        }
        retention->instance = instance;
        for (uint32_t i = 0; i < count && ok; i++) {
                struct pawl_str name;
                const struct pawl_value *keep = pawl_value_at(instance, topics, i, &name);

                ok = add_topic(retention, name, pawl_value_int(instance, keep));
        }
        retention->current = count + 1;
        retention->next_pass = INT64_MIN;
        if (!ok)
                retention_free(&retention);
        return retention;
}

void retention_free(struct retention **retention)
{
        struct retention *r = *retention;

        *retention = NULL;
        if (r == NULL)
                return;
        free(r->topics);
        free(r);
}

bool retention_any(const struct retention *retention)
{
        return retention->count > 0;
}

/* All of a pass goes by the moment of its beginning; else it would never end under a stream of events. */
static bool begin_pass(struct retention *retention)
{
        int64_t monotonic = pawl_monotonic(retention->instance);

        if (retention->count == 0 || monotonic < retention->next_pass)
                return false;
        retention->next_pass = monotonic + PASS_INTERVAL;
        retention->pass_now = pawl_now(retention->instance);
        retention->current = 0;
        return true;
}

bool retention_slice(struct retention *retention, struct chain *chain, const struct key *key,
                     struct retention_work *work)
{
        bool more;

        *work = (struct retention_work){0};
        if (retention->current > retention->count && !begin_pass(retention))
                return true;
        if (retention->current < retention->count) {
                if (!prune_topic(chain, &retention->topics[retention->current], retention->pass_now, key,
                                 &work->cleared, &more))
                        return false;
        } else {
                if (!prune_anchor(chain, retention->pass_now, key, &work->removed))
                        return false;
                more = work->removed > 0;
        }
        retention->current += !more;
        work->more = retention->current <= retention->count;
        return true;
}
