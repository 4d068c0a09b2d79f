/* GET /v1/requests/{id} and its timeline, from the read model. */
#include "common/iso_time.h"
#include "gateway.h"
#include "roles.h"
#include "routes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void cannot_read(struct exchange *ex)
{
        exchange_problem(ex, 503, "what is known of requests cannot be read now");
        answer_header(&ex->answer, "Retry-After", "1");
}

bool caller_may_see(const struct caller *caller, const struct known_request *request)
{
        if (caller->role == ROLE_CUSTOMER)
                return request->customer_id == caller->user_id;
        return caller->role != ROLE_CONTRACTOR || request->contractor_id == caller->user_id;
}

/* True: *request is there, its details to be freed. False: the answer is set. */
static bool find(struct exchange *ex, struct known_request *request)
{
        int found = model_find(ex->gateway->reader, ex->id, request);

        if (found == 1 && caller_may_see(&ex->caller, request))
                return true;
        free(request->details);
        if (found < 0)
                cannot_read(ex);
        else
                exchange_problem(ex, 404, "request %" PRId64 " is not known here", ex->id);
        return false;
}

static json_t *person(int64_t id)
{
        return id >= 0 ? json_integer(id) : json_null();
}

static json_t *moment(int64_t time)
{
        char text[ISO_TIME_SIZE];

        return time > 0 ? json_string(iso_time_format(time, text)) : json_null();
}

void reading_request(struct exchange *ex)
{
        struct known_request r;
        json_t *document, *details, *priority;

        if (!find(ex, &r))
                return;
        priority = json_string(r.priority);
        document = json_pack("{sI, ss, so, so, so, so, so, so}", "request_id", (json_int_t)r.id, "state",
                             state_name(r.state), "priority", priority != NULL ? priority : json_null(), "customer_id",
                             person(r.customer_id), "manager_id", person(r.manager_id), "contractor_id",
                             person(r.contractor_id), "created_at", moment(r.created), "updated_at", moment(r.updated));
        details = json_loads(r.details, 0, NULL);
        json_object_update_missing(document, details);
        json_decref(details);
        free(r.details);
        answer_json(&ex->answer, 200, document);
}

void reading_timeline(struct exchange *ex)
{
        struct known_request r;
        json_t *events;

        if (!find(ex, &r))
                return;
        free(r.details);
        events = model_timeline(ex->gateway->reader, ex->id);
        if (events == NULL)
                cannot_read(ex);
        else
                answer_json(&ex->answer, 200,
                            json_pack("{sI, ss, so}", "request_id", (json_int_t)r.id, "state", state_name(r.state),
                                      "events", events));
}
