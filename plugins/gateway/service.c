/* What machines ask of the gateway itself. */
#include "gateway.h"
#include "openapi.h"
#include "routes.h"

#include <string.h>

void service_health(struct exchange *ex)
{
        answer_json(&ex->answer, 200, json_pack("{ss}", "status", "ok"));
}

void service_ready(struct exchange *ex)
{
        char trouble[256];

        gateway_trouble(ex->gateway, trouble, sizeof trouble);
        if (trouble[0] == '\0') {
                answer_json(&ex->answer, 200, json_pack("{ss}", "status", "ready"));
                return;
        }
        exchange_problem(ex, 503, "%s", trouble);
        answer_header(&ex->answer, "Retry-After", "1");
}

void service_openapi(struct exchange *ex)
{
        answer_text(&ex->answer, 200, "application/json", openapi_document());
}
