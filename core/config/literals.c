/*
 * libconfig 1.5 (Debian 12's) cuts an integer that does not fit 32 bits, without a word, unless it is written with an L. So the L is
 * added to those that need it, and what does not fit 64 bits is an error. The lines stay what they are.
 */
#include "config/room.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Length of the comment, string or name at `at`: what holds no number. 0 if there is none. */
static size_t skip(const char *at)
{
        const char *p = at, *end;

        if (*at == '#' || (at[0] == '/' && at[1] == '/'))
                return strcspn(at, "\n");
        if (at[0] == '/' && at[1] == '*') {
                end = strstr(at + 2, "*/");
                return end == NULL ? strlen(at) : (size_t)(end + 2 - at);
        }
        if (*at == '"') {
                for (p++; *p != '\0' && *p != '"'; p++)
                        if (*p == '\\' && p[1] != '\0')
                                p++;
                return (size_t)(p - at) + (*p == '"');
        }
        if (isalpha((unsigned char)*at) || *at == '*')
                while (isalnum((unsigned char)*p) || (*p != '\0' && strchr("-_*", *p) != NULL))
                        p++;
        return (size_t)(p - at);
}

/* The number at `at`, which begins with a digit or with a sign before one; returns its length. */
static size_t number(const char *at, const char *file, int line, struct buf *out, struct config_errors *errors)
{
        bool hex = at[0] == '0' && (at[1] == 'x' || at[1] == 'X');
        const char *p = at + (hex ? 2 : *at == '-' || *at == '+' ? 1 : 0);
        long long value;
        char *end;

        while (hex ? isxdigit((unsigned char)*p) : isdigit((unsigned char)*p))
                p++;
        if (!hex && *p != '\0' && strchr(".eE", *p) != NULL) { /* no integer */
                while (isalnum((unsigned char)*p) || *p == '.' ||
                       ((*p == '-' || *p == '+') && strchr("eE", p[-1]) != NULL))
                        p++;
                buf_add(out, at, (size_t)(p - at));
                return (size_t)(p - at);
        }
        errno = 0;
        value = strtoll(at, &end, hex ? 16 : 10);
        if (errno == ERANGE)
                config_error(errors, file, line, "expected an integer of at most 64 bits, found %.*s", (int)(p - at),
                             at);
        buf_add(out, at, (size_t)(p - at));
        if (*p != 'L' && (value > INT32_MAX || value < INT32_MIN))
                buf_add_char(out, 'L');
        return (size_t)(p - at);
}

void config_widen_integers(const char *text, const char *file, struct buf *out, struct config_errors *errors)
{
        int line = 1;

        while (*text != '\0') {
                bool sign = (*text == '-' || *text == '+') && isdigit((unsigned char)text[1]);
                size_t n = skip(text);

                if (n == 0 && (sign || isdigit((unsigned char)*text))) {
                        text += number(text, file, line, out, errors);
                        continue;
                }
                n = n == 0 ? 1 : n;
                for (size_t i = 0; i < n; i++)
                        line += text[i] == '\n';
                buf_add(out, text, n);
                text += n;
        }
}
