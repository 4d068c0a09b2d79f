#include "faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(struct faults *faults, const char *line)
{
        size_t len = strlen(line);
        char *more = realloc(faults->text, faults->len + len + 2);

        if (more == NULL)
                return;
        if (faults->len > 0)
                more[faults->len++] = '\n';
        memcpy(more + faults->len, line, len + 1);
        faults->text = more;
        faults->len += len;
}

void faults_add(struct faults *faults, const char *fmt, ...)
{
        char *line = NULL;
        va_list ap;

        if (++faults->count > FAULTS_SHOWN)
                return;
        va_start(ap, fmt);
        if (vasprintf(&line, fmt, ap) >= 0)
                append(faults, line);
        va_end(ap);
        free(line);
}

const char *faults_text(struct faults *faults)
{
        char rest[64];

        if (faults->count > FAULTS_SHOWN) {
                snprintf(rest, sizeof rest, "and %zu more", faults->count - FAULTS_SHOWN);
                append(faults, rest);
                faults->count = FAULTS_SHOWN;
        }
        return faults->text != NULL ? faults->text : "";
}

void faults_clear(struct faults *faults)
{
        free(faults->text);
        *faults = (struct faults){0};
}
