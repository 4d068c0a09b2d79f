#include "roles.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {"admin", "customer", "contractor", "service_engineer", "manager", "security", "hr"};

#define COUNT (sizeof names / sizeof names[0])

const char *role_name(unsigned role)
{
        for (size_t i = 0; i < COUNT; i++)
                if (role & (1u << i))
                        return names[i];
        return "nobody";
}

bool role_parse(struct pawl_str name, unsigned *role)
{
        for (size_t i = 0; i < COUNT; i++) {
                if (strlen(names[i]) == name.len && memcmp(names[i], name.ptr, name.len) == 0) {
                        *role = 1u << i;
                        return true;
                }
        }
        return false;
}

const char *roles_text(unsigned roles, char *out, size_t size)
{
        size_t used = 0;

        out[0] = '\0';
        for (size_t i = 0; i < COUNT && used < size; i++)
                if (roles & (1u << i))
                        used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", names[i]);
        return out;
}
