/*
 * Which handler takes an event: the most specific one, exact before the longest prefix before `*`. Built once an instance, then
 * read by the main thread for every message: one hash of the type, no allocation.
 */
#ifndef PAWL_PLUGIN_ROUTE_H
#define PAWL_PLUGIN_ROUTE_H

#include "plugin/descriptor.h"

#define PLUGIN_NO_HANDLER UINT16_MAX

struct plugin_routes;

struct plugin_routes *plugin_routes_new(const struct plugin_descriptor *d);
void plugin_routes_free(struct plugin_routes **routes);

/* Index into the descriptor's handlers, or PLUGIN_NO_HANDLER. */
uint16_t plugin_route(const struct plugin_routes *routes, const char *type, size_t len);

/* The handler that takes tombstones, and the one that takes malformed events; or PLUGIN_NO_HANDLER. */
uint16_t plugin_route_tombstone(const struct plugin_routes *routes);
uint16_t plugin_route_malformed(const struct plugin_routes *routes);

#endif
