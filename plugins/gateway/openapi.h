/* The interface, described as OpenAPI 3.1: made once, from the table of routes and the catalogue. The http thread. */
#ifndef GATEWAY_OPENAPI_H
#define GATEWAY_OPENAPI_H

#include <pawl/plugin.h>

/* JSON; lives as long as the process. */
struct pawl_str openapi_document(void);

#endif
