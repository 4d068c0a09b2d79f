#include "intake.h"

#include "common/event_text.h"
#include "gateway.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void number_faults(json_t *faults, size_t from, uint32_t line)
{
        for (size_t i = from; i < json_array_size(faults) && line > 0; i++)
                json_object_set_new(json_array_get(faults, i), "line", json_integer(line));
}

bool intake_add(struct exchange *ex, struct submission *s, struct pawl_str text, const char *id, uint32_t line,
                json_t *faults, bool *own)
{
        struct event_text_options options = {.now = pawl_now(ex->gateway->instance),
                                             .event_id = id,
                                             .uuid = event_text_uuid};
        size_t before = json_array_size(faults);
        struct event_text event = {0};
        struct outgoing *o;

        if (!event_text_make(&event, text.ptr, text.len, &options, faults)) {
                number_faults(faults, before, line);
                event_text_clear(&event);
                return false;
        }
        o = submission_add(s);
        o->value = event.value;
        o->len = event.len;
        o->topic = event.topic;
        o->key = memory_text(event.key, strlen(event.key));
        memcpy(o->event_id, event.event_id, sizeof o->event_id);
        memcpy(o->correlation_id, event.correlation_id, sizeof o->correlation_id);
        o->line = line;
        *own = strcmp(event.event_id, id) != 0;
        event.value = NULL;
        event_text_clear(&event);
        return true;
}

void intake_id(const struct exchange *ex, uint32_t line, char id[37])
{
        struct text name = {0};

        if (ex->idempotency_key.ptr == NULL) {
                event_text_uuid(id);
                return;
        }
        text_printf(&name, "%s\n%s\n%.*s\n%" PRIu32, ex->caller.name, ex->path, (int)ex->idempotency_key.len,
                    ex->idempotency_key.ptr, line);
        pawl_derive_id(ex->gateway->instance, text_view(&name), id);
        text_free(&name);
}

void intake_refuse(struct exchange *ex, json_t *faults)
{
        size_t count = json_array_size(faults);
        json_t *problem = problem_new(400, ex->path, "%zu fault%s; nothing is published", count, count == 1 ? "" : "s");

        json_object_set_new(problem, "errors", faults);
        problem_answer(&ex->answer, problem);
}
