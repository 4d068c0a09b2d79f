#include "openapi.h"

#include "answer.h"
#include "common/catalogue.h"
#include "common/schema.h"
#include "roles.h"
#include "routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REF_PROBLEM "#/components/responses/problem"

/* ---- What routes have in common ---- */

static json_t *ref(const char *to)
{
        return json_pack("{ss}", "$ref", to);
}

static json_t *string_type(const char *description)
{
        return json_pack("{ss, ss}", "type", "string", "description", description);
}

static json_t *problem_schema(void)
{
        json_t *fault =
            json_pack("{s:s, s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}}}", "type", "object", "properties", "field", "type",
                      "string", "expected", "type", "string", "found", "type", "string", "line", "type", "integer");
        return json_pack("{s:s, s:[s,s,s], s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s, s:o}}}", "type",
                         "object", "required", "type", "title", "status", "properties", "type", "type", "string",
                         "title", "type", "string", "status", "type", "integer", "detail", "type", "string", "instance",
                         "type", "string", "errors", "type", "array", "items", fault);
}

static json_t *accepted_schema(void)
{
        return json_pack("{s:s, s:[s,s], s:{s:{s:s, s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}}}", "type", "object",
                         "required", "event_id", "topic", "properties", "event_id", "type", "string", "format", "uuid",
                         "topic", "type", "string", "key", "type", "string", "correlation_id", "type", "string",
                         "request_id", "type", "integer");
}

static json_t *batch_schema(void)
{
        json_t *event = json_pack("{s:s, s:{s:{s:s}, s:{s:s, s:s}, s:{s:[s,s,s,s,s]}}}", "type", "object", "properties",
                                  "line", "type", "integer", "event_id", "type", "string", "format", "uuid", "status",
                                  "enum", "published", "repeated", "unknown", "refused", "not published");

        return json_pack("{s:s, s:[s,s,s], s:{s:{s:s}, s:{s:s}, s:{s:s, s:o}}}", "type", "object", "required",
                         "published", "repeated", "events", "properties", "published", "type", "integer", "repeated",
                         "type", "integer", "events", "type", "array", "items", event);
}

static json_t *media(const char *type, json_t *schema)
{
        return json_pack("{s:{s:o}}", type, "schema", schema);
}

/* Every event that may be given to /v1/events. */
static json_t *any_event(void)
{
        json_t *list = json_array();
        const struct catalogue_type *type;
        char to[128];

        for (size_t i = 0; (type = catalogue_at(i)) != NULL; i++) {
                snprintf(to, sizeof to, "#/components/schemas/%s", type->name);
                json_array_append_new(list, ref(to));
        }
        return json_pack("{s:o}", "oneOf", list);
}

static json_t *components(void)
{
        json_t *schemas = json_object();
        const struct catalogue_type *type;

        for (size_t i = 0; (type = catalogue_at(i)) != NULL; i++)
                json_object_set_new(schemas, type->name, schema_type(type, SCHEMA_TO_BUS));
        json_object_set_new(schemas, "event", any_event());
        json_object_set_new(schemas, "problem", problem_schema());
        json_object_set_new(schemas, "accepted", accepted_schema());
        json_object_set_new(schemas, "batch", batch_schema());
        return json_pack("{s:o, s:{s:{s:s, s:o}}, s:{s:{s:s, s:s, s:s}}}", "schemas", schemas, "responses", "problem",
                         "description", "A problem document (RFC 9457)", "content",
                         media("application/problem+json", ref("#/components/schemas/problem")), "securitySchemes",
                         "token", "type", "http", "scheme", "bearer", "description",
                         "A token of the gateway's tokens file; it has one role and one user");
}

/* ---- One route ---- */

static json_t *parameters(const struct route *route)
{
        json_t *list = json_array();

        if (strstr(route->path, "{id}") != NULL)
                json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:{s:s, s:i}}", "name", "id", "in", "path",
                                                      "required", 1, "schema", "type", "integer", "minimum", 0));
        if (route->flags & ROUTE_PUBLISH)
                json_array_append_new(list,
                                      json_pack("{s:s, s:s, s:s, s:{s:s, s:i, s:s}}", "name", "Idempotency-Key", "in",
                                                "header", "description",
                                                "a repeat with the same key within 24 hours gets the first answer",
                                                "schema", "type", "string", "maxLength", 128, "pattern", "^[!-~]+$"));
        return list;
}

