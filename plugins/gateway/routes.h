/*
 * What can be asked of the gateway: a table of method, path and roles, from which requests are routed, refused, and described (/openapi.json). A
 * route that must be added is a row.
 */
#ifndef GATEWAY_ROUTES_H
#define GATEWAY_ROUTES_H

#include "exchange.h"

#define ROUTE_BODY    0x1u /* takes a JSON object */
#define ROUTE_NDJSON  0x2u /* takes lines of them too */
#define ROUTE_PUBLISH 0x4u /* its answer waits for the bus */

struct route {
        const char *method;
        const char *path; /* "/v1/requests/{id}": {id} is an integer of 0 or more */
        unsigned roles;   /* ROLE_… that may call it; 0: nobody needs a token */
        unsigned flags;   /* ROUTE_… */
        void (*run)(struct exchange *exchange);
        const char *name; /* of the operation */
        const char *summary;
        const char *event_type; /* the event that it publishes; NULL: any, or none */
};

/* The table; NULL past its end. */
const struct route *routes_at(size_t index);

/* The route of method and path. NULL: *allowed (of `size` bytes) names the methods that the path has, "" when there is no such path. */
const struct route *routes_find(const char *method, const char *path, int64_t *id, char *allowed, size_t size);

/* What the routes do: events.c, requests.c, reading.c, service.c. */
void events_post(struct exchange *exchange);
void requests_create(struct exchange *exchange);
void requests_assign(struct exchange *exchange);
void requests_complete(struct exchange *exchange);
void requests_cancel(struct exchange *exchange);
void reading_request(struct exchange *exchange);
void reading_timeline(struct exchange *exchange);
void service_health(struct exchange *exchange);
void service_ready(struct exchange *exchange);
void service_openapi(struct exchange *exchange);

#endif
