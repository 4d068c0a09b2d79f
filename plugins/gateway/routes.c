#include "routes.h"

#include "roles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITES (ROUTE_BODY | ROUTE_PUBLISH)

static const struct route routes[] = {
    {"POST", "/v1/events", ROLES_STAFF, WRITES | ROUTE_NDJSON, events_post, "publishEvents",
     "Publish one event, or many as NDJSON; answered when all of them are on the bus", NULL},
    {"POST", "/v1/requests", ROLE_CUSTOMER | ROLE_MANAGER | ROLE_ADMIN, WRITES, requests_create, "createRequest",
     "File a repair request", "request.created"},
    {"POST", "/v1/requests/{id}/assign", ROLE_MANAGER | ROLE_ADMIN, WRITES, requests_assign, "assignContractor",
     "Assign a contractor to a request", "workflow.contractor_assigned"},
    {"POST", "/v1/requests/{id}/complete", ROLE_CONTRACTOR | ROLE_SERVICE_ENGINEER | ROLE_MANAGER | ROLE_ADMIN, WRITES,
     requests_complete, "completeRequest", "Report a request's work as done", "workflow.work_completed"},
    {"POST", "/v1/requests/{id}/cancel", ROLE_CUSTOMER | ROLE_MANAGER | ROLE_ADMIN, WRITES, requests_cancel,
     "cancelRequest", "Cancel a request that is not finished", "request.cancelled"},
    {"GET", "/v1/requests/{id}", ROLES_ALL, 0, reading_request, "getRequest", "A request as it is now", NULL},
    {"GET", "/v1/requests/{id}/timeline", ROLES_ALL, 0, reading_timeline, "getTimeline",
     "Everything that happened to a request", NULL},
    {"GET", "/healthz", 0, 0, service_health, "getHealth", "Whether the process lives", NULL},
    {"GET", "/readyz", 0, 0, service_ready, "getReadiness", "Whether requests can be taken now", NULL},
    {"GET", "/openapi.json", 0, 0, service_openapi, "getOpenapi", "This interface, described", NULL},
};

const struct route *routes_at(size_t index)
{
        return index < sizeof routes / sizeof routes[0] ? &routes[index] : NULL;
}

/* Up to 18 digits, so that it fits; and written in one way only. */
static const char *read_id(const char *text, int64_t *id)
{
        size_t len = strspn(text, "0123456789");

        if (len == 0 || len > 18 || (len > 1 && text[0] == '0'))
                return NULL;
        *id = strtoll(text, NULL, 10);
        return text + len;
}

static bool fits(const char *pattern, const char *path, int64_t *id)
{
        const char *hole = strstr(pattern, "{id}");
        size_t before = hole != NULL ? (size_t)(hole - pattern) : 0;

        if (hole == NULL)
                return strcmp(pattern, path) == 0;
        if (strncmp(pattern, path, before) != 0)
                return false;
        path = read_id(path + before, id);
        return path != NULL && strcmp(hole + 4, path) == 0;
}

const struct route *routes_find(const char *method, const char *path, int64_t *id, char *allowed, size_t size)
{
        size_t used = 0;

        allowed[0] = '\0';
        for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
                if (!fits(routes[i].path, path, id))
                        continue;
                if (strcmp(routes[i].method, method) == 0)
                        return &routes[i];
                if (used < size)
                        used += (size_t)snprintf(allowed + used, size - used, "%s%s", used > 0 ? ", " : "",
                                                 routes[i].method);
        }
        return NULL;
}
