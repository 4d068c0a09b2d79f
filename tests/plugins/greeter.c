/* The smallest plugin with state: what a newcomer writes first. */
#include <inttypes.h>
#include <pawl/plugin.h>
#include <stdlib.h>
#include <string.h>

struct greeter {
        char *greeting;
};

static pawl_result on_created(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        const struct greeter *g = self;
        int64_t customer;

        if (!pawl_event_int(ev, "customer_id", &customer))
                return pawl_reject_field(ctx, ev, "customer_id", "an integer");
        pawl_info(ctx, "%s, customer %" PRId64, g->greeting, customer);
        return PAWL_OK;
}

static bool greeter_create(struct pawl_instance *instance, void **self)
{
        struct greeter *g = malloc(sizeof *g);

        if (g == NULL || (g->greeting = strdup(pawl_setting_string(instance, "greeting").ptr)) == NULL) {
                free(g);
                return pawl_fail(instance, "no memory");
        }
        *self = g;
        return true;
}

static void greeter_destroy(void *self)
{
        struct greeter *g = self;

        free(g->greeting);
        free(g);
}

static const struct pawl_setting settings[] = {PAWL_SETTING_STRING("greeting", "Welcome", "how to greet")};
static const struct pawl_handler handlers[] = {PAWL_ON("request.created", on_created)};

PAWL_PLUGIN("greeter", "1.0.0", settings, handlers, greeter_create, greeter_destroy);
