/* The header for who wants trees, in C11 and in C++17. */
#include <pawl/jansson.h>

static pawl_result on_any(struct pawl_ctx *ctx, const struct pawl_event *ev, void *self)
{
        json_t *tree = pawl_event_json(ev);

        (void)self;
        return pawl_emit_json(ctx, "topic", "a.b", pawl_text(NULL), json_deep_copy(tree)) == 0 ? PAWL_OK : PAWL_REJECT;
}

static const struct pawl_handler handlers[] = {PAWL_ON("*", on_any)};

PAWL_PLUGIN_BARE("jansson_too", "1.0.0", handlers);
