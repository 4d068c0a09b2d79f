#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct pawl_error *err, const char *fmt, ...)
{
        va_list ap;

        if (err == NULL)
                return false;
        va_start(ap, fmt);
        vsnprintf(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
        return false;
}

bool error_prefix(struct pawl_error *err, const char *fmt, ...)
{
        char prefix[512];
        struct pawl_error old;
        va_list ap;

        if (err == NULL)
                return false;
        va_start(ap, fmt);
        vsnprintf(prefix, sizeof prefix, fmt, ap);
        va_end(ap);
        old = *err;
        /* Cutting is wanted here: the nearer part of a long text matters more than its end. */
        int n = snprintf(err->text, sizeof err->text, "%s: ", prefix);
        size_t used = n < 0 ? 0 : (size_t)n;
        size_t room = sizeof err->text - 1 - used;
        size_t len = strnlen(old.text, room);
        memcpy(err->text + used, old.text, len);
        err->text[used + len] = '\0';
        return false;
}
