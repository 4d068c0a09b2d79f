#include "emitted.h"

#include "history.h"

#include "common/cut.h"
#include "common/iso_time.h"

/* How much of a text of an event goes into another: one that was as large as an event may be would make that one too large. */
#define QUOTED_MAX 1000

static json_t *text_json(struct pawl_str text)
{
        return json_stringn(text.ptr, text.len);
}

/* What an emitted body has beside its own members. Takes the reference to `body`. */
static json_t *finish(const struct handling *h, json_t *body, json_t *metadata)
{
        char time[ISO_TIME_SIZE];

        iso_time_format(pawl_now(h->ctx->instance), time);
        if (body != NULL && metadata != NULL && json_object_set_new(metadata, "caused_by", text_json(h->source)) == 0 &&
            json_object_set_new(body, "timestamp", json_string(time)) == 0 &&
            json_object_set(body, "metadata", metadata) == 0) {
                json_decref(metadata);
                return body;
        }
        json_decref(metadata);
        json_decref(body);
        return NULL;
}

static json_t *assignment_reason(struct pawl_str region, enum choice_reason reason)
{
        switch (reason) {
        case CHOSEN_BY_REGION:
                return json_pack("s+%", "region ", region.ptr, region.len);
        case NO_REGION:
                return json_pack("s+%", "default, no manager for region ", region.ptr, region.len);
        case ALL_ABSENT:
                return json_pack("s+%", "default, all managers are absent of region ", region.ptr, region.len);
        default:
                return json_pack("s+%", "default, all managers are absent or have all they can take of region ",
                                 region.ptr, region.len);
        }
}

json_t *emitted_assignment(const struct handling *h, const struct request *request, enum choice_reason reason)
{
        return finish(h,
                      json_pack("{sI sI sI so}", "request_id", (json_int_t)request->id, "manager_id",
                                (json_int_t)request->chosen_manager_id, "assigned_by",
                                (json_int_t)rules_assigned_by(h->rules), "assignment_reason",
                                assignment_reason(cut(request->region, QUOTED_MAX), reason)),
                      json_pack("{so}", "priority", text_json(request->priority)));
}

json_t *emitted_status(const struct handling *h, const char *who, const char *reason)
{
        return finish(h,
                      json_pack("{sI ss ss sI so}", "request_id", (json_int_t)h->request.id, "previous_status",
                                state_name(h->request.state), "new_status", state_name(h->to), "changed_by",
                                (json_int_t)field_int(h->ev, who), "reason",
                                h->note.len > 0 ? text_json(cut(h->note, QUOTED_MAX)) : json_string(reason)),
                      json_object());
}

int emitted_own(const struct handling *h)
{
        struct pawl_str text = {NULL, 0};
        json_t *metadata = pawl_event_raw(h->ev, "metadata", &text) ? json_loadb(text.ptr, text.len, 0, NULL) : NULL;
        const json_t *cause = json_object_get(metadata, "caused_by");
        int own = 0;

        if (json_is_string(cause))
                own = emissions_own(h->db, pawl_bytes(json_string_value(cause), json_string_length(cause)),
                                    h->request.id, pawl_event_type(h->ev), field_string(h->ev, "timestamp"));
        json_decref(metadata);
        return own;
}
