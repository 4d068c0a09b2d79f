/*
 * For plugins that want JSON as jansson trees. Link the plugin to libjansson; the host uses the same library.
 */
#ifndef PAWL_JANSSON_H
#define PAWL_JANSSON_H

#include <jansson.h>
#include <pawl/plugin.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The event as a tree, built on the first call; borrowed, read only, as long as the event. The handler's thread. NULL when the event is
 * malformed, nested deeper than 64, repeats a member or exceeds the largest event: then it becomes a dead letter with the reason,
 * whatever the handler returns (unless the handler wants malformed events).
 */
static inline json_t *pawl_event_json(const struct pawl_event *ev)
{
        return (json_t *)ev->host->event_tree(ev);
}

/* As pawl_emit, with the body as a tree, whose reference it takes, also when it fails. NULL gives PAWL_E_INVALID. */
static inline int32_t pawl_emit_json(struct pawl_ctx *ctx, const char *topic, const char *event_type,
                                     struct pawl_str key, json_t *body)
{
        char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
        int32_t status = text ? pawl_emit(ctx, topic, event_type, key, pawl_text(text)) : PAWL_E_INVALID;

        free(text);
        json_decref(body);
        return status;
}

#ifdef __cplusplus
}
#endif

#endif
