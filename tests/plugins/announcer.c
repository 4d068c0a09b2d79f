/* Publishes three messages when it starts, and says in destroy how many of their callbacks have come by then. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <pawl/plugin.h>

#define MESSAGES 3

struct announcer {
        struct pawl_instance *instance;
        _Atomic int cancelled;
        _Atomic int others;
        int accepted;
};

static void on_published(void *self, void *arg, int32_t status)
{
        struct announcer *a = self;

        (void)arg;
        atomic_fetch_add(status == PAWL_E_CANCELLED ? &a->cancelled : &a->others, 1);
}

static bool announcer_create(struct pawl_instance *instance, void **self)
{
        struct announcer *a = calloc(1, sizeof *a);

        if (a == NULL)
                return pawl_fail(instance, "no memory");
        a->instance = instance;
        *self = a;
        return true;
}

static void announcer_start(void *self)
{
        struct announcer *a = self;
        struct pawl_message message = {.size = sizeof message};
        int i;

        message.topic = pawl_text("announcements");
        message.event_type = pawl_text("announced");
        message.body = pawl_text("{}");
        for (i = 0; i < MESSAGES; i++)
                a->accepted += pawl_publish(a->instance, &message, on_published, NULL) == 0;
}

static void announcer_destroy(void *self)
{
        struct announcer *a = self;

        fprintf(stderr, "announcer: %d accepted, %d cancelled, %d otherwise\n", a->accepted, atomic_load(&a->cancelled),
                atomic_load(&a->others));
        free(a);
}

static const struct pawl_plugin announcer = {
    PAWL_DESCRIPTOR("announcer", "1.0.0"),
    .create = announcer_create,
    .start = announcer_start,
    .destroy = announcer_destroy,
};

PAWL_EXPORT(announcer);
