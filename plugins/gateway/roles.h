/* Who a caller is: the seven roles of the domain, as sets of bits. Pure; any thread. */
#ifndef GATEWAY_ROLES_H
#define GATEWAY_ROLES_H

#include <pawl/plugin.h>
#include <stdbool.h>
#include <stddef.h>

#define ROLE_ADMIN            0x01u
#define ROLE_CUSTOMER         0x02u
#define ROLE_CONTRACTOR       0x04u
#define ROLE_SERVICE_ENGINEER 0x08u
#define ROLE_MANAGER          0x10u
#define ROLE_SECURITY         0x20u
#define ROLE_HR               0x40u
#define ROLES_ALL             0x7fu
#define ROLES_STAFF           (ROLES_ALL & ~(ROLE_CUSTOMER | ROLE_CONTRACTOR))

/* "manager"; of a set its first role. */
const char *role_name(unsigned role);

/* False when there is no role of that name. */
bool role_parse(struct pawl_str name, unsigned *role);

/* "customer, manager, admin". Returns `out`. */
const char *roles_text(unsigned roles, char *out, size_t size);

#endif
