#include "story.h"

#include "base/buf.h"
#include "base/clock.h"
#include "common/event_text.h"
#include "common/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST    100000 /* of the stories' requests and contractors */
#define VERIFIED "security.contractor_verified"

/* One event of a path, with a member that differs from the example's. */
struct step {
        const char *type;
        const char *member;
        const char *value;
};

#define CREATED                                                                                                        \
        {                                                                                                              \
                "request.created", NULL, NULL                                                                          \
        }
#define MANAGED                                                                                                        \
        {                                                                                                              \
                "workflow.manager_assigned", NULL, NULL                                                                \
        }
#define SENT                                                                                                           \
        {                                                                                                              \
                "workflow.sent_to_contractors", NULL, NULL                                                             \
        }
#define IDENTITY                                                                                                       \
        {                                                                                                              \
                VERIFIED, "verification_type", "\"identity\""                                                          \
        }
#define DOCUMENTS                                                                                                      \
        {                                                                                                              \
                VERIFIED, "verification_type", "\"documents\""                                                         \
        }
#define BACKGROUND                                                                                                     \
        {                                                                                                              \
                VERIFIED, "verification_type", "\"background_check\""                                                  \
        }
#define CONTRACTORS IDENTITY, DOCUMENTS, BACKGROUND
#define ASSIGNED                                                                                                       \
        {                                                                                                              \
                "workflow.contractor_assigned", NULL, NULL                                                             \
        }
#define STARTED                                                                                                        \
        {                                                                                                              \
                "workflow.work_started", NULL, NULL                                                                    \
        }
#define COMPLETED                                                                                                      \
        {                                                                                                              \
                "workflow.work_completed", NULL, NULL                                                                  \
        }

/* What must have been before; types that are not here need nothing. */
static const struct {
        const char *type;
        struct step steps[10];
} paths[] = {
    {"request.updated", {CREATED, MANAGED}},
    {"request.cancelled", {CREATED, MANAGED}},
    {"request.clarification_needed", {CREATED, MANAGED}},
    {"workflow.manager_assigned", {CREATED}},
    {"workflow.sent_to_contractors", {CREATED, MANAGED}},
    {"workflow.contractor_assigned", {CREATED, MANAGED, SENT, CONTRACTORS}},
    {"workflow.work_started", {CREATED, MANAGED, SENT, CONTRACTORS, ASSIGNED}},
    {"workflow.work_completed", {CREATED, MANAGED, SENT, CONTRACTORS, ASSIGNED, STARTED}},
    {"workflow.status_changed", {CREATED, MANAGED, SENT, CONTRACTORS}},
    /* The example is of identity, the last that is missing for the contract. */
    {VERIFIED, {DOCUMENTS, BACKGROUND}},
    {"security.contractor_rejected", {CREATED, MANAGED, SENT, CONTRACTORS, ASSIGNED}},
    {"security.access_revoked", {CREATED, MANAGED, SENT, CONTRACTORS, ASSIGNED}},
    {"security.access_granted", {CREATED, MANAGED, SENT, CONTRACTORS}},
    {"hr.document_created", {CREATED, MANAGED, SENT, CONTRACTORS, ASSIGNED, STARTED, COMPLETED}},
    {"hr.document_signed", {CREATED, MANAGED, SENT, CONTRACTORS, ASSIGNED, STARTED, COMPLETED}},
    {"hr.payment_processed", {CREATED, MANAGED, SENT, CONTRACTORS, ASSIGNED, STARTED, COMPLETED}},
};

unsigned story_contractor(const struct story *story)
{
        return FIRST + story->number;
}

char *story_event(const struct story *story, const char *type, const char *member, const char *value)
{
        json_t *event = schema_sample(catalogue_find(pawl_text(type)), true);
        json_int_t number = story_contractor(story);
        struct buf text = {0};
        char id[64], *rest;

        snprintf(id, sizeof id, "00000000-0000-4000-8000-%012u", ++*story->events);
        json_object_set_new(event, "event_id", json_string(id));
        if (json_object_get(event, "request_id") != NULL)
                json_object_set_new(event, "request_id", json_integer(number));
        if (json_object_get(event, "contractor_id") != NULL)
                json_object_set_new(event, "contractor_id", json_integer(number));
        if (json_object_get(event, "contractor_ids") != NULL)
                json_object_set_new(event, "contractor_ids", json_pack("[I]", number));
        if (member != NULL)
                json_object_del(event, member);
        rest = json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(15));
        buf_add_text(&text, rest);
        if (member != NULL && value != NULL) {
                text.len--;
                buf_printf(&text, ",\"%s\":", member);
                buf_add_text(&text, value);
                buf_add_char(&text, '}');
        }
        free(rest);
        json_decref(event);
        return buf_take(&text, NULL);
}

void story_feed(const struct story *story, struct testhost *h, const char *type, const char *json,
                struct testhost_result *result)
{
        char key[32];

        snprintf(key, sizeof key, "%u", story_contractor(story));
        testhost_feed(h, &(struct testhost_event){.topic = catalogue_topic(pawl_text(type)), .key = key, .json = json},
                      result);
}

static bool play(const struct story *story, struct testhost *h, const struct step *step, struct testhost_result *result)
{
        char *json = story_event(story, step->type, step->member, step->value);
        bool ok;

        story_feed(story, h, step->type, json, result);
        ok = result->skipped || result->result == PAWL_OK;
        free(json);
        if (ok)
                testhost_result_clear(result);
        return ok;
}

bool story_before(const struct story *story, struct testhost *h, const char *type, struct testhost_result *result)
{
        for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
                if (strcmp(paths[i].type, type) != 0)
                        continue;
                for (const struct step *step = paths[i].steps; step->type != NULL; step++) {
                        if (!play(story, h, step, result))
                                return false;
                }
        }
        return true;
}

bool story_faulty(const char *json, const char *member)
{
        const struct event_text_options options = {.now = clock_wall(), .uuid = event_text_uuid};
        json_t *faults = json_array(), *fault;
        struct event_text event;
        bool found = false;
        size_t i;

        if (event_text_make(&event, json, strlen(json), &options, faults))
                event_text_clear(&event);
        json_array_foreach(faults, i, fault)
        {
                const char *field = json_string_value(json_object_get(fault, "field"));

                found = found || (field == NULL ? member == NULL : member != NULL && strcmp(field, member) == 0);
        }
        json_decref(faults);
        return found;
}

const char *story_judge(const struct emit *message, char *out, size_t size)
{
        const struct event_text_options options = {.now = clock_wall(), .uuid = event_text_uuid};
        json_t *faults = json_array();
        struct event_text event;
        char *text;

        out[0] = '\0';
        if (!event_text_make(&event, message->value, message->value_len, &options, faults)) {
                text = json_dumps(faults, JSON_COMPACT);
                snprintf(out, size, "%s in %.*s", text, (int)message->value_len, (const char *)message->value);
                free(text);
        } else {
                if (strcmp(event.topic, message->topic) != 0)
                        snprintf(out, size, "a %s in %s", event.type, message->topic);
                event_text_clear(&event);
        }
        json_decref(faults);
        return out;
}
