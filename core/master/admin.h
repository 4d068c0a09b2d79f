/*
 * The admin interface: HTTP and JSON on a unix socket, and by choice on TCP (where it only reads). libmicrohttpd within the
 * master's loop; nothing of it blocks, whatever a client does. Main thread. README.md has the requests.
 */
#ifndef PAWL_MASTER_ADMIN_H
#define PAWL_MASTER_ADMIN_H

#include "base/error.h"

#include <stdbool.h>

struct admin;
struct config;
struct master;

/* Binds the sockets that the configuration names. NULL: err. */
struct admin *admin_open(struct master *m, const struct config *cfg, struct pawl_error *err);

/* All workers have ended: who asked for the drain is told. */
void admin_drained(struct admin *admin);

/* True for a moment after admin_drained, while an answer is still on its way. */
bool admin_busy(const struct admin *admin);

void admin_close(struct admin **admin);

#endif