/* The event that the route makes; what it fills in by itself need not be given. */
static json_t *event_body(const struct route *route)
{
        json_t *schema = schema_type(catalogue_find(pawl_text(route->event_type)), SCHEMA_TO_BUS);
        static const char *const filled_in[] = {"event_type",   "request_id",    "customer_id",    "manager_id",
                                                "cancelled_by", "contractor_id", "previous_status"};
        json_t *required = json_object_get(schema, "required");
        bool assigns = strcmp(route->name, "assignContractor") == 0;

        for (size_t i = json_array_size(required); i-- > 0;) {
                const char *name = json_string_value(json_array_get(required, i));

                for (size_t k = 0; k < sizeof filled_in / sizeof filled_in[0]; k++) {
                        if (strcmp(name, filled_in[k]) == 0 && !(assigns && strcmp(name, "contractor_id") == 0)) {
                                json_array_remove(required, i);
                                break;
                        }
                }
        }
        json_object_del(json_object_get(schema, "properties"), "event_type");
        return schema;
}

static json_t *request_body(const struct route *route)
{
        json_t *content;

        if (route->event_type != NULL)
                content = media("application/json", event_body(route));
        else
                content = media("application/json", ref("#/components/schemas/event"));
        if (route->flags & ROUTE_NDJSON)
                json_object_update_new(content,
                                       media("application/x-ndjson",
                                             string_type("one event a line; published only when all are valid")));
        return json_pack("{s:b, s:o}", "required", 1, "content", content);
}

static json_t *good_response(const struct route *route)
{
        json_t *schema;

        if (!(route->flags & ROUTE_PUBLISH))
                return json_pack("{s:s, s:o}", "description", "The answer", "content",
                                 media("application/json", json_pack("{ss}", "type", "object")));
        schema = ref("#/components/schemas/accepted");
        if (route->flags & ROUTE_NDJSON)
                schema = json_pack("{s:[o, o]}", "oneOf", schema, ref("#/components/schemas/batch"));
        return json_pack("{s:s, s:o, s:{s:{s:s, s:{s:s}}}}", "description", "It is on the bus, acknowledged", "content",
                         media("application/json", schema), "headers", "Idempotent-Replayed", "description",
                         "true: this is the first answer to what came before", "schema", "type", "string");
}

static json_t *responses(const struct route *route)
{
        static const struct {
                const char *status;
                unsigned flag; /* of the routes that give it; 0: those that need a token */
        } all[] = {
            {"400", ROUTE_BODY}, {"401", 0},          {"403", 0}, {"409", ROUTE_PUBLISH},
            {"413", ROUTE_BODY}, {"415", ROUTE_BODY}, {"429", 0}, {"502", ROUTE_PUBLISH},
        };
        json_t *map = json_object();

        json_object_set_new(map, route->flags & ROUTE_PUBLISH ? "202" : "200", good_response(route));
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
                if (all[i].flag != 0 ? (route->flags & all[i].flag) != 0 : route->roles != 0)
                        json_object_set_new(map, all[i].status, ref(REF_PROBLEM));
        if (strstr(route->path, "{id}") != NULL)
                json_object_set_new(map, "404", ref(REF_PROBLEM));
        if (strcmp(route->path, "/healthz") != 0 && strcmp(route->path, "/openapi.json") != 0)
                json_object_set_new(map, "503", ref(REF_PROBLEM));
        return map;
}

static json_t *operation(const struct route *route)
{
        json_t *op = json_pack("{s:s, s:s, s:o, s:o}", "operationId", route->name, "summary", route->summary,
                               "parameters", parameters(route), "responses", responses(route));
        char roles[128], text[160];

        if (route->roles != 0) {
                snprintf(text, sizeof text, "Roles: %s", roles_text(route->roles, roles, sizeof roles));
                json_object_set_new(op, "description", json_string(text));
                json_object_set_new(op, "security", json_pack("[{s:[]}]", "token"));
        }
        if (route->flags & ROUTE_BODY)
                json_object_set_new(op, "requestBody", request_body(route));
        return op;
}

static json_t *paths(void)
{
        json_t *map = json_object();
        const struct route *route;

        for (size_t i = 0; (route = routes_at(i)) != NULL; i++) {
                json_t *item = json_object_get(map, route->path);

                if (item == NULL) {
                        item = json_object();
                        json_object_set_new(map, route->path, item);
                }
                json_object_set_new(item, strcmp(route->method, "GET") == 0 ? "get" : "post", operation(route));
        }
        return map;
}

struct pawl_str openapi_document(void)
{
        static char *text;
        json_t *document;

        if (text == NULL) {
                document = json_pack(
                    "{s:s, s:{s:s, s:s, s:s}, s:o, s:o}", "openapi", "3.1.0", "info", "title", "Pawl's gateway",
                    "version", "1.0.0", "description",
                    "Requests and events over HTTP onto the bus: a 202 says that the bus has acknowledged all.",
                    "paths", paths(), "components", components());
                text = json_dumps(document, JSON_INDENT(1));
                json_decref(document);
        }
        return pawl_text(text);
}
