#include "locate.h"

#include "base/buf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_comment(const char *at)
{
        const char *end;

        if (at[0] == '#' || (at[0] == '/' && at[1] == '/'))
                return at + strcspn(at, "\n");
        if (at[0] == '/' && at[1] == '*') {
                end = strstr(at + 2, "*/");
                return end != NULL ? end + 2 : at + strlen(at);
        }
        return at;
}

static const char *skip_space(const char *at)
{
        for (;;) {
                const char *next = skip_comment(at);

                if (next == at && !isspace((unsigned char)*at))
                        return at;
                at = next == at ? at + 1 : next;
        }
}

/* A quoted string at `at`; its content into `out`. Returns what follows. */
static const char *read_string(const char *at, struct buf *out)
{
        for (at++; *at != '\0' && *at != '"'; at++) {
                if (*at == '\\' && at[1] != '\0')
                        at++;
                buf_add_char(out, *at);
        }
        return *at == '"' ? at + 1 : at;
}

static const char *read_name(const char *at, const char *name, bool *matches)
{
        size_t len = 0;

        while (isalnum((unsigned char)at[len]) || (at[len] != '\0' && strchr("_-*", at[len]) != NULL))
                len++;
        *matches = len == strlen(name) && strncmp(at, name, len) == 0;
        return at + len;
}

char *locate_setting(const char *text, const char *name)
{
        const char *at = skip_space(text);
        char *found = NULL;

        while (*at != '\0') {
                struct buf value = {0};
                bool matches = false;

                if (*at == '"') {
                        at = read_string(at, &value);
                } else if (isalpha((unsigned char)*at) || *at == '*') {
                        at = skip_space(read_name(at, name, &matches));
                        if (matches && (*at == '=' || *at == ':')) {
                                at = skip_space(at + 1);
                                if (*at == '"') {
                                        at = read_string(at, &value);
                                        free(found);
                                        found = buf_take(&value, NULL);
                                }
                        }
                } else {
                        at++;
                }
                buf_free(&value);
                at = skip_space(at);
        }
        return found;
}
